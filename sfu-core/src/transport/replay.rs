//! Replay protection by a sliding window over packet indices (RFC 3711 §3.3.2). Invariant: an index is accepted at most once.

use crate::limits::REPLAY_WINDOW;

const WORD_BITS: u64 = 64;
const WORDS: usize = 16;
const _: () = assert!(REPLAY_WINDOW == 1_024, "WORDS x WORD_BITS must be REPLAY_WINDOW");

/// Which of the last `REPLAY_WINDOW` indices were accepted; a ring of bits addressed by index modulo the window.
#[derive(Debug, Clone, Default)]
pub struct ReplayWindow {
    highest: Option<u64>,
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// A window of which no more is known than that nothing above `highest` was accepted: up to there all counts as seen.
    pub fn beyond(highest: u64) -> Self {
        Self { highest: Some(highest), seen: [u64::MAX; WORDS] }
    }

    /// The highest index accepted so far.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether `index` is new and not older than the window; changes nothing.
    pub fn is_new(&self, index: u64) -> bool {
        let Some(highest) = self.highest else { return true };
        if index > highest {
            return true;
        }
        if highest - index >= REPLAY_WINDOW {
            return false;
        }
        let (word, bit) = position(index);
        self.seen.get(word).is_some_and(|seen| seen & bit == 0)
    }

    /// Marks `index` as accepted; call it only after the packet proved authentic.
    pub fn accept(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index <= highest => {}
            Some(highest) => {
                self.forget(highest, index);
                self.highest = Some(index);
            }
            None => self.highest = Some(index),
        }
        let (word, bit) = position(index);
        if let Some(seen) = self.seen.get_mut(word) {
            *seen |= bit;
        }
    }

    /// Clears the bits of the indices in `(highest, index]`, whose places still speak of indices one window ago.
    fn forget(&mut self, highest: u64, index: u64) {
        if index - highest >= REPLAY_WINDOW {
            self.seen = [0; WORDS];
            return;
        }
        for skipped in highest + 1..=index {
            let (word, bit) = position(skipped);
            if let Some(seen) = self.seen.get_mut(word) {
                *seen &= !bit;
            }
        }
    }
}

fn position(index: u64) -> (usize, u64) {
    let place = index % REPLAY_WINDOW;
    (usize::try_from(place / WORD_BITS).unwrap_or(0), 1 << (place % WORD_BITS))
}
