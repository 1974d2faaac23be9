//! The ways between shard threads: what one shard has for another goes there in batches that come back empty.
//!
//! A way has a fixed number of batches. When all are under way, its shard is not asked for more, and what it would have given
//! waits in its rings. Nothing here waits, locks or allocates once the batches have grown to their size.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Instant;

use mio::Waker;
use sfu_core::id::ShardId;
use sfu_core::shard::RelayBatch;

use super::shard_thread::Core;

/// Batches of one way: with full ones a megabyte, some 10 ms of 800 Mbit/s, which is what a thread that sends may be busy with
/// before it looks for more.
const BATCHES: usize = 16;

/// Wakes a thread once for all that it has not looked at yet.
#[derive(Debug)]
pub struct Bell {
    waker: Arc<Waker>,
    rung: AtomicBool,
}

impl Bell {
    pub fn new(waker: Arc<Waker>) -> Arc<Self> {
        Arc::new(Self { waker, rung: AtomicBool::new(false) })
    }

    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel)
            && let Err(error) = self.waker.wake()
        {
            tracing::error!(%error, "a media thread cannot be woken");
        }
    }
}

/// One thread's ends of the ways to and from another.
#[derive(Debug)]
struct Way {
    other: ShardId,
    bell: Arc<Bell>,
    to: SyncSender<RelayBatch>,
    empty: Receiver<RelayBatch>,
    spare: Option<RelayBatch>,
    from: Receiver<RelayBatch>,
    back: SyncSender<RelayBatch>,
    /// The other thread has ended.
    is_lost: bool,
}

/// One thread's ends of all its ways.
#[derive(Debug, Default)]
pub struct Ways {
    own: Option<Arc<Bell>>,
    ways: Vec<Way>,
    /// The last look found something for a shard that takes no more.
    starved: bool,
}

impl Ways {
    /// The ways between shards with these bells, in the order of their names.
    pub fn between(bells: &[Arc<Bell>]) -> Vec<Self> {
        let mut ends: Vec<Self> =
            bells.iter().map(|bell| Self { own: Some(Arc::clone(bell)), ..Self::default() }).collect();
        let shards = || (0..).map(ShardId).zip(bells);
        for (one, bell) in shards() {
            for (other, other_bell) in shards().skip_while(|(other, _)| *other <= one) {
                let (there, back) = (Lane::new(), Lane::new());
                let ways = [
                    (one, Way::new(other, Arc::clone(other_bell), there.sender, back.receiver)),
                    (other, Way::new(one, Arc::clone(bell), back.sender, there.receiver)),
                ];
                for (owner, way) in ways {
                    if let Some(end) = ends.get_mut(usize::from(owner.0)) {
                        end.ways.push(way);
                    }
                }
            }
        }
        ends
    }

    /// Gives the core what the others have for it.
    pub fn take_in<C: Core>(&mut self, core: &mut C, now: Instant) {
        if let Some(own) = &self.own {
            own.rung.store(false, Ordering::Release);
        }
        for way in self.ways.iter_mut().filter(|way| !way.is_lost) {
            way.take_in(core, now);
        }
    }

    /// Gives the others what the core has for them.
    pub fn send_out<C: Core>(&mut self, core: &mut C, now: Instant) {
        self.starved = false;
        for way in self.ways.iter_mut().filter(|way| !way.is_lost) {
            self.starved |= way.send_out(core, now);
        }
    }

    /// Whether something waits for another shard to take what it has been given.
    pub fn is_starved(&self) -> bool {
        self.starved
    }
}

/// One direction: batches that are full go one way, and empty the other.
struct Lane {
    sender: (SyncSender<RelayBatch>, Receiver<RelayBatch>),
    receiver: (Receiver<RelayBatch>, SyncSender<RelayBatch>),
}

impl Lane {
    fn new() -> Self {
        let (to, from) = sync_channel(BATCHES);
        let (back, empty) = sync_channel(BATCHES);
        for _ in 0..BATCHES {
            // There is room for all of them.
            let _ = back.try_send(RelayBatch::default());
        }
        Self { sender: (to, empty), receiver: (from, back) }
    }
}

impl Way {
    fn new(
        other: ShardId,
        bell: Arc<Bell>,
        (to, empty): (SyncSender<RelayBatch>, Receiver<RelayBatch>),
        (from, back): (Receiver<RelayBatch>, SyncSender<RelayBatch>),
    ) -> Self {
        Self { other, bell, to, empty, spare: None, from, back, is_lost: false }
    }

    fn take_in<C: Core>(&mut self, core: &mut C, now: Instant) {
        for _ in 0..BATCHES {
            match self.from.try_recv() {
                Ok(mut batch) => {
                    core.handle_relay(now, self.other, &mut batch);
                    // Who made it may be gone meanwhile.
                    let _ = self.back.try_send(batch);
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.is_lost = true;
                    core.handle_shard_lost(now, self.other);
                    return;
                }
            }
        }
    }

    /// Whether there is more than the other shard takes.
    fn send_out<C: Core>(&mut self, core: &mut C, now: Instant) -> bool {
        let mut sent = false;
        let mut starved = false;
        while core.has_relay(self.other) {
            let Some(mut batch) = self.spare.take().or_else(|| self.empty.try_recv().ok()) else {
                starved = true;
                break;
            };
            if !core.poll_relay(now, self.other, &mut batch) {
                self.spare = Some(batch);
                break;
            }
            match self.to.try_send(batch) {
                Ok(()) => sent = true,
                // There is room for every batch that there is; who is gone is noticed where its own would come in.
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => break,
            }
        }
        if sent {
            self.bell.ring();
        }
        starved
    }
}
