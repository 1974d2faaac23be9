//! One track of a lean publisher: plays its loop in real time, repeats what is asked for, jumps to its keyframe on request.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{BufMut, Bytes, BytesMut};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rtcp::sender_report::SenderReport;
use rtp::Packet;

use super::description::StampIds;
use super::speech::{Silence, Speech};
use super::stamps::Stamps;
use crate::client::PublishedTrack;
use crate::media::Codec;
use crate::media::mark::{self, Mark};
use crate::packetize::{Packetizer, StreamStart};

/// Keyframes are made at most this often, as encoders do; requests in between are answered by the next.
const KEYFRAME_INTERVAL_MIN: Duration = Duration::from_millis(300);
/// Packets that can be repeated: two seconds of the large loop, with room.
const HISTORY: usize = 1_024;
/// Seconds from NTP's epoch, 1900, to Unix's (RFC 5905 §6).
const NTP_OFFSET: u64 = 2_208_988_800;
/// Frames behind time that are still sent at once; a thread that was away for longer goes on from now.
const BEHIND_MAX: u32 = 10;

/// Names of a simulcast's encodings, smallest first.
pub const RIDS: [&str; 3] = ["q", "h", "f"];

/// What a track is called on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderIds {
    pub ssrc: u32,
    /// SSRC of retransmissions; of video only.
    pub rtx: Option<u32>,
    pub payload_type: u8,
    /// Which of [`RIDS`] it is, in a simulcast.
    pub encoding: Option<u8>,
}

impl SenderIds {
    /// Whether a section of the offer is this one's: a simulcast's encodings share one.
    pub const fn begins_section(&self) -> bool {
        matches!(self.encoding, None | Some(0))
    }
}

/// A track before it is connected.
#[derive(Clone, Debug)]
pub struct SenderPlan {
    pub track: Arc<PublishedTrack>,
    pub ids: SenderIds,
    pub start: StreamStart,
    /// Of sounds.
    pub speech: Speech,
}

impl SenderPlan {
    /// Draws SSRCs and where counters start from `seed`; all wrap soon, that is where streams go wrong if anywhere.
    pub fn new(track: Arc<PublishedTrack>, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        // Not 0, and room for the retransmissions' right above.
        let ssrc = random.random_range(1..u32::MAX - 1);
        let (payload_type, rtx) = match track.clip.codec() {
            Codec::Vp8 => (96, Some(ssrc + 1)),
            Codec::Vp9 => (98, Some(ssrc + 1)),
            Codec::Av1 => (45, Some(ssrc + 1)),
            Codec::H264 => (102, Some(ssrc + 1)),
            Codec::Opus => (111, None),
        };
        let start = StreamStart {
            sequence_number: random.random_range(65_000..=u16::MAX),
            timestamp: random.random_range(u32::MAX - 900_000..=u32::MAX),
            picture_id: random.random_range(0x7f00..0x8000),
        };
        let speech = Speech::new(random.random(), Silence::Sent);
        Self { track, ids: SenderIds { ssrc, rtx, payload_type, encoding: None }, start, speech }
    }

    /// Encoding `encoding` of a simulcast.
    #[must_use]
    pub fn of_simulcast(mut self, encoding: u8) -> Self {
        self.ids.encoding = Some(encoding);
        self
    }

    /// What becomes of silence.
    #[must_use]
    pub fn with_silence(mut self, silence: Silence, seed: u64) -> Self {
        self.speech = Speech::new(seed, silence);
        self
    }
}

/// A track that is sent.
#[derive(Debug)]
pub struct Sender {
    track: Arc<PublishedTrack>,
    pub ids: SenderIds,
    stamps: Stamps,
    speech: Speech,
    packetizer: Packetizer,
    first_timestamp: u32,
    epoch: Instant,
    /// The frame that is sent next by its time, whether silence before it was sent or not; and its place in the loop.
    number: u32,
    index: u16,
    next: Instant,
    /// How often it went on from now; whoever counts takes it.
    pub resumed: u64,
    keyframe_wanted: bool,
    last_keyframe: Instant,
    history: VecDeque<Packet>,
    next_repeat: u16,
    packets: u32,
    octets: u32,
}

impl Sender {
    /// Sends its first frame at `now`, in the section with this index.
    pub fn new(now: Instant, plan: SenderPlan, section: usize, agreed: StampIds) -> Self {
        let SenderPlan { track, ids, start, speech } = plan;
        Self {
            packetizer: Packetizer::new(track.clip.codec(), ids.ssrc, ids.payload_type, start),
            track,
            ids,
            stamps: Stamps::new(section, ids.encoding, agreed),
            speech,
            first_timestamp: start.timestamp,
            epoch: now,
            number: 0,
            index: 0,
            next: now,
            resumed: 0,
            keyframe_wanted: false,
            last_keyframe: now,
            history: VecDeque::new(),
            next_repeat: start.sequence_number,
            packets: 0,
            octets: 0,
        }
    }

    /// When the next frame is due.
    pub fn poll_timeout(&self) -> Instant {
        self.next
    }

    /// The packets of the frames that are due.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Packet>) {
        let interval = self.track.clip.frame_interval();
        if now.saturating_duration_since(self.next) > interval * BEHIND_MAX {
            self.epoch = now.checked_sub(interval * self.number).unwrap_or(self.epoch);
            self.next = now;
            self.resumed += 1;
        }
        while self.next <= now {
            self.frame(now, out);
            self.number = self.number.wrapping_add(1);
            self.next = self.epoch + interval * self.number;
        }
    }

    fn frame(&mut self, now: Instant, out: &mut Vec<Packet>) {
        let clip = Arc::clone(&self.track.clip);
        let rested = now.saturating_duration_since(self.last_keyframe) >= KEYFRAME_INTERVAL_MIN;
        if clip.codec().is_video() && self.keyframe_wanted && rested {
            self.index = 0;
        }
        if self.index == 0 {
            self.keyframe_wanted = false;
            self.last_keyframe = now;
        }
        let sound = (!clip.codec().is_video()).then(|| self.speech.sound());
        if sound.is_some_and(|sound| !sound.is_sent) {
            return;
        }
        let Some(frame) = clip.frame(self.index) else { return };
        let mark = Mark::new(self.track.tag, self.number, self.index);
        let marked = mark::embed(clip.codec(), &frame.body, mark);
        let packets = self.packetizer.packetize(&marked, clip.frame_ticks().wrapping_mul(self.number));
        self.index = clip.next_index(self.index);
        self.track.sent.record(self.number, now);
        for mut packet in packets {
            self.stamps.stamp(&mut packet.header, sound);
            self.packets = self.packets.wrapping_add(1);
            self.octets = self.octets.wrapping_add(u32::try_from(packet.payload.len()).unwrap_or(0));
            if self.ids.rtx.is_some() {
                if self.history.len() == HISTORY {
                    self.history.pop_front();
                }
                self.history.push_back(packet.clone());
            }
            out.push(packet);
        }
    }

    /// A report says that the stream is known: its name is no longer sent with each packet.
    pub fn on_reception(&mut self) {
        self.stamps.known();
    }

    /// A keyframe is asked for.
    pub fn on_keyframe_request(&mut self) {
        self.keyframe_wanted = true;
    }

    /// Repeats the packets with these numbers, as RTX (RFC 4588 §4), as far as they are remembered.
    pub fn on_nack(&mut self, numbers: impl Iterator<Item = u16>, out: &mut Vec<Packet>) {
        let Some(rtx) = self.ids.rtx else { return };
        for number in numbers {
            let Some(first) = self.history.front().map(|packet| packet.header.sequence_number) else { return };
            let place = usize::from(number.wrapping_sub(first));
            let Some(original) = self.history.get(place) else { continue };
            let mut payload = BytesMut::with_capacity(2 + original.payload.len());
            payload.put_u16(number);
            payload.put_slice(&original.payload);
            let mut packet = Packet { header: original.header.clone(), payload: Bytes::from(payload) };
            (packet.header.ssrc, packet.header.sequence_number) = (rtx, self.next_repeat);
            packet.header.payload_type = self.ids.payload_type + 1;
            self.stamps.stamp_repeat(&mut packet.header);
            self.next_repeat = self.next_repeat.wrapping_add(1);
            out.push(packet);
        }
    }

    /// A sender report at `now` (RFC 3550 §6.4.1).
    pub fn report(&self, now: Instant) -> SenderReport {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let fraction = (u64::from(wall.subsec_nanos()) << 32) / 1_000_000_000;
        let rate = u128::from(self.track.clip.codec().clock_rate());
        let ticks = now.saturating_duration_since(self.epoch).as_micros() * rate / 1_000_000;
        let ticks = u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or(0);
        SenderReport {
            ssrc: self.ids.ssrc,
            ntp_time: (wall.as_secs().wrapping_add(NTP_OFFSET) << 32) | fraction,
            rtp_time: self.first_timestamp.wrapping_add(ticks),
            packet_count: self.packets,
            octet_count: self.octets,
            ..SenderReport::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::mark::PublisherTag;
    use crate::media::{Clip, ClipSize};

    fn sender(now: Instant) -> Sender {
        let clip = Arc::new(Clip::embedded(Codec::Vp8, ClipSize::Large).unwrap());
        let plan = SenderPlan::new(Arc::new(PublishedTrack::new(PublisherTag(1), clip)), 5);
        Sender::new(now, plan, 0, StampIds::default())
    }

    fn after(sender: &mut Sender, now: Instant) -> Vec<Packet> {
        let mut out = Vec::new();
        sender.handle_timeout(now, &mut out);
        out
    }

    #[test]
    fn frames_come_in_real_time_and_what_was_missed_for_long_is_left_out() {
        let start = Instant::now();
        let mut sender = sender(start);
        let times = |packets: &[Packet]| {
            let mut times: Vec<_> = packets.iter().map(|packet| packet.header.timestamp).collect();
            times.dedup();
            times.len()
        };
        assert_eq!(times(&after(&mut sender, start)), 1);
        assert_eq!(times(&after(&mut sender, start + Duration::from_millis(20))), 0);
        assert_eq!(times(&after(&mut sender, start + Duration::from_millis(101))), 3);
        assert_eq!(sender.resumed, 0);
        assert_eq!(times(&after(&mut sender, start + Duration::from_secs(60))), 1);
        assert_eq!(sender.resumed, 1);
    }

    #[test]
    fn requests_are_answered_by_repeats_and_keyframes() {
        let start = Instant::now();
        let mut sender = sender(start);
        let mut packets = after(&mut sender, start);
        packets.extend(after(&mut sender, start + Duration::from_millis(50)));
        let asked = packets.last().unwrap();
        let mut repeats = Vec::new();
        let unknown = packets[0].header.sequence_number.wrapping_sub(1);
        sender.on_nack([asked.header.sequence_number, unknown].into_iter(), &mut repeats);
        let [repeat] = &repeats[..] else { panic!("one of two is known") };
        assert_eq!((Some(repeat.header.ssrc), repeat.header.payload_type), (sender.ids.rtx, 97));
        assert_eq!(repeat.payload[..2], asked.header.sequence_number.to_be_bytes());
        assert_eq!(repeat.payload[2..], asked.payload);

        let is_keyframe = |packets: &[Packet]| packets[0].payload[6] & 1 == 0;
        sender.on_keyframe_request();
        assert!(!is_keyframe(&after(&mut sender, start + Duration::from_millis(101))), "too soon after the first");
        assert!(
            is_keyframe(&after(&mut sender, start + Duration::from_millis(400)))
                || is_keyframe(&after(&mut sender, start + Duration::from_millis(434)))
        );
    }
}
