//! Receivers that lie: it costs them their own estimate, and nothing else.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use sfu_core::bitrate::estimate::{EstimateState, Estimator, EstimatorConfig, FeedbackKind, SentKind};
use sfu_core::rtcp::twcc;

use super::feedback::encode;
use super::flow::CONFIG;

#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    Send(u16, u16),
    /// From a number back from the last one sent, arrival times that follow each other by these, and how often it is said.
    Say(u16, Vec<Option<i64>>, u8),
    Remb(u64),
    Want(u64, Option<u64>),
    RoundTrip(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let ticks = prop_oneof![0..200_i64, -30_000..30_000_i64];
    prop_oneof![
        3 => (0..200_000_u32).prop_map(Step::Wait),
        1 => any::<u32>().prop_map(Step::Wait),
        4 => (1..60_u16, 0..2_000_u16).prop_map(|(count, bytes)| Step::Send(count, bytes)),
        4 => (0..100_u16, vec(proptest::option::weighted(0.8, ticks), 1..80), 1..3_u8)
            .prop_map(|(back, ticks, times)| Step::Say(back, ticks, times)),
        1 => (any::<u16>(), vec(Just(None), 1..600)).prop_map(|(back, ticks)| Step::Say(back, ticks, 1)),
        1 => any::<u64>().prop_map(Step::Remb),
        1 => any::<(u64, Option<u64>)>().prop_map(|(bps, most)| Step::Want(bps, most)),
        1 => any::<u64>().prop_map(Step::RoundTrip),
    ]
}

fn apply(estimator: &mut Estimator, now: &mut Instant, last: &mut u16, clock: &mut i64, step: Step) {
    match step {
        Step::Wait(us) => *now += Duration::from_micros(us.into()),
        Step::Send(count, bytes) => {
            (0..count).for_each(|_| *last = estimator.on_sent(*now, bytes.into(), SentKind::Media).0);
        }
        Step::Say(back, ticks, times) => {
            let mut at = |delta: i64| {
                *clock += delta;
                *clock
            };
            let ticks: Vec<Option<i64>> = ticks.into_iter().map(|delta| delta.map(&mut at)).collect();
            let bytes = encode(last.wrapping_sub(back), 0, &ticks);
            for _ in 0..times {
                for feedback in twcc::feedbacks(&bytes) {
                    estimator.on_feedback(*now, &feedback);
                }
            }
        }
        Step::Remb(bps) => estimator.on_remb(*now, bps),
        Step::Want(bps, most) => estimator.set_wanted(bps, most),
        Step::RoundTrip(us) => estimator.on_round_trip(Duration::from_micros(us)),
    }
    if estimator.poll_timeout().is_some_and(|due| due <= *now) {
        estimator.handle_timeout(*now);
    }
    for _ in 0..20 {
        if estimator.padding_due(*now) == 0 {
            break;
        }
        *last = estimator.on_sent(*now, 255, SentKind::Padding).0;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_said_the_estimate_keeps_its_bounds(steps in vec(step(), 1..120)) {
        for feedback in [FeedbackKind::TransportWide, FeedbackKind::ReceiverEstimate] {
            let (mut now, mut last, mut clock) = (Instant::now(), 0, 0);
            let mut estimator = Estimator::new(now, EstimatorConfig { feedback, ..CONFIG });
            for step in steps.clone() {
                apply(&mut estimator, &mut now, &mut last, &mut clock, step);
                let estimate = estimator.estimate();
                prop_assert!((CONFIG.min_bps..=CONFIG.max_bps).contains(&estimate.bps), "{estimate:?}");
                prop_assert!(estimate.loss_permille <= 1_000, "{estimate:?}");
            }
        }
    }
}

#[test]
fn a_receiver_that_says_that_all_is_lost_gets_the_least() {
    let mut now = Instant::now();
    let mut estimator = Estimator::new(now, CONFIG);
    estimator.set_wanted(5_000_000, None);
    for _ in 0..600 {
        now += Duration::from_millis(100);
        let sent: Vec<_> = (0..20).map(|_| estimator.on_sent(now, 1_000, SentKind::Media)).collect();
        let ticks: Vec<Option<i64>> = (0..20).map(|place| (place == 0).then_some(0)).collect();
        for feedback in twcc::feedbacks(&encode(sent[0].0, 0, &ticks)) {
            estimator.on_feedback(now, &feedback);
        }
    }
    assert_eq!(estimator.estimate().bps, CONFIG.min_bps);
}

#[test]
fn a_receiver_that_says_nothing_gets_the_least() {
    let mut now = Instant::now();
    let mut estimator = Estimator::new(now, CONFIG);
    assert_eq!(estimator.estimate().state, EstimateState::Startup);
    for _ in 0..1_000 {
        now += Duration::from_millis(20);
        estimator.on_sent(now, 1_000, SentKind::Media);
        if estimator.poll_timeout().is_some_and(|due| due <= now) {
            estimator.handle_timeout(now);
        }
    }
    assert_eq!(estimator.estimate().bps, CONFIG.min_bps);
}

#[test]
fn where_nothing_is_sent_a_probe_begins_by_itself() {
    let now = Instant::now();
    let mut estimator = Estimator::new(now, CONFIG);
    assert_eq!((estimator.poll_timeout(), estimator.padding_due(now)), (None, 0));
    estimator.set_wanted(1_000_000, None);
    let due = estimator.poll_timeout().unwrap();
    estimator.handle_timeout(due);
    assert!(estimator.padding_due(due) > 0);
}

#[test]
fn the_receivers_own_estimate_bounds_ours_or_is_ours() {
    let now = Instant::now();
    let mut estimator = Estimator::new(now, CONFIG);
    estimator.on_remb(now, 200_000);
    assert_eq!(estimator.estimate().bps, 200_000);
    estimator.on_remb(now, 2_000_000);
    assert_eq!(estimator.estimate().bps, 200_000, "a bound raises nothing");
    let config = EstimatorConfig { feedback: FeedbackKind::ReceiverEstimate, ..CONFIG };
    let mut estimator = Estimator::new(now, config);
    estimator.on_remb(now, 2_000_000);
    assert_eq!(estimator.estimate().bps, 2_000_000);
    assert_eq!(estimator.poll_timeout(), None);
}
