//! What is measured: the matrix of crowds, each by its name.

use crate::lean::{Media, Offload, Publishers, Shape, Shows, Verify};
use crate::media::{ClipSize, Codec};

/// Viewers of one publisher.
const WEBINARS: [u16; 5] = [10, 50, 200, 500, 1000];
/// People who all publish and watch.
const MEETINGS: [u16; 3] = [10, 20, 30];
/// Rooms of two.
const ROOMS: u16 = 50;
/// People who speak and listen, and the slots of each.
const AUDIO: (u16, u16) = (100, 3);
/// Of this crowd the memory of viewers who only wait is measured too, and where a packet's time goes; and of a quick run these
/// are the crowds.
const IDLE: u16 = 200;
const QUICK_WEBINARS: [u16; 2] = [10, 200];
const QUICK_MEETING: u16 = 10;
/// Viewers who join in a second: handshakes then leave the media its processor.
const JOINS_PER_SECOND: u16 = 160;

/// One line of the report.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: String,
    pub shape: Shape,
    /// How viewers receive.
    pub offload: Offload,
    /// Whether the memory of those who wait in an empty room is measured before.
    pub measures_idle: bool,
    /// Whether it is told where a packet's time goes, once all else is measured.
    pub profiles: bool,
    /// Whether it is part of a quick run.
    pub quick: bool,
}

/// What a frame is on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packets {
    /// About ten packets: the loop of 640×360.
    Many,
    /// One packet: the loop of 160×90.
    Single,
}

/// Every row, in the report's order.
pub fn matrix(codec: Codec) -> Vec<Row> {
    let by_size = |packets, offload| WEBINARS.map(|viewers| webinar(codec, viewers, packets, offload));
    let both = [Packets::Many, Packets::Single];
    let mut rows: Vec<_> = by_size(Packets::Many, Offload::On).into();
    rows.extend(by_size(Packets::Many, Offload::Off));
    rows.extend(by_size(Packets::Single, Offload::On));
    rows.extend(both.into_iter().flat_map(|packets| MEETINGS.map(|people| meeting(codec, people, packets))));
    rows.extend(both.map(|packets| rooms(codec, packets)));
    rows.push(audio(codec));
    rows
}

fn webinar(codec: Codec, viewers: u16, packets: Packets, offload: Offload) -> Row {
    let received = if offload == Offload::Off { "-no-gro" } else { "" };
    let plain = packets == Packets::Many && offload == Offload::On;
    Row {
        name: format!("webinar-{viewers}{}{received}", suffix(packets)),
        shape: Shape {
            subscribers: viewers,
            ramp_seconds: u64::from(viewers.div_ceil(JOINS_PER_SECOND)),
            ..shape("webinar", codec, packets)
        },
        offload,
        measures_idle: viewers == IDLE && plain,
        profiles: viewers == IDLE && plain,
        quick: QUICK_WEBINARS.contains(&viewers),
    }
}

fn meeting(codec: Codec, people: u16, packets: Packets) -> Row {
    Row {
        name: format!("meeting-{people}{}", suffix(packets)),
        shape: Shape { publishers: people, publishers_do: Publishers::Meet, ..shape("meeting", codec, packets) },
        offload: Offload::On,
        measures_idle: false,
        profiles: false,
        quick: people == QUICK_MEETING,
    }
}

fn rooms(codec: Codec, packets: Packets) -> Row {
    Row {
        name: format!("rooms-{ROOMS}{}", suffix(packets)),
        shape: Shape { rooms: ROOMS, publishers: 2, publishers_do: Publishers::Meet, ..shape("rooms", codec, packets) },
        offload: Offload::On,
        measures_idle: false,
        profiles: false,
        quick: packets == Packets::Many,
    }
}

fn audio(codec: Codec) -> Row {
    let (people, slots) = AUDIO;
    Row {
        name: format!("audio-{people}"),
        shape: Shape {
            publishers: people,
            publishers_do: Publishers::Meet,
            shows: Shows::Loudest(slots),
            media: Media::Audio,
            // Few packets, and of sounds only those who are judged know which they are.
            verify: Verify::All,
            ..shape("audio", codec, Packets::Single)
        },
        offload: Offload::On,
        measures_idle: false,
        profiles: false,
        quick: true,
    }
}

fn shape(name: &'static str, codec: Codec, packets: Packets) -> Shape {
    Shape {
        name,
        rooms: 1,
        publishers: 1,
        publishers_do: Publishers::Publish,
        subscribers: 0,
        shows: Shows::Everybody,
        media: Media::Video,
        codec,
        clip: match packets {
            Packets::Many => ClipSize::Large,
            Packets::Single => ClipSize::Tiny,
        },
        seed: 1,
        seconds: 0,
        ramp_seconds: 1,
        verify: Verify::Sampled,
    }
}

const fn suffix(packets: Packets) -> &'static str {
    match packets {
        Packets::Many => "",
        Packets::Single => "-single",
    }
}

impl Row {
    /// Whether one of `patterns` names it, in which `*` stands for anything.
    pub fn is_named(&self, patterns: &[String]) -> bool {
        patterns.iter().any(|pattern| matches(pattern, &self.name))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name
            .strip_prefix(start)
            .is_some_and(|after| (0..=after.len()).any(|at| after.get(at..).is_some_and(|tail| matches(rest, tail)))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_by_which_it_is_found() {
        let rows = matrix(Codec::Vp8);
        let names: BTreeSet<_> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!((names.len(), rows.len()), (24, 24));
        let found = |pattern: &str| rows.iter().filter(|row| row.is_named(&[pattern.to_owned()])).count();
        assert_eq!(found("webinar-*"), 15);
        assert_eq!(found("*-single"), 9);
        assert_eq!((found("meeting-30"), found("*"), found("web"), found("webinar-10*")), (1, 24, 0, 6));
    }
}
