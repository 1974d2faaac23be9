//! The rewriting contract where temporal layers of VP8 are left out, under arbitrary loss, reordering, switches, limits that go
//! up and down, and NACKs: no SRTP index is ever used for two different packets, once everything has come nothing is missing,
//! and what is sent needs nothing that was left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sfu_core::bitrate::Frames;
use sfu_core::codec::{Codec, inspect};
use sfu_core::id::{EncodingId, MediaKind, Mid, PayloadType, Ssrc};
use sfu_core::limits::RING_BYTES_MAX;
use sfu_core::publish::{Encoding, Received};
use sfu_core::ring::{Retention, Ring};
use sfu_core::rtp::{ExtSeqNo, RtpPacket, RtpTime, SeqNo};
use sfu_core::sdp::{ExtensionIds, Feedback, NegotiatedCodec};
use sfu_core::subscribe::{Choice, FirstNumbers, Slot};
use slotmap::SlotMap;

const MEDIA: Ssrc = Ssrc(1);
const RTX: Ssrc = Ssrc(2);
const TRANSPORT_CC: u8 = 3;
/// How many frames later a packet comes at the latest: within what a slot remembers.
const DELAYED_MAX: u32 = 20;
/// As libwebrtc's encoder has it, with layer sync for the second and third frame of eight.
const L1T3: [(u8, bool); 8] =
    [(0, false), (2, true), (1, true), (2, false), (0, false), (2, false), (1, false), (2, false)];

/// What a test payload says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    source: u8,
    sequence: u64,
    frame: u32,
}

fn mark(payload: &[u8]) -> Mark {
    let body = &payload[7..];
    let sequence = u64::from_be_bytes(body[1..9].try_into().unwrap());
    Mark { source: body[0], sequence, frame: u32::from_be_bytes(body[9..13].try_into().unwrap()) }
}

/// A frame as its encoder knows it.
#[derive(Debug, Clone, Default)]
struct Frame {
    first: u64,
    packets: u64,
    temporal: u8,
    key: bool,
    needs: Vec<u32>,
}

/// A VP8 encoder and the network behind it.
struct Source {
    number: u8,
    id: EncodingId,
    encoding: Encoding,
    sequence: u64,
    frame: u32,
    tl0: u8,
    frames: BTreeMap<u32, Frame>,
    /// The newest frame of each layer since the last key frame.
    newest: BTreeMap<u8, u32>,
    delayed: Vec<Vec<u8>>,
}

impl Source {
    /// Encodes one frame; `fates` says which of its packets are delayed.
    fn encode(&mut self, packets: u64, (temporal, sync): (u8, bool), key: bool, fates: u8, now: Instant) {
        self.frame += 1;
        let temporal = if key || self.newest.is_empty() { 0 } else { temporal };
        if key {
            self.newest.clear();
        }
        let needed = |layer: &u8| if sync && temporal > 0 { *layer == 0 } else { *layer <= temporal };
        let needs = self.newest.iter().filter(|(layer, _)| needed(layer)).map(|(_, frame)| *frame).collect();
        self.frames.insert(self.frame, Frame { first: self.sequence, packets, temporal, key, needs });
        self.newest.insert(temporal, self.frame);
        self.tl0 = self.tl0.wrapping_add(u8::from(temporal == 0));
        for at in 0..packets {
            let [_, _, high, low] = self.frame.to_be_bytes();
            let layers = temporal << 6 | u8::from(sync) << 5;
            let start = if at == 0 { 0x10 } else { 0 };
            let mut payload = vec![0x80 | start, 0xe0, 0x80 | high, low, self.tl0, layers, u8::from(!key), self.number];
            payload.extend_from_slice(&self.sequence.to_be_bytes());
            payload.extend_from_slice(&self.frame.to_be_bytes());
            payload.resize(24 + usize::from(fates), 0);
            self.sequence += 1;
            if fates >> at & 1 == 1 {
                self.delayed.push(payload);
            } else {
                self.receive(&payload, now);
            }
        }
        let newest = self.frame;
        let due = |payload: &Vec<u8>| mark(payload).frame + DELAYED_MAX < newest;
        while let Some(place) = self.delayed.iter().position(due) {
            let payload = self.delayed.remove(place);
            self.receive(&payload, now);
        }
    }

    fn receive(&mut self, payload: &[u8], arrival: Instant) {
        let mark = mark(payload);
        let frame = &self.frames[&mark.frame];
        self.encoding.receive(
            MediaKind::Video,
            &Received {
                sequence: ExtSeqNo(mark.sequence),
                timestamp: RtpTime(mark.frame.wrapping_mul(3_000).wrapping_add(u32::from(mark.source) * 77_777)),
                arrival,
                codec: Codec::Vp8,
                marker: mark.sequence + 1 == frame.first + frame.packets,
                audio_level: None,
                descriptor: &[],
                payload,
                repeated: false,
            },
            0,
        );
    }
}

#[derive(Debug, Clone)]
enum Step {
    Frame { source: usize, packets: u64, layer: (u8, bool), key: bool, fates: u8 },
    Late { source: usize, pick: usize },
    Attach { source: usize },
    Limit { frames: Frames },
    Drain,
    Nack { back: u16, count: u16 },
    Wait { ms: u64 },
}

fn steps(lossy: bool) -> impl Strategy<Value = Vec<Step>> {
    let source = prop_oneof![4 => Just(0_usize), 1 => Just(1)];
    let fates = if lossy { prop_oneof![2 => Just(0_u8), 1 => any::<u8>()].boxed() } else { Just(0_u8).boxed() };
    let layer = prop_oneof![(0..3_u8, proptest::bool::weighted(0.3)), (0..2_u8, any::<bool>())];
    let limit = prop_oneof![Just(Frames::All), (0..3_u8).prop_map(Frames::UpTo)];
    proptest::collection::vec(
        prop_oneof![
            24 => (source.clone(), 1_u64..5, layer, proptest::bool::weighted(0.08), fates)
                .prop_map(|(source, packets, layer, key, fates)| Step::Frame { source, packets, layer, key, fates }),
            4 => (source.clone(), any::<usize>()).prop_map(|(source, pick)| Step::Late { source, pick }),
            1 => source.prop_map(|source| Step::Attach { source }),
            4 => limit.prop_map(|frames| Step::Limit { frames }),
            16 => Just(Step::Drain),
            4 => (0_u16..60, 1_u16..20).prop_map(|(back, count)| Step::Nack { back, count }),
            1 => (0_u64..40).prop_map(|ms| Step::Wait { ms }),
        ],
        1..250,
    )
}

/// What a number of the slot stood for: a packet of a source with its ids on the wire, or padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Packet { mark: Mark, picture_id: u16, tl0: u8, marker: bool, timestamp: RtpTime },
    Padding,
}

struct Run {
    slot: Slot,
    sources: Vec<Source>,
    /// By SSRC and full index.
    sent: BTreeMap<(Ssrc, u64), Vec<u8>>,
    newest: Option<u64>,
    transport_sequence: u16,
    now: Instant,
    /// Which limit held when each frame of a source was sent first.
    limits: BTreeMap<(u8, u32), Frames>,
    limit: Frames,
}

impl Run {
    fn new(rtx: bool) -> Self {
        let mut ids: SlotMap<EncodingId, ()> = SlotMap::with_key();
        let mut tracks = SlotMap::with_key();
        let mut source = |number: u8| Source {
            number,
            id: ids.insert(()),
            encoding: Encoding::new(tracks.insert(()), None, None, Ring::new(Retention::Repeats, RING_BYTES_MAX)),
            sequence: 65_450 + u64::from(number) * 300,
            frame: 32_700,
            tl0: 250,
            frames: BTreeMap::new(),
            newest: BTreeMap::new(),
            delayed: Vec::new(),
        };
        let codec = NegotiatedCodec {
            codec: Codec::Vp8,
            payload_type: PayloadType(96),
            rtx: rtx.then_some(PayloadType(97)),
            feedback: Feedback { nack: true, ..Feedback::default() },
        };
        let slot = Slot::new(
            Mid("0".into()),
            MediaKind::Video,
            (MEDIA, rtx.then_some(RTX)),
            vec![codec],
            ExtensionIds { transport_cc: Some(TRANSPORT_CC), ..ExtensionIds::default() },
            FirstNumbers { media: 32_700, rtx: 5 },
        );
        let mut run = Self {
            slot,
            sources: vec![source(0), source(1)],
            sent: BTreeMap::new(),
            newest: None,
            transport_sequence: 0,
            now: Instant::now(),
            limits: BTreeMap::new(),
            limit: Frames::All,
        };
        run.attach(0);
        run
    }

    fn attach(&mut self, source: usize) {
        let source = &self.sources[source];
        self.slot.attach(source.id, &source.encoding.ring, self.now);
        self.slot.set_frames(self.limit);
    }

    fn limit(&mut self, frames: Frames) {
        self.limit = frames;
        self.slot.set_frames(frames);
        self.slot.set_frames_of_what_is_left(frames);
    }

    fn frame(&mut self, source: usize, packets: u64, layer: (u8, bool), key: bool, fates: u8) {
        // All of a run is within what a ring keeps.
        self.now += Duration::from_millis(2);
        let source = &mut self.sources[source];
        source.encode(packets, layer, key, fates, self.now);
    }

    fn drain(&mut self) {
        let Self { slot, sources, sent, newest, transport_sequence, limits, limit, .. } = self;
        let rings = |id: EncodingId| sources.iter().find(|source| source.id == id).map(|source| &source.encoding.ring);
        while let Some(pending) = slot.pending(rings, self.now, Choice::RepeatsFirst) {
            let outgoing = slot.take(pending).expect("pending said so");
            let mut bytes = Vec::new();
            *transport_sequence += 1;
            outgoing.write(slot.extensions(), *transport_sequence, &mut bytes);
            assert_eq!(bytes.len(), pending.bytes);
            if outgoing.original.is_none() {
                *newest = (*newest).max(Some(outgoing.sequence.0));
                if let Some(mark) =
                    RtpPacket::parse(&bytes).map(|packet| packet.payload).filter(|it| !it.is_empty()).map(mark)
                {
                    limits.entry((mark.source, mark.frame)).or_insert(*limit);
                }
            }
            let index = (outgoing.ssrc, outgoing.sequence.0);
            if let Some(before) = sent.insert(index, bytes.clone()) {
                assert!(before == bytes, "index {index:?} was used for two different packets");
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Frame { source, packets, layer, key, fates } => self.frame(source, packets, layer, key, fates),
            Step::Late { source, pick } => {
                let source = &mut self.sources[source];
                if !source.delayed.is_empty() {
                    let payload = source.delayed.remove(pick % source.delayed.len());
                    source.receive(&payload, self.now);
                }
            }
            Step::Attach { source } => self.attach(source),
            Step::Limit { frames } => self.limit(frames),
            Step::Drain => self.drain(),
            Step::Nack { back, count } => {
                let newest = SeqNo(u16::try_from(self.newest.unwrap_or(32_700) & 0xffff).unwrap());
                self.slot.owe_repeats((0..count).map(|at| SeqNo(newest.0.wrapping_sub(back).wrapping_add(at))));
            }
            Step::Wait { ms } => self.now += Duration::from_millis(ms),
        }
    }

    /// Everything comes after all.
    fn mend(&mut self) {
        for source in &mut self.sources {
            for payload in std::mem::take(&mut source.delayed) {
                source.receive(&payload, self.now);
            }
        }
        self.drain();
    }

    /// The receiver hears of all numbers, by frames that follow, and asks for those that it has not got: of a key frame that was
    /// overtaken by what follows it the reader began with what came last.
    fn hear_of_all(&mut self) {
        for source in 0..self.sources.len() {
            self.frame(source, 1, (0, false), false, 0);
        }
        self.drain();
        let sent = self.sent.keys().filter(|(ssrc, _)| *ssrc == MEDIA).map(|(_, number)| *number);
        let sent: BTreeSet<u64> = sent.collect();
        let missing = (32_700..self.newest.unwrap_or(0)).filter(|number| !sent.contains(number));
        let missing: Vec<SeqNo> = missing.map(|number| SeqNo(u16::try_from(number & 0xffff).unwrap())).collect();
        self.slot.owe_repeats(missing);
        self.drain();
    }

    /// What each number stood for, with repeats put back where they belong (RFC 4588 §4).
    fn stream(&self) -> BTreeMap<u64, Sent> {
        let mut stream = BTreeMap::new();
        for ((ssrc, index), bytes) in &self.sent {
            let packet = RtpPacket::parse(bytes).unwrap();
            let (number, payload) = if *ssrc == RTX {
                let original = SeqNo(u16::from_be_bytes(packet.payload[..2].try_into().unwrap()));
                (ExtSeqNo(40_000).extend(original).unwrap().0, &packet.payload[2..])
            } else {
                (*index, packet.payload)
            };
            let sent = if payload.is_empty() {
                assert!(!packet.marker, "padding ends no frame");
                Sent::Padding
            } else {
                let ids = inspect(Codec::Vp8, payload).unwrap().ids.unwrap();
                let (picture_id, tl0) = (ids.picture_id.unwrap().value(), ids.tl0.unwrap());
                let (mark, marker, timestamp) = (mark(payload), packet.marker, packet.timestamp);
                Sent::Packet { mark, picture_id, tl0, marker, timestamp }
            };
            if let Some(known) = stream.insert(number, sent) {
                assert_eq!(known, sent, "the repeat of {number} differs from its first sending");
            }
        }
        stream
    }

    /// The stream since the last change of source, once everything has come, as a decoder sees it.
    fn judge(&self) -> Judged {
        let stream = self.stream();
        let Some(live) = self.slot.encoding().filter(|_| self.slot.is_live()) else { return Judged::default() };
        let source = self.sources.iter().find(|source| source.id == live).unwrap();
        let is_of_it = |sent: &Sent| !matches!(sent, Sent::Packet { mark, .. } if mark.source != source.number);
        let newest_first = stream.iter().rev();
        let part: BTreeMap<u64, Sent> =
            newest_first.take_while(|(_, sent)| is_of_it(sent)).map(|(number, sent)| (*number, *sent)).collect();
        let part = since_newest_beginning(part);
        let numbers: Vec<u64> = part.keys().copied().collect();
        assert!(numbers.windows(2).all(|two| two[0] + 1 == two[1]), "a number is missing for good: {numbers:?}");
        let mut shown: BTreeMap<u32, (u16, u8, RtpTime, u64)> = BTreeMap::new();
        let mut last = None;
        for (number, sent) in &part {
            let Sent::Packet { mark, picture_id, tl0, timestamp, .. } = *sent else { continue };
            assert!(last < Some(mark.sequence), "{number}: {mark:?} stands after {last:?}");
            last = Some(mark.sequence);
            let entry = shown.entry(mark.frame).or_insert((picture_id, tl0, timestamp, 0));
            assert_eq!((entry.0, entry.1, entry.2), (picture_id, tl0, timestamp), "frame {} is torn", mark.frame);
            entry.3 += 1;
        }
        let Some((first, newest)) = shown.keys().next().copied().zip(shown.keys().next_back().copied()) else {
            return Judged::default();
        };
        assert!(source.frames[&first].key, "it begins with frame {first}");
        let mut before: Option<(u16, u8, RtpTime, u32)> = None;
        for (name, (picture_id, tl0, timestamp, packets)) in &shown {
            let frame = &source.frames[name];
            assert_eq!(*packets, frame.packets, "frame {name} is not whole");
            let missing = frame.needs.iter().find(|need| **need >= first && !shown.contains_key(need));
            assert_eq!(missing, None, "frame {name} of layer {} needs what was left out", frame.temporal);
            if let Some((old_id, old_tl0, old_time, old)) = before {
                let ids = picture_id.wrapping_sub(old_id) & 0x7fff;
                assert!(ids >= 1 && u32::from(ids) <= name - old, "picture ids from frame {old} to {name}: {ids}");
                assert_eq!(tl0.wrapping_sub(old_tl0), u8::from(frame.temporal == 0), "TL0PICIDX of frame {name}");
                assert_eq!(timestamp.minus(old_time), (name - old) * 3_000, "timestamp of frame {name}");
            }
            before = Some((*picture_id, *tl0, *timestamp, *name));
        }
        let is_due = |(name, frame): (&u32, &Frame)| frame.temporal == 0 && (first..newest).contains(name);
        let lowest: BTreeSet<u32> = source.frames.iter().filter(|it| is_due(*it)).map(|(name, _)| *name).collect();
        assert!(lowest.iter().all(|name| shown.contains_key(name)), "a frame of the lowest layer was left out");
        let steps = shown.values().zip(shown.values().skip(1)).map(|(old, new)| new.0.wrapping_sub(old.0) & 0x7fff);
        Judged {
            layers: shown.keys().map(|name| (*name, source.frames[name].temporal)).collect(),
            source: source.number,
            picture_id_gaps: steps.filter(|step| *step != 1).count(),
            padding: part.values().filter(|sent| **sent == Sent::Padding).count(),
        }
    }
}

/// A stream that was left and taken up again begins anew with a key frame whose numbers do not follow on.
fn since_newest_beginning(part: BTreeMap<u64, Sent>) -> BTreeMap<u64, Sent> {
    let mut begins = part.keys().next().copied().unwrap_or(0);
    let mut offset = None;
    for (number, sent) in &part {
        let Sent::Packet { mark, timestamp, .. } = sent else { continue };
        let moved = timestamp.minus(RtpTime(mark.frame.wrapping_mul(3_000)));
        if offset.is_some_and(|known| known != moved) {
            begins = *number;
        }
        offset = Some(moved);
    }
    // What stands before a stream's first packet is padding of the one before.
    part.into_iter().filter(|(number, _)| *number >= begins).skip_while(|(_, sent)| *sent == Sent::Padding).collect()
}

#[derive(Debug, Default)]
struct Judged {
    /// The layer of each frame that was sent.
    layers: BTreeMap<u32, u8>,
    source: u8,
    picture_id_gaps: usize,
    padding: usize,
}

fn run(steps: Vec<Step>, rtx: bool) -> Run {
    let mut run = Run::new(rtx);
    for step in steps {
        run.step(step);
    }
    run.drain();
    run.mend();
    run.hear_of_all();
    run
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn with_rtx(steps in steps(true)) {
        run(steps, true).judge();
    }

    #[test]
    fn with_repeats_in_place(steps in steps(true)) {
        let run = run(steps, false);
        prop_assert!(run.sent.keys().all(|(ssrc, _)| *ssrc == MEDIA));
        run.judge();
    }

    #[test]
    fn where_nothing_is_lost_no_id_is_skipped_and_the_limit_holds(steps in steps(false)) {
        let mut run = Run::new(true);
        for step in steps {
            run.step(step);
        }
        run.drain();
        let judged = run.judge();
        prop_assert_eq!((judged.picture_id_gaps, judged.padding), (0, 0));
        for (frame, temporal) in judged.layers {
            let limit = run.limits[&(judged.source, frame)];
            prop_assert!(limit.includes(temporal), "frame {} of layer {} under {:?}", frame, temporal, limit);
        }
    }
}

fn feed(run: &mut Run, frames: std::ops::Range<usize>, fates: impl Fn(usize) -> u8) {
    for at in frames {
        run.frame(0, 3, L1T3[at % 8], at == 0, fates(at));
        run.drain();
    }
}

/// How many frames of each layer went out since the last time.
fn layers(run: &Run, since: u32) -> [usize; 3] {
    let judged = run.judge();
    [0, 1, 2].map(|layer| judged.layers.range(since..).filter(|(_, found)| **found == layer).count())
}

#[test]
fn a_limit_takes_frames_away_at_once_and_gives_them_back_within_a_cycle_without_a_key_frame() {
    let mut run = Run::new(true);
    feed(&mut run, 0..16, |_| 0);
    assert_eq!(layers(&run, 0), [4, 4, 8]);
    for (limit, expected) in [(Frames::UpTo(1), [4, 4, 0]), (Frames::BASE, [4, 0, 0])] {
        let since = run.sources[0].frame + 1;
        run.limit(limit);
        feed(&mut run, 16..32, |_| 0);
        assert_eq!((layers(&run, since), run.slot.frames()), (expected, limit));
    }
    let since = run.sources[0].frame + 1;
    run.limit(Frames::All);
    feed(&mut run, 32..48, |_| 0);
    let [lowest, middle, highest] = layers(&run, since);
    assert!(lowest == 4 && middle == 4 && (4..8).contains(&highest), "{middle} {highest}");
    assert_eq!(run.slot.stats.switches, 1);
    assert_eq!(run.sources[0].frames.values().filter(|frame| frame.key).count(), 1);
}

#[test]
fn what_is_lost_where_frames_are_left_out_leaves_a_gap_until_it_is_mended_and_is_repeated_as_it_went_out() {
    let mut run = Run::new(true);
    feed(&mut run, 0..8, |_| 0);
    run.limit(Frames::UpTo(1));
    // The end of a frame of the lowest layer with the begin of one that is left out, and all of another such.
    feed(&mut run, 8..16, |at| [0b100, 0b001, 0, 0b111].get(at - 8).copied().unwrap_or(0));
    let stream = run.stream();
    let (newest, missing) = (run.newest.unwrap(), (32_700..run.newest.unwrap()).filter(|at| !stream.contains_key(at)));
    assert_eq!(missing.count(), 5);
    run.mend();
    assert_eq!(run.judge().padding, 4);
    run.slot.owe_repeats((32_700..=newest).map(|number| SeqNo((number & 0xffff).try_into().unwrap())));
    run.drain();
    run.judge();
    let repeats = run.sent.keys().filter(|(ssrc, _)| *ssrc == RTX).count();
    assert_eq!(u64::try_from(repeats).unwrap(), newest - 32_700 + 1, "everything that went out can be repeated");
}
