//! Shards and their I/O: one thread and one port per shard, for UDP and TCP. The packet's walk begins and ends here.
//! Invariant: only commands and events cross between these threads and the rest of the server.

pub mod announce;
mod gathering;
mod handle;
mod relay;
mod shard_thread;
#[cfg(test)]
mod shard_thread_tests;
mod start;
mod tcp;
#[cfg(test)]
mod tcp_tests;
mod udp;
#[cfg(test)]
mod udp_tests;

pub use handle::{COMMANDS_WAITING_MAX, Counts, SendError, ShardHandle, ShardInbox, ShardIndex, ShardStatus, channel};
pub use start::{ShardParts, StartError, start};
