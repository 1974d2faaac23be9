//! What streams are measured to cost, on virtual time.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sfu_core::bitrate::RateMeter;

/// Thirty frames a second.
const FRAME: Duration = Duration::from_micros(33_333);

/// A stream that is measured.
struct Stream {
    meter: RateMeter,
    now: Instant,
}

impl Stream {
    fn new() -> Self {
        Self { meter: RateMeter::default(), now: Instant::now() }
    }

    /// A second of frames, in packets of 1,000 bytes; the measured kbit/s after it.
    fn second(&mut self, kbps: usize) -> u64 {
        let end = self.now + Duration::from_secs(1);
        while self.now < end {
            self.frame(kbps * 1_000 / 8 / 30);
            self.now += FRAME;
        }
        self.meter.bps().unwrap_or(0) / 1_000
    }

    fn frame(&mut self, bytes: usize) {
        for start in (0..bytes).step_by(1_000) {
            self.meter.add(self.now, (bytes - start).min(1_000));
        }
    }

    fn seconds(&mut self, count: usize, kbps: usize) -> u64 {
        (0..count).map(|_| self.second(kbps)).last().unwrap()
    }
}

fn assert_about(measured: u64, expected: u64) {
    assert!(measured.abs_diff(expected) * 25 <= expected, "{measured} kbit/s measured of {expected}");
}

#[test]
fn nothing_is_said_until_it_is_known_and_the_first_keyframe_does_not_count() {
    let mut stream = Stream::new();
    assert_eq!(stream.meter.bps(), None);
    stream.frame(100_000);
    assert_eq!(stream.seconds(2, 1_000), 0);
    assert_about(stream.second(1_000), 1_000);
}

#[test]
fn a_keyframe_moves_it_less_than_a_step_up_keeps_in_reserve() {
    let mut stream = Stream::new();
    stream.seconds(10, 2_500);
    for _ in 0..4 {
        // A third of a second's bits, in the middle of nowhere and across the border of two spans.
        stream.frame(104_000);
        stream.now += Duration::from_millis(37);
        let most = (0..5).map(|_| stream.second(2_500)).max().unwrap();
        assert!((2_500..2_500 * 110 / 100).contains(&most), "{most}");
    }
}

#[test]
fn what_rises_is_noticed_within_two_seconds_and_what_falls_is_believed_slowly() {
    let mut stream = Stream::new();
    assert_about(stream.seconds(10, 500), 500);
    assert_about(stream.seconds(2, 2_000), 2_000);
    let after_a_second = stream.second(500);
    assert!(after_a_second > 1_600, "{after_a_second}");
    assert_about(stream.seconds(15, 500), 500);
}

#[test]
fn what_stopped_costs_what_it_did_until_it_is_measured_anew() {
    let mut stream = Stream::new();
    assert_about(stream.seconds(5, 1_000), 1_000);
    stream.now += Duration::from_secs(3_600);
    stream.frame(100_000);
    assert_about(stream.seconds(2, 300), 1_000);
    assert_about(stream.seconds(15, 300), 300);
}

#[test]
fn a_screen_that_is_sent_once_in_a_while_costs_its_mean() {
    let mut stream = Stream::new();
    for _ in 0..20 {
        stream.frame(50_000);
        stream.now += Duration::from_secs(2);
    }
    assert_about(stream.meter.bps().unwrap() / 1_000, 200);
}

#[test]
fn a_meter_is_small() {
    assert!(size_of::<RateMeter>() <= 96, "{}", size_of::<RateMeter>());
}

proptest! {
    #[test]
    fn no_four_seconds_cost_more_than_was_measured_after_them(
        bursts in prop::collection::vec((0..3_000_u64, 0..200_000_usize), 1..200),
    ) {
        let start = Instant::now();
        let (mut meter, mut now, mut seen) = (RateMeter::default(), start, Vec::new());
        for (at, (pause, bytes)) in bursts.into_iter().enumerate() {
            now += Duration::from_millis(if at == 0 { 0 } else { pause });
            meter.add(now, bytes);
            seen.push((now, bytes));
            // Spans begin with the first packet; the one that is counted now, and the first of all, are not known.
            let whole = (now - start).as_millis() as u64 / 500;
            if whole < 9 {
                continue;
            }
            let (from, until) = (start + Duration::from_millis((whole - 8) * 500), start + Duration::from_millis(whole * 500));
            let in_window = seen.iter().filter(|(at, _)| (from..until).contains(at)).map(|(_, bytes)| *bytes as u64);
            let mean = in_window.sum::<u64>() * 8 / 4;
            prop_assert!(meter.bps().unwrap() >= mean, "{:?} for {mean}", meter.bps());
        }
    }
}
