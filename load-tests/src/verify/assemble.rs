//! Packets in order into frames: by timestamp and marker, with what the codec's payload format promises.

use bytes::{Bytes, BytesMut};
use rtp::Packet;

use super::report::{Fault, TrackReport};
use crate::media::{Codec, join_nals};
use crate::packetize::{DepacketizeError, av1, h264, vp8, vp9};

/// A frame as it came, mark and all.
pub(super) struct WholeFrame {
    pub(super) body: Bytes,
    pub(super) timestamp: u32,
    /// Right behind its predecessor: no packet is missing between them.
    pub(super) contiguous: bool,
}

pub(super) enum Assembled {
    Nothing,
    Frame(WholeFrame),
    /// The frame under way is lost.
    Broken,
}

/// Makes frames; skips to the next start after a gap.
pub(super) struct Assembler {
    codec: Codec,
    state: State,
    contiguous: bool,
    body: BytesMut,
    nals: h264::Depacketizer,
    obus: av1::Depacketizer,
    picture: Option<(vp8::PictureId, Option<u8>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing came yet: the first packet must start a frame.
    Fresh,
    /// Between frames, or after a gap: waiting for a start.
    Idle(Excuse),
    /// Within the frame of this timestamp.
    Within(u32),
}

/// Whether a packet that starts no frame may be met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Excuse {
    None,
    Gap,
}

impl Assembler {
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            codec,
            state: State::Fresh,
            contiguous: true,
            body: BytesMut::new(),
            nals: h264::Depacketizer::default(),
            obus: av1::Depacketizer::default(),
            picture: None,
        }
    }

    /// A packet is missing here.
    pub(super) fn gap(&mut self) -> Assembled {
        let within = matches!(self.state, State::Within(_));
        self.state = State::Idle(Excuse::Gap);
        self.contiguous = false;
        self.discard();
        if within { Assembled::Broken } else { Assembled::Nothing }
    }

    pub(super) fn push(&mut self, packet: Packet, report: &mut TrackReport) -> Assembled {
        let timestamp = packet.header.timestamp;
        // Padding alone, as servers send to probe: no part of any frame.
        if packet.payload.is_empty() {
            return Assembled::Nothing;
        }
        let starts = self.starts(&packet.payload);
        match self.state {
            State::Within(of) if of == timestamp => {
                if matches!(self.codec, Codec::Vp8 | Codec::Vp9) && starts {
                    return self.truncated(report, "a second start within a frame");
                }
            }
            State::Within(of) => {
                let broken = self.truncated(report, &format!("no marker on the frame of timestamp {of}"));
                if !starts {
                    return broken;
                }
            }
            State::Idle(Excuse::Gap) if !starts => return Assembled::Nothing,
            State::Fresh | State::Idle(_) if !starts => {
                let first = self.state == State::Fresh;
                let fault = if first { Fault::NotKeyframeStart } else { Fault::Truncated };
                report.fault(fault, 1, || format!("the packet of timestamp {timestamp} starts no frame"));
                self.state = State::Idle(Excuse::Gap);
                return Assembled::Broken;
            }
            State::Fresh | State::Idle(_) => {}
        }
        if starts && !matches!(self.state, State::Within(of) if of == timestamp) {
            self.check_picture(&packet.payload, report);
        }
        self.state = State::Within(timestamp);
        if let Err(error) = self.take(&packet.payload) {
            return self.truncated(report, &error.to_string());
        }
        if packet.header.marker || self.codec == Codec::Opus {
            self.finish(timestamp, report)
        } else {
            Assembled::Nothing
        }
    }

    fn starts(&self, payload: &[u8]) -> bool {
        match self.codec {
            Codec::Vp8 | Codec::Vp9 => self.descriptor(payload).is_some_and(|descriptor| descriptor.starts_frame),
            Codec::Av1 => av1::can_start(payload),
            Codec::H264 => h264::can_start(payload),
            Codec::Opus => true,
        }
    }

    fn descriptor(&self, payload: &[u8]) -> Option<vp8::Descriptor> {
        match self.codec {
            Codec::Vp8 => vp8::descriptor(payload),
            Codec::Vp9 => vp9::descriptor(payload),
            Codec::Av1 | Codec::H264 | Codec::Opus => None,
        }
    }

    fn take(&mut self, payload: &Bytes) -> Result<(), DepacketizeError> {
        match self.codec {
            Codec::Vp8 | Codec::Vp9 => {
                let descriptor = self.descriptor(payload).ok_or(DepacketizeError::Short)?;
                self.body.extend_from_slice(payload.get(descriptor.length..).unwrap_or_default());
                Ok(())
            }
            Codec::Av1 => self.obus.push(payload),
            Codec::H264 => self.nals.push(payload),
            Codec::Opus => {
                self.body.extend_from_slice(payload);
                Ok(())
            }
        }
    }

    fn finish(&mut self, timestamp: u32, report: &mut TrackReport) -> Assembled {
        let body = match self.codec {
            Codec::Vp8 | Codec::Vp9 | Codec::Opus => self.body.split().freeze(),
            Codec::Av1 => match self.obus.finish() {
                Ok(unit) => unit,
                Err(error) => return self.truncated(report, &error.to_string()),
            },
            Codec::H264 => match self.nals.finish() {
                Ok(nals) => join_nals(nals.iter().map(AsRef::as_ref)),
                Err(error) => return self.truncated(report, &error.to_string()),
            },
        };
        self.state = State::Idle(Excuse::None);
        let contiguous = std::mem::replace(&mut self.contiguous, true);
        Assembled::Frame(WholeFrame { body, timestamp, contiguous })
    }

    fn truncated(&mut self, report: &mut TrackReport, words: &str) -> Assembled {
        report.fault(Fault::Truncated, 1, || words.to_owned());
        self.state = State::Idle(Excuse::Gap);
        self.contiguous = false;
        self.discard();
        Assembled::Broken
    }

    fn discard(&mut self) {
        self.body.clear();
        self.nals.reset();
        self.obus.reset();
    }

    /// PictureID and TL0PICIDX go up by one from frame to frame; after a gap they may have gone further.
    fn check_picture(&mut self, payload: &[u8], report: &mut TrackReport) {
        let Some(descriptor) = self.descriptor(payload) else { return };
        let Some(id) = descriptor.picture_id else { return };
        if let Some((last, last_tl0)) = self.picture.replace((id, descriptor.tl0_pic_idx)) {
            let step = (id.modulus.wrapping_add(id.value).wrapping_sub(last.value)) % id.modulus;
            let next_tl0 = last_tl0.map(|index| index.wrapping_add(1));
            let jumped = step != 1 || descriptor.tl0_pic_idx != next_tl0;
            let backwards = step == 0 || step >= id.modulus / 2;
            if id.modulus != last.modulus || if self.contiguous { jumped } else { backwards } {
                report.fault(Fault::PictureIdJump, 1, || {
                    format!("{last:?}, TL0PICIDX {last_tl0:?} → {id:?}, TL0PICIDX {:?}", descriptor.tl0_pic_idx)
                });
            }
        }
    }
}
