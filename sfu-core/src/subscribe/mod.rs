//! What a participant receives: slots that read rings and make of them one unbroken stream each. Fourth step of a packet's
//! walk. Knows rings, not publishers: `room` joins the two.

mod burst;
mod feed;
mod formats;
mod offset_map;
mod outgoing;
mod pacer;
mod pending;
mod rewriter;
mod slot;
mod slot_stats;
mod thinning;

pub use burst::Burst;
pub use outgoing::{Outgoing, SendExtensions};
pub use pacer::Pacer;
pub use pending::{Choice, Pending, Urgency};
pub use rewriter::{Rewriter, Rewritten};
pub use slot::{FirstNumbers, Slot};
pub use slot_stats::SlotStats;
pub use thinning::Turn;
