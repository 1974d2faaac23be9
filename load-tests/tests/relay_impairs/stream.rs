//! A steady stream of numbered datagrams through a link on virtual time.

use std::time::{Duration, Instant};

use load_tests::relay::{Counts, Link};

/// What is sent.
#[derive(Clone, Copy)]
pub struct Stream {
    pub count: u32,
    pub bytes: usize,
    pub every: Duration,
}

/// A copy that left; times are since the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Left {
    pub number: u32,
    pub sent: Duration,
    pub left: Duration,
}

impl Left {
    pub fn took(&self) -> Duration {
        self.left - self.sent
    }
}

impl Stream {
    /// 1,200 bytes each at this rate for so many seconds.
    pub fn of_rate(bits_per_second: u64, seconds: u64) -> Self {
        let every = Duration::from_nanos(1_200 * 8 * 1_000_000_000 / bits_per_second);
        let count = u32::try_from(bits_per_second * seconds / (1_200 * 8)).unwrap();
        Self { count, bytes: 1_200, every }
    }

    /// One each millisecond.
    pub fn each_ms(count: u32) -> Self {
        Self { count, bytes: 1_200, every: Duration::from_millis(1) }
    }

    pub fn through(self, spec: &str, seed: u64) -> (Vec<Left>, Counts) {
        let began = Instant::now();
        let mut link = Link::new(spec.parse().unwrap(), seed, began);
        let mut all = Vec::new();
        let sent_at = |number: u32| began + self.every * number;
        let drain = |link: &mut Link<u32>, now: Instant, all: &mut Vec<Left>| {
            while let Some(departure) = link.poll_datagram() {
                // The driver tells each time that the link asks for, so nothing leaves late.
                assert_eq!(departure.due, now);
                let number = departure.datagram;
                all.push(Left { number, sent: sent_at(number) - began, left: departure.due - began });
            }
        };
        for number in 0..self.count {
            let now = sent_at(number);
            while let Some(at) = link.poll_timeout().filter(|at| *at < now) {
                link.handle_timeout(at);
                drain(&mut link, at, &mut all);
            }
            link.handle_datagram(number, self.bytes, now);
            drain(&mut link, now, &mut all);
        }
        while let Some(at) = link.poll_timeout() {
            link.handle_timeout(at);
            drain(&mut link, at, &mut all);
        }
        let counts = link.counts();
        assert_eq!(counts.came, u64::from(self.count));
        assert_eq!(counts.left, all.len() as u64);
        assert_eq!(
            counts.came + counts.duplicated,
            counts.left + counts.dropped(),
            "each is accounted for: {counts:?}"
        );
        (all, counts)
    }
}

/// Numbers that did not leave.
pub fn missing(all: &[Left], count: u32) -> Vec<u32> {
    let mut there = vec![false; count as usize];
    for left in all {
        there[left.number as usize] = true;
    }
    (0..count).filter(|number| !there[*number as usize]).collect()
}

/// How many left after one that was sent later.
pub fn overtaken(all: &[Left]) -> usize {
    let mut newest = 0;
    all.iter()
        .filter(|left| {
            let late = left.number < newest;
            newest = newest.max(left.number);
            late
        })
        .count()
}

/// Bits a second that leave between two times.
pub fn rate_between(all: &[Left], bytes: usize, from: Duration, to: Duration) -> f64 {
    let within = all.iter().filter(|left| (from..to).contains(&left.left)).count();
    (within * bytes * 8) as f64 / (to - from).as_secs_f64()
}

pub fn within_share(figure: f64, wanted: f64, share: f64) -> bool {
    (figure - wanted).abs() <= wanted * share
}
