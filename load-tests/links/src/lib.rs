//! Bad links as seeded models on anybody's clock: the relay of `load-tests` drives them on the real one, the tests of `sfu-core` on a
//! virtual one.
//!
//! `spec` and `schedule` say what a link is like, [`Link`] is that link (`dice` its chance, `bottleneck` its rate and queue).

mod bottleneck;
mod counts;
mod dice;
mod link;
mod schedule;
mod spec;
mod spec_error;
mod units;

pub use counts::{Counts, as_ms};
pub use link::{Departure, Link};
pub use schedule::{Schedule, Step};
pub use spec::{DELAY_MAX, HOLD_DEFAULT, LinkSpec, Loss, Order, QUEUE_BYTES_MAX, QUEUE_DEFAULT, Queue, Reorder};
pub use spec_error::{Problem, SpecError};
pub use units::{BitRate, Share};
