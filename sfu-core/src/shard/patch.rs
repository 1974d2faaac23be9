//! A fragment arrives after the answer: trickled candidates, or an ICE restart (RFC 8840, RFC 9725 §4.3).

use std::time::Instant;

use crate::error::RequestError;
use crate::event::{Event, PatchOutcome};
use crate::id::{RequestId, TransportId};
use crate::sdp::{self, Local};
use crate::transport::IceCredentials;

use super::Shard;

impl Shard {
    /// Applies a fragment and tells what it did.
    pub(super) fn patch(&mut self, now: Instant, request: RequestId, transport: TransportId, fragment: &str) {
        let event = match self.attempt(now, transport, |shard| shard.apply_fragment(now, transport, fragment)) {
            Ok(outcome) => Event::Patched { request, transport, outcome },
            Err(error) => Event::Rejected { request, error },
        };
        self.events.push_back(event);
    }

    fn apply_fragment(
        &mut self,
        now: Instant,
        transport: TransportId,
        fragment: &str,
    ) -> Result<PatchOutcome, RequestError> {
        let unknown = RequestError::UnknownTransport(transport);
        let key = self.addresses.by_id(transport).ok_or(unknown.clone())?;
        let participant = self.participants.get_mut(key).ok_or(unknown)?;
        let fragment = sdp::parse_fragment(fragment)?;
        if participant.connection.is_remote_ufrag(&fragment.ufrag) {
            return Ok(PatchOutcome::Trickled);
        }
        let pwd = fragment.pwd.ok_or(RequestError::RestartWithoutPassword)?;
        let ice = IceCredentials::generate(&mut self.rng);
        let remote = IceCredentials { ufrag: fragment.ufrag, pwd };
        participant.session.restarted(ice.clone(), remote.clone());
        participant.connection.restart_ice(now, ice.clone(), remote);
        let local = Local {
            ice: &ice,
            fingerprint: self.config.certificate.fingerprint(),
            candidates: &participant.candidates,
            tcp: self.config.tcp,
            cname: "",
        };
        let fragment = sdp::write_fragment(&local, &participant.sections);
        self.addresses.set_ufrags(key, participant.connection.local_ufrags());
        self.settle(now, key);
        Ok(PatchOutcome::Restarted { fragment, ice_tag: ice.ufrag })
    }
}
