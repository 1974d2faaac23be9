//! Who joins is counted in on a shard, which makes a transport under the caps that are kept for it.

use std::net::SocketAddr;
use std::time::Instant;

use sfu_core::command::{Command, Join};
use tokio::sync::oneshot;

use super::waiting::{ReplyTo, Waiting, flatten};
use super::{ANSWER_MAX, Control, ControlError, JoinRequest, Joined};
use crate::directory::Kind;
use crate::media::{ShardHandle, ShardIndex};

impl Control {
    /// Makes a transport. `candidates` says what a shard with these sockets announces.
    pub async fn join(
        &self,
        request: JoinRequest,
        candidates: impl FnOnce(&[SocketAddr]) -> Vec<SocketAddr>,
    ) -> Result<Joined, ControlError> {
        if self.is_draining() {
            return Err(ControlError::Draining);
        }
        let now = Instant::now();
        let busy = |index: ShardIndex| {
            let status = &self.shard(index)?.status;
            status.is_alive(now).then(|| status.busy_percent())
        };
        let shard = self.directory.reserve(&request.room, busy).and_then(|index| self.shard(index));
        let Some(shard) = shard else { return Err(ControlError::NoShard) };
        let answer = self.send_join(shard, request, candidates(&shard.sockets))?;
        // The entry outlives a timeout on purpose: a late answer must still be closed and counted out.
        tokio::time::timeout(ANSWER_MAX, answer).await.map_or(Err(ControlError::NoAnswer), flatten)
    }

    /// Has a shard make a transport that is counted in, under the caps that are kept for it.
    fn send_join(
        &self,
        shard: &ShardHandle,
        request: JoinRequest,
        candidates: Vec<SocketAddr>,
    ) -> Result<oneshot::Receiver<Result<Joined, ControlError>>, ControlError> {
        let (id, room) = (self.request_id(), request.room.clone());
        let (identity, transport) = (request.identity.clone(), request.transport);
        let (reply, answer) = oneshot::channel();
        let mut kept = self.caps.lock();
        kept.grant(&request, shard.index);
        let join = Join {
            request: id,
            transport,
            room: room.clone(),
            identity: identity.clone(),
            offer: request.offer.clone(),
            candidates,
            room_caps: kept.of_room(&room),
            caps: kept.of_participant(&room, &identity),
        };
        let command = match request.kind {
            Kind::Whip => Command::Publish(join),
            Kind::Whep => Command::Watch { join, watch: request.watch.clone() },
            Kind::Meet => Command::Meet { join, muted: request.muted.clone() },
        };
        let reply = ReplyTo::Join { request: Box::new(request), reply };
        self.waiting.insert(id, Waiting { shard: shard.index, reply });
        if let Err(error) = shard.send(command) {
            self.waiting.remove(&id);
            self.directory.release(&room, shard.index);
            kept.withdraw(&room, &identity, transport);
            return Err(error.into());
        }
        Ok(answer)
    }
}
