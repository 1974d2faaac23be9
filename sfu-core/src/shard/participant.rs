//! One participant: its transport, its control chain, what it publishes and what it receives.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use crate::bitrate::{Caps, Wanted};
use crate::event::SlotStatus;
use crate::id::{EncodingId, Identity, ParticipantKey, RoomName, Ssrc, TrackId, TrackName, TransportId};
use crate::interceptor::ControlChain;
use crate::publish::{Policer, StreamDemux};
use crate::room::Wishes;
use crate::sdp::{ExtensionIds, Purpose, Section, Session};
use crate::subscribe::{Burst, Pacer, Slot};
use crate::transport::{Connection, Pair};

use super::allotment::{Allotment, Decided};
use super::data::Data;
use super::decisions::Decisions;
use super::estimation::LinkEstimate;
use super::liveness::Liveness;

/// Who somebody is, and why.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub id: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    pub purpose: Purpose,
    /// How its slots are filled.
    pub wishes: Wishes,
    /// Its own, which go before its room's.
    pub caps: Caps,
}

/// What a viewer's layout gives a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlotWish {
    pub track: TrackName,
    /// Device pixels; 0: hidden.
    pub height: u16,
    /// Higher wins, where not everybody can have the better layer.
    pub priority: u8,
}

/// A slot and the track that the room gave it.
#[derive(Debug)]
pub(super) struct AssignedSlot {
    pub slot: Slot,
    /// What the layout says, where there is one.
    pub wish: Option<SlotWish>,
    pub track: Option<TrackId>,
    /// What it was given of its track's pictures.
    pub decided: Decided,
    /// The status that the control plane knows.
    pub told: Option<SlotStatus>,
    /// Whether the control chain asks for the slot's next sender report by itself; it stops when one cannot be made.
    pub reporting: bool,
    /// Switches of the slot after which a sender report was due at once.
    pub switches_reported: u64,
}

impl AssignedSlot {
    /// A slot that shows nothing yet.
    pub fn new(slot: Slot) -> Self {
        Self {
            slot,
            wish: None,
            track: None,
            decided: Decided::default(),
            told: None,
            reporting: false,
            switches_reported: 0,
        }
    }

    /// The slot's SSRC, if it has begun to show something else since this was asked last.
    pub fn take_switch(&mut self) -> Option<Ssrc> {
        let switches = self.slot.stats.switches;
        (std::mem::replace(&mut self.switches_reported, switches) != switches).then_some(self.slot.ssrc)
    }

    /// How large the slot is to be fed; `None`: not at all.
    pub fn wanted(&self) -> Option<Wanted> {
        match self.wish {
            Some(SlotWish { height: 0, .. }) => None,
            Some(SlotWish { height, .. }) => Some(Wanted::Height(height)),
            None => Some(Wanted::Highest),
        }
    }
}

/// Sending state of one transport.
#[derive(Debug)]
pub(super) struct Egress {
    /// Of repeats and late packets.
    pub pacer: Pacer,
    /// Of all media.
    pub burst: Burst,
    /// When either lets the next packet go.
    pub paced_until: Option<Instant>,
    /// What its link carries; it gives out the transport-wide sequence numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    pub link: Option<LinkEstimate>,
    /// UDP payload bytes so far.
    pub bytes_sent: u64,
    /// The TCP pair that takes no more for now.
    pub blocked: Option<Pair>,
    /// Whether the participant stands in the shard's queue of those with something to send.
    pub queued: bool,
    /// Whether anything but the media of its slots may wait to be sent, or its timers may have moved. Most wake-ups are for a
    /// frame alone, and what is not looked at for them need not be fetched from memory.
    pub beyond_media: bool,
    /// Whether what it sent has consequences that nobody has looked at yet.
    pub unsettled: bool,
}

impl Egress {
    /// Has media wait.
    pub fn wait(&mut self, until: Instant) {
        self.paced_until = Some(until);
        self.beyond_media = true;
    }
}

/// One participant.
#[derive(Debug)]
pub(super) struct Participant {
    pub membership: Membership,
    pub connection: Connection,
    pub chain: ControlChain,
    pub extensions: ExtensionIds,
    pub demux: StreamDemux,
    /// In the order of the offer.
    pub tracks: Vec<TrackId>,
    /// In the order of the offer.
    pub slots: Vec<AssignedSlot>,
    /// Encodings among whose readers the participant is.
    pub reads: Vec<EncodingId>,
    /// What its offers have agreed on, for the next one.
    pub session: Session,
    pub sections: Vec<Section>,
    /// What an ICE restart announces again.
    pub candidates: Vec<SocketAddr>,
    pub egress: Egress,
    pub allotment: Allotment,
    pub decisions: Decisions,
    /// UDP payload bytes so far.
    pub bytes_received: u64,
    /// Of those, what was refused.
    pub bytes_refused: u64,
    /// The most that it was told to send, bit/s.
    pub send_limit: Option<u64>,
    /// Holds it to that.
    pub policer: Option<Box<Policer>>,
    /// Whether it waits for its slots' status to be looked at.
    pub status_stale: bool,
    /// When its slots' status was last told.
    pub status_told: Option<Instant>,
    /// What is added to this participant's NTP times to make them ours; one for all its tracks, so that lips and sound
    /// keep together.
    pub ntp_offset: Option<u64>,
    pub liveness: Liveness,
    pub data: Data,
}

impl Participant {
    /// The slot that sends on `ssrc`.
    pub fn slot_by_ssrc(&mut self, ssrc: Ssrc) -> Option<&mut AssignedSlot> {
        self.slots.iter_mut().find(|assigned| assigned.slot.ssrc == ssrc)
    }

    /// Whether one of our own streams has this SSRC.
    pub fn sends_on(&self, ssrc: Ssrc) -> bool {
        self.slots.iter().any(|assigned| assigned.slot.ssrc == ssrc || assigned.slot.rtx == Some(ssrc))
    }

    /// Whether routing gives its slots anything else than they show.
    pub fn shows_other_than(&self, tracks: &[Option<TrackId>]) -> bool {
        self.slots.iter().zip(tracks).any(|(assigned, track)| assigned.track != *track)
    }

    /// When anything of this participant is due.
    pub fn next_due(&mut self, now: Instant) -> Option<Instant> {
        let transport = [self.connection.poll_timeout(), self.data.poll_timeout(), self.liveness.due()];
        let estimate = self.egress.link.as_ref().and_then(|link| link.poll_timeout(now));
        let media = [self.chain.poll_timeout(), self.egress.paced_until, estimate];
        transport.into_iter().chain(media).flatten().min()
    }
}

/// The order in which participants wait to send.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    waiting: VecDeque<ParticipantKey>,
}

impl SendQueue {
    /// Queues a participant once, whatever it has to send.
    pub fn push(&mut self, key: ParticipantKey, egress: &mut Egress) {
        egress.beyond_media = true;
        self.push_media(key, egress);
    }

    /// Queues a participant once whose slots have packets to send.
    pub fn push_media(&mut self, key: ParticipantKey, egress: &mut Egress) {
        if !egress.queued {
            egress.queued = true;
            self.waiting.push_back(key);
        }
    }

    /// Who is first.
    pub fn front(&self) -> Option<ParticipantKey> {
        self.waiting.front().copied()
    }

    /// Takes the first one out.
    pub fn pop(&mut self) {
        self.waiting.pop_front();
    }
}
