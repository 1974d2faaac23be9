//! What the library draws at random and must not. Nonces of DTLS records are counted: sixty-four random bits repeat after some
//! 2³² records, and one repetition under GCM gives the key's secrets away (RFC 5116 §3.2, RFC 5288 §3). A server's cookie is the
//! one that [`super::dtls_cookie`] has asked of the client already.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crypto::{CryptoError, RTCCrypto, RTCCryptoProvider, RTCRandom};

use super::dtls_cookie::Cookie;

/// Bytes of a record's explicit nonce; nothing else that the library draws is of this size.
const EXPLICIT_NONCE_BYTES: usize = 8;

/// The process's provider with one handshake's nonce counter and cookie; one per set of keys.
pub(super) struct CountedNonces {
    provider: Arc<dyn RTCCryptoProvider>,
    next: AtomicU64,
    /// A server's. Nothing else that the library draws is of its size.
    cookie: Option<Cookie>,
}

impl fmt::Debug for CountedNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedNonces").field("next", &self.next).finish_non_exhaustive()
    }
}

impl CountedNonces {
    pub(super) fn new(provider: Arc<dyn RTCCryptoProvider>, cookie: Option<Cookie>) -> Self {
        Self { provider, next: AtomicU64::new(0), cookie }
    }
}

impl RTCCryptoProvider for CountedNonces {
    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn crypto(&self) -> &dyn RTCCrypto {
        self.provider.crypto()
    }

    fn random(&self) -> &dyn RTCRandom {
        self
    }
}

impl RTCRandom for CountedNonces {
    fn fill(&self, output: &mut [u8]) -> Result<(), CryptoError> {
        if let Ok(nonce) = <&mut [u8; EXPLICIT_NONCE_BYTES]>::try_from(&mut *output) {
            *nonce = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            return Ok(());
        }
        match (<&mut Cookie>::try_from(&mut *output), &self.cookie) {
            (Ok(place), Some(cookie)) => {
                place.clone_from(cookie);
                Ok(())
            }
            _ => self.provider.random().fill(output),
        }
    }
}
