//! STUN on the wire (RFC 8489): what an ICE-lite responder reads from a binding request, and its answers.
//!
//! Of attributes behind MESSAGE-INTEGRITY only FINGERPRINT is looked at: the others are not authentic.

use crypto::RTCCrypto;
use stun::attributes::{
    ATTR_FINGERPRINT, ATTR_ICE_CONTROLLED, ATTR_MESSAGE_INTEGRITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType,
};
use stun::error_code::{CODE_ROLE_CONFLICT, ErrorCodeAttribute};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use stun::xoraddr::XorMappedAddress;

use super::drop_reason::DropReason;
use super::pair::Pair;
use crate::limits::STUN_REQUEST_BYTES_MAX;

/// Bytes of the header (RFC 8489 §5).
const HEADER_BYTES: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST_TYPE: [u8; 2] = [0x00, 0x01];
const USERNAME_TYPE: [u8; 2] = [0x00, 0x06];
/// Bytes of MESSAGE-INTEGRITY's value: HMAC-SHA1.
const INTEGRITY_BYTES: usize = 20;

/// The username fragment of ours that a binding request names, read without believing anything else in it; for finding
/// the transport. `None` for whatever is not a binding request with a USERNAME.
pub fn peek_ufrag(datagram: &[u8]) -> Option<&str> {
    let (header, mut rest) = datagram.split_at_checked(HEADER_BYTES)?;
    if header.get(..2)? != BINDING_REQUEST_TYPE || header.get(4..8)? != MAGIC_COOKIE {
        return None;
    }
    loop {
        let ([t0, t1, l0, l1], after) = rest.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([*l0, *l1]));
        if [*t0, *t1] == USERNAME_TYPE {
            let username = std::str::from_utf8(after.get(..len)?).ok()?;
            return username.split_once(':').map(|(ours, _)| ours);
        }
        rest = after.get(len.next_multiple_of(4)..)?;
    }
}

/// A binding request, parsed but not yet believed.
#[derive(Debug)]
pub(super) struct BindingRequest {
    message: Message,
    /// Attributes before MESSAGE-INTEGRITY.
    authentic: usize,
    bytes: usize,
}

impl BindingRequest {
    pub(super) fn parse(datagram: &[u8]) -> Result<Self, DropReason> {
        if datagram.len() > STUN_REQUEST_BYTES_MAX {
            return Err(DropReason::StunMalformed);
        }
        let mut message = Message::new();
        message.unmarshal_binary(datagram).map_err(|_| DropReason::StunMalformed)?;
        if usize::try_from(message.length).ok().and_then(|length| length.checked_add(HEADER_BYTES))
            != Some(datagram.len())
        {
            return Err(DropReason::StunMalformed);
        }
        if message.typ != BINDING_REQUEST {
            return Err(DropReason::StunNotRequest);
        }
        let attributes = &message.attributes.0;
        let authentic =
            attributes.iter().position(|a| a.typ == ATTR_MESSAGE_INTEGRITY).ok_or(DropReason::StunIntegrity)?;
        if attributes.get(authentic).is_none_or(|a| a.value.len() != INTEGRITY_BYTES) {
            return Err(DropReason::StunIntegrity);
        }
        Ok(Self { message, authentic, bytes: datagram.len() })
    }

    /// Bytes of the request.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// USERNAME, cut at its colon: our fragment and the peer's.
    pub(super) fn username(&self) -> Option<(&str, &str)> {
        std::str::from_utf8(self.value(ATTR_USERNAME)?).ok()?.split_once(':')
    }

    /// Whether the peer nominates the pair (RFC 8445 §7.3.1.5).
    pub(super) fn nominates(&self) -> bool {
        self.value(ATTR_USE_CANDIDATE).is_some()
    }

    /// Whether the peer believes that it is controlled.
    pub(super) fn claims_controlled(&self) -> bool {
        self.value(ATTR_ICE_CONTROLLED).is_some()
    }

    /// FINGERPRINT, if there is one, must be last and right (RFC 8489 §14.7).
    pub(super) fn check_fingerprint(&self) -> Result<(), DropReason> {
        let attributes = &self.message.attributes.0;
        match attributes.iter().position(|a| a.typ == ATTR_FINGERPRINT) {
            None => Ok(()),
            Some(last) if last + 1 == attributes.len() && FINGERPRINT.check(&self.message).is_ok() => Ok(()),
            Some(_) => Err(DropReason::StunFingerprint),
        }
    }

    /// MESSAGE-INTEGRITY under a short-term password (RFC 8489 §14.5).
    pub(super) fn check_integrity(&mut self, pwd: &str, crypto: &dyn RTCCrypto) -> Result<(), DropReason> {
        MessageIntegrity::check(&mut self.message, pwd.as_bytes(), crypto).map_err(|_| DropReason::StunIntegrity)
    }

    /// The success response, which tells the peer its address as seen here.
    pub(super) fn success(&self, pair: Pair, pwd: &str, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        let address = XorMappedAddress { ip: pair.remote.ip(), port: pair.remote.port() };
        answer(vec![Box::new(self.id()), Box::new(BINDING_SUCCESS), Box::new(address)], pwd, crypto)
    }

    /// The error response 487, Role Conflict (RFC 8445 §7.3.1.1).
    pub(super) fn role_conflict(&self, pwd: &str, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        let error = ErrorCodeAttribute { code: CODE_ROLE_CONFLICT, reason: b"Role Conflict".to_vec() };
        answer(vec![Box::new(self.id()), Box::new(BINDING_ERROR), Box::new(error)], pwd, crypto)
    }

    fn id(&self) -> TransactionId {
        self.message.transaction_id
    }

    fn value(&self, typ: AttrType) -> Option<&[u8]> {
        let authentic = self.message.attributes.0.get(..self.authentic)?;
        authentic.iter().find(|a| a.typ == typ).map(|a| a.value.as_slice())
    }
}

fn answer<'a>(mut parts: Vec<Box<dyn Setter + 'a>>, pwd: &str, crypto: &'a dyn RTCCrypto) -> Option<Vec<u8>> {
    parts.push(Box::new(MessageIntegrity::new_short_term_integrity_with_provider(pwd.to_owned(), crypto)));
    parts.push(Box::new(FINGERPRINT));
    let mut message = Message::new();
    message.build(&parts).ok()?;
    Some(message.raw)
}
