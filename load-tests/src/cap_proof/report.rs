//! What a proof found, as it goes into JSON; times are seconds since the first step began.

use serde::Serialize;

use super::bound::Found;
use super::script::Change;

/// All of a run.
#[derive(Clone, Debug, Serialize)]
pub struct CapProofReport {
    /// Whether no window broke its bound, and nothing else was wrong.
    pub held: bool,
    pub interrupted: bool,
    pub seed: u64,
    pub seconds: f64,
    pub publishers: u16,
    /// The worst of all stretches under one cap.
    pub worst: Found,
    /// Stretches under one cap: of each viewer, and of all together.
    pub stretches: usize,
    /// The longest that any viewer went without a sound of somebody whom it heard, s.
    pub sound_gap_s: f64,
    /// The longest from an answer that left a viewer without caps until each of its slots showed a frame, s.
    pub picture_back_s: Option<f64>,
    /// The same until each showed the highest encoding.
    pub highest_back_s: Option<f64>,
    pub steps: Vec<StepReport>,
    /// What all viewers together were sent, against what the room may send.
    pub all: Course,
    pub viewers: Vec<ViewerReport>,
    pub failures: Vec<String>,
    pub warnings: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    pub words: String,
    pub changes: Vec<Change>,
    /// When its changes were asked for, answered, and over.
    pub asked_s: f64,
    pub answered_s: f64,
    pub until_s: f64,
    /// Until each slot of each viewer without caps showed a frame, and the highest encoding, s; where a step lifted the last one.
    pub picture_back_s: Option<f64>,
    pub highest_back_s: Option<f64>,
}

/// What came, and what was allowed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Course {
    pub seconds: Vec<Second>,
    pub under: Vec<UnderCap>,
}

/// What came within a second, or what was left of one when the next step began.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Second {
    pub from_s: f64,
    pub until_s: f64,
    /// UDP payload, bit/s.
    pub bps: f64,
}

/// A stretch of time under one cap.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct UnderCap {
    /// The step with which it began.
    pub step: usize,
    /// When that was answered.
    pub from_s: f64,
    pub until_s: f64,
    pub cap_bps: u64,
    #[serde(flatten)]
    pub found: Found,
}

/// One viewer.
#[derive(Clone, Debug, Serialize)]
pub struct ViewerReport {
    pub name: String,
    /// Its identity in the room.
    pub participant: String,
    #[serde(flatten)]
    pub course: Course,
    pub slots: Vec<SlotCourse>,
    pub sound_gap_s: f64,
    /// The longest time between two looks at its socket, s.
    pub latest_look_s: f64,
}

/// One slot of pictures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SlotCourse {
    /// Whose pictures.
    pub publisher: String,
    pub told: Vec<ToldSpan>,
    pub shown: Vec<ShownSpan>,
}

/// What the server said that the slot carries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToldSpan {
    pub from_s: f64,
    pub until_s: f64,
    pub state: String,
    /// Of the encoding, pixels.
    pub height: Option<u16>,
    pub limited_by: Option<String>,
}

/// Frames of one encoding that came whole, without a gap between them that a person would see.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShownSpan {
    pub from_s: f64,
    pub until_s: f64,
    /// Of the encoding, pixels.
    pub height: u16,
    pub frames: u32,
}
