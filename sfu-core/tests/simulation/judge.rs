//! What a person saw, and whether it was good enough.

use std::time::{Duration, Instant};

use crate::eye::{Eye, Shown};

/// A screen shows nothing that is replaced sooner: a 60 Hz display's refresh.
const REFRESH: Duration = Duration::from_millis(16);
/// Frames that the average gap between frames is taken of, and fewest that tell (kAvgInterframeDelaysWindowSizeFrames).
const GAPS: usize = 30;
const GAPS_MIN: usize = 5;
/// A gap is a freeze when it is so much longer than the average, or by so much (webrtc-stats, freezeCount).
const FREEZE_FACTOR: u32 = 3;
const FREEZE_ABOVE: Duration = Duration::from_millis(150);

/// What was seen in one slot in some time.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Frames given to the screen, a second (framesPerSecond).
    pub fps: f64,
    /// Those of them that a person sees: of frames that come at once the last.
    pub pictures_per_second: f64,
    pub freezes: usize,
    /// Share of the time, per cent.
    pub frozen_percent: f64,
    /// The longest time without a new frame, s.
    pub longest_gap_s: f64,
    /// Times that the height of the picture changed and changed back, a minute.
    pub flaps_per_minute: f64,
    /// Each height and when it was first shown.
    pub heights: Vec<(Instant, u16)>,
}

/// Looks at one slot between two times.
pub fn see(eye: &Eye, from: Instant, to: Instant) -> Seen {
    let within = |frame: &Shown| (from..to).contains(&frame.at);
    let shown: Vec<Shown> = eye.shown.iter().copied().filter(within).collect();
    let seconds = (to - from).as_secs_f64();
    let pictures = visible(&eye.shown).filter(within).count();
    let (fps, pictures_per_second) = (shown.len() as f64 / seconds, pictures as f64 / seconds);
    let mut seen = Seen { fps, pictures_per_second, ..Seen::default() };
    let times: Vec<Instant> = std::iter::once(from).chain(shown.iter().map(|it| it.at)).chain([to]).collect();
    let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    seen.longest_gap_s = gaps.iter().max().map_or(0.0, Duration::as_secs_f64);
    let mut frozen = Duration::ZERO;
    for (place, gap) in gaps.iter().enumerate() {
        let before = &gaps[place.saturating_sub(GAPS)..place];
        let average = before.iter().sum::<Duration>() / before.len().max(1) as u32;
        let told = if before.len() < GAPS_MIN { Duration::from_millis(33) } else { average };
        if *gap > (told * FREEZE_FACTOR).max(told + FREEZE_ABOVE) {
            seen.freezes += 1;
            frozen += *gap;
        }
    }
    seen.frozen_percent = 100.0 * frozen.as_secs_f64() / seconds;
    seen.heights = shown.iter().map(|frame| (frame.at, frame.height())).collect();
    seen.heights.dedup_by_key(|(_, height)| *height);
    let back = seen.heights.windows(3).filter(|three| three[0].1 == three[2].1).count();
    seen.flaps_per_minute = back as f64 * 60.0 / seconds;
    seen
}

/// Frames that nothing replaced at once.
fn visible(shown: &[Shown]) -> impl Iterator<Item = Shown> {
    let next = shown.iter().skip(1).map(|it| Some(it.at)).chain([None]);
    shown.iter().zip(next).filter(|(it, next)| next.is_none_or(|next| next >= it.at + REFRESH)).map(|(it, _)| *it)
}

/// When the first frame was shown since some time, s; 1,000 if none was.
pub fn first_frame_s(eye: &Eye, since: Instant) -> f64 {
    eye.shown.iter().find(|frame| frame.at >= since).map_or(1_000.0, |frame| (frame.at - since).as_secs_f64())
}

/// How long until a picture is and stays at a height that meets a condition for a second, s; 1,000 if it never does.
pub fn until_height_s(eye: &Eye, since: Instant, meets: impl Fn(u16) -> bool) -> f64 {
    let after: Vec<&Shown> = eye.shown.iter().filter(|frame| frame.at >= since).collect();
    let steady = |frame: &&&Shown| {
        let within = after.iter().filter(|it| it.at >= frame.at && it.at < frame.at + Duration::from_secs(1));
        meets(frame.height()) && within.clone().count() > 3 && within.clone().all(|it| meets(it.height()))
    };
    after.iter().find(steady).map_or(1_000.0, |frame| (frame.at - since).as_secs_f64())
}

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    /// The same, as hard as nothing real can be.
    pub fn impossible(self) -> Self {
        match self {
            Self::AtMost(_) => Self::AtMost(0.0),
            Self::AtLeast(least) => Self::AtLeast(least * 10.0),
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
        }
    }
}

/// A figure of a story, and the bound that it keeps.
#[derive(Debug, Clone)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
    pub bound: Bound,
    /// Why not every seed keeps it yet; then it is told, and fails nothing.
    pub not_yet: Option<&'static str>,
}

impl Figure {
    pub fn is_kept(&self) -> bool {
        self.bound.holds(self.value)
    }

    /// A bound that is not kept by every seed yet, and why.
    pub fn not_yet(self, why: &'static str) -> Self {
        Self { not_yet: Some(why), ..self }
    }
}

pub fn at_most(name: &'static str, value: f64, most: f64) -> Figure {
    Figure { name, value, bound: Bound::AtMost(most), not_yet: None }
}

pub fn at_least(name: &'static str, value: f64, least: f64) -> Figure {
    Figure { name, value, bound: Bound::AtLeast(least), not_yet: None }
}

/// What came of a story: what every story is told by, and its own figures.
#[derive(Debug, Clone, Default)]
pub struct Tale {
    pub seen: Seen,
    /// Of what the link could carry; `None` where it carries anything.
    pub used_percent: Option<f64>,
    /// The longest that a packet waited in the server, ms.
    pub added_ms: f64,
    pub figures: Vec<Figure>,
}
