//! What one shard gives another at a time: notes, then copies of packets, in buffers that are used again and again.

use crate::id::EncodingId;
use crate::limits::{RELAY_BATCH_BYTES_MAX, RELAY_BATCH_PACKETS_MAX};
use crate::publish::Received;
use crate::ring::{PacketMeta, StoredPacket};

use super::note::Note;

/// Filled by one shard, emptied by another.
#[derive(Debug, Default)]
pub struct RelayBatch {
    pub(super) notes: Vec<Note>,
    heads: Vec<Head>,
    bytes: Vec<u8>,
}

/// A packet's copy but for its bytes.
#[derive(Debug, Clone, Copy)]
struct Head {
    encoding: EncodingId,
    meta: PacketMeta,
    descriptor_len: usize,
    payload_len: usize,
}

/// A packet's copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied<'a> {
    /// By the name it has on the shard of its publisher.
    pub encoding: EncodingId,
    pub packet: Received<'a>,
}

impl RelayBatch {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.heads.is_empty()
    }

    /// How many packets are in it.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn clear(&mut self) {
        self.notes.clear();
        self.heads.clear();
        self.bytes.clear();
    }

    /// Copies a packet, if it fits in.
    pub(super) fn push(&mut self, encoding: EncodingId, packet: &StoredPacket<'_>) -> bool {
        let (descriptor_len, payload_len) = (packet.descriptor.len(), packet.payload.len());
        let bytes = self.bytes.len() + descriptor_len + payload_len;
        if self.heads.len() >= RELAY_BATCH_PACKETS_MAX || bytes > RELAY_BATCH_BYTES_MAX {
            return false;
        }
        self.heads.push(Head { encoding, meta: *packet.meta, descriptor_len, payload_len });
        self.bytes.extend_from_slice(packet.descriptor);
        self.bytes.extend_from_slice(packet.payload);
        true
    }

    /// Its packets, in the order in which they were put in.
    pub(super) fn packets(&self) -> impl Iterator<Item = Copied<'_>> {
        let mut rest = self.bytes.as_slice();
        self.heads.iter().map_while(move |head| {
            let (descriptor, after) = rest.split_at_checked(head.descriptor_len)?;
            let (payload, after) = after.split_at_checked(head.payload_len)?;
            rest = after;
            let PacketMeta { sequence, timestamp, arrival, codec, marker, audio_level, repeated, .. } = head.meta;
            let packet =
                Received { sequence, timestamp, arrival, codec, marker, audio_level, descriptor, payload, repeated };
            Some(Copied { encoding: head.encoding, packet })
        })
    }
}
