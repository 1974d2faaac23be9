//! A publisher: a camera of 30 frames a second in one or more encodings, a microphone, and an encoder that listens to
//! feedback.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use sfu_core::rtcp::{Kind, RtcpPacket, twcc};

use crate::marks::{
    AUDIO_LEVEL, MID, Mark, OPUS, Plain, REPAIRED_RID, RID, TRANSPORT_CC, Temporal, VP8, VP8_HEIGHT_AT, VP8_RTX, be32,
    opus, packet, sender_report, vp8,
};
use crate::offers::{Section, Style};

pub const FRAME_INTERVAL: Duration = Duration::from_nanos(33_333_333);
/// Three temporal layers as libwebrtc's encoder makes them.
pub const L1T3: &[Temporal] =
    &[(0, false), (2, true), (1, true), (2, false), (0, false), (2, false), (1, false), (2, false)];
const AUDIO_INTERVAL: Duration = Duration::from_millis(20);
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// How long it takes for what signalling says of encodings to be done: a round trip, and an encoder that begins anew.
const SWITCH_TAKES: Duration = Duration::from_millis(150);
/// Packets that a sender remembers for repeats.
const REMEMBERED: usize = 1_000;

/// What a test wants published.
#[derive(Debug, Clone)]
pub struct Publishing {
    /// Stands in every packet.
    pub mark: u8,
    pub style: Style,
    pub audio: bool,
    pub video: bool,
    /// Simulcast, lowest first; empty: one encoding.
    pub rids: Vec<&'static str>,
    /// Frames between keyframes that nobody asked for.
    pub keyframe_every: Option<u32>,
    /// SSRCs count up from here. The same for everybody unless a test says otherwise: they collide.
    pub first_ssrc: u32,
    /// Packets of a key frame and of another.
    pub packets: (u8, u8),
    /// By how many times as many packets each encoding has, lowest first.
    pub multiples: [u8; 3],
    /// Bytes of a packet of the lowest encoding, about.
    pub packet_bytes: usize,
    /// By how many bytes each packet of a frame exceeds the one before it.
    pub steps: usize,
    /// The temporal layers of its frames from a key frame on, again and again.
    pub temporal: &'static [Temporal],
}

impl Publishing {
    pub fn camera(mark: u8) -> Self {
        Self {
            mark,
            style: Style::Browser,
            audio: false,
            video: true,
            rids: vec![],
            keyframe_every: None,
            first_ssrc: 1_000,
            packets: (6, 2),
            multiples: [1; 3],
            packet_bytes: 200,
            steps: 7,
            temporal: &[(0, false)],
        }
    }

    pub fn with_sound(mark: u8) -> Self {
        Self { audio: true, ..Self::camera(mark) }
    }

    /// Like ffmpeg: takes no PLI, makes a keyframe every `frames`.
    pub fn encoder(mark: u8, frames: u32) -> Self {
        Self { style: Style::Encoder, keyframe_every: Some(frames), ..Self::with_sound(mark) }
    }

    /// No camera, no microphone.
    pub fn nothing() -> Self {
        Self { video: false, ..Self::camera(0) }
    }

    pub fn publishes(&self) -> bool {
        self.audio || self.video
    }

    pub fn sections(&self) -> Vec<Section> {
        use sfu_core::id::MediaKind::{Audio, Video};
        let named = |ssrc| (self.style == Style::Encoder).then_some((ssrc, ssrc + 1));
        let audio = Section { ssrcs: named(self.first_ssrc + 100), ..Section::new(Audio, "sendonly") };
        let video =
            Section { ssrcs: named(self.first_ssrc), rids: self.rids.clone(), ..Section::new(Video, "sendonly") };
        [self.audio.then_some(audio), self.video.then_some(video)].into_iter().flatten().collect()
    }
}

/// What a clock that is too fast makes of a time, ns.
fn drifted(time: Duration, ppm: i64) -> u128 {
    let nanos = time.as_nanos() as i128;
    (nanos + nanos * i128::from(ppm) / 1_000_000) as u128
}

struct Encoding {
    ssrc: u32,
    rid: &'static str,
    place: u8,
    next: u64,
    next_repeat: u64,
    picture_id: u16,
    tl0: u8,
    /// The newest frame of each temporal layer, and how many came since the key frame.
    layers: BTreeMap<u8, u32>,
    frames_since_keyframe: usize,
    rests: bool,
    sent: BTreeMap<u16, Plain>,
    repeated: BTreeMap<u16, Instant>,
}

impl Encoding {
    /// The layer of its next frame, and how many frames before that the newest is that it needs.
    fn layer(&mut self, key: bool, frame: u32, pattern: &[Temporal]) -> (Temporal, u8) {
        if key {
            self.frames_since_keyframe = 0;
            self.layers.clear();
        }
        let temporal @ (layer, sync) = pattern[self.frames_since_keyframe % pattern.len()];
        self.frames_since_keyframe += 1;
        let is_needed = |other: &u8| if sync { *other == 0 } else { *other <= layer };
        let newest = self.layers.iter().filter(|(other, _)| is_needed(other)).map(|(_, frame)| *frame).max();
        self.layers.insert(layer, frame);
        (temporal, newest.map_or(0, |newest| (frame - newest) as u8))
    }
}

pub struct Publisher {
    pub what: Publishing,
    /// Media stands still.
    pub muted: bool,
    /// RFC 6464, -dBov.
    pub level: u8,
    /// Answers no NACK.
    pub no_repeats: bool,
    /// Repeats a packet again only after this: a browser's is its round-trip time.
    pub repeats_apart: Duration,
    /// Answers no PLI.
    pub no_keyframes: bool,
    /// This encoding of a simulcast is switched off.
    pub stopped: Option<u8>,
    /// Does what it is told of encodings that nobody wants: those that are switched off now.
    pub heeds_switches: bool,
    switched_off: Vec<u8>,
    switches: VecDeque<(Instant, Vec<u8>)>,
    /// Every packet begins a keyframe of another size.
    pub resizes: bool,
    /// Says in its sender reports that it has no wall clock (RFC 3550 §6.4.1).
    pub no_wall_clock: bool,
    pub plis: Vec<Instant>,
    pub packets_nacked: u64,
    pub packets_repeated: u64,
    pub twcc_reports: u64,
    /// Packets that transport-wide feedback said had arrived.
    pub twcc_received: u64,
    /// Packets of padding in a second, on the lowest encoding's RTX stream, from the first moment on: Firefox probes so.
    pub padding_per_second: u32,
    pub padding_sent: u64,
    /// SSRCs that receiver reports spoke of.
    pub reported_on: BTreeSet<u32>,
    pub frames_sent: u32,
    pub rtp_out: VecDeque<Plain>,
    pub rtcp_out: VecDeque<Vec<u8>>,
    /// Its wall clock is off by this much, in NTP units.
    pub clock_error: u64,
    /// How much too fast its microphone, its camera and its wall clock are, parts per million.
    pub drift_ppm: (i64, i64, i64),
    /// Its sender reports are this old when they leave.
    pub reports_late: Duration,
    reports: VecDeque<(Instant, Vec<u8>)>,
    epoch: Instant,
    encodings: Vec<Encoding>,
    next_audio_index: u64,
    keyframe_wanted: bool,
    since_keyframe: u32,
    next_frame: Option<Instant>,
    next_audio: Option<Instant>,
    next_report: Option<Instant>,
    next_padding: Option<Instant>,
    transport_sequence: u16,
    mids: (String, String),
}

impl Publisher {
    /// `epoch`: when the test began.
    pub fn new(epoch: Instant, what: Publishing) -> Self {
        let rids = if what.rids.is_empty() { vec![""] } else { what.rids.clone() };
        let encodings = rids.iter().zip(0_u8..).map(|(rid, place)| Encoding {
            ssrc: what.first_ssrc + 2 * u32::from(place),
            rid,
            place,
            // Each begins somewhere else; the first wraps soon.
            next: 65_400 - 1_000 * u64::from(place) - 100 * u64::from(what.mark),
            next_repeat: 77,
            picture_id: 32_700 + u16::from(what.mark),
            tl0: 250,
            layers: BTreeMap::new(),
            frames_since_keyframe: 0,
            rests: false,
            sent: BTreeMap::new(),
            repeated: BTreeMap::new(),
        });
        let mids = if what.audio { ("0".into(), "1".into()) } else { (String::new(), "0".into()) };
        Self {
            encodings: encodings.collect(),
            clock_error: u64::from(what.mark) << 36,
            what,
            drift_ppm: (0, 0, 0),
            reports_late: Duration::ZERO,
            reports: VecDeque::new(),
            muted: false,
            level: 30,
            no_repeats: false,
            repeats_apart: Duration::ZERO,
            no_keyframes: false,
            stopped: None,
            heeds_switches: false,
            switched_off: vec![],
            switches: VecDeque::new(),
            resizes: false,
            no_wall_clock: false,
            plis: vec![],
            packets_nacked: 0,
            packets_repeated: 0,
            twcc_reports: 0,
            twcc_received: 0,
            padding_per_second: 0,
            padding_sent: 0,
            next_padding: None,
            reported_on: BTreeSet::new(),
            frames_sent: 0,
            rtp_out: VecDeque::new(),
            rtcp_out: VecDeque::new(),
            epoch,
            next_audio_index: 500,
            keyframe_wanted: true,
            since_keyframe: 0,
            next_frame: None,
            next_audio: None,
            next_report: None,
            transport_sequence: 65_000,
            mids,
        }
    }

    /// Sends in sections of these names, audio and video.
    pub fn named(self, mids: (String, String)) -> Self {
        Self { mids, ..self }
    }

    /// Sends its lowest encoding on another SSRC.
    pub fn use_ssrc(&mut self, ssrc: u32) {
        self.encodings[0].ssrc = ssrc;
    }

    pub fn start(&mut self, now: Instant) {
        self.next_frame = self.what.video.then_some(now);
        self.next_audio = self.what.audio.then_some(now);
        self.next_report = Some(now + Duration::from_millis(50));
        self.next_padding = (self.padding_per_second > 0).then_some(now);
    }

    /// Sends just these encodings of its simulcast.
    pub fn send_only(&mut self, now: Instant, rids: &[&str]) {
        if self.heeds_switches {
            let off = self.encodings.iter().filter(|encoding| !rids.contains(&encoding.rid));
            self.switches.push_back((now + SWITCH_TAKES, off.map(|encoding| encoding.place).collect()));
        }
    }

    /// Goes on with new streams: other SSRCs, other numbers.
    pub fn begin_anew(&mut self) {
        for encoding in &mut self.encodings {
            encoding.ssrc += 10_000;
            encoding.next = 9_000;
            encoding.next_repeat = 3;
            encoding.picture_id = 77;
            encoding.sent.clear();
        }
        self.keyframe_wanted = true;
    }

    pub fn due(&self) -> Option<Instant> {
        let late = self.reports.front().map(|(at, _)| *at);
        [self.next_frame, self.next_audio, self.next_report, self.next_padding, late].into_iter().flatten().min()
    }

    pub fn wake(&mut self, now: Instant) {
        if let Some(at) = self.next_padding.filter(|at| *at <= now) {
            self.next_padding = Some(at + Duration::from_secs(1) / self.padding_per_second);
            self.padding();
        }
        if let Some(at) = self.next_frame.filter(|at| *at <= now) {
            self.next_frame = Some(at + FRAME_INTERVAL);
            if !self.muted {
                self.frame(now);
            }
        }
        if let Some(at) = self.next_audio.filter(|at| *at <= now) {
            self.next_audio = Some(at + AUDIO_INTERVAL);
            if !self.muted {
                self.sound(now);
            }
        }
        if let Some(at) = self.next_report.filter(|at| *at <= now) {
            self.next_report = Some(at + REPORT_INTERVAL);
            self.report(now);
        }
        while let Some((_, report)) = self.reports.pop_front_if(|(at, _)| *at <= now) {
            self.rtcp_out.push_back(report);
        }
    }

    /// A media clock that began somewhere, at this rate.
    fn timestamp(&self, now: Instant, rate: u32) -> u32 {
        let (audio, video, _) = self.drift_ppm;
        let nanos = drifted(now - self.epoch, if rate == 48_000 { audio } else { video });
        let ticks = nanos * u128::from(rate) / 1_000_000_000;
        (ticks as u32).wrapping_add(rate.wrapping_mul(47_000 + u32::from(self.what.mark)))
    }

    fn frame(&mut self, now: Instant) {
        while let Some((_, off)) = self.switches.pop_front_if(|(at, _)| *at <= now) {
            self.switched_off = off;
        }
        let due = self.what.keyframe_every.is_some_and(|every| self.since_keyframe >= every);
        let key = std::mem::take(&mut self.keyframe_wanted) || due || self.resizes;
        self.since_keyframe = if key { 1 } else { self.since_keyframe + 1 };
        self.frames_sent += 1;
        let timestamp = self.timestamp(now, 90_000);
        let captured_ms = (now - self.epoch).as_millis() as u32;
        let browser = self.what.style == Style::Browser;
        let mid = if browser { self.mids.1.clone() } else { String::new() };
        let reported_on = &self.reported_on;
        for encoding in &mut self.encodings {
            // What is switched on again begins with a keyframe.
            let rests = self.stopped == Some(encoding.place) || self.switched_off.contains(&encoding.place);
            let rested = std::mem::replace(&mut encoding.rests, rests);
            let key = key || rested;
            if encoding.rests {
                continue;
            }
            encoding.picture_id = (encoding.picture_id + 1) & 0x7fff;
            let (temporal, needs_back) = encoding.layer(key, self.frames_sent, self.what.temporal);
            encoding.tl0 = encoding.tl0.wrapping_add(u8::from(temporal.0 == 0));
            // Browsers say what a stream is until a report shows that it was understood.
            let is_known = reported_on.contains(&encoding.ssrc);
            let (mid, rid) = if is_known { ("", "") } else { (mid.as_str(), encoding.rid) };
            let (of_key, of_delta) = self.what.packets;
            let multiple = self.what.multiples.get(usize::from(encoding.place)).copied().unwrap_or(1);
            let count = multiple * if key { of_key } else { of_delta };
            for index in 0..count {
                let mark = Mark {
                    publisher: self.what.mark,
                    encoding: encoding.place,
                    key,
                    index,
                    count,
                    frame: self.frames_sent,
                    captured_ms,
                    needs_back,
                };
                let bytes =
                    self.what.packet_bytes * (1 + usize::from(encoding.place)) + self.what.steps * usize::from(index);
                let mut payload = vp8(mark, encoding.picture_id, encoding.tl0, temporal, bytes);
                if self.resizes {
                    // A picture of its own: begins, is a keyframe (RFC 7741 §4.2, §4.3), and has this height.
                    payload[0] |= 0x10;
                    let height = 100 + (encoding.next % 97) as u16;
                    payload[VP8_HEIGHT_AT..][..2].copy_from_slice(&height.to_le_bytes());
                }
                self.transport_sequence = self.transport_sequence.wrapping_add(1);
                let number = if browser { self.transport_sequence.to_be_bytes().to_vec() } else { vec![] };
                let extensions: [(u8, &[u8]); 3] =
                    [(MID, mid.as_bytes()), (RID, rid.as_bytes()), (TRANSPORT_CC, &number)];
                let name = (encoding.ssrc, VP8, encoding.next);
                let plain = packet(name, index + 1 == count, timestamp, &extensions, &payload);
                encoding.sent.insert(encoding.next as u16, plain.clone());
                if encoding.sent.len() > REMEMBERED {
                    encoding.sent.remove(&((encoding.next - REMEMBERED as u64) as u16));
                }
                encoding.next += 1;
                self.rtp_out.push_back(plain);
            }
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
        let level = [0x80 | self.level];
        let browser = self.what.style == Style::Browser;
        let extensions: [(u8, &[u8]); 2] = [(MID, self.mids.0.as_bytes()), (AUDIO_LEVEL, &level)];
        let extensions = if browser { &extensions[..] } else { &[] };
        let name = (self.what.first_ssrc + 100, OPUS, self.next_audio_index);
        let plain = packet(name, false, self.timestamp(now, 48_000), extensions, &opus(mark));
        self.next_audio_index += 1;
        self.rtp_out.push_back(plain);
    }

    /// A packet of nothing but padding, as bandwidth is probed with.
    fn padding(&mut self) {
        let encoding = &mut self.encodings[0];
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        let number = self.transport_sequence.to_be_bytes();
        let extensions: [(u8, &[u8]); 3] =
            [(MID, self.mids.1.as_bytes()), (REPAIRED_RID, encoding.rid.as_bytes()), (TRANSPORT_CC, &number)];
        let name = (encoding.ssrc + 1, VP8_RTX, encoding.next_repeat);
        let mut plain = packet(name, false, 0, &extensions, &[0xff; 255]);
        plain.bytes[0] |= 0x20;
        encoding.next_repeat += 1;
        self.padding_sent += 1;
        self.rtp_out.push_back(plain);
    }

    fn report(&mut self, now: Instant) {
        let nanos = drifted(now - self.epoch, self.drift_ppm.2) as u64;
        let ntp = (((nanos / 1_000_000_000) << 32) | (((nanos % 1_000_000_000) << 32) / 1_000_000_000))
            .wrapping_add(self.clock_error);
        let ntp = if self.no_wall_clock { 0 } else { ntp };
        for encoding in &self.encodings {
            if self.what.video {
                let report = sender_report(encoding.ssrc, ntp, self.timestamp(now, 90_000));
                self.reports.push_back((now + self.reports_late, report));
            }
        }
        if self.what.audio {
            let report = sender_report(self.what.first_ssrc + 100, ntp, self.timestamp(now, 48_000));
            self.reports.push_back((now + self.reports_late, report));
        }
    }

    pub fn rtcp(&mut self, now: Instant, packet: &RtcpPacket<'_>) {
        match packet.kind {
            Kind::PictureLoss => {
                self.plis.push(now);
                assert_eq!(self.what.style, Style::Browser, "a PLI to a publisher that offered none");
                self.keyframe_wanted |= !self.no_keyframes;
            }
            Kind::Nack => {
                let ssrc = be32(packet.body, 4);
                for pair in packet.body[8..].chunks_exact(4) {
                    let first = u16::from_be_bytes([pair[0], pair[1]]);
                    let mask = u16::from_be_bytes([pair[2], pair[3]]);
                    self.repeat(now, ssrc, first);
                    let followers = (0..16_u16).filter(|bit| mask & (1 << bit) != 0);
                    followers.for_each(|bit| self.repeat(now, ssrc, first.wrapping_add(1 + bit)));
                }
            }
            Kind::ReceiverReport => {
                self.reported_on.extend(packet.body[4..].chunks_exact(24).map(|block| be32(block, 0)));
            }
            Kind::TransportCc => {
                self.twcc_reports += 1;
                self.twcc_received += twcc::parse(packet).map_or(0, |it| u64::from(it.totals.received));
            }
            _ => {}
        }
    }

    /// Repeats a packet in RTX format (RFC 4588).
    fn repeat(&mut self, now: Instant, ssrc: u32, sequence: u16) {
        self.packets_nacked += 1;
        let mid = self.mids.1.as_bytes();
        let Some(encoding) = self.encodings.iter_mut().find(|encoding| encoding.ssrc == ssrc) else { return };
        let Some(sent) = encoding.sent.get(&sequence).filter(|_| !self.no_repeats) else { return };
        let before = encoding.repeated.get(&sequence);
        if before.is_some_and(|at| now < *at + self.repeats_apart) {
            return;
        }
        encoding.repeated.insert(sequence, now);
        let mut payload = sequence.to_be_bytes().to_vec();
        payload.extend_from_slice(&sent.bytes[sent.header_len..]);
        let mid = if self.what.style == Style::Browser { mid } else { &[] };
        let extensions: [(u8, &[u8]); 2] = [(MID, mid), (REPAIRED_RID, encoding.rid.as_bytes())];
        let name = (ssrc + 1, VP8_RTX, encoding.next_repeat);
        let marker = sent.bytes[1] & 0x80 != 0;
        let plain = packet(name, marker, be32(&sent.bytes, 4), &extensions, &payload);
        encoding.next_repeat += 1;
        self.packets_repeated += 1;
        self.rtp_out.push_back(plain);
    }
}
