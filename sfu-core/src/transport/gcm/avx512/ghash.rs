//! GHASH's field: 128-bit polynomials, four at a time. Bytes of a block are reversed and H is multiplied by x, so that
//! products need no shift (RFC 8452, appendix A) and two multiplications reduce them.

use std::arch::x86_64::*;

use super::{BLOCK_BYTES, GROUP, LANES};

/// Powers of H: for a group, a register of header before it, and the lengths behind it.
pub(super) const POWERS: usize = GROUP * LANES + LANES + 1;
/// Zeros behind the powers, so that a register that begins with the last power can be read.
pub(super) const PADDING: usize = LANES - 1;
/// x¹²⁸ + x¹²⁷ + x¹²⁶ + x¹²¹ + 1 without its first term.
const POLYNOMIAL: u128 = 0xC200_0000_0000_0000_0000_0000_0000_0001;
/// The polynomial's upper half, all of it that a step of 64 bits needs.
const REDUCTION: i64 = 0xC200_0000_0000_0000_u64.cast_signed();
/// Swaps the halves of each lane.
const HALVES: _MM_PERM_ENUM = 0x4E;
/// The truth table of a ^ b ^ c.
const XOR: i32 = 0x96;

/// H, as AES gives it, times x, as powers of it are kept.
pub(super) fn times_x(h: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
    let h = u128::from_be_bytes(h);
    // A mask and no branch: the bit is secret.
    let carry = 0_u128.wrapping_sub(h >> 127);
    ((h << 1) ^ (POLYNOMIAL & carry)).to_le_bytes()
}

/// A product of 127-bit polynomials in each lane, not reduced: the sum of as many as are added.
#[derive(Clone, Copy)]
pub(super) struct Product {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl Product {
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    pub(super) fn zero() -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: zero, middle: zero, high: zero }
    }

    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    pub(super) fn of(text: __m512i, power: __m512i) -> Self {
        let mut product = Self::zero();
        product.add(text, power);
        product
    }

    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    pub(super) fn add(&mut self, text: __m512i, power: __m512i) {
        let (one, other) =
            (_mm512_clmulepi64_epi128::<0x01>(text, power), _mm512_clmulepi64_epi128::<0x10>(text, power));
        self.low = _mm512_xor_si512(self.low, _mm512_clmulepi64_epi128::<0x00>(text, power));
        self.high = _mm512_xor_si512(self.high, _mm512_clmulepi64_epi128::<0x11>(text, power));
        self.middle = _mm512_ternarylogic_epi64::<XOR>(self.middle, one, other);
    }

    /// Lane by lane modulo the polynomial, the lower half in two steps of 64 bits (Montgomery's way).
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    pub(super) fn reduce(self) -> __m512i {
        let polynomial = _mm512_set1_epi64(REDUCTION);
        let step = _mm512_clmulepi64_epi128::<0x00>(self.low, polynomial);
        let half = _mm512_ternarylogic_epi64::<XOR>(self.middle, _mm512_shuffle_epi32::<HALVES>(self.low), step);
        let step = _mm512_clmulepi64_epi128::<0x00>(half, polynomial);
        _mm512_ternarylogic_epi64::<XOR>(self.high, _mm512_shuffle_epi32::<HALVES>(half), step)
    }

    /// Reduced, and all lanes added up in the first; zeros in the others.
    #[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
    #[inline]
    pub(super) fn fold(self) -> __m512i {
        let four = self.reduce();
        let two = _mm256_xor_si256(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64::<1>(four));
        let one = _mm_xor_si128(_mm256_castsi256_si128(two), _mm256_extracti128_si256::<1>(two));
        _mm512_zextsi128_si512(one)
    }
}

/// The bytes of each block the other way round.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn reversed(blocks: __m512i) -> __m512i {
    let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    _mm512_shuffle_epi8(blocks, _mm512_broadcast_i32x4(order))
}

/// The block of lengths in bits, bytes reversed.
#[target_feature(enable = "avx512bw,vaes,vpclmulqdq")]
#[inline]
pub(super) fn lengths(aad_len: usize, payload_len: usize) -> __m128i {
    let bits = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX) << 3;
    _mm_set_epi64x(bits(aad_len), bits(payload_len))
}
