//! Media over TCP for clients whose network lets no UDP out (RFC 6544, RFC 4571): each shard listens on the port numbers of its
//! UDP sockets, and tends the connections in its own loop.
//!
//! Invariant: a connection keeps half a frame and one buffer of bounded size, whatever its peer does or leaves undone. One that
//! has not proved within seconds that it belongs to a participant is closed.

mod connection;
pub mod limits;
mod listener;
mod streams;

pub use listener::Listener;
pub use streams::Streams;
