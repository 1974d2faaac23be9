//! Quantities of a link as people write them: `3M`, `5%`, `20ms`, `64kB`.

use std::num::NonZeroU64;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// A bit rate, bit/s, within [`BitRate::MIN_BPS`] and [`BitRate::MAX_BPS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRate(NonZeroU64);

impl BitRate {
    /// Below it a packet takes ten seconds, and nothing that is tested here works.
    pub const MIN_BPS: u64 = 1_000;
    /// More than any socket of one machine moves.
    pub const MAX_BPS: u64 = 100_000_000_000;

    /// None outside the bounds.
    pub fn new(bits_per_second: u64) -> Option<Self> {
        let within = (Self::MIN_BPS..=Self::MAX_BPS).contains(&bits_per_second);
        NonZeroU64::new(bits_per_second).filter(|_| within).map(Self)
    }

    /// `3M`, `300k`, `1.5M`, `64000`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = number_of(text)?;
        let scale = match unit {
            "" => 1.0,
            "k" => 1e3,
            "M" => 1e6,
            "G" => 1e9,
            _ => return None,
        };
        Self::new(whole(number * scale))
    }

    /// How long so many bytes take.
    pub fn time_of(self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * 8 * NANOS_PER_SECOND / u128::from(self.0.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How long what takes `left` at this rate takes at another.
    pub fn rescaled(self, left: Duration, other: Self) -> Duration {
        let nanos = left.as_nanos() * u128::from(self.0.get()) / u128::from(other.0.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// How often something happens, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    pub const NEVER: Self = Self(0.0);
    pub const ALWAYS: Self = Self(1.0);

    /// None outside 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// `5%`, `0.1%`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = number_of(text)?;
        Self::new(number / 100.0).filter(|_| unit == "%")
    }

    pub fn get(self) -> f64 {
        self.0
    }

    /// Draws once whatever the share is, so that a change of it moves no later draw.
    pub fn happens(self, random: &mut StdRng) -> bool {
        random.random::<f64>() < self.0
    }
}

/// `50ms`, `1.5s`, `200us`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_of(text)?;
    let seconds = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "us" => 1e-6,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

/// `64kB`, `1MB`, `1500B`.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = number_of(text)?;
    let scale = match unit {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        _ => return None,
    };
    Some(whole(number * scale))
}

/// The number in front, and what follows it; no sign and no exponent.
pub fn number_of(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit))
}

#[expect(clippy::as_conversions, reason = "a float to an integer saturates, and there is no other conversion")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}
