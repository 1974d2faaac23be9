//! A packet on its way out: its size before it is written, and the writing.

use crate::codec::{self, Codec, IdOffsets, dependency_descriptor};
use crate::id::{PayloadType, Ssrc};
use crate::rtp::{ExtSeqNo, ExtensionForm, ExtensionsWriter, HEADER_BYTES, RtpTime, SeqNo, write_header};
use crate::sdp::ExtensionIds;

/// X bit of the fixed header.
const EXTENSION_FLAG: u8 = 0x10;
/// P bit of the fixed header.
const PADDING_FLAG: u8 = 0x20;
/// Longest value of a one-byte element.
const ONE_BYTE_VALUE_MAX: usize = 16;

/// Which header extensions a slot writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendExtensions {
    pub ids: ExtensionIds,
    /// Whether what differs from one sending to the next may stand in the header. Not where a repeat goes out under the
    /// number of the original: it must be the same bytes.
    pub per_sending: bool,
}

impl SendExtensions {
    /// Under which id the transport-wide sequence number is written, if at all.
    pub fn transport_cc(&self) -> Option<u8> {
        self.ids.transport_cc.filter(|_| self.per_sending)
    }
}

/// A rewritten packet; `payload` and `descriptor` still lie in the ring as they came.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    pub ssrc: Ssrc,
    pub payload_type: PayloadType,
    pub sequence: ExtSeqNo,
    pub timestamp: RtpTime,
    pub marker: bool,
    /// The number of the original, if this is a repeat in RTX format (RFC 4588 §4).
    pub original: Option<SeqNo>,
    pub codec: Codec,
    pub ids: IdOffsets,
    pub frame_number: u16,
    pub audio_level: Option<u8>,
    pub descriptor: &'a [u8],
    /// Stands before `payload` where only the primary block of a RED packet goes out (RFC 2198 §3).
    pub red_header: Option<u8>,
    pub payload: &'a [u8],
    /// Bytes of RTP padding behind the payload, at most 255.
    pub padding: u8,
}

impl Outgoing<'_> {
    /// Bytes of the plaintext packet that `write` will append.
    pub fn len(&self, extensions: &SendExtensions) -> usize {
        let original = if self.original.is_some() { 2 } else { 0 };
        let red_header = usize::from(self.red_header.is_some());
        let payload = red_header + self.payload.len() + usize::from(self.padding);
        HEADER_BYTES + self.extension_bytes(extensions) + original + payload
    }

    /// Appends the plaintext packet; returns the bytes of its header. `transport_sequence` is the transport-wide number.
    pub fn write(&self, extensions: &SendExtensions, transport_sequence: u16, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        let has_extensions = self.extension_bytes(extensions) > 0;
        let mut flags = if has_extensions { EXTENSION_FLAG } else { 0 };
        if self.padding > 0 {
            flags |= PADDING_FLAG;
        }
        write_header(out, flags, self.marker, self.payload_type, self.sequence.seq(), self.timestamp, self.ssrc);
        if has_extensions {
            self.write_extensions(extensions, transport_sequence, out);
        }
        let header = out.len() - start;
        if let Some(original) = self.original {
            out.extend_from_slice(&original.0.to_be_bytes());
        }
        self.write_payload(out);
        header
    }

    fn write_payload(&self, out: &mut Vec<u8>) {
        out.extend(self.red_header);
        let start = out.len();
        out.extend_from_slice(self.payload);
        if self.ids != IdOffsets::default()
            && let Some(payload) = out.get_mut(start..)
        {
            // It was parsed when it came; a malformed one never reached the ring.
            let _ = codec::rewrite_ids(self.codec, payload, self.ids);
        }
        if self.padding > 0 {
            out.resize(out.len() + usize::from(self.padding) - 1, 0);
            out.push(self.padding);
        }
    }

    fn form(&self) -> ExtensionForm {
        if self.descriptor.len() > ONE_BYTE_VALUE_MAX { ExtensionForm::TwoByte } else { ExtensionForm::OneByte }
    }

    /// The descriptor goes out where it was agreed, and where its length can be written.
    fn descriptor_id(&self, extensions: &SendExtensions) -> Option<u8> {
        let writable = self.form() == ExtensionForm::OneByte || extensions.ids.mixed;
        extensions.ids.dependency_descriptor.filter(|_| writable && !self.descriptor.is_empty())
    }

    fn extension_bytes(&self, extensions: &SendExtensions) -> usize {
        let descriptor = self.descriptor_id(extensions);
        let element = if descriptor.is_some() && self.form() == ExtensionForm::TwoByte { 2 } else { 1 };
        let mut bytes = 0;
        if extensions.transport_cc().is_some() {
            bytes += element + 2;
        }
        if self.audio_level.is_some() && extensions.ids.audio_level.is_some() {
            bytes += element + 1;
        }
        if descriptor.is_some() {
            bytes += element + self.descriptor.len();
        }
        if bytes == 0 { 0 } else { 4 + bytes.next_multiple_of(4) }
    }

    fn write_extensions(&self, extensions: &SendExtensions, transport_sequence: u16, out: &mut Vec<u8>) {
        let descriptor = self.descriptor_id(extensions);
        let form = if descriptor.is_some() { self.form() } else { ExtensionForm::OneByte };
        let mut writer = ExtensionsWriter::new(out, form);
        if let Some(id) = extensions.transport_cc() {
            writer.put(id, &transport_sequence.to_be_bytes());
        }
        if let (Some(level), Some(id)) = (self.audio_level, extensions.ids.audio_level) {
            writer.put(id, &[level]);
        }
        if let Some(id) = descriptor {
            writer.put_with(id, self.descriptor, |value| {
                let _ = dependency_descriptor::rewrite_frame_number(value, self.frame_number);
            });
        }
        writer.finish();
    }
}
