//! ICE credentials (RFC 8445 §5.3, RFC 8839 §5.4).

use std::fmt;

use rand::Rng;

/// Characters of a username fragment: 48 bits, so that two transports of a shard do not share one.
const UFRAG_CHARS: usize = 8;
/// Characters of a password: 192 bits; the RFC asks for 128.
const PWD_CHARS: usize = 32;
/// `ice-char`; 64 of them, so that six random bits choose one without bias.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Username fragment and password of one ICE generation (RFC 8839 §5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    pub ufrag: String,
    pub pwd: String,
}

impl IceCredentials {
    /// Draws new credentials; outside simulations `rng` must be cryptographically secure (RFC 8445 §19.4).
    pub fn generate(rng: &mut impl Rng) -> Self {
        Self { ufrag: ice_chars(rng, UFRAG_CHARS), pwd: ice_chars(rng, PWD_CHARS) }
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

fn ice_chars(rng: &mut impl Rng, count: usize) -> String {
    (0..count)
        .filter_map(|_| ICE_CHARS.get(usize::from(rng.random::<u8>() % 64)))
        .map(|byte| char::from(*byte))
        .collect()
}
