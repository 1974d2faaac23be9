//! On which shard who joins is served: a pure decision by what is counted and measured.
//!
//! A room lives on one shard, its home, for as long as that carries it: packets of a room on one shard cross to no other. Where a
//! room has outgrown its home, which is measured (the share of time in which the thread does not sleep) and not counted,
//! because a viewer of one picture and a participant of a meeting of thirty cost what has nothing to do with each other, who
//! comes next goes to the shard that is least busy. Who is somewhere stays there.

use crate::media::ShardIndex;

/// Transports below which a room never spreads, however busy its home is with others: for so few, copies to another shard
/// save nothing worth them.
pub const SPREAD_TRANSPORTS_MIN: usize = 10;
/// Shards whose load differs by less than this are equally busy, percent; then the one with fewer transports comes first, as
/// what came within the last second is counted and not measured yet.
const EQUALLY_BUSY: u32 = 10;
/// Load of a home at which a room spreads that never happens: none.
const NEVER: u32 = 100;

/// A shard that takes transports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub shard: ShardIndex,
    pub busy_percent: u32,
    /// Of all its rooms.
    pub transports: usize,
}

/// A room that has transports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    pub shard: ShardIndex,
    /// On all shards.
    pub transports: usize,
}

/// The shard of who joins; `None`: there is none. `spread_percent`: the load of its home at which a room spreads, 100: never.
pub fn place(home: Option<Home>, loads: &[Load], spread_percent: u32) -> Option<ShardIndex> {
    let Some(home) = home else {
        return loads.iter().min_by_key(|load| load.transports).map(|load| load.shard);
    };
    let carries = |load: &&Load| {
        let is_full = spread_percent < NEVER && load.busy_percent >= spread_percent;
        load.shard == home.shard && !(is_full && home.transports >= SPREAD_TRANSPORTS_MIN)
    };
    let least = || loads.iter().min_by_key(|load| (load.busy_percent / EQUALLY_BUSY, load.transports));
    loads.iter().find(carries).or_else(least).map(|load| load.shard)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loads(loads: &[(u32, usize)]) -> Vec<Load> {
        let load = |(shard, (busy_percent, transports)): (usize, &(u32, usize))| Load {
            shard: ShardIndex(shard),
            busy_percent: *busy_percent,
            transports: *transports,
        };
        loads.iter().enumerate().map(load).collect()
    }

    fn home(shard: usize, transports: usize) -> Option<Home> {
        Some(Home { shard: ShardIndex(shard), transports })
    }

    #[test]
    fn a_new_room_goes_where_the_fewest_are() {
        assert_eq!(place(None, &loads(&[(0, 5), (90, 4), (0, 6)]), 70), Some(ShardIndex(1)));
        assert_eq!(place(None, &[], 70), None);
    }

    #[test]
    fn a_room_stays_at_home_until_that_is_busy() {
        assert_eq!(place(home(0, 500), &loads(&[(69, 500), (0, 0)]), 70), Some(ShardIndex(0)));
        assert_eq!(place(home(0, 500), &loads(&[(70, 500), (0, 0)]), 70), Some(ShardIndex(1)));
        assert_eq!(place(home(0, 500), &loads(&[(99, 500), (0, 0)]), 100), Some(ShardIndex(0)), "never");
    }

    #[test]
    fn a_small_room_never_spreads() {
        let few = SPREAD_TRANSPORTS_MIN - 1;
        assert_eq!(place(home(1, few), &loads(&[(0, 0), (99, 900)]), 70), Some(ShardIndex(1)));
        assert_eq!(place(home(1, few + 1), &loads(&[(0, 0), (99, 900)]), 70), Some(ShardIndex(0)));
    }

    #[test]
    fn what_outgrew_its_home_goes_where_least_is_done() {
        assert_eq!(place(home(0, 500), &loads(&[(90, 500), (50, 10), (20, 90)]), 70), Some(ShardIndex(2)));
        assert_eq!(place(home(0, 500), &loads(&[(75, 300), (79, 200)]), 70), Some(ShardIndex(1)), "equally busy");
        assert_eq!(place(home(0, 500), &loads(&[(75, 300), (85, 200)]), 70), Some(ShardIndex(0)), "back at home");
    }

    #[test]
    fn whose_home_is_gone_goes_elsewhere() {
        let alive = &loads(&[(0, 0), (30, 1)])[1..];
        assert_eq!(place(home(0, 2), alive, 70), Some(ShardIndex(1)));
    }
}
