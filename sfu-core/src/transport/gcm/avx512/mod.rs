//! AES-128-GCM (NIST SP 800-38D) in AVX-512 with VAES and VPCLMULQDQ: four blocks a register, in place, without allocation.
//!
//! Counter mode and GHASH run side by side: while AES works on one group of [`GROUP`] registers, the group before is
//! multiplied by as many powers of H as it has blocks, and reduced once. The last group, of any length, has two more things to
//! encrypt and to hash, the tag's mask and the lengths: both go into lanes of its last register where one is free.
//!
//! Invariants: a [`WideKey`] exists only where the processor has every instruction used here. Memory is touched in [`memory`]
//! alone, which takes slices and arrays; it and this file hold the crate's only `unsafe`. Neither branches nor addresses depend
//! on secrets, only on lengths.

mod aes;
mod ghash;
mod memory;
mod packet;

use std::arch::x86_64::*;

use zeroize::Zeroize;

use aes::{ROUND_KEYS, encrypt_block, expand};
use ghash::{PADDING, POWERS, Product, times_x};
use memory::{load, load_block, store_block};
use packet::Packet;

/// Blocks in a register.
const LANES: usize = 4;
/// Registers in a group. Fewer leave AES's latency uncovered; more do not fit into the 32 registers beside the round keys.
const GROUP: usize = 4;
const BLOCK_BYTES: usize = 16;
const REGISTER_BYTES: usize = LANES * BLOCK_BYTES;
const GROUP_BYTES: usize = GROUP * REGISTER_BYTES;

/// Round keys and powers of H.
#[repr(C, align(64))]
pub(super) struct WideKey {
    /// From the highest power down to H, then zeros.
    powers: [[u8; BLOCK_BYTES]; POWERS + PADDING],
    rounds: [[u8; BLOCK_BYTES]; ROUND_KEYS],
}

impl Drop for WideKey {
    fn drop(&mut self) {
        self.powers.zeroize();
        self.rounds.zeroize();
    }
}

impl WideKey {
    /// `None` unless the processor has all that is used here.
    pub(super) fn new(key: &[u8; BLOCK_BYTES]) -> Option<Box<Self>> {
        let available = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("vpclmulqdq")
            && is_x86_feature_detected!("pclmulqdq");
        if !available {
            return None;
        }
        // Boxed before it is filled: a move would leave a copy of the key behind.
        let empty = Self { powers: [[0; BLOCK_BYTES]; POWERS + PADDING], rounds: [[0; BLOCK_BYTES]; ROUND_KEYS] };
        let mut made = Box::new(empty);
        // SAFETY: the features of `fill` were just found.
        unsafe { made.fill(key) };
        Some(made)
    }

    /// Encrypts `payload` in place; the tag over `aad` and the ciphertext.
    pub(super) fn seal(&self, nonce: &[u8; 12], aad: &[u8], payload: &mut [u8]) -> [u8; BLOCK_BYTES] {
        // SAFETY: `new` makes keys only where the features of `crypt` are there.
        unsafe { self.crypt::<false>(nonce, aad, payload) }
    }

    /// Decrypts `payload` in place; the tag over `aad` and the ciphertext, for the caller to compare.
    pub(super) fn open(&self, nonce: &[u8; 12], aad: &[u8], payload: &mut [u8]) -> [u8; BLOCK_BYTES] {
        // SAFETY: as in `seal`.
        unsafe { self.crypt::<true>(nonce, aad, payload) }
    }

    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    fn fill(&mut self, key: &[u8; BLOCK_BYTES]) {
        for (to, from) in self.rounds.iter_mut().zip(expand(load_block(key))) {
            store_block(to, from);
        }
        let mut h = [0; BLOCK_BYTES];
        store_block(&mut h, encrypt_block(&self.round_keys(), _mm_setzero_si128()));
        h = times_x(h);
        let h1 = _mm512_zextsi128_si512(load_block(&h));
        h.zeroize();
        let mut power = h1;
        for to in self.powers.iter_mut().take(POWERS).rev() {
            store_block(to, _mm512_castsi512_si128(power));
            power = Product::of(power, h1).reduce();
        }
    }

    /// Picks the code by the length of the last group, so that it is a straight line.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    fn crypt<const OPEN: bool>(&self, nonce: &[u8; 12], aad: &[u8], payload: &mut [u8]) -> [u8; BLOCK_BYTES] {
        let (groups, rest) = payload.split_at_mut(payload.len().saturating_sub(1) / GROUP_BYTES * GROUP_BYTES);
        let (groups, _) = groups.as_chunks_mut::<GROUP_BYTES>();
        let registers = rest.len().div_ceil(REGISTER_BYTES);
        let packet = Packet { nonce, aad, groups, rest };
        match (registers, packet.groups.is_empty()) {
            (0 | 1, true) => packet.crypt::<1, false, OPEN>(self),
            (2, true) => packet.crypt::<2, false, OPEN>(self),
            (3, true) => packet.crypt::<3, false, OPEN>(self),
            (_, true) => packet.crypt::<4, false, OPEN>(self),
            (0 | 1, false) => packet.crypt::<1, true, OPEN>(self),
            (2, false) => packet.crypt::<2, true, OPEN>(self),
            (3, false) => packet.crypt::<3, true, OPEN>(self),
            (_, false) => packet.crypt::<4, true, OPEN>(self),
        }
    }

    /// Each round key in all lanes.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn round_keys(&self) -> [__m512i; ROUND_KEYS] {
        let mut keys = [_mm512_setzero_si512(); ROUND_KEYS];
        for (to, from) in keys.iter_mut().zip(&self.rounds) {
            *to = _mm512_broadcast_i32x4(load_block(from));
        }
        keys
    }

    /// A register of powers, the first of which is H to the `exponent`.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn powers_from(&self, exponent: usize) -> __m512i {
        let first = BLOCK_BYTES * POWERS.wrapping_sub(exponent);
        let powers = self.powers.as_flattened().get(first..).and_then(|powers| powers.first_chunk());
        debug_assert!(powers.is_some(), "no power {exponent}");
        powers.map_or(_mm512_setzero_si512(), |powers| load(powers))
    }
}
