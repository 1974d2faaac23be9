//! A publisher: plays its loops into a WHIP session, and answers keyframe requests by jumping to the loop's keyframe.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rtc::media_stream::MediaStreamTrack;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpRtxParameters, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use super::cast::PublishedTrack;
use super::http::{Resource, Server};
use super::peer::{Peer, PeerRole, payload_type, rtp_codec};
use super::{ClientError, Counters, media_sections, rewrite_candidate_ports};
use crate::media::mark::{self, Mark};
use crate::packetize::{Packetizer, StreamStart};

/// Keyframes are made at most this often, as encoders do; requests in between are answered by the next.
const KEYFRAME_INTERVAL_MIN: Duration = Duration::from_millis(300);

/// What and how to publish.
#[derive(Clone, Debug)]
pub struct PublisherOptions {
    pub room: String,
    pub identity: String,
    /// Video first; their tags tell publishers apart.
    pub tracks: Vec<Arc<PublishedTrack>>,
    /// Where the client's UDP socket is bound, such as `127.0.0.1:0`.
    pub bind: String,
    /// Seeds SSRCs and where counters start.
    pub seed: u64,
    /// Delay of the first frame, so that many publishers do not send at the same instant.
    pub phase: Duration,
    /// How long media may take to connect.
    pub connect_patience: Duration,
    /// Port of a relay to lead media through instead of the candidates' own.
    pub relay_port: Option<u16>,
}

/// A publisher that is live.
#[derive(Debug)]
pub struct Publisher {
    peer: Peer,
    server: Server,
    resource: Resource,
    stop: CancellationToken,
    senders: Vec<JoinHandle<()>>,
}

impl Publisher {
    /// Publishes; returns when media can flow, and sends from then on.
    pub async fn start(server: &Server, options: PublisherOptions) -> Result<Self, ClientError> {
        let codecs: Vec<_> = options.tracks.iter().map(|track| track.clip.codec()).collect();
        let mut peer = Peer::new(PeerRole::Publisher, &codecs, &options.bind).await?;
        let mut outgoing = Vec::new();
        for (at, track) in options.tracks.iter().enumerate() {
            outgoing.push(add_track(&peer, track, stream_seed(options.seed, at), &options.identity).await?);
        }
        let offer = peer.offer().await?;
        let resource = server.publish(&options.room, &options.identity, offer).await?;
        let sections = media_sections(&resource.answer);
        if let Some(refused) = codecs.iter().zip(&sections).find(|(_, section)| section.rejected) {
            return Err(ClientError::CodecRefused { codec: *refused.0 });
        }
        peer.accept(&led_through(options.relay_port, &resource.answer)).await?;
        peer.connected(options.connect_patience).await?;
        let stop = CancellationToken::new();
        let senders = outgoing
            .into_iter()
            .map(|outgoing| {
                let send = outgoing.run(Arc::clone(&peer.counters), options.phase);
                let stop = stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = send => {}
                    }
                })
            })
            .collect();
        Ok(Self { peer, server: server.clone(), resource, stop, senders })
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.peer.counters
    }

    /// Stops sending and ends the session by DELETE.
    pub async fn stop(self) -> Result<(), ClientError> {
        self.stop.cancel();
        futures::future::join_all(self.senders).await;
        let ended = self.server.end(&self.resource.url).await;
        self.peer.close().await;
        ended
    }
}

/// The answer as it is, or with its candidates' ports replaced by a relay's.
pub(super) fn led_through(relay_port: Option<u16>, answer: &str) -> String {
    match relay_port {
        Some(port) => rewrite_candidate_ports(answer, |_| port),
        None => answer.to_owned(),
    }
}

/// Spreads one seed over a publisher's tracks.
fn stream_seed(seed: u64, track: usize) -> u64 {
    seed.wrapping_mul(31).wrapping_add(u64::try_from(track).unwrap_or(0))
}

struct Outgoing {
    track: Arc<PublishedTrack>,
    local: Arc<TrackLocalStaticRTP>,
    packetizer: Packetizer,
}

async fn add_track(
    peer: &Peer,
    track: &Arc<PublishedTrack>,
    seed: u64,
    identity: &str,
) -> Result<Outgoing, ClientError> {
    use rand::{Rng, SeedableRng};
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let codec = track.clip.codec();
    let (kind, name) =
        if codec.is_video() { (RtpCodecKind::Video, "camera") } else { (RtpCodecKind::Audio, "microphone") };
    // Not 0, and room for the RTX stream's SSRC right above.
    let ssrc = random.random_range(1..u32::MAX - 1);
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            rtx: codec.is_video().then_some(RTCRtpRtxParameters { ssrc: ssrc + 1 }),
            ..RTCRtpCodingParameters::default()
        },
        codec: rtp_codec(codec),
        ..RTCRtpEncodingParameters::default()
    };
    let local = MediaStreamTrack::new(
        identity.to_owned(),
        format!("{identity}-{name}"),
        name.to_owned(),
        kind,
        vec![coding.clone()],
    );
    let local = Arc::new(TrackLocalStaticRTP::new(local));
    let init = RTCRtpTransceiverInit {
        direction: RTCRtpTransceiverDirection::Sendonly,
        streams: vec![identity.to_owned()],
        send_encodings: vec![coding],
    };
    let sending: Arc<dyn TrackLocal> = Arc::<TrackLocalStaticRTP>::clone(&local);
    peer.connection.add_transceiver_from_track(sending, Some(init)).await?;
    // Start close to the wraps, where rewriting goes wrong if anywhere.
    let start = StreamStart {
        sequence_number: random.random_range(65_000..=u16::MAX),
        timestamp: random.random_range(u32::MAX - 900_000..=u32::MAX),
        picture_id: random.random_range(0x7f00..0x8000),
    };
    Ok(Outgoing {
        track: Arc::clone(track),
        local,
        packetizer: Packetizer::new(codec, ssrc, payload_type(codec), start),
    })
}

impl Outgoing {
    /// Sends a frame each interval, its packets back to back, until the connection ends.
    async fn run(mut self, counters: Arc<Counters>, phase: Duration) {
        let clip = Arc::clone(&self.track.clip);
        let start = tokio::time::Instant::now() + phase;
        let mut last_keyframe = Instant::now();
        let mut index = 0;
        for number in 0_u32.. {
            tokio::time::sleep_until(start + clip.frame_interval() * number).await;
            let now = Instant::now();
            let may_restart = now.saturating_duration_since(last_keyframe) >= KEYFRAME_INTERVAL_MIN;
            if clip.codec().is_video() && may_restart && counters.take_keyframe_request() {
                index = 0;
            }
            if index == 0 {
                last_keyframe = now;
            }
            if self.send(number, index).await.is_err() {
                return;
            }
            index = clip.next_index(index);
        }
    }

    async fn send(&mut self, number: u32, index: u16) -> Result<(), ClientError> {
        let clip = &self.track.clip;
        let Some(frame) = clip.frame(index) else { return Ok(()) };
        let marked = mark::embed(clip.codec(), &frame.body, Mark::new(self.track.tag, number, index));
        let ticks = clip.frame_ticks().wrapping_mul(number);
        let mut packets = self.packetizer.packetize(&marked, ticks).into_iter().peekable();
        while let Some(packet) = packets.next() {
            if packets.peek().is_none() {
                // Ahead of the last write: a viewer must not see the frame before its time is known.
                self.track.sent.record(number, Instant::now());
            }
            self.local.write_rtp(packet).await?;
        }
        Ok(())
    }
}
