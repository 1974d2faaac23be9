//! Carries out a shape: publishers of the `webrtc` crate, lean viewers by WHEP along the ramp, a measured window, goodbyes.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio_util::sync::CancellationToken;

use super::LeanError;
use super::client::ClientConfig;
use super::description::{Answer, LocalParameters, offer};
use super::dtls::Identity;
use super::fleet::Fleet;
use super::ice::Credentials;
use super::live::Live;
use super::report::{CrowdReport, Ended};
use super::shape::{Seat, Shape};
use super::slot::Look;
use super::socket::Offload;
use super::window::Window;
use super::worker::{Joining, Tally};
use crate::client::{Cast, Resource, Server};
use crate::media::Codec;
use crate::scenario::{Plan, Progress, Stage};
use crate::verify::{ClipOf, Expected};

/// Offers that wait for their answers at the same time; more would only queue at the server.
const OFFERS_AT_ONCE: usize = 32;
/// How long the last to join may take until they watch.
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// How often the state of the crowd is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Characters of ICE credentials: 128 bits of a password and more (RFC 8445 §5.3).
const PWD_LEN: usize = 24;

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

/// A viewer's session.
struct Joined {
    resource: Resource,
    /// Its socket's.
    port: u16,
}

/// What all viewers' joining needs.
struct Crowd<'a> {
    server: &'a Server,
    shape: &'a Shape,
    options: &'a CrowdOptions,
    identity: Arc<Identity>,
    fleet: &'a Fleet,
    clip_of: Arc<ClipOf>,
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
    let (joined, mut refused) = crowd.fill(live, stop).await;
    crowd.settle(joined.len(), live, stop).await;
    let window = Window::open(&fleet, options.server_pid);
    live.playing(&fleet, Duration::from_secs(shape.seconds), stop).await;
    let ports: BTreeSet<u16> = joined.iter().map(|joined| joined.port).collect();
    let measured = window.close(&fleet, &ports);
    let interrupted = stop.is_cancelled();
    let findings = fleet.stop();
    let sent = stage.sent();
    refused.extend(leave(server, joined).await);
    stage.clear().await;
    let ended = Ended { findings, signalling: refused, interrupted, sent };
    live.clear();
    Ok(CrowdReport::new(shape, options.threads, options.offload == Offload::On, measured, ended))
}

/// The loops of all who publish, for the judges.
fn clips(cast: &Cast) -> Arc<ClipOf> {
    let cast = cast.clone();
    Arc::new(move |tag| cast.track(tag).map(|track| Arc::clone(&track.clip)))
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
                Some(self.join(&seat).await.map_err(|error| format!("{}: {error}", self.name(&seat))))
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

    /// Waits until all who joined watch, or will not.
    async fn settle(&self, joined: usize, live: &Live, stop: &CancellationToken) {
        let end = Instant::now() + SETTLE_MAX;
        let has_media = self.shape.publishers > 0;
        while Instant::now() < end && !stop.is_cancelled() {
            let tallies = self.fleet.tallies();
            let there = |tally: &Tally| if has_media { tally.watching } else { tally.connected };
            let settled: usize = tallies.iter().map(|tally| there(tally) + tally.over).sum();
            if settled >= joined {
                break;
            }
            live.joining(self.fleet, joined, joined);
            tokio::time::sleep(LOOK).await;
        }
    }

    fn name(&self, seat: &Seat) -> String {
        format!("{} viewer {}", self.shape.stage_plan("").room_name(seat.room), seat.number)
    }

    async fn join(&self, seat: &Seat) -> Result<Joined, LeanError> {
        let socket = UdpSocket::bind(&self.options.bind).map_err(LeanError::Socket)?;
        let candidate = socket.local_addr().map_err(LeanError::Socket)?;
        let seed = (u64::from(seat.room) << 16) | u64::from(seat.number);
        let mut random = StdRng::seed_from_u64(self.shape.seed.wrapping_mul(0x9e37_79b9).wrapping_add(seed));
        let local = Credentials { ufrag: letters(&mut random, 8), pwd: letters(&mut random, PWD_LEN) };
        let slots = self.slots(seat);
        let codecs: Vec<_> = slots.iter().map(|(codec, _)| *codec).collect();
        let parameters = LocalParameters {
            ufrag: &local.ufrag,
            pwd: &local.pwd,
            fingerprint: &self.identity.fingerprint,
            candidate,
        };
        let watch: Vec<_> = seat.watches.iter().map(|publisher| Plan::identity(*publisher)).collect();
        let room = self.shape.stage_plan("").room_name(seat.room);
        let offered = Instant::now();
        let resource = self.server.watch(&room, &watch, offer(&parameters, &codecs)).await?;
        let answer = Answer::parse(&resource.answer)?;
        let ssrc = random.random_range(1..u32::MAX);
        let config = ClientConfig { identity: Arc::clone(&self.identity), local, answer, slots, ssrc };
        let (name, offload) = (self.name(seat), self.options.offload);
        self.fleet.join(Joining { name, offered, socket, config, offload });
        Ok(Joined { resource, port: candidate.port() })
    }

    /// One slot of video, and one of audio where there is any, for each publisher; in an empty room one that waits.
    fn slots(&self, seat: &Seat) -> Vec<(Codec, Look)> {
        let judged = self.shape.verify.judges(seat.number);
        let look = |tag| match judged {
            true => Look::Judge { expected: Expected::Publisher(tag), clip_of: Arc::clone(&self.clip_of) },
            false => Look::Sample { every: self.shape.verify.every() },
        };
        let waiting = [0];
        let watches = if seat.watches.is_empty() { &waiting[..] } else { &seat.watches };
        let mut slots = Vec::new();
        for publisher in watches {
            slots.push((self.shape.codec, look(Plan::video_tag(seat.room, *publisher))));
            if self.shape.audio {
                slots.push((Codec::Opus, look(Plan::audio_tag(seat.room, *publisher))));
            }
        }
        slots
    }
}

fn letters(random: &mut StdRng, length: usize) -> String {
    (0..length).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}
