//! A clean stream is clean, and each check of a lean client finds the stream that was broken for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::receiver_report::ReceiverReport;
use rtcp::sender_report::SenderReport;
use rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtp::Packet;
use shared::marshal::Marshal;

use super::client::Client;
use super::config::ClientConfig;
use super::description::{Answer, AnsweredSection, StampIds};
use super::dtls::Identity;
use super::ice::{Credentials, IceRole};
use super::keys::Keys;
use super::layers::{Asked, SWITCH_MAX};
use super::look::Look;
use super::slot::SlotReport;
use crate::media::mark::{self, Mark, PublisherTag};
use crate::media::{Clip, ClipSize, Codec};
use crate::packetize::{Packetizer, StreamStart};
use crate::verify::{ClipOf, Expected, Fault, Outcome};

const ALICE: PublisherTag = PublisherTag(1);
const BOB: PublisherTag = PublisherTag(2);
const SSRC: u32 = 77;
const RTX: u32 = 78;
/// Of Alice's voice, and where it goes.
const VOICE: PublisherTag = PublisherTag(3);
const SOUND: u32 = 79;
const TICK: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    Closely,
    /// At headers, and no payload but the first.
    Sampled,
    /// At headers, and whose each packet is.
    Opened,
}

/// A server's side of one stream towards one client.
struct World {
    now: Instant,
    clip: Arc<Clip>,
    packetizer: Packetizer,
    publisher: PublisherTag,
    number: u32,
    index: u16,
    keys: Keys,
    client: Client,
}

impl World {
    fn new(codec: Codec, looked: Looked) -> Self {
        Self::asking(codec, looked, Arc::new(Asked::new(&[])))
    }

    /// A world whose viewer asks for heights.
    fn asking(codec: Codec, looked: Looked, asked: Arc<Asked>) -> Self {
        let now = Instant::now();
        let clip = Arc::new(Clip::embedded(codec, ClipSize::Large).unwrap());
        let known = Arc::clone(&clip);
        let mut look = match looked {
            Looked::Closely => Look::Judge {
                expected: Expected::Publisher(ALICE),
                clip_of: Arc::new(move |tag| [ALICE, BOB].contains(&tag.track()).then(|| Arc::clone(&known))),
            },
            Looked::Sampled => Look::Sample { every: u32::MAX, expected: Expected::Publisher(ALICE) },
            Looked::Opened => Look::Sample { every: 1, expected: Expected::Publisher(ALICE) },
        };
        look.judge_layers(asked);
        let tone = Arc::new(Clip::embedded(Codec::Opus, ClipSize::Large).unwrap());
        let clip_of: Arc<ClipOf> = Arc::new(move |tag| (tag == VOICE).then(|| Arc::clone(&tone)));
        let listen = Look::Judge { expected: Expected::Publisher(VOICE), clip_of };
        let identity = Arc::new(Identity::generate().unwrap());
        let material: Vec<u8> = (0..=255).take(Keys::MATERIAL_LEN).collect();
        let keys = || Keys::of_client(&material, identity.provider.as_ref()).unwrap();
        let answer = Answer {
            ufrag: "u".to_owned(),
            pwd: "p".to_owned(),
            fingerprints: vec![],
            candidate: "192.0.2.1:9".parse().unwrap(),
            sections: vec![
                AnsweredSection { rejected: false, ssrc: Some(SSRC), rtx: Some(RTX) },
                AnsweredSection { rejected: false, ssrc: Some(SOUND), rtx: None },
            ],
            transport_cc: None,
            stamps: StampIds::default(),
        };
        let local = Credentials { ufrag: "l".to_owned(), pwd: "q".to_owned() };
        let server = keys().mirrored();
        let config = ClientConfig {
            role: IceRole::Controlling,
            local,
            answer,
            slots: vec![(codec, look), (Codec::Opus, listen)],
            senders: vec![],
            ssrc: 5,
            identity: Arc::clone(&identity),
        };
        let mut client = Client::new(now, config);
        client.connect_with(now, keys());
        let start = StreamStart { sequence_number: 65_500, timestamp: u32::MAX - 20_000, picture_id: 0x7ffd };
        let packetizer = Packetizer::new(codec, SSRC, 96, start);
        Self { now, clip, packetizer, publisher: ALICE, number: 0, index: 0, keys: server, client }
    }

    fn frame(&mut self) -> Vec<Packet> {
        let mark = Mark::new(self.publisher, self.number, self.index);
        let marked = mark::embed(self.clip.codec(), &self.clip.frame(self.index).unwrap().body, mark);
        let ticks = self.number * self.clip.frame_ticks();
        self.number += 1;
        self.index = self.clip.next_index(self.index);
        self.packetizer.packetize(&marked, ticks)
    }

    fn frames(&mut self, count: usize) -> Vec<Packet> {
        (0..count).flat_map(|_| self.frame()).collect()
    }

    fn send(&mut self, packets: impl IntoIterator<Item = Packet>) {
        for packet in packets {
            let sealed = self.keys.seal_rtp(&packet.marshal().unwrap()).unwrap();
            self.client.handle_datagram(self.now, &sealed);
        }
    }

    /// Sends a packet again by RTX.
    fn repeat(&mut self, packet: &Packet) {
        let mut repeat = packet.clone();
        repeat.payload = [&packet.header.sequence_number.to_be_bytes(), &packet.payload[..]].concat().into();
        (repeat.header.ssrc, repeat.header.payload_type) = (RTX, 97);
        self.send([repeat]);
    }

    /// Lets time pass; the feedback of the client.
    fn wait(&mut self, time: Duration) -> Vec<Box<dyn rtcp::Packet>> {
        let end = self.now + time;
        let mut said = Vec::new();
        while self.now < end {
            self.now += TICK;
            self.client.handle_timeout(self.now);
            while let Some(datagram) = self.client.poll_transmit() {
                // Checks go on beside it.
                if let Some(plain) = self.keys.open_rtcp(&datagram) {
                    said.extend(rtcp::packet::unmarshal(&mut plain.freeze()).unwrap());
                }
            }
        }
        said
    }

    /// Says by a sender report that `timestamp` of the stream is `at` of the sender's clock.
    fn report_time(&mut self, ssrc: u32, at: Duration, timestamp: u32) {
        let fraction = (u64::from(at.subsec_nanos()) << 32) / 1_000_000_000;
        let ntp_time = (at.as_secs() << 32) | fraction;
        let report = SenderReport { ssrc, ntp_time, rtp_time: timestamp, ..SenderReport::default() };
        let sealed = self.keys.seal_rtcp(&report.marshal().unwrap()).unwrap();
        self.client.handle_datagram(self.now, &sealed);
    }

    fn report(&self) -> SlotReport {
        self.client.reports().remove(0)
    }

    fn only(&self, faults: &[(Fault, u64)]) {
        let found: Vec<_> = self.report().faults.into_iter().collect();
        assert_eq!(found, faults, "{:?}", self.report().examples);
    }
}

fn count<T: 'static>(said: &[Box<dyn rtcp::Packet>]) -> usize {
    said.iter().filter(|packet| packet.as_any().is::<T>()).count()
}

const BOTH: [Looked; 2] = [Looked::Closely, Looked::Sampled];
const VIDEO: [Codec; 2] = [Codec::Vp8, Codec::H264];

#[test]
fn a_clean_stream_is_clean_however_closely_one_looks() {
    for (codec, looked) in [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264, Codec::Opus]
        .into_iter()
        .flat_map(|codec| [Looked::Closely, Looked::Sampled, Looked::Opened].map(|it| (codec, it)))
    {
        let mut world = World::new(codec, looked);
        let packets = world.frames(100);
        let sent = u64::try_from(packets.len()).unwrap();
        world.send(packets);
        let said = world.wait(Duration::from_secs(3));
        world.only(&[]);
        let report = world.report();
        assert_eq!((report.packets, report.frames, report.mended), (sent, 100, 0), "{codec}");
        assert_eq!((count::<ReceiverReport>(&said), count::<TransportLayerNack>(&said)), (3, 0));
        // A sample is one packet here, and of pictures those until a mark has told the number of its frame.
        let opened = match (looked, codec) {
            (Looked::Closely | Looked::Opened, _) => sent..=sent,
            (Looked::Sampled, Codec::Opus) => 1..=1,
            (Looked::Sampled, _) => 1..=40,
        };
        assert!(opened.contains(&world.client.counts().opened), "{codec}: {}", world.client.counts().opened);
        assert!(world.client.is_watching());
    }
}

#[test]
fn a_missing_packet_is_asked_for_and_a_retransmission_mends_it() {
    for (codec, looked) in VIDEO.into_iter().flat_map(|codec| BOTH.map(|it| (codec, it))) {
        let mut world = World::new(codec, looked);
        let mut packets = world.frames(20);
        let missing = packets.remove(60);
        world.send(packets);
        let said = world.wait(Duration::from_millis(50));
        let nack = said.iter().find_map(|packet| packet.as_any().downcast_ref::<TransportLayerNack>()).unwrap();
        assert_eq!((nack.media_ssrc, nack.nacks.len()), (SSRC, 1));
        assert_eq!(nack.nacks[0].packet_id, missing.header.sequence_number);
        world.repeat(&missing);
        world.wait(Duration::from_secs(2));
        world.only(&[]);
        assert_eq!(world.report().mended, 1);
    }
}

#[test]
fn frames_that_waited_for_a_retransmission_end_when_it_comes() {
    for (codec, looked) in VIDEO.into_iter().flat_map(|codec| BOTH.map(|it| (codec, it))) {
        let mut world = World::new(codec, looked);
        let mut packets = world.frames(6);
        let first_of_next = packets.len();
        packets.extend(world.frames(2));
        packets.extend(world.frames(2));
        let missing = packets.remove(first_of_next);
        world.send(packets);
        let ended = |world: &mut World| -> Vec<u32> {
            let number = |outcome| match outcome {
                Outcome::Frame { number, .. } => Some(number),
                Outcome::NeedsKeyframe => None,
            };
            world.client.outcomes().filter_map(number).collect()
        };
        assert_eq!(ended(&mut world), [0, 1, 2, 3, 4, 5], "{codec}");
        world.wait(Duration::from_millis(200));
        assert_eq!(ended(&mut world), [0; 0], "{codec}");
        world.repeat(&missing);
        assert_eq!(ended(&mut world), [6, 7, 8, 9], "{codec}");
        assert_eq!(world.report().frames, 10);
    }
    // What never comes is not waited for for ever: the frames behind it are counted, and their time says nothing.
    let mut world = World::new(Codec::Vp8, Looked::Sampled);
    let mut packets = world.frames(10);
    packets.remove(60);
    world.send(packets);
    world.wait(Duration::from_secs(2));
    assert_eq!(world.report().frames, 9);
}

#[test]
fn what_never_comes_is_lost_and_a_keyframe_is_asked_for() {
    for (codec, looked) in VIDEO.into_iter().flat_map(|codec| BOTH.map(|it| (codec, it))) {
        let mut world = World::new(codec, looked);
        let mut packets = world.frames(20);
        packets.remove(60);
        world.send(packets);
        let said = world.wait(Duration::from_secs(2));
        assert_eq!(world.report().faults.get(&Fault::Lost), Some(&1));
        assert!(count::<PictureLossIndication>(&said) >= 1, "{codec}");
        let asked = count::<TransportLayerNack>(&said);
        assert!((5..=10).contains(&asked), "asked {asked} times");
    }
}

#[test]
fn a_packet_that_the_keys_do_not_open_is_found() {
    for looked in [Looked::Closely, Looked::Opened] {
        let mut world = World::new(Codec::Vp8, looked);
        let packets = world.frames(2);
        for (at, packet) in packets.into_iter().enumerate() {
            let mut sealed = world.keys.seal_rtp(&packet.marshal().unwrap()).unwrap();
            if at == 3 {
                *sealed.last_mut().unwrap() ^= 1;
            }
            world.client.handle_datagram(world.now, &sealed);
        }
        assert_eq!(world.report().faults.get(&Fault::NotAuthentic), Some(&1));
    }
}

#[test]
fn frames_left_out_with_their_numbers_closed_are_found_however_closely_one_looks() {
    for (codec, looked) in VIDEO.into_iter().flat_map(|codec| [Looked::Closely, Looked::Opened].map(|it| (codec, it))) {
        let mut world = World::new(codec, looked);
        let packets = world.frames(3);
        world.send(packets);
        world.number += 5;
        world.index = 0;
        let packets = world.frames(3);
        world.send(packets);
        world.only(&[(Fault::MovedOn, 5)]);
    }
}

#[test]
fn a_packet_of_a_stream_that_was_not_answered_is_found_and_padding_is_none() {
    for looked in BOTH {
        let mut world = World::new(Codec::Vp8, looked);
        let mut packets = world.frames(1);
        let mut stray = packets[1].clone();
        stray.header.ssrc = 99;
        let mut probe = packets[2].clone();
        (probe.header.ssrc, probe.header.padding, probe.payload) = (99, true, Bytes::new());
        packets.extend([stray, probe]);
        world.send(packets);
        let counts = world.client.counts();
        assert_eq!((counts.strays, counts.early, counts.unopened), (1, 0, 0));
        world.only(&[]);
        world.client.handle_datagram(world.now, &[0x80, 200, 0, 6, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(world.client.counts().unopened, 1);
    }
}

#[test]
fn a_start_without_a_keyframe_is_found() {
    let all = [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264];
    for (codec, looked) in all.into_iter().flat_map(|codec| BOTH.map(|it| (codec, it))) {
        let mut world = World::new(codec, looked);
        world.frame();
        let packets = world.frames(3);
        world.send(packets);
        assert_eq!(world.report().faults.get(&Fault::NotKeyframeStart), Some(&1), "{codec}");
    }
}

#[test]
fn a_frame_without_its_end_is_found() {
    for (codec, looked) in VIDEO.into_iter().flat_map(|codec| BOTH.map(|it| (codec, it))) {
        let mut world = World::new(codec, looked);
        let mut packets = world.frames(3);
        packets.pop();
        let mut rest = world.frames(2);
        rest.iter_mut()
            .for_each(|packet| packet.header.sequence_number = packet.header.sequence_number.wrapping_sub(1));
        world.send(packets.into_iter().chain(rest));
        assert_eq!(world.report().faults.get(&Fault::Truncated), Some(&1), "{codec}");
    }
}

#[test]
fn time_that_goes_back_is_found() {
    for (codec, looked) in [Codec::Vp8, Codec::Opus].into_iter().flat_map(|codec| BOTH.map(|it| (codec, it))) {
        let mut world = World::new(codec, looked);
        let mut packets = world.frames(3);
        let (first, last) = (packets[0].header.timestamp, packets.last().unwrap().header.timestamp);
        for packet in packets.iter_mut().filter(|packet| packet.header.timestamp == last) {
            packet.header.timestamp = first.wrapping_sub(9_000);
        }
        world.send(packets);
        world.only(&[(Fault::TimestampBackwards, 1)]);
    }
}

#[test]
fn another_publishers_frames_and_other_rooms_are_found() {
    let elsewhere = PublisherTag(ALICE.0 | (7 << 16));
    for (codec, looked) in VIDEO.into_iter().flat_map(|codec| [Looked::Closely, Looked::Opened].map(|it| (codec, it))) {
        for (publisher, fault) in [(BOB, Fault::WrongPublisher), (elsewhere, Fault::WrongRoom)] {
            let mut world = World::new(codec, looked);
            world.publisher = publisher;
            let packets = world.frames(2);
            world.send(packets);
            world.only(&[(fault, 2)]);
        }
    }
}

#[test]
fn altered_bytes_are_found_where_one_looks_closely() {
    let mut world = World::new(Codec::Vp8, Looked::Closely);
    let mut packets = world.frames(1);
    let mut payload = packets[2].payload.to_vec();
    payload[60] ^= 0x20;
    packets[2].payload = Bytes::from(payload);
    world.send(packets);
    world.only(&[(Fault::Altered, 1)]);
}

#[test]
fn receiver_reports_tell_what_is_missing() {
    let mut world = World::new(Codec::Vp8, Looked::Sampled);
    let mut packets = world.frames(10);
    let highest = packets.last().unwrap().header.sequence_number;
    packets.drain(20..30);
    world.send(packets);
    let said = world.wait(Duration::from_millis(1_100));
    let report = said.iter().find_map(|packet| packet.as_any().downcast_ref::<ReceiverReport>()).unwrap();
    let [block] = &report.reports[..] else { panic!("one stream, one block") };
    assert_eq!((block.ssrc, block.total_lost), (SSRC, 10));
    assert!(block.fraction_lost > 0);
    assert_eq!(block.last_sequence_number & 0xffff, u32::from(highest));
    assert_eq!(block.last_sequence_number >> 16, 1, "the number came round");
}

#[test]
fn a_sound_that_sender_reports_put_beside_its_picture_is_found() {
    for (ahead_ms, faults) in [(0, None), (30, None), (80, Some(1)), (-80, Some(1))] {
        let mut world = World::new(Codec::Vp8, Looked::Closely);
        let tone = Clip::embedded(Codec::Opus, ClipSize::Large).unwrap();
        let mut voice =
            Packetizer::new(Codec::Opus, SOUND, 111, StreamStart { timestamp: 7, ..StreamStart::default() });
        let mut at = Duration::from_secs(100);
        for sound in 0..1_150_u32 {
            if sound % 50 == 1 {
                let late = Duration::from_millis(u64::try_from(1_000 + ahead_ms).unwrap());
                world.report_time(SSRC, at + Duration::from_secs(1), (u32::MAX - 20_000).wrapping_add(sound * 1_800));
                world.report_time(SOUND, at + late, 7 + sound * 960);
            }
            // Pictures at 25 a second, each two of the loop's frame intervals' ticks apart less one part in six.
            if sound % 2 == 0 {
                let mut packets = world.frame();
                let timestamp = (u32::MAX - 20_000).wrapping_add(sound * 1_800);
                packets.iter_mut().for_each(|packet| packet.header.timestamp = timestamp);
                world.send(packets);
            }
            let mark = Mark::new(VOICE, sound, u16::try_from(usize::try_from(sound).unwrap() % tone.len()).unwrap());
            let marked = mark::embed(Codec::Opus, &tone.frame(mark.index).unwrap().body, mark);
            let packets = voice.packetize(&marked, sound * 960);
            world.send(packets);
            world.wait(Duration::from_millis(20));
            at += Duration::from_millis(20);
        }
        let report = world.report();
        assert_eq!(report.faults.get(&Fault::LipsApart).copied(), faults, "{ahead_ms} ms: {:?}", report.lips);
        assert_eq!(report.faults.len(), faults.iter().count(), "{:?}", report.examples);
        let median = report.lips.apart().nth(2).unwrap();
        assert!(median.abs_diff(1_000 * u64::try_from(i32::abs(ahead_ms)).unwrap()) < 2_000, "{median} µs");
    }
}

#[test]
fn an_encoding_that_does_not_fit_the_layout_is_found_once_a_switch_had_its_time() {
    for (shown_later, faults) in [(1, vec![]), (2, vec![(Fault::WrongLayer, 3)])] {
        let asked = Arc::new(Asked::new(&[90, 180, 360]));
        let mut world = World::asking(Codec::Vp8, Looked::Closely, Arc::clone(&asked));
        world.publisher = ALICE.of_encoding(2);
        asked.ask(world.now, 360);
        let packets = world.frames(3);
        world.send(packets);
        world.wait(TICK);
        asked.ask(world.now, 180);
        world.publisher = ALICE.of_encoding(shown_later);
        if shown_later == 1 {
            world.index = 0;
        }
        world.wait(SWITCH_MAX + TICK);
        let packets = world.frames(3);
        world.send(packets);
        world.only(&faults);
        assert_eq!(world.report().switches_us.len(), usize::from(faults.is_empty()));
    }
}
