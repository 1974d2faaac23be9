//! Who does what and when: every shape of load is a list of seats, and one engine carries it out.

use std::time::Duration;

use serde::Serialize;

use crate::media::{ClipSize, Codec};
use crate::scenario::{Plan, Tolerance};

/// How closely a crowd is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// Every packet of every client is authenticated, every frame compared with its publisher's.
    All,
    /// One client of 16 like that; of the others the headers of all packets, and one packet of 16 is authenticated.
    Sampled,
}

/// In sampled verification one client and one packet of so many are looked at closely.
const SAMPLE: u16 = 16;

impl Verify {
    /// Whether the viewer with this number is judged in full.
    pub const fn judges(self, number: u16) -> bool {
        match self {
            Self::All => true,
            Self::Sampled => number.is_multiple_of(SAMPLE),
        }
    }

    /// One packet of how many is authenticated where nobody is judged.
    pub fn every(self) -> u32 {
        match self {
            Self::All => 1,
            Self::Sampled => u32::from(SAMPLE),
        }
    }
}

/// Who publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Publishers {
    /// Peer connections of the `webrtc` crate, for realism.
    Webrtc,
    /// Lean clients beside the viewers, for numbers.
    Lean,
}

/// A viewer's place.
#[derive(Clone, Debug)]
pub struct Seat {
    pub room: u16,
    pub number: u16,
    /// From the run's beginning.
    pub joins_at: Duration,
    /// The publishers it pins, one slot of video each.
    pub watches: Vec<u16>,
}

/// A load.
#[derive(Clone, Debug, Serialize)]
pub struct Shape {
    pub name: &'static str,
    pub rooms: u16,
    /// Of each room.
    pub publishers: u16,
    pub published_by: Publishers,
    /// Of each room.
    pub subscribers: u16,
    pub codec: Codec,
    pub clip: ClipSize,
    pub audio: bool,
    pub seed: u64,
    /// How long to measure once everybody has joined.
    pub seconds: u64,
    /// Over how long the viewers join.
    pub ramp_seconds: u64,
    pub verify: Verify,
}

impl Shape {
    /// Every viewer's place; they join evenly over the ramp, the rooms in turn.
    pub fn seats(&self) -> Vec<Seat> {
        let all = u32::from(self.rooms) * u32::from(self.subscribers);
        let ramp = Duration::from_secs(self.ramp_seconds);
        let numbers = (0..self.subscribers).flat_map(|number| (0..self.rooms).map(move |room| (room, number)));
        numbers
            .zip(0_u32..)
            .map(|((room, number), turn)| Seat {
                room,
                number,
                joins_at: ramp * turn / all.max(1),
                watches: (0..self.publishers).collect(),
            })
            .collect()
    }

    /// What clients of the `webrtc` crate do in this shape.
    pub(super) fn stage_plan(&self, bind: &str) -> Plan {
        Plan {
            rooms: self.rooms,
            publishers: match self.published_by {
                Publishers::Webrtc => self.publishers,
                Publishers::Lean => 0,
            },
            subscribers: 0,
            duration: Duration::from_secs(self.seconds),
            codec: self.codec,
            audio: self.audio,
            clip: self.clip,
            seed: self.seed,
            judged: 0,
            tolerance: Tolerance::None,
            bind: bind.to_owned(),
            connect_patience: Duration::from_secs(20),
            relay_port: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_join_evenly_and_rooms_fill_in_turn() {
        let shape = Shape {
            name: "webinar",
            rooms: 2,
            publishers: 1,
            published_by: Publishers::Lean,
            subscribers: 2,
            codec: Codec::Vp8,
            clip: ClipSize::Small,
            audio: false,
            seed: 1,
            seconds: 1,
            ramp_seconds: 2,
            verify: Verify::Sampled,
        };
        let seats: Vec<_> =
            shape.seats().iter().map(|seat| (seat.room, seat.number, seat.joins_at.as_millis())).collect();
        assert_eq!(seats, [(0, 0, 0), (1, 0, 500), (0, 1, 1_000), (1, 1, 1_500)]);
        assert!(Verify::Sampled.judges(0) && !Verify::Sampled.judges(1) && Verify::All.judges(1));
    }
}
