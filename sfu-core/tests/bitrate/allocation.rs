//! What holds for whatever anybody asks.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sfu_core::bitrate::{Attention, Content, Frames, Given, Held, Layer, Rank, Visibility, Wanted, lift, select};

use super::viewers::{Tile, Viewer, viewer};

fn budgets() -> impl Strategy<Value = u64> {
    prop_oneof![0..300_000_u64, 0..8_000_000_u64]
}

/// What is given, without the reasons.
fn given(viewer: &Viewer, budget: Option<u64>) -> Vec<Given> {
    viewer.allocate(budget).grants.iter().map(|grant| grant.given).collect()
}

/// How much each class of steps was given, the more important class first: a step is worth more than all that come after it.
/// For ladders that rise and have no thinned layers.
fn utility(viewer: &Viewer, budget: u64) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    for (tile, given) in viewer.tiles.iter().zip(given(viewer, Some(budget))) {
        let taken = tile.place(given).map_or(0, |place| place + 1);
        for level in 0..tile.ladder.len() {
            *counts.entry(class(tile, level)).or_insert(0) += usize::from(level < taken);
        }
    }
    counts.into_values().collect()
}

type Class = (std::cmp::Reverse<Visibility>, u8, usize, std::cmp::Reverse<Rank>, u8);

fn class(tile: &Tile, level: usize) -> Class {
    let is_dim = level > 0 && tile.ladder[level - 1].height < 720;
    let stage = match tile.rank {
        _ if level == 0 => 0,
        Rank { content: Content::Screen, .. } if is_dim => 1,
        Rank { attention: Attention::Pinned, .. } => 2,
        _ => 3,
    };
    let held = match tile.memory.held {
        Held::Layer(Layer { encoding, .. }) => tile.ladder.iter().position(|rung| rung.encoding == encoding),
        Held::New | Held::Paused => None,
    };
    let claim = match held {
        Some(held) if held >= level => 0,
        None if level == 0 && tile.memory.held != Held::Paused => 1,
        _ => 2,
    };
    (std::cmp::Reverse(tile.rank.visibility), stage, level, std::cmp::Reverse(tile.rank), claim)
}

/// Costs that rise with the height, and nothing thinned.
fn plain(mut viewer: Viewer) -> Viewer {
    for tile in &mut viewer.tiles {
        let mut before = 0;
        for rung in &mut tile.ladder {
            rung.thinned_bps = [None; 3];
            before += rung.bps;
            rung.bps = before;
        }
        if let Held::Layer(layer) = &mut tile.memory.held {
            layer.frames = Frames::All;
        }
    }
    viewer
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn pictures_cost_no_more_than_the_sounds_leave(viewer in viewer(), budget in budgets()) {
        let allocation = viewer.allocate(Some(budget));
        let mut spent = viewer.audio_bps;
        for (tile, grant) in viewer.tiles.iter().zip(&allocation.grants) {
            let Given::Layer { layer, bps } = grant.given else { continue };
            let rung = tile.ladder[tile.place(grant.given).unwrap()];
            let cost = match layer.frames {
                Frames::All => rung.bps,
                Frames::UpTo(highest) => rung.thinned_bps[usize::from(highest)].unwrap(),
            };
            prop_assert!(cost <= bps, "{cost} counted as {bps}");
            prop_assert!(viewer.video_max_height.is_none_or(|cap| rung.height <= cap));
            spent += bps;
        }
        prop_assert_eq!(allocation.spent_bps, spent);
        prop_assert!(spent <= budget.max(viewer.audio_bps), "{spent} of {budget}");
        if viewer.audio_bps > budget {
            prop_assert_eq!(spent, viewer.audio_bps, "sounds alone are too much, and pictures are sent");
        }
    }

    #[test]
    fn what_was_given_is_given_again(viewer in viewer(), budget in budgets()) {
        let first = viewer.allocate(Some(budget));
        let viewer = viewer.after(&first);
        let second = viewer.allocate(Some(budget));
        let kept = |at: usize| (first.grants[at].given, first.grants[at].aim) == (second.grants[at].given, second.grants[at].aim);
        prop_assert!((0..first.grants.len()).all(kept), "{first:?}\n{second:?}");
        prop_assert_eq!(first.wanted_bps, second.wanted_bps);
        prop_assert_eq!(viewer.after(&second).allocate(Some(budget)), second);
    }

    #[test]
    fn the_order_in_which_slots_stand_changes_nothing(viewer in viewer(), budget in budgets(), turn in 0..7_usize) {
        let before = viewer.allocate(Some(budget));
        let mut turned = viewer.clone();
        turned.tiles.reverse();
        let places = turned.tiles.len().max(1);
        turned.tiles.rotate_left(turn % places);
        let after = turned.allocate(Some(budget));
        for (tile, grant) in turned.tiles.iter().zip(&after.grants) {
            prop_assert_eq!(grant, &before.grants[tile.slot]);
        }
        prop_assert_eq!((before.spent_bps, before.wanted_bps), (after.spent_bps, after.wanted_bps));
    }

    #[test]
    fn without_a_budget_the_choice_is_that_of_the_heights(mut viewer in viewer()) {
        viewer.video_max_height = None;
        for (tile, grant) in viewer.tiles.iter().zip(viewer.allocate(None).grants) {
            let chosen = select(&tile.ladder, tile.wanted, tile.memory.aim);
            let layer = chosen.map(|encoding| Layer { encoding, frames: Frames::All });
            let sent = if let Given::Layer { layer, .. } = grant.given { Some(layer) } else { None };
            prop_assert_eq!((sent, grant.aim), (layer, chosen));
        }
    }

    #[test]
    fn with_what_is_wanted_nothing_is_scarce(viewer in viewer()) {
        let unlimited = viewer.allocate(None);
        prop_assert_eq!(&viewer.allocate(Some(unlimited.wanted_bps)).grants, &unlimited.grants);
        if unlimited.spent_bps > viewer.audio_bps {
            prop_assert_ne!(&viewer.allocate(Some(unlimited.spent_bps - 1)).grants, &unlimited.grants);
        }
    }

    #[test]
    fn with_more_budget_it_gets_better(viewer in viewer(), budget in budgets(), more in budgets()) {
        let viewer = plain(viewer);
        let (less, more) = (utility(&viewer, budget), utility(&viewer, budget + more));
        prop_assert!(less <= more, "{less:?}, with more budget {more:?}");
    }

    #[test]
    fn equals_climb_together_and_higher_with_more_budget(mut costs in prop::collection::vec(1_000..500_000_u64, 1..5), count in 1..9_usize) {
        // As it is with pictures: each step costs more than the one before.
        costs.sort_unstable();
        let mut kbps = 0;
        let rungs: Vec<(u16, u64)> = (1..).zip(&costs).map(|(at, cost)| { kbps += cost / 1_000 + 1; (at * 180, kbps) }).collect();
        let viewer = Viewer::of((0..count).map(|slot| Tile::new(slot, &rungs)).collect());
        let mut before = 0;
        for budget in (0..40).map(|part| viewer.allocate(None).wanted_bps * part / 39 + 1) {
            let taken: Vec<usize> = viewer.tiles.iter().zip(given(&viewer, Some(budget))).map(|(tile, given)| tile.place(given).map_or(0, |place| place + 1)).collect();
            let (least, most, all) = (taken.iter().min().unwrap(), taken.iter().max().unwrap(), taken.iter().sum::<usize>());
            prop_assert!(most - least <= 1, "{taken:?}");
            prop_assert!(all >= before, "{before}, with more budget {all}");
            before = all;
        }
        prop_assert_eq!(before, count * rungs.len());
    }

    #[test]
    fn a_budget_that_trembles_changes_nothing_for_long(viewer in viewer(), budget in budgets()) {
        let mut viewer = viewer;
        let mut last = Vec::new();
        for round in 0..60 {
            let trembling = if round % 2 == 0 { budget } else { budget * 100 / 107 };
            let allocation = viewer.allocate(Some(trembling));
            viewer = viewer.after(&allocation);
            let given: Vec<Given> = allocation.grants.iter().map(|grant| grant.given).collect();
            prop_assert!(round < 50 || given == last, "{last:?}\n{given:?}");
            last = given;
        }
    }

    #[test]
    fn what_is_said_to_be_missing_is_enough(viewer in viewer(), budget in budgets()) {
        let now = viewer.allocate(Some(budget));
        for (place, tile) in viewer.tiles.iter().enumerate() {
            let limit = now.grants[place].limit;
            let lift = viewer.ask(Some(budget), |inputs| lift(inputs, place));
            prop_assert_eq!(lift.is_some(), limit.is_some_and(|limit| limit.missing_bps > 0));
            let Some(extra) = lift else { continue };
            let height = |given: Given| {
                let Given::Layer { layer, .. } = given else { return None };
                Some((tile.place(given), layer.frames))
            };
            let then = given(&viewer, Some(budget + extra))[place];
            prop_assert!(height(then) > height(now.grants[place].given), "{extra}: {then:?}");
            prop_assert!(extra >= limit.unwrap().missing_bps || budget + extra == now.wanted_bps);
        }
    }

    #[test]
    fn a_slot_that_has_all_it_wants_is_told_no_limit_of_bits(viewer in viewer(), budget in budgets()) {
        let grants = viewer.allocate(Some(budget)).grants;
        for ((tile, grant), full) in viewer.tiles.iter().zip(grants).zip(viewer.allocate(None).grants) {
            let is_scarce = grant.limit.is_some_and(|limit| limit.missing_bps > 0);
            prop_assert_eq!(is_scarce, grant.given != full.given, "{:?}", tile.wanted);
        }
    }
}

#[test]
fn nobody_asks_and_nothing_is_spent() {
    let viewer = Viewer { audio_bps: 7, ..Viewer::default() };
    let allocation = viewer.allocate(Some(1));
    assert_eq!((allocation.grants.len(), allocation.spent_bps, allocation.wanted_bps), (0, 7, 8));
    assert_eq!(viewer.ask(Some(1), |inputs| lift(inputs, 0)), None);
    let tile = Tile { wanted: Wanted::Height(100), ..Tile::new(0, &[]) };
    assert_eq!(given(&Viewer::of(vec![tile]), Some(1)), [Given::Nothing]);
}
