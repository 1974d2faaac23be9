use std::time::Duration;

use crate::stream::{Stream, missing, overtaken, rate_between, within_share};

const SECOND: Duration = Duration::from_secs(1);
/// How long 1,200 bytes take at 3 Mbit/s.
const OF_ONE: Duration = Duration::from_micros(3_200);

#[test]
fn what_leaves_is_the_rate_within_two_per_cent_however_much_comes() {
    for (spec, rate) in [("rate=300k", 300_000), ("rate=3M", 3_000_000), ("rate=50M", 50_000_000)] {
        for offered in [rate + rate / 10, rate * 4] {
            let (all, _) = Stream::of_rate(offered, 20).through(spec, 1);
            let left = rate_between(&all, 1_200, SECOND, SECOND * 19);
            assert!(within_share(left, rate as f64, 0.02), "{spec}: {left} bit/s left of {offered}");
            assert_eq!(overtaken(&all), 0);
        }
    }
}

#[test]
fn below_the_rate_nothing_waits_and_nothing_is_lost() {
    let (all, counts) = Stream::of_rate(2_500_000, 10).through("rate=3M,queue=0ms", 1);
    assert!(missing(&all, counts.came as u32).is_empty());
    assert!(all.iter().all(|left| left.took() == OF_ONE));
    assert_eq!(counts.queue_max, Duration::ZERO);
}

#[test]
fn without_a_rate_datagrams_pass_as_they_come() {
    let (all, _) = Stream::each_ms(1_000).through("clear", 1);
    assert_eq!(all.len(), 1_000);
    assert!(all.iter().all(|left| left.took().is_zero()));
}

#[test]
fn a_full_queue_of_time_is_as_long_as_said_and_drops_what_comes() {
    let longest = Duration::from_millis(250);
    let (all, counts) = Stream::of_rate(6_000_000, 10).through("rate=3M,queue=250ms", 1);
    let slowest = all.iter().map(|left| left.took()).max().unwrap();
    assert!(slowest <= longest + OF_ONE, "{slowest:?}");
    assert!(slowest > longest - OF_ONE, "the queue was full at times: {slowest:?}");
    assert!(counts.queue_max <= longest, "{:?}", counts.queue_max);
    // Half of what came, but for what the queue took at first.
    assert!(within_share(counts.overflowed as f64, counts.came as f64 / 2.0, 0.05), "{counts:?}");
    assert_eq!(overtaken(&all), 0);
}

#[test]
fn a_full_queue_of_bytes_is_as_long_as_said() {
    let (all, counts) = Stream::of_rate(6_000_000, 10).through("rate=3M,queue=15kB", 1);
    // 12 datagrams of 1,200 bytes are 14,400 bytes; the next would be too many.
    let slowest = all.iter().map(|left| left.took()).max().unwrap();
    assert!(slowest <= OF_ONE * 12 && slowest > OF_ONE * 11, "{slowest:?}");
    assert!(counts.overflowed > 0);
}

#[test]
fn a_datagram_larger_than_the_queue_passes_an_idle_link() {
    let (all, _) = Stream::of_rate(1_000_000, 1).through("rate=3M,queue=100B", 1);
    assert_eq!(all.len(), 104);
}
