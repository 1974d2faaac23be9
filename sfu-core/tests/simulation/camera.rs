//! A camera and its simulcast encoder, as libwebrtc has them: rates by what may be sent, key frames on demand, frames of uneven size.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub const FRAME_INTERVAL: Duration = Duration::from_nanos(33_333_333);
const FRAMES_PER_SECOND: f64 = 30.0;
/// A request for a key frame so soon after the one before is not heard (kMinKeyframeSendInterval).
const KEY_INTERVAL: Duration = Duration::from_millis(300);
/// By how much more than its least an encoding must be given to be switched on (kDefaultVideoHysteresis).
const ON_AGAIN: f64 = 1.2;
/// After so many frames what a key frame took is saved again.
const REPAID_AFTER: f64 = 15.0;

/// One encoding of the simulcast, bit/s (kSimulcastFormats).
#[derive(Debug, Clone, Copy)]
pub struct Rung {
    pub rid: &'static str,
    pub min_bps: f64,
    pub target_bps: f64,
    pub max_bps: f64,
}

/// 320×180, 640×360 and 1280×720.
pub const LADDER: [Rung; 3] = [
    Rung { rid: "q", min_bps: 30e3, target_bps: 150e3, max_bps: 200e3 },
    Rung { rid: "h", min_bps: 150e3, target_bps: 500e3, max_bps: 700e3 },
    Rung { rid: "f", min_bps: 600e3, target_bps: 2_500e3, max_bps: 2_500e3 },
];

/// The same, with the largest at 2.2 Mbit/s: a link of 3 Mbit/s has a sixth to spare for it.
pub const THRIFTY: [Rung; 3] = [LADDER[0], LADDER[1], Rung { target_bps: 2_200e3, max_bps: 2_200e3, ..LADDER[2] }];

/// Whether there are temporal layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// L1T1.
    One,
    /// L1T3: 7.5, 15 and 30 frames a second.
    Three,
}

/// A frame's place in the temporal layers: which, and whether it refers to layer 0 alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Temporal {
    pub layer: u8,
    pub sync: bool,
}

/// A frame of one encoding.
#[derive(Debug, Clone, Copy)]
pub struct Encoded {
    pub encoding: u8,
    pub key: bool,
    pub bytes: usize,
    pub temporal: Option<Temporal>,
    /// Counts captures, from 1.
    pub number: u32,
    /// The one that it refers to; 0: none.
    pub refers: u32,
    pub captured: Instant,
    /// When it is encoded.
    pub ready: Instant,
}

#[derive(Debug, Default)]
struct Encoder {
    bps: f64,
    /// Bytes sent beyond the rate.
    debt: f64,
    /// Frames since the last key frame; `None` before the first.
    since_key: Option<u32>,
    /// The last frames of temporal layers 0 and 1, and the last of all.
    last: [u32; 3],
}

pub struct Camera {
    rng: StdRng,
    layers: Layers,
    rungs: &'static [Rung],
    encoders: Vec<Encoder>,
    /// Which of them are to be on.
    on: Vec<bool>,
    frames: u32,
    key_wanted: bool,
    key_heard: Option<Instant>,
}

impl Camera {
    /// `rungs`: those of the ladder, lowest first.
    pub fn new(seed: u64, layers: Layers, rungs: &'static [Rung]) -> Self {
        let encoders = rungs.iter().map(|_| Encoder::default()).collect();
        let on = vec![true; rungs.len()];
        let rng = StdRng::seed_from_u64(seed);
        Self { rng, layers, rungs, encoders, on, frames: 0, key_wanted: false, key_heard: None }
    }

    /// What each encoding makes of so much, bit/s (SimulcastRateAllocator).
    pub fn set_bps(&mut self, bps: f64) {
        let mut left = bps;
        let mut highest = None;
        let mut given = vec![0.0; self.rungs.len()];
        for (place, rung) in self.rungs.iter().enumerate().filter(|(place, _)| self.on[*place]) {
            let least = if self.encoders[place].bps > 0.0 { rung.min_bps } else { rung.min_bps * ON_AGAIN };
            if highest.is_some() && left < least {
                break;
            }
            given[place] = left.clamp(rung.min_bps, rung.target_bps);
            left = (left - given[place]).max(0.0);
            highest = Some(place);
        }
        if let Some(highest) = highest {
            given[highest] = (given[highest] + left).min(self.rungs[highest].max_bps);
        }
        for (encoder, bps) in self.encoders.iter_mut().zip(given) {
            encoder.bps = bps;
            if bps == 0.0 {
                encoder.since_key = None;
            }
        }
    }

    /// What its encodings make at most, bit/s.
    pub fn wanted_bps(&self) -> f64 {
        let below: f64 = self.rungs.iter().rev().skip(1).map(|rung| rung.target_bps).sum();
        below + self.rungs.last().map_or(0.0, |rung| rung.max_bps)
    }

    /// Has these encodings alone be made.
    pub fn switch(&mut self, on: Vec<bool>) {
        self.on = on;
    }

    pub fn request_key(&mut self, now: Instant) {
        if self.key_heard.is_none_or(|heard| now >= heard + KEY_INTERVAL) {
            (self.key_heard, self.key_wanted) = (Some(now), true);
        }
    }

    /// The next frame of each encoding that is on.
    pub fn capture(&mut self, now: Instant) -> Vec<Encoded> {
        self.frames += 1;
        let key = std::mem::take(&mut self.key_wanted);
        let ready = now + Duration::from_micros(self.rng.random_range(8_000..22_000));
        let (rng, number, layers) = (&mut self.rng, self.frames, self.layers);
        let on = self.encoders.iter_mut().zip(0_u8..).filter(|(encoder, _)| encoder.bps > 0.0);
        on.map(|(encoder, encoding)| {
            let key = key || encoder.since_key.is_none();
            let (temporal, refers) = encoder.refer(key, number, layers);
            let bytes = encoder.size(rng, key, temporal);
            Encoded { encoding, key, bytes, temporal, number, refers, captured: now, ready }
        })
        .collect()
    }
}

impl Encoder {
    fn refer(&mut self, key: bool, number: u32, layers: Layers) -> (Option<Temporal>, u32) {
        let since = if key { 0 } else { self.since_key.map_or(0, |since| since + 1) };
        self.since_key = Some(since);
        let [last_0, last_1, last] = self.last;
        let (temporal, refers) = match (layers, since % 4) {
            (Layers::One, _) => (None, last),
            (Layers::Three, 0) => (Some(Temporal { layer: 0, sync: false }), last_0),
            (Layers::Three, 1) => (Some(Temporal { layer: 2, sync: true }), last_0),
            (Layers::Three, 2) => (Some(Temporal { layer: 1, sync: true }), last_0),
            (Layers::Three, _) => (Some(Temporal { layer: 2, sync: false }), last_1),
        };
        match temporal.map(|it| it.layer) {
            Some(0) => self.last[..2].fill(number),
            Some(1) => self.last[1] = number,
            _ => {}
        }
        self.last[2] = number;
        (temporal, if key { 0 } else { refers })
    }

    fn size(&mut self, rng: &mut StdRng, key: bool, temporal: Option<Temporal>) -> usize {
        let budget = self.bps / 8.0 / FRAMES_PER_SECOND;
        let size = if key {
            budget * rng.random_range(5.0..8.0)
        } else {
            let weight = temporal.map_or(1.0, |it| if it.layer == 0 { 1.6 } else { 0.8 });
            (budget - self.debt / REPAID_AFTER).max(0.3 * budget) * weight * rng.random_range(0.65..1.35)
        };
        self.debt = (self.debt + size - budget).clamp(-budget, 40.0 * budget);
        size.max(60.0) as usize
    }
}
