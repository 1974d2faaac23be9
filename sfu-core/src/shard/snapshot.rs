//! Every counter of the shard as a value, for those who are here and those who were.

use crate::event::CurrentLayer;
use crate::id::MediaKind;
use crate::interceptor::ControlCounters;
use crate::publish::{EncodingStats, Taking};
use crate::stats::{InboundRtp, OutboundRtp, Sending, ShardStats, TrackStats, TransportStats};
use crate::subscribe::SlotStats;
use crate::transport::{DataCounters, TransportCounters};

use super::Shard;
use super::allotment::Allotment;
use super::estimation::LinkEstimate;
use super::participant::{AssignedSlot, Participant};
use super::status::layer_of;

/// Totals of what is gone, so that sums never go down.
#[derive(Debug, Default)]
pub(super) struct Retired {
    pub transport: TransportCounters,
    pub control: ControlCounters,
    pub slots: SlotStats,
    pub encodings: EncodingStats,
    pub data: DataCounters,
}

impl Shard {
    /// Adds the counters of a participant that goes to those of all who went.
    pub(super) fn retire_counters(&mut self, participant: &Participant) {
        self.retired.transport.add(participant.connection.counters());
        self.retired.control.add(&participant.chain.counters());
        self.retired.data.add(&participant.data.counters());
        for assigned in &participant.slots {
            self.retired.slots.add(&assigned.slot.stats);
        }
    }

    /// Everything the shard counts.
    pub(super) fn snapshot(&self) -> ShardStats {
        let mut stats = ShardStats {
            counters: self.counters,
            transport: self.retired.transport,
            control: self.retired.control,
            slots: self.retired.slots,
            encodings: self.retired.encodings,
            data: self.retired.data,
            rooms: self.rooms.len(),
            timers: self.timers.len(),
            ..ShardStats::default()
        };
        for participant in self.participants.values() {
            stats.transport.add(participant.connection.counters());
            stats.control.add(&participant.chain.counters());
            stats.data.add(&participant.data.counters());
            stats.transports.push(TransportStats {
                id: participant.membership.id,
                room: participant.membership.room.clone(),
                identity: participant.membership.identity.clone(),
                connected: participant.connection.is_connected(),
                srtp_cipher: participant.connection.profile().map(|profile| profile.name()),
                caps: self.caps_of(participant),
                sending: participant.sending(),
                bytes_received: participant.bytes_received,
                bytes_refused: participant.bytes_refused,
            });
            for assigned in &participant.slots {
                stats.slots.add(&assigned.slot.stats);
                stats.outbound.push(self.outbound(participant, assigned));
            }
            for track in participant.tracks.iter().filter_map(|track| self.media.tracks.get(*track)) {
                let (transport, mid) = (participant.membership.id, track.mid.clone());
                stats.tracks.push(TrackStats { transport, mid, kind: track.kind, muting: track.muting });
                for encoding in track.encodings.iter().filter_map(|id| self.media.encodings.get(*id)) {
                    stats.encodings.add(&encoding.stats);
                    stats.inbound.push(InboundRtp {
                        transport,
                        room: participant.membership.room.clone(),
                        identity: participant.membership.identity.clone(),
                        mid: track.mid.clone(),
                        rid: encoding.rid.clone(),
                        kind: track.kind,
                        ssrc: encoding.ssrc,
                        stats: encoding.stats,
                        height: encoding.height,
                        codec: encoding.codec(),
                        bps: encoding.rate.bps(),
                        switch: self.switch_state(encoding),
                        refused: encoding.taking == Taking::Refused,
                        ring_bytes: encoding.ring.capacity_bytes(),
                    });
                }
            }
        }
        stats
    }

    fn outbound(&self, participant: &Participant, assigned: &AssignedSlot) -> OutboundRtp {
        let slot = &assigned.slot;
        let source = assigned.track.and_then(|track| self.media.tracks.get(track));
        let status = self.slot_status(participant, assigned);
        OutboundRtp {
            transport: participant.membership.id,
            room: participant.membership.room.clone(),
            identity: participant.membership.identity.clone(),
            mid: slot.mid.clone(),
            kind: slot.kind,
            ssrc: slot.ssrc,
            source: source.map(|track| track.owner.identity.clone()),
            track: status.track,
            state: status.state,
            layer: status.layer,
            target: self.target_layer(assigned),
            limited_by: status.limited_by,
            rates: assigned.decided.rates(),
            stats: slot.stats,
        }
    }

    pub(super) fn target_layer(&self, assigned: &AssignedSlot) -> Option<CurrentLayer> {
        let target = assigned.slot.target().filter(|_| assigned.slot.kind == MediaKind::Video)?;
        // What is switched off is stood in for until it comes.
        let encoding = self.media.encodings.get(assigned.decided.encoding().unwrap_or(target))?;
        Some(layer_of(encoding, assigned.decided.frames()))
    }
}

impl Participant {
    pub(super) fn sending(&self) -> Sending {
        let Allotment { budget, spent_bps, wanted_bps, .. } = self.allotment;
        Sending {
            estimate_bps: self.egress.link.as_ref().and_then(LinkEstimate::bps),
            budget_bps: budget.map(|budget| budget.bps),
            limited_by: budget.map(|budget| budget.by),
            allotted_bps: spent_bps,
            wanted_bps,
            bytes_sent: self.egress.bytes_sent,
        }
    }
}
