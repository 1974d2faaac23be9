//! Counters of a shard as values, named after the identifiers of W3C webrtc-stats where there is one.

use crate::bitrate::Caps;
use crate::codec::Codec;
use crate::command::Muting;
use crate::event::{CurrentLayer, LimitedBy};
use crate::id::{Identity, MediaKind, Mid, Rid, RoomName, Ssrc, TrackName, TransportId};
use crate::interceptor::ControlCounters;
use crate::publish::EncodingStats;
use crate::subscribe::SlotStats;
use crate::transport::{DataCounters, TransportCounters};

/// What a shard counts for itself since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShardCounters {
    pub datagrams_received: u64,
    /// Datagrams from an unknown address or for an unknown ICE user name.
    pub datagrams_unaddressed: u64,
    /// Authenticated RTP packets that could not be parsed.
    pub rtp_malformed: u64,
    /// Authenticated RTP packets that nothing tells the track of, or whose payload type was not agreed.
    pub rtp_unroutable: u64,
    /// Repeats of nothing: padding that publishers probe with (RFC 4588 streams).
    pub rtp_padding: u64,
    pub rtp_packets_received: u64,
    /// Media and repeats sent to subscribers.
    pub rtp_packets_sent: u64,
    /// Packets of nothing but padding among those, sent to find out what links carry.
    pub probe_packets_sent: u64,
    /// UDP payload bytes of those.
    pub rtp_bytes_sent: u64,
    pub rtcp_packets_received: u64,
    pub rtcp_packets_sent: u64,
    /// Packets that subscribers' transport-wide feedback reported as arrived.
    pub transport_cc_received: u64,
    /// Packets that it reported as missing.
    pub transport_cc_missing: u64,
    /// SCTP packets of peers that no data channels were agreed on with.
    pub data_not_agreed: u64,
    /// Messages for transports that have opened no channel yet.
    pub data_undelivered: u64,
    /// Messages received on channels that the control plane does not listen to.
    pub data_unheard: u64,
    /// Sends handed to the network, each of one or more datagrams.
    pub transmits: u64,
    /// Datagrams of those that left by UDP.
    pub batches: BatchCounters,
    /// RTP packets sent with a byte of padding, to be as large as those that they share a send with.
    pub rtp_packets_padded: u64,
    /// Times that a TCP connection took no more and its participant's media had to wait.
    pub streams_blocked: u64,
    /// TCP connections that ended under their participant.
    pub streams_closed: u64,
    /// Copies of packets given to other shards.
    pub relay_packets_sent: u64,
    pub relay_packets_received: u64,
    /// Packets that another shard should have had a copy of and was too slow for.
    pub relay_packets_dropped: u64,
    /// Times that another shard was so far behind that it had to be told everything anew.
    pub relay_restarts: u64,
    /// Rings that were made smaller, because all together took more than they may.
    pub rings_shrunk: u64,
    /// Times that publishers were told not to send an encoding, because nobody wants it, and to send it again.
    pub encodings_switched_off: u64,
    pub encodings_switched_on: u64,
    /// Packets of publishers that were refused because they were above a cap, and their UDP payload bytes.
    pub packets_refused: u64,
    pub bytes_refused: u64,
    /// Times that a viewer's slots were pointed at their encodings anew.
    pub viewers_attached: u64,
    /// Faults of our own that ended one transport.
    pub panics_caught: u64,
    pub transports_opened: u64,
    pub transports_closed: u64,
    pub transports_refused: u64,
}

/// Datagrams that left by UDP, by how many left in one send with them: the kernel is paid by the send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchCounters {
    /// Each class begins at a power of two.
    classes: [u64; BATCH_CLASSES.len()],
}

/// How many datagrams a send has, by class; two and more need segmentation offload.
const BATCH_CLASSES: [&str; 6] = ["1", "2-3", "4-7", "8-15", "16-31", "32+"];

impl BatchCounters {
    /// Counts a send of so many datagrams.
    pub(crate) fn note(&mut self, datagrams: usize) {
        let class = datagrams.checked_ilog2().and_then(|power| usize::try_from(power).ok()).unwrap_or(0);
        if let Some(count) = self.classes.get_mut(class.min(BATCH_CLASSES.len() - 1)) {
            *count += u64::try_from(datagrams).unwrap_or(u64::MAX);
        }
    }

    /// Every class's datagrams, by the sends' sizes, the smallest first.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        BATCH_CLASSES.into_iter().zip(self.classes)
    }
}

/// One published track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackStats {
    pub transport: TransportId,
    pub mid: Mid,
    pub kind: MediaKind,
    pub muting: Muting,
}

/// One published encoding (inbound-rtp).
#[derive(Debug, Clone)]
pub struct InboundRtp {
    pub transport: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    pub mid: Mid,
    pub rid: Option<Rid>,
    pub kind: MediaKind,
    pub ssrc: Option<Ssrc>,
    pub stats: EncodingStats,
    /// Height of its pictures, pixels, once a keyframe told it.
    pub height: Option<u16>,
    /// The format that came last.
    pub codec: Option<Codec>,
    /// What it costs whoever is sent it, bit/s, once that is measured.
    pub bps: Option<u64>,
    pub switch: SwitchState,
    /// Whether it is refused, because its publisher sends more than it may.
    pub refused: bool,
    /// Bytes that the encoding's ring holds allocated.
    pub ring_bytes: usize,
}

/// Whether an encoding is to be sent by its publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SwitchState {
    /// As its publisher likes.
    #[default]
    On,
    /// Somebody wants it again, and it has not come yet.
    AskedFor,
    /// Nobody wants it, and its publisher was told so; `heeded` once it does not come any more.
    Off { heeded: bool },
}

/// One slot of a viewer (outbound-rtp).
#[derive(Debug, Clone)]
pub struct OutboundRtp {
    pub transport: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    pub mid: Mid,
    pub kind: MediaKind,
    pub ssrc: Ssrc,
    /// What the slot shows or is to show.
    pub track: Option<TrackName>,
    /// Whose track the slot shows.
    pub source: Option<Identity>,
    pub state: SlotState,
    /// The encoding that feeds it now, while it is live.
    pub layer: Option<CurrentLayer>,
    /// The encoding that was decided on; another than feeds it while its key frame is awaited.
    pub target: Option<CurrentLayer>,
    /// What keeps its pictures from being better, or from being sent at all.
    pub limited_by: Option<LimitedBy>,
    pub rates: SlotRates,
    pub stats: SlotStats,
}

/// What a video slot was given of its viewer's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotRates {
    /// What its pictures are counted with, bit/s.
    pub allotted_bps: u64,
    /// By how much the budget is too small for the next better ones, bit/s; 0: that is not what keeps them.
    pub missing_bps: u64,
}

/// What a viewer may be sent and is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sending {
    /// What its link carries, bit/s of UDP payload; `None` while it says nothing of what arrives.
    pub estimate_bps: Option<u64>,
    /// The least of what it may be sent, bit/s of UDP payload, and whose limit that is; `None`: unlimited.
    pub budget_bps: Option<u64>,
    pub limited_by: Option<LimitedBy>,
    /// What its slots were given, bit/s, sounds included.
    pub allotted_bps: u64,
    /// What they would take if there were no limit, bit/s.
    pub wanted_bps: u64,
    /// UDP payload bytes sent to it so far, of whatever kind.
    pub bytes_sent: u64,
}

/// What a slot does, and if nothing, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    Live,
    /// Nothing is to be shown.
    Empty,
    /// Its publisher muted the track.
    Muted,
    /// The viewer's layout gives it no height.
    Hidden,
    /// There are no bits for it: `SlotStatus::limited_by` says whose limit it is.
    Paused,
    /// Assigned, and nothing that can be decoded has come yet.
    AwaitingKeyframe,
    /// The publisher has sent nothing yet, or only in formats that this slot did not agree to.
    AwaitingMedia,
    /// The viewer's transport is not up yet.
    Connecting,
    /// Nobody publishes what this slot is to show.
    NoSuchTrack,
    /// The publisher's format is none of the slot's.
    NoMutualCodec,
}

/// One transport.
#[derive(Debug, Clone)]
pub struct TransportStats {
    pub id: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    pub connected: bool,
    /// Name of the agreed SRTP profile.
    pub srtp_cipher: Option<&'static str>,
    /// What it may send and receive: the participant's own caps, or its room's.
    pub caps: Caps,
    pub sending: Sending,
    /// UDP payload bytes received from it so far, of whatever kind.
    pub bytes_received: u64,
    /// Of those, what was refused because it was above its cap.
    pub bytes_refused: u64,
}

/// Everything a shard counts, as a value.
#[derive(Debug, Clone, Default)]
pub struct ShardStats {
    pub counters: ShardCounters,
    /// Of the transports that are here and those that are gone.
    pub transport: TransportCounters,
    /// Of the transports that are here and those that are gone.
    pub control: ControlCounters,
    /// Of the data channels of transports that are here and those that are gone.
    pub data: DataCounters,
    /// Of every slot that is here or gone.
    pub slots: SlotStats,
    /// Of every encoding that is here or gone.
    pub encodings: EncodingStats,
    pub rooms: usize,
    pub transports: Vec<TransportStats>,
    pub tracks: Vec<TrackStats>,
    pub inbound: Vec<InboundRtp>,
    pub outbound: Vec<OutboundRtp>,
    pub timers: usize,
}

impl InboundRtp {
    /// What its publisher does not send, because nobody wants it, bit/s: what it cost while it was sent; 0 while it is.
    pub fn saved_bps(&self) -> u64 {
        self.bps.filter(|_| self.switch == SwitchState::Off { heeded: true }).unwrap_or(0)
    }
}

/// The format that a publisher sends now, for people.
pub fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "opus",
        Codec::Red => "red",
        Codec::Vp8 => "VP8",
        Codec::Vp9 { .. } => "VP9",
        Codec::H264 { .. } => "H264",
        Codec::Av1 { .. } => "AV1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_send_counts_for_all_its_datagrams_in_the_class_of_its_size() {
        let mut batches = BatchCounters::default();
        [1, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 64, 90].into_iter().for_each(|send| batches.note(send));
        let counted: Vec<_> = batches.named().collect();
        assert_eq!(counted, [("1", 2), ("2-3", 5), ("4-7", 11), ("8-15", 23), ("16-31", 47), ("32+", 186)]);
    }
}
