//! What the operator does: caps that fall, rise and are lifted, of one viewer and of the room, and then whatever chance brings.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use serde_json::{Map, Value};

/// The lowest cap that chance draws, bit/s: what two voices cost with their heads, and some more. They are exempt from caps, so
/// that the bound says nothing below.
const LEAST_BPS: f64 = 160_000.0;
/// Below the lowest pictures, of which there are two at 120 kbit/s, and above the voices, bit/s.
const VOICES_BPS: u64 = 160_000;
/// The highest cap that chance draws, bit/s: what a viewer is sent that nothing limits, and some more.
const MOST_BPS: f64 = 7_000_000.0;

/// What is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    SubscribeMaxBps,
    RoomEgressMaxBps,
    VideoMaxHeight,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::SubscribeMaxBps => "subscribe_max_bps",
            Self::RoomEgressMaxBps => "room_egress_max_bps",
            Self::VideoMaxHeight => "video_max_height",
        }
    }
}

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    Room,
    /// By the order in which they joined.
    Viewer(usize),
}

/// One field of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub whom: Whom,
    pub field: Field,
    /// Bit/s or pixels; `None` lifts the cap.
    pub value: Option<u64>,
}

impl Change {
    pub const fn new(whom: Whom, field: Field, value: Option<u64>) -> Self {
        Self { whom, field, value }
    }

    /// The body of its request.
    pub fn body(&self) -> Value {
        let value = self.value.map_or(Value::Null, Value::from);
        Value::Object(Map::from_iter([(self.field.name().to_owned(), value)]))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whom {
            Whom::Room => f.write_str("room"),
            Whom::Viewer(viewer) => write!(f, "viewer {}", viewer + 1),
        }?;
        match (self.field, self.value) {
            (Field::SubscribeMaxBps, None) => f.write_str(": cap lifted"),
            (Field::SubscribeMaxBps, Some(bps)) if self.whom == Whom::Room => write!(f, ": {} each", rate(bps)),
            (Field::SubscribeMaxBps, Some(bps)) => write!(f, ": {}", rate(bps)),
            (Field::RoomEgressMaxBps, None) => f.write_str(": egress lifted"),
            (Field::RoomEgressMaxBps, Some(bps)) => write!(f, ": {} for all", rate(bps)),
            (Field::VideoMaxHeight, None) => f.write_str(": height lifted"),
            (Field::VideoMaxHeight, Some(height)) => write!(f, ": no higher than {height} px"),
        }
    }
}

/// For people.
pub fn rate(bps: u64) -> String {
    let kbps = bps.div_ceil(1_000);
    if kbps < 1_000 { format!("{kbps} kbit/s") } else { format!("{}.{:02} Mbit/s", kbps / 1_000, kbps % 1_000 / 10) }
}

/// What is done at once, and how long it stays so.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// None: only looked at.
    pub changes: Vec<Change>,
    #[serde(serialize_with = "as_seconds")]
    pub time: Duration,
}

/// The usual script for so many viewers: each step for `time`, and then `drawn` changes by `seed`.
pub fn script(viewers: u16, time: Duration, drawn: u16, seed: u64) -> Vec<Step> {
    let first = |bps| vec![Change::new(Whom::Viewer(0), Field::SubscribeMaxBps, bps)];
    let room = |field, value| vec![Change::new(Whom::Room, field, value)];
    let each = u64::from(viewers) * 600_000;
    let mut all = vec![
        Vec::new(),
        first(Some(3_200_000)),
        first(Some(900_000)),
        first(Some(500_000)),
        first(Some(VOICES_BPS)),
        first(Some(900_000)),
        first(None),
        room(Field::SubscribeMaxBps, Some(1_000_000)),
        room(Field::SubscribeMaxBps, None),
        room(Field::RoomEgressMaxBps, Some(each)),
        room(Field::RoomEgressMaxBps, None),
        room(Field::VideoMaxHeight, Some(180)),
        room(Field::VideoMaxHeight, None),
    ];
    let mut random = StdRng::seed_from_u64(seed);
    let mut caps = Caps::default();
    for _ in 0..drawn {
        let change = draw(viewers, &mut random);
        caps.set(change);
        all.push(vec![change]);
    }
    all.push(caps.lifted());
    all.into_iter().map(|changes| Step { changes, time }).collect()
}

fn draw(viewers: u16, random: &mut StdRng) -> Change {
    let bps = |random: &mut StdRng, of: f64| {
        let share: f64 = random.random();
        round(of * LEAST_BPS * (MOST_BPS / LEAST_BPS).powf(share))
    };
    match random.random_range(0..10) {
        0..=5 => {
            let viewer = Whom::Viewer(usize::from(random.random_range(0..viewers.max(1))));
            let lifted = random.random_ratio(1, 5);
            Change::new(viewer, Field::SubscribeMaxBps, (!lifted).then(|| bps(random, 1.0)))
        }
        6 | 7 => {
            let lifted = random.random_ratio(1, 2);
            Change::new(Whom::Room, Field::SubscribeMaxBps, (!lifted).then(|| bps(random, 1.0)))
        }
        _ => {
            let lifted = random.random_ratio(1, 2);
            Change::new(Whom::Room, Field::RoomEgressMaxBps, (!lifted).then(|| bps(random, f64::from(viewers))))
        }
    }
}

/// To whole kbit/s.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between LEAST_BPS and MOST_BPS for each of at most 65,535 viewers"
)]
fn round(bps: f64) -> u64 {
    (bps / 1_000.0).round() as u64 * 1_000
}

/// What is set at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps(BTreeMap<(Whom, Field), u64>);

impl Caps {
    /// Does what a change does.
    pub fn set(&mut self, change: Change) {
        let key = (change.whom, change.field);
        match change.value {
            Some(value) => self.0.insert(key, value),
            None => self.0.remove(&key),
        };
    }

    /// What a viewer may be sent, bit/s: its own cap goes before its room's.
    pub fn of_viewer(&self, viewer: usize) -> Option<u64> {
        self.get(Whom::Viewer(viewer), Field::SubscribeMaxBps).or(self.get(Whom::Room, Field::SubscribeMaxBps))
    }

    /// What all together may be sent, bit/s.
    pub fn of_room(&self) -> Option<u64> {
        self.get(Whom::Room, Field::RoomEgressMaxBps)
    }

    /// How high pictures may be, pixels.
    pub fn height_of(&self, viewer: usize) -> Option<u64> {
        self.get(Whom::Viewer(viewer), Field::VideoMaxHeight).or(self.get(Whom::Room, Field::VideoMaxHeight))
    }

    /// Whether nothing limits a viewer.
    pub fn leave_free(&self, viewer: usize) -> bool {
        self.of_viewer(viewer).is_none() && self.of_room().is_none() && self.height_of(viewer).is_none()
    }

    fn get(&self, whom: Whom, field: Field) -> Option<u64> {
        self.0.get(&(whom, field)).copied()
    }

    /// The changes that lift all there is.
    pub fn lifted(&self) -> Vec<Change> {
        self.0.keys().map(|(whom, field)| Change::new(*whom, *field, None)).collect()
    }
}

fn as_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_ends_without_caps_and_is_the_same_for_the_same_seed() {
        let steps = |seed| script(4, Duration::from_secs(5), 40, seed);
        let changes = |seed| steps(seed).into_iter().map(|step| step.changes).collect::<Vec<_>>();
        assert!(changes(1) == changes(1) && changes(1) != changes(2) && changes(1).len() == 13 + 40 + 1);
        let mut caps = Caps::default();
        for change in changes(1).iter().flatten() {
            caps.set(*change);
            let within = |bps: u64| (160_000..=4 * 7_000_000).contains(&bps);
            assert!(change.value.is_none_or(|value| value == 180 || within(value)), "{change}");
        }
        assert_eq!(caps, Caps::default());
    }

    #[test]
    fn a_viewers_own_cap_goes_before_its_rooms() {
        let mut caps = Caps::default();
        assert!(caps.leave_free(0));
        caps.set(Change::new(Whom::Room, Field::SubscribeMaxBps, Some(300_000)));
        caps.set(Change::new(Whom::Viewer(1), Field::SubscribeMaxBps, Some(900_000)));
        assert_eq!((caps.of_viewer(0), caps.of_viewer(1), caps.of_room()), (Some(300_000), Some(900_000), None));
        let change = Change::new(Whom::Viewer(1), Field::SubscribeMaxBps, None);
        assert_eq!(
            (change.to_string(), change.body().to_string()),
            ("viewer 2: cap lifted".to_owned(), r#"{"subscribe_max_bps":null}"#.to_owned())
        );
        caps.set(change);
        assert!(caps.of_viewer(1) == Some(300_000) && !caps.leave_free(1));
        assert_eq!(
            (rate(330_000), rate(2_000_000), rate(1_250_000)),
            ("330 kbit/s".into(), "2.00 Mbit/s".into(), "1.25 Mbit/s".into())
        );
    }
}
