//! What the temporal layers of an encoding cost, each measured by itself.

use std::time::{Duration, Instant};

use crate::bitrate::{RateMeter, THINNINGS_MAX, ThinnedBps};

/// How long a layer must have brought nothing, while others go on, to be no more: encoders change their mind. A shared screen
/// of 5 frames a second brings each of four layers within 1.6 s.
const GONE_AFTER: Duration = Duration::from_secs(2);

/// The layers that were seen. Costs a comparison or two per packet.
#[derive(Debug, Clone, Default)]
pub(super) struct TemporalLayers {
    /// When each layer brought something last, the lowest first.
    heard: [Option<Instant>; THINNINGS_MAX + 1],
    /// What each costs; nobody is sent the highest possible one alone.
    rates: [RateMeter; THINNINGS_MAX],
}

impl TemporalLayers {
    /// Counts what came of a layer.
    pub(super) fn add(&mut self, now: Instant, temporal: u8, bytes: usize) {
        let place = usize::from(temporal);
        if let Some(heard) = self.heard.get_mut(place) {
            *heard = Some(now);
        }
        if let Some(rate) = self.rates.get_mut(place) {
            rate.add(now, bytes);
        }
    }

    /// What is left of the cost without the higher layers.
    pub(super) fn thinned_bps(&self) -> ThinnedBps {
        let newest = self.heard.iter().flatten().max().copied();
        let is_there = |heard: &Option<Instant>| {
            heard.zip(newest).is_some_and(|(heard, newest)| newest.saturating_duration_since(heard) < GONE_AFTER)
        };
        let highest = self.heard.iter().rposition(is_there).unwrap_or(0);
        let mut sum = Some(0_u64);
        let mut thinned = [None; THINNINGS_MAX];
        for (bps, (rate, heard)) in thinned.iter_mut().zip(self.rates.iter().zip(&self.heard)).take(highest) {
            let cost = if heard.is_some() { rate.bps() } else { Some(0) };
            sum = sum.zip(cost).map(|(sum, cost)| sum.saturating_add(cost));
            *bps = sum;
        }
        thinned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_nanos(33_333_333);

    /// Feeds frames of 1,000 bytes in this pattern of layers, from `at` on.
    fn feed(layers: &mut TemporalLayers, at: &mut Instant, pattern: &[u8], frames: usize) {
        for temporal in pattern.iter().cycle().take(frames) {
            *at += FRAME;
            layers.add(*at, *temporal, 1_000);
        }
    }

    #[test]
    fn each_thinning_costs_the_sum_of_what_it_leaves() {
        let (mut layers, mut at) = (TemporalLayers::default(), Instant::now());
        feed(&mut layers, &mut at, &[0, 2, 1, 2], 30);
        assert_eq!(layers.thinned_bps(), [None; THINNINGS_MAX], "not measured yet");
        feed(&mut layers, &mut at, &[0, 2, 1, 2], 300);
        let [Some(base), Some(middle), None] = layers.thinned_bps() else { panic!("{:?}", layers.thinned_bps()) };
        assert!((58_000..70_000).contains(&base) && (116_000..140_000).contains(&middle), "{base} {middle}");
    }

    #[test]
    fn one_layer_cannot_be_thinned_and_a_layer_that_stopped_is_none() {
        let (mut layers, mut at) = (TemporalLayers::default(), Instant::now());
        feed(&mut layers, &mut at, &[0], 300);
        assert_eq!(layers.thinned_bps(), [None; THINNINGS_MAX]);
        feed(&mut layers, &mut at, &[0, 1], 300);
        let thinned = layers.thinned_bps();
        assert!(thinned[0].is_some() && thinned[1..] == [None, None], "{thinned:?}");
        feed(&mut layers, &mut at, &[0], 70);
        assert_eq!(layers.thinned_bps(), [None; THINNINGS_MAX]);
    }
}
