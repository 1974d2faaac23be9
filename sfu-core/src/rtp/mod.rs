//! RTP on the wire (RFC 3550, RFC 8285): numbers that wrap, the header, and header extensions. Pure.

mod extension;
mod media_clock;
mod packet;
mod sequence;
mod timestamp;

pub use extension::{ExtensionForm, Extensions, ExtensionsWriter};
pub use media_clock::MediaClock;
pub use packet::{HEADER_BYTES, RtpPacket, write_header};
pub use sequence::{ExtSeqNo, SeqNo};
pub use timestamp::{RtpTime, ticks};
