//! What is made of all that feedback tells of one transport: one rate.

use super::acknowledged::Acknowledged;
use super::arrival_clock::{Continuity, Rounds};
use super::ceiling::Ceiling;
use super::cluster::Outcome;
use super::delay::{Congestion, Delay};
use super::departures::Departures;
use super::history::{News, SentPacket};
use super::loss::{Losses, Verdict};
use super::probes::{Probes, Room};
use super::rate_control::{Bounds, RateControl};
use super::rates::share;
use super::sending::Sending;
use super::silence::Silence;
use super::together::Together;
use super::{Estimate, EstimateState, EstimatorConfig, FeedbackKind};
use std::time::Duration;

/// Thousandths that are left of the rate each half second without feedback.
const SILENT: u64 = 700;
/// A queue that should have drained since the rate was lowered, µs, and how long that is waited for beyond a response.
const STUBBORN_US: u64 = 80_000;
const STUBBORN_WAIT_US: u64 = 500_000;
/// So often the rate is lowered for a queue that stays as it is, until it is taken for the way.
const STUBBORN_MAX: u8 = 3;

/// A queue from which on packets come as fast as the link gives them, µs.
const QUEUE_US: u64 = 60_000;
/// A queue up to which probes may begin, µs.
const CLEAR_US: u64 = 30_000;

/// Fed with what arrived, one feedback after the other.
#[derive(Debug)]
pub struct Judge {
    pub feedback: FeedbackKind,
    delay: Delay,
    acknowledged: Acknowledged,
    losses: Losses,
    sending: Sending,
    silence: Silence,
    ceiling: Ceiling,
    control: RateControl,
    probes: Probes,
    state: EstimateState,
    /// How often the rate was lowered for a queue that stayed.
    stubborn: u8,
}

impl Judge {
    pub fn new(config: EstimatorConfig) -> Self {
        let bounds = Bounds { min_bps: config.min_bps, max_bps: config.max_bps };
        Self {
            feedback: config.feedback,
            delay: Delay::default(),
            acknowledged: Acknowledged::default(),
            losses: Losses::default(),
            sending: Sending::default(),
            silence: Silence::default(),
            ceiling: Ceiling::new(bounds),
            control: RateControl::new(0, bounds.clamp(config.start_bps)),
            probes: Probes::default(),
            state: EstimateState::Startup,
            stubborn: 0,
        }
    }

    /// Takes a feedback's reference time: signed 24 bits.
    pub fn rounds(&mut self, reference: i32) -> Rounds {
        self.delay.rounds(reference)
    }

    /// Feedback came, and told of something that arrived.
    pub fn end_silence(&mut self, now_us: u64) {
        if let Some(before_bps) = self.silence.end() {
            // What was lost while nothing came back was lost to an outage, not to what was sent.
            self.losses.restart(now_us);
            self.probes.try_again(now_us, before_bps);
        }
    }

    /// Takes packets that were sent and came together.
    pub fn take_arrived(&mut self, packets: Together) {
        let Together { sent_us, first_us, last_us, count, bytes } = packets;
        self.acknowledged.add(last_us, bytes);
        self.losses.add(sent_us, bytes, count, true);
        self.take_delay(sent_us, first_us, last_us);
    }

    /// Takes a packet that is to be looked at by itself.
    pub fn take(&mut self, packet: SentPacket, arrival_us: Option<i64>) {
        if let Some(arrival_us) = arrival_us {
            self.acknowledged.add(arrival_us, packet.bytes);
        }
        if packet.cluster.is_some() {
            // A probe fills the link on purpose.
            self.probes.take(packet, arrival_us);
            return;
        }
        match packet.news {
            News::Arrived => self.losses.add(packet.sent_us, packet.bytes, 1, true),
            News::Missing => self.losses.add(packet.sent_us, packet.bytes, 1, false),
            News::ArrivedAfterAll => self.losses.take_back(),
        }
        if let Some(arrival_us) = arrival_us {
            self.take_delay(packet.sent_us, arrival_us, arrival_us);
        }
    }

    fn take_delay(&mut self, sent_us: u64, first_us: i64, last_us: i64) {
        if self.delay.add(sent_us, first_us, last_us) == Continuity::Anew {
            self.acknowledged.reset();
        }
    }

    /// The receiver says what it can take (REMB).
    pub fn take_remb(&mut self, now_us: u64, bps: u64) {
        match self.feedback {
            FeedbackKind::TransportWide => {
                self.ceiling.set_receiver(now_us, bps);
                self.control.bound(self.ceiling.bounds(now_us));
            }
            FeedbackKind::ReceiverEstimate => {
                let bounds = self.ceiling.bounds(now_us);
                self.state = if bps < self.control.bps() { EstimateState::Reducing } else { EstimateState::Growing };
                self.control.lower_to(now_us, bps, bounds);
                self.control.raise_to(now_us, bps, bounds);
            }
        }
    }

    pub fn set_round_trip(&mut self, round_trip_us: u64) {
        self.control.set_round_trip(round_trip_us);
    }

    /// What would be sent if the link held it, and the most that may be.
    pub fn set_wanted(&mut self, bps: u64, most_bps: u64) {
        self.probes.set_wanted(bps, most_bps);
    }

    /// When [`Judge::step`] is next of use.
    pub fn timeout_us(&self, departures: &Departures) -> Option<u64> {
        let response_us = self.control.response_us();
        let is_idle = departures.unanswered_us.is_none();
        let idle_us = if is_idle { self.probes.begin_us(self.room(self.ceiling.bounds(u64::MAX), true)) } else { None };
        let silence_us = self.silence.timeout_us(departures.unanswered_us, response_us);
        let probe_us = departures.probe.map(|probe| probe.timeout_us(response_us));
        earlier(earlier(silence_us, probe_us), idle_us)
    }

    /// Does what is due.
    pub fn step(&mut self, now_us: u64, departures: &mut Departures) {
        let bounds = self.ceiling.bounds(now_us);
        let response_us = self.control.response_us();
        if self.silence.step(now_us, departures.unanswered_us, response_us, self.control.bps()) {
            self.state = EstimateState::Holding;
            self.control.lower_to(now_us, share(self.control.bps(), SILENT), bounds);
        }
        self.finish_probe(now_us, 0, departures);
        if departures.unanswered_us.is_none() {
            // Where nothing is sent, nothing is said: only a probe ends that.
            self.begin_probe(now_us, true, departures);
        }
    }

    pub fn estimate(&self) -> Estimate {
        Estimate {
            bps: self.control.bps(),
            carries_bps: self.control.carries_bps(self.delay.latest_queue_us()),
            state: self.state,
            loss_permille: self.losses.lost_permille(),
            queue_delay: Duration::from_micros(self.delay.latest_queue_us()),
        }
    }

    /// What was sent in the last half second, probes aside, bit/s; `None` at first.
    pub fn sent_bps(&self) -> Option<u64> {
        self.sending.bps()
    }

    /// Makes a rate of what was told; `newest_us` is when the newest packet was sent of which was told.
    pub fn decide(&mut self, now_us: u64, newest_us: u64, departures: &mut Departures) {
        let bounds = self.ceiling.bounds(now_us);
        let before_bps = self.control.bps();
        self.sending.sample(now_us, departures.media_bytes(), before_bps);
        let limited = self.sending.is_application_limited();
        // Behind the last packet that was sent there is nothing of ours, however long it waited itself.
        let queue_us = if newest_us == now_us { 0 } else { self.delay.queue_us() };
        self.control.note_queue(queue_us, bounds);
        let verdict = self.losses.judge(now_us, before_bps);
        let congestion = self.delay.congestion(limited);
        let tries = matches!(verdict, Verdict::LowerTo(_)) && congestion != Congestion::Certain;
        let reduced = match (congestion, verdict) {
            (Congestion::Certain, Verdict::None | Verdict::Restore(_)) => self.reduce(now_us, bounds),
            (_, Verdict::LowerTo(bps)) => {
                if congestion == Congestion::Certain {
                    self.reduce(now_us, bounds);
                }
                self.control.lower_to(now_us, bps, bounds);
                true
            }
            (Congestion::Doubtful, _) => self.drain(now_us, bounds),
            (Congestion::None, Verdict::Restore(bps)) => {
                self.control.raise_to(now_us, bps, bounds);
                false
            }
            (Congestion::None, Verdict::None) => false,
        };
        let free = congestion == Congestion::None && !reduced && !self.losses.forbids_growth();
        if free {
            self.control.grow(now_us, self.acknowledged.steady_bps(), bounds);
        } else {
            self.control.hold(now_us);
        }
        self.finish_probe(now_us, newest_us, departures);
        self.control.bound(bounds);
        let clear = congestion == Congestion::None && !reduced && self.delay.queue_us() < CLEAR_US;
        self.begin_probe(now_us, clear, departures);
        self.state = match (reduced, limited, free) {
            (true, _, _) if tries => EstimateState::Trying,
            (true, _, _) => EstimateState::Reducing,
            (false, true, _) => EstimateState::ApplicationLimited,
            (false, false, true) => EstimateState::Growing,
            (false, false, false) => EstimateState::Holding,
        };
    }

    /// The link is full.
    fn reduce(&mut self, now_us: u64, bounds: Bounds) -> bool {
        let Some(arriving_bps) = self.arriving_bps() else { return false };
        let reduced = self.control.decrease(now_us, arriving_bps, self.delay.latest_queue_us(), bounds);
        if reduced {
            self.losses.restart(now_us);
            self.probes.pause(now_us);
        }
        reduced
    }

    /// What the link gives while a queue stands in front of it.
    fn arriving_bps(&self) -> Option<u64> {
        let (latest, steady) = (self.acknowledged.latest_bps(), self.acknowledged.steady_bps());
        // Where a queue stands, packets leave it at what the link gives, however little was sent before.
        let is_queue = self.delay.latest_queue_us() >= QUEUE_US;
        if is_queue { latest } else { [latest, steady].into_iter().flatten().min() }
    }

    /// A queue that stands long after the rate was lowered: lowers it further, until it is plain that the queue is not ours.
    fn drain(&mut self, now_us: u64, bounds: Bounds) -> bool {
        if self.delay.queue_us() < STUBBORN_US {
            self.stubborn = 0;
            return false;
        }
        let wait_us = self.control.response_us() + STUBBORN_WAIT_US;
        if self.control.last_decrease_us().is_none_or(|last| now_us.saturating_sub(last) < wait_us) {
            return false;
        }
        self.stubborn += 1;
        if self.stubborn > STUBBORN_MAX {
            self.stubborn = 0;
            self.delay.accept_queue();
            return false;
        }
        self.reduce(now_us, bounds)
    }

    fn finish_probe(&mut self, now_us: u64, newest_us: u64, departures: &mut Departures) {
        let bounds = self.ceiling.bounds(now_us);
        let Some(outcome) = self.probes.finish(now_us, newest_us, self.room(bounds, true)) else { return };
        departures.probe = None;
        match outcome {
            Outcome::Holds(bps) | Outcome::Full(bps) => self.control.raise_to(now_us, bps, bounds),
            Outcome::Unclear => {}
        }
    }

    fn begin_probe(&mut self, now_us: u64, clear: bool, departures: &mut Departures) {
        let room = self.room(self.ceiling.bounds(now_us), clear);
        if let Some(cluster) = self.probes.begin(now_us, room) {
            departures.begin_probe(cluster);
        }
    }

    fn room(&self, bounds: Bounds, clear: bool) -> Room {
        Room {
            estimate_bps: self.control.bps(),
            max_bps: bounds.max_bps,
            response_us: self.control.response_us(),
            clear,
            chance: self.losses.chance_permille(),
        }
    }
}

fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
