//! Carries out a shape: publishers, lean viewers by WHEP along the ramp, a measured window, goodbyes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::LeanError;
use super::counts::Counts;
use super::dtls::Identity;
use super::fleet::Fleet;
use super::joining::{Joined, Part};
use super::live::Live;
use super::report::{CrowdReport, Ended};
use super::sender::SenderPlan;
use super::shape::{Publishers, Shape};
use super::socket::Offload;
use super::window::Window;
use super::worker::Tally;
use crate::client::{Cast, ClientError, CountersSnapshot, PublishedTrack, Server};
use crate::media::{Clip, Codec};
use crate::scenario::{Plan, Progress, Stage};
use crate::verify::ClipOf;

/// Offers that wait for their answers at the same time; more would only queue at the server.
const OFFERS_AT_ONCE: usize = 32;
/// How long the last to join may take until they watch.
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// How often the state of the crowd is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// How the clients of this machine are run.
#[derive(Clone, Debug)]
pub struct CrowdOptions {
    /// Threads that carry the viewers.
    pub threads: usize,
    /// Where sockets are bound, such as `127.0.0.1:0`.
    pub bind: String,
    pub offload: Offload,
    /// The server's process where it runs on this machine, to measure its cost.
    pub server_pid: Option<u32>,
}

/// How far clients are to come.
#[derive(Clone, Copy)]
enum Until {
    Connected,
    /// A whole frame on every video slot.
    Watching,
}

/// What everybody's joining needs.
pub(super) struct Crowd<'a> {
    pub(super) server: &'a Server,
    pub(super) shape: &'a Shape,
    pub(super) options: &'a CrowdOptions,
    pub(super) identity: Arc<Identity>,
    pub(super) fleet: &'a Fleet,
    pub(super) clip_of: Arc<ClipOf>,
}

/// Runs `shape` against `server` until its time is over or `stop` is cancelled.
///
/// # Errors
/// When nobody could publish, or this machine lacks what clients need; whatever fails later is in the report.
pub async fn run(
    server: &Server,
    shape: &Shape,
    options: &CrowdOptions,
    live: &Live,
    stop: &CancellationToken,
) -> Result<CrowdReport, LeanError> {
    let identity = Arc::new(Identity::generate().map_err(|error| LeanError::Identity(error.to_string()))?);
    let stage = Stage::set(server, &shape.stage_plan(&options.bind), &Progress::silent(), stop).await?;
    let fleet = Fleet::start(options.threads, &stage.cast).map_err(LeanError::Threads)?;
    let crowd = Crowd { server, shape, options, identity, fleet: &fleet, clip_of: clips(&stage.cast) };
    let publishing = crowd.publish(&stage.cast, stop).await?;
    crowd.settle(publishing.len(), Until::Connected, live, stop).await;
    let (mut joined, mut signalling) = crowd.fill(live, stop).await;
    let until = if shape.publishers > 0 { Until::Watching } else { Until::Connected };
    crowd.settle(joined.len(), until, live, stop).await;
    let window = Window::open(&fleet, options.server_pid);
    live.playing(&fleet, Duration::from_secs(shape.seconds), stop).await;
    let ports: BTreeSet<u16> = joined.iter().map(|joined| joined.port).collect();
    let measured = window.close(&fleet, &ports);
    let interrupted = stop.is_cancelled();
    let sent = stage.sent().plus(sent_by(&fleet));
    let findings = fleet.stop();
    joined.extend(publishing);
    signalling.extend(leave(server, joined).await);
    stage.clear().await;
    let ended = Ended { findings, signalling, interrupted, sent };
    live.clear();
    Ok(CrowdReport::new(shape, options.threads, options.offload == Offload::On, measured, ended))
}

/// The loops of all who publish, for the judges.
fn clips(cast: &Cast) -> Arc<ClipOf> {
    let cast = cast.clone();
    Arc::new(move |tag| cast.track(tag).map(|track| Arc::clone(&track.clip)))
}

/// What lean publishers sent, and what was asked of them.
fn sent_by(fleet: &Fleet) -> CountersSnapshot {
    let counts = fleet.tallies().into_iter().fold(Counts::default(), |sum, tally| sum.plus(tally.counts));
    CountersSnapshot {
        rtp_out: counts.sent,
        rtx_out: counts.resent,
        nacks_in: counts.nacks_in,
        plis_in: counts.plis_in,
        ..CountersSnapshot::default()
    }
}

/// Ends every session by DELETE; what failed in it.
async fn leave(server: &Server, joined: Vec<Joined>) -> Vec<String> {
    let goodbyes = stream::iter(joined).map(|joined| async move { server.end(&joined.resource).await.err() });
    let failed: Vec<_> = goodbyes.buffer_unordered(OFFERS_AT_ONCE).filter_map(std::future::ready).collect().await;
    failed.into_iter().map(|error| format!("DELETE failed: {error}")).collect()
}

impl Crowd<'_> {
    /// Everybody joins when it is their turn: those who did, and why the others did not.
    async fn fill(&self, live: &Live, stop: &CancellationToken) -> (Vec<Joined>, Vec<String>) {
        let start = tokio::time::Instant::now();
        let seats = self.shape.seats();
        let expected = seats.len();
        let mut joining = stream::iter(seats)
            .take_until(Box::pin(stop.cancelled()))
            .map(|seat| async move {
                stop.run_until_cancelled(tokio::time::sleep_until(start + seat.joins_at)).await?;
                let publishers = seat.watches.iter().map(|publisher| Plan::identity(*publisher)).collect();
                let part = Part::Watch { publishers, slots: self.slots(&seat) };
                let joined = self.join(seat.room, seat.number, part).await;
                Some(joined.map_err(|error| format!("room {} viewer {}: {error}", seat.room, seat.number)))
            })
            .buffer_unordered(OFFERS_AT_ONCE);
        let (mut joined, mut refused) = (Vec::new(), Vec::new());
        while let Some(outcome) = joining.next().await {
            match outcome {
                Some(Ok(one)) => joined.push(one),
                Some(Err(why)) => refused.push(why),
                None => {}
            }
            live.joining(self.fleet, joined.len(), expected);
        }
        (joined, refused)
    }

    /// Waits until all who joined have come so far, or will not.
    async fn settle(&self, joined: usize, until: Until, live: &Live, stop: &CancellationToken) {
        let end = Instant::now() + SETTLE_MAX;
        while Instant::now() < end && !stop.is_cancelled() {
            let tallies = self.fleet.tallies();
            let there = |tally: &Tally| match until {
                Until::Watching => tally.watching,
                Until::Connected => tally.connected,
            };
            let settled: usize = tallies.iter().map(|tally| there(tally) + tally.over).sum();
            if settled >= joined {
                break;
            }
            live.joining(self.fleet, joined, joined);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Every lean publisher of this shape; their tracks enter `cast`.
    async fn publish(&self, cast: &Cast, stop: &CancellationToken) -> Result<Vec<Joined>, LeanError> {
        if self.shape.published_by == Publishers::Webrtc {
            return Ok(Vec::new());
        }
        let video = Arc::new(Clip::embedded(self.shape.codec, self.shape.clip).map_err(ClientError::from)?);
        let audio = Arc::new(Clip::embedded(Codec::Opus, self.shape.clip).map_err(ClientError::from)?);
        let rooms = 0..self.shape.rooms;
        let all = rooms.flat_map(|room| (0..self.shape.publishers).map(move |publisher| (room, publisher)));
        let mut joining = stream::iter(all)
            .take_until(Box::pin(stop.cancelled()))
            .map(|(room, publisher)| {
                let track = |tag, clip: &Arc<Clip>| Arc::new(PublishedTrack::new(tag, Arc::clone(clip)));
                let mut tracks = vec![track(Plan::video_tag(room, publisher), &video)];
                if self.shape.audio {
                    tracks.push(track(Plan::audio_tag(room, publisher), &audio));
                }
                tracks.iter().for_each(|track| cast.join(Arc::clone(track)));
                let seed = |track: &Arc<PublishedTrack>| self.shape.seed.wrapping_mul(31) ^ u64::from(track.tag.0);
                let senders = tracks.iter().map(|track| SenderPlan::new(Arc::clone(track), seed(track))).collect();
                self.join(room, publisher, Part::Publish(senders))
            })
            .buffered(OFFERS_AT_ONCE);
        let mut joined = Vec::new();
        while let Some(one) = joining.next().await {
            joined.push(one?);
        }
        Ok(joined)
    }
}
