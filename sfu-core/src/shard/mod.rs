//! One run of the packet's walk: owns rooms and transports, knows no protocol detail.
//!
//! After any `handle_*`, drain `poll_transmit` and `poll_event` until they return `None`, then sleep until `poll_timeout`.
//!
//! Invariant: one peer's fault costs that peer. Whatever is done for a participant runs behind `guard`; a panic
//! there is counted and ends that participant's transport alone.

mod addresses;
mod allotment;
mod batch;
mod caps;
mod data;
mod decisions;
mod egress;
mod estimation;
mod feedback;
mod fill;
mod guard;
mod ingress;
mod io;
mod join;
mod layout;
mod leave;
mod liveness;
mod media;
mod muting;
mod participant;
mod patch;
mod policing;
mod question;
mod relay;
mod renegotiate;
mod ring_memory;
mod routes;
mod sample;
mod sections;
mod snapshot;
mod speakers;
mod status;
mod stream;
mod streams;
mod switching;
mod thinning;
mod wall_clock;
mod what_if;
mod why;

pub use io::{Datagram, ShardConfig, Transmit};
pub use relay::RelayBatch;
pub use stream::StreamChange;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use slotmap::{SecondaryMap, SlotMap};

use crate::command::Command;
use crate::event::{CloseReason, Event};
use crate::id::{ParticipantKey, RoomName};
use crate::room::{Room, Wishes};
use crate::sdp::Purpose;
use crate::stats::ShardCounters;
use crate::timer::{Timer, TimerTable};
use crate::transport::Pair;

use addresses::AddressBook;
use media::Media;
use participant::{Participant, SendQueue};
use relay::Relays;
use snapshot::Retired;

/// The media plane of one core: every room and transport that lives here.
#[derive(Debug)]
pub struct Shard {
    config: ShardConfig,
    rng: StdRng,
    /// Names of participants, for those who are here and those of other shards.
    names: SlotMap<ParticipantKey, ()>,
    participants: SecondaryMap<ParticipantKey, Participant>,
    media: Media,
    rooms: BTreeMap<RoomName, Room>,
    relays: Relays,
    addresses: AddressBook,
    timers: TimerTable,
    send_queue: SendQueue,
    /// What participants that are gone still have to say.
    last_words: VecDeque<(Pair, Bytes)>,
    events: VecDeque<Event>,
    /// Viewers whose slots' status is to be looked at.
    unlooked: VecDeque<ParticipantKey>,
    /// The time, as it was told last: events are polled without it.
    now: Option<Instant>,
    counters: ShardCounters,
    retired: Retired,
}

impl Shard {
    /// An empty shard.
    pub fn new(config: ShardConfig) -> Self {
        Self {
            rng: StdRng::from_seed(config.seed),
            media: Media::new(config.rings_bytes_max),
            config,
            names: SlotMap::with_key(),
            participants: SecondaryMap::new(),
            rooms: BTreeMap::new(),
            relays: Relays::default(),
            addresses: AddressBook::default(),
            timers: TimerTable::default(),
            send_queue: SendQueue::default(),
            last_words: VecDeque::new(),
            events: VecDeque::new(),
            unlooked: VecDeque::new(),
            now: None,
            counters: ShardCounters::default(),
            retired: Retired::default(),
        }
    }

    /// Takes in one datagram; its bytes are decrypted in place. Never fails: what is bad is dropped and counted.
    pub fn handle_datagram(&mut self, now: Instant, datagram: Datagram<'_>) {
        self.now = Some(now);
        self.counters.datagrams_received += 1;
        let pair = datagram.pair.canonical();
        let Some(key) = self.addresses.addressee(pair, datagram.bytes) else {
            self.counters.datagrams_unaddressed += 1;
            return;
        };
        self.guard(now, key, |shard| shard.receive(now, key, Datagram { pair, ..datagram }));
    }

    /// Takes in a request of the control plane.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        self.now = Some(now);
        match command {
            Command::Publish(join) => self.join(now, join, Purpose::Publish, Wishes::Anybody, &[]),
            Command::Watch { join, watch } => {
                let wishes = if watch.is_empty() { Wishes::Anybody } else { Wishes::Named(watch) };
                self.join(now, join, Purpose::Watch, wishes, &[]);
            }
            Command::Meet { join, muted } => self.join(now, join, Purpose::Meet, Wishes::Layout, &muted),
            Command::Renegotiate { request, transport, offer, muted } => {
                self.renegotiate(now, request, transport, &offer, &muted);
            }
            Command::SetLayout { request, transport, layout } => self.set_layout(now, request, transport, layout),
            Command::SetMuted { request, transport, mid, muting } => {
                self.set_muted(now, request, transport, &mid, muting);
            }
            Command::SendData { transports, label, payload } => {
                for transport in transports {
                    self.send_data(now, transport, &label, &payload);
                }
            }
            Command::Patch { request, transport, fragment } => self.patch(now, request, transport, &fragment),
            Command::Link { room, shards } => {
                self.contain(|shard| shards.into_iter().for_each(|other| shard.link(now, &room, other)));
            }
            Command::CapRoom { request, room, caps } => self.cap_room(now, request, &room, caps),
            Command::UncapRoom { request, room } => self.uncap_room(now, request, &room),
            Command::CapParticipant { request, room, identity, caps } => {
                self.cap_participant(now, request, &room, &identity, caps);
            }
            Command::Sample { request } => self.tell_sample(now, request),
            Command::Why { request, transport } => self.tell_why(now, request, transport),
            Command::WhatIf { request, room, caps, participants } => {
                self.tell_forecasts(now, request, &room, caps, &participants);
            }
            Command::Close { transport } => {
                if let Some(key) = self.addresses.by_id(transport) {
                    self.guard(now, key, |shard| shard.remove(now, key, CloseReason::Requested));
                }
            }
            Command::CloseAll => {
                for key in self.participants.keys().collect::<Vec<_>>() {
                    self.guard(now, key, |shard| shard.remove(now, key, CloseReason::Requested));
                }
            }
            Command::Stats { request } => {
                self.contain(|shard| {
                    let stats = Box::new(shard.snapshot());
                    shard.events.push_back(Event::Stats { request, stats });
                });
            }
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = Some(now);
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Participant(key) => self.guard(now, key, |shard| shard.participant_due(now, key)),
                Timer::Flush(encoding) => self.contain(|shard| shard.wake_readers(encoding)),
                Timer::Resized(track) => self.contain(|shard| shard.resize_for_viewers_of(now, track)),
                Timer::Unwanted(track) => self.contain(|shard| shard.weigh_encodings(now, track)),
                Timer::Slots(key) => self.unlooked.push_back(key),
                Timer::Caps(room) => self.contain(|shard| shard.apply_caps(now, &room)),
                Timer::Speaker(room) => self.contain(|shard| shard.evaluate_speaker(now, &room)),
            }
        }
    }

    /// The next thing the control plane must hear.
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            self.tell_slots();
        }
        self.events.pop_front()
    }

    /// When `handle_timeout` is due next; `None` means never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn participant_due(&mut self, now: Instant, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        participant.egress.paced_until = None;
        participant.connection.handle_timeout(now);
        participant.chain.handle_timeout(now);
        if let Some(link) = &mut participant.egress.link {
            link.handle_timeout(now);
        }
        self.data_due(now, key);
        self.follow_estimate(now, key);
        self.settle(now, key);
    }
}
