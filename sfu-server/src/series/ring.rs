//! A point each second, for as long as there is room for it.

use std::collections::VecDeque;

/// Points that are allocated together: half a minute, so that who is gone soon costs little.
pub(super) const BLOCK: usize = 30;

/// Counts seconds since the server began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub u64);

/// Points of following seconds. A second of which nothing is known has the default point.
#[derive(Debug)]
pub(super) struct Ring<P> {
    /// Of the first point that is kept.
    first: u64,
    blocks: VecDeque<Vec<P>>,
}

impl<P: Copy + Default> Ring<P> {
    /// Nothing yet; the first point will be of this second.
    pub fn new(tick: Tick) -> Self {
        Self { first: tick.0, blocks: VecDeque::new() }
    }

    /// The second after the last one.
    pub fn end(&self) -> Tick {
        let full = self.blocks.len().saturating_sub(1) * BLOCK;
        let points = full + self.blocks.back().map_or(0, Vec::len);
        Tick(self.first.saturating_add(u64::try_from(points).unwrap_or(u64::MAX)))
    }

    /// Adds the point of a second; what was left out since the last one is unknown. A second that is over changes nothing.
    pub fn push(&mut self, tick: Tick, point: P, points_max: usize) {
        let missing = tick.0.saturating_sub(self.end().0);
        if usize::try_from(missing).is_ok_and(|missing| missing <= points_max) {
            (0..missing).for_each(|_| self.append(P::default()));
        } else {
            *self = Self::new(tick);
        }
        if tick == self.end() {
            self.append(point);
        }
    }

    /// Forgets blocks that are wholly older than so many seconds before `tick`.
    pub fn keep(&mut self, tick: Tick, points_max: usize) {
        let block = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        let oldest = tick.0.saturating_add(1).saturating_sub(u64::try_from(points_max).unwrap_or(u64::MAX));
        while !self.blocks.is_empty() && self.first.saturating_add(block) <= oldest {
            self.blocks.pop_front();
            self.first = self.first.saturating_add(block);
        }
    }

    /// Whether nothing is kept any more.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The points of the seconds from `from` to before `to`, unknown ones as the default.
    pub fn between(&self, from: Tick, to: Tick) -> Vec<P> {
        let skipped = usize::try_from(from.0.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let before = self.first.saturating_sub(from.0).min(to.0.saturating_sub(from.0));
        let wanted = usize::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
        let unknown = std::iter::repeat_n(P::default(), usize::try_from(before).unwrap_or(0));
        let known = self.blocks.iter().flatten().copied().skip(skipped);
        unknown.chain(known).chain(std::iter::repeat(P::default())).take(wanted).collect()
    }

    fn append(&mut self, point: P) {
        match self.blocks.back_mut().filter(|block| block.len() < BLOCK) {
            Some(block) => block.push(point),
            None => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(point);
                self.blocks.push_back(block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_given_with_gaps_where_nothing_is_known() {
        let mut ring = Ring::<u32>::new(Tick(100));
        for tick in (100..140).chain(143..145) {
            ring.push(Tick(tick), u32::try_from(tick).unwrap(), 600);
        }
        ring.push(Tick(143), 7, 600);
        assert_eq!(ring.end(), Tick(145));
        assert_eq!(ring.between(Tick(98), Tick(102)), [0, 0, 100, 101]);
        assert_eq!(ring.between(Tick(138), Tick(147)), [138, 139, 0, 0, 0, 143, 144, 0, 0]);
        assert_eq!(ring.between(Tick(10), Tick(12)), [0, 0]);
    }

    #[test]
    fn the_oldest_is_forgotten_by_blocks() {
        let mut ring = Ring::<u32>::new(Tick(0));
        for tick in 0..700 {
            ring.push(Tick(tick), 1, 600);
            ring.keep(Tick(tick), 600);
            assert!(ring.blocks.len() * BLOCK <= 600 + BLOCK);
        }
        assert_eq!(ring.between(Tick(100), Tick(700)), [1; 600]);
        ring.keep(Tick(700), 31);
        assert_eq!(ring.between(Tick(640), Tick(700)).iter().sum::<u32>(), 40);
        ring.keep(Tick(2_000), 600);
        assert!(ring.is_empty());
        ring.push(Tick(9_000), 1, 600);
        assert_eq!((ring.blocks.len(), ring.end()), (1, Tick(9_001)));
    }
}
