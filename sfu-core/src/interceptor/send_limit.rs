//! Holds a publisher to a rate: tells it the most that is worth sending (REMB, draft-alvestrand-rmcat-remb-03 §2.2), which
//! libwebrtc takes as an upper bound beside what transport-wide feedback allows.
//!
//! Invariant: who was never limited is sent nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ::rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;

use super::config::RemoteStream;
use super::event::Control;
use super::stage::{Outbox, Stage};
use crate::id::Ssrc;
use crate::limits::SSRCS_PER_TRANSPORT_MAX;

/// How often a limit is repeated: REMB is not acknowledged, and may be lost.
const REPEAT_INTERVAL: Duration = Duration::from_secs(1);
/// How often the end of a limit is told, for the same reason.
const ENDS_TOLD: u32 = 3;
/// What stands for no limit, bit/s: more than a browser sends.
const UNLIMITED_BPS: u64 = 65_535_000;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Told {
    #[default]
    Nothing,
    Limit(u64),
    /// That there is none any more, so many times to come.
    End(u32),
}

/// The interceptor's stage.
#[derive(Default)]
pub(super) struct SendLimit {
    told: Told,
    due: Option<Instant>,
    streams: BTreeSet<Ssrc>,
}

impl SendLimit {
    fn limit(&mut self, now: Instant, limit: Option<u64>, out: &mut Outbox) {
        let told = match (limit, self.told) {
            (Some(bps), _) => Told::Limit(bps),
            (None, Told::Limit(_)) => Told::End(ENDS_TOLD),
            (None, told) => told,
        };
        if told != self.told {
            self.told = told;
            self.tell(now, out);
        }
    }

    fn tell(&mut self, now: Instant, out: &mut Outbox) {
        let bps = match self.told {
            Told::Nothing | Told::End(0) => {
                (self.told, self.due) = (Told::Nothing, None);
                return;
            }
            Told::Limit(bps) => bps,
            Told::End(times) => {
                self.told = Told::End(times - 1);
                UNLIMITED_BPS
            }
        };
        self.due = Some(now + REPEAT_INTERVAL);
        // Nothing that is sent yet could be limited.
        if self.streams.is_empty() {
            return;
        }
        let ssrcs = self.streams.iter().map(|ssrc| ssrc.0).collect();
        out.counters.send_limits_told += 1;
        out.send(vec![Box::new(ReceiverEstimatedMaximumBitrate { sender_ssrc: 0, bitrate: bitrate(bps), ssrcs })]);
    }
}

/// In whole kbit/s, rounded down: a limit must not be told as more than it is.
fn bitrate(bps: u64) -> f32 {
    1_000.0 * u16::try_from(bps / 1_000).map_or(f32::from(u16::MAX), f32::from)
}

impl Stage for SendLimit {
    fn handle_control(&mut self, now: Instant, control: &Control, out: &mut Outbox) {
        if let Control::LimitSending(limit) = *control {
            self.limit(now, limit, out);
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Outbox) {
        if self.due.is_some_and(|due| due <= now) {
            self.tell(now, out);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn bind_remote(&mut self, stream: &RemoteStream) {
        if self.streams.len() < SSRCS_PER_TRANSPORT_MAX {
            self.streams.insert(stream.ssrc);
        }
    }

    fn unbind_remote(&mut self, ssrc: Ssrc) {
        self.streams.remove(&ssrc);
    }
}
