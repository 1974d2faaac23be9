//! A viewer: offers slots by WHEP and judges what comes, or only counts it at the wire.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::cast::Cast;
use super::http::{Resource, Server};
use super::peer::{Peer, PeerRole};
use super::publisher::led_through;
use super::slot::{add_slot, collect_tracks};
use super::{ClientError, Counters, CountersSnapshot};
use crate::media::Codec;
use crate::media::mark::PublisherTag;
use crate::verify::{Expected, Outcome, TrackReport, TrackVerifier};

/// Largest frame latency that is told apart, µs.
const LATENCY_MAX_US: u64 = 60_000_000;

/// How closely a viewer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judging {
    /// Every packet of every track, waiting this long for missing ones.
    Full { patience: Duration },
    /// Packets are counted at the wire and dropped: a cheap viewer for a crowd.
    Count,
}

/// What to watch.
#[derive(Clone, Debug)]
pub struct ViewerOptions {
    pub room: String,
    /// Publishers to pin, and for each the tags of its video and, where sound is wanted, its audio.
    pub watch: Vec<Watched>,
    pub video: Codec,
    pub bind: String,
    pub judging: Judging,
    pub connect_patience: Duration,
    /// Port of a relay to lead media through instead of the candidates' own.
    pub relay_port: Option<u16>,
}

/// One publisher that a viewer pins, and whose frames must come.
#[derive(Clone, Debug)]
pub struct Watched {
    pub identity: String,
    pub video: PublisherTag,
    pub audio: Option<PublisherTag>,
}

/// What a viewer found.
#[derive(Clone, Debug)]
pub struct ViewerReport {
    /// Time from the POST to the first whole frame on each judged video track; absent when none came.
    pub first_frame: Vec<Option<Duration>>,
    /// Judged tracks, video first, in slot order.
    pub tracks: Vec<TrackReport>,
    /// From a video frame's last packet sent to its last packet here, µs.
    pub latency_us: Histogram<u64>,
    pub counters: CountersSnapshot,
}

#[derive(Debug)]
struct TrackState {
    verifier: TrackVerifier,
    first_frame: Option<Duration>,
}

/// What a viewer's readers share.
#[derive(Debug)]
pub(super) struct Shared {
    started: Instant,
    cast: Cast,
    video: Vec<Mutex<TrackState>>,
    audio: Vec<Mutex<TrackState>>,
    latency_us: Mutex<Histogram<u64>>,
    frames: watch::Sender<u64>,
}

/// A viewer that is connected.
#[derive(Debug)]
pub struct Viewer {
    peer: Peer,
    server: Server,
    resource: Resource,
    shared: Arc<Shared>,
    stop: CancellationToken,
    collector: Option<JoinHandle<()>>,
}

impl Viewer {
    /// Offers slots and returns when media can flow.
    pub async fn start(server: &Server, cast: &Cast, options: ViewerOptions) -> Result<Self, ClientError> {
        let sound = options.watch.iter().any(|watched| watched.audio.is_some());
        let role = match options.judging {
            Judging::Full { .. } => PeerRole::Viewer,
            Judging::Count => PeerRole::CountingViewer,
        };
        let codecs = if sound { vec![options.video, Codec::Opus] } else { vec![options.video] };
        let mut peer = Peer::new(role, &codecs, &options.bind).await?;
        for watched in &options.watch {
            add_slot(&peer, RtpCodecKind::Video).await?;
            if watched.audio.is_some() {
                add_slot(&peer, RtpCodecKind::Audio).await?;
            }
        }
        let shared = Arc::new(Shared::new(cast, &options));
        let offer = peer.offer().await?;
        let identities: Vec<_> = options.watch.iter().map(|watched| watched.identity.clone()).collect();
        let resource = server.watch(&options.room, &identities, offer).await?;
        peer.accept(&led_through(options.relay_port, &resource.answer)).await?;
        let stop = CancellationToken::new();
        let collector = match options.judging {
            Judging::Full { .. } => Some(collect_tracks(&mut peer, &resource, &shared, &stop)),
            Judging::Count => None,
        };
        let viewer = Self { peer, server: server.clone(), resource, shared, stop, collector };
        viewer.connected(options.connect_patience).await
    }

    async fn connected(mut self, patience: Duration) -> Result<Self, ClientError> {
        match self.peer.connected(patience).await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.stop.cancel();
                self.peer.close().await;
                Err(error)
            }
        }
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.peer.counters
    }

    /// Waits until `frames` frames were judged whole, over all tracks.
    pub async fn saw(&self, frames: u64, patience: Duration) -> bool {
        let mut seen = self.shared.frames.subscribe();
        tokio::time::timeout(patience, seen.wait_for(|seen| *seen >= frames)).await.is_ok_and(|seen| seen.is_ok())
    }

    /// What was found so far.
    pub fn report(&self) -> ViewerReport {
        self.shared.report(self.peer.counters.snapshot())
    }

    /// Ends the session by DELETE and says what was found.
    pub async fn stop(self) -> (ViewerReport, Result<(), ClientError>) {
        // Before the server stops: what arrives after must not count against it.
        self.stop.cancel();
        if let Some(collector) = self.collector {
            let _ = collector.await;
        }
        let report = self.shared.report(self.peer.counters.snapshot());
        let ended = self.server.end(&self.resource.url).await;
        self.peer.close().await;
        (report, ended)
    }
}

impl Shared {
    fn new(cast: &Cast, options: &ViewerOptions) -> Self {
        let patience = match options.judging {
            Judging::Full { patience } => patience,
            Judging::Count => Duration::ZERO,
        };
        let known = cast.clone();
        let clip_of: Arc<crate::verify::ClipOf> =
            Arc::new(move |tag| known.track(tag).map(|track| Arc::clone(&track.clip)));
        let state = |codec: Codec, tag: PublisherTag| {
            let verifier = TrackVerifier::new(codec, Expected::Publisher(tag), Arc::clone(&clip_of), patience);
            Mutex::new(TrackState { verifier, first_frame: None })
        };
        Self {
            started: Instant::now(),
            cast: cast.clone(),
            video: options.watch.iter().map(|watched| state(options.video, watched.video)).collect(),
            audio: options.watch.iter().filter_map(|watched| Some(state(Codec::Opus, watched.audio?))).collect(),
            latency_us: Mutex::new(empty_histogram()),
            frames: watch::Sender::new(0),
        }
    }

    fn report(&self, counters: CountersSnapshot) -> ViewerReport {
        let lock = |state: &Mutex<TrackState>| {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.first_frame, state.verifier.report().clone())
        };
        let (first_frame, mut tracks): (Vec<_>, Vec<_>) = self.video.iter().map(lock).unzip();
        tracks.extend(self.audio.iter().map(lock).map(|(_, report)| report));
        let latency_us = self.latency_us.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ViewerReport { first_frame, tracks, latency_us, counters }
    }

    /// Hands one event's packet to the slot's judge; says whether a keyframe is to be asked for.
    pub(super) fn judge(&self, kind: RtpCodecKind, slot: usize, packet: Option<rtp::Packet>) -> bool {
        let states = if kind == RtpCodecKind::Video { &self.video } else { &self.audio };
        let Some(state) = states.get(slot) else { return false };
        let now = Instant::now();
        let mut outcomes = Vec::new();
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match packet {
            Some(packet) => state.verifier.on_packet(now, packet, &mut outcomes),
            None => state.verifier.on_timeout(now, &mut outcomes),
        }
        let mut frames = 0;
        for outcome in &outcomes {
            if let Outcome::Frame { publisher, number } = *outcome {
                frames += 1;
                state.first_frame.get_or_insert(now.saturating_duration_since(self.started));
                if kind == RtpCodecKind::Video {
                    self.record_latency(publisher, number, now);
                }
            }
        }
        self.frames.send_modify(|seen| *seen += frames);
        outcomes.contains(&Outcome::NeedsKeyframe)
    }

    fn record_latency(&self, publisher: PublisherTag, number: u32, now: Instant) {
        let Some(age) = self.cast.track(publisher).and_then(|track| track.sent.age(number, now)) else { return };
        let micros = u64::try_from(age.as_micros()).unwrap_or(LATENCY_MAX_US).min(LATENCY_MAX_US);
        self.latency_us.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }
}

/// A histogram of microseconds up to a minute, to three digits.
#[expect(clippy::expect_used, reason = "bounds and digits are constants that the crate accepts")]
pub(crate) fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_max(LATENCY_MAX_US, 3).expect("a minute to three digits is accepted")
}
