//! Asks a publisher for what did not arrive (RFC 4585 §6.2.1): after a short grace for reordering, again within each round
//! trip, a bounded number of times, and then not any more.
//!
//! Invariant: at most [`MISSING_PER_STREAM_MAX`] packets of a stream and [`MISSING_PER_TRANSPORT_MAX`] of all are remembered as
//! missing, none longer than `MISSING_RETAINED`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ::rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};

use super::config::{Arrival, RemoteStream};
use super::counters::whole;
use super::event::{Control, ControlEvent};
use super::missing_packets::{Due, Fate, MissingPackets};
use super::stage::{Outbox, Stage};
use crate::id::Ssrc;
use crate::limits::{MISSING_PER_STREAM_MAX, MISSING_PER_TRANSPORT_MAX};
use crate::rtp::{ExtSeqNo, SeqNo};

/// A repeat of the question waits at least this long; a browser's pacer needs some of it.
const REPEAT_MIN: Duration = Duration::from_millis(20);
/// A jump of the sequence number beyond this, confirmed by the next packet, is a restart (RFC 3550 A.1).
const JUMP_MAX: u16 = 3_000;
/// Sequence numbers of one message: keeps it under the MTU even if each takes a pair of its own.
const SEQUENCES_PER_MESSAGE: usize = 250;
/// Round-trip time until one is measured, as browsers assume.
const ROUND_TRIP_DEFAULT: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Stream {
    highest: Option<ExtSeqNo>,
    arrivals: u64,
    /// The number that would confirm a restart.
    restart: Option<SeqNo>,
}

/// What an arrival means for its stream.
enum Step {
    /// In turn, or late.
    Expected,
    /// Those in between did not arrive, first and last.
    Gap(ExtSeqNo, ExtSeqNo),
    /// Far off: one such packet is a stray.
    Stray,
    /// The stream begins anew.
    Restart,
}

/// What is due in one stream.
#[derive(Default)]
struct StreamDues {
    asked: Vec<ExtSeqNo>,
    abandoned: usize,
}

/// The NACK interceptor's stage.
pub(super) struct NackGenerator {
    streams: BTreeMap<Ssrc, Stream>,
    missing: MissingPackets,
    /// Smoothed time from a question to its answer.
    round_trip: Duration,
}

impl Default for NackGenerator {
    fn default() -> Self {
        Self { streams: BTreeMap::new(), missing: MissingPackets::default(), round_trip: ROUND_TRIP_DEFAULT }
    }
}

impl NackGenerator {
    /// Before the answer can be here: the question may have been lost, and browsers ignore it where it was not.
    fn repeat_after(&self) -> Duration {
        (self.round_trip * 3 / 4).max(REPEAT_MIN)
    }

    fn note(&mut self, now: Instant, ssrc: Ssrc, gap: (ExtSeqNo, ExtSeqNo), arrivals: u64, out: &mut Outbox) {
        self.missing.note(now, ssrc, gap, arrivals);
        if self.missing.packets_of(ssrc) > MISSING_PER_STREAM_MAX || self.missing.packets() > MISSING_PER_TRANSPORT_MAX
        {
            let shed = self.missing.forget(ssrc);
            out.counters.repairs_shed += whole(shed);
            abandon(ssrc, shed, out);
        }
    }

    /// Asks for what is due and gives up what is too old; `arrived`: the stream that goes on, with its count of arrivals.
    fn ask(&mut self, now: Instant, arrived: Option<(Ssrc, u64)>, out: &mut Outbox) {
        let repeat_after = self.repeat_after();
        let mut dues = BTreeMap::<Ssrc, StreamDues>::new();
        while let Some(due) = self.missing.pop_due(now, repeat_after) {
            add(&mut dues, due);
        }
        if let Some((ssrc, arrivals)) = arrived {
            while let Some(due) = self.missing.pop_overtaken(now, ssrc, arrivals) {
                add(&mut dues, due);
            }
        }
        for (ssrc, StreamDues { mut asked, abandoned }) in dues {
            abandon(ssrc, abandoned, out);
            out.counters.packets_nacked += whole(asked.len());
            asked.sort_unstable();
            let sequences: Vec<u16> = asked.into_iter().map(|sequence| sequence.seq().0).collect();
            for sequences in sequences.chunks(SEQUENCES_PER_MESSAGE) {
                out.counters.nacks_sent += 1;
                let nacks = nack_pairs_from_sequence_numbers(sequences);
                out.send(vec![Box::new(TransportLayerNack { sender_ssrc: 0, media_ssrc: ssrc.0, nacks })]);
            }
        }
    }

    fn repaired(&mut self, now: Instant, ssrc: Ssrc, sequence: SeqNo, out: &mut Outbox) {
        let highest = self.streams.get(&ssrc).and_then(|stream| stream.highest);
        let Some(sequence) = highest.and_then(|highest| highest.extend(sequence)) else { return };
        let Some(found) = self.missing.take(ssrc, sequence) else { return };
        let Some(asked) = found.asked else { return };
        out.counters.packets_repaired += 1;
        // An answer to a question asked twice says nothing about the round trip (Karn).
        if found.tries == 1 {
            self.round_trip = (self.round_trip * 7 + now.saturating_duration_since(asked)) / 8;
        }
    }
}

fn abandon(ssrc: Ssrc, packets: usize, out: &mut Outbox) {
    if packets > 0 {
        out.counters.repairs_abandoned += whole(packets);
        out.event(ControlEvent::RepairAbandoned { ssrc, packets });
    }
}

fn add(dues: &mut BTreeMap<Ssrc, StreamDues>, due: Due) {
    let stream = dues.entry(due.ssrc).or_default();
    let sequences = std::iter::successors(Some(due.first), |sequence| Some(sequence.next()))
        .take_while(|sequence| *sequence <= due.last);
    match due.fate {
        Fate::Ask => stream.asked.extend(sequences),
        Fate::Abandon => stream.abandoned += sequences.count(),
    }
}

impl Stream {
    fn beginning_at(sequence: SeqNo) -> Self {
        // A cycle up, so that packets from before the first one have a number too.
        let first = ExtSeqNo(1 << 16).offset(i64::from(sequence.0));
        Self { highest: Some(first), ..Self::default() }
    }

    fn arrive(&mut self, sequence: SeqNo) -> Step {
        let Some(highest) = self.highest else {
            *self = Self::beginning_at(sequence);
            return Step::Expected;
        };
        let step = sequence.distance(highest.seq());
        if step.unsigned_abs() > JUMP_MAX {
            return self.jump(sequence);
        }
        self.restart = None;
        self.arrivals += 1;
        if step <= 0 {
            return Step::Expected;
        }
        let arrived = highest.offset(i64::from(step));
        self.highest = Some(arrived);
        if step == 1 { Step::Expected } else { Step::Gap(highest.next(), arrived.offset(-1)) }
    }

    /// One stray packet is ignored; two in a row begin the stream anew.
    fn jump(&mut self, sequence: SeqNo) -> Step {
        if self.restart != Some(sequence) {
            self.restart = Some(SeqNo(sequence.0.wrapping_add(1)));
            return Step::Stray;
        }
        *self = Self::beginning_at(sequence);
        Step::Restart
    }
}

impl Stage for NackGenerator {
    fn handle_arrival(&mut self, now: Instant, arrival: &Arrival, out: &mut Outbox) {
        let &Arrival { ssrc, sequence, .. } = arrival;
        let Some(stream) = self.streams.get_mut(&ssrc) else { return };
        let is_behind = stream.highest.is_some_and(|highest| sequence.distance(highest.seq()) < 0);
        let step = stream.arrive(sequence);
        let arrivals = stream.arrivals;
        match step {
            // Late, or a repeat on its own SSRC where RTX was not agreed.
            Step::Expected | Step::Stray if is_behind => self.repaired(now, ssrc, sequence, out),
            Step::Expected | Step::Stray => {}
            Step::Gap(first, last) => self.note(now, ssrc, (first, last), arrivals, out),
            Step::Restart => {
                let forgotten = self.missing.forget(ssrc);
                abandon(ssrc, forgotten, out);
            }
        }
        self.ask(now, Some((ssrc, arrivals)), out);
    }

    fn handle_control(&mut self, now: Instant, control: &Control, out: &mut Outbox) {
        match control {
            Control::Repaired { ssrc, sequence } => self.repaired(now, *ssrc, *sequence, out),
            Control::RoundTrip(round_trip) => self.round_trip = *round_trip,
            Control::RequestKeyframe { .. }
            | Control::KeyframeArrived { .. }
            | Control::SenderSample { .. }
            | Control::LimitSending(_) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Outbox) {
        self.ask(now, None, out);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.missing.next_due(self.repeat_after())
    }

    fn bind_remote(&mut self, stream: &RemoteStream) {
        if stream.nack {
            self.missing.forget(stream.ssrc);
            self.streams.insert(stream.ssrc, Stream::default());
        }
    }

    fn unbind_remote(&mut self, ssrc: Ssrc) {
        self.missing.forget(ssrc);
        self.streams.remove(&ssrc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::RtpTime;

    const STREAMS: u32 = 4;

    struct Bench {
        generator: NackGenerator,
        now: Instant,
        sequence: u16,
    }

    impl Bench {
        /// Each stream lacks every second packet, `missing` in all, each asked for once.
        fn lacking(missing: u16) -> Self {
            let mut generator = NackGenerator::default();
            for ssrc in 0..STREAMS {
                let stream = RemoteStream { ssrc: Ssrc(ssrc), clock_rate: 90_000, nack: true, pli: true, fir: false };
                generator.bind_remote(&stream);
            }
            let mut bench = Self { generator, now: Instant::now(), sequence: 0 };
            bench.arrive(0);
            (0..missing).for_each(|_| bench.arrive(2));
            (0..3).for_each(|_| bench.arrive(1));
            assert_eq!(bench.generator.missing.packets_of(Ssrc(0)), usize::from(missing));
            bench.generator.missing.steps = 0;
            bench
        }

        /// The packet `ahead` of the last arrives in each stream, and the timer is set anew.
        fn arrive(&mut self, ahead: u16) {
            self.sequence += ahead;
            self.handle(self.sequence);
        }

        fn handle(&mut self, sequence: u16) {
            for ssrc in (0..STREAMS).map(Ssrc) {
                let (sequence, timestamp) = (SeqNo(sequence), RtpTime(0));
                let arrival = Arrival { ssrc, sequence, timestamp, transport_sequence: None };
                self.generator.handle_arrival(self.now, &arrival, &mut Outbox::default());
                self.generator.poll_timeout();
            }
        }
    }

    /// Runs touched by arrivals in turn, by one more loss that is asked for, and by a repair.
    fn steps(missing: u16) -> [usize; 3] {
        let mut bench = Bench::lacking(missing);
        let mut last = 0;
        let mut since = |bench: &Bench| {
            let steps = bench.generator.missing.steps;
            steps - std::mem::replace(&mut last, steps)
        };
        (0..100).for_each(|_| bench.arrive(1));
        let in_turn = since(&bench);
        bench.arrive(2);
        (0..2).for_each(|_| bench.arrive(1));
        let loss = since(&bench);
        bench.handle(1);
        [in_turn, loss, since(&bench)]
    }

    #[test]
    fn an_arrival_costs_no_more_when_a_thousand_packets_are_missing() {
        let streams = usize::try_from(STREAMS).unwrap();
        assert_eq!(steps(2), [0, 2 * streams, streams]);
        assert_eq!(steps(990), steps(2));
    }

    #[test]
    fn a_hole_costs_no_more_than_a_lone_loss_until_it_is_asked_for() {
        let mut bench = Bench::lacking(2);
        bench.arrive(900);
        assert_eq!(bench.generator.missing.steps, usize::try_from(STREAMS).unwrap());
    }
}
