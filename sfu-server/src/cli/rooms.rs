//! `sfu-server rooms`: the rooms there are, or one.

use clap::Args;

use super::answers::{Room, RoomList};
use super::caps::shown;
use super::failure::Failure;
use super::remote::{Access, Answer, Remote, room_path};
use super::screen::{Column, Screen, UNKNOWN};
use super::{Client, Watch, room_name};

/// List rooms that somebody is in or that have settings, or show one
#[derive(Debug, Args)]
pub struct Rooms {
    #[arg(value_parser = room_name)]
    room: Option<String>,
    #[command(flatten)]
    access: Access,
}

impl Client for Rooms {
    fn access(&self) -> &Access {
        &self.access
    }

    fn watch(&self) -> Watch {
        Watch::Once
    }

    fn ask(&self, remote: &Remote) -> Result<Answer, Failure> {
        remote.get(&self.room.as_deref().map_or_else(|| "/rooms".to_owned(), room_path))
    }

    fn show(&self, answer: &Answer, screen: Screen) -> Result<String, Failure> {
        if self.room.is_some() {
            return Ok(one(&answer.read()?, screen));
        }
        let RoomList { rooms } = answer.read()?;
        if rooms.is_empty() {
            return Ok("Nobody is in any room, and nothing is set for one.\n".to_owned());
        }
        let columns = [
            Column::Text("ROOM"),
            Column::Number("PEOPLE"),
            Column::Number("CONNECTIONS"),
            Column::Text("THREADS"),
            Column::Number("PUBLISH MAX"),
            Column::Number("SUBSCRIBE MAX"),
            Column::Number("EGRESS MAX"),
            Column::Number("HEIGHT MAX"),
        ];
        Ok(screen.table(&columns, rooms.iter().map(row).collect()))
    }
}

fn row(room: &Room) -> Vec<String> {
    let mut row = vec![room.room.clone(), room.participants.to_string(), room.transports.to_string(), threads(room)];
    row.extend(shown(&room.settings, None).into_iter().map(|(_, value)| value.unwrap_or_else(|| UNKNOWN.to_owned())));
    row
}

fn one(room: &Room, screen: Screen) -> String {
    let mut facts = vec![
        ("participants", room.participants.to_string()),
        ("connections", room.transports.to_string()),
        ("media threads", threads(room)),
    ];
    facts.extend(
        shown(&room.settings, None).into_iter().map(|(name, value)| (name, value.unwrap_or_else(|| "none".to_owned()))),
    );
    screen.paragraph(0, &room.room) + &screen.facts(facts)
}

fn threads(room: &Room) -> String {
    let threads: Vec<String> = room.shards.iter().map(u64::to_string).collect();
    if threads.is_empty() { UNKNOWN.to_owned() } else { threads.join(", ") }
}
