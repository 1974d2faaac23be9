//! Viewers with any demands, and what they are given.

use proptest::prelude::*;
use sfu_core::bitrate::{
    Allocation, Attention, Content, Demand, Frames, Given, Held, Inputs, Layer, Memory, Rank, Rung, Visibility, Wanted,
    allocate,
};
use sfu_core::id::EncodingId;
use slotmap::KeyData;

/// A demand that owns its ladder.
#[derive(Debug, Clone)]
pub struct Tile {
    pub slot: usize,
    pub rank: Rank,
    pub wanted: Wanted,
    pub ladder: Vec<Rung>,
    pub memory: Memory,
}

/// Somebody who watches.
#[derive(Debug, Clone, Default)]
pub struct Viewer {
    pub audio_bps: u64,
    pub video_max_height: Option<u16>,
    pub tiles: Vec<Tile>,
}

impl Tile {
    /// A camera in three sizes, or a screen, that is wanted as it is; in slot `slot`.
    pub fn new(slot: usize, heights_and_kbps: &[(u16, u64)]) -> Self {
        let rung = |(place, (height, kbps)): (usize, &(u16, u64))| Rung {
            encoding: encoding(slot, place),
            height: *height,
            bps: kbps * 1_000,
            thinned_bps: [None; 3],
        };
        let ladder = heights_and_kbps.iter().enumerate().map(rung).collect();
        Self { slot, rank: Rank::ORDINARY, wanted: Wanted::Highest, ladder, memory: Memory::default() }
    }

    fn demand(&self) -> Demand<'_> {
        let Self { slot, rank, wanted, ref ladder, memory } = *self;
        Demand { slot, rank, wanted, ladder, memory }
    }

    /// Which rung it is given; `None`: none.
    pub fn place(&self, given: Given) -> Option<usize> {
        let Given::Layer { layer, .. } = given else { return None };
        Some(self.ladder.iter().position(|rung| rung.encoding == layer.encoding).expect("a rung of its ladder"))
    }

    /// Has it hold a rung.
    pub fn holding(mut self, place: usize) -> Self {
        let encoding = self.ladder[place].encoding;
        self.memory = Memory { aim: None, held: Held::Layer(Layer { encoding, frames: Frames::All }) };
        self
    }
}

impl Viewer {
    pub fn of(tiles: Vec<Tile>) -> Self {
        Self { tiles, ..Self::default() }
    }

    /// Asks something about its demands under a budget.
    pub fn ask<T>(&self, budget_bps: Option<u64>, question: impl FnOnce(&Inputs<'_>) -> T) -> T {
        let demands: Vec<Demand<'_>> = self.tiles.iter().map(Tile::demand).collect();
        let (audio_bps, video_max_height) = (self.audio_bps, self.video_max_height);
        question(&Inputs { budget_bps, audio_bps, video_max_height, may_climb: true, demands: &demands })
    }

    pub fn allocate(&self, budget_bps: Option<u64>) -> Allocation {
        self.ask(budget_bps, allocate)
    }

    /// Which rung each tile is given, kbit/s for short.
    pub fn places(&self, budget_kbps: u64) -> Vec<Option<usize>> {
        let grants = self.allocate(Some(budget_kbps * 1_000)).grants;
        self.tiles.iter().zip(grants).map(|(tile, grant)| tile.place(grant.given)).collect()
    }

    /// The viewer after it was given this.
    pub fn after(&self, allocation: &Allocation) -> Self {
        let mut after = self.clone();
        for (tile, grant) in after.tiles.iter_mut().zip(&allocation.grants) {
            tile.memory = grant.memory();
        }
        after
    }
}

fn encoding(slot: usize, place: usize) -> EncodingId {
    KeyData::from_ffi((1 << 32) + (slot * 8 + place + 1) as u64).into()
}

/// Anybody.
pub fn viewer() -> impl Strategy<Value = Viewer> {
    let tiles = prop::collection::vec(tile(), 0..7);
    let cap = prop::option::weighted(0.2, prop::sample::select(vec![90_u16, 180, 360, 720]));
    (tiles, 0..200_000_u64, cap).prop_map(|(mut tiles, audio_bps, video_max_height)| {
        for (slot, tile) in tiles.iter_mut().enumerate() {
            tile.slot = slot;
            for (place, rung) in tile.ladder.iter_mut().enumerate() {
                let before = rung.encoding;
                rung.encoding = encoding(slot, place);
                let renamed = |name: EncodingId| if name == before { rung.encoding } else { name };
                tile.memory.aim = tile.memory.aim.map(renamed);
                if let Held::Layer(layer) = &mut tile.memory.held {
                    layer.encoding = renamed(layer.encoding);
                }
            }
        }
        Viewer { audio_bps, video_max_height, tiles }
    })
}

/// Any tile of slot 100; encodings may cost less than smaller ones, as a stream that begins does.
fn tile() -> impl Strategy<Value = Tile> {
    let rank = (0..6_u8, 0..6_u8, 0..6_u8, 0..3_u8).prop_map(|(visibility, content, attention, priority)| Rank {
        visibility: if visibility == 0 { Visibility::Hidden } else { Visibility::Visible },
        content: if content == 0 { Content::Screen } else { Content::Camera },
        attention: match attention {
            0 => Attention::Pinned,
            1 => Attention::Speaking,
            _ => Attention::Ordinary,
        },
        priority,
    });
    // Often the same, so that ties are met.
    let bps = prop_oneof![prop::sample::select(vec![150_000_u64, 500_000]), 1_000..1_500_000_u64];
    let thinned = prop_oneof![
        Just([None; 3]),
        (30..101_u64).prop_map(|base| [Some(base), None, None]),
        (20..60_u64, 40..101_u64).prop_map(|(base, middle)| [Some(base), Some(middle), None]),
    ];
    let rung = (50_u16..400, bps, thinned);
    let ladder = prop::collection::vec(rung, 0..5).prop_map(|rungs| {
        let mut height = 0;
        let rung = |(place, (more, bps, thinned)): (usize, (u16, u64, [Option<u64>; 3]))| {
            height += more;
            let thinned_bps = thinned.map(|percent| percent.map(|percent| bps * percent / 100));
            Rung { encoding: encoding(100, place), height, bps, thinned_bps }
        };
        rungs.into_iter().enumerate().map(rung).collect::<Vec<_>>()
    });
    let wanted = prop_oneof![Just(Wanted::Highest), (1..1_200_u16).prop_map(Wanted::Height)];
    // One more than there ever are: an encoding that is gone.
    let name = (0..6_usize).prop_map(|place| encoding(100, place));
    let frames = prop_oneof![Just(Frames::All), (0..3_u8).prop_map(Frames::UpTo)];
    let layer = (name.clone(), frames).prop_map(|(encoding, frames)| Held::Layer(Layer { encoding, frames }));
    let held = prop_oneof![1 => Just(Held::New), 1 => Just(Held::Paused), 3 => layer];
    let memory = (prop::option::of(name), held).prop_map(|(aim, held)| Memory { aim, held });
    (rank, ladder, wanted, memory).prop_map(|(rank, ladder, wanted, memory)| Tile {
        slot: 100,
        rank,
        wanted,
        ladder,
        memory,
    })
}
