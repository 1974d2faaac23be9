//! Lean clients: hundreds of viewers on one thread, on the same sans-I/O crates as the server, for load that a test machine
//! can bear. They connect, answer and report as browsers do; how closely they look at what comes is a choice.
//!
//! A packet's way: [`socket`] → [`client`] (`ice`, `dtls`, `keys`) → [`slot`] (`stream` by headers, [`crate::verify`] by
//! content) → [`report`]. Above: [`shape`] says who does what and when, [`entrance`] how clients come in, [`crowd`] carries
//! it out on a [`fleet`] of threads.
//! Invariant: everything in `client` and below has no sockets, no threads and no clock.

pub mod agreed;
pub mod client;
pub mod config;
pub mod counts;
pub mod crowd;
pub mod description;
pub mod diary;
pub mod dtls;
pub mod entrance;
pub mod feedback;
pub mod fleet;
pub mod header;
pub mod ice;
mod joining;
pub mod keys;
pub mod layers;
pub mod lips;
pub mod live;
pub mod look;
pub mod numbering;
pub mod outgoing;
pub mod reach;
pub mod reception;
pub mod report;
mod room_socket;
pub mod rooms;
pub mod sender;
pub mod shape;
pub mod slot;
pub mod socket;
pub mod speech;
pub mod stamps;
pub mod strain;
pub mod stream;
mod told;
pub mod window;
pub mod worker;

pub use crowd::{Crowd, CrowdOptions, run};
pub use entrance::{Entered, Entrance, Session};
pub use live::Live;
pub use report::CrowdReport;
pub use room_socket::RoomError;
pub use rooms::{Layouts, Rooms};
pub use shape::{Media, Publishers, Shape, Shows, Verify};
pub use socket::Offload;
pub(crate) use socket::{ClientSocket, ReceiveBuffer};
pub use told::{SlotTold, SlotsTold, Told};
pub(crate) use worker::LOOK_INTERVAL;
pub use worker::Tally;

#[cfg(test)]
mod tests;

use crate::client::ClientError;
use crate::janus::JanusError;

/// A crowd could not be brought on.
#[derive(Debug, thiserror::Error)]
pub enum LeanError {
    #[error(transparent)]
    Signalling(#[from] ClientError),
    #[error(transparent)]
    Room(#[from] RoomError),
    #[error(transparent)]
    Janus(#[from] JanusError),
    #[error(transparent)]
    Answer(#[from] agreed::AnswerError),
    #[error("no certificate for DTLS: {0}")]
    Identity(String),
    #[error("no threads for clients: {0}")]
    Threads(std::io::Error),
    #[error("no socket for a client: {0}; each takes one descriptor (ulimit -n)")]
    Socket(std::io::Error),
}
