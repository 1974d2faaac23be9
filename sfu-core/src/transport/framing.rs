//! Datagrams in a byte stream (RFC 4571 §2): each has its length in front, two bytes, big-endian. Pure.
//!
//! Invariant: of a stream at most one unfinished frame is kept, `FRAME_BYTES_MAX` bytes long at most.

use crate::limits::FRAME_BYTES_MAX;

use super::pair::Protocol;

/// Bytes of a frame's length.
pub const LENGTH_BYTES: usize = 2;

/// A frame announces itself as longer than `FRAME_BYTES_MAX`; the stream is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {bytes} bytes; at most {FRAME_BYTES_MAX} are taken")]
pub struct FrameTooLong {
    pub bytes: usize,
}

/// Cuts what comes out of a stream into datagrams.
#[derive(Debug, Default)]
pub struct Deframer {
    /// The beginning of a frame whose rest has not come, its length included.
    unfinished: Vec<u8>,
}

impl Deframer {
    /// Takes in the next bytes and hands out each datagram that they complete; empty frames say nothing and are passed over.
    /// After an error nothing more can be read.
    pub fn push(&mut self, bytes: &mut [u8], mut deliver: impl FnMut(&mut [u8])) -> Result<(), FrameTooLong> {
        let mut rest = self.finish(bytes, &mut deliver)?;
        while let Some(end) = frame_end(rest)?.filter(|end| *end <= rest.len()) {
            let (frame, after) = rest.split_at_mut(end);
            rest = after;
            hand_out(frame, &mut deliver);
        }
        self.unfinished.extend_from_slice(rest);
        Ok(())
    }

    /// Whether the stream ended between two frames, if it ends now.
    pub fn is_between_frames(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// Completes the frame whose beginning is here, if there is one; what is left of `bytes`.
    fn finish<'b>(
        &mut self,
        bytes: &'b mut [u8],
        deliver: &mut impl FnMut(&mut [u8]),
    ) -> Result<&'b mut [u8], FrameTooLong> {
        let mut rest = bytes;
        while !self.unfinished.is_empty() {
            let end = frame_end(&self.unfinished)?;
            let missing = end.unwrap_or(LENGTH_BYTES).saturating_sub(self.unfinished.len());
            let (taken, after) = rest.split_at_mut(missing.min(rest.len()));
            self.unfinished.extend_from_slice(taken);
            let is_short = taken.len() < missing;
            rest = after;
            if is_short {
                break;
            }
            if end.is_some() {
                hand_out(&mut self.unfinished, deliver);
                self.unfinished.clear();
            }
        }
        Ok(rest)
    }
}

/// Where the frame at the front ends, if its length is here.
fn frame_end(bytes: &[u8]) -> Result<Option<usize>, FrameTooLong> {
    let Some(length) = bytes.first_chunk() else { return Ok(None) };
    let bytes = usize::from(u16::from_be_bytes(*length));
    if bytes > FRAME_BYTES_MAX { Err(FrameTooLong { bytes }) } else { Ok(Some(LENGTH_BYTES + bytes)) }
}

fn hand_out(frame: &mut [u8], deliver: &mut impl FnMut(&mut [u8])) {
    if let Some(datagram) = frame.get_mut(LENGTH_BYTES..).filter(|datagram| !datagram.is_empty()) {
        deliver(datagram);
    }
}

/// Appends a datagram as `protocol` carries it.
pub fn append(protocol: Protocol, datagram: &[u8], out: &mut Vec<u8>) {
    let frame = Frame::begin(protocol, out);
    out.extend_from_slice(datagram);
    frame.end(out);
}

/// A datagram that is being written; over UDP it is its bytes alone.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Frame {
    protocol: Protocol,
    start: usize,
}

impl Frame {
    /// Leaves room for the length, where there is one.
    pub fn begin(protocol: Protocol, out: &mut Vec<u8>) -> Self {
        let start = out.len();
        if protocol == Protocol::Tcp {
            out.extend_from_slice(&[0; LENGTH_BYTES]);
        }
        Self { protocol, start }
    }

    /// Writes the length of what was appended since the beginning. What no length can say is taken back.
    pub fn end(self, out: &mut Vec<u8>) {
        if self.protocol == Protocol::Udp {
            return;
        }
        let bytes = out.len().saturating_sub(self.start + LENGTH_BYTES);
        let place = out.get_mut(self.start..).and_then(|frame| frame.first_chunk_mut());
        match (u16::try_from(bytes), place) {
            (Ok(bytes), Some(place)) => *place = bytes.to_be_bytes(),
            _ => self.cancel(out),
        }
    }

    /// Takes back everything since the beginning.
    pub fn cancel(self, out: &mut Vec<u8>) {
        out.truncate(self.start);
    }
}
