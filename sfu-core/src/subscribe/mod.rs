//! What a participant receives: slots that read rings and make of them one unbroken stream each. Fourth step of a packet's
//! walk. Knows rings, not publishers: `room` joins the two.

mod offset_map;
mod outgoing;
mod pacer;
mod rewriter;
mod slot;

pub use outgoing::{Outgoing, SendExtensions};
pub use pacer::Pacer;
pub use rewriter::{Rewriter, Rewritten};
pub use slot::{Choice, Feed, FirstNumbers, Pending, Slot, SlotStats, Urgency};
