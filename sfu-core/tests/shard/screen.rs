//! What somebody in a room has on the screen, and what is told of it.

use std::collections::BTreeMap;

use sfu_core::command::{Command, LayoutEntry, Muting};
use sfu_core::event::{Event, SlotStatus};
use sfu_core::id::{Identity, MediaKind, Mid, TrackName};
use sfu_core::stats::SlotState;

use crate::client::Role;
use crate::offers::{Section, Style};
use crate::world::{World, met};

/// A video slot's place, what it is to show, and how high.
pub type Tile<'a> = (usize, (&'a str, &'a str), u16);

pub fn mid(place: usize) -> Mid {
    Mid(place.to_string().into())
}

pub fn name(identity: &str, mid: &str) -> TrackName {
    TrackName { identity: Identity::new(identity).unwrap(), mid: Mid(mid.into()) }
}

impl World {
    /// Somebody who only looks, over a connection that could do both, with so many slots of video and audio, video first.
    pub fn look(&mut self, room: &str, identity: &str, slots: (usize, usize)) -> usize {
        let video = std::iter::repeat_n(Section::new(MediaKind::Video, "recvonly"), slots.0);
        let audio = std::iter::repeat_n(Section::new(MediaKind::Audio, "recvonly"), slots.1);
        let sections = (Style::Browser, video.chain(audio).collect());
        self.join(room, identity, Role::viewer(), sections, met)
    }

    /// The same with one slot, of video, that takes this codec and no other.
    pub fn look_in(&mut self, room: &str, identity: &str, codec: &'static str) -> usize {
        let slot = Section { codec, ..Section::new(MediaKind::Video, "recvonly") };
        self.join(room, identity, Role::viewer(), (Style::Browser, vec![slot]), met)
    }

    /// Sets a layout of one who looks; the event that answers.
    pub fn arrange(&mut self, viewer: usize, tiles: &[Tile<'_>]) -> &Event {
        let entry = |(slot, (identity, track), height): &Tile<'_>| LayoutEntry {
            mid: mid(*slot),
            track: name(identity, track),
            height: *height,
            priority: 0,
        };
        let layout = tiles.iter().map(entry).collect();
        let (request, transport) = (self.request(), self.clients[viewer].id);
        self.command(Command::SetLayout { request, transport, layout });
        self.answer_to(request)
    }

    /// Mutes or unmutes a publisher's track; the event that answers.
    pub fn mute(&mut self, publisher: usize, track: &str, muting: Muting) -> &Event {
        let (request, transport) = (self.request(), self.clients[publisher].id);
        self.command(Command::SetMuted { request, transport, mid: Mid(track.into()), muting });
        self.answer_to(request)
    }

    fn answer_to(&self, wanted: sfu_core::id::RequestId) -> &Event {
        let answers = |event: &&Event| match event {
            Event::Done { request } | Event::Rejected { request, .. } => *request == wanted,
            _ => false,
        };
        self.events.iter().find(answers).expect("an answer")
    }

    /// Everything that was told of a slot, in order.
    pub fn told(&self, viewer: usize, slot: usize) -> Vec<SlotStatus> {
        let wanted = self.clients[viewer].id;
        let of_viewer = |event: &Event| match event {
            Event::Slots { transport, slots } if *transport == wanted => slots.clone(),
            _ => vec![],
        };
        self.events.iter().flat_map(of_viewer).filter(|status| status.mid == mid(slot)).collect()
    }

    /// What was told of a slot last.
    pub fn status(&self, viewer: usize, slot: usize) -> SlotStatus {
        self.told(viewer, slot).pop().expect("the slot was told of")
    }

    pub fn state(&self, viewer: usize, slot: usize) -> SlotState {
        self.status(viewer, slot).state
    }

    /// What was told last of everybody's slots is how they are.
    pub fn assert_told(&mut self) {
        let outbound = self.stats().outbound;
        for client in self.clients.iter().filter(|client| client.closed.is_none()) {
            let mut told = BTreeMap::new();
            for event in &self.events {
                if let Event::Slots { transport, slots } = event
                    && *transport == client.id
                {
                    told.extend(slots.iter().map(|status| (status.mid.clone(), status.clone())));
                }
            }
            let offered = client.answer.iter().flat_map(|answer| &answer.slots);
            let of_client = offered.filter_map(|slot| outbound.iter().find(|now| now.ssrc.0 == slot.ssrc));
            for now in of_client.filter(|_| !told.is_empty()) {
                let told = &told[&now.mid];
                assert_eq!((told.state, &told.layer), (now.state, &now.layer), "client {}, {told:?}", client.id);
            }
        }
    }
}
