//! The estimate of one transport: packets leave, feedback says what became of them, and one rate follows from it.

use std::time::{Duration, Instant};

use super::departures::Departures;
use super::history::{Known, News, SentKind};
use super::judge::Judge;
use super::together::Together;
use super::{Estimate, EstimatorConfig, FeedbackKind};
use crate::rtcp::twcc::TransportFeedback;
use crate::rtp::SeqNo;

/// How much one transport may be sent.
///
/// Every packet with a transport-wide number goes through [`Estimator::on_sent`], which gives the number out.
#[derive(Debug)]
pub struct Estimator {
    departures: Departures,
    judge: Box<Judge>,
}

impl Estimator {
    /// An estimator that knows nothing of its link.
    pub fn new(now: Instant, config: EstimatorConfig) -> Self {
        Self { departures: Departures::new(now), judge: Box::new(Judge::new(config)) }
    }

    /// A packet of so many bytes (UDP payload) leaves; the transport-wide number under which it does.
    #[inline]
    pub fn on_sent(&mut self, now: Instant, bytes: usize, kind: SentKind) -> SeqNo {
        self.departures.note(now, bytes, kind)
    }

    /// Takes a feedback; what it says of packets out of the history, or for the second time, counts for nothing.
    pub fn on_feedback(&mut self, now: Instant, feedback: &TransportFeedback<'_>) {
        let now_us = self.departures.us(now);
        let rounds = self.judge.rounds(feedback.reference_time);
        let (mut told, mut newest_us) = (false, 0);
        let mut together: Option<Together> = None;
        for status in feedback.statuses() {
            let packet = match self.departures.history.report(now_us, status.sequence, status.arrival_us.is_some()) {
                Known::NotSent => break,
                Known::Nothing => continue,
                Known::News(packet) => packet,
            };
            told |= packet.news != News::Missing;
            // Whoever was told of everything need not wait for more.
            let last = status.sequence.0.wrapping_add(1) == self.departures.history.next().0;
            newest_us = if last { now_us } else { packet.sent_us.max(newest_us) };
            let arrival_us = status.arrival_us.map(|arrival_us| rounds.apply(arrival_us));
            if together.as_mut().is_some_and(|before| before.joins(packet, arrival_us)) {
                continue;
            }
            if let Some(before) = together.take() {
                self.judge.take_arrived(before);
            }
            together = Together::begin(packet, arrival_us);
            if together.is_none() {
                self.judge.take(packet, arrival_us);
            }
        }
        if let Some(last) = together {
            self.judge.take_arrived(last);
        }
        if !told {
            return;
        }
        self.departures.unanswered_us = None;
        self.judge.end_silence(now_us);
        self.judge.decide(now_us, newest_us, &mut self.departures);
    }

    /// The receiver says what it can take (REMB).
    pub fn on_remb(&mut self, now: Instant, bps: u64) {
        self.judge.take_remb(self.departures.us(now), bps);
    }

    /// The round-trip time was measured.
    pub fn on_round_trip(&mut self, round_trip: Duration) {
        self.judge.set_round_trip(u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX));
    }

    /// How much would be sent if the link held it, bit/s, and the most that may be: what is beyond the estimate is probed for. A cap
    /// bounds probes and not the estimate: it tells nothing of the link.
    pub fn set_wanted(&mut self, bps: u64, most_bps: Option<u64>) {
        self.judge.set_wanted(bps, most_bps.unwrap_or(u64::MAX));
    }

    /// How many bytes of padding are to leave now: as many packets as that takes, each told as [`SentKind::Padding`].
    #[inline]
    pub fn padding_due(&self, now: Instant) -> usize {
        let Some(probe) = &self.departures.probe else { return 0 };
        usize::try_from(probe.padding_due(self.departures.us(now))).unwrap_or(0)
    }

    /// When [`Estimator::handle_timeout`] is next of use.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.judge.feedback == FeedbackKind::ReceiverEstimate {
            return None;
        }
        self.judge.timeout_us(&self.departures).and_then(|at_us| self.departures.instant(at_us))
    }

    /// Does what is due; then look at [`Estimator::padding_due`].
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.judge.feedback == FeedbackKind::TransportWide {
            let now_us = self.departures.us(now);
            self.judge.step(now_us, &mut self.departures);
        }
    }

    /// What can be sent now.
    pub fn estimate(&self) -> Estimate {
        self.judge.estimate()
    }

    /// What was sent in the last half second, probes aside, bit/s; `None` at first.
    pub fn sent_bps(&self) -> Option<u64> {
        self.judge.sent_bps()
    }
}
