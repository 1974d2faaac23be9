//! Which encoding of a track a slot gets where nothing is scarce: a pure decision by the height at which it is shown.

use crate::id::EncodingId;

use super::Rung;

/// Percent of the wanted height that is enough: a tenth less is not seen, and saves half of the bits.
const ENOUGH: u32 = 90;
/// Percent with which the encoding that is shown stays. With `ENOUGH_BELOW` it makes a band of a tenth around each border,
/// within which a tile may tremble.
const ENOUGH_TO_STAY: u32 = 85;
/// Percent that an encoding below the one shown must bring.
const ENOUGH_BELOW: u32 = 95;

/// How large a slot is to be fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Highest,
    /// By an encoding of about this height, pixels.
    Height(u16),
}

/// The smallest encoding of a ladder that is high enough, else the highest. `current` is what the slot gets now: another must
/// be clearly better.
pub fn select(ladder: &[Rung], wanted: Wanted, current: Option<EncodingId>) -> Option<EncodingId> {
    let highest = *ladder.last()?;
    let shown = ladder.iter().position(|rung| Some(rung.encoding) == current);
    let wanted = match wanted {
        Wanted::Height(height) => u32::from(height),
        Wanted::Highest => {
            let same = shown.and_then(|place| ladder.get(place)).filter(|rung| rung.height == highest.height);
            return Some(same.unwrap_or(&highest).encoding);
        }
    };
    let is_enough = |(place, rung): &(usize, &Rung)| {
        let percent = match shown.map(|shown| place.cmp(&shown)) {
            None | Some(std::cmp::Ordering::Greater) => ENOUGH,
            Some(std::cmp::Ordering::Equal) => ENOUGH_TO_STAY,
            Some(std::cmp::Ordering::Less) => ENOUGH_BELOW,
        };
        u32::from(rung.height) * 100 >= wanted * percent
    };
    let found = ladder.iter().enumerate().find(is_enough);
    Some(found.map_or(highest, |(_, rung)| *rung).encoding)
}

/// Whether pictures of this height are what is wanted.
pub(super) fn is_enough(height: u16, wanted: Wanted) -> bool {
    match wanted {
        Wanted::Highest => false,
        Wanted::Height(wanted) => u32::from(height) * 100 >= u32::from(wanted) * ENOUGH,
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::super::{Candidate, ladder};
    use super::*;

    const HEIGHTS: [u16; 3] = [180, 360, 720];

    fn encodings() -> [EncodingId; 3] {
        let mut ids = SlotMap::<EncodingId, ()>::with_key();
        std::array::from_fn(|_| ids.insert(()))
    }

    fn simulcast(ids: [EncodingId; 3]) -> [Candidate; 3] {
        std::array::from_fn(|at| Candidate {
            encoding: ids[at],
            height: Some(HEIGHTS[at]),
            bytes: 1,
            bps: None,
            thinned_bps: [None; 3],
        })
    }

    #[test]
    fn the_smallest_that_is_high_enough_is_chosen() {
        let ids = encodings();
        let all = ladder(&simulcast(ids));
        for (wanted, place) in [(1, 0), (200, 0), (201, 1), (400, 1), (401, 2), (720, 2), (2_160, 2)] {
            assert_eq!(select(&all, Wanted::Height(wanted), None), Some(ids[place]), "{wanted}");
        }
        assert_eq!(select(&all[..2], Wanted::Height(720), None), Some(ids[1]), "the highest that sends");
        assert_eq!(select(&all, Wanted::Highest, Some(ids[0])), Some(ids[2]));
        assert_eq!(select(&[], Wanted::Highest, Some(ids[0])), None);
    }

    #[test]
    fn a_tile_that_trembles_around_a_border_keeps_its_encoding() {
        let ids = encodings();
        let all = ladder(&simulcast(ids));
        for shown in [ids[1], ids[2]] {
            for wanted in [385, 400, 415] {
                assert_eq!(select(&all, Wanted::Height(wanted), Some(shown)), Some(shown), "{wanted}");
            }
        }
        assert_eq!(select(&all, Wanted::Height(430), Some(ids[1])), Some(ids[2]));
        assert_eq!(select(&all, Wanted::Height(370), Some(ids[2])), Some(ids[1]));
        assert_eq!(select(&all, Wanted::Height(400), Some(ids[0])), Some(ids[1]), "a step, not a leap");
    }

    #[test]
    fn without_heights_the_order_is_that_of_the_bytes() {
        let ids = encodings();
        let unknown =
            |at: usize, bytes| Candidate { encoding: ids[at], height: None, bytes, bps: None, thinned_bps: [None; 3] };
        let all = [unknown(0, 900), unknown(1, 100), unknown(2, 300)];
        for (wanted, place) in [(100, 1), (360, 2), (700, 0)] {
            assert_eq!(select(&ladder(&all), Wanted::Height(wanted), None), Some(ids[place]), "{wanted}");
        }
        assert_eq!(select(&ladder(&all[1..2]), Wanted::Height(2_000), None), Some(ids[1]), "the only one");
    }
}
