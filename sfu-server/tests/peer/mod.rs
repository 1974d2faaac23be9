//! Publishers and viewers for the tests of media: one VP8 track of made-up frames that say whose and the how-manieth they are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, register_default_interceptors,
};

use crate::binary::Running;

/// How long anything may take on loopback, debug build and all.
const PATIENCE: Duration = Duration::from_secs(20);
const FRAME_INTERVAL: Duration = Duration::from_millis(10);
const TICKS_PER_FRAME: u32 = 900;
/// Every so many frames is a keyframe.
const KEYFRAME_EVERY: u32 = 10;
const VP8: u8 = 96;

struct Events {
    gathering: watch::Sender<RTCIceGatheringState>,
    state: watch::Sender<RTCPeerConnectionState>,
    tracks: mpsc::UnboundedSender<Arc<dyn TrackRemote>>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathering.send_replace(state);
    }
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }
    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let _ = self.tracks.send(track);
    }
}

struct Peer {
    connection: Arc<dyn PeerConnection>,
    gathering: watch::Receiver<RTCIceGatheringState>,
    state: watch::Receiver<RTCPeerConnectionState>,
    tracks: mpsc::UnboundedReceiver<Arc<dyn TrackRemote>>,
    location: String,
}

impl Peer {
    async fn new() -> Self {
        let mut media = MediaEngine::default();
        media.register_default_codecs().unwrap();
        let registry = register_default_interceptors(Registry::new(), &mut media).unwrap();
        let (gathering_sender, gathering) = watch::channel(RTCIceGatheringState::New);
        let (state_sender, state) = watch::channel(RTCPeerConnectionState::New);
        let (track_sender, tracks) = mpsc::unbounded_channel();
        let events = Events { gathering: gathering_sender, state: state_sender, tracks: track_sender };
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(events))
            .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
            .build()
            .await
            .unwrap();
        Self { connection: Arc::new(connection), gathering, state, tracks, location: String::new() }
    }

    /// Offers, posts, takes the answer and waits until media can flow. It is led to another port of loopback if one is given.
    async fn join(&mut self, server: &Running, url: &str, port: Option<u16>) {
        let offer = self.offer().await;
        let reply = server.send("POST", url, "application/sdp", &offer);
        assert_eq!(reply.status, 201, "{}", reply.body);
        self.location = reply.header("location").to_owned();
        self.accept(port.map_or(reply.body.clone(), |port| led_to(&reply.body, port))).await;
    }

    async fn offer(&mut self) -> String {
        let offer = self.connection.create_offer(None).await.unwrap();
        self.connection.set_local_description(offer).await.unwrap();
        let gathered = self.gathering.wait_for(|state| *state == RTCIceGatheringState::Complete);
        timeout(PATIENCE, gathered).await.expect("candidates are gathered").unwrap();
        self.connection.local_description().await.unwrap().sdp
    }

    async fn accept(&self, answer: String) {
        let answer = RTCSessionDescription::answer(answer).unwrap();
        self.connection.set_remote_description(answer).await.unwrap();
        self.reach(&[RTCPeerConnectionState::Connected]).await;
    }

    async fn reach(&self, wanted: &[RTCPeerConnectionState]) {
        let mut state = self.state.clone();
        let reached = timeout(PATIENCE, state.wait_for(|state| wanted.contains(state))).await;
        assert!(reached.is_ok(), "{:?}, not {wanted:?}", *self.state.borrow());
    }

    async fn expect_closed(&self) {
        use RTCPeerConnectionState::{Closed, Disconnected, Failed};
        self.reach(&[Closed, Disconnected, Failed]).await;
    }
}

pub struct Publisher {
    peer: Peer,
    sending: JoinHandle<()>,
}

impl Publisher {
    pub async fn start(server: &Running, room: &str, identity: &str) -> Self {
        Self::begin(server, room, identity, None, 0).await
    }

    /// A publisher whose media goes to another port.
    pub async fn start_through(server: &Running, room: &str, identity: &str, port: u16) -> Self {
        Self::begin(server, room, identity, Some(port), 0).await
    }

    /// A publisher of frames of a kilobyte.
    pub async fn start_large(server: &Running, room: &str, identity: &str) -> Self {
        Self::begin(server, room, identity, None, 1_000).await
    }

    async fn begin(server: &Running, room: &str, identity: &str, port: Option<u16>, filler: usize) -> Self {
        let mut peer = Peer::new().await;
        let ssrc = rand::random_range(1..u32::MAX);
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
            codec: RTCRtpCodec { mime_type: "video/VP8".to_owned(), clock_rate: 90_000, ..Default::default() },
            ..Default::default()
        };
        let stream = MediaStreamTrack::new(
            identity.to_owned(),
            format!("{identity}-camera"),
            "camera".to_owned(),
            RtpCodecKind::Video,
            vec![coding.clone()],
        );
        let track = Arc::new(TrackLocalStaticRTP::new(stream));
        let local: Arc<dyn TrackLocal> = Arc::<TrackLocalStaticRTP>::clone(&track);
        let init = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Sendonly,
            streams: vec![identity.to_owned()],
            send_encodings: vec![coding],
        };
        peer.connection.add_transceiver_from_track(local, Some(init)).await.unwrap();
        peer.join(server, &format!("/whip/{room}?identity={identity}"), port).await;
        let sending = tokio::spawn(send(track, ssrc, identity.to_owned(), filler));
        Self { peer, sending }
    }

    pub fn location(&self) -> &str {
        &self.peer.location
    }

    pub async fn expect_closed(&self) {
        self.peer.expect_closed().await;
    }

    pub async fn end(self) {
        self.sending.abort();
        self.peer.connection.close().await.unwrap();
    }
}

async fn send(track: Arc<TrackLocalStaticRTP>, ssrc: u32, identity: String, filler: usize) {
    let mut clock = interval(FRAME_INTERVAL);
    // Near the wrap, where counters go wrong if anywhere.
    let first = u16::MAX - 20;
    for number in 0_u32.. {
        clock.tick().await;
        let mut packet = rtp::Packet::default();
        packet.header.version = 2;
        packet.header.marker = true;
        packet.header.payload_type = VP8;
        packet.header.sequence_number = first.wrapping_add(u16::try_from(number & 0xffff).unwrap());
        packet.header.timestamp = number.wrapping_mul(TICKS_PER_FRAME);
        packet.header.ssrc = ssrc;
        packet.payload = frame(number, &identity, filler);
        if track.write_rtp(packet).await.is_err() {
            return;
        }
    }
}

/// A payload descriptor (RFC 7741 §4.2), a frame header (§4.3), and who and which.
fn frame(number: u32, identity: &str, filler: usize) -> Bytes {
    let mut payload = vec![0x10];
    if number.is_multiple_of(KEYFRAME_EVERY) {
        payload.extend([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00]);
    } else {
        payload.extend([0x11, 0, 0]);
    }
    payload.resize(payload.len() + filler, 0);
    payload.push(b'|');
    payload.extend(number.to_be_bytes());
    payload.extend(identity.as_bytes());
    payload.into()
}

/// Frames that a viewer saw, in the order of their sequence numbers.
pub struct Seen(Vec<rtp::Packet>);

impl Seen {
    fn bodies(&self) -> impl Iterator<Item = (u32, String)> {
        self.0.iter().map(|packet| {
            let at = packet.payload.iter().position(|byte| *byte == b'|').expect("a frame of ours");
            let number = u32::from_be_bytes(packet.payload[at + 1..at + 5].try_into().unwrap());
            (number, String::from_utf8(packet.payload[at + 5..].to_vec()).unwrap())
        })
    }

    /// Checks that all are this publisher's, one after the other, without a hole.
    pub fn from(&self, identity: &str) {
        let bodies: Vec<(u32, String)> = self.bodies().collect();
        assert!(bodies.iter().all(|(_, from)| from == identity), "{bodies:?}");
        assert!(bodies.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "{bodies:?}");
    }
}

pub struct Viewer {
    peer: Peer,
    track: Option<Arc<dyn TrackRemote>>,
    /// The last packet that was checked.
    last: Option<rtp::Packet>,
}

impl Viewer {
    pub async fn start(server: &Running, room: &str, query: &str) -> Self {
        Self::begin(server, room, query, None).await
    }

    /// A viewer whose media comes from another port.
    pub async fn start_through(server: &Running, room: &str, query: &str, port: u16) -> Self {
        Self::begin(server, room, query, Some(port)).await
    }

    async fn begin(server: &Running, room: &str, query: &str, port: Option<u16>) -> Self {
        let mut peer = Peer::new().await;
        let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, ..Default::default() };
        peer.connection.add_transceiver_from_kind(RtpCodecKind::Video, Some(init)).await.unwrap();
        peer.join(server, &format!("/whep/{room}{query}"), port).await;
        Self { peer, track: None, last: None }
    }

    /// A viewer whose offer and answer go another way than HTTP.
    pub async fn by_hand() -> (Self, String) {
        let mut peer = Peer::new().await;
        let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, ..Default::default() };
        peer.connection.add_transceiver_from_kind(RtpCodecKind::Video, Some(init)).await.unwrap();
        let offer = peer.offer().await;
        (Self { peer, track: None, last: None }, offer)
    }

    pub async fn accept(&self, answer: String) {
        self.peer.accept(answer).await;
    }

    pub fn location(&self) -> &str {
        &self.peer.location
    }

    /// Waits for so many frames; checks that they continue one stream that can be decoded from its beginning.
    pub async fn expect_frames(&mut self, count: usize) -> Seen {
        let mut packets = Vec::new();
        while packets.len() < count {
            let waited = timeout(PATIENCE, self.next()).await;
            let packet = waited.unwrap_or_else(|_| panic!("{} of {count} frames came", packets.len()));
            // The crate may lose what comes before its track is taken up; from the next keyframe on nothing may be missing.
            if self.last.is_some() || !packets.is_empty() || is_keyframe(&packet) {
                packets.push(packet);
            }
        }
        // Loopback does not reorder; a repeat may.
        let base = packets_base(&packets);
        packets.sort_by_key(|packet: &rtp::Packet| packet.header.sequence_number.wrapping_sub(base));
        for packet in &packets {
            if let Some(last) = &self.last {
                assert_eq!(packet.header.ssrc, last.header.ssrc);
                assert_eq!(packet.header.sequence_number, last.header.sequence_number.wrapping_add(1));
                assert!(packet.header.timestamp.wrapping_sub(last.header.timestamp) < u32::MAX / 2, "time runs on");
            }
            self.last = Some(packet.clone());
        }
        Seen(packets)
    }

    /// Waits for so many packets, whatever was lost between them.
    pub async fn expect_any(&mut self, count: usize) {
        for number in 0..count {
            assert!(timeout(PATIENCE, self.next()).await.is_ok(), "{number} of {count} packets came");
        }
    }

    pub async fn expect_silence(&mut self, long: Duration) {
        let silent_since = async {
            loop {
                if timeout(long, self.next()).await.is_err() {
                    return;
                }
            }
        };
        timeout(PATIENCE, silent_since).await.expect("media stops");
    }

    pub async fn expect_closed(&self) {
        self.peer.expect_closed().await;
    }

    pub async fn end(self) {
        self.peer.connection.close().await.unwrap();
    }

    /// The next packet; never ends if there is none.
    async fn next(&mut self) -> rtp::Packet {
        loop {
            let track = match &self.track {
                Some(track) => Arc::clone(track),
                None => match self.peer.tracks.recv().await {
                    Some(track) => Arc::clone(self.track.insert(track)),
                    None => std::future::pending().await,
                },
            };
            match track.poll().await {
                Some(TrackRemoteEvent::OnRtpPacket(packet)) if !packet.payload.is_empty() => return packet,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }
}

fn is_keyframe(packet: &rtp::Packet) -> bool {
    packet.payload.get(1).is_some_and(|header| header & 1 == 0)
}

/// Half a turn below the first to come, so that the order of numbers is right across their wrap.
fn packets_base(packets: &[rtp::Packet]) -> u16 {
    packets.first().map_or(0, |packet| packet.header.sequence_number.wrapping_sub(0x4000))
}

/// An answer whose only candidates are its UDP ones, at another port.
fn led_to(answer: &str, port: u16) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        match (words.as_slice(), line.starts_with("a=candidate:")) {
            ([foundation, component, "udp", priority, ip, _, rest @ ..], true) => {
                Some(format!("{foundation} {component} udp {priority} {ip} {port} {}\r\n", rest.join(" ")))
            }
            (_, true) => None,
            (_, false) => Some(format!("{line}\r\n")),
        }
    };
    answer.lines().filter_map(line).collect()
}
