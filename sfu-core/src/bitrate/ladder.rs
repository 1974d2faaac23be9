//! The encodings of one track that send, lowest first, and what each costs.

use crate::id::EncodingId;

/// Height taken for the highest encoding while no keyframe told it, pixels; each one below counts half, as browsers scale.
const HEIGHT_ASSUMED: u16 = 720;

/// An encoding that sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub encoding: EncodingId,
    /// Of its pictures, pixels, once a keyframe told it.
    pub height: Option<u16>,
    /// Payload bytes that it brought so far.
    pub bytes: u64,
}

/// A candidate at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    pub encoding: EncodingId,
    /// Of its pictures, pixels; assumed while no keyframe told it.
    pub height: u16,
}

/// Lowest first: by height where all are known, else by what they brought.
pub fn ladder(candidates: &[Candidate]) -> Vec<Rung> {
    let mut sorted = candidates.to_vec();
    if sorted.iter().all(|candidate| candidate.height.is_some()) {
        sorted.sort_by_key(|candidate| (candidate.height, candidate.bytes));
    } else {
        sorted.sort_by_key(|candidate| candidate.bytes);
    }
    let mut assumed = HEIGHT_ASSUMED;
    let mut rungs: Vec<Rung> = Vec::with_capacity(sorted.len());
    for candidate in sorted.iter().rev() {
        rungs.push(Rung { encoding: candidate.encoding, height: candidate.height.unwrap_or(assumed) });
        assumed /= 2;
    }
    rungs.reverse();
    rungs
}
