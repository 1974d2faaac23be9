//! A room's cap and its viewers.

use proptest::prelude::*;
use sfu_core::bitrate::{cap_for, divide};

#[test]
fn who_wants_little_has_it_and_the_others_share_alike() {
    assert_eq!(divide(1_000, &[100, 900, 2_000]), [100, 450, 450]);
    assert_eq!(divide(1_000, &[2_000, 100, 300]), [600, 100, 300]);
    assert_eq!(divide(1_000, &[100, 200, 100]), [300, 400, 300], "what is left over is divided as well");
    assert_eq!(divide(0, &[100, 0]), [0, 0]);
    assert_eq!(divide(1_000, &[]), [0; 0]);
}

#[test]
fn a_share_takes_what_the_others_have_until_then() {
    assert_eq!(cap_for(450, 900, &[100, 2_000]), 100 + 450 + 450 + 2);
    assert_eq!(cap_for(300, 200, &[100, 100]), 700, "beyond its wish all have as much more");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_cap_is_used_up_and_not_passed_and_nobody_has_less_for_somebody_who_has_more(
        cap in prop_oneof![0..10_000_u64, any::<u64>()],
        demands in prop::collection::vec(prop_oneof![0..5_000_u64, Just(1_000)], 1..20),
    ) {
        let shares = divide(cap, &demands);
        let all: u128 = shares.iter().map(|share| u128::from(*share)).sum();
        prop_assert!(all <= u128::from(cap), "{all} of {cap}");
        prop_assert!(all + demands.len() as u128 > u128::from(cap), "{all} of {cap} used");
        for (share, demand) in shares.iter().zip(&demands) {
            prop_assert!(*share >= (*demand).min(cap / demands.len() as u64), "less than an equal part of it");
            let most_beyond = shares.iter().max().unwrap() - share;
            prop_assert!(share >= demand || most_beyond == 0, "{share} for {demand}, and somebody has more");
        }
        let mut turned = demands.clone();
        turned.reverse();
        let mut back = divide(cap, &turned);
        back.reverse();
        prop_assert_eq!(back, shares);
    }

    #[test]
    fn the_cap_for_a_share_gives_it_and_little_less_does_not(
        share in 1..10_000_u64,
        demands in prop::collection::vec(0..5_000_u64, 1..20),
    ) {
        let cap = cap_for(share, demands[0], &demands[1..]);
        prop_assert!(divide(cap, &demands)[0] >= share);
        let less = cap.saturating_sub(2 * demands.len() as u64);
        prop_assert!(less == 0 || divide(less, &demands)[0] < share);
    }
}
