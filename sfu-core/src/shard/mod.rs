//! One run of the packet's walk: owns rooms and transports, knows no protocol detail.
//!
//! After any `handle_*`, drain `poll_transmit` and `poll_event` until they return `None`, then sleep until `poll_timeout`.

mod io;

pub use io::{Datagram, ShardConfig, Transmit};

use std::time::Instant;

use crate::command::Command;
use crate::event::Event;

/// The media plane of one core: every room and transport that lives here.
#[derive(Debug)]
pub struct Shard {}

impl Shard {
    /// An empty shard.
    pub fn new(_config: ShardConfig) -> Self {
        Self {}
    }

    /// Takes in one UDP datagram; its bytes are decrypted in place. Never fails: what is bad is dropped and counted.
    pub fn handle_datagram(&mut self, _now: Instant, _datagram: Datagram<'_>) {}

    /// Takes in a request of the control plane.
    pub fn handle_command(&mut self, _now: Instant, _command: Command) {}

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// Writes the next datagrams for one peer into `buffer` (cleared first), or returns `None` when there is nothing to send.
    pub fn poll_transmit(&mut self, _now: Instant, _buffer: &mut Vec<u8>) -> Option<Transmit> {
        None
    }

    /// The next thing the control plane must hear.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// When `handle_timeout` is due next; `None` means never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
