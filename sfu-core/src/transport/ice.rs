//! ICE-lite (RFC 8445 §2.5): answers the peer's connectivity checks and follows its nominations; sends none of its own.
//!
//! Invariant: an address pair is in `pairs` only if a request from it carried valid MESSAGE-INTEGRITY. Only such pairs may
//! speak DTLS and SRTP. What fails is dropped without an answer, so that nobody learns or amplifies anything.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::RTCCryptoProvider;

use super::close_reason::CloseReason;
use super::credentials::IceCredentials;
use super::drop_reason::{DropReason, TransportCounters};
use super::pair::{Pair, Protocol};
use super::stun_message::BindingRequest;
use crate::limits::{CONSENT_EXPIRY, ICE_PAIRS_MAX, ICE_START_MAX, STUN_AMPLIFICATION_MAX};

/// A selected pair that said nothing for this long may lose to another that was nominated before. Above the longest
/// pause of a live peer (consent checks come every 2.5 to 5 s, media always), below what a person would sit through.
/// Also how long a nomination of a UDP pair outweighs one of a TCP pair.
const SELECTED_SILENT: Duration = Duration::from_secs(3);

/// What became of a STUN datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StunOutcome {
    /// Integrity verified and answered; `first`: this pair was unknown before.
    Verified {
        first: bool,
    },
    Dropped(DropReason),
}

/// Both sides' credentials of one ICE generation (RFC 8445 §9).
#[derive(Debug, Clone)]
struct Generation {
    local: IceCredentials,
    remote: IceCredentials,
}

impl Generation {
    fn is_named_by(&self, (ours, theirs): (&str, &str)) -> bool {
        self.local.ufrag == ours && self.remote.ufrag == theirs
    }
}

/// Which generation a request was made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Under {
    Current,
    Next,
}

#[derive(Debug)]
struct VerifiedPair {
    pair: Pair,
    /// Last request with valid integrity.
    verified: Instant,
    /// Last authentic datagram of any kind.
    heard: Instant,
    /// When the peer last nominated it.
    nominated: Option<Instant>,
}

/// The responder of one transport.
pub(super) struct IceResponder {
    provider: Option<Arc<dyn RTCCryptoProvider>>,
    current: Option<Generation>,
    /// The restarted generation, until its first nominated pair validates.
    next: Option<Generation>,
    /// At most `ICE_PAIRS_MAX`.
    pairs: Vec<VerifiedPair>,
    selected: Option<Pair>,
    /// When something authentic last came from a pair that is forgotten.
    heard_before: Option<Instant>,
    started: Instant,
    last_verified: Option<Instant>,
}

impl fmt::Debug for IceResponder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceResponder")
            .field("pairs", &self.pairs)
            .field("selected", &self.selected)
            .finish_non_exhaustive()
    }
}

impl IceResponder {
    pub(super) fn new(
        now: Instant,
        provider: Arc<dyn RTCCryptoProvider>,
        local: IceCredentials,
        remote: IceCredentials,
    ) -> Self {
        Self {
            provider: Some(provider),
            current: Some(Generation { local, remote }),
            next: None,
            pairs: Vec::new(),
            selected: None,
            heard_before: None,
            started: now,
            last_verified: None,
        }
    }

    /// One pair, verified and selected for good; no STUN is answered and consent never expires.
    pub(super) fn fixed(now: Instant, pair: Pair) -> Self {
        let only = VerifiedPair { pair, verified: now, heard: now, nominated: Some(now) };
        Self {
            provider: None,
            current: None,
            next: None,
            pairs: vec![only],
            selected: Some(pair),
            heard_before: None,
            started: now,
            last_verified: Some(now),
        }
    }

    /// Takes in a STUN datagram; returns the answer to send back over the same pair, if any.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        pair: Pair,
        datagram: &[u8],
        counters: &mut TransportCounters,
    ) -> (StunOutcome, Option<Vec<u8>>) {
        match self.try_handle(now, pair, datagram, counters) {
            Ok((first, answer)) => (StunOutcome::Verified { first }, Some(answer)),
            Err(Refused { reason, answer }) => (StunOutcome::Dropped(reason), answer),
        }
    }

    fn try_handle(
        &mut self,
        now: Instant,
        pair: Pair,
        datagram: &[u8],
        counters: &mut TransportCounters,
    ) -> Result<(bool, Vec<u8>), Refused> {
        let mut request = BindingRequest::parse(datagram)?;
        let username = request.username().ok_or(DropReason::StunUsername)?;
        let (under, generation) = match (&self.current, &self.next) {
            (Some(current), _) if current.is_named_by(username) => (Under::Current, current),
            (_, Some(next)) if next.is_named_by(username) => (Under::Next, next),
            _ => return Err(DropReason::StunUsername.into()),
        };
        let crypto = self.provider.as_ref().ok_or(DropReason::StunUsername)?.crypto();
        let pwd = generation.local.pwd.as_str();
        request.check_integrity(pwd, crypto)?;
        request.check_fingerprint()?;
        let bounded = |answer: Vec<u8>| (answer.len() <= STUN_AMPLIFICATION_MAX * request.len()).then_some(answer);

        if request.claims_controlled() {
            let answer = request.role_conflict(pwd, crypto).and_then(bounded);
            return Err(Refused { reason: DropReason::StunRoleConflict, answer });
        }
        let answer = request.success(pair, pwd, crypto).and_then(bounded).ok_or(DropReason::StunAmplification)?;
        let nominates = request.nominates();
        let first = self.verify(now, pair, counters);
        if nominates {
            self.nominate(now, pair, under);
        }
        Ok((first, answer))
    }

    /// Whether datagrams from this pair may be looked at.
    pub(super) fn is_verified(&self, pair: Pair) -> bool {
        self.pairs.iter().any(|known| known.pair == pair)
    }

    /// Notes an authentic datagram.
    pub(super) fn heard(&mut self, now: Instant, pair: Pair) {
        if let Some(known) = self.pairs.iter_mut().find(|known| known.pair == pair) {
            known.heard = now;
        }
    }

    /// When an authentic datagram last came, from any pair.
    pub(super) fn last_heard(&self) -> Option<Instant> {
        self.pairs.iter().map(|known| known.heard).max().max(self.heard_before)
    }

    /// Forgets a pair that is no more. If it was the one to send on, the best that is left takes its place.
    pub(super) fn forget(&mut self, pair: Pair) {
        self.heard_before = self.last_heard();
        self.pairs.retain(|known| known.pair != pair);
        if self.selected == Some(pair) {
            let left = self.pairs.iter().filter(|known| known.nominated.is_some());
            let best = left.max_by_key(|known| (known.pair.protocol == Protocol::Udp, known.heard));
            self.selected = best.map(|known| known.pair);
        }
    }

    /// The pair to send on: the latest nominated, UDP before TCP.
    pub(super) fn selected(&self) -> Option<Pair> {
        self.selected
    }

    /// Our username fragments that are in use; two while a restart is under way.
    pub(super) fn local_ufrags(&self) -> impl Iterator<Item = &str> {
        self.current.iter().chain(&self.next).map(|generation| generation.local.ufrag.as_str())
    }

    /// Whether the peer's fragment belongs to a generation that is known.
    pub(super) fn knows_remote(&self, ufrag: &str) -> bool {
        self.current.iter().chain(&self.next).any(|generation| generation.remote.ufrag == ufrag)
    }

    /// Begins a new generation; the old one serves until the new one's first nominated pair validates.
    pub(super) fn restart(&mut self, local: IceCredentials, remote: IceCredentials) {
        self.next = Some(Generation { local, remote });
    }

    /// When the peer is gone unless it asks again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.provider.as_ref()?;
        Some(match self.last_verified {
            Some(last) => last + CONSENT_EXPIRY,
            None => self.started + ICE_START_MAX,
        })
    }

    /// Why the transport must end at `now`, if it must (RFC 7675 §5.1).
    pub(super) fn expired(&self, now: Instant) -> Option<CloseReason> {
        if now < self.deadline()? {
            return None;
        }
        Some(match self.last_verified {
            Some(_) => CloseReason::ConsentExpired,
            None => CloseReason::IceTimeout,
        })
    }

    fn verify(&mut self, now: Instant, pair: Pair, counters: &mut TransportCounters) -> bool {
        self.last_verified = Some(now);
        if let Some(known) = self.pairs.iter_mut().find(|known| known.pair == pair) {
            known.verified = now;
            known.heard = now;
            return false;
        }
        if self.pairs.len() >= ICE_PAIRS_MAX {
            self.evict();
            counters.count(DropReason::IcePairLimit);
        }
        self.pairs.push(VerifiedPair { pair, verified: now, heard: now, nominated: None });
        true
    }

    /// Forgets the pair verified longest ago: an un-nominated one if there is one, never the selected one.
    fn evict(&mut self) {
        let selected = self.selected;
        let oldest = self
            .pairs
            .iter()
            .enumerate()
            .filter(|(_, known)| Some(known.pair) != selected)
            .min_by_key(|(_, known)| (known.nominated.is_some(), known.verified))
            .map(|(place, _)| place);
        if let Some(place) = oldest {
            self.pairs.remove(place);
        }
    }

    fn nominate(&mut self, now: Instant, pair: Pair, under: Under) {
        if under == Under::Next {
            self.current = self.next.take();
            self.selected = None;
            for known in &mut self.pairs {
                known.nominated = None;
            }
        }
        let Some(known) = self.pairs.iter_mut().find(|known| known.pair == pair) else { return };
        let before = known.nominated.replace(now);
        if self.follows(now, pair, before) {
            self.selected = Some(pair);
        }
    }

    /// Whether to send on a pair that was just nominated, and `before` at that time. UDP is preferred: a peer that
    /// nominates everything that answers is followed to TCP only once it no longer nominates UDP.
    fn follows(&self, now: Instant, pair: Pair, before: Option<Instant>) -> bool {
        let Some(selected) = self.pairs.iter().find(|known| Some(known.pair) == self.selected) else { return true };
        let is_past = |at: Instant| now.saturating_duration_since(at) >= SELECTED_SILENT;
        match (selected.pair.protocol, pair.protocol) {
            (Protocol::Tcp, Protocol::Udp) => true,
            (Protocol::Udp, Protocol::Tcp) => selected.nominated.is_none_or(is_past),
            (Protocol::Udp, Protocol::Udp) | (Protocol::Tcp, Protocol::Tcp) => {
                before.is_none() || is_past(selected.heard)
            }
        }
    }
}

/// A request that was not accepted, and the error response it deserves, if any.
struct Refused {
    reason: DropReason,
    answer: Option<Vec<u8>>,
}

impl From<DropReason> for Refused {
    fn from(reason: DropReason) -> Self {
        Self { reason, answer: None }
    }
}
