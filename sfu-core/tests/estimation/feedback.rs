//! What a browser says of the packets that it received: transport-wide feedback as libwebrtc puts it together.

use std::collections::BTreeMap;
use std::time::Duration;

/// Between two of them.
pub const INTERVAL: Duration = Duration::from_millis(100);
/// Numbers whose arrival is remembered, so that feedback that goes back for a late packet repeats the others.
const REMEMBERED: u64 = 500;
/// Statuses of one feedback.
const STATUSES_MAX: u64 = 1_000;

/// Who receives.
#[derive(Default)]
pub struct Receiver {
    /// By number without rounds; µs.
    arrivals: BTreeMap<u64, i64>,
    /// The first number that no feedback spoke of.
    next: Option<u64>,
    /// The lowest that arrived since the last feedback.
    lowest_new: Option<u64>,
    count: u8,
}

impl Receiver {
    pub fn receive(&mut self, number: u64, arrival_us: i64) {
        if self.arrivals.insert(number, arrival_us).is_none() {
            self.lowest_new = Some(self.lowest_new.map_or(number, |lowest| lowest.min(number)));
        }
    }

    /// What there is to say.
    pub fn feedback(&mut self) -> Vec<Vec<u8>> {
        let Some(lowest) = self.lowest_new.take() else { return vec![] };
        let last = *self.arrivals.last_key_value().unwrap().0;
        let mut base = self.next.map_or(lowest, |next| next.min(lowest));
        let mut said = vec![];
        while base <= last {
            let end = last.min(base + STATUSES_MAX - 1);
            let ticks: Vec<Option<i64>> =
                (base..=end).map(|number| self.arrivals.get(&number).map(|us| us / 250)).collect();
            self.count = self.count.wrapping_add(1);
            said.push(encode(base as u16, self.count, &ticks));
            base = end + 1;
        }
        self.next = Some(self.next.unwrap_or(0).max(last + 1));
        self.arrivals = self.arrivals.split_off(&last.saturating_sub(REMEMBERED));
        said
    }
}

/// Arrival times in quarters of a millisecond.
pub fn encode(base: u16, count: u8, ticks: &[Option<i64>]) -> Vec<u8> {
    let reference = ticks.iter().flatten().next().copied().unwrap_or(0).div_euclid(256);
    let mut at = reference * 256;
    let (mut symbols, mut deltas) = (vec![], vec![]);
    for tick in ticks {
        let Some(tick) = tick else {
            symbols.push(0_u16);
            continue;
        };
        let delta = tick - at;
        at = *tick;
        if let Ok(small) = u8::try_from(delta) {
            symbols.push(1);
            deltas.push(small);
        } else {
            symbols.push(2);
            let large = delta.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
            deltas.extend(large.to_be_bytes());
        }
    }
    let mut bytes = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend(base.to_be_bytes());
    bytes.extend((ticks.len() as u16).to_be_bytes());
    bytes.extend(&(reference as u32).to_be_bytes()[1..]);
    bytes.push(count);
    for chunk in symbols.chunks(7) {
        let packed = (0..7).fold(0b11, |packed, place| packed << 2 | chunk.get(place).copied().unwrap_or(0));
        bytes.extend(u16::to_be_bytes(packed));
    }
    bytes.extend(deltas);
    while bytes.len() % 4 != 0 {
        bytes.push(0);
    }
    let words = (bytes.len() / 4 - 1) as u16;
    bytes[2..4].copy_from_slice(&words.to_be_bytes());
    bytes
}
