//! How a room's cap is divided among its viewers: who wants little is given it, and the others share alike what is left
//! (max-min fairness). Why so: nobody's share grows at the expense of somebody who has less.

/// The share of each demand, bit/s, in their order; of equal demands equal ones. What is left over when everybody has what it
/// wants is divided evenly, so that all have room to grow.
pub fn divide(cap_bps: u64, demands_bps: &[u64]) -> Vec<u64> {
    let count = u64::try_from(demands_bps.len()).unwrap_or(u64::MAX);
    let mut sorted = demands_bps.to_vec();
    sorted.sort_unstable();
    let mut left = cap_bps;
    for (waiting, demand) in (1..=count).rev().zip(sorted) {
        let level = left / waiting;
        if demand > level {
            // So do all that follow.
            return demands_bps.iter().map(|demand| level.min(*demand)).collect();
        }
        left -= demand;
    }
    let surplus = left.checked_div(count).unwrap_or(0);
    demands_bps.iter().map(|demand| demand + surplus).collect()
}

/// The least cap of which a viewer that wants `own_bps` has a share of `share_bps` beside these others, bit/s.
pub fn cap_for(share_bps: u64, own_bps: u64, others_bps: &[u64]) -> u64 {
    let waiting = u64::try_from(others_bps.len()).unwrap_or(u64::MAX);
    let others: u64 = others_bps.iter().fold(0, |sum, bps| sum.saturating_add((*bps).min(share_bps)));
    // Shares are rounded down, each by less than a bit.
    let to_its_wish = others.saturating_add(share_bps).saturating_add(waiting);
    if share_bps <= own_bps {
        return to_its_wish;
    }
    // Beyond what it wants it has its part of what is left over.
    let viewers = waiting.saturating_add(1);
    let all = others_bps.iter().fold(own_bps, |sum, bps| sum.saturating_add(*bps));
    all.saturating_add(viewers.saturating_mul(share_bps - own_bps))
}
