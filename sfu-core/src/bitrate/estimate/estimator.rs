//! The estimate of one transport: what feedback says is told apart, and one rate follows from it.

use std::time::{Duration, Instant};

use super::acknowledged::Acknowledged;
use super::arrival_clock::Continuity;
use super::ceiling::Ceiling;
use super::cluster::Outcome;
use super::delay::{Congestion, Delay};
use super::history::{Known, News, SendHistory, SentKind, SentPacket};
use super::loss::{Losses, Verdict};
use super::probes::{Probes, Room};
use super::rate_control::{Bounds, RateControl};
use super::rates::{SECOND_US, share};
use super::sending::Sending;
use super::silence::Silence;
use super::together::Together;
use super::{Estimate, EstimateState, EstimatorConfig, FeedbackKind};
use crate::rtcp::twcc::TransportFeedback;
use crate::rtp::SeqNo;

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

/// How much one transport may be sent.
///
/// Every packet with a transport-wide number goes through [`Estimator::on_sent`], which gives the number out.
#[derive(Debug)]
pub struct Estimator {
    feedback: FeedbackKind,
    epoch: Instant,
    history: SendHistory,
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

impl Estimator {
    /// An estimator that knows nothing of its link.
    pub fn new(now: Instant, config: EstimatorConfig) -> Self {
        let bounds = Bounds { min_bps: config.min_bps, max_bps: config.max_bps };
        Self {
            feedback: config.feedback,
            epoch: now,
            history: SendHistory::new(),
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

    /// A packet of so many bytes (UDP payload) leaves; the transport-wide number under which it does.
    #[inline]
    pub fn on_sent(&mut self, now: Instant, bytes: usize, kind: SentKind) -> SeqNo {
        let now_us = self.us(now);
        let counted = u64::try_from(bytes).unwrap_or(0);
        self.silence.note_sent(now_us);
        match kind {
            SentKind::Media | SentKind::Repeat => self.sending.add(counted),
            SentKind::Padding => {}
        }
        let cluster = self.probes.note_sent(now_us, counted);
        self.history.push(now_us, bytes, cluster)
    }

    /// Takes a feedback; what it says of packets out of the history, or for the second time, counts for nothing.
    pub fn on_feedback(&mut self, now: Instant, feedback: &TransportFeedback<'_>) {
        let now_us = self.us(now);
        let rounds = self.delay.rounds(feedback.reference_time);
        let (mut told, mut newest_us) = (false, 0);
        let mut together: Option<Together> = None;
        for status in feedback.statuses() {
            let packet = match self.history.report(now_us, status.sequence, status.arrival_us.is_some()) {
                Known::NotSent => break,
                Known::Nothing => continue,
                Known::News(packet) => packet,
            };
            told |= packet.news != News::Missing;
            // Whoever was told of everything need not wait for more.
            let last = status.sequence.0.wrapping_add(1) == self.history.next().0;
            newest_us = if last { now_us } else { packet.sent_us.max(newest_us) };
            let arrival_us = status.arrival_us.map(|arrival_us| rounds.apply(arrival_us));
            if together.as_mut().is_some_and(|before| before.joins(packet, arrival_us)) {
                continue;
            }
            if let Some(before) = together.take() {
                self.take_arrived(before);
            }
            together = Together::begin(packet, arrival_us);
            if together.is_none() {
                self.take(packet, arrival_us);
            }
        }
        if let Some(last) = together {
            self.take_arrived(last);
        }
        if !told {
            return;
        }
        if let Some(before_bps) = self.silence.end() {
            // What was lost while nothing came back was lost to an outage, not to what was sent.
            self.losses.restart(now_us);
            self.probes.try_again(now_us, before_bps);
        }
        self.decide(now_us, newest_us);
    }

    /// Takes packets that were sent and came together.
    fn take_arrived(&mut self, packets: Together) {
        let Together { sent_us, first_us, last_us, count, bytes } = packets;
        self.acknowledged.add(last_us, bytes);
        self.losses.add(sent_us, bytes, count, true);
        self.take_delay(sent_us, first_us, last_us);
    }

    /// Takes a packet that is to be looked at by itself.
    fn take(&mut self, packet: SentPacket, arrival_us: Option<i64>) {
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
    pub fn on_remb(&mut self, now: Instant, bps: u64) {
        let now_us = self.us(now);
        let bounds = match self.feedback {
            FeedbackKind::TransportWide => {
                self.ceiling.set_receiver(now_us, bps);
                self.ceiling.bounds(now_us)
            }
            FeedbackKind::ReceiverEstimate => self.ceiling.bounds(now_us),
        };
        match self.feedback {
            FeedbackKind::TransportWide => self.control.bound(bounds),
            FeedbackKind::ReceiverEstimate => {
                self.state = if bps < self.control.bps() { EstimateState::Reducing } else { EstimateState::Growing };
                self.control.lower_to(now_us, bps, bounds);
                self.control.raise_to(now_us, bps, bounds);
            }
        }
    }

    /// The round-trip time was measured.
    pub fn on_round_trip(&mut self, round_trip: Duration) {
        self.control.set_round_trip(u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX));
    }

    /// How much would be sent if the link held it, bit/s, and the most that may be: what is beyond the estimate is probed for. A cap
    /// bounds probes and not the estimate: it tells nothing of the link.
    pub fn set_wanted(&mut self, bps: u64, most_bps: Option<u64>) {
        self.probes.set_wanted(bps, most_bps.unwrap_or(u64::MAX));
    }

    /// How many bytes of padding are to leave now: as many packets as that takes, each told as [`SentKind::Padding`].
    pub fn padding_due(&self, now: Instant) -> usize {
        usize::try_from(self.probes.padding_due(self.us(now))).unwrap_or(0)
    }

    /// When [`Estimator::handle_timeout`] is next of use.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.feedback == FeedbackKind::ReceiverEstimate {
            return None;
        }
        let response_us = self.control.response_us();
        let idle_us = self
            .silence
            .is_idle()
            .then(|| self.probes.begin_us(self.room(self.ceiling.bounds(u64::MAX), true)))
            .flatten();
        let due = [self.silence.timeout_us(response_us), self.probes.timeout_us(response_us), idle_us];
        due.into_iter().flatten().min().and_then(|at_us| self.epoch.checked_add(Duration::from_micros(at_us)))
    }

    /// Does what is due; then look at [`Estimator::padding_due`].
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.feedback == FeedbackKind::ReceiverEstimate {
            return;
        }
        let now_us = self.us(now);
        let bounds = self.ceiling.bounds(now_us);
        if self.silence.step(now_us, self.control.response_us(), self.control.bps()) {
            self.state = EstimateState::Holding;
            self.control.lower_to(now_us, share(self.control.bps(), SILENT), bounds);
        }
        self.finish_probe(now_us, 0, bounds);
        if self.silence.is_idle() {
            // Where nothing is sent, nothing is said: only a probe ends that.
            self.probes.begin(now_us, self.room(bounds, true));
        }
    }

    /// What can be sent now.
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

    fn decide(&mut self, now_us: u64, newest_us: u64) {
        let bounds = self.ceiling.bounds(now_us);
        let before_bps = self.control.bps();
        self.sending.sample(now_us, before_bps);
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
        self.finish_probe(now_us, newest_us, bounds);
        self.control.bound(bounds);
        let clear = congestion == Congestion::None && !reduced && self.delay.queue_us() < CLEAR_US;
        self.probes.begin(now_us, self.room(bounds, clear));
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

    /// `newest_us` is when the newest packet was sent of which was told.
    fn finish_probe(&mut self, now_us: u64, newest_us: u64, bounds: Bounds) {
        let room = self.room(bounds, true);
        match self.probes.finish(now_us, newest_us, room) {
            Some(Outcome::Holds(bps) | Outcome::Full(bps)) => self.control.raise_to(now_us, bps, bounds),
            Some(Outcome::Unclear) | None => {}
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

    /// Since the epoch.
    #[inline]
    fn us(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.epoch);
        since.as_secs() * SECOND_US + u64::from(since.subsec_micros())
    }
}
