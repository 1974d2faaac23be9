//! The relay's links on virtual time, each effect with its figures; then the relay itself over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test's own helpers may fail the test, and its counts are small"
)]

mod changes;
mod command;
mod loss;
mod order;
mod rate;
mod sockets;
mod specs;
mod stream;
