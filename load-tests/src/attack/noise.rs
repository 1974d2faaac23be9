//! Datagrams of nobody: what a flood consists of, and forged ClientHellos.

use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::AttackError;
use crate::lean::dtls::{Handshake, Identity};
use crate::lean::ice::{Checks, Credentials, IceRole};

/// Datagrams of each kind that are made once; each time one is sent, its random parts are drawn anew.
const MADE: usize = 16;
/// Where a ClientHello's random stands in its datagram: behind the headers of record (13) and message (12), and the version.
const HELLO_RANDOM: std::ops::Range<usize> = 27..59;
/// Where a STUN transaction's id stands (RFC 8489 §5).
const STUN_ID: std::ops::Range<usize> = 8..20;
/// SSRC and sequence number (RFC 3550 §5.1).
const RTP_NUMBER: std::ops::Range<usize> = 2..12;

/// What a datagram claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Random,
    /// Checks of a fragment that nobody has, and others whose integrity is wrong.
    Stun,
    ClientHello,
    Rtp,
    Mixed,
}

const PLAIN: [Kind; 4] = [Kind::Random, Kind::Stun, Kind::ClientHello, Kind::Rtp];

/// Makes datagrams.
pub(super) struct Noise {
    random: StdRng,
    hellos: Vec<Vec<u8>>,
    checks: Vec<Vec<u8>>,
    scratch: Vec<u8>,
}

impl Noise {
    /// `ufrag` is a fragment that the server knows, for checks whose integrity alone is wrong.
    pub(super) fn new(seed: u64, identity: &Arc<Identity>, ufrag: &str) -> Result<Self, AttackError> {
        let mut random = StdRng::seed_from_u64(seed);
        let hellos = (0..MADE).map(|_| hello(identity)).collect::<Result<_, _>>()?;
        let checks = (0..MADE).map(|number| {
            let ufrag = match number % 2 {
                0 => ufrag.to_owned(),
                _ => format!("x{:07x}", random.random::<u32>() >> 4),
            };
            check(identity, ufrag, random.random())
        });
        let checks = checks.collect::<Option<_>>().ok_or_else(|| AttackError::Dtls("no STUN request".to_owned()))?;
        Ok(Self { random, hellos, checks, scratch: Vec::new() })
    }

    /// The next datagram.
    pub(super) fn next(&mut self, kind: Kind) -> &[u8] {
        let kind = match kind {
            Kind::Mixed => PLAIN.choose(&mut self.random).copied().unwrap_or(Kind::Random),
            plain => plain,
        };
        self.scratch.clear();
        let drawn = match kind {
            Kind::Random | Kind::Mixed => {
                let length = self.random.random_range(1..1_400);
                self.scratch.resize(length, 0);
                0..length
            }
            Kind::Stun => self.copy(STUN_ID, |noise| &noise.checks),
            Kind::ClientHello => self.copy(HELLO_RANDOM, |noise| &noise.hellos),
            Kind::Rtp => {
                let length = self.random.random_range(40..1_200);
                self.scratch.resize(length, 0x5a);
                // Version 2, payload type 96.
                for (byte, value) in self.scratch.iter_mut().zip([0x80, 96]) {
                    *byte = value;
                }
                RTP_NUMBER
            }
        };
        if let Some(drawn) = self.scratch.get_mut(drawn) {
            self.random.fill(drawn);
        }
        &self.scratch
    }

    fn copy(&mut self, drawn: std::ops::Range<usize>, of: fn(&Self) -> &Vec<Vec<u8>>) -> std::ops::Range<usize> {
        let place = self.random.random_range(0..MADE);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.extend_from_slice(of(self).get(place).map_or(&[][..], Vec::as_slice));
        self.scratch = scratch;
        drawn
    }
}

/// A ClientHello as a client of `identity` begins with.
fn hello(identity: &Arc<Identity>) -> Result<Vec<u8>, AttackError> {
    let failed = |why: String| AttackError::Dtls(why);
    let mut handshake = Handshake::start(Instant::now(), Arc::clone(identity), Vec::new())
        .map_err(|error| failed(error.to_string()))?;
    Ok(handshake.poll_transmit().ok_or_else(|| failed("no ClientHello".to_owned()))?.to_vec())
}

/// A check under a password that is not the server's.
fn check(identity: &Identity, ufrag: String, tie_breaker: u64) -> Option<Vec<u8>> {
    let now = Instant::now();
    let wrong = Credentials { ufrag, pwd: "this-is-not-the-password-at-all".to_owned() };
    let local = Credentials { ufrag: "stranger".to_owned(), pwd: "of-no-importance-whatsoever".to_owned() };
    Checks::new(now, IceRole::Controlling, local, wrong, tie_breaker, Arc::clone(&identity.provider))
        .handle_timeout(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_what_it_claims_and_no_two_are_alike() {
        let identity = Arc::new(Identity::generate().unwrap());
        let mut noise = Noise::new(1, &identity, "known").unwrap();
        let first = |kind: Kind, noise: &mut Noise| {
            let (one, other) = (noise.next(kind).to_vec(), noise.next(kind).to_vec());
            assert_ne!(one, other);
            (one[0], one)
        };
        assert!(first(Kind::Stun, &mut noise).0 < 4);
        let (content, hello) = first(Kind::ClientHello, &mut noise);
        assert_eq!((content, hello[13]), (22, 1), "a handshake record that holds a ClientHello");
        assert_eq!(hello[25..27], [0xfe, 0xfd], "the random comes behind DTLS 1.2");
        assert_eq!(first(Kind::Rtp, &mut noise).0, 0x80);
        first(Kind::Mixed, &mut noise);
    }
}
