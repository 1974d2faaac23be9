//! What an estimate may be at most: what it was made with, and what the receiver says that it can take (REMB,
//! draft-alvestrand-rmcat-remb-03), for as long as it says so.

use super::rate_control::Bounds;

/// How long the receiver's word holds, µs. Receivers that mean it say it every second.
const EXPIRY_US: u64 = 5_000_000;

/// Both of them.
#[derive(Debug)]
pub struct Ceiling {
    made_with: Bounds,
    /// When, and what.
    said: Option<(u64, u64)>,
}

impl Ceiling {
    pub fn new(made_with: Bounds) -> Self {
        Self { made_with, said: None }
    }

    /// The receiver says so.
    pub fn set_receiver(&mut self, now_us: u64, bps: u64) {
        self.said = Some((now_us, bps));
    }

    /// What is in force. The floor gives way to nothing: below it a transport carries no sound.
    pub fn bounds(&self, now_us: u64) -> Bounds {
        let said = self.said.filter(|(at_us, _)| now_us.saturating_sub(*at_us) < EXPIRY_US).map(|(_, bps)| bps);
        Bounds { max_bps: said.map_or(self.made_with.max_bps, |bps| bps.min(self.made_with.max_bps)), ..self.made_with }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_holds_and_the_receivers_word_expires() {
        let mut ceiling = Ceiling::new(Bounds { min_bps: 10, max_bps: 1_000 });
        assert_eq!(ceiling.bounds(0).max_bps, 1_000);
        ceiling.set_receiver(1_000_000, 300);
        assert_eq!(ceiling.bounds(5_999_999).max_bps, 300);
        assert_eq!(ceiling.bounds(6_000_000), Bounds { min_bps: 10, max_bps: 1_000 });
    }
}
