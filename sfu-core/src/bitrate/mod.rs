//! What fits: pure decisions about bits. Feedback's way to the slots: an estimate of the link and the operator's caps make a
//! budget, the allocation says what each slot gets for it. Knows no room, participant or transport, and reads no clock.

mod caps;
mod ladder;
mod layer_selector;

pub use caps::{Caps, RoomCaps};
pub use ladder::{Candidate, Rung, ladder};
pub use layer_selector::{Wanted, select};
