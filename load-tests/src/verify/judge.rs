//! Whole frames against the publisher's loop: right publisher, right bytes, and each coded from the one before it.

use std::sync::Arc;

use super::assemble::WholeFrame;
use super::report::{Fault, TrackReport};
use super::{ClipOf, Expected, Outcome};
use crate::media::mark::{self, Mark, PublisherTag, RunId};
use crate::media::{Clip, Codec};

/// Who chooses whom to play does not think better of it twice within this many sounds of 20 ms: who is gone for less is cut up.
const CHOSEN_SOUNDS_MIN: u32 = 10;

/// Follows what a decoder would have.
pub(super) struct Judge {
    codec: Codec,
    expected: Expected,
    clip_of: Arc<ClipOf>,
    clip: Option<(PublisherTag, Arc<Clip>)>,
    chain: Chain,
    last: Option<Mark>,
    last_timestamp: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chain {
    /// Nothing was ever decoded.
    Fresh,
    /// The first frame was none to start with: nothing is shown, and nothing more is missed, until a keyframe.
    Waiting,
    /// The last frame was decodable.
    Whole,
    /// A reference is missing until the next keyframe.
    Broken,
}

impl Judge {
    pub(super) fn new(codec: Codec, expected: Expected, clip_of: Arc<ClipOf>) -> Self {
        Self { codec, expected, clip_of, clip: None, chain: Chain::Fresh, last: None, last_timestamp: None }
    }

    /// A frame was lost in part.
    pub(super) fn broken(&mut self) -> Option<Outcome> {
        if self.chain == Chain::Whole {
            self.chain = Chain::Broken;
        }
        self.codec.is_video().then_some(Outcome::NeedsKeyframe)
    }

    pub(super) fn frame(&mut self, frame: WholeFrame, report: &mut TrackReport) -> Option<Outcome> {
        self.check_timestamp(frame.timestamp, report);
        let Some((body, mark)) = mark::extract(self.codec, &frame.body) else {
            report.fault(Fault::Altered, 1, || format!("a frame of {} bytes without a mark", frame.body.len()));
            return self.broken();
        };
        if let Some(fault) = self.expected.stray(mark) {
            report.fault(fault, 1, || {
                format!("{mark:?}, expected {:?} of {:?}", self.expected, RunId::of_this_process())
            });
            return self.broken();
        }
        let Some(clip) = self.clip_of(mark.publisher) else {
            report.fault(Fault::WrongPublisher, 1, || format!("{mark:?} is nobody's"));
            return self.broken();
        };
        let Some(original) = clip.frame(mark.index).filter(|original| original.body == body) else {
            report.fault(Fault::Altered, 1, || format!("{mark:?}: {} bytes differ from the loop's", body.len()));
            return self.broken();
        };
        let decodable = self.decodable(&clip, mark, frame.contiguous, report);
        self.last = Some(mark);
        if !decodable {
            return self.broken();
        }
        self.chain = Chain::Whole;
        report.frames += 1;
        report.keyframes += u64::from(self.codec.is_video() && original.keyframe);
        Some(Outcome::Frame { publisher: mark.publisher, number: mark.number })
    }

    /// Follows the reference chain; counts what is missing or cannot be decoded.
    fn decodable(&mut self, clip: &Clip, mark: Mark, contiguous: bool, report: &mut TrackReport) -> bool {
        let last = self.last.filter(|last| last.publisher == mark.publisher);
        let keyframe = clip.frame(mark.index).is_some_and(|frame| frame.keyframe);
        if let Some(last) = last {
            let skipped = self.skipped(clip, last, mark);
            let fault = match skipped {
                // A frame that comes again or before its turn cannot be, in order of sequence numbers.
                skipped if skipped > u32::MAX / 2 => Fault::Altered,
                _ if keyframe && contiguous && self.codec.is_video() => Fault::MovedOn,
                _ => Fault::FrameMissing,
            };
            // Who chooses whom to show may have shown nobody in between, or somebody who said nothing.
            let brief = !self.codec.is_video() && mark.number.wrapping_sub(last.number) < CHOSEN_SOUNDS_MIN;
            let chooses = matches!(self.expected, Expected::Anyone { .. });
            let chosen = keyframe && chooses && !brief && fault != Fault::Altered;
            if skipped != 0 && !chosen {
                report.fault(fault, u64::from(skipped.min(1_000)), || format!("{last:?}, then {mark:?}"));
            }
        }
        if keyframe {
            return true;
        }
        let follows = last.is_some_and(|last| {
            mark.number == last.number.wrapping_add(1) && mark.index == clip.next_index(last.index)
        });
        match (self.chain, follows) {
            (Chain::Whole, true) => true,
            (Chain::Fresh, _) => {
                report.fault(Fault::NotKeyframeStart, 1, || format!("the first frame is {mark:?}"));
                self.chain = Chain::Waiting;
                false
            }
            (Chain::Waiting, _) => false,
            (Chain::Whole, false) if contiguous && last.is_none() => {
                report
                    .fault(Fault::NotKeyframeStart, 1, || format!("the first frame of another publisher is {mark:?}"));
                false
            }
            (Chain::Whole | Chain::Broken, _) => {
                report.fault(Fault::Undecodable, 1, || format!("{:?}, then {mark:?}", self.last));
                false
            }
        }
    }

    /// Frames between two that were sent. Pictures are numbered as they are sent, sounds by their time, since silence need not
    /// be; of sounds the place in the loop tells.
    fn skipped(&self, clip: &Clip, last: Mark, mark: Mark) -> u32 {
        let skipped = mark.number.wrapping_sub(last.number).wrapping_sub(1);
        if self.codec.is_video() || skipped > u32::MAX / 2 {
            return skipped;
        }
        let length = u32::try_from(clip.len()).unwrap_or(u32::MAX);
        (u32::from(mark.index) + length).saturating_sub(u32::from(last.index) + 1) % length.max(1)
    }

    fn check_timestamp(&mut self, timestamp: u32, report: &mut TrackReport) {
        if let Some(last) = self.last_timestamp.replace(timestamp) {
            let step = timestamp.wrapping_sub(last);
            if step == 0 || step > u32::MAX / 2 {
                report.fault(Fault::TimestampBackwards, 1, || format!("{last} → {timestamp}"));
            }
        }
    }

    fn clip_of(&mut self, publisher: PublisherTag) -> Option<Arc<Clip>> {
        if let Some((of, clip)) = &self.clip
            && *of == publisher
        {
            return Some(Arc::clone(clip));
        }
        let clip = (self.clip_of)(publisher).filter(|clip| clip.codec() == self.codec)?;
        self.clip = Some((publisher, Arc::clone(&clip)));
        Some(clip)
    }
}
