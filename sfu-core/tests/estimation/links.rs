//! What links do to an estimate, over many seeds each.

use std::time::Duration;

use super::flow::{Sample, Source};
use super::network::{Network, between, delivered_bps};

const SEEDS: std::ops::Range<u64> = 0..20;
/// More than any link here holds, bit/s.
const MUCH: u64 = 6_000_000;
const LAYERS: &[u64] = &[150_000, 500_000, 1_500_000, 2_500_000];

/// A figure of a run, and the bound that it keeps.
struct Figure {
    name: &'static str,
    value: f64,
    at_least: f64,
    at_most: f64,
}

fn figure(name: &'static str, value: f64, bounds: std::ops::RangeInclusive<f64>) -> Figure {
    Figure { name, value, at_least: *bounds.start(), at_most: *bounds.end() }
}

type Scenario = fn(u64) -> Vec<Figure>;

fn hold(scenario: Scenario) {
    for seed in SEEDS {
        for Figure { name, value, at_least, at_most } in scenario(seed) {
            assert!(
                (at_least..=at_most).contains(&value),
                "seed {seed}: {name} is {value:.3}, not {at_least} to {at_most}"
            );
        }
    }
}

fn run(network: Network, seconds: u64) -> Vec<Vec<Sample>> {
    let mut network = network;
    network.run(seconds);
    network.flows.into_iter().map(|flow| flow.samples).collect()
}

/// One subscriber of whom so much is wanted, from the beginning.
fn alone(seed: u64, link: &str, source: Source, seconds: u64) -> Vec<Sample> {
    let delay = if link.contains("delay=100ms") { 100 } else { 50 };
    run(Network::new(seed, link, "delay=50ms", delay).flow(Duration::ZERO, source), seconds).remove(0)
}

fn kbps(bps: u64) -> f64 {
    bps as f64 / 1e3
}

fn queue_ms(samples: &[Sample], from_s: f64, to_s: f64) -> f64 {
    between(samples, from_s, to_s).map(|it| it.queue).max().unwrap().as_secs_f64() * 1e3
}

/// Seconds after a time until the estimate meets a condition; 1,000 if never.
fn after(samples: &[Sample], from_s: f64, condition: impl Fn(u64) -> bool) -> f64 {
    let met = between(samples, from_s, 1e9).find(|it| condition(it.estimate.bps));
    met.map_or(1_000.0, |it| it.at.as_secs_f64() - from_s)
}

fn estimates(samples: &[Sample], from_s: f64, to_s: f64) -> impl Iterator<Item = f64> {
    between(samples, from_s, to_s).map(|it| kbps(it.estimate.bps))
}

fn lowest(samples: &[Sample], from_s: f64, to_s: f64) -> f64 {
    estimates(samples, from_s, to_s).fold(f64::MAX, f64::min)
}

fn highest(samples: &[Sample], from_s: f64, to_s: f64) -> f64 {
    estimates(samples, from_s, to_s).fold(0.0, f64::max)
}

const ANY: f64 = f64::MAX;

fn capacity_falls(seed: u64) -> Vec<Figure> {
    let link =
        "0s:rate=3M,delay=50ms,queue=500ms;20s:rate=300k,delay=50ms,queue=500ms;35s:rate=3M,delay=50ms,queue=500ms";
    let samples = alone(seed, link, Source::Elastic(MUCH), 60);
    vec![
        figure("used before, kbit/s", kbps(delivered_bps(&samples, 5.0, 20.0)), 2_400.0..=3_010.0),
        figure("down after, s", after(&samples, 20.0, |bps| bps <= 300_000), 0.0..=2.0),
        figure("queue from 2 s after, ms", queue_ms(&samples, 22.0, 35.0), 0.0..=250.0),
        figure("used while narrow, kbit/s", kbps(delivered_bps(&samples, 22.0, 35.0)), 240.0..=301.0),
        figure("up after, s", after(&samples, 35.0, |bps| bps >= 2_400_000), 0.0..=15.0),
        figure("used again, kbit/s", kbps(delivered_bps(&samples, 50.0, 60.0)), 2_400.0..=3_010.0),
    ]
}

fn layers_fall(seed: u64) -> Vec<Figure> {
    let link =
        "0s:rate=3M,delay=50ms,queue=250ms;20s:rate=300k,delay=50ms,queue=250ms;35s:rate=3M,delay=50ms,queue=250ms";
    let samples = alone(seed, link, Source::Ladder(LAYERS), 55);
    vec![
        figure("highest layer after joining, s", after(&samples, 0.0, |bps| bps >= 2_500_000), 0.0..=3.0),
        figure("kept, kbit/s", lowest(&samples, 5.0, 20.0), 2_500.0..=ANY),
        figure("down after, s", after(&samples, 20.0, |bps| bps < 500_000), 0.0..=2.0),
        figure("lowest layer kept, kbit/s", lowest(&samples, 22.0, 35.0), 150.0..=ANY),
        figure("queue from 2 s after, ms", queue_ms(&samples, 22.0, 35.0), 0.0..=250.0),
        figure("up after, s", after(&samples, 35.0, |bps| bps >= 2_500_000), 0.0..=15.0),
    ]
}

fn limited_with_jitter(seed: u64) -> Vec<Figure> {
    let order = if seed.is_multiple_of(2) { "free" } else { "kept" };
    let link = format!("rate=3M,delay=50ms,jitter=20ms,order={order}");
    let samples = alone(seed, &link, Source::Elastic(200_000), 30);
    vec![figure("lowest estimate, kbit/s", lowest(&samples, 0.0, 30.0), 500.0..=ANY)]
}

fn limited_on_a_narrow_link(seed: u64) -> Vec<Figure> {
    let link = "0s:rate=3M,delay=50ms,queue=1s;10s:rate=120k,delay=50ms,queue=1s";
    let samples = alone(seed, link, Source::Elastic(200_000), 30);
    vec![
        figure("down after, s", after(&samples, 10.0, |bps| bps <= 120_000), 0.0..=2.0),
        figure("queue from 4 s after, ms", queue_ms(&samples, 14.0, 30.0), 0.0..=450.0),
    ]
}

fn jitter_on_a_full_link(seed: u64) -> Vec<Figure> {
    let samples = alone(seed, "rate=3M,delay=50ms,jitter=20ms", Source::Elastic(MUCH), 40);
    vec![figure("used, kbit/s", kbps(delivered_bps(&samples, 5.0, 40.0)), 900.0..=3_010.0)]
}

fn a_little_is_lost(seed: u64) -> Vec<Figure> {
    let samples = alone(seed, "rate=3M,delay=50ms,loss=2%", Source::Elastic(MUCH), 40);
    vec![figure("used, kbit/s", kbps(delivered_bps(&samples, 5.0, 40.0)), 2_400.0..=3_010.0)]
}

fn a_fifth_is_lost(seed: u64) -> Vec<Figure> {
    let samples = alone(seed, "rate=3M,delay=50ms,loss=20%", Source::Elastic(MUCH), 40);
    let used = kbps(delivered_bps(&samples, 5.0, 40.0));
    vec![
        figure("used, kbit/s", used, 1_200.0..=3_010.0),
        figure("highest estimate, kbit/s", highest(&samples, 0.0, 40.0), 0.0..=4_500.0),
    ]
}

/// Drops what is beyond its rate, and queues nothing.
fn policed(seed: u64) -> Vec<Figure> {
    let link = "0s:rate=3M,delay=50ms,queue=12kB;15s:rate=600k,delay=50ms,queue=12kB";
    let samples = alone(seed, link, Source::Elastic(MUCH), 40);
    vec![figure("used when narrow, kbit/s", kbps(delivered_bps(&samples, 20.0, 40.0)), 300.0..=601.0)]
}

fn two_share(seed: u64) -> Vec<Figure> {
    let network = Network::new(seed, "rate=3M,delay=50ms", "delay=50ms", 50);
    let network =
        network.flow(Duration::ZERO, Source::Elastic(MUCH)).flow(Duration::from_secs(10), Source::Elastic(MUCH));
    let samples = run(network, 60);
    let [one, two] = [0, 1].map(|flow: usize| kbps(delivered_bps(&samples[flow], 25.0, 60.0)));
    vec![
        figure("shares", one.max(two) / one.min(two), 1.0..=2.0),
        figure("used by both, kbit/s", one + two, 2_400.0..=3_010.0),
    ]
}

fn blackout(seed: u64) -> Vec<Figure> {
    let link = "0s:rate=3M,delay=50ms;20s:blackout;23s:rate=3M,delay=50ms";
    let samples = alone(seed, link, Source::Elastic(MUCH), 35);
    vec![
        figure("lowest estimate, kbit/s", lowest(&samples, 20.0, 23.5), 150.0..=ANY),
        figure("back after, s", after(&samples, 23.0, |bps| bps >= 1_500_000), 0.0..=1.5),
        figure("used again, kbit/s", kbps(delivered_bps(&samples, 26.0, 35.0)), 2_250.0..=3_010.0),
    ]
}

fn capped(seed: u64) -> Vec<Figure> {
    let mut network =
        Network::new(seed, "rate=10M,delay=50ms", "delay=50ms", 50).flow(Duration::ZERO, Source::Ladder(LAYERS));
    network.run(5);
    network.flows[0].cap(1_000_000);
    network.run(15);
    let samples = &network.flows[0].samples;
    let second = samples.chunks(10).skip(6).map(|second| kbps(second.iter().map(|it| it.delivered_bps / 10).sum()));
    vec![
        figure("before, kbit/s", highest(samples, 4.0, 5.0), 2_500.0..=ANY),
        figure("most sent in a second, kbit/s", second.fold(0.0, f64::max), 0.0..=1_050.0),
    ]
}

fn feedback_is_lost(seed: u64) -> Vec<Figure> {
    let network = Network::new(seed, "rate=3M,delay=50ms", "delay=50ms,loss=20%", 50);
    let samples = run(network.flow(Duration::ZERO, Source::Elastic(MUCH)), 40).remove(0);
    vec![figure("used, kbit/s", kbps(delivered_bps(&samples, 5.0, 40.0)), 2_100.0..=3_010.0)]
}

const SCENARIOS: [(&str, Scenario); 12] = [
    ("3 Mbit/s, 300 kbit/s from 20 to 35 s", capacity_falls),
    ("the same, with layers", layers_fall),
    ("200 kbit/s wanted, 50 ± 20 ms", limited_with_jitter),
    ("200 kbit/s wanted, 120 kbit/s held", limited_on_a_narrow_link),
    ("3 Mbit/s, 50 ± 20 ms", jitter_on_a_full_link),
    ("3 Mbit/s, 2 % lost", a_little_is_lost),
    ("3 Mbit/s, 20 % lost", a_fifth_is_lost),
    ("3 Mbit/s, then 600 kbit/s, 12 kB of queue", policed),
    ("3 Mbit/s for two", two_share),
    ("3 s of blackout", blackout),
    ("capped to 1 Mbit/s at 5 s", capped),
    ("a fifth of the feedback lost", feedback_is_lost),
];

#[test]
fn a_fall_in_capacity_is_followed_and_what_comes_back_is_found() {
    hold(capacity_falls);
}

#[test]
fn layers_are_climbed_left_and_climbed_again() {
    hold(layers_fall);
}

#[test]
fn who_sends_little_is_not_held_to_it_by_jitter() {
    hold(limited_with_jitter);
}

#[test]
fn who_sends_little_notices_a_link_that_holds_less() {
    hold(limited_on_a_narrow_link);
}

#[test]
fn jitter_does_not_starve() {
    hold(jitter_on_a_full_link);
}

#[test]
fn chance_losses_do_not_starve() {
    hold(a_little_is_lost);
    hold(a_fifth_is_lost);
}

#[test]
fn a_link_that_drops_instead_of_queueing_is_not_flooded() {
    hold(policed);
}

#[test]
fn two_share_a_link() {
    hold(two_share);
}

#[test]
fn a_blackout_is_over_when_it_is_over() {
    hold(blackout);
}

#[test]
fn a_cap_holds_for_probes_too() {
    hold(capped);
}

#[test]
fn lost_feedback_is_borne() {
    hold(feedback_is_lost);
}

#[test]
#[ignore = "prints figures for people"]
fn table() {
    for (scenario, of) in SCENARIOS {
        println!("{scenario}");
        let runs: Vec<Vec<Figure>> = (0..50).map(of).collect();
        for place in 0..runs[0].len() {
            let mut values: Vec<f64> = runs.iter().map(|run| run[place].value).collect();
            values.sort_by(f64::total_cmp);
            let Figure { name, at_least, at_most, .. } = runs[0][place];
            let bound =
                if at_most < 1e300 { format!("{at_least} to {at_most}") } else { format!("{at_least} or more") };
            println!("    {name:<34} {:>8.1} {:>8.1} {:>8.1}   {bound}", values[0], values[25], values[49]);
        }
    }
}
