//! A toy server of the `webrtc` crate, so that the load tester is tested without the server that it tests. It can misbehave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use load_tests::client::{Peer, PeerRole, Server, media_sections};
use load_tests::media::Codec;
use load_tests::packetize::vp8;
use rtc::media_stream::MediaStreamTrack;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind};
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use tokio::sync::{Mutex, broadcast};
use tokio::time::Instant;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

/// How the toy treats media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    Honest,
    /// Every fortieth packet never leaves.
    LosesPackets,
    /// Every thirtieth frame is left out, and the sequence numbers closed over it.
    SkipsFrames,
    /// Viewers of p0 get p1 and the other way round.
    CrossesPublishers,
    /// The stream begins wherever it happens to be.
    StartsAnywhere,
    /// Viewers of the run's room 0 get those of room 1 and the other way round.
    CrossesRooms,
    /// Viewers connect, and nothing comes.
    SendsNothing,
    /// Every packet leaves [`DELAY`] later than it could.
    Delays,
}

/// What a toy that delays adds.
pub const DELAY: Duration = Duration::from_millis(150);

struct Published {
    remote: Arc<dyn TrackRemote>,
    /// With when they came.
    packets: broadcast::Sender<(Instant, rtp::Packet)>,
}

type PublishedKey = (String, String, &'static str);

struct Toy {
    conduct: Conduct,
    published: Mutex<BTreeMap<PublishedKey, Arc<Published>>>,
    peers: Mutex<Vec<Peer>>,
}

/// Starts the toy on a free port of loopback.
pub async fn start(conduct: Conduct) -> Server {
    let toy = Arc::new(Toy { conduct, published: Mutex::default(), peers: Mutex::default() });
    let app = Router::new()
        .route("/whip/{room}", post(whip))
        .route("/whep/{room}", post(whep))
        .route("/session", delete(|| async { StatusCode::OK }))
        .with_state(toy);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server::new(&format!("http://{address}"), None).unwrap()
}

type Parameters = Query<BTreeMap<String, String>>;

fn created(answer: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/sdp"), (header::LOCATION, "/session"), (header::ETAG, "\"1\"")];
    (StatusCode::CREATED, headers, answer).into_response()
}

async fn whip(
    State(toy): State<Arc<Toy>>,
    Path(room): Path<String>,
    Query(query): Parameters,
    offer: String,
) -> Response {
    let identity = query["identity"].clone();
    let mut peer = Peer::new(PeerRole::Viewer, &[Codec::Vp8, Codec::Opus], "127.0.0.1:0").await.unwrap();
    let answer = peer.answer(&offer).await.unwrap();
    let (_, none) = tokio::sync::mpsc::channel(1);
    let mut tracks = std::mem::replace(&mut peer.tracks, none);
    toy.peers.lock().await.push(peer);
    tokio::spawn(async move {
        while let Some(remote) = tracks.recv().await {
            let kind = if remote.kind().await == RtpCodecKind::Video { "video" } else { "audio" };
            let published = Arc::new(Published { remote, packets: broadcast::Sender::new(1_024) });
            toy.published.lock().await.insert((room.clone(), identity.clone(), kind), Arc::clone(&published));
            tokio::spawn(async move {
                while let Some(event) = published.remote.poll().await {
                    if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                        let _ = published.packets.send((Instant::now(), packet));
                    }
                }
            });
        }
    });
    created(answer)
}

async fn whep(
    State(toy): State<Arc<Toy>>,
    Path(room): Path<String>,
    Query(query): Parameters,
    offer: String,
) -> Response {
    let mut peer = Peer::new(PeerRole::Publisher, &[Codec::Vp8, Codec::Opus], "127.0.0.1:0").await.unwrap();
    let mut watch = query["watch"].split(',').map(str::to_owned).collect::<Vec<_>>();
    if toy.conduct == Conduct::CrossesPublishers {
        watch.reverse();
    }
    let room = match (toy.conduct, room.strip_suffix('0'), room.strip_suffix('1')) {
        (Conduct::CrossesRooms, Some(run), _) => format!("{run}1"),
        (Conduct::CrossesRooms, _, Some(run)) => format!("{run}0"),
        _ => room,
    };
    let mut seats: BTreeMap<&str, std::vec::IntoIter<String>> =
        [("video", watch.clone().into_iter()), ("audio", watch.into_iter())].into();
    let mut forwarding = Vec::new();
    for (at, section) in media_sections(&offer).into_iter().enumerate() {
        let identity = seats.get_mut(section.kind.as_str()).unwrap().next().unwrap();
        let kind = if section.kind == "video" { "video" } else { "audio" };
        let local = add_track(&peer, kind, &identity, 1_000 + u32::try_from(at).unwrap()).await;
        forwarding.push((kind, identity, local));
    }
    let answer = peer.answer(&offer).await.unwrap();
    tokio::spawn(async move {
        peer.connected(Duration::from_secs(10)).await.unwrap();
        toy.peers.lock().await.push(peer);
        for (kind, identity, local) in forwarding {
            let published = loop {
                if let Some(published) = toy.published.lock().await.get(&(room.clone(), identity.clone(), kind)) {
                    break Arc::clone(published);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            };
            tokio::spawn(forward(published, local, kind, toy.conduct));
        }
    });
    created(answer)
}

async fn add_track(peer: &Peer, kind: &str, identity: &str, ssrc: u32) -> Arc<TrackLocalStaticRTP> {
    let (codec, kind) =
        if kind == "video" { (Codec::Vp8, RtpCodecKind::Video) } else { (Codec::Opus, RtpCodecKind::Audio) };
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec: load_tests::client::rtp_codec(codec),
        ..Default::default()
    };
    let track =
        MediaStreamTrack::new(identity.to_owned(), format!("{identity}-{kind}"), String::new(), kind, vec![coding]);
    let local = Arc::new(TrackLocalStaticRTP::new(track));
    let sending: Arc<dyn TrackLocal> = Arc::<TrackLocalStaticRTP>::clone(&local);
    peer.connection.add_track(sending).await.unwrap();
    local
}

async fn forward(published: Arc<Published>, local: Arc<TrackLocalStaticRTP>, kind: &str, conduct: Conduct) {
    let mut packets = published.packets.subscribe();
    let media_ssrc = published.remote.ssrcs().await[0];
    let ssrc = webrtc::media_stream::Track::ssrcs(&*local).await[0];
    if kind == "video" {
        published
            .remote
            .write_rtcp(vec![Box::new(PictureLossIndication { sender_ssrc: 0, media_ssrc })])
            .await
            .unwrap();
    }
    let mut started = kind == "audio" || conduct == Conduct::StartsAnywhere;
    let (mut count, mut frames, mut closed_over) = (0_u32, 0_u32, 0_u16);
    while let Ok((came, mut packet)) = packets.recv().await {
        if conduct == Conduct::SendsNothing {
            continue;
        }
        if conduct == Conduct::Delays {
            tokio::time::sleep_until(came + DELAY).await;
        }
        let descriptor = vp8::descriptor(&packet.payload).unwrap_or_default();
        let starts_frame = kind == "video" && descriptor.starts_frame;
        // The frame's first bit is 0 for a keyframe.
        started |= starts_frame && packet.payload[descriptor.length] & 1 == 0;
        if !started {
            continue;
        }
        count += 1;
        frames += u32::from(starts_frame);
        if conduct == Conduct::LosesPackets && count % 40 == 0 {
            continue;
        }
        if conduct == Conduct::SkipsFrames && kind == "video" && frames % 30 == 29 {
            closed_over += 1;
            continue;
        }
        // None of the publisher's header extensions: their numbers are another negotiation's.
        packet.header = rtp::Header {
            version: 2,
            marker: packet.header.marker,
            payload_type: packet.header.payload_type,
            sequence_number: packet.header.sequence_number.wrapping_sub(closed_over),
            timestamp: packet.header.timestamp,
            ssrc,
            ..rtp::Header::default()
        };
        if local.write_rtp(packet).await.is_err() {
            return;
        }
    }
}
