//! Who does what and when: every shape of load is a list of seats, and one engine carries it out.
//!
//! Who publishes and watches takes two seats: a WHIP and a WHEP connection, as HTTP signalling has one for each direction.

use std::time::Duration;

use serde::Serialize;

use super::speech::Silence;
use crate::media::{ClipSize, Codec};
use crate::scenario::Plan;

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

/// What a publisher sends, and a viewer has slots for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Media {
    Video,
    Both,
    Audio,
    /// Both, and silence is left out.
    BothWithPauses,
    /// Audio, and silence is left out.
    AudioWithPauses,
}

impl Media {
    pub const fn has_video(self) -> bool {
        matches!(self, Self::Video | Self::Both | Self::BothWithPauses)
    }

    pub const fn has_audio(self) -> bool {
        !matches!(self, Self::Video)
    }

    /// What becomes of silence.
    pub const fn silence(self) -> Silence {
        match self {
            Self::Video | Self::Both | Self::Audio => Silence::Sent,
            Self::BothWithPauses | Self::AudioWithPauses => Silence::LeftOut,
        }
    }
}

/// Whom a viewer's slots show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shows {
    /// Every publisher of the room but its own, each pinned to a slot.
    Everybody,
    /// Whom the server chooses for so many slots.
    Loudest(u16),
}

/// What publishers do beside publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Publishers {
    /// Nothing, as on a stage.
    Publish,
    /// They watch, as in a meeting.
    Meet,
}

/// A connection's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub room: u16,
    /// Viewers are numbered apart from publishers; those who meet have the same number twice.
    pub number: u16,
    /// From the moment that seats of its kind are taken: first the publishers', then the viewers'.
    pub joins_at: Duration,
    pub part: Part,
}

/// What is done from a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Publish,
    /// Each of these is pinned, one slot of each medium for each.
    Watch(Vec<u16>),
    /// So many slots show whom the server chooses.
    Follow(u16),
}

/// A load.
#[derive(Clone, Debug, Serialize)]
pub struct Shape {
    pub name: &'static str,
    pub rooms: u16,
    /// Of each room.
    pub publishers: u16,
    pub publishers_do: Publishers,
    /// Of each room, who watches only.
    pub subscribers: u16,
    pub shows: Shows,
    pub media: Media,
    /// Of the video.
    pub codec: Codec,
    pub clip: ClipSize,
    pub seed: u64,
    /// How long to measure once everybody has joined.
    pub seconds: u64,
    /// Over how long the viewers join.
    pub ramp_seconds: u64,
    pub verify: Verify,
}

impl Shape {
    /// The places of those who publish; all are taken at once.
    pub fn publishing(&self) -> Vec<Seat> {
        let of = |room| (0..self.publishers).map(move |number| (room, number));
        let seat = |(room, number)| Seat { room, number, joins_at: Duration::ZERO, part: Part::Publish };
        (0..self.rooms).flat_map(of).map(seat).collect()
    }

    /// The places of those who watch; they are taken evenly over the ramp, the rooms in turn.
    pub fn watching(&self) -> Vec<Seat> {
        let all = u32::from(self.rooms) * u32::from(self.viewers());
        let ramp = Duration::from_secs(self.ramp_seconds);
        let numbers = (0..self.viewers()).flat_map(|number| (0..self.rooms).map(move |room| (room, number)));
        let seat = |((room, number), turn)| {
            let joins_at = ramp * turn / all.max(1);
            Seat { room, number, joins_at, part: self.part_of(number) }
        };
        numbers.zip(0_u32..).map(seat).collect()
    }

    /// Viewers of a room, those who publish too among them.
    pub fn viewers(&self) -> u16 {
        self.subscribers.saturating_add(self.meeting())
    }

    /// How many viewers each frame of a publisher is due to; none where it is the server that chooses whom, or which encoding, it
    /// sends to whom.
    pub fn copies(&self) -> Option<u32> {
        let own = u32::from(self.meeting() > 0);
        let all = u32::from(self.viewers()).saturating_sub(own);
        let chosen = matches!(self.shows, Shows::Loudest(_)) || self.encodings().len() > 1;
        (!chosen && self.publishers > 0 && all > 0).then_some(all)
    }

    /// Slots of each medium of the viewer with this number.
    pub fn slots(&self, number: u16) -> u32 {
        match self.part_of(number) {
            Part::Publish => 0,
            Part::Watch(publishers) => u32::try_from(publishers.len()).unwrap_or(u32::MAX),
            Part::Follow(slots) => u32::from(slots),
        }
    }

    /// Whether there is anything to see or hear for the viewer with this number.
    pub fn is_shown_some(&self, number: u16) -> bool {
        self.publishers > 0 && self.slots(number) > 0
    }

    /// Whether a slot without a frame is a fault: those that the server fills may stay empty.
    pub const fn fills_every_slot(&self) -> bool {
        matches!(self.shows, Shows::Everybody)
    }

    /// The loops of each camera, smallest first. VP9 and AV1 have one size, so no simulcast.
    pub fn encodings(&self) -> &'static [ClipSize] {
        match (self.clip, self.codec) {
            (ClipSize::Simulcast, Codec::Vp8 | Codec::H264) => &[ClipSize::Tiny, ClipSize::Small, ClipSize::Large],
            (ClipSize::Tiny, _) => &[ClipSize::Tiny],
            (ClipSize::Small, _) => &[ClipSize::Small],
            (ClipSize::Large | ClipSize::Simulcast, _) => &[ClipSize::Large],
        }
    }

    /// Heights of the encodings, where a camera has several.
    pub fn heights(&self) -> &'static [u16] {
        if self.encodings().len() > 1 { &[90, 180, 360] } else { &[] }
    }

    /// Name of room `room`; the seed keeps runs apart.
    pub fn room_name(&self, room: u16) -> String {
        Plan::room_named(self.seed, room)
    }

    /// Publishers that watch: the first viewers are theirs.
    const fn meeting(&self) -> u16 {
        match self.publishers_do {
            Publishers::Meet => self.publishers,
            Publishers::Publish => 0,
        }
    }

    fn part_of(&self, viewer: u16) -> Part {
        let own = |publisher: u16| publisher == viewer && viewer < self.meeting();
        match self.shows {
            Shows::Everybody => Part::Watch((0..self.publishers).filter(|publisher| !own(*publisher)).collect()),
            Shows::Loudest(slots) => Part::Follow(slots),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            name: "webinar",
            rooms: 2,
            publishers: 1,
            publishers_do: Publishers::Publish,
            subscribers: 2,
            shows: Shows::Everybody,
            media: Media::Video,
            codec: Codec::Vp8,
            clip: ClipSize::Small,
            seed: 1,
            seconds: 1,
            ramp_seconds: 2,
            verify: Verify::Sampled,
        }
    }

    #[test]
    fn viewers_join_evenly_and_rooms_fill_in_turn() {
        let seats = shape().watching();
        let seats: Vec<_> = seats.iter().map(|seat| (seat.room, seat.number, seat.joins_at.as_millis())).collect();
        assert_eq!(seats, [(0, 0, 0), (1, 0, 500), (0, 1, 1_000), (1, 1, 1_500)]);
        assert!(Verify::Sampled.judges(0) && !Verify::Sampled.judges(1) && Verify::All.judges(1));
    }

    #[test]
    fn each_frame_is_due_to_all_who_watch_it() {
        assert_eq!(shape().copies(), Some(2));
        let meeting = Shape { publishers: 10, publishers_do: Publishers::Meet, subscribers: 0, ..shape() };
        assert_eq!(meeting.copies(), Some(9));
        assert_eq!(Shape { clip: ClipSize::Simulcast, ..meeting.clone() }.copies(), None);
        assert_eq!(Shape { shows: Shows::Loudest(3), ..meeting.clone() }.copies(), None);
        assert_eq!(Shape { publishers: 1, ..meeting }.copies(), None, "nobody watches who meets nobody");
    }

    #[test]
    fn those_who_meet_watch_all_but_themselves_and_who_only_watches_watches_all() {
        let meeting = Shape { rooms: 1, publishers: 3, publishers_do: Publishers::Meet, subscribers: 1, ..shape() };
        assert_eq!(meeting.publishing().len(), 3);
        let parts: Vec<_> = meeting.watching().into_iter().map(|seat| seat.part).collect();
        assert_eq!(parts, [vec![1, 2], vec![0, 2], vec![0, 1], vec![0, 1, 2]].map(Part::Watch));
        let alone = Shape { publishers: 1, ..meeting.clone() };
        assert!(!alone.is_shown_some(0) && alone.is_shown_some(1));
        let audio = Shape { shows: Shows::Loudest(3), media: Media::Audio, ..meeting };
        assert!(audio.watching().iter().all(|seat| seat.part == Part::Follow(3)) && !audio.fills_every_slot());
    }
}
