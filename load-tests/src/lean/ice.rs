//! A full ICE agent (RFC 8445) towards a peer with one candidate: checks, which nominate where it controls, then consent
//! (RFC 7675). A peer that checks us, as full agents do, is answered.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::RTCCryptoProvider;
use stun::attributes::{ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use stun::textattrs::TextAttribute;
use stun::xoraddr::XorMappedAddress;

/// Between checks until the first is answered: twice RFC 8445's RTO would be slow on a local link.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// Between checks of consent; Chromium's.
const CONSENT_INTERVAL: Duration = Duration::from_millis(2_500);
/// Without an answer for so long there is no consent any more (RFC 7675 §5.1).
const CONSENT_EXPIRY: Duration = Duration::from_secs(30);
/// Requests whose answer is still waited for.
const PENDING_MAX: usize = 8;

/// Short-term credentials of one side (RFC 8445 §5.3).
#[derive(Clone, Debug)]
pub struct Credentials {
    pub ufrag: String,
    pub pwd: String,
}

/// Who of the two agents nominates (RFC 8445 §6.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceRole {
    /// The offerer, and whoever faces a lite agent.
    Controlling,
    /// The answerer of a full agent.
    Controlled,
}

/// What a STUN datagram was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An authentic answer to one of our checks.
    Answer,
    /// An authentic check of the peer's, and what to answer.
    Check(Vec<u8>),
    /// Neither: not authentic, or nothing that was asked for.
    Nothing,
}

/// The checks of one client.
pub struct Checks {
    role: IceRole,
    local: Credentials,
    remote: Credentials,
    tie_breaker: u64,
    provider: Arc<dyn RTCCryptoProvider>,
    pending: VecDeque<TransactionId>,
    answered: Option<Instant>,
    /// Whether this pair is the one to use.
    nominated: bool,
    next: Instant,
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checks").field("answered", &self.answered).finish_non_exhaustive()
    }
}

impl Checks {
    /// Begins at `now`; `tie_breaker` is drawn at random (RFC 8445 §16.1).
    pub fn new(
        now: Instant,
        role: IceRole,
        local: Credentials,
        remote: Credentials,
        tie_breaker: u64,
        provider: Arc<dyn RTCCryptoProvider>,
    ) -> Self {
        let nominated = role == IceRole::Controlling;
        let pending = VecDeque::new();
        Self { role, local, remote, tie_breaker, provider, pending, answered: None, nominated, next: now }
    }

    /// Whether the pair is good for data: checked, and nominated by who controls.
    pub fn is_complete(&self) -> bool {
        self.answered.is_some() && self.nominated
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Instant {
        self.next
    }

    /// The next check, if it is due.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Vec<u8>> {
        if now < self.next {
            return None;
        }
        self.next = now + if self.answered.is_some() { CONSENT_INTERVAL } else { CHECK_INTERVAL };
        let id = TransactionId::new();
        if self.pending.len() == PENDING_MAX {
            self.pending.pop_front();
        }
        self.pending.push_back(id);
        self.request(id)
    }

    /// Takes in a STUN datagram from `remote`.
    pub fn handle(&mut self, now: Instant, remote: SocketAddr, datagram: &[u8]) -> Heard {
        let mut message = Message::new();
        if message.unmarshal_binary(datagram).is_err() {
            return Heard::Nothing;
        }
        if message.typ == BINDING_REQUEST {
            return self.answer(remote, &mut message).map_or(Heard::Nothing, Heard::Check);
        }
        let Some(place) = self.pending.iter().position(|id| *id == message.transaction_id) else {
            return Heard::Nothing;
        };
        let authentic =
            MessageIntegrity::check(&mut message, self.remote.pwd.as_bytes(), self.provider.crypto()).is_ok();
        if message.typ != BINDING_SUCCESS || !authentic {
            return Heard::Nothing;
        }
        self.pending.drain(..=place);
        if self.answered.replace(now).is_none() {
            self.next = now + CONSENT_INTERVAL;
        }
        Heard::Answer
    }

    /// Whether the peer has stopped to answer (RFC 7675 §5.1).
    pub fn expired(&self, now: Instant) -> bool {
        self.answered.is_some_and(|answered| now.saturating_duration_since(answered) > CONSENT_EXPIRY)
    }

    fn request(&self, id: TransactionId) -> Option<Vec<u8>> {
        let username = format!("{}:{}", self.remote.ufrag, self.local.ufrag);
        let role = match self.role {
            IceRole::Controlling => ATTR_ICE_CONTROLLING,
            IceRole::Controlled => ATTR_ICE_CONTROLLED,
        };
        let mut parts: Vec<Box<dyn Setter>> = vec![
            Box::new(id),
            Box::new(BINDING_REQUEST),
            Box::new(TextAttribute::new(ATTR_USERNAME, username)),
            Box::new(RawAttribute { typ: role, length: 8, value: self.tie_breaker.to_be_bytes().to_vec() }),
        ];
        if self.role == IceRole::Controlling {
            parts.push(Box::new(RawAttribute { typ: ATTR_USE_CANDIDATE, length: 0, value: Vec::new() }));
        }
        self.sealed(&parts, &self.remote.pwd)
    }

    fn answer(&mut self, remote: SocketAddr, request: &mut Message) -> Option<Vec<u8>> {
        MessageIntegrity::check(request, self.local.pwd.as_bytes(), self.provider.crypto()).ok()?;
        self.nominated |= request.contains(ATTR_USE_CANDIDATE);
        let address = XorMappedAddress { ip: remote.ip(), port: remote.port() };
        let parts: Vec<Box<dyn Setter>> =
            vec![Box::new(request.transaction_id), Box::new(BINDING_SUCCESS), Box::new(address)];
        self.sealed(&parts, &self.local.pwd)
    }

    /// With MESSAGE-INTEGRITY and FINGERPRINT behind (RFC 8489 §14.5, §14.7).
    fn sealed(&self, parts: &[Box<dyn Setter>], pwd: &str) -> Option<Vec<u8>> {
        let integrity =
            MessageIntegrity::new_short_term_integrity_with_provider(pwd.to_owned(), self.provider.crypto());
        let mut message = Message::new();
        message.build(parts).ok()?;
        integrity.add_to(&mut message).ok()?;
        FINGERPRINT.add_to(&mut message).ok()?;
        Some(message.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(name: &str) -> Credentials {
        Credentials { ufrag: name.to_owned(), pwd: format!("password-of-{name}-and-more") }
    }

    fn agent(now: Instant, local: &str, remote: &str) -> Checks {
        playing(IceRole::Controlling, now, local, remote)
    }

    fn playing(role: IceRole, now: Instant, local: &str, remote: &str) -> Checks {
        Checks::new(now, role, credentials(local), credentials(remote), 7, crypto::default_provider().unwrap())
    }

    #[test]
    fn who_is_controlled_waits_until_it_is_nominated() {
        let (now, address) = (Instant::now(), "192.0.2.1:9".parse().unwrap());
        let mut here = playing(IceRole::Controlled, now, "a", "b");
        let mut there = agent(now, "b", "a");
        let request = here.handle_timeout(now).unwrap();
        let Heard::Check(answer) = there.handle(now, address, &request) else { panic!("a check") };
        assert_eq!(here.handle(now, address, &answer), Heard::Answer);
        assert!(!here.is_complete() && !there.is_complete());
        let Heard::Check(answer) = here.handle(now, address, &there.handle_timeout(now).unwrap()) else {
            panic!("a check")
        };
        assert_eq!(there.handle(now, address, &answer), Heard::Answer);
        assert!(here.is_complete() && there.is_complete());
    }

    #[test]
    fn two_agents_answer_each_other_and_forgeries_are_not_heard() {
        let (now, address) = (Instant::now(), "192.0.2.1:9".parse().unwrap());
        let (mut here, mut there, mut stranger) = (agent(now, "a", "b"), agent(now, "b", "a"), agent(now, "x", "b"));
        let request = here.handle_timeout(now).unwrap();
        assert_eq!(here.handle_timeout(now), None, "the next is not due yet");
        let Heard::Check(answer) = there.handle(now, address, &request) else { panic!("a check") };
        assert_eq!(stranger.handle(now, address, &answer), Heard::Nothing, "not asked for");
        let mut forged = answer.clone();
        *forged.get_mut(30).unwrap() ^= 1;
        assert_eq!(here.handle(now, address, &forged), Heard::Nothing);
        assert_eq!(here.handle(now, address, &answer), Heard::Answer);
        assert_eq!(here.handle(now, address, &answer), Heard::Nothing, "a repeat");
        assert_eq!(here.poll_timeout(), now + CONSENT_INTERVAL);
        assert!(!here.expired(now + CONSENT_EXPIRY) && here.expired(now + CONSENT_EXPIRY * 2));
    }
}
