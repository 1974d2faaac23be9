//! AES-128-GCM of one packet in place: the AEAD of RFC 7714. Which code does it is chosen once per key, by what the processor has.
//! Knows nothing of SRTP; never allocates after the key is made. Its caller is [`super::srtp_cipher`].

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "loads and stores of vector registers, and calls of code for processors that have them")]
mod avx512;

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;

/// Bytes of an AES-128 key.
pub const KEY_BYTES: usize = 16;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;

/// Whose code encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GcmProvider {
    /// Ours, on x86-64 with AVX-512 (F and BW), VAES and VPCLMULQDQ.
    Avx512,
    /// aws-lc's, everywhere.
    AwsLc,
}

/// A key of AES-128-GCM; wiped when it is dropped.
pub struct GcmKey(Inner);

enum Inner {
    #[cfg(target_arch = "x86_64")]
    Avx512(Box<avx512::WideKey>),
    AwsLc(LessSafeKey),
}

impl fmt::Debug for GcmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GcmKey").field(&self.provider()).finish()
    }
}

impl GcmKey {
    /// With the fastest provider that this machine has; `None` only if aws-lc is all there is, and fails.
    pub fn new(key: &[u8; KEY_BYTES]) -> Option<Self> {
        // Unoptimised, every instruction of ours is a call, and a debug build's packets would wait for it.
        let ours = if cfg!(debug_assertions) { None } else { Self::with(GcmProvider::Avx512, key) };
        ours.or_else(|| Self::with(GcmProvider::AwsLc, key))
    }

    /// With a provider of the caller's choice; `None` if this machine does not have it.
    pub fn with(provider: GcmProvider, key: &[u8; KEY_BYTES]) -> Option<Self> {
        match provider {
            #[cfg(target_arch = "x86_64")]
            GcmProvider::Avx512 => avx512::WideKey::new(key).map(|key| Self(Inner::Avx512(key))),
            #[cfg(not(target_arch = "x86_64"))]
            GcmProvider::Avx512 => None,
            GcmProvider::AwsLc => {
                let key = UnboundKey::new(&AES_128_GCM, key).ok()?;
                Some(Self(Inner::AwsLc(LessSafeKey::new(key))))
            }
        }
    }

    /// Whose code this key uses.
    pub fn provider(&self) -> GcmProvider {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Inner::Avx512(_) => GcmProvider::Avx512,
            Inner::AwsLc(_) => GcmProvider::AwsLc,
        }
    }

    /// Encrypts `payload` in place and returns the tag over `aad` and the ciphertext; `None` only if the provider fails. The
    /// caller never uses a nonce twice.
    pub fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], payload: &mut [u8]) -> Option<[u8; TAG_BYTES]> {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Inner::Avx512(key) => Some(key.seal(nonce, aad, payload)),
            Inner::AwsLc(key) => {
                let nonce = Nonce::assume_unique_for_key(*nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), payload).ok()?;
                tag.as_ref().try_into().ok()
            }
        }
    }

    /// Decrypts `payload` in place; false, with `payload` wiped, unless `tag` is the tag over `aad` and the ciphertext.
    #[must_use]
    pub fn open(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], payload: &mut [u8], tag: &[u8]) -> bool {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Inner::Avx512(key) => {
                let expected = key.open(nonce, aad, payload);
                let authentic = verify_slices_are_equal(&expected, tag).is_ok();
                // It was decrypted while it was hashed, and nobody may see what it would have said.
                if !authentic {
                    payload.fill(0);
                }
                authentic
            }
            Inner::AwsLc(key) => {
                let nonce = Nonce::assume_unique_for_key(*nonce);
                let opened = key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, payload).is_ok();
                if !opened {
                    payload.fill(0);
                }
                opened
            }
        }
    }
}
