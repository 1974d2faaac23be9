use crate::stream::{Left, Stream, missing};

const COUNT: u32 = 200_000;

/// The share lost, and how many were lost in a row on average.
fn loss_and_burst(all: &[Left]) -> (f64, f64) {
    let lost = missing(all, COUNT);
    let bursts = lost.iter().enumerate().filter(|(at, number)| *at == 0 || lost[at - 1] + 1 != **number).count();
    (lost.len() as f64 / f64::from(COUNT), lost.len() as f64 / bursts as f64)
}

#[test]
fn plain_loss_takes_its_share_and_knows_no_bursts() {
    for (spec, share) in [("loss=0.5%", 0.005), ("loss=5%", 0.05), ("loss=20%", 0.2)] {
        let (all, counts) = Stream::each_ms(COUNT).through(spec, 7);
        let (lost, burst) = loss_and_burst(&all);
        assert!((lost - share).abs() < 0.003, "{spec}: {lost}");
        // Each for itself: runs as long as chance makes them.
        assert!((burst - 1.0 / (1.0 - share)).abs() < 0.02, "{spec}: {burst} in a row");
        assert_eq!(counts.lost, counts.came - counts.left);
    }
}

#[test]
fn bursts_keep_the_share_and_are_as_long_as_said() {
    for (spec, share, mean) in
        [("loss=5%,burst=4", 0.05, 4.0), ("loss=20%,burst=10", 0.2, 10.0), ("loss=1%,burst=1", 0.01, 1.0)]
    {
        let (all, _) = Stream::each_ms(COUNT).through(spec, 7);
        let (lost, burst) = loss_and_burst(&all);
        assert!((lost - share).abs() < share * 0.1, "{spec}: {lost}");
        assert!((burst - mean).abs() < mean * 0.07, "{spec}: {burst} in a row");
    }
}

#[test]
fn a_gilbert_elliott_chain_loses_in_both_of_its_states() {
    // A fifth of the time bad: 0.2 × 50 % + 0.8 × 1 %.
    let (all, _) = Stream::each_ms(COUNT).through("gilbert=2%/8%/50%/1%", 7);
    let (lost, _) = loss_and_burst(&all);
    assert!((lost - 0.108).abs() < 0.01, "{lost}");
}

#[test]
fn nothing_and_everything_are_exact() {
    assert_eq!(Stream::each_ms(1_000).through("loss=0%", 1).0.len(), 1_000);
    assert_eq!(Stream::each_ms(1_000).through("loss=100%", 1).0.len(), 0);
}

#[test]
fn the_seed_says_who_is_lost_and_no_other_effect_does() {
    let lost = |spec: &str, seed| missing(&Stream::each_ms(5_000).through(spec, seed).0, 5_000);
    let plain = lost("loss=5%", 3);
    assert_eq!(plain, lost("loss=5%", 3));
    assert_eq!(plain, lost("loss=5%,delay=50ms,jitter=20ms,order=free,duplicate=2%,reorder=3%", 3));
    assert_ne!(plain, lost("loss=5%", 4));
}
