//! Loads and stores, within slices: no caller can reach beyond what it was given. No alignment is asked for.

use std::arch::x86_64::*;

use super::{BLOCK_BYTES, REGISTER_BYTES};

/// The bits of the first `len` bytes of a register.
pub(super) fn first_bytes(len: usize) -> __mmask64 {
    if len < REGISTER_BYTES { (1 << len) - 1 } else { __mmask64::MAX }
}

#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn load(register: &[u8; REGISTER_BYTES]) -> __m512i {
    // SAFETY: the array is as long as a register.
    unsafe { _mm512_loadu_si512(register.as_ptr().cast()) }
}

#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn store(register: &mut [u8; REGISTER_BYTES], value: __m512i) {
    // SAFETY: as in `load`.
    unsafe { _mm512_storeu_si512(register.as_mut_ptr().cast(), value) }
}

/// The first 64 bytes, or what there is of them and zeros.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn load_part(bytes: &[u8]) -> __m512i {
    // SAFETY: the mask leaves out what lies behind `bytes`, and what is left out is not read.
    unsafe { _mm512_maskz_loadu_epi8(first_bytes(bytes.len()), bytes.as_ptr().cast()) }
}

/// As many bytes as there are, at most 64.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn store_part(bytes: &mut [u8], value: __m512i) {
    // SAFETY: the mask leaves out what lies behind `bytes`, and what is left out is not written.
    unsafe { _mm512_mask_storeu_epi8(bytes.as_mut_ptr().cast(), first_bytes(bytes.len()), value) }
}

#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn load_block(block: &[u8; BLOCK_BYTES]) -> __m128i {
    // SAFETY: as in `load`.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn store_block(block: &mut [u8; BLOCK_BYTES], value: __m128i) {
    // SAFETY: as in `load`.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), value) }
}
