//! What happened between two moments of a run, joining and leaving apart.

use std::time::{Duration, Instant};

use super::plan::Plan;
use super::stage::Stage;
use crate::client::CountersSnapshot;

/// Counts at a window's opening or, once closed, within it.
#[derive(Clone, Debug)]
pub struct Window {
    opened: Instant,
    pub length: Duration,
    pub received: CountersSnapshot,
    pub sent: CountersSnapshot,
    /// Since each client joined.
    pub received_in_all: CountersSnapshot,
    /// Since each client joined.
    pub sent_in_all: CountersSnapshot,
    /// Video frames: sent by each viewer's publishers, and judged whole by the viewer, in the stage's order.
    pub frames: Vec<Frames>,
}

/// One viewer's video frames in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    pub sent: u64,
    pub seen: u64,
}

impl Window {
    pub fn open(stage: &Stage) -> Self {
        Self {
            opened: Instant::now(),
            length: Duration::ZERO,
            received: stage.received(),
            sent: stage.sent(),
            received_in_all: stage.received(),
            sent_in_all: stage.sent(),
            frames: frames(stage),
        }
    }

    #[must_use]
    pub fn close(self, stage: &Stage) -> Self {
        let frames = frames(stage).into_iter().zip(&self.frames).map(|(end, start)| Frames {
            sent: end.sent.saturating_sub(start.sent),
            seen: end.seen.saturating_sub(start.seen),
        });
        let (received_in_all, sent_in_all) = (stage.received(), stage.sent());
        Self {
            length: self.opened.elapsed(),
            received: difference(received_in_all, self.received),
            sent: difference(sent_in_all, self.sent),
            received_in_all,
            sent_in_all,
            frames: frames.collect(),
            ..self
        }
    }
}

fn frames(stage: &Stage) -> Vec<Frames> {
    stage
        .viewers
        .iter()
        .map(|staged| {
            let report = staged.viewer.report();
            let seen = report.tracks.iter().filter(|track| track.codec.is_video()).map(|track| track.frames).sum();
            let tracks = (0..stage.publishers_per_room())
                .filter_map(|publisher| stage.cast.track(Plan::video_tag(staged.room, publisher)));
            Frames { sent: tracks.map(|track| track.sent.frames()).sum(), seen }
        })
        .collect()
}

fn difference(end: CountersSnapshot, start: CountersSnapshot) -> CountersSnapshot {
    CountersSnapshot {
        rtp_in: end.rtp_in - start.rtp_in,
        rtp_payload_bytes_in: end.rtp_payload_bytes_in - start.rtp_payload_bytes_in,
        rtx_in: end.rtx_in - start.rtx_in,
        missing_in: end.missing_in.saturating_sub(start.missing_in),
        rtp_out: end.rtp_out - start.rtp_out,
        rtx_out: end.rtx_out - start.rtx_out,
        nacks_in: end.nacks_in - start.nacks_in,
        nacks_out: end.nacks_out - start.nacks_out,
        plis_in: end.plis_in - start.plis_in,
        plis_out: end.plis_out - start.plis_out,
    }
}
