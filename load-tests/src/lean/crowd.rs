//! Carries out a shape: publishers, then viewers along the ramp, measured windows, goodbyes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::LeanError;
use super::diary::KeptDiary;
use super::dtls::Identity;
use super::entrance::{Entrance, Session};
use super::fleet::Fleet;
use super::joining::Joined;
use super::live::Live;
use super::reach::Followed;
use super::report::{CrowdReport, Ended};
use super::shape::{Seat, Shape};
use super::socket::Offload;
use super::window::{Measured, Window};
use super::worker::{ClientFinding, Tally};
use crate::client::{Cast, ClientError, CountersSnapshot};
use crate::media::{Clip, Codec};
use crate::verify::ClipOf;

/// Publishers whose offers wait for their answers at the same time, and goodbyes; nothing is measured of these. Viewers come
/// when it is their turn, however many wait: a server that is slow must not have a gentler crowd.
const AT_ONCE: usize = 32;
/// How long the last to join may take until they watch.
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// How often the state of the crowd is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// How the clients of this machine are run.
#[derive(Clone, Debug)]
pub struct CrowdOptions {
    /// Threads that carry the viewers; publishers have one beside them.
    pub threads: usize,
    /// Where sockets are bound, such as `127.0.0.1:0`.
    pub bind: String,
    pub offload: Offload,
    /// The server's process where it runs on this machine, to measure its cost.
    pub server_pid: Option<u32>,
}

/// How far who is to come.
#[derive(Clone, Copy)]
enum Until {
    Published,
    Connected,
    /// A whole frame on every video slot.
    Watching,
}

/// Everybody of a shape, from nobody at first to nobody at last.
pub struct Crowd {
    pub(super) entrance: Arc<dyn Entrance>,
    pub(super) shape: Shape,
    pub(super) options: CrowdOptions,
    pub(super) identity: Arc<Identity>,
    pub(super) fleet: Fleet,
    pub(super) cast: Cast,
    pub(super) clip_of: Arc<ClipOf>,
    /// The loops that are published; of a simulcast all, smallest first.
    pub(super) video: Vec<Arc<Clip>>,
    pub(super) audio: Arc<Clip>,
    pub(super) keeps_diaries: bool,
    joined: Vec<Joined>,
    /// Why some could not join.
    refused: Vec<String>,
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crowd").field("shape", &self.shape).field("joined", &self.joined.len()).finish_non_exhaustive()
    }
}

/// Runs `shape` behind `entrance` until its time is over or `stop` is cancelled.
///
/// # Errors
/// When nobody could publish, or this machine lacks what clients need; whatever fails later is in the report.
pub async fn run(
    entrance: Arc<dyn Entrance>,
    shape: &Shape,
    options: &CrowdOptions,
    live: &Live,
    stop: &CancellationToken,
) -> Result<CrowdReport, LeanError> {
    let mut crowd = Crowd::gather(entrance, shape, options)?;
    crowd.publish(live, stop).await?;
    crowd.watch(live, stop).await;
    let measured = crowd.play(Duration::from_secs(shape.seconds), live, stop).await;
    let report = crowd.leave(measured, stop.is_cancelled()).await;
    live.clear();
    Ok(report)
}

impl Crowd {
    /// Threads for a shape, and nobody yet.
    ///
    /// # Errors
    /// When this machine lacks what clients need.
    pub fn gather(entrance: Arc<dyn Entrance>, shape: &Shape, options: &CrowdOptions) -> Result<Self, LeanError> {
        let identity = Arc::new(Identity::generate().map_err(|error| LeanError::Identity(error.to_string()))?);
        let cast = Cast::default();
        let fleet = Fleet::start(options.threads, &cast).map_err(LeanError::Threads)?;
        let clip = |codec, size| Clip::embedded(codec, size).map(Arc::new).map_err(ClientError::from);
        Ok(Self {
            entrance,
            shape: shape.clone(),
            options: options.clone(),
            identity,
            fleet,
            clip_of: clips(&cast),
            cast,
            video: shape.encodings().iter().map(|size| clip(shape.codec, *size)).collect::<Result<_, _>>()?,
            audio: clip(Codec::Opus, shape.clip)?,
            keeps_diaries: false,
            joined: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// Viewers who join from now on write down what comes to them.
    pub const fn keep_diaries(&mut self) {
        self.keeps_diaries = true;
    }

    /// All who publish join, and are waited for.
    ///
    /// # Errors
    /// When one of them could not.
    pub async fn publish(&mut self, live: &Live, stop: &CancellationToken) -> Result<(), LeanError> {
        let before = self.joined.len();
        for outcome in self.fill(self.shape.publishing(), AT_ONCE, live, stop).await {
            self.joined.push(outcome.map_err(|(_, error)| error)?);
        }
        self.settle(self.joined.len() - before, Until::Published, live, stop).await;
        Ok(())
    }

    /// All who watch join when it is their turn, and are waited for until they see something.
    pub async fn watch(&mut self, live: &Live, stop: &CancellationToken) {
        let before = self.joined.len();
        let seats = self.shape.watching();
        let all = seats.len();
        for outcome in self.fill(seats, all, live, stop).await {
            match outcome {
                Ok(joined) => self.joined.push(joined),
                Err((seat, error)) => {
                    self.refused.push(format!("room {} viewer {}: {error}", seat.room, seat.number));
                }
            }
        }
        let until = if self.shape.publishers > 0 { Until::Watching } else { Until::Connected };
        self.settle(self.joined.len() - before, until, live, stop).await;
    }

    /// Measures for `duration`, or until `stop`.
    pub async fn play(&self, duration: Duration, live: &Live, stop: &CancellationToken) -> Measured {
        let followed = Followed::open(&self.cast, self.shape.copies());
        let window = Window::open(&self.fleet, self.options.server_pid);
        live.playing(&self.fleet, duration, stop).await;
        let ports: BTreeSet<u16> = self.joined.iter().map(|joined| joined.port).collect();
        let (measured, followed) = (window.close(&self.fleet, &ports), followed.close());
        Measured { frames: followed.settled().await, ..measured }
    }

    /// The sessions of all who have joined.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.joined.iter().map(|joined| &joined.session)
    }

    /// Everybody leaves; `measured` goes into the report.
    pub async fn leave(self, measured: Measured, interrupted: bool) -> CrowdReport {
        self.leave_diaries(measured, interrupted).await.0
    }

    /// The same, and what viewers wrote down, by their numbers.
    pub async fn leave_diaries(self, measured: Measured, interrupted: bool) -> (CrowdReport, Vec<KeptDiary>) {
        let counts = self.fleet.published().counts;
        let sent = CountersSnapshot {
            rtp_out: counts.sent,
            rtx_out: counts.resent,
            nacks_in: counts.nacks_in,
            plis_in: counts.plis_in,
            ..CountersSnapshot::default()
        };
        let mut findings = self.fleet.stop();
        let clients = findings.iter_mut().flat_map(|finding| &mut finding.clients);
        let mut diaries: Vec<_> = clients.filter_map(|client| kept(client, &self.joined)).collect();
        diaries.sort_by_key(|kept| kept.number);
        let entrance = &self.entrance;
        let goodbyes =
            stream::iter(self.joined).map(|joined| async move { entrance.leave(&joined.session).await.err() });
        let failed: Vec<_> = goodbyes.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
        let mut signalling = self.refused;
        signalling.extend(failed.into_iter().map(|error| format!("leaving failed: {error}")));
        let ended = Ended { findings, signalling, interrupted, sent };
        let gro = self.options.offload == Offload::On;
        (CrowdReport::new(&self.shape, self.options.threads, gro, measured, ended), diaries)
    }

    /// Everybody takes a seat when it is their turn, unless so many wait for theirs: who did, and why the others did not.
    async fn fill(
        &self,
        seats: Vec<Seat>,
        at_once: usize,
        live: &Live,
        stop: &CancellationToken,
    ) -> Vec<Result<Joined, (Seat, LeanError)>> {
        let (start, expected) = (Instant::now(), seats.len());
        let mut joining = stream::iter(seats)
            .take_until(Box::pin(stop.cancelled()))
            .map(|seat| async move {
                let due = start + seat.joins_at;
                stop.run_until_cancelled(tokio::time::sleep_until(due.into())).await?;
                let joined = self.join(&seat, due).await;
                Some(joined.map_err(|error| (seat, error)))
            })
            .buffer_unordered(at_once.max(1));
        let mut outcomes = Vec::new();
        while let Some(outcome) = joining.next().await {
            outcomes.extend(outcome);
            live.joining(&self.fleet, outcomes.len(), expected);
        }
        outcomes
    }

    /// Waits until all who joined have come so far, or will not.
    async fn settle(&self, joined: usize, until: Until, live: &Live, stop: &CancellationToken) {
        let end = Instant::now() + SETTLE_MAX;
        while Instant::now() < end && !stop.is_cancelled() {
            let (tallies, there): (_, fn(&Tally) -> usize) = match until {
                Until::Published => (vec![self.fleet.published()], |tally| tally.connected),
                Until::Connected => (self.fleet.tallies(), |tally| tally.connected),
                Until::Watching => (self.fleet.tallies(), |tally| tally.watching),
            };
            let settled: usize = tallies.iter().map(|tally| there(tally) + tally.over).sum();
            if settled >= joined {
                break;
            }
            live.joining(&self.fleet, joined, joined);
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What a viewer wrote down, and where it sat.
fn kept(client: &mut ClientFinding, joined: &[Joined]) -> Option<KeptDiary> {
    let joined = joined.iter().find(|joined| joined.port == client.port)?;
    let diary = client.diary.take()?;
    Some(KeptDiary { session: joined.session.clone(), number: client.number, diary })
}

/// The loops of all who publish, for the judges.
fn clips(cast: &Cast) -> Arc<ClipOf> {
    let cast = cast.clone();
    Arc::new(move |tag| cast.track(tag).map(|track| Arc::clone(&track.clip)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::super::description::LocalParameters;
    use super::super::entrance::Entered;
    use super::super::sender::SenderIds;
    use super::super::shape::{Media, Publishers, Shows, Verify};
    use super::*;
    use crate::media::ClipSize;

    /// Where nobody is answered until so many have asked, and nobody comes in.
    #[derive(Debug)]
    struct Slow {
        all: usize,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl Entrance for Slow {
        async fn publish_tracks(
            &self,
            _: &str,
            _: &str,
            _: &LocalParameters<'_>,
            _: &[(Codec, SenderIds)],
        ) -> Result<Entered, LeanError> {
            Err(LeanError::Identity("nobody publishes".to_owned()))
        }

        async fn watch_on(
            &self,
            _: &str,
            _: &[String],
            _: &LocalParameters<'_>,
            _: &[Codec],
        ) -> Result<Entered, LeanError> {
            let asked = 1 + self.asked.fetch_add(1, Ordering::SeqCst);
            // Long for a machine, short for who waits for a test that fails.
            for _ in 0..500 {
                if self.asked.load(Ordering::SeqCst) >= self.all {
                    return Err(LeanError::Identity("all came".to_owned()));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(LeanError::Identity(format!("number {asked} waited for the others")))
        }

        async fn leave(&self, _: &Session) -> Result<(), LeanError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn viewers_come_when_it_is_their_turn_however_many_wait_for_an_answer() {
        let shape = Shape {
            name: "storm",
            rooms: 1,
            publishers: 1,
            publishers_do: Publishers::Publish,
            subscribers: 100,
            shows: Shows::Everybody,
            media: Media::Video,
            codec: Codec::Vp8,
            clip: ClipSize::Tiny,
            seed: 1,
            seconds: 0,
            ramp_seconds: 0,
            verify: Verify::Sampled,
        };
        let options =
            CrowdOptions { threads: 1, bind: "127.0.0.1:0".to_owned(), offload: Offload::Off, server_pid: None };
        let entrance = Arc::new(Slow { all: 100, asked: AtomicUsize::new(0) });
        let mut crowd = Crowd::gather(entrance, &shape, &options).unwrap();
        crowd.watch(&Live::silent(), &CancellationToken::new()).await;
        assert_eq!(crowd.refused.iter().filter(|words| words.contains("all came")).count(), 100, "{:?}", crowd.refused);
    }
}
