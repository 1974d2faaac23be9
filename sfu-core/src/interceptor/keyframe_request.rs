//! Keyframe requests, both ways. From a subscriber: PLI (RFC 4585 §6.3.1) and FIR (RFC 5104 §4.3.1) become events. To a
//! publisher: any number of requests for a track become one PLI (or FIR), repeated until the keyframe comes.
//!
//! Invariant: per published track at most one request leaves in [`WINDOW_FIRST`], and one in [`WINDOW_NEXT`] on the
//! long run, whatever is asked: a request for one encoding brings keyframes on all of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ::rtcp::payload_feedbacks::full_intra_request::{FirEntry, FullIntraRequest};
use ::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;

use super::config::RemoteStream;
use super::event::{Control, ControlEvent};
use super::stage::{Outbox, Stage};
use crate::id::{Ssrc, TrackId};
use crate::limits::{KEYFRAME_TRIES_MAX, KEYFRAMES_AWAITED_MAX};
use crate::rtcp::Message;

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
    remote: BTreeMap<Ssrc, Option<Form>>,
    /// Slots, with the last FIR command's sequence number.
    local: BTreeMap<Ssrc, Option<u8>>,
    tracks: BTreeMap<TrackId, Requests>,
    round_trip: Duration,
}

impl Default for KeyframeRequest {
    fn default() -> Self {
        let (remote, local, tracks) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { remote, local, tracks, round_trip: ROUND_TRIP_DEFAULT }
    }
}

impl KeyframeRequest {
    fn request(&mut self, now: Instant, track: TrackId, ssrc: Ssrc, out: &mut Outbox) {
        if self.remote.get(&ssrc).copied().flatten().is_none() {
            out.counters.keyframe_requests_unservable += 1;
            return;
        }
        self.tracks.retain(|_, requests| !requests.is_over(now));
        let requests = self.tracks.entry(track).or_default();
        if requests.window_ends.is_some_and(|ends| now < ends) || !requests.awaited.is_empty() {
            out.counters.keyframe_requests_joined += 1;
        }
        if requests.awaited.len() >= KEYFRAMES_AWAITED_MAX && !requests.awaited.contains(&ssrc) {
            out.counters.keyframe_requests_shed += 1;
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
            out.counters.keyframe_requests_abandoned += 1;
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
        self.send(ssrc, is_repeat, out);
    }

    fn send(&mut self, ssrc: Ssrc, is_repeat: bool, out: &mut Outbox) {
        match self.remote.get_mut(&ssrc) {
            Some(Some(Form::Pli)) => {
                out.counters.plis_sent += 1;
                out.send(vec![Box::new(PictureLossIndication { sender_ssrc: 0, media_ssrc: ssrc.0 })]);
            }
            Some(Some(Form::Fir(sequence))) => {
                // A repeat keeps its number: it is the same command (RFC 5104 §4.3.1.1).
                if !is_repeat {
                    *sequence = sequence.wrapping_add(1);
                }
                out.counters.firs_sent += 1;
                let fir = vec![FirEntry { ssrc: ssrc.0, sequence_number: *sequence }];
                out.send(vec![Box::new(FullIntraRequest { sender_ssrc: 0, media_ssrc: 0, fir })]);
            }
            Some(None) | None => {}
        }
    }

    fn requested(&mut self, ssrc: Ssrc, command: Option<u8>, out: &mut Outbox) {
        let Some(last) = self.local.get_mut(&ssrc) else {
            out.counters.feedback_unknown_ssrc += 1;
            return;
        };
        if let Some(command) = command
            && last.replace(command) == Some(command)
        {
            return;
        }
        out.counters.keyframe_requests_received += 1;
        out.event(ControlEvent::KeyframeRequested { ssrc });
    }
}

impl Stage for KeyframeRequest {
    fn handle_rtcp(&mut self, _now: Instant, message: &Message<'_>, out: &mut Outbox) {
        match *message {
            Message::PictureLoss { media } => self.requested(media, None, out),
            Message::FullIntra { commands } => {
                commands.iter().for_each(|(ssrc, number)| self.requested(ssrc, Some(number), out));
            }
            Message::SenderReport { .. }
            | Message::ReceiverReport { .. }
            | Message::Goodbye { .. }
            | Message::Nack { .. }
            | Message::Remb { .. } => {}
        }
    }

    fn handle_control(&mut self, now: Instant, control: &Control, out: &mut Outbox) {
        match control {
            Control::RequestKeyframe { track, ssrc } => self.request(now, *track, *ssrc, out),
            Control::KeyframeArrived { track, ssrc } => self.arrived(*track, *ssrc),
            Control::RoundTrip(round_trip) => self.round_trip = *round_trip,
            Control::Repaired { .. } | Control::SenderSample { .. } | Control::LimitSending(_) => {}
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

    fn bind_remote(&mut self, stream: &RemoteStream) {
        let form = if stream.pli {
            Some(Form::Pli)
        } else if stream.fir {
            Some(Form::Fir(0))
        } else {
            None
        };
        self.remote.insert(stream.ssrc, form);
    }

    fn unbind_remote(&mut self, ssrc: Ssrc) {
        self.remote.remove(&ssrc);
        for requests in self.tracks.values_mut() {
            requests.awaited.retain(|awaited| *awaited != ssrc);
        }
    }

    fn bind_local(&mut self, ssrc: Ssrc) {
        self.local.insert(ssrc, None);
    }

    fn unbind_local(&mut self, ssrc: Ssrc) {
        self.local.remove(&ssrc);
    }
}
