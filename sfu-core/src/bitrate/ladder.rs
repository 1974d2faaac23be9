//! The encodings of one track that send, lowest first, and what each costs.

use crate::id::EncodingId;

/// Height taken for the highest encoding while no keyframe told it, pixels; each one below counts half, as browsers scale.
const HEIGHT_ASSUMED: u16 = 720;
/// What an encoding is taken to cost until it is measured, bit/s, by its height: the most that browsers give a picture of this
/// height by themselves. Taken for too much it waits until it is measured; taken for too little it floods the link.
const BPS_ASSUMED: [(u16, u64); 6] =
    [(180, 200_000), (270, 450_000), (360, 700_000), (540, 1_200_000), (720, 2_500_000), (1_080, 5_000_000)];
/// The same, of anything larger.
const BPS_ASSUMED_MAX: u64 = 8_000_000;

/// In how many ways an encoding can be thinned: the temporal layers of VP8 are four at most (RFC 7741 §4.2).
pub const THINNINGS_MAX: usize = 3;

/// What an encoding costs without its higher temporal layers, bit/s: the lowest alone, the two lowest, the three lowest. `None`
/// where it has no more layers than these, where they cannot be left out, or where it is not measured.
pub type ThinnedBps = [Option<u64>; THINNINGS_MAX];

/// An encoding that sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub encoding: EncodingId,
    /// Of its pictures, pixels, once a keyframe told it.
    pub height: Option<u16>,
    /// Payload bytes that it brought so far.
    pub bytes: u64,
    /// What it costs whoever is sent it, bit/s, once that is measured.
    pub bps: Option<u64>,
    pub thinned_bps: ThinnedBps,
}

/// A candidate at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    pub encoding: EncodingId,
    /// Of its pictures, pixels; assumed while no keyframe told it.
    pub height: u16,
    /// What it costs, bit/s; assumed until it is measured.
    pub bps: u64,
    pub thinned_bps: ThinnedBps,
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
        let height = candidate.height.unwrap_or(assumed);
        rungs.push(Rung {
            encoding: candidate.encoding,
            height,
            bps: candidate.bps.unwrap_or_else(|| bps_assumed(height)),
            thinned_bps: candidate.thinned_bps,
        });
        assumed /= 2;
    }
    rungs.reverse();
    rungs
}

fn bps_assumed(height: u16) -> u64 {
    BPS_ASSUMED.iter().find(|(limit, _)| height <= *limit).map_or(BPS_ASSUMED_MAX, |(_, bps)| *bps)
}
