//! `sfu-server what-if`: what everybody would be given under other caps. Nothing changes.

use clap::Args;
use serde_json::json;

use super::answers::{Viewer, WhatIf as Foreseen};
use super::caps::Caps;
use super::failure::Failure;
use super::remote::{Access, Answer, Remote, room_path};
use super::screen::{Column, Screen, UNKNOWN};
use super::words::{given, limit, rate_of};
use super::{Client, Watch, identity, room_name};
use crate::units::rate;

/// Tell what everybody in a room would be given under other caps; nothing changes
#[derive(Debug, Args)]
#[command(
    after_help = "Caps are supposed of the room, or of one participant if it is named. What publishers would send less is not foreseen."
)]
pub struct WhatIf {
    #[arg(value_parser = room_name)]
    room: String,
    #[arg(value_parser = identity)]
    participant: Option<String>,
    #[command(flatten)]
    caps: Caps,
    #[command(flatten)]
    access: Access,
}

impl Client for WhatIf {
    fn access(&self) -> &Access {
        &self.access
    }

    fn watch(&self) -> Watch {
        Watch::Once
    }

    fn ask(&self, remote: &Remote) -> Result<Answer, Failure> {
        if self.caps.is_empty() {
            let why = "say what to suppose, such as --subscribe-max 500k; `sfu-server why` tells what is".to_owned();
            return Err(Failure::Usage(why));
        }
        let fields = self.caps.fields(self.participant.as_deref())?;
        let supposed = match &self.participant {
            Some(participant) => json!({ "participants": { participant: fields } }),
            None => fields,
        };
        remote.post(&format!("{}/what-if", room_path(&self.room)), &supposed)
    }

    fn show(&self, answer: &Answer, screen: Screen) -> Result<String, Failure> {
        let Foreseen { viewers, .. } = answer.read()?;
        if viewers.is_empty() {
            return Ok(screen.paragraph(0, &format!("Nobody in {} is connected.", self.room)));
        }
        let people = [
            Column::Text("PARTICIPANT"),
            Column::Number("MAY BE SENT"),
            Column::Text("LIMIT"),
            Column::Number("IS GIVEN"),
        ];
        let slots = [
            Column::Text("PARTICIPANT"),
            Column::Text("SLOT"),
            Column::Text("SHOWS"),
            Column::Text("NOW"),
            Column::Text("THEN"),
            Column::Text("LIMIT"),
        ];
        let mut text = screen.table(&people, viewers.iter().map(person).collect());
        let rows: Vec<_> = viewers.iter().flat_map(slot_rows).collect();
        if !rows.is_empty() {
            text += "\n";
            text += &screen.table(&slots, rows);
        }
        Ok(text)
    }
}

fn limited(by: Option<&str>) -> String {
    by.map_or(UNKNOWN, limit).to_owned()
}

fn person(viewer: &Viewer) -> Vec<String> {
    let budget = viewer.budget_bps.map_or_else(|| "anything".to_owned(), |bps| rate_of(Some(bps)));
    vec![viewer.participant.clone(), budget, limited(viewer.limited_by.as_deref()), rate(viewer.allotted_bps)]
}

fn slot_rows(viewer: &Viewer) -> impl Iterator<Item = Vec<String>> + '_ {
    viewer.slots.iter().map(|slot| {
        vec![
            viewer.participant.clone(),
            slot.mid.clone(),
            slot.track.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
            given(&slot.now),
            given(&slot.then),
            limited(slot.limited_by.as_deref()),
        ]
    })
}
