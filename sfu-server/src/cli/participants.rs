//! `sfu-server participants`: who is in a room and what flows, or one of them with tracks and slots.

use clap::Args;

use super::answers::{Media, Participant, ParticipantList, Slot, Track, Transport};
use super::caps::{lines, shown};
use super::failure::Failure;
use super::remote::{Access, Answer, Remote, participant_path, room_path};
use super::screen::{Column, Screen, UNKNOWN};
use super::words::{layer, limit, rate_of, sending, spoken};
use super::{Client, Watch, identity, room_name};
use crate::units::rate;

/// List who is in a room, or show one of them: tracks, slots, layers, rates
#[derive(Debug, Args)]
pub struct Participants {
    #[arg(value_parser = room_name)]
    room: String,
    #[arg(value_parser = identity)]
    participant: Option<String>,
    /// Ask again every second until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    access: Access,
}

impl Client for Participants {
    fn access(&self) -> &Access {
        &self.access
    }

    fn watch(&self) -> Watch {
        Watch::asked(self.watch)
    }

    fn ask(&self, remote: &Remote) -> Result<Answer, Failure> {
        match &self.participant {
            Some(participant) => remote.get(&participant_path(&self.room, participant)),
            None => remote.get(&format!("{}/participants", room_path(&self.room))),
        }
    }

    fn show(&self, answer: &Answer, screen: Screen) -> Result<String, Failure> {
        if self.participant.is_some() {
            return Ok(one(&answer.read()?, screen));
        }
        let ParticipantList { participants } = answer.read()?;
        let columns = [
            Column::Text("PARTICIPANT"),
            Column::Text("BY"),
            Column::Text("PUBLISHES"),
            Column::Number("SENDS"),
            Column::Number("IS SENT"),
            Column::Number("LIVE SLOTS"),
            Column::Text("LIMIT"),
        ];
        Ok(screen.table(&columns, participants.iter().map(row).collect()))
    }
}

fn row(participant: &Participant) -> Vec<String> {
    let media: Vec<&Media> = participant.transports.iter().filter_map(|transport| transport.media.as_ref()).collect();
    let sum = |of: fn(&Media) -> Option<u64>| {
        let known: Vec<u64> = media.iter().filter_map(|media| of(media)).collect();
        rate_of((!known.is_empty()).then(|| known.iter().sum()))
    };
    let tracks: Vec<String> = media.iter().flat_map(|media| &media.tracks).map(track_words).collect();
    let slots = || media.iter().flat_map(|media| &media.slots).filter(|slot| slot.state != "empty");
    let live = slots().filter(|slot| slot.state == "live").count();
    let protocols: Vec<&str> = participant.transports.iter().map(|it| it.protocol.as_str()).collect();
    vec![
        participant.participant.clone(),
        match (participant.present, protocols.is_empty()) {
            (false, _) => "absent".to_owned(),
            (true, true) => "socket".to_owned(),
            (true, false) => protocols.join(", "),
        },
        if tracks.is_empty() { UNKNOWN.to_owned() } else { tracks.join(", ") },
        sum(|media| media.received_bps),
        sum(|media| media.sent_bps),
        if media.is_empty() { UNKNOWN.to_owned() } else { format!("{live} of {}", slots().count()) },
        media.iter().find_map(|media| limit_words(media)).unwrap_or_else(|| UNKNOWN.to_owned()),
    ]
}

fn limit_words(media: &Media) -> Option<String> {
    let by = media.sending.limited_by.as_deref().filter(|_| media.sending.allotted_bps < media.sending.wanted_bps)?;
    let budget = media.sending.budget_bps.map_or_else(String::new, |bps| format!(" {}", rate(bps)));
    Some(format!("{}{budget}", limit(by)))
}

fn track_words(track: &Track) -> String {
    let highest = track.encodings.iter().filter_map(|encoding| encoding.height).max();
    let size = highest.map_or_else(String::new, |height| format!(" {height}"));
    let muted = if track.muted { " (muted)" } else { "" };
    format!("{}{size}{muted}", track.kind)
}

fn one(participant: &Participant, screen: Screen) -> String {
    let there = if participant.present { "" } else { " (not in the room)" };
    let mut text = screen.paragraph(0, &format!("{}{there}", participant.participant));
    let own = shown(&participant.settings, Some(&participant.participant));
    let effective = shown(&participant.effective, Some(&participant.participant));
    let facts = own.into_iter().zip(effective).map(|((name, own), (_, effective))| {
        let value = match (own, effective) {
            (Some(own), _) => format!("{own} (its own)"),
            (None, Some(effective)) => format!("{effective} (the room's)"),
            (None, None) => "none".to_owned(),
        };
        (name, value)
    });
    text += &screen.facts(facts.collect());
    for transport in &participant.transports {
        text += &connection(transport, screen);
    }
    text
}

fn connection(transport: &Transport, screen: Screen) -> String {
    let Transport { transport: number, protocol, media } = transport;
    let Some(media) = media else {
        return screen.paragraph(0, &format!("\nconnection {number} ({protocol}): its media thread does not know it"));
    };
    let up = if media.connected { "up" } else { "not up" };
    let refused = match media.refused_bps {
        Some(bps) if bps > 0 => format!(", of which {} are refused", rate(bps)),
        _ => String::new(),
    };
    let flows = format!("sends {}{refused}; is sent {}", rate_of(media.received_bps), rate_of(media.sent_bps));
    let mut text = screen.paragraph(0, &format!("\nconnection {number} ({protocol}), {up}"));
    text += &screen.paragraph(2, &flows);
    text += &screen.paragraph(2, &sending(&media.sending));
    if !media.tracks.is_empty() {
        text += "\n";
        text += &tracks(&media.tracks, screen);
    }
    if !media.slots.is_empty() {
        text += "\n";
        text += &slots(&media.slots, screen);
    }
    text
}

fn tracks(tracks: &[Track], screen: Screen) -> String {
    let columns = [
        Column::Text("TRACK"),
        Column::Text("KIND"),
        Column::Text("ENCODING"),
        Column::Text("CODEC"),
        Column::Text("HEIGHT"),
        Column::Number("RATE"),
        Column::Text("STATE"),
    ];
    let mut rows = Vec::new();
    for track in tracks {
        let muted = if track.muted { "muted" } else { "" };
        if track.encodings.is_empty() {
            let nothing = || UNKNOWN.to_owned();
            rows.push(vec![
                track.id.clone(),
                track.kind.clone(),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                muted.to_owned(),
            ]);
        }
        for encoding in &track.encodings {
            let state = match (track.muted, encoding.refused) {
                (true, _) => muted.to_owned(),
                (false, true) => "refused: above its cap".to_owned(),
                (false, false) => spoken(&encoding.sending),
            };
            rows.push(vec![
                track.id.clone(),
                track.kind.clone(),
                encoding.rid.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
                encoding.codec.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
                encoding.height.map_or_else(|| UNKNOWN.to_owned(), lines),
                rate_of(encoding.bps),
                state,
            ]);
        }
    }
    screen.table(&columns, rows)
}

fn slots(slots: &[Slot], screen: Screen) -> String {
    let columns = [
        Column::Text("SLOT"),
        Column::Text("KIND"),
        Column::Text("SHOWS"),
        Column::Text("STATE"),
        Column::Text("LAYER"),
        Column::Text("TARGET"),
        Column::Number("SENT"),
        Column::Number("COUNTED"),
        Column::Number("LACKS"),
        Column::Text("LIMIT"),
    ];
    let row = |slot: &Slot| {
        let unknown = || UNKNOWN.to_owned();
        let is_video = slot.kind == "video";
        vec![
            slot.mid.clone(),
            slot.kind.clone(),
            slot.track.clone().unwrap_or_else(unknown),
            spoken(&slot.state),
            slot.encoding.as_ref().filter(|_| is_video).map_or_else(unknown, layer),
            slot.target.as_ref().filter(|_| is_video).map_or_else(unknown, layer),
            rate_of(slot.bps),
            if is_video { rate(slot.allotted_bps) } else { unknown() },
            if slot.missing_bps > 0 { rate(slot.missing_bps) } else { unknown() },
            slot.limited_by.as_deref().map_or_else(unknown, |by| limit(by).to_owned()),
        ]
    };
    screen.table(&columns, slots.iter().map(row).collect())
}
