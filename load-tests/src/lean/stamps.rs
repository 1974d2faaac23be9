//! What a sender's packets say of their stream in header extensions (RFC 8285): its section and encoding until the receiver knows
//! them, and how loud a sound is.

use bytes::Bytes;
use rtp::Header;

use super::description::StampIds;
use super::sender::RIDS;
use super::speech::Sound;

/// Of one stream.
#[derive(Clone, Debug)]
pub struct Stamps {
    mid: Option<(u8, Bytes)>,
    rid: Option<(u8, Bytes)>,
    repaired_rid: Option<(u8, Bytes)>,
    audio_level: Option<u8>,
    is_known: bool,
}

impl Stamps {
    /// Of encoding `encoding` in the section with this index; only what was `agreed` on is sent.
    pub fn new(section: usize, encoding: Option<u8>, agreed: StampIds) -> Self {
        let rid =
            encoding.and_then(|encoding| RIDS.get(usize::from(encoding))).map(|rid| Bytes::from_static(rid.as_bytes()));
        Self {
            mid: agreed.mid.map(|id| (id, Bytes::from(section.to_string()))),
            rid: agreed.rid.zip(rid.clone()),
            repaired_rid: agreed.repaired_rid.zip(rid),
            audio_level: agreed.audio_level,
            is_known: false,
        }
    }

    /// A report covered the stream: browsers leave names out from here on.
    pub fn known(&mut self) {
        self.is_known = true;
    }

    /// Of a packet.
    pub fn stamp(&self, header: &mut Header, sound: Option<Sound>) {
        if let (Some(id), Some(sound)) = (self.audio_level, sound) {
            set(header, id, sound.level());
        }
        header.marker |= sound.is_some_and(|sound| sound.begins_turn);
        if !self.is_known {
            [&self.mid, &self.rid].into_iter().flatten().for_each(|(id, value)| set(header, *id, value.clone()));
        }
    }

    /// Of a retransmission that still has its original's.
    pub fn stamp_repeat(&self, header: &mut Header) {
        let Some((id, value)) = self.repaired_rid.as_ref() else { return };
        if let Some((rid, _)) = &self.rid {
            // What it has not is no error.
            let _ = header.del_extension(*rid);
        }
        set(header, *id, value.clone());
    }
}

fn set(header: &mut Header, id: u8, value: Bytes) {
    // Ids of an answer that fit no one-byte header are not used.
    let _ = header.set_extension(id, value);
}
