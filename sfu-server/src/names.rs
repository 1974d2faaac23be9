//! Names for those who bring none.

use sfu_core::id::{Identity, NameError};

use crate::directory::Kind;

/// Letters and digits that are hard to mistake for one another.
const EASY: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// An identity of 40 random bits.
pub fn made_up(kind: Kind) -> Result<Identity, NameError> {
    let prefix = match kind {
        Kind::Whip => 'p',
        Kind::Whep => 'v',
        Kind::Meet => 'r',
    };
    let letters: u64 = rand::random();
    let tail = (0..8).filter_map(|i| EASY.get(usize::try_from((letters >> (5 * i)) & 31).ok()?));
    let name: String = [prefix, '-'].into_iter().chain(tail.map(|letter| char::from(*letter))).collect();
    Identity::new(&name)
}
