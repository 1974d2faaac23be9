//! Requests on their way to a shard and back. Invariant: each leaves the table by its answer, a refusal, its timeout or the
//! shard's end.

use sfu_core::error::RequestError;
use sfu_core::event::PatchOutcome;
use sfu_core::sample::Sample;
use sfu_core::stats::ShardStats;
use sfu_core::why::{Forecast, Why};
use tokio::sync::oneshot;

use super::{Answer, ControlError, JoinRequest, Joined};
use crate::media::{SendError, ShardIndex};

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, ControlError>>;

/// A request that a shard has not answered yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub shard: ShardIndex,
    pub reply: ReplyTo,
}

/// Who waits for what.
#[derive(Debug)]
pub(super) enum ReplyTo {
    Join { request: Box<JoinRequest>, reply: Reply<Joined> },
    Renegotiate(Reply<Answer>),
    Patch(Reply<PatchOutcome>),
    Done(Reply<()>),
    Stats(Reply<Box<ShardStats>>),
    Sample(Reply<Box<Sample>>),
    Why(Reply<Box<Why>>),
    Forecast(Reply<Vec<Forecast>>),
}

impl ReplyTo {
    /// Tells whoever waits that it came to nothing.
    pub fn refuse(self, error: RequestError) {
        // Nobody may wait any more; then nobody need be told.
        let _ = match self {
            Self::Join { reply, .. } => reply.send(Err(error.into())).is_ok(),
            Self::Renegotiate(reply) => reply.send(Err(error.into())).is_ok(),
            Self::Patch(reply) => reply.send(Err(error.into())).is_ok(),
            Self::Done(reply) => reply.send(Err(error.into())).is_ok(),
            Self::Stats(reply) => reply.send(Err(error.into())).is_ok(),
            Self::Sample(reply) => reply.send(Err(error.into())).is_ok(),
            Self::Why(reply) => reply.send(Err(error.into())).is_ok(),
            Self::Forecast(reply) => reply.send(Err(error.into())).is_ok(),
        };
    }
}

/// A dropped reply means that the shard died.
pub(super) fn flatten<T>(reply: Result<Result<T, ControlError>, oneshot::error::RecvError>) -> Result<T, ControlError> {
    reply.unwrap_or(Err(ControlError::NotSent(SendError::Dead)))
}
