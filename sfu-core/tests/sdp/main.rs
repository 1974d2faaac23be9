//! Offers of real clients and of hostile ones, answered through the public interface.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod data_channels;
mod fragment;
mod further;
mod golden;
mod negotiation;
mod properties;
mod refusals;

use std::net::SocketAddr;

use rand::RngCore;
use sfu_core::sdp::{Accepted, Local, Purpose, SdpError, answer};
use sfu_core::transport::{Fingerprint, FingerprintHash, IceCredentials};

/// Counts, so that golden answers do not depend on a generator's version.
#[derive(Debug)]
pub struct Counter(pub u64);

impl RngCore for Counter {
    fn next_u32(&mut self) -> u32 {
        u32::try_from(self.next_u64()).unwrap()
    }

    fn next_u64(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Answers with fixed credentials, certificate and addresses.
pub fn answer_fixed(offer: &str, purpose: Purpose) -> Result<Accepted, SdpError> {
    with_local(|local| answer(offer, purpose, local, &mut Counter(1_000_000)))
}

pub fn with_local<T>(f: impl FnOnce(&Local<'_>) -> T) -> T {
    let ice = IceCredentials { ufrag: "sfuUfrag".to_owned(), pwd: "sfuPasswordOf24Characters".to_owned() };
    let fingerprint = Fingerprint { hash: FingerprintHash::Sha256, bytes: (0..32).map(|byte| byte * 7).collect() };
    let candidates: [SocketAddr; 2] = ["192.0.2.1:7882".parse().unwrap(), "[2001:db8::1]:7882".parse().unwrap()];
    f(&Local { ice: &ice, fingerprint: &fingerprint, candidates: &candidates, tcp: false, cname: "sfu" })
}
