//! The flags that set what rooms and participants are allowed, and how settings are shown.

use clap::Args;
use serde_json::{Map, Value};

use super::answers::Settings;
use super::failure::Failure;
use crate::units::{parse, rate};

/// Fields of the API by the flags that set them.
const FLAGS: [(&str, &str); 4] = [
    ("--publish-max", "publish_max_bps"),
    ("--subscribe-max", "subscribe_max_bps"),
    ("--room-egress-max", "room_egress_max_bps"),
    ("--video-max-height", "video_max_height"),
];

/// What `none` is in the place of a number.
const NONE: &str = "none";

/// A cap, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    Is(u64),
    None,
}

/// What is to be allowed; what is not named stays as it is.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Caps {
    /// Most that a participant publishes: 2M, 800k, 1500000 (bit/s), or none
    #[arg(long, value_name = "RATE", value_parser = bitrate)]
    pub publish_max: Option<Cap>,
    /// Most that a participant is sent
    #[arg(long, value_name = "RATE", value_parser = bitrate)]
    pub subscribe_max: Option<Cap>,
    /// Most that all participants of the room together are sent
    #[arg(long, value_name = "RATE", value_parser = bitrate)]
    pub room_egress_max: Option<Cap>,
    /// The highest pictures that are sent, pixels, or none
    #[arg(long, value_name = "PIXELS", value_parser = height)]
    pub video_max_height: Option<Cap>,
}

impl Caps {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.values().iter().all(Option::is_none)
    }

    /// The settings as the API takes them, for a room or for one of its participants.
    pub fn fields(&self, participant: Option<&str>) -> Result<Value, Failure> {
        if let (Some(participant), Some(_)) = (participant, self.room_egress_max) {
            let why =
                format!("--room-egress-max is of a whole room; leave `{participant}` out, or say --subscribe-max");
            return Err(Failure::Usage(why));
        }
        let named = FLAGS.iter().zip(self.values()).filter_map(|((_, field), cap)| {
            let value = match cap? {
                Cap::Is(number) => Value::from(number),
                Cap::None => Value::Null,
            };
            Some(((*field).to_owned(), value))
        });
        Ok(Value::Object(named.collect::<Map<_, _>>()))
    }

    fn values(&self) -> [Option<Cap>; 4] {
        [self.publish_max, self.subscribe_max, self.room_egress_max, self.video_max_height]
    }
}

/// The flag that sets a field of the API.
pub fn flag_of(field: &str) -> Option<&'static str> {
    FLAGS.iter().find(|(_, known)| *known == field).map(|(flag, _)| *flag)
}

/// Settings, each with its flag's name and its value in words; a room's has one more.
pub fn shown(settings: &Settings, participant: Option<&str>) -> Vec<(&'static str, Option<String>)> {
    let Settings { publish_max_bps, subscribe_max_bps, room_egress_max_bps, video_max_height } = settings;
    let height = video_max_height.map(lines);
    let values = [publish_max_bps.map(rate), subscribe_max_bps.map(rate), room_egress_max_bps.map(rate), height];
    let known = FLAGS.iter().zip(values).map(|((flag, _), value)| (flag.trim_start_matches('-'), value));
    known.filter(|(name, _)| participant.is_none() || *name != "room-egress-max").collect()
}

/// A height in words.
pub fn lines(height: u64) -> String {
    format!("{height} lines")
}

fn bitrate(text: &str) -> Result<Cap, String> {
    if text.eq_ignore_ascii_case(NONE) {
        return Ok(Cap::None);
    }
    parse(text).map(Cap::Is).ok_or_else(|| "write a rate such as 2M, 800k or 1500000 (bit/s), or none".to_owned())
}

fn height(text: &str) -> Result<Cap, String> {
    if text.eq_ignore_ascii_case(NONE) {
        return Ok(Cap::None);
    }
    text.parse().map(Cap::Is).map_err(|_| "write a number of pixels such as 360, or none".to_owned())
}
