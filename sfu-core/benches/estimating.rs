//! What each packet and each feedback costs a transport's estimate, ns; the least of many turns counts.
//! `cargo bench -p sfu-core --bench estimating`
#![allow(clippy::unwrap_used, clippy::as_conversions, clippy::cast_precision_loss, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use sfu_core::bitrate::estimate::{Estimator, EstimatorConfig, FeedbackKind, SentKind};
use sfu_core::rtcp::twcc;

/// Packets between two feedbacks: 100 ms of 3 Mbit/s.
const PACKETS: u16 = 32;
const TURNS: u32 = 20_000;

fn main() {
    let mut now = Instant::now();
    let feedback = FeedbackKind::TransportWide;
    let config = EstimatorConfig { start_bps: 3_000_000, min_bps: 30_000, max_bps: 20_000_000, feedback };
    let mut estimator = Estimator::new(now, config);
    let (mut sending, mut hearing) = (f64::MAX, f64::MAX);
    for turn in 0..TURNS {
        let begin = Instant::now();
        for _ in 0..PACKETS {
            black_box(estimator.on_sent(black_box(now), black_box(1_200), SentKind::Media));
        }
        sending = sending.min(begin.elapsed().as_nanos() as f64 / f64::from(PACKETS));
        now += Duration::from_millis(100);
        let said = said(turn);
        let begin = Instant::now();
        twcc::feedbacks(&said).for_each(|feedback| estimator.on_feedback(now, &feedback));
        hearing = hearing.min(begin.elapsed().as_nanos() as f64 / f64::from(PACKETS));
    }
    println!("ns per packet, the least of {TURNS} turns of {PACKETS}: on_sent {sending:.1}  on_feedback {hearing:.1}");
}

/// All arrived, a millisecond apart, 100 ms after those before.
fn said(turn: u32) -> Vec<u8> {
    let ticks = u64::from(turn) * 400;
    let mut bytes = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend((turn.wrapping_mul(u32::from(PACKETS)) as u16).to_be_bytes());
    bytes.extend(PACKETS.to_be_bytes());
    bytes.extend(&((ticks / 256) as u32).to_be_bytes()[1..]);
    bytes.push(turn as u8);
    bytes.extend((0x2000 | PACKETS).to_be_bytes());
    bytes.push((ticks % 256) as u8);
    bytes.resize(bytes.len() + usize::from(PACKETS) - 1, 4);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let words = (bytes.len() / 4 - 1) as u16;
    bytes.splice(2..4, words.to_be_bytes());
    bytes
}
