//! One packet's walk through counter mode and GHASH.

use std::arch::x86_64::*;

use super::aes::{
    FIRST_COUNTER, LAST_COUNTER, ROUND_KEYS, big_endian, encrypt_block, first_counters, next_counters, with_tag_counter,
};
use super::ghash::{Product, lengths, reversed};
use super::memory::{first_bytes, load, load_part, store, store_block, store_part};
use super::{BLOCK_BYTES, GROUP, GROUP_BYTES, LANES, REGISTER_BYTES, WideKey};

type Group = [__m512i; GROUP];

/// One packet, its payload cut into whole groups and the rest.
pub(super) struct Packet<'a> {
    pub(super) nonce: &'a [u8; 12],
    pub(super) aad: &'a [u8],
    pub(super) groups: &'a mut [[u8; GROUP_BYTES]],
    pub(super) rest: &'a mut [u8],
}

impl Packet<'_> {
    /// A packet whose last group has `N` registers, and with `GROUPS` has whole groups before it.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline(never)]
    pub(super) fn crypt<const N: usize, const GROUPS: bool, const OPEN: bool>(
        self,
        key: &WideKey,
    ) -> [u8; BLOCK_BYTES] {
        let Self { nonce, aad, groups, rest } = self;
        let payload_len = groups.as_flattened().len() + rest.len();
        let rounds = key.round_keys();
        let run = Run { key, rounds: &rounds, aad_len: aad.len(), payload_len };
        let mut counter = first_counters(nonce);
        let (header, header_blocks) = run.header(aad);
        let mut before = Before { texts: [header; GROUP], sum: header, header_blocks };
        if GROUPS {
            // Without a header zeros are multiplied, by whatever.
            before.sum = Product::of(header, key.powers_from(header_blocks.max(1))).fold();
            let mut groups = groups.iter_mut();
            if let Some(first) = groups.next() {
                let states = run.middle_rounds(run.first_round(&mut counter));
                before.texts = run.last_round::<OPEN>(states, first);
            }
            for group in groups {
                let mut states = run.first_round(&mut counter);
                before.sum = run.middle_rounds_and_hash(&mut states, before.texts, before.sum);
                before.texts = run.last_round::<OPEN>(states, group);
            }
        }
        let mut tag = [0; BLOCK_BYTES];
        store_block(&mut tag, run.finish::<N, GROUPS, OPEN>(counter, before, rest));
        tag
    }
}

/// What one packet needs throughout.
struct Run<'a> {
    key: &'a WideKey,
    rounds: &'a [__m512i; ROUND_KEYS],
    aad_len: usize,
    payload_len: usize,
}

/// What is not hashed yet when the last group begins.
struct Before {
    /// Ciphertext of the group before.
    texts: Group,
    /// To be added to the first block of `texts`; without a group before, the header.
    sum: __m512i,
    header_blocks: usize,
}

impl Run<'_> {
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn first_round(&self, counter: &mut __m512i) -> Group {
        let [whitening, ..] = *self.rounds;
        let mut states = [_mm512_setzero_si512(); GROUP];
        for state in &mut states {
            *state = _mm512_xor_si512(big_endian(*counter), whitening);
            *counter = next_counters(*counter);
        }
        states
    }

    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn middle_rounds<const N: usize>(&self, mut states: [__m512i; N]) -> [__m512i; N] {
        let [_, middle @ .., _] = self.rounds;
        for key in middle {
            for state in &mut states {
                *state = _mm512_aesenc_epi128(*state, *key);
            }
        }
        states
    }

    /// As [`Self::middle_rounds`], and the hash up to and with `texts`, which begins with `sum`.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn middle_rounds_and_hash<const N: usize>(&self, states: &mut [__m512i; N], texts: Group, sum: __m512i) -> __m512i {
        let [_, middle @ .., _] = self.rounds;
        let mut product = Product::zero();
        // The text that `sum` belongs to comes last: it is the last to be there.
        let mut texts = texts.iter().enumerate().rev();
        for key in middle {
            for state in states.iter_mut() {
                *state = _mm512_aesenc_epi128(*state, *key);
            }
            if let Some((place, text)) = texts.next() {
                let text = if place == 0 { _mm512_xor_si512(*text, sum) } else { *text };
                product.add(text, self.key.powers_from(LANES * (GROUP - place)));
            }
        }
        product.fold()
    }

    /// Encrypts or decrypts a group; its ciphertext, bytes reversed.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn last_round<const OPEN: bool>(&self, mut states: Group, group: &mut [u8; GROUP_BYTES]) -> Group {
        let [.., last] = *self.rounds;
        let (registers, _) = group.as_chunks_mut::<REGISTER_BYTES>();
        for (register, state) in registers.iter_mut().zip(&mut states) {
            let data = load(register);
            let out = _mm512_aesenclast_epi128(*state, _mm512_xor_si512(last, data));
            store(register, out);
            *state = reversed(if OPEN { data } else { out });
        }
        states
    }

    /// The last group, of `N` registers, and the tag. With `GROUP_BEFORE` there is a group before it that is not hashed yet.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn finish<const N: usize, const GROUP_BEFORE: bool, const OPEN: bool>(
        &self,
        mut counter: __m512i,
        before: Before,
        rest: &mut [u8],
    ) -> __m128i {
        let [whitening, .., last] = *self.rounds;
        let blocks = rest.len().div_ceil(BLOCK_BYTES);
        let lane = blocks % LANES;
        let spare = lane != 0 || blocks == 0;
        let mut mask = _mm_setzero_si128();
        if !spare {
            let first = big_endian(with_tag_counter(counter, FIRST_COUNTER));
            // Held where it is: at the end nothing would hide its latency, and the round keys have left their registers.
            mask = std::hint::black_box(encrypt_block(self.rounds, _mm512_castsi512_si128(first)));
        }

        let mut states = [whitening; N];
        for (place, state) in states.iter_mut().enumerate() {
            let chosen = if spare && place + 1 == N { LAST_COUNTER } else { 0 };
            *state = _mm512_xor_si512(big_endian(with_tag_counter(counter, chosen)), whitening);
            counter = next_counters(counter);
        }
        let (mut sum, mut product) = (before.sum, Product::zero());
        if GROUP_BEFORE {
            sum = self.middle_rounds_and_hash(&mut states, before.texts, sum);
        } else {
            product = Product::of(sum, self.key.powers_from(before.header_blocks + blocks + 1));
            sum = _mm512_setzero_si512();
            states = self.middle_rounds(states);
        }

        let mut exponent = blocks + 1;
        let (whole, part) = rest.split_at_mut_checked(REGISTER_BYTES * (N - 1)).unwrap_or_default();
        let (whole, _) = whole.as_chunks_mut::<REGISTER_BYTES>();
        for (register, state) in whole.iter_mut().zip(&states) {
            let data = load(register);
            let out = _mm512_aesenclast_epi128(*state, _mm512_xor_si512(last, data));
            store(register, out);
            let text = reversed(if OPEN { data } else { out });
            product.add(_mm512_xor_si512(text, sum), self.key.powers_from(exponent));
            sum = _mm512_setzero_si512();
            exponent -= LANES;
        }
        let data = load_part(part);
        let state = states.last().copied().unwrap_or(whitening);
        let out = _mm512_aesenclast_epi128(state, _mm512_xor_si512(last, data));
        store_part(part, out);
        let text = if OPEN { data } else { _mm512_maskz_mov_epi8(first_bytes(part.len()), out) };
        let mut text = _mm512_xor_si512(reversed(text), sum);
        let lengths = lengths(self.aad_len, self.payload_len);
        if spare {
            text = _mm512_mask_broadcast_i32x4(text, 0xF << (4 * lane), lengths);
            mask = _mm512_extracti32x4_epi32::<3>(out);
        } else {
            product.add(_mm512_zextsi128_si512(lengths), self.key.powers_from(1));
        }
        product.add(text, self.key.powers_from(exponent));
        let hash = _mm512_castsi512_si128(reversed(product.fold()));
        _mm_xor_si128(hash, mask)
    }

    /// The last register of `aad`, with all before it hashed into its first lane; and its blocks.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    fn header(&self, aad: &[u8]) -> (__m512i, usize) {
        let (whole, last) = aad.split_at(aad.len().saturating_sub(1) / REGISTER_BYTES * REGISTER_BYTES);
        let mut sum = _mm512_setzero_si512();
        let (registers, _) = whole.as_chunks::<REGISTER_BYTES>();
        for register in registers {
            let text = _mm512_xor_si512(reversed(load(register)), sum);
            sum = Product::of(text, self.key.powers_from(LANES)).fold();
        }
        (_mm512_xor_si512(reversed(load_part(last)), sum), last.len().div_ceil(BLOCK_BYTES))
    }
}
