//! Decides, record by record, what of a peer's datagram the DTLS library gets to see.
//!
//! Invariants: the library gets each unencrypted handshake message once, whole and in turn, so that none of its buffers
//! grows with what a stranger sends; it gets no data and no alert in the clear, which anybody could forge; and what it queues
//! before the keys are there is bounded.

use bytes::BytesMut;

use super::client_hello::{CLIENT_HELLO, best_profile};
use super::drop_reason::{DropReason, TransportCounters};
use super::dtls_reassembly::{Message, Pushed, Reassembly};
use super::dtls_record::{
    CHANGE_CIPHER_SPEC, ContentType, HANDSHAKE, Record, next_fragment, next_record, plain_record_header,
    whole_message_header,
};
use super::srtp_keys::SrtpProfile;
use crate::limits::DTLS_REASSEMBLY_BYTES_MAX;

/// What the connection can make use of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    /// A server's first message; nothing of the library exists yet.
    ClientHello,
    Handshake,
    Data,
    Nothing,
}

/// What of one datagram got through.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// The first ClientHello came, with the best profile that both can, if there is one.
    pub(super) hello: Option<Option<SrtpProfile>>,
    /// Records for the library.
    pub(super) records: BytesMut,
    /// The peer sent something again that had got through before.
    pub(super) repeated: bool,
}

/// The gate of one handshake.
#[derive(Debug, Default)]
pub(super) struct Gate {
    reassembly: Reassembly,
    /// Number of the next epoch-0 record for the library.
    record_sequence: u64,
    /// Bytes that the library may have queued until the keys are there.
    early_bytes: usize,
}

impl Gate {
    /// Sorts one datagram; counts what is dropped.
    pub(super) fn pass(&mut self, expects: Expects, mut datagram: &[u8], counters: &mut TransportCounters) -> Passed {
        let mut passed = Passed::default();
        while !datagram.is_empty() {
            let Some(record) = next_record(&mut datagram) else {
                counters.count(DropReason::DtlsMalformed);
                break;
            };
            // A ClientHello that came in this very datagram begins the handshake.
            let expects = if passed.hello.is_some() { Expects::Handshake } else { expects };
            if let Err(reason) = self.pass_record(expects, record, &mut passed) {
                counters.count(reason);
            }
        }
        passed
    }

    fn pass_record(&mut self, expects: Expects, record: Record<'_>, passed: &mut Passed) -> Result<(), DropReason> {
        match (record.epoch, record.content) {
            (0, ContentType::Handshake) => self.pass_handshake(expects, record.body, passed),
            (0, ContentType::ChangeCipherSpec) => {
                if expects != Expects::Handshake || record.body != [1] {
                    return Err(DropReason::DtlsUnexpected);
                }
                self.spend(record.bytes.len())?;
                self.append_plain(CHANGE_CIPHER_SPEC, &[record.body], passed);
                Ok(())
            }
            (0, ContentType::ApplicationData | ContentType::Alert) => Err(DropReason::DtlsPlaintext),
            (1, content) => self.pass_encrypted(expects, content, record.bytes, passed),
            (2.., _) => Err(DropReason::DtlsMalformed),
        }
    }

    fn pass_handshake(&mut self, expects: Expects, mut body: &[u8], passed: &mut Passed) -> Result<(), DropReason> {
        match expects {
            Expects::ClientHello | Expects::Handshake => {}
            Expects::Data => {
                passed.repeated = true;
                return Ok(());
            }
            Expects::Nothing => return Err(DropReason::DtlsUnexpected),
        }
        let mut outcome = Ok(());
        while !body.is_empty() {
            let Some(fragment) = next_fragment(&mut body) else {
                outcome = Err(DropReason::DtlsMalformed);
                break;
            };
            match self.reassembly.push(fragment) {
                Pushed::Kept => {}
                Pushed::Repeated => passed.repeated = true,
                Pushed::Refused => outcome = Err(DropReason::DtlsReassembly),
            }
        }
        while let Some(message) = self.reassembly.next_message() {
            if expects == Expects::ClientHello && passed.hello.is_none() {
                passed.hello = Some(self.first_hello(&message)?);
            }
            let Ok(len) = u16::try_from(message.body.len()) else { return Err(DropReason::DtlsReassembly) };
            let header = whole_message_header(message.message_type, message.message_seq, len);
            self.append_plain(HANDSHAKE, &[&header, &message.body], passed);
        }
        outcome
    }

    /// The first message must be a ClientHello; if it is not, the peer may begin again.
    fn first_hello(&mut self, message: &Message) -> Result<Option<SrtpProfile>, DropReason> {
        let profile = match message.message_type {
            CLIENT_HELLO => best_profile(&message.body).ok(),
            _ => None,
        };
        profile.ok_or_else(|| {
            self.reassembly = Reassembly::default();
            DropReason::DtlsMalformed
        })
    }

    fn pass_encrypted(
        &mut self,
        expects: Expects,
        content: ContentType,
        bytes: &[u8],
        passed: &mut Passed,
    ) -> Result<(), DropReason> {
        match (expects, content) {
            (Expects::Handshake, ContentType::Handshake | ContentType::ApplicationData | ContentType::Alert) => {
                self.spend(bytes.len())?;
            }
            (Expects::Data, ContentType::ApplicationData | ContentType::Alert) => {}
            // The library would keep every message of a second handshake; there is no renegotiation.
            (Expects::Data, ContentType::Handshake | ContentType::ChangeCipherSpec)
            | (Expects::Handshake, ContentType::ChangeCipherSpec)
            | (Expects::ClientHello | Expects::Nothing, _) => return Err(DropReason::DtlsUnexpected),
        }
        passed.records.extend_from_slice(bytes);
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), DropReason> {
        let spent = self.early_bytes + bytes;
        if spent > DTLS_REASSEMBLY_BYTES_MAX {
            return Err(DropReason::DtlsReassembly);
        }
        self.early_bytes = spent;
        Ok(())
    }

    fn append_plain(&mut self, content: u8, parts: &[&[u8]], passed: &mut Passed) {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let Ok(len) = u16::try_from(len) else { return };
        passed.records.extend_from_slice(&plain_record_header(content, self.record_sequence, len));
        parts.iter().for_each(|part| passed.records.extend_from_slice(part));
        self.record_sequence += 1;
    }
}
