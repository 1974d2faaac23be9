//! Peer connections of the `webrtc` crate, set up alike for all clients: codecs, interceptors, one UDP socket.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_AV1, MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MIME_TYPE_VP9, MediaEngine,
};
use rtc::rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind};
use tokio::sync::{mpsc, watch};
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionState,
    RTCSessionDescription, Registry, configure_nack, configure_rtcp_reports, configure_simulcast_extension_headers,
    configure_twcc, configure_twcc_receiver_only,
};
use webrtc::runtime::default_runtime;

use super::ClientError;
use super::early_media::{Keys, PatientRuntime};
use super::tap::{AT_THE_APPLICATION, AT_THE_WIRE, Counters, MediaSink, WireCounter};
use crate::media::Codec;

/// Candidates are host candidates only, so gathering is a matter of milliseconds.
const GATHERING_MAX: Duration = Duration::from_secs(5);
/// Remote tracks that may wait to be taken up; a viewer offers far fewer slots.
const TRACKS_WAITING: usize = 128;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerRole {
    Publisher,
    /// Hands received media to the application.
    Viewer,
    /// Counts received media at the wire and lets it go.
    CountingViewer,
}

/// A peer connection and what its events said.
pub struct Peer {
    pub connection: Arc<dyn PeerConnection>,
    pub counters: Arc<Counters>,
    pub tracks: mpsc::Receiver<Arc<dyn TrackRemote>>,
    gathering: watch::Receiver<RTCIceGatheringState>,
    state: watch::Receiver<RTCPeerConnectionState>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}

struct Events {
    gathering: watch::Sender<RTCIceGatheringState>,
    state: watch::Sender<RTCPeerConnectionState>,
    tracks: mpsc::Sender<Arc<dyn TrackRemote>>,
    keys: Keys,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathering.send_replace(state);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if state == RTCPeerConnectionState::Connected {
            self.keys.store(true, Ordering::Release);
        }
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        if self.tracks.try_send(track).is_err() {
            tracing::warn!("a remote track came after the viewer was done with tracks");
        }
    }
}

impl Peer {
    /// A connection that can send or receive `codecs`, on a socket bound to `address`.
    pub async fn new(role: PeerRole, codecs: &[Codec], address: &str) -> Result<Self, ClientError> {
        let counters = Arc::new(Counters::default());
        let mut media = MediaEngine::default();
        for (kind, parameters) in codecs.iter().flat_map(|codec| parameters(*codec)) {
            media.register_codec(parameters, kind)?;
        }
        let registry = registry(role, &mut media, &counters)?;
        let (gathering_tx, gathering) = watch::channel(RTCIceGatheringState::New);
        let (state_tx, state) = watch::channel(RTCPeerConnectionState::New);
        let (tracks_tx, tracks) = mpsc::channel(TRACKS_WAITING);
        let keys = Keys::default();
        let events = Events { gathering: gathering_tx, state: state_tx, tracks: tracks_tx, keys: Arc::clone(&keys) };
        let runtime = default_runtime().ok_or(ClientError::NoRuntime)?;
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(events))
            .with_runtime(Arc::new(PatientRuntime::new(runtime, keys)))
            .with_udp_addrs(vec![address.to_owned()])
            .build()
            .await?;
        Ok(Self { connection: Arc::new(connection), counters, tracks, gathering, state })
    }

    /// The offer with all candidates in it.
    pub async fn offer(&mut self) -> Result<String, ClientError> {
        let offer = self.connection.create_offer(None).await?;
        self.connection.set_local_description(offer).await?;
        self.gathered().await
    }

    /// Takes the answer to [`Self::offer`].
    pub async fn accept(&self, answer: &str) -> Result<(), ClientError> {
        let answer = RTCSessionDescription::answer(answer.to_owned())?;
        Ok(self.connection.set_remote_description(answer).await?)
    }

    /// The answer to another's offer with all candidates in it.
    pub async fn answer(&mut self, offer: &str) -> Result<String, ClientError> {
        self.connection.set_remote_description(RTCSessionDescription::offer(offer.to_owned())?).await?;
        let answer = self.connection.create_answer(None).await?;
        self.connection.set_local_description(answer).await?;
        self.gathered().await
    }

    /// Waits until media can flow.
    pub async fn connected(&mut self, patience: Duration) -> Result<(), ClientError> {
        let over = |state: &RTCPeerConnectionState| {
            matches!(
                state,
                RTCPeerConnectionState::Connected | RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed
            )
        };
        let reached =
            tokio::time::timeout(patience, self.state.wait_for(over)).await.map(|state| state.map(|state| *state));
        match reached {
            Ok(Ok(RTCPeerConnectionState::Connected)) => Ok(()),
            Ok(_) | Err(_) => Err(ClientError::NotConnected { waited: patience, state: *self.state.borrow() }),
        }
    }

    /// The connection's state now.
    pub fn state(&self) -> RTCPeerConnectionState {
        *self.state.borrow()
    }

    /// Ends the connection; the other side is told by DTLS.
    pub async fn close(&self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "closing a peer connection");
        }
    }

    async fn gathered(&mut self) -> Result<String, ClientError> {
        let waited = GATHERING_MAX;
        let complete = self.gathering.wait_for(|state| *state == RTCIceGatheringState::Complete);
        let done = tokio::time::timeout(waited, complete).await.is_ok_and(|state| state.is_ok());
        if !done {
            return Err(ClientError::Gathering { waited });
        }
        let local = self.connection.local_description().await.ok_or(ClientError::Gathering { waited })?;
        Ok(local.sdp)
    }
}

fn registry(role: PeerRole, media: &mut MediaEngine, counters: &Arc<Counters>) -> Result<Registry, ClientError> {
    configure_simulcast_extension_headers(media)?;
    let registry = configure_rtcp_reports(configure_nack(Registry::new(), media));
    let registry = match role {
        PeerRole::Publisher => configure_twcc(registry, media)?,
        PeerRole::Viewer | PeerRole::CountingViewer => configure_twcc_receiver_only(registry, media)?,
    };
    let registry = registry.with(AT_THE_WIRE, WireCounter::new(Arc::clone(counters)));
    Ok(match role {
        PeerRole::Publisher | PeerRole::Viewer => registry,
        PeerRole::CountingViewer => registry.with(AT_THE_APPLICATION, MediaSink::default()),
    })
}

/// Payload type that clients offer for `codec`; the server's answer keeps it.
pub(super) const fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Vp8 => 96,
        Codec::Vp9 => 98,
        Codec::Av1 => 45,
        Codec::H264 => 102,
        Codec::Opus => 111,
    }
}

/// Whether a payload type is one of those that clients offer for RTX.
pub(super) const fn is_rtx(payload_type: u8) -> bool {
    matches!(payload_type, 46 | 97 | 99 | 103)
}

/// What is sent and offered for `codec`.
pub fn rtp_codec(codec: Codec) -> RTCRtpCodec {
    let (mime_type, channels, fmtp) = match codec {
        Codec::Vp8 => (MIME_TYPE_VP8, 0, ""),
        Codec::Vp9 => (MIME_TYPE_VP9, 0, "profile-id=0"),
        Codec::Av1 => (MIME_TYPE_AV1, 0, "level-idx=5;profile=0;tier=0"),
        Codec::H264 => (MIME_TYPE_H264, 0, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
        Codec::Opus => (MIME_TYPE_OPUS, 2, "minptime=10;useinbandfec=1"),
    };
    let feedback = |typ: &str, parameter: &str| RTCPFeedback { typ: typ.to_owned(), parameter: parameter.to_owned() };
    RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate: codec.clock_rate(),
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: if codec.is_video() {
            vec![feedback("nack", ""), feedback("nack", "pli"), feedback("ccm", "fir")]
        } else {
            Vec::new()
        },
    }
}

/// The codec and, for video, its RTX.
fn parameters(codec: Codec) -> Vec<(RtpCodecKind, RTCRtpCodecParameters)> {
    let payload_type = payload_type(codec);
    let media = RTCRtpCodecParameters { rtp_codec: rtp_codec(codec), payload_type };
    if !codec.is_video() {
        return vec![(RtpCodecKind::Audio, media)];
    }
    let rtx = RTCRtpCodec {
        mime_type: MIME_TYPE_RTX.to_owned(),
        clock_rate: codec.clock_rate(),
        channels: 0,
        sdp_fmtp_line: format!("apt={payload_type}"),
        rtcp_feedback: Vec::new(),
    };
    let rtx = RTCRtpCodecParameters { rtp_codec: rtx, payload_type: payload_type + 1 };
    vec![(RtpCodecKind::Video, media), (RtpCodecKind::Video, rtx)]
}
