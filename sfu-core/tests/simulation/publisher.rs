//! Who publishes, as libwebrtc does: encoders that follow the server's feedback, paced packets, repeats, key frames on demand.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use sfu_core::bitrate::estimate::{Estimator, EstimatorConfig, FeedbackKind, SentKind};
use sfu_core::id::MediaKind;
use sfu_core::rtcp::{Kind, Message, RtcpPacket, message, twcc};

use crate::camera::{Camera, Encoded, FRAME_INTERVAL, LADDER, Layers, Rung};
use crate::marks::{
    AUDIO_LEVEL, MID, Mark, OPUS, Plain, REPAIRED_RID, RID, TRANSPORT_CC, VP8, VP8_RTX, opus, packet, sender_report,
};
use crate::offers::{Section, Style};
use crate::vp8::{self, PAYLOAD_MAX, Told};

/// What the page is told by signalling its encoders have heard after so long.
const SWITCH_TAKES: Duration = Duration::from_millis(60);
const AUDIO_INTERVAL: Duration = Duration::from_millis(20);
/// On the wire, bit/s.
const AUDIO_BPS: f64 = 45e3;
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Packets that an encoding remembers for repeats (kMinSendSidePacketHistorySize), and however many for so long.
const REMEMBERED: usize = 600;
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// While more is under way than this time and a round trip take, frames are dropped (the congestion window, as browsers set it).
const UNDER_WAY: Duration = Duration::from_millis(350);
/// How much faster than its rate a pacer sends.
const PACE: f64 = 2.5;
/// And so often a packet is sent all the same (kCongestedPacketInterval).
const CONGESTED_INTERVAL: Duration = Duration::from_millis(500);
/// Longer than this nothing waits in a pacer.
const PACER_WAIT_MAX_S: f64 = 2.0;
const PADDING: u8 = 255;
/// Of SRTP.
const TAG: usize = 16;
/// The microphone's SSRC is so far above the first.
const AUDIO_SSRC: u32 = 100;

/// What a story wants published.
#[derive(Debug, Clone)]
pub struct Publishing {
    /// Stands in every packet.
    pub mark: u8,
    pub seed: u64,
    pub layers: Layers,
    pub rungs: &'static [Rung],
    /// For the world, which asks.
    pub style: Style,
}

impl Publishing {
    /// A camera in three encodings and a microphone.
    pub fn camera(mark: u8, seed: u64) -> Self {
        Self { mark, seed, layers: Layers::One, rungs: &LADDER, style: Style::Browser }
    }

    pub fn publishes(&self) -> bool {
        true
    }

    pub fn sections(&self) -> Vec<Section> {
        let rids = if self.rungs.len() > 1 { self.rungs.iter().map(|rung| rung.rid).collect() } else { vec![] };
        vec![Section::new(MediaKind::Audio, "sendonly"), Section { rids, ..Section::new(MediaKind::Video, "sendonly") }]
    }
}

/// A packet that waits for the pacer; its transport-wide number comes when it leaves.
struct Unsent {
    name: (u32, u8, u64),
    marker: bool,
    timestamp: u32,
    mid: String,
    rid: &'static str,
    rid_id: u8,
    payload: Vec<u8>,
    kind: SentKind,
}

struct Stream {
    ssrc: u32,
    rid: &'static str,
    next: u64,
    next_repeat: u64,
    picture_id: u16,
    tl0: u8,
    known: bool,
    sent: BTreeMap<u64, Sent>,
}

/// A packet as it is remembered.
struct Sent {
    at: Instant,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
    /// When it was repeated last, and whether a repeat waits for the pacer.
    repeated: Option<Instant>,
    waits: bool,
}

pub struct Publisher {
    pub what: Publishing,
    pub camera: Camera,
    /// PLIs and FIRs that came.
    pub key_requests: Vec<Instant>,
    /// The numbers that packets left with, by encoding, frame and place in it.
    pub numbers: HashMap<(u8, u32, u8), (u32, u16)>,
    pub rtp_out: VecDeque<Plain>,
    pub rtcp_out: VecDeque<Vec<u8>>,
    epoch: Instant,
    estimator: Option<Estimator>,
    /// The most that the server asks for (REMB), bit/s.
    told_max: Option<f64>,
    round_trip: Duration,
    /// Bytes sent since the last feedback.
    under_way: usize,
    sent_at: Option<Instant>,
    /// Which encodings are to be on, from when on.
    switches: VecDeque<(Instant, Vec<bool>)>,
    encoded: VecDeque<Encoded>,
    streams: Vec<Stream>,
    repeats: VecDeque<Unsent>,
    unsent: VecDeque<Unsent>,
    unsent_bytes: usize,
    pacer_free: Option<Instant>,
    next_audio_index: u64,
    next_frame: Option<Instant>,
    next_audio: Option<Instant>,
    next_report: Option<Instant>,
    mids: (String, String),
}

const CONFIG: EstimatorConfig =
    EstimatorConfig { start_bps: 300_000, min_bps: 30_000, max_bps: 10_000_000, feedback: FeedbackKind::TransportWide };

impl Publisher {
    /// `epoch`: when the story began.
    pub fn new(epoch: Instant, what: Publishing) -> Self {
        let streams = what.rungs.iter().zip(0_u32..).map(|(rung, place)| Stream {
            ssrc: 1_000 + 2 * place,
            rid: if what.rungs.len() > 1 { rung.rid } else { "" },
            next: 65_000 - 1_000 * u64::from(place),
            next_repeat: 77,
            picture_id: 32_700 + u16::from(what.mark),
            tl0: 250,
            known: false,
            sent: BTreeMap::new(),
        });
        Self {
            streams: streams.collect(),
            camera: Camera::new(what.seed, what.layers, what.rungs),
            what,
            key_requests: vec![],
            numbers: HashMap::new(),
            rtp_out: VecDeque::new(),
            rtcp_out: VecDeque::new(),
            epoch,
            estimator: None,
            told_max: None,
            round_trip: Duration::from_millis(100),
            under_way: 0,
            sent_at: None,
            switches: VecDeque::new(),
            encoded: VecDeque::new(),
            repeats: VecDeque::new(),
            unsent: VecDeque::new(),
            unsent_bytes: 0,
            pacer_free: None,
            next_audio_index: 500,
            next_frame: None,
            next_audio: None,
            next_report: None,
            mids: ("0".into(), "1".into()),
        }
    }

    /// Sends in sections of these names, audio and video.
    pub fn named(self, mids: (String, String)) -> Self {
        Self { mids, ..self }
    }

    pub fn start(&mut self, now: Instant) {
        let mut estimator = Estimator::new(now, CONFIG);
        estimator.set_wanted(self.camera.wanted_bps() as u64, None);
        self.estimator = Some(estimator);
        let phase = Duration::from_micros(self.what.seed * 7_919 % 33_333);
        self.next_frame = Some(now + phase);
        self.next_audio = Some(now + phase / 2);
        self.next_report = Some(now + Duration::from_millis(50));
    }

    /// Sends just these encodings of its simulcast, once it has heard so.
    pub fn send_only(&mut self, now: Instant, rids: &[&str]) {
        let on = self.what.rungs.iter().map(|rung| self.what.rungs.len() == 1 || rids.contains(&rung.rid));
        self.switches.push_back((now + SWITCH_TAKES, on.collect()));
    }

    /// What may be sent, bit/s.
    pub fn rate_bps(&self) -> f64 {
        let estimate = self.estimator.as_ref().map_or(0.0, |estimator| estimator.estimate().bps as f64);
        self.told_max.map_or(estimate, |max| max.min(estimate))
    }

    pub fn due(&self) -> Option<Instant> {
        let encoded = self.encoded.front().map(|frame| frame.ready);
        let waits = !self.unsent.is_empty() || !self.repeats.is_empty();
        let paced = self.pacer_free.filter(|_| waits);
        let estimator = self.estimator.as_ref().and_then(Estimator::poll_timeout);
        [self.next_frame, self.next_audio, self.next_report, encoded, paced, estimator].into_iter().flatten().min()
    }

    pub fn wake(&mut self, now: Instant) {
        if let Some(at) = self.next_audio.filter(|at| *at <= now) {
            self.next_audio = Some(at + AUDIO_INTERVAL);
            self.sound(now);
        }
        if let Some(at) = self.next_frame.filter(|at| *at <= now) {
            self.next_frame = Some(at + FRAME_INTERVAL);
            while let Some((_, on)) = self.switches.pop_front_if(|(at, _)| *at <= now) {
                self.camera.switch(on);
            }
            self.camera.set_bps((self.rate_bps() - AUDIO_BPS).max(0.0));
            let window = (UNDER_WAY + self.round_trip).as_secs_f64() * self.rate_bps() / 8.0;
            if (self.under_way as f64) < window {
                self.encoded.extend(self.camera.capture(now));
            } else if self.sent_at.is_some_and(|at| now >= at + CONGESTED_INTERVAL) {
                self.pad(now);
            }
        }
        while let Some(frame) = self.encoded.pop_front_if(|frame| frame.ready <= now) {
            self.packetize(now, frame);
        }
        if let Some(at) = self.next_report.filter(|at| *at <= now) {
            self.next_report = Some(at + REPORT_INTERVAL);
            self.report(now);
        }
        if let Some(estimator) = self.estimator.as_mut().filter(|it| it.poll_timeout().is_some_and(|at| at <= now)) {
            estimator.handle_timeout(now);
        }
        self.probe(now);
        self.pace(now);
    }

    /// A media clock that began somewhere, at this rate.
    fn timestamp(&self, now: Instant, rate: u32) -> u32 {
        let ticks = (now - self.epoch).as_nanos() * u128::from(rate) / 1_000_000_000;
        (ticks as u32).wrapping_add(rate.wrapping_mul(47_000 + u32::from(self.what.mark)))
    }

    fn packetize(&mut self, now: Instant, frame: Encoded) {
        let timestamp = self.timestamp(frame.captured, 90_000);
        let captured_ms = (frame.captured - self.epoch).as_millis() as u32;
        let stream = &mut self.streams[usize::from(frame.encoding)];
        stream.picture_id = (stream.picture_id + 1) & 0x7fff;
        if frame.temporal.is_none_or(|it| it.layer == 0) {
            stream.tl0 = stream.tl0.wrapping_add(1);
        }
        let count = frame.bytes.div_ceil(PAYLOAD_MAX).clamp(1, 255) as u8;
        for index in 0..count {
            let mark = Mark {
                publisher: self.what.mark,
                encoding: frame.encoding,
                key: frame.key,
                index,
                count,
                frame: frame.number,
                captured_ms,
                needs_back: if frame.key { 0 } else { (frame.number - frame.refers).min(255) as u8 },
            };
            let (picture_id, tl0, temporal) = (stream.picture_id, stream.tl0, frame.temporal);
            let told = Told { mark, refers: frame.refers, picture_id, tl0, temporal, begins: index == 0 };
            let payload = vp8::write(told, frame.bytes / usize::from(count));
            let marker = index + 1 == count;
            self.numbers.insert((frame.encoding, frame.number, index), (stream.ssrc, stream.next as u16));
            stream.remember(now, timestamp, marker, payload.clone());
            // Browsers say what a stream is until a report shows that it was understood.
            let (mid, rid) = if stream.known { (String::new(), "") } else { (self.mids.1.clone(), stream.rid) };
            let name = (stream.ssrc, VP8, stream.next);
            stream.next += 1;
            self.unsent_bytes += payload.len();
            let kind = SentKind::Media;
            self.unsent.push_back(Unsent { name, marker, timestamp, mid, rid, rid_id: RID, payload, kind });
        }
    }

    fn sound(&mut self, now: Instant) {
        let mark = Mark {
            publisher: self.what.mark,
            encoding: 0,
            key: true,
            index: 0,
            count: 1,
            frame: self.next_audio_index as u32,
            captured_ms: (now - self.epoch).as_millis() as u32,
            needs_back: 0,
        };
        let extensions: [(u8, &[u8]); 2] = [(MID, self.mids.0.as_bytes()), (AUDIO_LEVEL, &[0x80 | 30])];
        let name = (1_000 + AUDIO_SSRC, OPUS, self.next_audio_index);
        self.rtp_out.push_back(packet(name, false, self.timestamp(now, 48_000), &extensions, &opus(mark)));
        self.next_audio_index += 1;
    }

    /// Padding that looks for what the link holds.
    fn probe(&mut self, now: Instant) {
        while self.estimator.as_ref().is_some_and(|estimator| estimator.padding_due(now) > 0) {
            self.pad(now);
        }
    }

    fn pad(&mut self, now: Instant) {
        let stream = &mut self.streams[0];
        let name = (stream.ssrc + 1, VP8_RTX, stream.next_repeat);
        stream.next_repeat += 1;
        let (mid, rid, payload) = (self.mids.1.clone(), stream.rid, vec![PADDING; usize::from(PADDING)]);
        let kind = SentKind::Padding;
        let padding = Unsent { name, marker: false, timestamp: 0, mid, rid, rid_id: REPAIRED_RID, payload, kind };
        self.send(now, padding);
    }

    fn pace(&mut self, now: Instant) {
        let rate = (PACE * self.rate_bps()).max(self.unsent_bytes as f64 * 8.0 / PACER_WAIT_MAX_S);
        while self.pacer_free.is_none_or(|free| free <= now) {
            let Some(next) = self.repeats.pop_front().or_else(|| self.unsent.pop_front()) else { return };
            self.unsent_bytes -= if next.kind == SentKind::Media { next.payload.len() } else { 0 };
            let took = Duration::from_secs_f64((next.payload.len() + 40) as f64 * 8.0 / rate.max(1e4));
            self.pacer_free = Some(self.pacer_free.map_or(now, |free| free.max(now - took)) + took);
            self.send(now, next);
        }
    }

    fn send(&mut self, now: Instant, unsent: Unsent) {
        let Some(estimator) = &mut self.estimator else { return };
        let bytes = unsent.payload.len() + 32 + TAG;
        self.under_way += bytes;
        self.sent_at = Some(now);
        if let (SentKind::Repeat, Some(number)) = (unsent.kind, unsent.payload.first_chunk()) {
            let number = u16::from_be_bytes(*number);
            let stream = self.streams.iter_mut().find(|stream| stream.ssrc + 1 == unsent.name.0);
            let sent = stream.and_then(|stream| stream.find(number));
            sent.into_iter().for_each(|sent| (sent.waits, sent.repeated) = (false, Some(now)));
        }
        let number = estimator.on_sent(now, bytes, unsent.kind).0.to_be_bytes();
        let extensions: [(u8, &[u8]); 3] =
            [(MID, unsent.mid.as_bytes()), (unsent.rid_id, unsent.rid.as_bytes()), (TRANSPORT_CC, &number)];
        let mut plain = packet(unsent.name, unsent.marker, unsent.timestamp, &extensions, &unsent.payload);
        if unsent.kind == SentKind::Padding {
            plain.bytes[0] |= 0x20;
        }
        self.rtp_out.push_back(plain);
    }

    fn report(&mut self, now: Instant) {
        let ntp = self.ntp(now);
        let timestamps = (self.timestamp(now, 90_000), self.timestamp(now, 48_000));
        let video = self.streams.iter().filter(|stream| !stream.sent.is_empty());
        self.rtcp_out.extend(video.map(|stream| sender_report(stream.ssrc, ntp, timestamps.0)));
        self.rtcp_out.push_back(sender_report(1_000 + AUDIO_SSRC, ntp, timestamps.1));
    }

    fn ntp(&self, now: Instant) -> u64 {
        let nanos = (now - self.epoch).as_nanos() as u64;
        ((nanos / 1_000_000_000 + 7_777) << 32) | (((nanos % 1_000_000_000) << 32) / 1_000_000_000)
    }

    pub fn rtcp(&mut self, now: Instant, packet: &RtcpPacket<'_>) {
        if packet.kind == Kind::TransportCc {
            if let (Some(feedback), Some(estimator)) = (twcc::parse(packet), &mut self.estimator) {
                estimator.on_feedback(now, &feedback);
                self.under_way = 0;
            }
            return;
        }
        match message(packet) {
            Ok(Some(Message::PictureLoss { .. } | Message::FullIntra { .. })) => {
                self.key_requests.push(now);
                self.camera.request_key(now);
            }
            Ok(Some(Message::Nack { media, pairs })) => {
                pairs.sequences().for_each(|sequence| self.repeat(now, media.0, sequence.0));
            }
            Ok(Some(Message::ReceiverReport { blocks } | Message::SenderReport { blocks, .. })) => {
                let now_short = (self.ntp(now) >> 16) as u32;
                for block in blocks.iter() {
                    self.streams.iter_mut().filter(|it| it.ssrc == block.ssrc.0).for_each(|it| it.known = true);
                    let round_trip = now_short.wrapping_sub(block.last_sender_report).wrapping_sub(block.delay);
                    if block.last_sender_report != 0 && round_trip < 10 << 16 {
                        self.round_trip = Duration::from_secs_f64(f64::from(round_trip) / 65_536.0);
                        self.estimator.iter_mut().for_each(|it| it.on_round_trip(self.round_trip));
                    }
                }
            }
            Ok(Some(Message::Remb { bitrate_bps })) => self.told_max = Some(bitrate_bps as f64),
            _ => {}
        }
    }

    /// Repeats a packet in RTX format (RFC 4588), at most once in a round-trip time.
    fn repeat(&mut self, now: Instant, ssrc: u32, sequence: u16) {
        let round_trip = self.round_trip;
        let mid = self.mids.1.clone();
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.ssrc == ssrc) else { return };
        let Some(sent) = stream.find(sequence) else { return };
        if sent.waits || sent.repeated.is_some_and(|at| now < at + round_trip) {
            return;
        }
        sent.waits = true;
        let mut payload = sequence.to_be_bytes().to_vec();
        payload.extend_from_slice(&sent.payload);
        let (marker, timestamp) = (sent.marker, sent.timestamp);
        let (rid, rid_id, kind) = (stream.rid, REPAIRED_RID, SentKind::Repeat);
        let name = (ssrc + 1, VP8_RTX, stream.next_repeat);
        stream.next_repeat += 1;
        self.repeats.push_back(Unsent { name, marker, timestamp, mid, rid, rid_id, payload, kind });
    }
}

impl Stream {
    fn remember(&mut self, at: Instant, timestamp: u32, marker: bool, payload: Vec<u8>) {
        self.sent.insert(self.next, Sent { at, timestamp, marker, payload, repeated: None, waits: false });
        while self.sent.len() > REMEMBERED
            && self.sent.first_key_value().is_some_and(|(_, sent)| sent.at + REMEMBERED_FOR < at)
        {
            self.sent.pop_first();
        }
    }

    fn find(&mut self, number: u16) -> Option<&mut Sent> {
        let behind = u64::from((self.next as u16).wrapping_sub(number));
        self.sent.get_mut(&self.next.checked_sub(behind)?)
    }
}
