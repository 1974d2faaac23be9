//! Decides, record by record, what of a peer's datagram the DTLS library gets to see.
//!
//! Invariants: the library gets each unencrypted handshake message once, whole and in turn, so that none of its buffers
//! grows with what a stranger sends; it gets no data and no alert in the clear, which anybody could forge; and what it queues
//! before the keys are there is bounded.

use bytes::BytesMut;

use super::drop_reason::{DropReason, TransportCounters};
use super::dtls_cookie::{Heard, HelloVerify, ProvenHello};
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
    /// The ClientHello with our cookie came, and is among the records.
    pub(super) hello: Option<Begun>,
    /// A ClientHello without our cookie came.
    pub(super) unproven: bool,
    /// Records for the library.
    pub(super) records: BytesMut,
    /// The peer sent something again that had got through before.
    pub(super) repeated: bool,
}

/// How a server's handshake begins.
#[derive(Debug)]
pub(super) struct Begun {
    /// The best profile that both can, if there is one.
    pub(super) profile: Option<SrtpProfile>,
    /// A record of the ClientHello without the cookie, which the library is to see, and its answer nobody.
    pub(super) without_cookie: BytesMut,
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
    pub(super) fn pass(
        &mut self,
        expects: Expects,
        verify: Option<&mut HelloVerify>,
        mut datagram: &[u8],
        counters: &mut TransportCounters,
    ) -> Passed {
        let mut verify = verify;
        let mut passed = Passed::default();
        while !datagram.is_empty() {
            let Some(record) = next_record(&mut datagram) else {
                counters.count(DropReason::DtlsMalformed);
                break;
            };
            // A ClientHello that came in this very datagram begins the handshake.
            let expects = if passed.hello.is_some() { Expects::Handshake } else { expects };
            if let Err(reason) = self.pass_record(expects, verify.as_deref_mut(), record, &mut passed) {
                counters.count(reason);
            }
        }
        passed
    }

    fn pass_record(
        &mut self,
        expects: Expects,
        verify: Option<&mut HelloVerify>,
        record: Record<'_>,
        passed: &mut Passed,
    ) -> Result<(), DropReason> {
        match (record.epoch, record.content) {
            (0, ContentType::Handshake) => match (expects, verify) {
                (Expects::ClientHello, Some(verify)) => self.pass_hello(verify, record.body, passed),
                (Expects::ClientHello, None) => Err(DropReason::DtlsUnexpected),
                (Expects::Handshake | Expects::Data | Expects::Nothing, _) => {
                    self.pass_handshake(expects, record.body, passed)
                }
            },
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

    /// Before the handshake: nothing but a ClientHello with our cookie gets through, and it is the last of its record.
    fn pass_hello(&mut self, verify: &mut HelloVerify, mut body: &[u8], passed: &mut Passed) -> Result<(), DropReason> {
        while !body.is_empty() {
            let fragment = next_fragment(&mut body).ok_or(DropReason::DtlsMalformed)?;
            match verify.push(fragment) {
                Heard::Nothing => {}
                Heard::Unproven => passed.unproven = true,
                Heard::Malformed => return Err(DropReason::DtlsMalformed),
                Heard::Refused => return Err(DropReason::DtlsReassembly),
                Heard::Proven(hello) => return self.begin(&hello, passed),
            }
        }
        Ok(())
    }

    fn begin(&mut self, hello: &ProvenHello, passed: &mut Passed) -> Result<(), DropReason> {
        let mut first = Passed::default();
        self.append_message(&hello.without_cookie, &mut first)?;
        self.append_message(&hello.message, passed)?;
        self.reassembly = Reassembly::after(hello.message.message_seq);
        passed.hello = Some(Begun { profile: hello.profile, without_cookie: first.records });
        Ok(())
    }

    fn pass_handshake(&mut self, expects: Expects, mut body: &[u8], passed: &mut Passed) -> Result<(), DropReason> {
        match expects {
            Expects::Handshake => {}
            Expects::Data => {
                passed.repeated = true;
                return Ok(());
            }
            Expects::ClientHello | Expects::Nothing => return Err(DropReason::DtlsUnexpected),
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
            self.append_message(&message, passed)?;
        }
        outcome
    }

    fn append_message(&mut self, message: &Message, passed: &mut Passed) -> Result<(), DropReason> {
        let len = u16::try_from(message.body.len()).map_err(|_| DropReason::DtlsReassembly)?;
        let header = whole_message_header(message.message_type, message.message_seq, len);
        self.append_plain(HANDSHAKE, &[&header, &message.body], passed);
        Ok(())
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
