//! A further offer of a live transport: tracks and slots come and go, ICE restarts, everything else goes on.

use std::time::Instant;

use crate::error::RequestError;
use crate::event::Event;
use crate::id::{Mid, RequestId, TransportId};
use crate::sdp::{self, IceGeneration, Local, Purpose};
use crate::transport::IceCredentials;

use super::Shard;
use super::join::Admitted;
use super::sections::published_tracks;

impl Shard {
    /// Answers a further offer, or says why not; then nothing has changed.
    pub(super) fn renegotiate(
        &mut self,
        now: Instant,
        request: RequestId,
        transport: TransportId,
        offer: &str,
        muted: &[Mid],
    ) {
        let event = match self.attempt(now, transport, |shard| shard.apply_offer(now, transport, offer, muted)) {
            Ok(Admitted { answer, ice_tag, tracks }) => Event::Answered { request, transport, answer, ice_tag, tracks },
            Err(error) => Event::Rejected { request, error },
        };
        self.events.push_back(event);
    }

    fn apply_offer(
        &mut self,
        now: Instant,
        transport: TransportId,
        offer: &str,
        muted: &[Mid],
    ) -> Result<Admitted, RequestError> {
        let unknown = RequestError::UnknownTransport(transport);
        let key = self.addresses.by_id(transport).ok_or(unknown.clone())?;
        let participant = self.participants.get_mut(key).ok_or(unknown)?;
        if participant.membership.purpose != Purpose::Meet {
            return Err(RequestError::OneOfferOnly);
        }
        let ice = IceCredentials::generate(&mut self.rng);
        let local = Local {
            ice: &ice,
            fingerprint: self.config.certificate.fingerprint(),
            candidates: &participant.candidates,
            tcp: self.config.tcp,
            cname: "",
        };
        let accepted = sdp::answer_further(offer, &participant.session, &local, &mut self.rng)?;
        let remote_ice = accepted.negotiated.remote_ice.clone();
        let admitted = Admitted {
            answer: accepted.answer,
            ice_tag: accepted.session.ice_tag().to_owned(),
            tracks: published_tracks(&accepted.negotiated),
        };
        participant.session = accepted.session;
        if accepted.ice == IceGeneration::New {
            participant.connection.restart_ice(now, ice, remote_ice);
            self.addresses.set_ufrags(key, participant.connection.local_ufrags());
        }
        let reformatted = self.apply_sections(key, accepted.negotiated);
        self.republish(now, key);
        for track in reformatted {
            self.attach_viewers_of(now, track);
        }
        self.mute_stated(now, key, muted);
        self.settle(now, key);
        Ok(admitted)
    }
}
