//! The stories; each file tells one. `Story::tell` plays it once, from one seed.

mod bad_neighbour;
mod blackout;
pub mod capacity;
mod joining;
mod loss;
mod narrow_join;
mod sharing;
mod small_tile;
mod uplink;
mod voice;
mod wifi;

use crate::judge::Tale;

pub struct Story {
    pub name: &'static str,
    pub tell: fn(u8) -> Tale,
}

pub const STORIES: &[Story] = &[
    Story { name: "5 % lost, 50 ± 20 ms, at the viewer", tell: loss::a_little_at_the_viewer },
    Story { name: "5 % lost, 50 ± 20 ms, at the publisher", tell: loss::a_little_at_the_publisher },
    Story { name: "20 % lost, 100 ± 50 ms, at the viewer", tell: loss::much_at_the_viewer },
    Story { name: "20 % lost, 100 ± 50 ms, at the publisher", tell: loss::much_at_the_publisher },
    Story { name: "3 s of blackout, at the viewer", tell: blackout::at_the_viewer },
    Story { name: "3 s of blackout, at the publisher", tell: blackout::at_the_publisher },
    Story { name: "3 Mbit/s, 300 kbit/s for 15 s", tell: capacity::tell },
    Story { name: "the same with temporal layers", tell: capacity::with_temporal_layers },
    Story { name: "one bad subscriber among 50", tell: bad_neighbour::tell },
    Story { name: "joining a running room", tell: joining::tell },
    Story { name: "joining over 500 kbit/s", tell: narrow_join::tell },
    Story { name: "two share 3 Mbit/s", tell: sharing::tell },
    Story { name: "a small tile becomes large", tell: small_tile::tell },
    Story { name: "1.5 to 5 Mbit/s, changing", tell: wifi::tell },
    Story { name: "3 Mbit/s, 60 kbit/s for 20 s", tell: voice::tell },
    Story { name: "800 kbit/s for 15 s, at the publisher", tell: uplink::tell },
];
