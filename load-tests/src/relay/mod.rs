//! A bad network inside one's own sockets: a UDP relay whose links are seeded models, for headless clients and for browsers.
//!
//! `spec` and `schedule` say what a link is like, [`Link`] is that link on anybody's clock (`dice` its chance, `bottleneck`
//! its rate and queue), `pacer` keeps the links of all clients on the real one, [`Relay`] has the sockets, `command` is
//! `sfu-load relay`. Invariant: every client address has links and a server-side socket of its own, so the server sees as
//! many clients as there are, and none takes another's room.

mod bottleneck;
mod change;
mod command;
mod counts;
mod dice;
mod link;
mod pacer;
mod report;
mod schedule;
mod sockets;
mod spec;
mod spec_error;
mod units;

pub use change::{Change, ChangeError, Way, Ways, Who};
pub use command::{RelayArgs, run};
pub use counts::Counts;
pub use link::{Departure, Link};
pub use report::{ClientReport, Lateness, RelayReport};
pub use schedule::{Schedule, Step};
pub use sockets::{Relay, RelayError, RelayPlan};
pub use spec::{LinkSpec, Loss, Order, Queue, Reorder};
pub use spec_error::{Problem, SpecError};
pub use units::{BitRate, Share};
