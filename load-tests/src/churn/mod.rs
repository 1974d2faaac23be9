//! `sfu-load churn`: people come and go at a seeded rate, politely, without a word, and by reloading, among them some who never
//! come in whole, beside a standing audience that must not notice; and afterwards the server must be as it was.
//!
//! [`life`] draws who comes and how they go, [`guest`] is one of them, [`state`] is what a server's process holds.

mod guest;
mod life;
mod state;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;

use self::guest::Guest;
use self::life::Life;
use self::state::State;
use crate::attack::audience::{Audience, Seen};
use crate::attack::puppet::Strings;
use crate::attack::report::{float, size};
use crate::attack::{AttackError, AttackReport, Target};
use crate::media::ClipSize;

/// Between two turns of all guests; a frame is 33 ms.
const TURN: Duration = Duration::from_millis(10);
/// How long the server may take to forget everybody: consent lasts 30 s, and connections of HTTP 10 s more.
const FORGET_MAX: Duration = Duration::from_secs(75);
/// Idle connections of HTTP end after so long; they are no guests.
const IDLE: Duration = Duration::from_secs(12);
/// How far what is held afterwards may be above what was held before, per cent.
const ABOVE_PERCENT_MAX: f64 = 5.0;
/// What the standing audience may lose, per cent.
const LOST_PERCENT_MAX: f64 = 0.5;
/// Looks at the server's memory while it lasts.
const LOOKS: u32 = 10;
/// Looks from the last one back to where its last third begins.
const THIRD: usize = 3;

/// How much.
#[derive(Clone, Copy, Debug)]
pub struct ChurnPlan {
    /// How long people come and go before the server is looked at for the first time: programs grow to what they need.
    pub warm_up_seconds: u32,
    pub seconds: u32,
    /// Who comes, a second.
    pub joins_per_second: f64,
    /// Of the standing audience.
    pub viewers: u16,
}

/// What happened.
#[derive(Debug, Default)]
struct Tally {
    joined: u64,
    refused: u64,
    /// Stayed long enough to connect, and did not.
    stranded: u64,
    left: u64,
    vanished: u64,
    reloaded: u64,
    half_open: u64,
    most: usize,
    /// The server's memory before anybody came.
    cold: Option<u64>,
    memory: Vec<(f64, u64)>,
    words: Vec<String>,
}

/// Lets people come and go, and compares the server before and after.
pub async fn run(target: &Target, plan: &ChurnPlan) -> Result<AttackReport, AttackError> {
    let strings = Arc::new(Strings::new(target, ClipSize::Tiny)?);
    let audience = Audience::gather(target, plan.viewers).await?;
    let (seen, outcome) = audience.during(come_and_go(&strings, plan)).await;
    let (before, tally, after) = outcome?;
    let mut report = AttackReport::new("churn");
    tell(&mut report, &tally, &seen);
    before.compare(&after, ABOVE_PERCENT_MAX, &mut report);
    Ok(report)
}

async fn come_and_go(strings: &Arc<Strings>, plan: &ChurnPlan) -> Result<(State, Tally, State), AttackError> {
    let target = &strings.target;
    tokio::time::sleep(IDLE).await;
    let cold = State::of(target).await?;
    let warm_up = churn(strings, plan.joins_per_second, plan.warm_up_seconds, 0).await;
    forgotten(target, &cold).await?;
    let before = State::of(target).await?;
    let mut tally = churn(strings, plan.joins_per_second, plan.seconds, warm_up.joined + warm_up.refused).await;
    forgotten(target, &before).await?;
    let after = State::of(target).await?;
    tally.cold = cold.resident;
    Ok((before, tally, after))
}

/// Waits until nobody is there who was not there then, or for as long as that may take.
async fn forgotten(target: &Target, then: &State) -> Result<(), AttackError> {
    let end = Instant::now() + FORGET_MAX;
    while !State::of(target).await?.is_as_empty_as(then) && Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(IDLE).await;
    Ok(())
}

/// All of the coming and going; who comes is numbered from `first` on.
async fn churn(strings: &Arc<Strings>, joins_per_second: f64, seconds: u32, first: u64) -> Tally {
    let seed = strings.target.seed.wrapping_add(first);
    let (mut random, mut tally) = (StdRng::seed_from_u64(seed), Tally::default());
    let (arriving, mut arrivals) = mpsc::unbounded_channel();
    let (mut guests, mut coming, start): (Vec<Guest>, u64, _) = (Vec::new(), 0, Instant::now());
    let time = Duration::from_secs(u64::from(seconds));
    let come = |life: Life| {
        let (strings, arriving) = (Arc::clone(strings), arriving.clone());
        tokio::spawn(async move {
            // Nobody listens any more when the time is over.
            let _ = arriving.send(Guest::come(&strings, life).await);
        });
    };
    while start.elapsed() < time {
        let due = start.elapsed().as_secs_f64() * joins_per_second;
        while float(coming) < due {
            come(Life::draw(&mut random, first + coming));
            coming += 1;
        }
        while let Ok(arrival) = arrivals.try_recv() {
            match arrival {
                Ok(guest) => {
                    tally.joined += 1;
                    guests.push(guest);
                }
                Err(error) => tally.refuse(&error),
            }
        }
        guests.iter_mut().for_each(Guest::turn);
        tally.most = tally.most.max(guests.len());
        let now = Instant::now();
        let (going, staying): (Vec<_>, Vec<_>) = guests.into_iter().partition(|guest| guest.goes_at() <= now);
        guests = staying;
        for guest in going {
            tally.count(&guest);
            if let Some(again) = guest.go(&strings.target) {
                come(again);
            }
        }
        tally.look(strings, start, time);
        tokio::time::sleep(TURN).await;
    }
    tally.look(strings, start, time);
    // Whoever is still there when the time is over vanishes.
    guests.iter().for_each(|guest| tally.count(guest));
    tally
}

impl Tally {
    fn refuse(&mut self, error: &AttackError) {
        self.refused += 1;
        if self.words.len() < 3 {
            self.words.push(error.to_string());
        }
    }

    fn count(&mut self, guest: &Guest) {
        let counter = match guest.end() {
            None => &mut self.half_open,
            Some(life::End::Leave) => &mut self.left,
            Some(life::End::Vanish) => &mut self.vanished,
            Some(life::End::Reload) => &mut self.reloaded,
        };
        *counter += 1;
        if let Some(words) = guest.complaint() {
            self.stranded += 1;
            if self.words.len() < 3 {
                self.words.push(words);
            }
        }
    }

    /// Notes the server's memory at the beginning and at each tenth of the time.
    fn look(&mut self, strings: &Strings, start: Instant, time: Duration) {
        let looks = u32::try_from(self.memory.len()).unwrap_or(u32::MAX);
        if looks > LOOKS || start.elapsed() < time * looks / LOOKS {
            return;
        }
        if let Some(bytes) = strings.target.resident() {
            self.memory.push((start.elapsed().as_secs_f64(), bytes));
        }
    }
}

fn tell(report: &mut AttackReport, tally: &Tally, seen: &Seen) {
    report.figure("joined", float(tally.joined), "");
    report.figure("left by DELETE or by leave", float(tally.left), "");
    report.figure("vanished without a word", float(tally.vanished), "");
    report.figure("reloaded", float(tally.reloaded), "");
    report.figure("never came in whole", float(tally.half_open), "");
    report.figure("at the same time, at most", size(tally.most), "");
    if let Some(cold) = tally.cold {
        report.figure("memory before the warm-up, bytes", float(cold), "");
    }
    let course: Vec<_> = tally.memory.iter().map(|(at, bytes)| (*at, float(*bytes) / 1_048_576.0)).collect();
    if let Some((last, third)) = course.last().zip(course.iter().rev().nth(THIRD)) {
        report.figure("memory added in the last three tenths", 100.0 * (last.1 / third.1 - 1.0), "%");
        report.course("server memory while it lasted", "MiB", course);
    }
    report.bar("refused", float(tally.refused), 0.0, "");
    report.bar("did not connect", float(tally.stranded), 0.0, "");
    tally.words.iter().for_each(|words| report.warn(words.clone()));
    report.figure("repeats by the audience's publishers", seen.repeated_percent, "%");
    report.bar("media lost by the standing audience", seen.lost_percent, LOST_PERCENT_MAX, "%");
    seen.tell(report, "of the audience who did not watch");
}
