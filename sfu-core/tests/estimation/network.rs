//! Flows over one link, step by step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use links::{Link, Schedule};

use super::flow::{Flow, Packet, Sample, Source};

const STEP: Duration = Duration::from_millis(1);
const SAMPLE: Duration = Duration::from_millis(100);

/// A scenario: a link, the delay of it, and who sends over it from when on.
pub struct Network {
    start: Instant,
    now: Instant,
    link: Link<Packet>,
    back: Link<(usize, Vec<u8>)>,
    delay: Duration,
    pub flows: Vec<Flow>,
    waiting: BTreeMap<Duration, Source>,
    seed: u64,
}

impl Network {
    /// `link` as the relay writes it; feedback comes back after as long a delay, and is lost as often.
    pub fn new(seed: u64, link: &str, back: &str, delay_ms: u64) -> Self {
        let start = Instant::now();
        let schedule = |text: &str| text.parse::<Schedule>().unwrap();
        Self {
            start,
            now: start,
            link: Link::new(schedule(link), seed, start),
            back: Link::new(schedule(back), seed + 1_000, start),
            delay: Duration::from_millis(delay_ms),
            flows: vec![],
            waiting: BTreeMap::new(),
            seed,
        }
    }

    pub fn flow(mut self, after: Duration, source: Source) -> Self {
        self.waiting.insert(after + Duration::from_nanos(self.waiting.len() as u64), source);
        self
    }

    pub fn run(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.step();
        }
    }

    fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        while self.waiting.first_key_value().is_some_and(|(after, _)| self.start + *after <= now) {
            let (_, source) = self.waiting.pop_first().unwrap();
            let phase = Duration::from_micros((self.seed * 7_919 + self.flows.len() as u64 * 13_007) % 33_333);
            self.flows.push(Flow::new(now, phase, source));
        }
        let Self { link, back, flows, .. } = self;
        for (place, flow) in flows.iter_mut().enumerate() {
            flow.send(now, place, |packet| link.handle_datagram(packet, packet.bytes as usize, now));
        }
        link.handle_timeout(now);
        while let Some(departure) = link.poll_datagram() {
            flows[departure.datagram.flow].receive(departure.datagram, departure.due, self.delay);
        }
        for (place, flow) in flows.iter_mut().enumerate() {
            for said in flow.feedback(now) {
                let bytes = said.len();
                back.handle_datagram((place, said), bytes, now);
            }
        }
        back.handle_timeout(now);
        while let Some(departure) = back.poll_datagram() {
            let (place, said) = departure.datagram;
            flows[place].hear(now, &said);
        }
        let at = now - self.start;
        if at.as_micros().is_multiple_of(SAMPLE.as_micros()) {
            flows.iter_mut().for_each(|flow| flow.sample(at));
        }
    }
}

/// Samples between two seconds of a scenario.
pub fn between(samples: &[Sample], from_s: f64, to_s: f64) -> impl Iterator<Item = &Sample> {
    samples.iter().filter(move |sample| (from_s..to_s).contains(&sample.at.as_secs_f64()))
}

/// What was delivered between two seconds on average, bit/s.
pub fn delivered_bps(samples: &[Sample], from_s: f64, to_s: f64) -> u64 {
    let (sum, count) =
        between(samples, from_s, to_s).fold((0, 0), |(sum, count), it| (sum + it.delivered_bps, count + 1));
    sum / count.max(1)
}
