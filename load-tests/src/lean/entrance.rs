//! How clients come into rooms: the one thing in which servers differ for a crowd. Here by WHIP and WHEP.

use std::sync::Arc;

use async_trait::async_trait;

use super::LeanError;
use super::description::{Answer, Direction, LocalParameters, offer};
use super::ice::IceRole;
use super::layers::Asked;
use super::sender::SenderIds;
use crate::client::{Resource, Server};
use crate::media::Codec;

/// A server's signalling, as far as a crowd needs it.
#[async_trait]
pub trait Entrance: std::fmt::Debug + Send + Sync {
    /// Enters `room` as `identity` to send `tracks`.
    async fn publish_tracks(
        &self,
        room: &str,
        identity: &str,
        local: &LocalParameters<'_>,
        tracks: &[(Codec, SenderIds)],
    ) -> Result<Entered, LeanError>;

    /// Enters `room` to receive on `slots`; `publishers` names those that are shown, in the order of the slots of each
    /// medium, and nobody where the server chooses. The answer's sections are in the order of `slots`.
    async fn watch_on(
        &self,
        room: &str,
        publishers: &[String],
        local: &LocalParameters<'_>,
        slots: &[Codec],
    ) -> Result<Entered, LeanError>;

    /// Whether it is the server that chooses whose sound each slot plays where they are fewer than who speak, whatever is pinned.
    fn chooses_sounds(&self) -> bool {
        false
    }

    /// Ends what an entrance began.
    async fn leave(&self, session: &Session) -> Result<(), LeanError>;
}

/// A session's address at its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session(pub reqwest::Url);

/// A session, and what the server said of its side of the connection.
#[derive(Clone, Debug)]
pub struct Entered {
    pub session: Session,
    /// The client's, by who offered (RFC 8445 §6.1.1).
    pub role: IceRole,
    pub answer: Answer,
    /// What is asked of each slot of pictures, in their order; nothing where nobody asks.
    pub asked: Vec<Arc<Asked>>,
}

#[async_trait]
impl Entrance for Server {
    async fn publish_tracks(
        &self,
        room: &str,
        identity: &str,
        local: &LocalParameters<'_>,
        tracks: &[(Codec, SenderIds)],
    ) -> Result<Entered, LeanError> {
        let sections: Vec<_> = tracks.iter().map(|(codec, ids)| (*codec, Direction::Send(*ids))).collect();
        let resource = self.publish(room, identity, offer(local, &sections)).await?;
        entered(resource)
    }

    async fn watch_on(
        &self,
        room: &str,
        publishers: &[String],
        local: &LocalParameters<'_>,
        slots: &[Codec],
    ) -> Result<Entered, LeanError> {
        let sections: Vec<_> = slots.iter().map(|codec| (*codec, Direction::Receive)).collect();
        let resource = self.watch(room, publishers, offer(local, &sections)).await?;
        entered(resource)
    }

    async fn leave(&self, session: &Session) -> Result<(), LeanError> {
        Ok(self.end(&session.0).await?)
    }
}

fn entered(resource: Resource) -> Result<Entered, LeanError> {
    let answer = Answer::parse(&resource.answer)?;
    Ok(Entered { session: Session(resource.url), role: IceRole::Controlling, answer, asked: Vec::new() })
}
