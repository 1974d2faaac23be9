//! What losses say (draft-ietf-rmcat-gcc-02 §6), with what it lacks: a radio loses whatever is sent, and sending less mends
//! nothing. So less is sent once, as little as arrives; if as much is lost then, it was chance, and the rate comes back.

use super::rates::{permille, rate_of, share};

/// How long the rate before a trial that may have been wrong is of interest, µs.
const BELIEVED_US: u64 = 10_000_000;
/// What a judgement is made of at least: packets and µs.
const PACKETS_MIN: u64 = 50;
const WINDOW_US: u64 = 300_000;
/// After so long fewer packets do, µs.
const WINDOW_MAX_US: u64 = 1_500_000;
const PACKETS_FEW: u64 = 15;
/// Thousandths lost, of several windows, that forbid growth: of two (§6) radios lose as many. Probes still raise the rate.
const LITTLE: u16 = 40;
/// Thousandths lost of a window above which less is sent (§6).
const MUCH: u16 = 100;
/// The same of several windows: where a twentieth is lost by chance, one window of thirty has twice as much.
const MUCH_STEADILY: u16 = 60;
/// Thousandths of what arrives that are sent when much is lost.
const DECREASE: u64 = 950;
/// Sent so many thousandths of before, the trial tells nothing.
const TRIED: u64 = 930;
/// What is lost by chance at most, thousandths: of a worse link nobody sees a picture.
const CHANCE_MAX: u16 = 400;
/// How long a verdict of chance is believed, µs.
const CHANCE_US: u64 = 60_000_000;

/// What losses ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing new.
    None,
    /// Do not send more than this.
    LowerTo(u64),
    /// It was chance: back to this.
    Restore(u64),
}

/// Packets of which was told.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    packets: u64,
    lost: u64,
    bytes: u64,
    first_sent_us: Option<u64>,
    last_sent_us: u64,
}

/// Less is sent, to see whether less is lost.
#[derive(Debug, Clone, Copy)]
struct Trial {
    estimate_bps: u64,
    sent_bps: u64,
    lost: u16,
}

/// Losses of one transport.
#[derive(Debug, Default)]
pub struct Losses {
    window: Window,
    trial: Option<Trial>,
    /// When a trial seemed to show a full link, and the rate before it: one of many trials is wrong, and the next one mends it.
    believed: Option<(u64, u64)>,
    /// What was sent before does not count.
    from_us: u64,
    /// Lost by chance, thousandths, and since when that is known.
    chance: u16,
    chance_since_us: u64,
    /// Of the last whole window.
    lost: u16,
    /// Of the last few.
    smoothed: u16,
}

impl Losses {
    /// Takes packets that were sent together, of so many bytes in all, that arrived or did not.
    pub fn add(&mut self, sent_us: u64, bytes: u32, packets: u32, arrived: bool) {
        if sent_us < self.from_us {
            return;
        }
        let window = &mut self.window;
        window.packets += u64::from(packets);
        window.lost += if arrived { 0 } else { u64::from(packets) };
        window.bytes += u64::from(bytes);
        window.first_sent_us.get_or_insert(sent_us);
        window.last_sent_us = window.last_sent_us.max(sent_us);
    }

    /// A packet that was thought lost was only late.
    pub fn take_back(&mut self) {
        self.window.lost = self.window.lost.saturating_sub(1);
    }

    /// Lost of the last packets, thousandths.
    pub fn lost_permille(&self) -> u16 {
        self.smoothed
    }

    /// Of so many, lost beyond what chance takes, thousandths.
    fn beyond_chance(&self, lost: u16) -> u16 {
        permille(u64::from(lost.saturating_sub(self.chance)), 1_000 - u64::from(self.chance))
    }

    /// Lost by chance, thousandths.
    pub fn chance_permille(&self) -> u16 {
        self.chance
    }

    /// So much is lost that nothing should grow by itself.
    pub fn forbids_growth(&self) -> bool {
        self.trial.is_some() || self.beyond_chance(self.smoothed) >= LITTLE
    }

    /// The rate was lowered for another reason: what was sent until now tells nothing about what is sent from now on.
    pub fn restart(&mut self, now_us: u64) {
        self.from_us = now_us;
        self.window = Window::default();
        self.trial = None;
    }

    /// Judges, once enough packets were told of.
    pub fn judge(&mut self, now_us: u64, estimate_bps: u64) -> Verdict {
        let Some((sent_bps, lost)) = self.finished() else { return Verdict::None };
        self.lost = lost;
        self.smoothed = (self.smoothed * 3 + lost) / 4;
        self.chance = self.chance.min(self.smoothed);
        if now_us.saturating_sub(self.chance_since_us) > CHANCE_US {
            self.chance = 0;
        }
        match self.trial {
            None if self.is_much() => {
                self.trial = Some(Trial { estimate_bps, sent_bps, lost });
                self.lower(now_us, sent_bps.min(estimate_bps))
            }
            None => Verdict::None,
            Some(trial) => self.judge_trial(now_us, trial, sent_bps, estimate_bps),
        }
    }

    fn judge_trial(&mut self, now_us: u64, trial: Trial, sent_bps: u64, estimate_bps: u64) -> Verdict {
        if sent_bps > share(trial.sent_bps, TRIED) {
            if self.is_much() {
                return self.lower(now_us, estimate_bps);
            }
            self.trial = None;
            return Verdict::Restore(trial.estimate_bps);
        }
        self.trial = None;
        // If the link were full, what arrived then would arrive now.
        let arrived_bps = share(trial.sent_bps, 1_000 - u64::from(trial.lost));
        let expected = permille(sent_bps.saturating_sub(arrived_bps), sent_bps);
        let chance = self.lost.midpoint(trial.lost);
        if self.lost > trial.lost.midpoint(expected) && chance <= CHANCE_MAX {
            self.chance = chance;
            self.smoothed = self.smoothed.max(self.chance);
            self.chance_since_us = now_us;
            let believed = self.believed.take().filter(|(at_us, _)| now_us.saturating_sub(*at_us) < BELIEVED_US);
            return Verdict::Restore(believed.map_or(trial.estimate_bps, |(_, bps)| bps.max(trial.estimate_bps)));
        }
        self.believed = Some((now_us, trial.estimate_bps));
        Verdict::None
    }

    /// More is lost than chance takes, and not in this window alone.
    fn is_much(&self) -> bool {
        self.beyond_chance(self.lost) > MUCH && self.beyond_chance(self.smoothed) > MUCH_STEADILY
    }

    fn lower(&mut self, now_us: u64, bps: u64) -> Verdict {
        self.from_us = now_us;
        self.window = Window::default();
        Verdict::LowerTo(share(share(bps, 1_000 - u64::from(self.beyond_chance(self.lost))), DECREASE))
    }

    /// The rate sent in a whole window, and what was lost of it; begins another.
    fn finished(&mut self) -> Option<(u64, u16)> {
        let window = self.window;
        let span_us = window.last_sent_us.saturating_sub(window.first_sent_us?);
        let many = window.packets >= PACKETS_MIN && span_us >= WINDOW_US;
        if !many && (window.packets < PACKETS_FEW || span_us < WINDOW_MAX_US) {
            return None;
        }
        self.window = Window::default();
        Some((rate_of(window.bytes, span_us)?, permille(window.lost, window.packets)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of packets of 1,250 bytes sent at a rate over a link that loses each n-th and holds no more than a capacity.
    fn second(losses: &mut Losses, at_s: u64, bps: u64, chance: u64, capacity_bps: u64) -> Vec<Verdict> {
        let packets = bps / 10_000;
        let mut said = vec![];
        let (mut carried, mut by_chance) = (0, 0);
        for packet in 0..packets {
            let sent_us = at_s * 1_000_000 + packet * 1_000_000 / packets;
            carried += capacity_bps;
            by_chance += chance;
            let fits = carried >= bps;
            if fits {
                carried -= bps;
            }
            let chosen = by_chance >= 1_000;
            if chosen {
                by_chance -= 1_000;
            }
            losses.add(sent_us, 1_250, 1, fits && !chosen);
            said.push(losses.judge(sent_us, bps));
        }
        said.retain(|verdict| *verdict != Verdict::None);
        said
    }

    #[test]
    fn what_fills_a_link_without_a_queue_is_lowered_to_what_it_holds() {
        let mut losses = Losses::default();
        let said = second(&mut losses, 0, 3_000_000, 0, 300_000);
        let [Verdict::LowerTo(bps), ..] = said[..] else { panic!("{said:?}") };
        assert!((200_000..330_000).contains(&bps), "{bps}");
        let said: Vec<_> = (1..6).flat_map(|at| second(&mut losses, at, bps, 0, 300_000)).collect();
        assert_eq!(said, vec![], "the trial showed that sending less helps");
    }

    #[test]
    fn chance_is_found_out_and_the_rate_comes_back() {
        let mut losses = Losses::default();
        let said = second(&mut losses, 0, 1_000_000, 200, u64::MAX / 2_000_000);
        let [Verdict::LowerTo(bps), ..] = said[..] else { panic!("{said:?}") };
        assert!((700_000..850_000).contains(&bps), "{bps}");
        let said: Vec<_> = (1..3).flat_map(|at| second(&mut losses, at, bps, 200, u64::MAX / 2_000_000)).collect();
        assert_eq!(said, vec![Verdict::Restore(1_000_000)]);
        let said: Vec<_> =
            (3..30).flat_map(|at| second(&mut losses, at, 1_000_000, 200, u64::MAX / 2_000_000)).collect();
        assert_eq!(said, vec![], "and it is believed");
        assert!(!losses.forbids_growth());
    }

    #[test]
    fn little_loss_asks_for_nothing() {
        let mut losses = Losses::default();
        assert_eq!(second(&mut losses, 0, 3_000_000, 80, u64::MAX / 4_000_000), vec![]);
        assert!(losses.forbids_growth());
        assert_eq!(second(&mut losses, 1, 3_000_000, 10, u64::MAX / 4_000_000), vec![]);
        assert!(!losses.forbids_growth());
    }
}
