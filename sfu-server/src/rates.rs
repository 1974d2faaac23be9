//! How fast media flows, by counters that are read twice. Control path: nothing is measured unless somebody asks.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sfu_core::id::{Mid, TransportId};
use sfu_core::stats::ShardStats;
use tokio::time::{Instant, sleep};

use crate::control::Control;
use crate::media::ShardIndex;

/// The shortest time that a rate is measured over: half a second holds some frames of any camera.
pub const SPAN_MIN: Duration = Duration::from_millis(500);
/// The longest; what was counted before says nothing of now.
pub const SPAN_MAX: Duration = Duration::from_secs(10);

/// A slot: of whom, and its section.
type SlotKey = (TransportId, Mid);

/// Bytes so far, or bits per second.
#[derive(Debug, Default)]
struct Numbers {
    received: HashMap<TransportId, u64>,
    refused: HashMap<TransportId, u64>,
    sent: HashMap<TransportId, u64>,
    slots: HashMap<SlotKey, u64>,
}

/// How fast media flows, bit/s. What has just begun has no rate yet.
#[derive(Debug, Default)]
pub struct Rates(Numbers);

impl Rates {
    /// UDP payload that comes from a transport, of whatever kind.
    pub fn received(&self, transport: TransportId) -> Option<u64> {
        self.0.received.get(&transport).copied()
    }

    /// Of what comes from a transport, what is refused because it is above its cap.
    pub fn refused(&self, transport: TransportId) -> Option<u64> {
        self.0.refused.get(&transport).copied()
    }

    /// UDP payload that goes to a transport, of whatever kind.
    pub fn sent(&self, transport: TransportId) -> Option<u64> {
        self.0.sent.get(&transport).copied()
    }

    /// Media that goes out on a slot, without headers and padding.
    pub fn slot(&self, transport: TransportId, mid: &Mid) -> Option<u64> {
        self.0.slots.get(&(transport, mid.clone())).copied()
    }
}

/// What the shards say now, and how fast media flows.
#[derive(Debug)]
pub struct Reading {
    /// Without shards that did not answer in time.
    pub shards: Vec<(ShardIndex, Box<ShardStats>)>,
    pub rates: Arc<Rates>,
}

/// Measures for whoever asks; those who ask at the same time share what is measured.
#[derive(Debug, Default)]
pub struct Meter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<(Instant, Numbers)>,
    rates: Option<Arc<Rates>>,
}

impl Meter {
    /// Asks every shard; the first who asks for a while waits for `SPAN_MIN`.
    pub async fn read(&self, control: &Control) -> Reading {
        loop {
            let shards = control.stats().await;
            match self.take_in(Instant::now(), counted(&shards)) {
                Ok(rates) => return Reading { shards, rates },
                Err(wait) => sleep(wait).await,
            }
        }
    }

    /// The rates, or how long to wait for them.
    fn take_in(&self, now: Instant, counted: Numbers) -> Result<Arc<Rates>, Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { last, rates } = &mut *state;
        let Some((then, before)) = last.as_ref().filter(|(then, _)| now.saturating_duration_since(*then) <= SPAN_MAX)
        else {
            *state = State { last: Some((now, counted)), rates: None };
            return Err(SPAN_MIN);
        };
        let span = now.saturating_duration_since(*then);
        if span < SPAN_MIN {
            return rates.clone().ok_or(SPAN_MIN - span);
        }
        let measured = Arc::new(Rates(per_second(before, &counted, span)));
        *state = State { last: Some((now, counted)), rates: Some(Arc::clone(&measured)) };
        Ok(measured)
    }
}

fn counted(shards: &[(ShardIndex, Box<ShardStats>)]) -> Numbers {
    let mut numbers = Numbers::default();
    for (_, stats) in shards {
        numbers.received.extend(stats.transports.iter().map(|it| (it.id, it.bytes_received)));
        numbers.refused.extend(stats.transports.iter().map(|it| (it.id, it.bytes_refused)));
        numbers.sent.extend(stats.transports.iter().map(|it| (it.id, it.sending.bytes_sent)));
        let slots = stats.outbound.iter();
        numbers.slots.extend(slots.map(|slot| ((slot.transport, slot.mid.clone()), slot.stats.bytes_sent)));
    }
    numbers
}

fn per_second(before: &Numbers, now: &Numbers, span: Duration) -> Numbers {
    Numbers {
        received: grown(&before.received, &now.received, span),
        refused: grown(&before.refused, &now.refused, span),
        sent: grown(&before.sent, &now.sent, span),
        slots: grown(&before.slots, &now.slots, span),
    }
}

fn grown<K: Clone + Eq + Hash>(before: &HashMap<K, u64>, now: &HashMap<K, u64>, span: Duration) -> HashMap<K, u64> {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = |(key, now): (&K, &u64)| {
        let bytes = now.saturating_sub(*before.get(key)?);
        Some((key.clone(), bytes.saturating_mul(8_000) / millis))
    };
    now.iter().filter_map(rate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(bytes: u64) -> Numbers {
        let slots = HashMap::from([((TransportId(1), Mid("0".into())), bytes)]);
        Numbers { slots, ..Numbers::default() }
    }

    fn rate(rates: &Rates) -> Option<u64> {
        rates.slot(TransportId(1), &Mid("0".into()))
    }

    #[test]
    fn a_rate_is_what_came_since_it_was_asked_before() {
        let (meter, start) = (Meter::default(), Instant::now());
        assert_eq!(meter.take_in(start, counted(1_000)).unwrap_err(), SPAN_MIN);
        let soon = start + SPAN_MIN / 5;
        assert_eq!(meter.take_in(soon, counted(2_000)).unwrap_err(), SPAN_MIN * 4 / 5);
        let rates = meter.take_in(start + SPAN_MIN, counted(51_000)).unwrap();
        assert_eq!(rate(&rates), Some(800_000));
        let shared = meter.take_in(start + SPAN_MIN * 3 / 2, counted(90_000)).unwrap();
        assert_eq!(rate(&shared), Some(800_000), "who asks soon after shares it");
        let later = meter.take_in(start + SPAN_MIN * 5, counted(51_000)).unwrap();
        assert_eq!(rate(&later), Some(0));
        assert_eq!(meter.take_in(start + SPAN_MAX * 2, counted(60_000)).unwrap_err(), SPAN_MIN, "too long ago");
    }

    #[test]
    fn what_has_just_begun_has_no_rate() {
        let (meter, start) = (Meter::default(), Instant::now());
        meter.take_in(start, Numbers::default()).unwrap_err();
        assert_eq!(rate(&meter.take_in(start + SPAN_MIN, counted(1_000)).unwrap()), None);
    }
}
