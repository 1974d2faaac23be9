use std::time::{Duration, Instant};

use load_tests::relay::Link;

use crate::stream::{Stream, missing, rate_between, within_share};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_rate_follows_the_schedule_within_two_per_cent() {
    let (all, _) = Stream::of_rate(4_000_000, 30).through("0s:rate=3M;10s:rate=300k;20s:rate=3M", 1);
    for (from, to, rate) in [(1, 10, 3e6), (11, 20, 3e5), (21, 30, 3e6)] {
        let left = rate_between(&all, 1_200, SECOND * from, SECOND * to);
        assert!(within_share(left, rate, 0.02), "{left} bit/s from {from} s to {to} s");
    }
}

#[test]
fn where_the_rate_falls_the_queue_is_cut_to_what_is_allowed() {
    let longest = Duration::from_millis(250);
    let spec = "0s:rate=3M,queue=250ms;10s:rate=300k,queue=250ms";
    let (all, _) = Stream::of_rate(4_000_000, 20).through(spec, 1);
    let of_one_after = Duration::from_millis(32);
    let fall = SECOND * 10;
    let waiting = all.iter().filter(|left| left.sent < fall && left.left >= fall);
    let slowest = waiting.map(|left| left.left - fall).max().unwrap();
    assert!(slowest <= longest + of_one_after, "{slowest:?} after the rate fell");
    let slowest = all.iter().filter(|left| left.sent >= fall).map(|left| left.took()).max().unwrap();
    assert!(slowest <= longest + of_one_after, "{slowest:?}");
}

#[test]
fn a_datagram_that_is_being_sent_goes_on_at_the_new_rate() {
    let began = Instant::now();
    let mut link = Link::new("0s:rate=80k;50ms:rate=800k".parse().unwrap(), 1, began);
    link.handle_datagram("half of it in 50 ms", 1_000, began);
    // Told late: the change is where it was.
    link.handle_timeout(began + SECOND);
    assert_eq!(link.poll_datagram().unwrap().due - began, Duration::from_millis(55));
}

#[test]
fn in_a_blackout_all_that_comes_is_lost_and_nothing_else() {
    let (all, counts) = Stream::each_ms(20_000).through("0s:delay=50ms;10s:blackout;13s:delay=50ms", 1);
    assert_eq!(missing(&all, 20_000), (10_000..13_000).collect::<Vec<_>>());
    assert_eq!(counts.blacked_out, 3_000);
    // What was under way when it began arrived.
    assert!(all.iter().any(|left| left.left >= SECOND * 10 && left.sent < SECOND * 10));
}

#[test]
fn another_schedule_holds_from_the_moment_it_is_given() {
    let began = Instant::now();
    let mut link = Link::new("delay=1s".parse().unwrap(), 1, began);
    link.handle_datagram(1, 100, began);
    link.handle_schedule("0s:blackout;1s:delay=2s".parse().unwrap(), began + SECOND / 2);
    link.handle_datagram(2, 100, began + SECOND / 2);
    link.handle_datagram(3, 100, began + SECOND * 2);
    link.handle_timeout(began + SECOND * 5);
    let left: Vec<_> =
        std::iter::from_fn(|| link.poll_datagram()).map(|left| (left.datagram, left.due - began)).collect();
    assert_eq!(left, [(1, SECOND), (3, SECOND * 4)]);
}

#[test]
fn a_client_who_comes_later_finds_the_schedule_where_it_is() {
    let began = Instant::now();
    let mut link = Link::new("0s:delay=1s;10s:delay=2s".parse().unwrap(), 1, began);
    link.handle_datagram((), 100, began + SECOND * 11);
    assert_eq!(link.poll_timeout(), Some(began + SECOND * 13));
}
