//! Every limit of the media plane, with the reason for its size; what it sheds is counted in [`crate::stats`].

use std::time::Duration;

/// Longest room name or identity, bytes. Fits a header extension and a log line.
pub const NAME_BYTES_MAX: usize = 128;

/// Largest session description accepted, bytes. A browser's section takes 1.2 to 3 KiB, so this holds 85 to 200 of them.
pub const SDP_BYTES_MAX: usize = 256 * 1024;
/// Most lines of a session description: what `SDP_BYTES_MAX` holds at about 32 bytes a line. A browser's section has 40 to
/// 130, so a default of 2,000 would refuse a page with a dozen tiles.
pub const SDP_LINES_MAX: usize = 8_000;
/// Most m-sections of a session description.
pub const SDP_SECTIONS_MAX: usize = 512;
/// Simulcast encodings taken of one published track; browsers send at most three, SVC aside.
pub const RIDS_PER_SECTION_MAX: usize = 8;
/// Fingerprints kept of one section; a peer has one certificate, rarely two.
pub const FINGERPRINTS_PER_SECTION_MAX: usize = 8;
/// Parameters of one `a=fmtp` line that are looked at; browsers send three.
pub const FMTP_PARAMETERS_MAX: usize = 32;
/// Codec names that an error repeats, so that its message stays one.
pub const SDP_CODEC_NAMES_MAX: usize = 16;
/// Longest excerpt of a line in an error, characters: enough to find it, too short to flood a log.
pub const SDP_EXCERPT_CHARS_MAX: usize = 80;

/// Largest message of a data channel that we take, bytes; said in `a=max-message-size` (RFC 8841 §6). What every peer takes
/// that says nothing of it; one message is memory that a slow link holds.
pub const DATA_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Largest RTP or RTCP packet accepted, bytes. Ethernet's MTU; larger ones cannot be forwarded without fragments.
pub const PACKET_BYTES_MAX: usize = 1_500;
/// Redundant blocks of one RED packet; browsers send one or two.
pub const RED_BLOCKS_MAX: usize = 8;
/// OBU elements looked at in one AV1 packet; 1,500 bytes with more is nothing an encoder makes.
pub const AV1_ELEMENTS_MAX: usize = 64;
/// Frame differences of one template of a Dependency Descriptor; the wire has no bound, encoders use up to 4.
pub const FRAME_DIFFS_MAX: usize = 64;

/// Runs of packets whose sending one transport remembers until feedback speaks of them, at first: two seconds of a voice or a picture.
pub const SEND_HISTORY_RUNS: u16 = 64;
/// The same at most: two seconds of fifty small tiles, of whose packets few leave together, in 64 KiB. A power of two.
pub const SEND_HISTORY_RUNS_MAX: u16 = 4_096;

/// How long a pair may go without a verified STUN request before the peer is gone (RFC 7675 §5.1).
pub const CONSENT_EXPIRY: Duration = Duration::from_secs(30);
/// How long a peer may send nothing authentic before it counts as silent. Browsers check connectivity every 2.5 to 5 s.
pub const SILENT_AFTER: Duration = Duration::from_secs(7);
/// How long a DTLS handshake may take from the first verified STUN request.
pub const DTLS_HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How long a transport may wait for its first verified STUN request.
pub const ICE_START_MAX: Duration = Duration::from_secs(30);
/// Largest DTLS message put together from fragments, bytes.
pub const DTLS_REASSEMBLY_BYTES_MAX: usize = 16 * 1024;
/// Handshake messages looked ahead for; a flight has at most six in the clear.
pub const DTLS_MESSAGES_AHEAD_MAX: u16 = 8;
/// Separate stretches of one message that may be there before the gaps fill; a message over 16 datagrams is an attack.
pub const DTLS_RANGES_MAX: usize = 16;
/// Flights repeated after the handshake: anybody who can forge a sender's address can ask for them.
pub const DTLS_REPEATS_AFTER_HANDSHAKE_MAX: u8 = 16;
/// STUN answers and DTLS datagrams of one transport that wait to be sent; a flight has a few, and each input is drained.
pub const CONNECTION_DATAGRAMS_MAX: usize = 64;
/// Events of one transport beyond which application data is dropped; a datagram holds at most 40 records of it.
pub const CONNECTION_EVENTS_MAX: usize = 256;
/// Remote addresses one transport may have verified at a time; Safari uses several.
pub const ICE_PAIRS_MAX: usize = 16;
/// A STUN answer is never longer than this many times its request.
pub const STUN_AMPLIFICATION_MAX: usize = 3;
/// Longest STUN request looked at, bytes; browsers send about 120. Keeps attributes from costing memory.
pub const STUN_REQUEST_BYTES_MAX: usize = 548;

/// Longest frame of a TCP connection taken, bytes (RFC 4571): an Ethernet packet and then some; nothing that ICE, DTLS or SRTP
/// sends is longer. It is also what a peer can have kept here by sending half of one.
pub const FRAME_BYTES_MAX: usize = 2_048;
/// Most bytes of one send over TCP. About a frame of 720p: what is left to be kept when the connection takes no more.
pub const STREAM_SEND_BYTES_MAX: usize = 16 * 1024;
/// How late a packet may leave over TCP before its reader moves on to the present. Longer than TCP takes to repeat what was lost
/// (its timer of 200 ms and a round trip), shorter than a conversation bears.
pub const STREAM_LAG_MAX: Duration = Duration::from_millis(500);

/// SRTP replay window, packets per SSRC (RFC 3711 §3.3.2 asks for at least 64).
pub const REPLAY_WINDOW: u64 = 1_024;
/// SSRCs one transport may send us at a time; 16 tracks of three encodings with RTX are 96.
pub const SSRCS_PER_TRANSPORT_MAX: usize = 128;
/// SSRCs one transport may ever send us. Those that fell silent must not be forgotten, or their packets could be replayed
/// (RFC 3711 §3.3.2); each is a few bytes. A screen shared in three encodings with RTX has six: some 680 times in a meeting.
pub const SSRCS_REMEMBERED_MAX: usize = 4_096;

/// Data channels that one transport may have open; a room's page has a few. Twice as many SCTP streams are agreed on, as each
/// side of DTLS opens channels on streams of its own parity (RFC 8832 §6).
pub const DATA_CHANNELS_MAX: u16 = 16;
/// Channels that one association may open in its life. Each leaves a reset to be repeated until the peer answers it.
pub const DATA_CHANNELS_OPENED_MAX: u32 = 1_024;
/// Associations that one transport may begin; browsers begin one.
pub const DATA_ASSOCIATIONS_MAX: u32 = 4;
/// Longest label or protocol of a channel, bytes. Fits a log line.
pub const DATA_LABEL_BYTES_MAX: usize = 128;
/// Bytes of messages that wait in one channel to be sent and acknowledged; four of the largest messages.
pub const DATA_CHANNEL_QUEUE_BYTES_MAX: usize = 256 * 1024;
/// The same of all channels of a transport.
pub const DATA_TRANSPORT_QUEUE_BYTES_MAX: usize = 512 * 1024;
/// Messages that wait in one channel: a small one costs 300 bytes beside its own.
pub const DATA_CHANNEL_QUEUE_MESSAGES_MAX: usize = 1_024;
/// Bytes of unfinished messages that a peer may have here, as its receive window; four of the largest messages.
pub const DATA_RECEIVE_BYTES_MAX: u32 = 256 * 1024;
/// Fragments of unfinished messages that a peer may have here. Each can hold a whole packet's memory, however small it is:
/// with 1.2 kB each they are a little over a megabyte, five times the receive window's worth of full ones.
pub const DATA_FRAGMENTS_MAX: usize = 1_024;
/// How far a chunk may be ahead of those that came without a gap. A full receive window of full packets, twice; the report
/// of every second one missing still fits one packet.
pub const DATA_TSN_AHEAD_MAX: i32 = 512;
/// How many chunks a peer may give up at once. The library walks them one by one; 32 s of 500 small messages lost.
pub const DATA_TSN_FORWARD_MAX: i32 = 16_384;
/// Given-up chunks that cost a peer as much as one packet.
pub const DATA_TSN_FORWARD_PER_PACKET: u32 = 64;
/// Chunks that one acknowledgement may name; more than ever wait for one.
pub const DATA_ACKNOWLEDGED_MAX: u32 = 4_096;
/// Requests to reset streams that may wait for their last chunk; one is under way at a time (RFC 6525 §5.1.1).
pub const DATA_RESETS_PENDING_MAX: usize = 2;
/// SCTP packets that a peer may send, per second: 9 Mbit/s of full ones. More are lost, as on a link that is full.
pub const DATA_PACKETS_PER_SECOND: u32 = 1_000;
/// How many of them at once: twice a full receive window.
pub const DATA_PACKETS_BURST: u32 = 500;
/// Messages that a peer may send, per second; a pointer's every movement on a fast screen is 144. More end the association:
/// each may become an event for the control plane, and no window slows them down.
pub const DATA_MESSAGES_PER_SECOND: u32 = 500;
/// How many of them at once.
pub const DATA_MESSAGES_BURST: u32 = 1_000;
/// Largest SCTP packet sent, bytes: with DTLS (37), UDP and IPv6 headers below IPv6's least MTU of 1,280 bytes (RFC 8200 §5).
pub const DATA_PACKET_BYTES_MAX: usize = 1_191;
/// SCTP packets that wait to be sent before what a peer sends is dropped: all that may be queued, in full packets.
pub const DATA_PACKETS_WAITING_MAX: usize = 512;
/// Packets of data sent before media has its turn: 19 kB, 1.5 ms of 100 Mbit/s.
pub const DATA_PACKETS_PER_TURN: u8 = 16;

/// Events of one control chain kept for the application; more than one datagram can cause.
pub const CONTROL_EVENTS_MAX: usize = 1_024;
/// Missing packets remembered of one stream: half a second of 20 Mbit/s, or a fifth of all for as long as one is asked for. More is a
/// keyframe's business.
pub const MISSING_PER_STREAM_MAX: usize = 1_000;
/// Missing packets remembered of all streams of a transport: half a second of three encodings and a screen, all lost.
pub const MISSING_PER_TRANSPORT_MAX: usize = 4_000;
/// How long a missing packet is asked for. Where a fifth is lost each way a second is too short: the keyframe asked for instead is
/// twenty packets that may be lost. Decoders wait 3 s.
pub const MISSING_RETAINED: Duration = Duration::from_millis(2_500);
/// Times a packet is asked for, more than once in a round trip. Half of the questions and half of the answers may be lost, and it
/// still comes.
pub const NACK_TRIES_MAX: u8 = 20;
/// Encodings of one track that can await a keyframe; simulcast has three.
pub const KEYFRAMES_AWAITED_MAX: usize = 8;
/// Requests sent for one keyframe; after them a publisher does not answer at all.
pub const KEYFRAME_TRIES_MAX: u32 = 10;
/// Packets answered of one NACK message; a ring of a second at 5 Mbit/s.
pub const NACKED_PER_MESSAGE_MAX: usize = 512;
/// Repeated packets remembered per slot, a power of two: 100 ms of 20 Mbit/s all lost.
pub const REPEATS_REMEMBERED_MAX: usize = 256;
/// Questions for one packet that are answered, all but the first by it and a copy: seven sends at most. With more, the link is the
/// trouble, and repeats make it worse.
pub const ANSWERS_PER_PACKET_MAX: u8 = 4;
/// Sender reports remembered per slot, to recognise the one that a reception report answers.
pub const SENDER_REPORTS_REMEMBERED_MAX: usize = 4;

/// Tracks one transport may publish.
pub const TRACKS_PER_TRANSPORT_MAX: usize = 32;
/// Voices that a viewer is sent at a time where not everybody has a slot. Of more who speak at once nobody understands one,
/// and each costs its listener a decoder and 30 to 60 kbit/s.
pub const AUDIBLE_MAX: usize = 8;
/// Slots one transport may offer.
pub const SLOTS_PER_TRANSPORT_MAX: usize = 256;
/// Transports of one shard.
pub const TRANSPORTS_PER_SHARD_MAX: usize = 20_000;

/// Bytes of packets that one shard gives another at a time: some fifty full ones, which is a frame of five publishers.
pub const RELAY_BATCH_BYTES_MAX: usize = 64 * 1024;
/// Packets of the same; small ones are sounds.
pub const RELAY_BATCH_PACKETS_MAX: usize = 256;
/// What a shard is to be told beside packets and has not taken yet: more than a join of every publisher that a shard holds
/// makes in the seconds after which it counts as stuck. Beyond, it is told everything anew once it takes something.
pub const RELAY_NOTES_WAITING_MAX: usize = 65_536;

/// Most bytes of one encoding's ring. Holds a 10 s group of pictures at 3 Mbit/s.
pub const RING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Rings of one transport that may grow to `RING_BYTES_MAX`: camera and screen in three encodings each, and two to spare.
pub const LARGE_RINGS_PER_TRANSPORT_MAX: usize = 8;
/// Most bytes of each further ring, so that one transport cannot pin a node's memory.
pub const RING_BYTES_SMALL: usize = 256 * 1024;
/// Most bytes of all rings of a node, which its shards share evenly; above it each ring keeps less time. Two seconds of 4 Gbit/s; a
/// ring that has just doubled is half empty, so that this is a second of them, more than two threads take in.
pub const RINGS_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Below this no ring is made smaller, whatever all together take: a key frame of 720p, or 200 ms of 2.5 Mbit/s.
pub const RING_BYTES_LEAST: usize = 64 * 1024;
/// Most packets of one encoding's ring.
pub const RING_PACKETS_MAX: usize = 8_192;
/// How long packets are kept to be repeated. Above the round trips after which a repeat is still of use.
pub const RING_RETAINED: Duration = Duration::from_secs(1);
/// How long a group of pictures is kept for joiners when its publisher cannot be asked for a keyframe.
pub const GOP_RETAINED_MAX: Duration = Duration::from_secs(10);
/// How far a slot's numbers leap, and how late a packet may still go out, packets: what a ring holds. A receiver that misses 2¹⁵
/// numbers loses its rollover count (RFC 3711 §3.3.1), and opens nothing on that SSRC any more, whoever is shown there.
pub const SLOT_LEAP_MAX: i64 = 8_192;
/// Switches of one slot, and frames left out of it one after the other, within which repeats are found and late packets sent:
/// at half of 60 frames a second two seconds, at half of 30 four. In 3.5 KiB, which slots that nothing is left out of never need.
pub const OFFSET_RANGES_MAX: usize = 64;

/// Decisions about its slots that are remembered of one viewer: some minutes of a meeting, in 15 KiB at most.
pub const DECISIONS_REMEMBERED_MAX: usize = 100;

/// How fast a subscriber is given repeats and what it missed, bit/s. 2.5 times what a link for 720p carries at least.
pub const CATCH_UP_BITS_PER_SECOND: u64 = 20_000_000;
/// How much of that may leave at once. Fits a switch's queue; later a share of the link's estimate takes its place.
pub const CATCH_UP_BURST: Duration = Duration::from_millis(5);
/// How much a subscriber is sent before a pause, about: a full send, two at most.
pub const BURST_BYTES: usize = 60_000;
/// Over how long larger frames are spread; 240 kB are then 640 Mbit/s. With a timer that is late by a millisecond it stays
/// below 5 ms, which nobody sees.
pub const BURST_SPREAD: Duration = Duration::from_millis(3);
/// The longest pause.
pub const BURST_REST_MAX: Duration = Duration::from_millis(1);
/// Repeats one slot may owe; more are forgotten and asked for again.
pub const REPEATS_PER_SLOT_MAX: usize = 512;
/// A packet that waited longer than this is caught up with at the pacer's rate; live frames wait for no more than `BURST_SPREAD`.
pub const LIVE_AGE_MAX: Duration = Duration::from_millis(100);
/// How old a keyframe may be for a joiner to begin with it instead of asking for another. One a second is asked for: whoever comes just
/// too late for one waits 600 ms for the next.
pub const KEYFRAME_REPLAY_MAX: Duration = Duration::from_millis(400);
/// A slot that media has reached for this long without a keyframe has one asked for anew. Just below the time for which one
/// request is repeated.
pub const KEYFRAME_WISH_REPEAT: Duration = Duration::from_secs(30);
/// How long the packets of an unfinished frame may wait for its last one. Frames arrive within 0.1 to 0.5 ms.
pub const FRAME_HOLD_MAX: Duration = Duration::from_millis(2);
