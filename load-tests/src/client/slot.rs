//! A viewer's receiving slots: offered as `recvonly` sections, taken up as their tracks open, read until the viewer leaves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use super::ClientError;
use super::answer::{Section, media_sections};
use super::http::Resource;
use super::peer::Peer;
use super::viewer::Shared;

/// A viewer repeats its keyframe request at most this often, as browsers do.
const PLI_INTERVAL_MIN: Duration = Duration::from_millis(500);
/// How often gaps are looked at while nothing arrives.
const TICK: Duration = Duration::from_millis(50);

/// Offers one more slot.
pub(super) async fn add_slot(peer: &Peer, kind: RtpCodecKind) -> Result<(), ClientError> {
    let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, ..Default::default() };
    peer.connection.add_transceiver_from_kind(kind, Some(init)).await?;
    Ok(())
}

/// Takes up each remote track as it opens; the answer's SSRCs say which slot it is.
pub(super) fn collect_tracks(
    peer: &mut Peer,
    resource: &Resource,
    shared: &Arc<Shared>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let (_, none) = tokio::sync::mpsc::channel(1);
    let mut tracks = std::mem::replace(&mut peer.tracks, none);
    let sections = media_sections(&resource.answer);
    let (shared, stop) = (Arc::clone(shared), stop.clone());
    tokio::spawn(async move {
        let mut readers = tokio::task::JoinSet::new();
        while let Some(Some(track)) = stop.run_until_cancelled(tracks.recv()).await {
            match slot_of(&*track, &sections).await {
                Some((kind, slot)) => {
                    readers.spawn(read_track(track, kind, slot, Arc::clone(&shared), stop.clone()));
                }
                None => {
                    let ssrcs = track.ssrcs().await;
                    tracing::warn!(?ssrcs, "a track whose SSRC the answer does not name");
                }
            }
        }
        readers.join_all().await;
    })
}

/// Kind and position among the sections of its kind.
async fn slot_of(track: &dyn TrackRemote, sections: &[Section]) -> Option<(RtpCodecKind, usize)> {
    let ssrc = *track.ssrcs().await.first()?;
    let kind = track.kind().await;
    let name = if kind == RtpCodecKind::Video { "video" } else { "audio" };
    let slot =
        sections.iter().filter(|section| section.kind == name).position(|section| section.ssrcs.contains(&ssrc))?;
    Some((kind, slot))
}

async fn read_track(
    track: Arc<dyn TrackRemote>,
    kind: RtpCodecKind,
    slot: usize,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let Some(media_ssrc) = track.ssrcs().await.first().copied() else { return };
    let mut last_pli: Option<Instant> = None;
    loop {
        let event = match stop.run_until_cancelled(tokio::time::timeout(TICK, track.poll())).await {
            None | Some(Ok(None)) => return,
            Some(Ok(Some(TrackRemoteEvent::OnRtpPacket(packet)))) => Some(packet),
            Some(Ok(Some(_))) => continue,
            Some(Err(_)) => None,
        };
        let due = last_pli.is_none_or(|last| last.elapsed() >= PLI_INTERVAL_MIN);
        if shared.judge(kind, slot, event) && due {
            last_pli = Some(Instant::now());
            let pli = PictureLossIndication { sender_ssrc: 0, media_ssrc };
            if track.write_rtcp(vec![Box::new(pli)]).await.is_err() {
                return;
            }
        }
    }
}
