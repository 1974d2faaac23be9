//! `sfu-server cap`: what a room or a participant is allowed, shown or changed.

use clap::Args;
use serde_json::Value;

use super::answers::{Participant, Settings};
use super::caps::{Caps, shown};
use super::failure::Failure;
use super::remote::{Access, Answer, Remote, participant_path, room_path};
use super::screen::{Column, Screen};
use super::{Client, Watch, identity, room_name};

/// Show what a room or a participant is allowed, or change it: in force within a second
#[derive(Debug, Args)]
#[command(
    after_help = "What is not named stays as it is; none clears it. A participant's own go before its room's. Settings may come \
                        before anybody does, and stay until they are cleared or the server ends."
)]
pub struct Cap {
    #[arg(value_parser = room_name)]
    room: String,
    #[arg(value_parser = identity)]
    participant: Option<String>,
    #[command(flatten)]
    caps: Caps,
    #[command(flatten)]
    access: Access,
}

impl Client for Cap {
    fn access(&self) -> &Access {
        &self.access
    }

    fn watch(&self) -> Watch {
        Watch::Once
    }

    fn ask(&self, remote: &Remote) -> Result<Answer, Failure> {
        let participant = self.participant.as_deref();
        let path = match participant {
            Some(participant) => participant_path(&self.room, participant),
            None => room_path(&self.room),
        };
        let fields: Value = self.caps.fields(participant)?;
        if self.caps.is_empty() { remote.get(&path) } else { remote.patch(&path, &fields) }
    }

    fn show(&self, answer: &Answer, screen: Screen) -> Result<String, Failure> {
        let participant = self.participant.as_deref();
        let whose = participant.map_or_else(|| self.room.clone(), |it| format!("{it} in {}", self.room));
        let settings: Settings = answer.read()?;
        let none = if participant.is_some() { "none of its own" } else { "none" };
        let value = |value: Option<String>| value.unwrap_or_else(|| none.to_owned());
        let own = shown(&settings, participant);
        let title = screen.paragraph(0, &whose);
        if participant.is_none() || !self.caps.is_empty() {
            let facts = own.into_iter().map(|(name, own)| (name, value(own)));
            return Ok(title + &screen.facts(facts.collect()));
        }
        let Participant { effective, .. } = answer.read()?;
        let rows = own.into_iter().zip(shown(&effective, participant)).map(|((name, own), (_, effective))| {
            vec![name.to_owned(), value(own), effective.unwrap_or_else(|| "none".to_owned())]
        });
        let columns = [Column::Text("SETTING"), Column::Text("ITS OWN"), Column::Text("IN FORCE")];
        Ok(title + &screen.table(&columns, rows.collect()))
    }
}
