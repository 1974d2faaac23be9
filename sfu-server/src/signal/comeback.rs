//! Who comes back by a resume token, perhaps with a token beside it.

use std::sync::Arc;

use super::outbox::Outbox;
use super::refusal::Refusal;
use super::room::{NotJoined, Room};
use super::rooms::now;
use super::session::not_joined;
use super::socket::Session;
use super::token::Token;
use super::wire::{LeaveReason, RequestId};
use crate::auth::{Denied, Entrant, TokenError};

impl Session {
    pub(super) fn come_back(
        &mut self,
        id: RequestId,
        resume: &str,
        token: Option<&str>,
        outbox: &Outbox,
    ) -> Result<(), Refusal> {
        let rooms = Arc::clone(&self.state.rooms);
        let resume = Token::parse(resume).ok_or(NotJoined::UnknownToken);
        let back = resume.and_then(|resume| {
            let brought = self.brought(token)?;
            rooms.enter(&self.room, self.socket, outbox, |room| {
                self.keep_or_end(room, &resume, brought)?;
                room.resume(&rooms.terms, &resume, self.socket, id)
            })
        });
        rooms.metrics.signal.resumed(back.is_ok());
        let (member, identity, rights) = back.map_err(not_joined)?;
        tracing::info!(room = %self.room, participant = %identity, "came back");
        self.member = Some((member, identity));
        self.rights = rights;
        Ok(())
    }

    /// Whom the token says that comes beside a resume token. An expired one says nothing: who is in stays. What is wrong with any
    /// other is told when it is tried alone.
    fn brought(&self, token: Option<&str>) -> Result<Option<Entrant>, NotJoined> {
        let Some(token) = token else { return Ok(None) };
        match self.state.auth.admit(&self.room, Some(token), now().unix_ms / 1_000) {
            Ok(entrant) => Ok(Some(entrant)),
            Err(Denied::Token(TokenError::Expired)) => Ok(None),
            Err(_) => Err(NotJoined::UnknownToken),
        }
    }

    /// Ends who it was, who is then to come in anew, if it brings a token of somebody else or of other rights, or came by a key that is
    /// no more.
    fn keep_or_end(&self, room: &mut Room, resume: &Token, brought: Option<Entrant>) -> Result<(), NotJoined> {
        let (member, identity, rights) = room.named_by(resume).ok_or(NotJoined::UnknownToken)?;
        let is_same = brought.is_none_or(|brought| {
            let is_same = brought.identity.as_ref().is_none_or(|brought| brought == identity)
                && (&brought.grants, &brought.caps) == (&rights.grants, &rights.caps);
            if is_same {
                rights.key = brought.key;
            }
            is_same
        });
        if is_same && self.state.auth.is_in_force(rights.key.as_deref()) {
            return Ok(());
        }
        tracing::info!(room = %self.room, participant = %identity, "may not come back as who it was");
        room.leave(member, LeaveReason::Replaced);
        Err(NotJoined::UnknownToken)
    }
}
