//! One WebSocket from its upgrade to its end: frames in, the outbox out, pings between.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use sfu_core::id::{Identity, RoomName};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite;

use super::admission::Permit;
use super::flood::Bucket;
use super::limits::{CLOSE_MAX, FRAME_BYTES_MAX, FRAME_TOKENS, JOIN_MAX};
use super::outbox::{self, Outbox, OutboxQueue, OutboxState, Outgoing};
use super::refusal::Refusal;
use super::request;
use super::room::{MemberId, Rights, Room, SocketId};
use super::rooms::now;
use super::wire::{ErrorCode, LeaveReason, RequestId, ServerMessage};
use crate::app::AppState;
use crate::metrics::Shed;

/// Whoever is at the other end.
#[derive(Debug)]
pub struct Session {
    pub(super) state: AppState,
    pub(super) room: RoomName,
    pub(super) socket: SocketId,
    pub(super) peer: Option<IpAddr>,
    /// Who it is, once it has joined.
    pub(super) member: Option<(MemberId, Identity)>,
    /// What it may do then.
    pub(super) rights: Rights,
    /// When the last frame came.
    heard: Instant,
}

/// What comes after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    Stop,
    /// With something on the way that cannot be read.
    StopUnread,
}

impl Session {
    pub fn new(state: AppState, room: RoomName, peer: Option<IpAddr>) -> Self {
        let socket = state.rooms.socket_id();
        Self { state, room, socket, peer, member: None, rights: Rights::default(), heard: Instant::now() }
    }

    /// Serves the socket until it ends, then waits whether its participant comes back.
    pub async fn run(mut self, websocket: WebSocket, permit: Permit) {
        let (sink, mut stream) = websocket.split();
        let (outbox, queue, ended) = outbox::channel();
        let writer = tokio::spawn(write(sink, queue, self.state.rooms.terms.ping_interval));
        let last = self.read(&mut stream, &outbox, ended.clone()).await;

        let overflowed = *ended.borrow() == OutboxState::Overflowed;
        let rooms = self.state.rooms.clone();
        let member = self.member.take();
        let absent_until = member.and_then(|(member, _)| {
            let place = || self.state.admission.hold_place(self.peer);
            rooms.socket_gone(&self.room, self.socket, member, self.heard.into_std(), place)
        });
        outbox.end(1000);
        drop(outbox);
        // Whoever closes with something unread resets the connection, and the last words may be lost with it.
        let cut = writer.abort_handle();
        if overflowed || timeout(CLOSE_MAX, read_away(&mut stream, last, writer)).await.is_err() {
            cut.abort();
        }
        drop(permit);
        // Whoever is absent now is given up by the task of the socket that it lost.
        if let Some(until) = absent_until {
            sleep_until(Instant::from_std(until)).await;
            rooms.with(&self.room, |room| room.handle_timeout(now().instant));
        }
    }

    async fn read(
        &mut self,
        stream: &mut SplitStream<WebSocket>,
        outbox: &Outbox,
        mut ended: watch::Receiver<OutboxState>,
    ) -> Next {
        let patience = self.state.rooms.terms.ping_interval * 2;
        let mut bucket = Bucket::new(now().instant);
        let join_by = Instant::now() + JOIN_MAX;
        self.heard = Instant::now();
        loop {
            let silent_at = self.heard + patience;
            let deadline = if self.member.is_some() { silent_at } else { join_by.min(silent_at) };
            let frame = tokio::select! {
                biased;
                _ = ended.wait_for(|state| *state != OutboxState::Open) => return Next::Stop,
                frame = stream.next() => frame,
                () = sleep_until(deadline) => {
                    self.too_late(outbox);
                    return Next::Stop;
                }
            };
            let Some(frame) = frame else { return Next::Stop };
            self.heard = Instant::now();
            let next = match frame {
                Ok(frame) if !bucket.take(now().instant, FRAME_TOKENS) => self.flooded(outbox, &frame),
                Ok(Message::Text(text)) => self.text(outbox, &mut bucket, &text).await,
                Ok(Message::Binary(_)) => {
                    let refusal = Refusal::new(ErrorCode::Malformed, "binary frames mean nothing here; send text");
                    self.refuse(outbox, None, &refusal)
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => Next::Go,
                Ok(Message::Close(_)) => Next::Stop,
                Err(error) => self.broken(outbox, &error),
            };
            if next != Next::Go {
                return next;
            }
        }
    }

    async fn text(&mut self, outbox: &Outbox, bucket: &mut Bucket, text: &Utf8Bytes) -> Next {
        let (id, checked) = match request::read(text) {
            Ok(read) => read,
            Err((id, refusal)) => return self.refuse(outbox, id, &refusal),
        };
        self.state.metrics.signal.received(checked.kind());
        if !bucket.take(now().instant, checked.extra_cost()) {
            return self.too_many(outbox, Some(id));
        }
        if let Some((member, _)) = &self.member {
            let member = *member;
            self.with_room(|room| room.spoke(member));
        }
        match self.handle(id, checked, outbox).await {
            Ok(()) => Next::Go,
            Err(refusal) => self.refuse(outbox, Some(id), &refusal),
        }
    }

    /// Does something with the session's room.
    pub(super) fn with_room<T>(&self, act: impl FnOnce(&mut Room) -> T) -> Option<T> {
        self.state.rooms.with(&self.room, act)
    }

    /// Answers this socket alone.
    pub(super) fn reply(&self, outbox: &Outbox, message: &ServerMessage) {
        let text = self.state.rooms.written(message);
        match outbox.push(&text) {
            Ok(()) => self.state.metrics.signal.messages_sent.inc(),
            Err(outbox::Overflow) => {
                self.state.metrics.signal.shed(Shed::SlowReader);
                0
            }
        };
    }

    fn refuse(&self, outbox: &Outbox, id: Option<RequestId>, refusal: &Refusal) -> Next {
        self.state.metrics.signal.refused(refusal.code);
        self.reply(outbox, &refusal.to_message(id));
        Next::Go
    }

    fn flooded(&mut self, outbox: &Outbox, frame: &Message) -> Next {
        let id = match frame {
            Message::Text(text) if text.len() < 1_024 => request::read(text).ok().map(|(id, _)| id),
            Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Close(_) => None,
        };
        self.too_many(outbox, id)
    }

    /// Says more than it may: it is out, for its own sake and the others'.
    fn too_many(&mut self, outbox: &Outbox, id: Option<RequestId>) -> Next {
        self.state.metrics.signal.shed(Shed::Flood);
        let refusal = Refusal::new(ErrorCode::TooMany, "too many messages in too short a time");
        self.refuse(outbox, id, &refusal);
        self.expel(outbox, LeaveReason::Misbehaved)
    }

    fn expel(&mut self, outbox: &Outbox, reason: LeaveReason) -> Next {
        match self.member.take() {
            Some((member, _)) => {
                self.with_room(|room| room.leave(member, reason));
            }
            None => self.state.rooms.end(outbox, reason),
        }
        Next::Stop
    }

    fn too_late(&mut self, outbox: &Outbox) {
        if self.member.is_some() {
            self.state.metrics.signal.shed(Shed::PingTimeout);
            return;
        }
        self.state.metrics.signal.shed(Shed::NoJoin);
        let message = format!("say join within {} s of connecting", JOIN_MAX.as_secs());
        self.refuse(outbox, None, &Refusal::new(ErrorCode::OutOfOrder, message));
        self.state.rooms.end(outbox, LeaveReason::Misbehaved);
    }

    fn broken(&mut self, outbox: &Outbox, error: &axum::Error) -> Next {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<tungstenite::Error>());
        if !matches!(cause, Some(tungstenite::Error::Capacity(_))) {
            tracing::debug!(room = %self.room, %error, "WebSocket broken");
            return Next::Stop;
        }
        let message = format!("a message may be {FRAME_BYTES_MAX} bytes long; this one is longer");
        self.refuse(outbox, None, &Refusal::new(ErrorCode::TooLarge, message));
        self.expel(outbox, LeaveReason::Misbehaved);
        Next::StopUnread
    }
}

/// Lets the last words go out and reads what still comes, until the other side ends it too.
async fn read_away(stream: &mut SplitStream<WebSocket>, last: Next, writer: JoinHandle<()>) {
    let _ = writer.await;
    while let Some(Ok(_)) = stream.next().await {}
    if last == Next::StopUnread {
        // Its sender still sends, and needs time to hear why nobody reads.
        sleep(CLOSE_MAX).await;
    }
}

/// Sends what the outbox holds, and a ping now and then, until the end or a fault.
async fn write(mut sink: SplitSink<WebSocket, Message>, mut queue: OutboxQueue, every: Duration) {
    let mut pings = interval_at(Instant::now() + every, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            outgoing = queue.next() => match outgoing {
                Some(Outgoing::Text(text)) => Message::Text(text),
                Some(Outgoing::Close(code)) => {
                    let frame = CloseFrame { code, reason: Utf8Bytes::default() };
                    // The peer may be gone already.
                    let _ = sink.send(Message::Close(Some(frame))).await;
                    return;
                }
                None => return,
            },
            _ = pings.tick() => Message::Ping(axum::body::Bytes::new()),
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}
