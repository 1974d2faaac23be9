//! What is heard of one sound: a buffer as long as packets were late of late, as NetEq's, and what comes too late for it is not heard.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::marks::Mark;

/// Packets that lateness is judged by: 4 s.
const REMEMBERED: usize = 200;
/// NetEq aims at 95 per cent, and stretches by about two packets more before anybody hears it.
const QUANTILE: f64 = 0.95;
const STRETCH_MS: f64 = 40.0;
/// Kept of a buffer's greatest length, ms.
const BUFFER_MAX_MS: f64 = 1_000.0;

#[derive(Default)]
pub struct Ear {
    /// How late each of the last came, ms.
    late: VecDeque<f64>,
    epoch: Option<(Instant, u32)>,
    /// Each packet's number and when it was heard, or not.
    pub packets: Vec<(Instant, u32, bool)>,
}

impl Ear {
    pub fn arrived(&mut self, now: Instant, mark: Mark) {
        let (epoch, captured) = *self.epoch.get_or_insert((now, mark.captured_ms));
        let media = f64::from(mark.captured_ms.wrapping_sub(captured).cast_signed());
        let late = (now - epoch).as_secs_f64() * 1e3 - media;
        let mut sorted: Vec<f64> = self.late.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let aim = sorted.get((sorted.len() as f64 * QUANTILE) as usize).copied().unwrap_or(late);
        let least = sorted.first().copied().unwrap_or(late);
        self.packets.push((now, mark.frame, late <= aim.min(least + BUFFER_MAX_MS) + STRETCH_MS));
        self.late.push_back(late);
        if self.late.len() > REMEMBERED {
            self.late.pop_front();
        }
    }

    /// The share that was heard of what was said between two times.
    pub fn heard(&self, from: Instant, to: Instant) -> f64 {
        let within = || self.packets.iter().filter(|(at, _, _)| (from..to).contains(at));
        let said = (to - from).as_millis() as f64 / 20.0;
        within().filter(|(_, _, heard)| *heard).count() as f64 / said.max(1.0)
    }

    /// The longest time without a packet.
    pub fn longest_silence(&self, from: Instant, to: Instant) -> Duration {
        let mut last = from;
        let mut longest = Duration::ZERO;
        for (at, _, _) in self.packets.iter().filter(|(at, _, _)| (from..to).contains(at)) {
            longest = longest.max(*at - last);
            last = *at;
        }
        longest.max(to - last)
    }
}
