//! What fits: pure decisions about bits, on feedback's way to the slots. The link's estimate and the operator's caps make a budget;
//! [`allocate`] says what each slot gets of it, and [`lift`] what it would take to get more.
//! [`RateMeter`] measures what layers cost, [`divide`] a room's cap among its viewers. Knows no room, participant or
//! transport, and reads no clock.

mod allocator;
mod caps;
mod climbs;
mod demand;
mod division;
pub mod estimate;
mod ladder;
mod layer_selector;
mod lift;
mod rate;
mod steps;

pub use allocator::{Allocation, Inputs, allocate};
pub use caps::{Caps, RoomCaps};
pub use climbs::Climbs;
pub use demand::{
    Attention, Constraint, Content, Demand, Frames, Given, Grant, Held, Layer, Limit, Memory, Rank, Visibility,
};
pub use division::{cap_for, divide};
pub use ladder::{Candidate, Rung, THINNINGS_MAX, ThinnedBps, ladder};
pub use layer_selector::{Wanted, select};
pub use lift::lift;
pub use rate::RateMeter;
