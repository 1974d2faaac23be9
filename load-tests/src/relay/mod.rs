//! A bad network inside one's own sockets: a UDP relay whose links are seeded models, for headless clients and for browsers.
//!
//! The links are those of the crate `links`; `pacer` keeps the links of all clients on the real one, [`Relay`] has the sockets, `command` is
//! `sfu-load relay`. Invariant: every client address has links and a server-side socket of its own, so the server sees as
//! many clients as there are, and none takes another's room.

mod change;
mod command;
mod pacer;
mod report;
mod sockets;

pub use change::{Change, ChangeError, Way, Ways, Who};
pub use command::{RelayArgs, run};
pub use links::{
    BitRate, Counts, Departure, Link, LinkSpec, Loss, Order, Problem, Queue, Reorder, Schedule, Share, SpecError, Step,
};
pub use report::{ClientReport, Lateness, RelayReport};
pub use sockets::{Relay, RelayError, RelayPlan};
