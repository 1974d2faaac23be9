//! A room, who publishes in it and who watches, as the stories need them.

use std::time::{Duration, Instant};

use crate::camera::{Layers, THRIFTY};
use crate::judge::{self, Seen};
use crate::publisher::{Publisher, Publishing};
use crate::world::{Passed, World};

pub const SECOND: Duration = Duration::from_secs(1);
/// Homes and offices.
pub const GOOD: &str = "delay=20ms,jitter=2ms";

pub struct Scene {
    pub world: World,
    pub publisher: usize,
    /// What was recorded of who is watched.
    pub samples: Vec<Sample>,
}

/// How it was at a time.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub at: Instant,
    /// What the server takes somebody's link for, bit/s.
    pub estimate_bps: f64,
    /// What came over the link since the sample before, bit/s.
    pub came_bps: f64,
}

/// One who watches.
#[derive(Clone, Copy)]
pub struct Watcher {
    pub client: usize,
    pub joined: Instant,
}

impl Scene {
    /// A room in which somebody has been publishing for a while over a good link.
    pub fn new(seed: u8) -> Self {
        Self::with(seed, Publishing::camera(1, u64::from(seed)))
    }

    pub fn with(seed: u8, what: Publishing) -> Self {
        let mut world = World::new(seed);
        world.sealed = None;
        world.passed = Some(Passed::default());
        let publisher = world.meet_sending("room", "a", what);
        let mut scene = Self { world, publisher, samples: vec![] };
        scene.link(publisher, GOOD);
        scene.world.run(4 * SECOND);
        scene
    }

    /// With a camera whose largest pictures cost a little less than the most that browsers make of them.
    pub fn thrifty(seed: u8, layers: Layers) -> Self {
        Self::with(seed, Publishing { layers, rungs: &THRIFTY, ..Publishing::camera(1, u64::from(seed)) })
    }

    /// Both directions of somebody's link from now on.
    pub fn link(&mut self, client: usize, link: &str) {
        self.world.path(client, true, link);
        self.world.path(client, false, link);
    }

    /// Somebody comes to watch over this link, in a tile so high.
    pub fn watch(&mut self, name: &str, link: &str, height: u16) -> Watcher {
        let joined = self.world.now;
        let client = self.world.look("room", name, (1, 1));
        self.link(client, link);
        self.world.arrange(client, &[(0, ("a", "1"), height)]);
        Watcher { client, joined }
    }

    /// The same behind the link to another.
    pub fn watch_sharing(&mut self, name: &str, up: &str, with: Watcher, height: u16) -> Watcher {
        let joined = self.world.now;
        let client = self.world.look("room", name, (1, 1));
        self.world.path(client, true, up);
        self.world.share_path(client, false, with.client);
        self.world.arrange(client, &[(0, ("a", "1"), height)]);
        Watcher { client, joined }
    }

    /// What the server takes somebody's link for, bit/s.
    pub fn estimate_bps(&mut self, who: Watcher) -> Option<f64> {
        let id = self.world.clients[who.client].id;
        let transports = self.world.stats().transports;
        transports.iter().find(|it| it.id == id).unwrap().sending.estimate_bps.map(|bps| bps as f64)
    }

    /// Runs, and notes every quarter of a second how it is.
    pub fn record(&mut self, who: Watcher, seconds: f64) {
        for _ in 0..(seconds * 4.0) as u32 {
            let before = self.bytes_down(who);
            self.run_s(0.25);
            let came_bps = (self.bytes_down(who) - before) as f64 * 32.0;
            let estimate_bps = self.estimate_bps(who).unwrap_or(0.0);
            self.samples.push(Sample { at: self.world.now, estimate_bps, came_bps });
        }
    }

    pub fn run_s(&mut self, seconds: f64) {
        self.world.run(Duration::from_secs_f64(seconds));
    }

    pub fn publisher(&mut self) -> &mut Publisher {
        let publisher = self.publisher;
        self.world.publisher(publisher)
    }

    /// What somebody saw in the last seconds.
    pub fn seen_s(&mut self, who: Watcher, seconds: f64) -> Seen {
        let (from, to) = (self.world.now - Duration::from_secs_f64(seconds), self.world.now);
        judge::see(self.world.viewer(who.client).eye(0).0, from, to)
    }

    /// The longest that the server kept a packet of the last seconds for somebody, ms.
    pub fn added_ms(&mut self, who: Watcher, seconds: f64) -> f64 {
        let from = self.world.now - Duration::from_secs_f64(seconds);
        self.waits(who, from, self.world.now).map(|(added, _)| added).fold(0.0, f64::max)
    }

    /// The longest that one waited in front of somebody's link between two times, ms, whose delay without a queue is given.
    pub fn queue_ms(&mut self, who: Watcher, from: Instant, to: Instant, delay: Duration) -> f64 {
        let delay = delay.as_secs_f64() * 1e3;
        self.waits(who, from, to).map(|(_, flew)| flew - delay).fold(0.0, f64::max)
    }

    /// How long each first sending that left for somebody between two times was kept by the server, and under way, ms.
    fn waits(&mut self, who: Watcher, from: Instant, to: Instant) -> impl Iterator<Item = (f64, f64)> {
        let numbers = self.publisher().numbers.clone();
        let (eye, ssrc) = self.world.viewer(who.client).eye(0);
        let came = eye.came.clone();
        let (publisher, passed) = (self.publisher, self.world.passed.as_ref().unwrap());
        let ms = |from: Instant, to: Instant| to.saturating_duration_since(from).as_secs_f64() * 1e3;
        let of = |(place, (number, arrived)): (&(u8, u32, u8), &(u16, Instant))| {
            let (sent_ssrc, sent_number) = *numbers.get(place)?;
            let entered = *passed.came.get(&(publisher, sent_ssrc, sent_number))?;
            let left = *passed.left.get(&(who.client, ssrc, *number))?;
            (from..to).contains(&left).then(|| (ms(entered, left), ms(left, *arrived)))
        };
        came.iter().filter_map(of).collect::<Vec<_>>().into_iter()
    }

    /// Key frames that the server asked the publisher for since then, a second.
    pub fn key_requests_per_second(&mut self, since: Instant) -> f64 {
        let seconds = (self.world.now - since).as_secs_f64();
        self.publisher().key_requests.iter().filter(|at| **at >= since).count() as f64 / seconds
    }

    /// Bytes that came over somebody's link, of whatever kind and to whomever.
    pub fn bytes_down(&self, who: Watcher) -> u64 {
        self.world.path_counts(who.client, false).left_bytes
    }
}
