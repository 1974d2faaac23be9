//! Keyframe requests, both ways. From a subscriber: PLI (RFC 4585 §6.3.1) and FIR (RFC 5104 §4.3.1) become events. To a
//! publisher: any number of requests for a track become one PLI (or FIR), repeated until the keyframe comes.
//!
//! Invariant: per published track at most one request leaves in [`WINDOW_FIRST`], and one in [`WINDOW_NEXT`] on the
//! long run, whatever is asked: a request for one encoding brings keyframes on all of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::interceptor::StreamInfo;
use ::rtcp::payload_feedbacks::full_intra_request::{FirEntry, FullIntraRequest};
use ::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;

use super::config::takes;
use super::counters::Cells;
use super::event::{Control, ControlEvent};
use super::stage::{Outbox, Stage};
use crate::id::{Ssrc, TrackId};
use crate::limits::{KEYFRAME_TRIES_MAX, KEYFRAMES_AWAITED_MAX};

/// How long a second request waits after a lone one. Above a usual round trip, below a freeze a person would mind.
const WINDOW_FIRST: Duration = Duration::from_millis(500);
/// How long it waits after requests in a row: one bad subscriber costs its publisher one keyframe a second.
const WINDOW_NEXT: Duration = Duration::from_secs(1);
/// A request this long after the last one is a lone one again.
const LONE_AFTER: Duration = Duration::from_secs(2);
/// Longest wait for a keyframe before the request is repeated; doubles up to here.
const REPEAT_MAX: Duration = Duration::from_secs(4);
/// Round-trip time until one is told.
const ROUND_TRIP_DEFAULT: Duration = Duration::from_millis(100);

/// How a published stream takes requests.
#[derive(Clone, Copy)]
enum Form {
    Pli,
    /// With the sequence number of the last command.
    Fir(u8),
}

/// Requests of one published track.
#[derive(Default)]
struct Requests {
    /// Streams whose keyframe has not come, the next to be asked first.
    awaited: Vec<Ssrc>,
    sent: Option<Instant>,
    /// Before this, nothing is sent.
    window_ends: Option<Instant>,
    /// When to ask again.
    repeat: Option<Instant>,
    tries: u32,
}

impl Requests {
    /// Nothing is awaited, and the last request is too long ago to count.
    fn is_over(&self, now: Instant) -> bool {
        self.awaited.is_empty() && self.sent.is_none_or(|sent| now >= sent + LONE_AFTER)
    }

    fn due(&self) -> Option<Instant> {
        if self.awaited.is_empty() { None } else { self.repeat.max(self.window_ends) }
    }
}

/// The interceptor's stage.
pub(super) struct KeyframeRequest {
    remote: BTreeMap<u32, Option<Form>>,
    /// Slots, with the last FIR command's sequence number.
    local: BTreeMap<u32, Option<u8>>,
    tracks: BTreeMap<TrackId, Requests>,
    round_trip: Duration,
    counters: Arc<Cells>,
}

impl KeyframeRequest {
    pub(super) fn new(counters: Arc<Cells>) -> Self {
        Self {
            remote: BTreeMap::new(),
            local: BTreeMap::new(),
            tracks: BTreeMap::new(),
            round_trip: ROUND_TRIP_DEFAULT,
            counters,
        }
    }

    fn request(&mut self, now: Instant, track: TrackId, ssrc: Ssrc, out: &mut Outbox) {
        if self.remote.get(&ssrc.0).copied().flatten().is_none() {
            self.counters.keyframe_requests_unservable.increment();
            return;
        }
        self.tracks.retain(|_, requests| !requests.is_over(now));
        let requests = self.tracks.entry(track).or_default();
        if requests.window_ends.is_some_and(|ends| now < ends) || !requests.awaited.is_empty() {
            self.counters.keyframe_requests_joined.increment();
        }
        if requests.awaited.len() >= KEYFRAMES_AWAITED_MAX && !requests.awaited.contains(&ssrc) {
            self.counters.keyframe_requests_shed.increment();
        } else if !requests.awaited.contains(&ssrc) {
            // Ahead of those that were asked already.
            requests.awaited.insert(0, ssrc);
        }
        // Somebody waits anew: ask as soon as the window allows, and begin to count again.
        requests.repeat = Some(now);
        requests.tries = 0;
        self.send_due(now, track, out);
    }

    fn arrived(&mut self, track: TrackId, ssrc: Ssrc) {
        let Some(requests) = self.tracks.get_mut(&track) else { return };
        requests.awaited.retain(|&awaited| awaited != ssrc);
        if requests.awaited.is_empty() {
            requests.tries = 0;
            requests.repeat = None;
        }
    }

    fn send_due(&mut self, now: Instant, track: TrackId, out: &mut Outbox) {
        let base = WINDOW_FIRST.max(self.round_trip * 2);
        let Some(requests) = self.tracks.get_mut(&track) else { return };
        if requests.due().is_none_or(|due| now < due) {
            return;
        }
        if requests.tries >= KEYFRAME_TRIES_MAX {
            self.counters.keyframe_requests_abandoned.increment();
            requests.awaited.clear();
            return;
        }
        // In turn, for publishers that make a keyframe only of the encoding that was named.
        let Some(&ssrc) = requests.awaited.first() else { return };
        requests.awaited.rotate_left(1);
        let is_lone = requests.sent.is_none_or(|sent| now.saturating_duration_since(sent) >= LONE_AFTER);
        requests.window_ends = Some(now + if is_lone { base } else { base.max(WINDOW_NEXT) });
        requests.repeat = Some(now + (base * 2u32.pow(requests.tries.min(3))).min(REPEAT_MAX));
        requests.sent = Some(now);
        let is_repeat = requests.tries > 0;
        requests.tries += 1;
        self.send(now, ssrc, is_repeat, out);
    }

    fn send(&mut self, now: Instant, ssrc: Ssrc, is_repeat: bool, out: &mut Outbox) {
        match self.remote.get_mut(&ssrc.0) {
            Some(Some(Form::Pli)) => {
                self.counters.plis_sent.increment();
                out.send(now, vec![Box::new(PictureLossIndication { sender_ssrc: 0, media_ssrc: ssrc.0 })]);
            }
            Some(Some(Form::Fir(sequence))) => {
                // A repeat keeps its number: it is the same command (RFC 5104 §4.3.1.1).
                if !is_repeat {
                    *sequence = sequence.wrapping_add(1);
                }
                self.counters.firs_sent.increment();
                let fir = vec![FirEntry { ssrc: ssrc.0, sequence_number: *sequence }];
                out.send(now, vec![Box::new(FullIntraRequest { sender_ssrc: 0, media_ssrc: 0, fir })]);
            }
            Some(None) | None => {}
        }
    }

    fn requested(&mut self, now: Instant, ssrc: u32, command: Option<u8>, out: &mut Outbox) {
        let Some(last) = self.local.get_mut(&ssrc) else {
            self.counters.feedback_unknown_ssrc.increment();
            return;
        };
        if let Some(command) = command
            && last.replace(command) == Some(command)
        {
            return;
        }
        self.counters.keyframe_requests_received.increment();
        out.event(now, ControlEvent::KeyframeRequested { ssrc: Ssrc(ssrc) });
    }
}

impl Stage for KeyframeRequest {
    fn handle_rtcp(&mut self, now: Instant, packet: &dyn ::rtcp::Packet, out: &mut Outbox) {
        if let Some(pli) = packet.as_any().downcast_ref::<PictureLossIndication>() {
            self.requested(now, pli.media_ssrc, None, out);
        } else if let Some(fir) = packet.as_any().downcast_ref::<FullIntraRequest>() {
            for entry in &fir.fir {
                self.requested(now, entry.ssrc, Some(entry.sequence_number), out);
            }
        }
    }

    fn handle_control(&mut self, now: Instant, control: &Control, out: &mut Outbox) {
        match control {
            Control::RequestKeyframe { track, ssrc } => self.request(now, *track, *ssrc, out),
            Control::KeyframeArrived { track, ssrc } => self.arrived(*track, *ssrc),
            Control::RoundTrip(round_trip) => self.round_trip = *round_trip,
            Control::Repaired { .. } | Control::SenderSample { .. } => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Outbox) {
        let due: Vec<TrackId> = self
            .tracks
            .iter()
            .filter(|(_, requests)| requests.due().is_some_and(|due| due <= now))
            .map(|(&track, _)| track)
            .collect();
        for track in due {
            self.send_due(now, track, out);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.tracks.values().filter_map(Requests::due).min()
    }

    fn bind_remote(&mut self, info: &StreamInfo) {
        let form = if takes(info, "nack", "pli") {
            Some(Form::Pli)
        } else if takes(info, "ccm", "fir") {
            Some(Form::Fir(0))
        } else {
            None
        };
        self.remote.insert(info.ssrc, form);
    }

    fn unbind_remote(&mut self, info: &StreamInfo) {
        self.remote.remove(&info.ssrc);
        for requests in self.tracks.values_mut() {
            requests.awaited.retain(|ssrc| ssrc.0 != info.ssrc);
        }
    }

    fn bind_local(&mut self, info: &StreamInfo) {
        self.local.insert(info.ssrc, None);
    }

    fn unbind_local(&mut self, info: &StreamInfo) {
        self.local.remove(&info.ssrc);
    }
}
