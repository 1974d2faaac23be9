//! A stream's receiver report (RFC 3550 §6.4.2).

use std::time::Instant;

#[derive(Default)]
pub struct Reception {
    first: Option<u64>,
    highest: u64,
    received: u64,
    before: (u64, u64),
    transit: Option<i64>,
    jitter: f64,
    began: Option<Instant>,
    sender_report: Option<(Instant, u32)>,
}

impl Reception {
    pub fn note(&mut self, now: Instant, index: u64, timestamp: u32, rate: u64) {
        let began = *self.began.get_or_insert(now);
        self.first.get_or_insert(index);
        self.highest = self.highest.max(index);
        self.received += 1;
        let arrived = ((now - began).as_micros() as u64 * rate / 1_000_000) as u32;
        let transit = i64::from(arrived.wrapping_sub(timestamp).cast_signed());
        if let Some(before) = self.transit.replace(transit) {
            self.jitter += ((transit - before).abs() as f64 - self.jitter) / 16.0;
        }
    }

    pub fn reported(&mut self, now: Instant, ntp: u64) {
        self.sender_report = Some((now, (ntp >> 16) as u32));
    }

    /// What there is to say.
    pub fn report(&mut self, now: Instant, ssrc: u32) -> Option<Vec<u8>> {
        let expected = self.highest - self.first? + 1;
        let (expected_now, received_now) = (expected - self.before.0, self.received - self.before.1);
        self.before = (expected, self.received);
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255) as u8;
        let lost = expected.saturating_sub(self.received).min(0x7f_ffff) as u32;
        let (heard, last) = self.sender_report.map_or((now, 0), |(at, short)| (at, short));
        let delay = ((now - heard).as_secs_f64() * 65_536.0) as u32;
        let mut bytes = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
        bytes.extend(ssrc.to_be_bytes());
        bytes.push(fraction);
        bytes.extend(&lost.to_be_bytes()[1..]);
        for word in [self.highest as u32, self.jitter as u32, last, delay] {
            bytes.extend(word.to_be_bytes());
        }
        Some(bytes)
    }
}
