use std::time::Duration;

use crate::stream::{Left, Stream, missing, overtaken};

const DELAY_MS: f64 = 50.0;

/// Shortest, mean and longest way, ms.
fn spread(all: &[Left]) -> (f64, f64, f64) {
    let took: Vec<f64> = all.iter().map(|left| left.took().as_secs_f64() * 1e3).collect();
    let bound = |pick: fn(f64, f64) -> f64| took.iter().copied().reduce(pick).unwrap();
    (bound(f64::min), took.iter().sum::<f64>() / took.len() as f64, bound(f64::max))
}

fn stream_every(every_ms: u64) -> Stream {
    Stream { count: 60_000, bytes: 1_200, every: Duration::from_millis(every_ms) }
}

#[test]
fn delay_alone_is_exact() {
    let (all, _) = Stream::each_ms(1_000).through("delay=50ms", 1);
    assert!(all.iter().all(|left| left.took() == Duration::from_millis(50)));
}

#[test]
fn jitter_that_keeps_order_uses_its_range_and_lets_none_overtake() {
    for every_ms in [1, 3, 20, 1_000] {
        let (all, _) = stream_every(every_ms).through("delay=50ms,jitter=20ms", 5);
        let (shortest, mean, longest) = spread(&all);
        assert!((30.0..31.0).contains(&shortest) && (69.0..=70.0).contains(&longest), "{shortest} to {longest} ms");
        assert!((mean - DELAY_MS).abs() < 1.0, "{mean} ms");
        assert_eq!(overtaken(&all), 0, "one each {every_ms} ms");
    }
}

#[test]
fn jitter_without_order_is_drawn_for_each_and_overtakes() {
    let (all, _) = stream_every(1).through("delay=50ms,jitter=20ms,order=free", 5);
    let (shortest, mean, longest) = spread(&all);
    assert!((30.0..30.1).contains(&shortest) && (69.9..=70.0).contains(&longest), "{shortest} to {longest} ms");
    assert!((mean - DELAY_MS).abs() < 0.3, "{mean} ms");
    assert!(overtaken(&all) > all.len() / 2, "{} of {}", overtaken(&all), all.len());
    assert!(missing(&all, 60_000).is_empty());
}

#[test]
fn some_are_held_back_and_overtaken_and_all_others_keep_their_place() {
    let (all, counts) = stream_every(1).through("delay=50ms,reorder=2%/10ms", 5);
    let share = counts.held_back as f64 / counts.came as f64;
    assert!((share - 0.02).abs() < 0.003, "{share}");
    let (held, others): (Vec<Left>, Vec<Left>) = all.iter().partition(|left| left.took() > Duration::from_millis(50));
    assert_eq!(held.len() as u64, counts.held_back);
    assert!(held.iter().all(|left| left.took() == Duration::from_millis(60)));
    assert!(others.iter().all(|left| left.took() == Duration::from_millis(50)));
    assert_eq!(overtaken(&others), 0);
    // The last few have nobody behind them.
    assert!(overtaken(&all) + 3 >= held.len());
}

#[test]
fn some_come_twice_and_none_is_lost_by_it() {
    let (all, counts) = stream_every(1).through("duplicate=1%", 5);
    let share = counts.duplicated as f64 / counts.came as f64;
    assert!((share - 0.01).abs() < 0.002, "{share}");
    assert_eq!(all.len() as u64, counts.came + counts.duplicated);
    assert!(missing(&all, 60_000).is_empty());
}

#[test]
fn the_same_seed_makes_the_same_departures_and_another_makes_others() {
    let spec = "0s:rate=9M,queue=64kB,delay=50ms,jitter=20ms,loss=5%,burst=3,reorder=1%,duplicate=1%;\
                5s:rate=5M,delay=80ms,jitter=80ms,order=free,gilbert=1%/10%/90%/1%";
    let run = |seed| Stream::each_ms(10_000).through(spec, seed);
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}
