//! The run in numbers, and everything that was wrong in words.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::plan::{Plan, Tolerance};
use super::window::{Frames, Window};
use crate::client::{CountersSnapshot, ViewerReport, empty_histogram};
use crate::verify::{Fault, TrackReport};

/// Failures that are written out; more are counted.
const FAILURES_MAX: usize = 20;
/// Share of the sent frames that a clean run must show, per cent: those on the way at either end are not seen.
const CLEAN_FRAMES_PERCENT_MIN: u64 = 95;
/// The same where loss is forgiven: those that wait for a retransmission are not seen yet.
const LOSSY_FRAMES_PERCENT_MIN: u64 = 90;

/// One viewer at the end of its run.
#[derive(Clone, Debug)]
pub struct ViewerFinding {
    pub room: u16,
    pub number: u16,
    pub judged: bool,
    pub report: ViewerReport,
    /// Why its DELETE failed.
    pub farewell: Option<String>,
}

/// Quantiles of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub samples: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// All of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub plan: Plan,
    pub verified: bool,
    pub failures: Vec<String>,
    pub failures_total: usize,
    pub judged_viewers: usize,
    pub counting_viewers: usize,
    pub seconds: f64,
    /// Received by all viewers in the measured time.
    pub received: CountersSnapshot,
    /// Sent by all publishers in the measured time.
    pub sent: CountersSnapshot,
    /// Received by all viewers since they joined.
    pub received_in_all: CountersSnapshot,
    /// Sent by all publishers since they joined.
    pub sent_in_all: CountersSnapshot,
    /// Frames that judged viewers saw whole, video and audio, from their first to their last.
    pub frames: u64,
    pub faults: BTreeMap<Fault, u64>,
    pub late: u64,
    pub duplicates: u64,
    pub first_frame: Percentiles,
    pub frame_latency: Percentiles,
}

impl Percentiles {
    /// From a histogram of microseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let ms = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1_000.0;
        Self {
            samples: histogram.len(),
            p50_ms: ms(histogram.value_at_quantile(0.5)),
            p99_ms: ms(histogram.value_at_quantile(0.99)),
            max_ms: ms(histogram.max()),
        }
    }
}

impl Report {
    /// Sums up a run; `findings` are in the order of the window's viewers.
    pub fn new(plan: &Plan, window: &Window, findings: Vec<ViewerFinding>) -> Self {
        let (mut latency, mut first_frame) = (empty_histogram(), empty_histogram());
        let mut failures = Vec::new();
        let mut faults = BTreeMap::new();
        let (mut frames, mut late, mut duplicates) = (0, 0, 0);
        for (at, finding) in findings.iter().enumerate() {
            let seen = window.frames.get(at).copied().unwrap_or_default();
            failures.extend(failures_of(plan, finding, seen));
            latency += &finding.report.latency_us;
            for time in finding.report.first_frame.iter().flatten() {
                first_frame.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
            }
            for track in &finding.report.tracks {
                frames += track.frames;
                late += track.late;
                duplicates += track.duplicates;
                track.faults.iter().for_each(|(fault, count)| *faults.entry(*fault).or_insert(0) += count);
            }
        }
        let expected = usize::try_from(plan.viewers()).unwrap_or(usize::MAX);
        if findings.len() < expected {
            failures.push(format!("{} of {expected} viewers joined before the run was stopped", findings.len()));
        }
        let judged = findings.iter().filter(|finding| finding.judged).count();
        Self {
            plan: plan.clone(),
            verified: failures.is_empty(),
            failures_total: failures.len(),
            failures: failures.into_iter().take(FAILURES_MAX).collect(),
            judged_viewers: judged,
            counting_viewers: findings.len() - judged,
            seconds: window.length.as_secs_f64(),
            received: window.received,
            sent: window.sent,
            received_in_all: window.received_in_all,
            sent_in_all: window.sent_in_all,
            frames,
            faults,
            late,
            duplicates,
            first_frame: Percentiles::of(&first_frame),
            frame_latency: Percentiles::of(&latency),
        }
    }
}

/// Everything about one viewer that must not be.
fn failures_of(plan: &Plan, finding: &ViewerFinding, seen: Frames) -> Vec<String> {
    let who = format!("{} viewer {}", plan.room_name(finding.room), finding.number);
    let mut failures = Vec::new();
    if let Some(farewell) = &finding.farewell {
        failures.push(format!("{who}: DELETE failed: {farewell}"));
    }
    if finding.report.counters.rtp_in == 0 {
        failures.push(format!("{who}: no media came at all; is the publisher's track in the room?"));
        return failures;
    }
    if !finding.judged {
        return failures;
    }
    for (slot, track) in finding.report.tracks.iter().enumerate() {
        failures.extend(track_failure(plan, track).map(|words| format!("{who}, {} slot {slot}: {words}", track.codec)));
    }
    // One frame of each publisher may be on its way at either end of the window.
    let needed = (seen.sent * frames_percent_min(plan.tolerance) / 100).saturating_sub(u64::from(plan.publishers));
    if seen.seen < needed {
        failures.push(format!("{who}: {} of {} video frames came whole, {needed} are needed", seen.seen, seen.sent));
    }
    failures
}

const fn frames_percent_min(tolerance: Tolerance) -> u64 {
    match tolerance {
        Tolerance::None => CLEAN_FRAMES_PERCENT_MIN,
        Tolerance::Loss { .. } => LOSSY_FRAMES_PERCENT_MIN,
    }
}

fn track_failure(plan: &Plan, track: &TrackReport) -> Option<String> {
    if track.frames == 0 {
        return Some(format!("no whole frame out of {} packets; {:?}", track.packets, track.examples));
    }
    match plan.tolerance {
        Tolerance::None if !track.is_clean() => Some(format!("{:?}; {:?}", track.faults, track.examples)),
        Tolerance::Loss { .. } if track.inexcusable() > 0 => Some(format!("{:?}; {:?}", track.faults, track.examples)),
        // Sound is not asked for again; only video has to be mended.
        Tolerance::Loss { frames_percent_min } if track.codec.is_video() => {
            let missed = track.count(Fault::FrameMissing) + track.count(Fault::Undecodable);
            let all = track.frames + missed;
            (track.frames * 100 < all * u64::from(frames_percent_min))
                .then(|| format!("{missed} of {all} frames were lost; {:?}", track.examples))
        }
        Tolerance::None | Tolerance::Loss { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_milliseconds() {
        let mut histogram = empty_histogram();
        (1..=100).for_each(|ms| histogram.record(ms * 1_000).unwrap());
        let of = Percentiles::of(&histogram);
        assert_eq!(of.samples, 100);
        histogram.saturating_record(5_000_000);
        assert!((Percentiles::of(&histogram).max_ms - 5_000.0).abs() < 5.0, "seconds are within the histogram");
        assert!(
            (of.p50_ms - 50.0).abs() < 0.1 && (of.p99_ms - 99.0).abs() < 0.2 && (of.max_ms - 100.0).abs() < 0.2,
            "{of:?}"
        );
    }
}
