//! What a viewer's link carries: each packet that leaves is noted, feedback says what became of it, and what fits is decided
//! anew when the estimate has moved.

use std::time::{Duration, Instant};

use crate::bitrate::estimate::{EstimateState, Estimator, EstimatorConfig, FeedbackKind, SentKind};
use crate::event::LimitedBy;
use crate::id::{MediaKind, ParticipantKey};
use crate::rtcp::twcc::TransportFeedback;

use super::Shard;
use super::allotment::{Allotment, Budget};
use super::participant::Participant;

/// What a link is taken to carry until feedback says more, bit/s: a picture of 360 lines, or half a dozen of the smallest. A probe
/// tells within half a second whether it carries more; too large a first key frame would stand in its way for longer.
const START_BPS: u64 = 1_200_000;
/// The estimate's bounds, bit/s: a voice, and more than any viewer has slots for.
const MIN_BPS: u64 = 50_000;
const MAX_BPS: u64 = 100_000_000;

/// What everything must wait in front of a link, for the smallest pictures to be taken away for its sake: jitter and chance
/// lower an estimate as well, and they pass.
const LONG_QUEUE: Duration = Duration::from_millis(150);

/// How long the first feedback is awaited: browsers send it every 50 to 250 ms from the first packet on.
const FEEDBACK_AWAITED: Duration = Duration::from_secs(2);

/// How often what fits is decided anew, at most, where not everything fits.
const CROWDED_INTERVAL: Duration = Duration::from_millis(200);
/// How often it is where everything fits: pictures cost what they show, and may come to cost more than the link carries.
const FITTING_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is where what leaves is less than what may.
const ROOMY_INTERVAL: Duration = Duration::from_secs(10);

/// The least time between two timers of an estimate: probes leave in portions of as much, and whoever says what makes a timer come
/// for nothing cannot make it come often.
const TICK: Duration = Duration::from_millis(5);

/// What is known of a viewer's link.
#[derive(Debug)]
pub(super) struct LinkEstimate {
    estimator: Estimator,
    feedback: FeedbackKind,
    /// When the first packet left of which something could be said.
    begun: Option<Instant>,
    evidence: Evidence,
}

/// What the estimate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// Nothing was said yet.
    None,
    /// Something arrived, and nobody contradicted what was guessed but by what jitter and chance do as well.
    Arrivals,
    /// A long queue grew in front of it, when it was taken to carry so much, bit/s.
    Full { bps: u64 },
}

impl LinkEstimate {
    fn new(now: Instant, feedback: FeedbackKind) -> Self {
        let config = EstimatorConfig { start_bps: START_BPS, min_bps: MIN_BPS, max_bps: MAX_BPS, feedback };
        Self { estimator: Estimator::new(now, config), feedback, begun: None, evidence: Evidence::None }
    }

    /// A packet of `bytes` UDP payload leaves; its transport-wide number.
    #[inline]
    pub fn on_sent(&mut self, now: Instant, bytes: usize, kind: SentKind) -> u16 {
        self.begun.get_or_insert(now);
        self.estimator.on_sent(now, bytes, kind).0
    }

    /// How many bytes of padding are to leave now, for a probe.
    pub fn padding_due(&self, now: Instant) -> usize {
        self.estimator.padding_due(now)
    }

    /// When it is next due.
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let due = match self.evidence {
            // Of a link that says nothing there is nothing to be followed.
            Evidence::None => self.begun.map(|begun| begun + FEEDBACK_AWAITED).filter(|given_up| *given_up > now),
            Evidence::Arrivals | Evidence::Full { .. } => self.estimator.poll_timeout(),
        };
        due.map(|due| due.max(now + TICK))
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.evidence != Evidence::None {
            self.estimator.handle_timeout(now);
        }
    }

    /// What would be sent if the link carried it, and the most that may be, bit/s.
    pub fn set_wanted(&mut self, bps: u64, most_bps: Option<u64>) {
        self.estimator.set_wanted(bps, most_bps);
    }

    /// What it says, bit/s; `None` while it rests on nothing.
    pub fn bps(&self) -> Option<u64> {
        (self.evidence != Evidence::None).then(|| self.estimator.estimate().bps)
    }

    /// What may be sent; `None`: the link never said what arrived, so that nothing is known of it.
    fn budget_bps(&self, now: Instant) -> Option<u64> {
        let is_awaited = self.begun.is_none_or(|begun| now.saturating_duration_since(begun) < FEEDBACK_AWAITED);
        let told = (self.evidence != Evidence::None).then(|| self.estimator.estimate().carries_bps);
        told.or_else(|| is_awaited.then_some(START_BPS))
    }

    fn note_evidence(&mut self) {
        let estimate = self.estimator.estimate();
        let is_full = estimate.state == EstimateState::Reducing && estimate.queue_delay >= LONG_QUEUE;
        self.evidence = match self.evidence {
            _ if is_full => Evidence::Full { bps: estimate.bps },
            Evidence::Full { bps } if estimate.bps < bps.saturating_mul(2) => Evidence::Full { bps },
            Evidence::None | Evidence::Arrivals | Evidence::Full { .. } => Evidence::Arrivals,
        };
    }
}

impl Participant {
    /// Begins to estimate what its link carries.
    pub(super) fn begin_estimate(&mut self, now: Instant) {
        let tells = self.slots.iter().any(|assigned| assigned.slot.extensions().transport_cc().is_some());
        if tells && self.egress.link.is_none() {
            self.egress.link = Some(LinkEstimate::new(now, FeedbackKind::TransportWide));
        }
    }

    /// What its link carries, as a budget.
    pub(super) fn link_budget(&self, now: Instant) -> Option<Budget> {
        let link = self.egress.link.as_ref()?;
        let bps = link.budget_bps(now)?;
        Some(Budget { bps, by: LimitedBy::Link, is_guess: !matches!(link.evidence, Evidence::Full { .. }) })
    }

    /// Takes what its peer says of the packets that it was sent.
    pub(super) fn take_feedback(&mut self, now: Instant, feedback: &TransportFeedback<'_>) {
        let Some(link) = &mut self.egress.link else { return };
        if let Some(round_trip) = self.chain.round_trip() {
            link.estimator.on_round_trip(round_trip);
        }
        link.estimator.on_feedback(now, feedback);
        link.note_evidence();
    }

    /// Takes what its peer says that it can take (REMB, draft-alvestrand-rmcat-remb-03): all there is to know where packets
    /// bear no transport-wide numbers.
    fn take_remb(&mut self, now: Instant, bps: u64) {
        let link = self.egress.link.get_or_insert_with(|| LinkEstimate::new(now, FeedbackKind::ReceiverEstimate));
        link.estimator.on_remb(now, bps);
        // Beside transport-wide feedback it is a bound, and no sign of a queue.
        if link.feedback == FeedbackKind::ReceiverEstimate {
            link.evidence = Evidence::Full { bps };
        }
    }

    /// What it would take of what its room may send, bit/s: no more than a link that was full may carry soon.
    pub(super) fn demand_bps(&self) -> u64 {
        self.demand_of(&self.allotment)
    }

    /// The same if it had been given this.
    pub(super) fn demand_of(&self, allotment: &Allotment) -> u64 {
        let link = self.egress.link.as_ref().filter(|link| matches!(link.evidence, Evidence::Full { .. }));
        let soon = link.and_then(LinkEstimate::bps).map_or(u64::MAX, |bps| bps.saturating_mul(2));
        allotment.demand_bps().min(soon)
    }

    /// Whether padding can be sent to it: in a stream of repeats, whose receivers pass over what repeats nothing.
    pub(super) fn can_pad(&self) -> bool {
        self.slots.iter().any(|assigned| assigned.slot.padding().is_some())
    }

    /// Whether what it was given should be looked at again.
    fn is_to_be_looked_at(&self, now: Instant) -> bool {
        let allotment = &self.allotment;
        let Some(link) = self.link_budget(now) else {
            return allotment.budget.is_some_and(|budget| budget.by == LimitedBy::Link);
        };
        let since = allotment.decided_at.map_or(Duration::MAX, |at| now.saturating_duration_since(at));
        let was = allotment.budget.map_or(u64::MAX, |budget| budget.bps);
        let falls_short = link.bps < was && link.for_media() < allotment.spent_bps;
        let interval = match () {
            () if !allotment.is_whole => CROWDED_INTERVAL,
            () if self.has_room(link) => ROOMY_INTERVAL,
            () => FITTING_INTERVAL,
        };
        falls_short || since >= interval
    }

    /// Whether its link carries what it is sent, repeats and all.
    fn has_room(&self, link: Budget) -> bool {
        let sent_bps = self.egress.link.as_ref().and_then(|link| link.estimator.sent_bps());
        sent_bps.is_some_and(|sent_bps| sent_bps <= link.for_media())
    }
}

impl Shard {
    /// A receiver says what it can take.
    pub(super) fn receiver_can_take(&mut self, now: Instant, viewer: ParticipantKey, bps: u64) {
        let Some(participant) = self.participants.get_mut(viewer) else { return };
        let is_sent_pictures = participant.slots.iter().any(|assigned| assigned.slot.kind == MediaKind::Video);
        if is_sent_pictures {
            participant.take_remb(now, bps);
            self.follow_estimate(now, viewer);
        }
    }

    /// Decides anew what fits a viewer if its estimate has moved by what matters, and has a probe sent that is due.
    pub(super) fn follow_estimate(&mut self, now: Instant, viewer: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(viewer) else { return };
        if participant.egress.link.as_ref().is_some_and(|link| link.padding_due(now) > 0) {
            self.send_queue.push(viewer, &mut participant.egress);
        }
        if participant.is_to_be_looked_at(now) {
            self.attach(now, viewer);
        }
    }
}
