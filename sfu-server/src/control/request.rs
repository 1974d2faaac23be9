//! What is asked of a live transport, and the shards' counters: each a command, its answer, a refusal or a timeout.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::{Command, DataPayload, LayoutEntry, Muting};
use sfu_core::error::RequestError;
use sfu_core::event::PatchOutcome;
use sfu_core::id::{Identity, Mid, RequestId, RoomName, TransportId};
use sfu_core::sample::Sample;
use sfu_core::stats::ShardStats;
use sfu_core::why::{Forecast, Why};
use tokio::sync::oneshot;

use super::waiting::{Reply, ReplyTo, Waiting, flatten};
use super::{ANSWER_MAX, Answer, Control, ControlError, STATS_MAX};
use crate::directory::Resource;
use crate::media::{SendError, ShardHandle, ShardIndex};

/// Something that a shard was asked and has not answered yet.
#[derive(Debug)]
pub(super) struct Asked<T> {
    request: RequestId,
    answer: oneshot::Receiver<Result<T, ControlError>>,
}

impl Control {
    /// Applies an SDP fragment to a resource's transport.
    pub async fn patch(&self, resource: &Resource, fragment: String) -> Result<PatchOutcome, ControlError> {
        let shard = self.shard(resource.shard).ok_or(ControlError::NoShard)?;
        let transport = resource.transport;
        let command = |request| Command::Patch { request, transport, fragment };
        self.ask(shard, ANSWER_MAX, ReplyTo::Patch, command).await
    }

    /// Applies a further offer to a live transport; the tracks `muted` are from then on.
    pub async fn renegotiate(
        &self,
        transport: TransportId,
        offer: String,
        muted: Vec<Mid>,
    ) -> Result<Answer, ControlError> {
        let shard = self.shard_of(transport)?;
        let command = |request| Command::Renegotiate { request, transport, offer, muted };
        self.ask(shard, ANSWER_MAX, ReplyTo::Renegotiate, command).await
    }

    /// Says what is on a participant's screen.
    pub async fn set_layout(&self, transport: TransportId, layout: Vec<LayoutEntry>) -> Result<(), ControlError> {
        let shard = self.shard_of(transport)?;
        let command = |request| Command::SetLayout { request, transport, layout };
        self.ask(shard, ANSWER_MAX, ReplyTo::Done, command).await
    }

    /// Mutes or unmutes a published track.
    pub async fn set_muted(&self, transport: TransportId, mid: Mid, muting: Muting) -> Result<(), ControlError> {
        let shard = self.shard_of(transport)?;
        let command = |request| Command::SetMuted { request, transport, mid, muting };
        self.ask(shard, ANSWER_MAX, ReplyTo::Done, command).await
    }

    /// Sends a message to these participants' data channels of a label. Gives those for whom it could not even be queued.
    pub fn send_data(&self, to: Vec<TransportId>, label: &str, payload: &DataPayload) -> Vec<TransportId> {
        let mut missed = Vec::new();
        let mut by_shard: BTreeMap<ShardIndex, Vec<TransportId>> = BTreeMap::new();
        for transport in to {
            match self.directory.shard_of(transport) {
                Some(shard) => by_shard.entry(shard).or_default().push(transport),
                None => missed.push(transport),
            }
        }
        for (index, transports) in by_shard {
            let (label, payload) = (label.to_owned(), payload.clone());
            let command = Command::SendData { transports: transports.clone(), label, payload };
            if self.shard(index).is_none_or(|shard| shard.send(command).is_err()) {
                missed.extend(transports);
            }
        }
        missed
    }

    /// Why a resource's slots show what they show.
    pub async fn why(&self, resource: &Resource) -> Result<Box<Why>, ControlError> {
        let shard = self.shard(resource.shard).ok_or(ControlError::NoShard)?;
        let transport = resource.transport;
        self.ask(shard, ANSWER_MAX, ReplyTo::Why, |request| Command::Why { request, transport }).await
    }

    /// What everybody in a room would be given if it, and these participants instead of what is their own, were allowed this. Of a
    /// room on several shards each says its part, and without one of them there is no answer.
    pub async fn what_if(
        &self,
        room: &RoomName,
        caps: RoomCaps,
        participants: &BTreeMap<Identity, Caps>,
    ) -> Result<Vec<Forecast>, ControlError> {
        let shards = self.directory.shards_of(room);
        let asked = shards.into_iter().filter_map(|index| self.shard(index)).map(|shard| {
            let (room, participants) = (room.clone(), participants.clone());
            let command = |request| Command::WhatIf { request, room, caps, participants };
            self.ask(shard, ANSWER_MAX, ReplyTo::Forecast, command)
        });
        let parts: Result<Vec<Vec<Forecast>>, ControlError> = join_all(asked).await.into_iter().collect();
        let mut forecasts: Vec<Forecast> = parts?.into_iter().flatten().collect();
        forecasts.sort_by_key(|forecast| forecast.transport);
        Ok(forecasts)
    }

    /// Every shard's counters, for those that answer in time.
    pub async fn stats(&self) -> Vec<(ShardIndex, Box<ShardStats>)> {
        let requests = self.shards.iter().map(|shard| self.shard_stats(shard));
        join_all(requests).await.into_iter().flatten().collect()
    }

    /// What flows on every shard that has transports, of those that answer in time.
    pub async fn samples(&self) -> Vec<Sample> {
        let busy = self.shards.iter().filter(|shard| self.directory.transports_on(shard.index) > 0);
        let asked =
            busy.map(|shard| self.ask(shard, STATS_MAX, ReplyTo::Sample, |request| Command::Sample { request }));
        join_all(asked).await.into_iter().filter_map(|sample| Some(*sample.ok()?)).collect()
    }

    async fn shard_stats(&self, shard: &ShardHandle) -> Option<(ShardIndex, Box<ShardStats>)> {
        let stats = self.ask(shard, STATS_MAX, ReplyTo::Stats, |request| Command::Stats { request }).await;
        Some((shard.index, stats.ok()?))
    }

    async fn ask<T>(
        &self,
        shard: &ShardHandle,
        patience: Duration,
        reply_to: impl FnOnce(Reply<T>) -> ReplyTo,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<T, ControlError> {
        let asked = self.post(shard, reply_to, command)?;
        self.answer_within(patience, asked).await
    }

    /// Asks a shard something, to whose answer somebody comes back.
    pub(super) fn post<T>(
        &self,
        shard: &ShardHandle,
        reply_to: impl FnOnce(Reply<T>) -> ReplyTo,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<Asked<T>, SendError> {
        let request = self.request_id();
        let (reply, answer) = oneshot::channel();
        self.waiting.insert(request, Waiting { shard: shard.index, reply: reply_to(reply) });
        let sent = shard.send(command(request));
        if sent.is_err() {
            self.waiting.remove(&request);
        }
        sent.map(|()| Asked { request, answer })
    }

    /// What a shard says to something that it was asked.
    pub(super) async fn answer_to<T>(&self, asked: Asked<T>) -> Result<T, ControlError> {
        self.answer_within(ANSWER_MAX, asked).await
    }

    async fn answer_within<T>(&self, patience: Duration, asked: Asked<T>) -> Result<T, ControlError> {
        let answer = tokio::time::timeout(patience, asked.answer).await;
        self.waiting.remove(&asked.request);
        answer.map_or(Err(ControlError::NoAnswer), flatten)
    }

    fn shard_of(&self, transport: TransportId) -> Result<&ShardHandle, ControlError> {
        let shard = self.directory.shard_of(transport).and_then(|index| self.shard(index));
        shard.ok_or(ControlError::Refused(RequestError::UnknownTransport(transport)))
    }
}
