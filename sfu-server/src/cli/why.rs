//! `sfu-server why`: of each slot of a participant what keeps it from more, what would lift that, and what was decided before.

use clap::Args;

use super::answers::{Change, Decision, Explanation, Rung, SlotWhy, TransportWhy};
use super::caps::{flag_of, lines};
use super::failure::Failure;
use super::remote::{Access, Answer, Remote, URL, participant_path};
use super::screen::{Column, Screen, UNKNOWN};
use super::words::{given, layer, rate_of, sending, spoken};
use super::{Client, Watch, identity, room_name};
use crate::units::{at_least, rate};

/// Tell why a participant sees what it sees, and the cheapest change that would give it more
#[derive(Debug, Args)]
pub struct Why {
    #[arg(value_parser = room_name)]
    room: String,
    #[arg(value_parser = identity)]
    participant: String,
    /// How many of the last decisions are shown
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    decisions: usize,
    /// Ask again every second until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    access: Access,
}

impl Client for Why {
    fn access(&self) -> &Access {
        &self.access
    }

    fn watch(&self) -> Watch {
        Watch::asked(self.watch)
    }

    fn ask(&self, remote: &Remote) -> Result<Answer, Failure> {
        remote.get(&format!("{}/why", participant_path(&self.room, &self.participant)))
    }

    fn show(&self, answer: &Answer, screen: Screen) -> Result<String, Failure> {
        let Explanation { transports } = answer.read()?;
        let mut text = screen.paragraph(0, &format!("{} in {}", self.participant, self.room));
        if transports.is_empty() {
            text += &screen.paragraph(2, "is not connected: nothing is decided for it until it is in the room.");
        }
        for transport in &transports {
            text += &self.connection(transport, screen);
        }
        Ok(text)
    }
}

impl Why {
    fn connection(&self, transport: &TransportWhy, screen: Screen) -> String {
        let up = if transport.connected { "up" } else { "not up" };
        let mut text = screen.paragraph(0, &format!("\nconnection {}, {up}", transport.transport));
        text += &screen.paragraph(2, &sending(&transport.sending));
        let (said, quiet): (Vec<_>, Vec<_>) = transport.slots.iter().partition(|slot| slot.constraint != "empty");
        for slot in said {
            text += &self.slot(slot, screen);
        }
        if !quiet.is_empty() {
            text += &screen.paragraph(0, &format!("\n{} more slots are empty.", quiet.len()));
        }
        text + &decisions(&transport.decisions, self.decisions, screen)
    }

    fn slot(&self, slot: &SlotWhy, screen: Screen) -> String {
        let is_video = slot.kind == "video";
        let shown =
            slot.encoding.as_ref().filter(|_| is_video).map_or_else(String::new, |it| format!(", {}", layer(it)));
        let track = slot.track.as_deref().unwrap_or("nothing");
        let title = format!("\nslot {}, {}: {track}, {}{shown}", slot.mid, slot.kind, spoken(&slot.state));
        let mut text = screen.paragraph(0, &title);
        text += &screen.paragraph(2, &format!("{} [{}]", slot.sentence, slot.constraint));
        if let Some(lift) = &slot.lift {
            for change in &lift.changes {
                text += &screen.paragraph(2, &format!("to lift it: {}", words_of(change)));
            }
            if let Some(command) = self.command(&lift.changes) {
                // In one line, to be copied.
                text += &format!("    {command}\n");
            }
        }
        if is_video && !slot.ladder.is_empty() {
            let rungs: Vec<String> = slot.ladder.iter().map(rung).collect();
            text += &screen.paragraph(2, &format!("there are: {}", rungs.join("; ")));
        }
        text
    }

    /// The command that makes these changes; none if one of them is nobody's to make.
    fn command(&self, changes: &[Change]) -> Option<String> {
        let of_room = changes.iter().any(|change| change.of == "room");
        let of_participant = changes.iter().any(|change| change.of == "participant");
        let mut flags = Vec::new();
        for Change { setting, to, .. } in changes {
            let setting = setting.as_deref()?;
            let value = if setting.ends_with("_bps") { at_least(*to) } else { to.to_string() };
            flags.push(format!("{} {value}", flag_of(setting)?));
        }
        // A participant's own go before the room's, so that each of them can be set for it alone, but for the room's egress.
        let names = match (of_room, of_participant) {
            (true, true) => return None,
            (true, false) => quoted(&self.room),
            (false, true) => format!("{} {}", quoted(&self.room), quoted(&self.participant)),
            (false, false) => return None,
        };
        let at = if self.access.url == URL { String::new() } else { format!(" --url {}", quoted(&self.access.url)) };
        Some(format!("sfu-server cap {names} {}{at}", flags.join(" ")))
    }
}

fn words_of(change: &Change) -> String {
    let Change { of, setting, from, to } = change;
    match setting.as_deref() {
        Some(setting) => {
            let value = |number: u64| if setting.ends_with("_bps") { rate(number) } else { lines(number) };
            format!("{} of the {of} from {} to {}", setting, value(*from), value(*to))
        }
        None => format!("its link would have to carry {} instead of {}; no setting does that", rate(*to), rate(*from)),
    }
}

fn rung(rung: &Rung) -> String {
    let Rung { rid, height, bps, measured } = rung;
    let name = rid.as_deref().map_or_else(String::new, |rid| format!(" ({rid})"));
    let guess = if *measured { "" } else { " or so" };
    format!("{height}{name} for {}{guess}", rate(*bps))
}

fn decisions(decisions: &[Decision], most: usize, screen: Screen) -> String {
    if decisions.is_empty() || most == 0 {
        return String::new();
    }
    let columns = [
        Column::Text("UTC"),
        Column::Text("SLOT"),
        Column::Text("SHOWS"),
        Column::Text("FROM"),
        Column::Text("TO"),
        Column::Text("BECAUSE"),
        Column::Number("BUDGET"),
    ];
    let rows = decisions.iter().rev().take(most).map(|decision| {
        vec![
            time(decision.at_ms),
            decision.mid.clone(),
            decision.track.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
            given(&decision.from),
            given(&decision.to),
            spoken(&decision.constraint),
            rate_of(decision.budget_bps),
        ]
    });
    format!("\nlast decisions, of {}:\n{}", decisions.len(), screen.table(&columns, rows.collect()))
}

/// The time of day.
fn time(at_ms: u64) -> String {
    let seconds = at_ms / 1_000;
    format!("{:02}:{:02}:{:02}.{}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60, at_ms / 100 % 10)
}

/// As a shell takes it.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/".contains(&byte);
    if name.bytes().all(is_plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}
