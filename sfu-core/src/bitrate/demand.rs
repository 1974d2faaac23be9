//! What the slots of one viewer ask of its budget, and what each is given.

use crate::id::EncodingId;

use super::{Rung, Wanted};

/// What of an encoding is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Frames {
    /// Those of its temporal layers up to this one; the lowest is 0.
    UpTo(u8),
    All,
}

impl Frames {
    /// Those of its lowest temporal layer.
    pub const BASE: Self = Self::UpTo(0);

    /// Whether a frame of this temporal layer is among them.
    pub fn includes(self, temporal: u8) -> bool {
        match self {
            Self::UpTo(highest) => temporal <= highest,
            Self::All => true,
        }
    }
}

/// An encoding, whole or thinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layer {
    pub encoding: EncodingId,
    pub frames: Frames,
}

/// Whether a slot can be seen; who is seen comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Visibility {
    Hidden,
    Visible,
}

/// What a track shows; a screen's text comes before faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    Camera,
    Screen,
}

/// What draws a viewer's eye to a slot; more of it comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attention {
    Ordinary,
    Speaking,
    Pinned,
}

/// Who takes a step before whom; greater is before, and the first field that differs decides. Which steps come first at all
/// stands in `steps.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rank {
    pub visibility: Visibility,
    pub content: Content,
    pub attention: Attention,
    /// As the layout says; higher is before.
    pub priority: u8,
}

impl Rank {
    /// A camera on the screen that nothing sets apart.
    pub const ORDINARY: Self =
        Self { visibility: Visibility::Visible, content: Content::Camera, attention: Attention::Ordinary, priority: 0 };
}

/// What a slot got the last time, be it on its way still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Held {
    /// Nothing was decided yet: it begins now.
    #[default]
    New,
    /// There were no bits for it, or it may not be shown.
    Paused,
    Layer(Layer),
}

/// What a slot was given, for the next time; a slot that is given another track begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Memory {
    /// What it was to get if there had been bits for all: the size of a tile may tremble around a border, whether or not bits
    /// are scarce.
    pub aim: Option<EncodingId>,
    pub held: Held,
}

/// A slot that is to show something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand<'a> {
    /// Its place among the viewer's slots; settles ties.
    pub slot: usize,
    pub rank: Rank,
    pub wanted: Wanted,
    /// The track's encodings that send, lowest first.
    pub ladder: &'a [Rung],
    pub memory: Memory,
}

/// Why a slot gets less than it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// It does not fit the budget.
    Budget,
    /// It would just fit the budget, and be taken away again by the next breath of wind.
    Reserve,
    /// Sounds alone are more than the budget.
    Audio,
    /// Higher pictures are not allowed.
    Height,
    /// The publisher sends nothing higher.
    Publisher,
}

/// What keeps a slot from more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    pub constraint: Constraint,
    /// What the budget lacks for the slot's next step while all others stay as they are, bit/s; 0: bits are not what is
    /// lacking. Where others before it wait as well it takes more: [`super::lift`] says how much.
    pub missing_bps: u64,
}

/// What a slot is to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Given {
    /// Nothing of its track sends.
    Nothing,
    /// Nothing, for the reason that stands beside it.
    Paused,
    /// A layer, and what it counts, bit/s.
    Layer { layer: Layer, bps: u64 },
}

/// The answer to a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    pub given: Given,
    /// What the slot would get if there were bits for all.
    pub aim: Option<EncodingId>,
    /// Why it is not more; `None`: it is what the slot wants.
    pub limit: Option<Limit>,
}

impl Grant {
    /// What is to be remembered of it for the next demand of the slot.
    pub fn memory(&self) -> Memory {
        let held = match self.given {
            Given::Nothing => Held::New,
            Given::Paused => Held::Paused,
            Given::Layer { layer, .. } => Held::Layer(layer),
        };
        Memory { aim: self.aim, held }
    }
}
