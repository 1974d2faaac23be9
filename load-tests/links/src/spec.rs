//! What a link does to datagrams at one time, and how it is written: `rate=3M,delay=50ms,jitter=20ms,loss=5%,queue=250ms`.

use std::str::FromStr;
use std::time::Duration;

use crate::spec_error::{Problem, SpecError};
use crate::units::{BitRate, Share, number_of, parse_bytes, parse_duration};

/// Nobody talks over more; it bounds what is under way.
pub const DELAY_MAX: Duration = Duration::from_secs(60);
/// Four seconds at 100 Mbit/s; it bounds memory.
pub const QUEUE_BYTES_MAX: u64 = 50_000_000;
/// What a rate queues when nothing is said of it: many home routers' upload, where calls begin to hurt.
pub const QUEUE_DEFAULT: Duration = Duration::from_millis(200);
/// How long a datagram that others overtake is held back, when nothing is said of it: about one video frame's burst.
pub const HOLD_DEFAULT: Duration = Duration::from_millis(10);
/// Longer bursts are blackouts.
const BURST_MAX: f64 = 10_000.0;

/// A link in one direction.
///
/// A datagram meets the effects in this order: blackout, loss, the queue in front of the rate, then delay, jitter,
/// reordering and duplication. What is lost takes no room in the queue, and a duplicate none of the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkSpec {
    /// None is unlimited.
    pub rate: Option<BitRate>,
    pub queue: Queue,
    pub delay: Duration,
    /// Delays lie within `delay` ± this.
    pub jitter: Duration,
    pub order: Order,
    pub loss: Loss,
    pub reorder: Reorder,
    pub duplicate: Share,
    /// Nothing that comes now gets through; what is under way arrives.
    pub blackout: bool,
}

/// How much may wait in front of the rate; what comes when it is full is dropped (tail drop). One datagram always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Longest wait.
    Time(Duration),
    /// Bytes, with those being sent.
    Bytes(u64),
}

impl Default for Queue {
    fn default() -> Self {
        Self::Time(QUEUE_DEFAULT)
    }
}

/// Whether jitter lets datagrams overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The delay wanders, slowly enough for none to overtake another, as a queue elsewhere would let it.
    #[default]
    Kept,
    /// Every datagram's delay is drawn for itself.
    Free,
}

/// Some datagrams are held back, so that later ones overtake them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reorder {
    pub share: Share,
    pub hold: Duration,
}

impl Default for Reorder {
    fn default() -> Self {
        Self { share: Share::NEVER, hold: HOLD_DEFAULT }
    }
}

/// Loss after Gilbert and Elliott: a good and a bad state, left by chance at each datagram, each with a loss of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    pub good_to_bad: Share,
    pub bad_to_good: Share,
    pub in_bad: Share,
    pub in_good: Share,
}

impl Default for Loss {
    fn default() -> Self {
        Self::plain(Share::NEVER)
    }
}

impl Loss {
    /// Every datagram for itself.
    pub fn plain(share: Share) -> Self {
        Self { good_to_bad: Share::NEVER, bad_to_good: Share::ALWAYS, in_bad: share, in_good: share }
    }

    /// The share lost over a long time, in bursts of `mean` datagrams on average; None where no chain does that.
    pub fn bursts(share: Share, mean: f64) -> Option<Self> {
        let leaves = 1.0 / mean;
        let enters = leaves * share.get() / (1.0 - share.get());
        Some(Self {
            good_to_bad: Share::new(enters)?,
            bad_to_good: Share::new(leaves)?,
            in_bad: Share::ALWAYS,
            in_good: Share::NEVER,
        })
    }
}

impl FromStr for LinkSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut draft = Draft::default();
        let mut said: Vec<&str> = Vec::new();
        let mut column = 1;
        for part in text.split(',') {
            let at = |problem| SpecError::new(part.trim(), column, problem);
            let (name, value) = match part.trim().split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (part.trim(), None),
            };
            if said.contains(&name) {
                return Err(at(Problem::Twice));
            }
            said.push(name);
            draft.take(name, value).map_err(at)?;
            column += part.chars().count() + 1;
        }
        draft.finish().map_err(|problem| SpecError::new(text.trim(), 1, problem))
    }
}

/// A link of which not all was read.
#[derive(Default)]
struct Draft {
    spec: LinkSpec,
    loss: Option<Share>,
    burst: Option<f64>,
    gilbert: Option<Loss>,
}

impl Draft {
    fn take(&mut self, name: &str, value: Option<&str>) -> Result<(), Problem> {
        match name {
            // Said for itself, or an end of a comma too many.
            "clear" | "" => Draft::bare(name, value)?,
            "blackout" => {
                Draft::bare(name, value)?;
                self.spec.blackout = true;
            }
            "rate" => self.spec.rate = Some(read(value, BitRate::parse, "a bit rate of 1k to 100G", "rate=3M")?),
            "queue" => {
                self.spec.queue =
                    read(value, queue, "a time up to 60s or bytes up to 50MB", "queue=250ms or queue=64kB")?
            }
            "delay" => self.spec.delay = read(value, delay, "a time up to 60s", "delay=50ms")?,
            "jitter" => self.spec.jitter = read(value, delay, "a time up to 60s", "jitter=20ms")?,
            "order" => self.spec.order = read(value, order, "`kept` or `free`", "order=free")?,
            "loss" => self.loss = Some(read(value, Share::parse, "a share of 0% to 100%", "loss=5%")?),
            "burst" => self.burst = Some(read(value, burst, "a number of datagrams, 1 or more", "loss=5%,burst=4")?),
            "gilbert" => {
                let what = "two to four shares: good to bad, bad to good, loss when bad, loss when good";
                self.gilbert = Some(read(value, gilbert, what, "gilbert=1%/25%/100%/0%")?);
            }
            "reorder" => {
                let what = "a share, and after a stroke how long it is held back";
                self.spec.reorder = read(value, reorder, what, "reorder=2%/10ms")?;
            }
            "duplicate" => self.spec.duplicate = read(value, Share::parse, "a share of 0% to 100%", "duplicate=1%")?,
            _ => return Err(Problem::Unknown),
        }
        Ok(())
    }

    fn bare(name: &str, value: Option<&str>) -> Result<(), Problem> {
        match value {
            _ if name.is_empty() => Err(Problem::Empty),
            Some(_) => Err(Problem::NeedsNoValue),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<LinkSpec, Problem> {
        let LinkSpec { delay, jitter, .. } = self.spec;
        if jitter > delay {
            return Err(Problem::JitterAboveDelay { jitter, delay });
        }
        let loss = match (self.gilbert, self.loss, self.burst) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => return Err(Problem::TwoLosses),
            (Some(chain), None, None) => chain,
            (None, Some(share), None) => Loss::plain(share),
            (None, Some(share), Some(mean)) => Loss::bursts(share, mean).ok_or(Problem::BurstTooShort)?,
            (None, None, Some(_)) => return Err(Problem::BurstWithoutLoss),
            (None, None, None) => Loss::default(),
        };
        Ok(LinkSpec { loss, ..self.spec })
    }
}

fn read<T>(
    value: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    what: &'static str,
    example: &'static str,
) -> Result<T, Problem> {
    let value = value.filter(|value| !value.is_empty()).ok_or(Problem::NeedsValue { what, example })?;
    parse(value).ok_or_else(|| Problem::BadValue { value: value.to_owned(), what, example })
}

fn delay(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|delay| *delay <= DELAY_MAX)
}

fn queue(text: &str) -> Option<Queue> {
    let bytes = || parse_bytes(text).filter(|bytes| *bytes <= QUEUE_BYTES_MAX).map(Queue::Bytes);
    delay(text).map(Queue::Time).or_else(bytes)
}

fn order(text: &str) -> Option<Order> {
    match text {
        "kept" => Some(Order::Kept),
        "free" => Some(Order::Free),
        _ => None,
    }
}

fn burst(text: &str) -> Option<f64> {
    let (mean, unit) = number_of(text)?;
    (unit.is_empty() && (1.0..=BURST_MAX).contains(&mean)).then_some(mean)
}

fn gilbert(text: &str) -> Option<Loss> {
    let shares: Vec<Share> = text.split('/').map(Share::parse).collect::<Option<_>>()?;
    let loss = |in_bad, in_good| {
        let [good_to_bad, bad_to_good, ..] = shares.as_slice() else { return None };
        Some(Loss { good_to_bad: *good_to_bad, bad_to_good: *bad_to_good, in_bad, in_good })
    };
    match shares.as_slice() {
        [_, _] => loss(Share::ALWAYS, Share::NEVER),
        [_, _, in_bad] => loss(*in_bad, Share::NEVER),
        [_, _, in_bad, in_good] => loss(*in_bad, *in_good),
        _ => None,
    }
}

fn reorder(text: &str) -> Option<Reorder> {
    let (share, hold) = match text.split_once('/') {
        Some((share, hold)) => (share, delay(hold)?),
        None => (text, HOLD_DEFAULT),
    };
    Some(Reorder { share: Share::parse(share)?, hold })
}
