//! AES-128 (FIPS 197): its key schedule, and the counters that it encrypts.

use std::arch::x86_64::*;

use super::BLOCK_BYTES;
use super::memory::load_block;

/// Round keys of AES-128, the whitening first.
pub(super) const ROUND_KEYS: usize = 11;
/// The counter in the first lane, and in the last.
pub(super) const FIRST_COUNTER: __mmask16 = 1 << 3;
pub(super) const LAST_COUNTER: __mmask16 = 1 << 15;

/// The key schedule (FIPS 197 §5.2).
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn expand(key: __m128i) -> [__m128i; ROUND_KEYS] {
    let k1 = next_round_key::<0x01>(key);
    let k2 = next_round_key::<0x02>(k1);
    let k3 = next_round_key::<0x04>(k2);
    let k4 = next_round_key::<0x08>(k3);
    let k5 = next_round_key::<0x10>(k4);
    let k6 = next_round_key::<0x20>(k5);
    let k7 = next_round_key::<0x40>(k6);
    let k8 = next_round_key::<0x80>(k7);
    let k9 = next_round_key::<0x1B>(k8);
    let k10 = next_round_key::<0x36>(k9);
    [key, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10]
}

#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
fn next_round_key<const CONSTANT: i32>(key: __m128i) -> __m128i {
    let rotated = _mm_shuffle_epi32::<0xFF>(_mm_aeskeygenassist_si128::<CONSTANT>(key));
    let key = _mm_xor_si128(key, _mm_slli_si128::<4>(key));
    let key = _mm_xor_si128(key, _mm_slli_si128::<8>(key));
    _mm_xor_si128(key, rotated)
}

/// One block, with the first lane of each round key.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn encrypt_block(rounds: &[__m512i; ROUND_KEYS], block: __m128i) -> __m128i {
    let [whitening, middle @ .., last] = rounds;
    let mut state = _mm_xor_si128(block, _mm512_castsi512_si128(*whitening));
    for key in middle {
        state = _mm_aesenc_si128(state, _mm512_castsi512_si128(*key));
    }
    _mm_aesenclast_si128(state, _mm512_castsi512_si128(*last))
}

/// Counters 2 to 5 behind the nonce, one a lane, lowest byte first.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn first_counters(nonce: &[u8; 12]) -> __m512i {
    let mut block = [0; BLOCK_BYTES];
    for (to, from) in block.iter_mut().zip(nonce) {
        *to = *from;
    }
    let counters = _mm512_set_epi32(5, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0);
    _mm512_or_si512(_mm512_broadcast_i32x4(load_block(&block)), counters)
}

#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn next_counters(counters: __m512i) -> __m512i {
    _mm512_add_epi32(counters, _mm512_broadcast_i32x4(_mm_set_epi32(4, 0, 0, 0)))
}

/// With 1, the counter of the tag's mask, in the counters that are `chosen`.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn with_tag_counter(counters: __m512i, chosen: __mmask16) -> __m512i {
    _mm512_mask_mov_epi32(counters, chosen, _mm512_set1_epi32(1))
}

/// Counters as the standard has them, highest byte first.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn big_endian(counters: __m512i) -> __m512i {
    let order = _mm_set_epi8(12, 13, 14, 15, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    _mm512_shuffle_epi8(counters, _mm512_broadcast_i32x4(order))
}
