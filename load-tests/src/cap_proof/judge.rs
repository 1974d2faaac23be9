//! From what viewers wrote down to a report.

use std::time::Instant;

use super::bound::{self, Came, Found};
use super::drive::{CapProofPlan, Held, participant, words};
use super::report::{CapProofReport, Course, Second, StepReport, UnderCap, ViewerReport};
use super::script::Caps;
use super::slots;
use crate::account::float;
use crate::lean::diary::{Arrival, Diary, KeptDiary};
use crate::lean::layers::SWITCH_MAX;
use crate::lean::reach::Reached;
use crate::lean::strain::Strain;
use crate::lean::window::Measured;
use crate::lean::{CrowdReport, Shape, SlotsTold};
use crate::scenario::Plan;
use crate::verify::Fault;

/// A sound that is silent for longer has stopped, s: its packets are 20 ms apart.
const SOUND_GAP_MAX_S: f64 = 1.0;
/// What came is stamped so much too late at most without a warning, s.
const LATE_MAX_S: f64 = 0.2;
/// The rest of a second that is still told as a rate, s.
const REST_MIN_S: f64 = 0.3;

/// All that is known.
pub(super) struct Evidence<'a> {
    pub plan: &'a CapProofPlan,
    pub shape: &'a Shape,
    pub held: &'a [Held],
    /// Identities, in the order of the script's numbers.
    pub viewers: &'a [String],
    pub diaries: &'a [KeptDiary],
    pub said: &'a [SlotsTold],
    pub crowd: CrowdReport,
}

/// What holds of it.
pub(super) fn judge(evidence: &Evidence<'_>) -> CapProofReport {
    let clock = Clock::of(evidence.held);
    let caps = evidence.caps();
    let viewers = evidence.viewers.iter().enumerate();
    let viewers: Vec<_> = viewers.map(|(number, identity)| evidence.viewer(clock, &caps, number, identity)).collect();
    let mut all: Vec<Arrival> = evidence.diaries.iter().flat_map(|kept| &kept.diary.arrivals).copied().collect();
    all.sort_by_key(|arrival| arrival.at);
    let all = evidence.course(clock, &all, |step| caps.get(step).and_then(Caps::of_room));
    let steps: Vec<_> = (0..evidence.held.len()).filter_map(|step| evidence.step(clock, &caps, step)).collect();
    let under = || viewers.iter().map(|viewer| &viewer.course).chain([&all]).flat_map(|course| &course.under);
    let longest = |of: fn(&StepReport) -> Option<f64>| steps.iter().filter_map(of).reduce(f64::max);
    let mut report = CapProofReport {
        held: false,
        interrupted: evidence.crowd.interrupted,
        seed: evidence.plan.seed,
        seconds: evidence.held.last().map_or(0.0, |held| clock.at(held.until)),
        publishers: evidence.shape.publishers,
        worst: under().fold(Found::default(), |worst, under| worst.or(under.found)),
        stretches: under().count(),
        sound_gap_s: viewers.iter().map(|viewer| viewer.sound_gap_s).fold(0.0, f64::max),
        picture_back_s: longest(|step| step.picture_back_s),
        highest_back_s: longest(|step| step.highest_back_s),
        failures: Vec::new(),
        warnings: evidence.warnings(),
        steps,
        all,
        viewers,
    };
    report.failures = evidence.failures(clock, &caps, &report);
    report.held = report.failures.is_empty();
    report
}

/// Seconds since the first step was answered.
#[derive(Clone, Copy)]
pub(super) struct Clock(Option<Instant>);

impl Clock {
    fn of(held: &[Held]) -> Self {
        Self(held.first().map(|held| held.answered))
    }

    /// Negative before.
    pub fn at(self, now: Instant) -> f64 {
        let Some(start) = self.0 else { return 0.0 };
        now.saturating_duration_since(start).as_secs_f64() - start.saturating_duration_since(now).as_secs_f64()
    }
}

impl Evidence<'_> {
    /// What was set in each step.
    fn caps(&self) -> Vec<Caps> {
        let mut caps = Caps::default();
        let after = self.plan.steps.iter().map(|step| {
            step.changes.iter().for_each(|change| caps.set(*change));
            caps.clone()
        });
        after.take(self.held.len()).collect()
    }

    fn diary(&self, identity: &str) -> Option<&Diary> {
        let of = |kept: &&KeptDiary| participant(&kept.session).as_deref() == Some(identity);
        self.diaries.iter().find(of).map(|kept| &kept.diary)
    }

    fn viewer(&self, clock: Clock, caps: &[Caps], number: usize, identity: &str) -> ViewerReport {
        let nothing = Diary::default();
        let diary = self.diary(identity).unwrap_or(&nothing);
        let end = self.held.last().map_or(0.0, |held| clock.at(held.until));
        let slots = (0..self.shape.publishers).map(|publisher| {
            let name = Plan::identity(publisher);
            slots::SlotCourse {
                told: slots::told(clock, self.said, (identity, &name), end),
                shown: slots::shown(clock, &diary.frames, self.shape, publisher, end),
                publisher: name,
            }
        });
        ViewerReport {
            name: format!("viewer {}", number + 1),
            participant: identity.to_owned(),
            course: self.course(clock, &diary.arrivals, |step| caps.get(step).and_then(|caps| caps.of_viewer(number))),
            slots: slots.collect(),
            sound_gap_s: slots::sound_gap(clock, &diary.frames, self.shape.publishers, end),
            latest_look_s: diary.latest_look.as_secs_f64(),
        }
    }

    /// What came second by second, and held against each cap as long as it was the same.
    fn course(&self, clock: Clock, arrivals: &[Arrival], cap_in: impl Fn(usize) -> Option<u64>) -> Course {
        let came = |from: Instant, until: Instant| {
            let first = arrivals.partition_point(|arrival| arrival.at < from);
            let behind = arrivals.partition_point(|arrival| arrival.at < until);
            arrivals.get(first..behind).unwrap_or_default()
        };
        let mut course = Course::default();
        let mut under: Vec<(usize, Held, u64)> = Vec::new();
        let mut before = None;
        for (step, held) in self.held.iter().enumerate() {
            course.seconds.extend(by_second(clock, *held, came(held.answered, held.until)));
            let cap = cap_in(step);
            match (cap, under.last_mut()) {
                (Some(_), Some(last)) if cap == before => last.1.until = held.until,
                (Some(bps), _) => under.push((step, *held, bps)),
                (None, _) => {}
            }
            before = cap;
        }
        course.under = under
            .into_iter()
            .map(|(step, held, cap_bps)| {
                let since = |at: Instant| at.saturating_duration_since(held.answered).as_secs_f64();
                let came = came(held.answered, held.until);
                let came: Vec<_> = came.iter().map(|it| Came { at: since(it.at), bytes: it.bytes }).collect();
                let (from_s, until_s) = (clock.at(held.answered), clock.at(held.until));
                UnderCap { step, from_s, until_s, cap_bps, found: bound::judge(&came, cap_bps) }
            })
            .collect();
        course
    }

    fn step(&self, clock: Clock, caps: &[Caps], step: usize) -> Option<StepReport> {
        let held = self.held.get(step)?;
        let changes = self.plan.steps.get(step)?.changes.clone();
        let lifted = self.lifted(caps, step);
        let back = |highest: bool| {
            let of = |number: &usize| self.back(*held, *number, highest);
            lifted.iter().map(of).reduce(|one, other| Some(one?.max(other?))).flatten()
        };
        Some(StepReport {
            words: words(&changes),
            changes,
            asked_s: clock.at(held.asked),
            answered_s: clock.at(held.answered),
            until_s: clock.at(held.until),
            picture_back_s: back(false),
            highest_back_s: back(true),
        })
    }

    /// Viewers whose last cap this step lifted.
    fn lifted(&self, caps: &[Caps], step: usize) -> Vec<usize> {
        let free = |step: usize, viewer| caps.get(step).is_some_and(|caps| caps.leave_free(viewer));
        let before = step.checked_sub(1);
        let numbers = 0..self.viewers.len();
        numbers.filter(|viewer| free(step, *viewer) && before.is_some_and(|before| !free(before, *viewer))).collect()
    }

    /// How long it took a viewer until each of its slots showed a frame, or one of the highest encoding, s.
    fn back(&self, held: Held, viewer: usize, highest: bool) -> Option<f64> {
        let diary = self.diary(self.viewers.get(viewer)?)?;
        let last = self.shape.encodings().len().checked_sub(1).and_then(|last| u8::try_from(last).ok())?;
        let first = |publisher| {
            let track = Plan::video_tag(0, publisher);
            let is_it =
                |of: crate::media::mark::PublisherTag| of.track() == track && (!highest || of.encoding() == last);
            let within = diary.frames.iter().filter(|shown| shown.at >= held.answered && shown.at < held.until);
            within.map(|shown| (shown.of, shown.at)).find(|(of, _)| is_it(*of)).map(|(_, at)| at)
        };
        let mut latest = held.answered;
        for publisher in 0..self.shape.publishers {
            latest = latest.max(first(publisher)?);
        }
        Some(latest.saturating_duration_since(held.answered).as_secs_f64())
    }

    /// Frames higher than a viewer may be sent, when there was time enough to switch.
    fn too_high(&self, held: Held, viewer: usize, height: u64) -> usize {
        let Some(diary) = self.viewers.get(viewer).and_then(|identity| self.diary(identity)) else { return 0 };
        let late = diary.frames.iter().filter(|shown| shown.at >= held.answered + SWITCH_MAX && shown.at < held.until);
        late.filter(|shown| slots::height_of(self.shape, shown.of).is_some_and(|of| u64::from(of) > height)).count()
    }

    fn warnings(&self) -> Vec<String> {
        // When frames came does not matter here.
        let measured = Measured { frames: Reached::default(), ..self.crowd.measured.clone() };
        let mut warnings = Strain::of(&measured).warnings();
        let late = self.diaries.iter().map(|kept| kept.diary.latest_look.as_secs_f64()).fold(0.0, f64::max);
        if late > LATE_MAX_S {
            warnings.push(format!(
                "this machine was busy: what came is stamped up to {late:.2} s late, which makes bursts of what were none"
            ));
        }
        let left_out: u64 = self.diaries.iter().map(|kept| kept.diary.left_out).sum();
        if left_out > 0 {
            warnings.push(format!("{left_out} entries found no room in the viewers' diaries; the end is missing"));
        }
        warnings
    }

    fn failures(&self, clock: Clock, caps: &[Caps], report: &CapProofReport) -> Vec<String> {
        let mut failures = Vec::new();
        let viewers = report.viewers.iter().map(|viewer| (viewer.name.as_str(), &viewer.course));
        for (name, course) in viewers.chain([("the room", &report.all)]) {
            for under in course.under.iter().filter(|under| under.found.violations > 0) {
                let UnderCap { found, cap_bps, from_s, .. } = under;
                failures.push(format!(
                    "{name} under {cap_bps} bit/s from {from_s:.1} s on: {} windows broke the bound, the worst took {:.0} % of what it may bring at once",
                    found.violations, found.allowance_percent
                ));
            }
        }
        for viewer in report.viewers.iter().filter(|viewer| viewer.sound_gap_s > SOUND_GAP_MAX_S) {
            failures.push(format!("{}: somebody was not heard for {:.1} s", viewer.name, viewer.sound_gap_s));
        }
        for (step, held) in self.held.iter().enumerate() {
            for viewer in
                self.lifted(caps, step).into_iter().filter(|viewer| self.back(*held, *viewer, false).is_none())
            {
                let from = clock.at(held.answered);
                failures.push(format!("viewer {}: a picture never came back after {from:.1} s", viewer + 1));
            }
            for viewer in 0..self.viewers.len() {
                let height = caps.get(step).and_then(|caps| caps.height_of(viewer));
                let frames = height.map_or(0, |height| self.too_high(*held, viewer, height));
                if frames > 0 {
                    failures.push(format!("viewer {}: {frames} frames were higher than allowed", viewer + 1));
                }
            }
        }
        failures.extend(self.crowd.inexcusable.iter().cloned());
        // A picture that pauses leaves frames out, and goes on at a keyframe.
        let faults = self.crowd.faults.iter().filter(|(fault, _)| **fault != Fault::MovedOn);
        failures.extend(faults.map(|(fault, count)| format!("viewers saw {fault:?} {count} times")));
        failures
    }
}

/// Rates of whole seconds since a step was answered, and of what was left of one.
fn by_second(clock: Clock, held: Held, came: &[Arrival]) -> Vec<Second> {
    let whole = held.until.saturating_duration_since(held.answered).as_secs_f64();
    let mut seconds = Vec::new();
    let (mut from, mut rest) = (0.0_f64, came.iter().peekable());
    while whole - from > REST_MIN_S {
        let until = (from + 1.0).min(whole);
        let is_in = |arrival: &&Arrival| arrival.at.saturating_duration_since(held.answered).as_secs_f64() < until;
        let bytes: u64 = std::iter::from_fn(|| rest.next_if(is_in)).map(|arrival| arrival.bytes).sum();
        let start = clock.at(held.answered);
        seconds.push(Second { from_s: start + from, until_s: start + until, bps: float(bytes) * 8.0 / (until - from) });
        from = until;
    }
    seconds
}
