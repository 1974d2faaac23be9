//! The control plane's hold on one shard thread: a bounded queue of commands, a waker and counters to read.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use mio::{Registry, Token, Waker};
use sfu_core::command::Command;
use sfu_core::id::ShardId;

/// Commands that may wait for a shard; beyond, requests are refused with 503. A join takes about a millisecond of the
/// shard's time, so this is several seconds of work.
pub const COMMANDS_WAITING_MAX: usize = 4_096;

/// How long a shard's loop may take between two turns before it counts as stuck. It turns at least once a second.
pub const STUCK_AFTER: Duration = Duration::from_secs(5);

/// Which shard of this process, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardIndex(pub usize);

impl ShardIndex {
    /// Its name among shards.
    pub fn id(self) -> ShardId {
        ShardId(u16::try_from(self.0).unwrap_or(u16::MAX))
    }
}

/// Why a command did not reach its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the media thread has more to do than it can queue")]
    Full,
    #[error("the media thread has ended")]
    Dead,
}

/// Datagram counts of one shard thread, for metrics; written by it alone.
#[derive(Debug, Default)]
pub struct Counts {
    pub received_datagrams: AtomicU64,
    pub received_bytes: AtomicU64,
    /// System calls that received something; datagrams divided by it is the receive offload's factor.
    pub receives: AtomicU64,
    pub sent_datagrams: AtomicU64,
    pub sent_bytes: AtomicU64,
    /// System calls that sent something.
    pub sends: AtomicU64,
    /// Datagrams that the kernel refused.
    pub send_errors: AtomicU64,
    /// Datagrams given up because the socket stayed full.
    pub send_dropped: AtomicU64,
    /// Batches that had to be sent datagram by datagram because segmentation offload failed.
    pub gso_fallbacks: AtomicU64,
    /// TCP connections taken in.
    pub tcp_accepted: AtomicU64,
    /// TCP connections closed, by whomever; taken in less closed are open.
    pub tcp_closed: AtomicU64,
    /// TCP connections closed at once because there were too many.
    pub tcp_refused: AtomicU64,
    /// TCP connections closed because they belonged to nobody here.
    pub tcp_strangers: AtomicU64,
    /// TCP connections closed because of a frame that was too long.
    pub tcp_frames_too_long: AtomicU64,
    /// TCP connections closed because nothing came any more.
    pub tcp_silent: AtomicU64,
    pub tcp_received_datagrams: AtomicU64,
    pub tcp_received_bytes: AtomicU64,
    pub tcp_sent_bytes: AtomicU64,
    /// System calls that sent something over TCP.
    pub tcp_sends: AtomicU64,
    /// Sends given up because a connection was full, or gone.
    pub tcp_send_dropped: AtomicU64,
}

impl Counts {
    /// Adds to a counter; wraps as Prometheus expects of a counter, after centuries.
    pub fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(u64::try_from(n).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What a shard thread says about itself.
#[derive(Debug)]
pub struct ShardStatus {
    started: Instant,
    /// Milliseconds from `started` to the loop's latest turn.
    beat_ms: AtomicU64,
    /// Share of time in which the thread does not sleep.
    busy_percent: AtomicU32,
    /// The thread's number in the operating system; 0: not known.
    thread: AtomicU32,
    ended: AtomicBool,
    stop: AtomicBool,
    pub counts: Counts,
}

impl ShardStatus {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            beat_ms: AtomicU64::new(0),
            busy_percent: AtomicU32::new(0),
            thread: AtomicU32::new(0),
            ended: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            counts: Counts::default(),
        }
    }

    /// Whether the thread runs and turned its loop lately.
    pub fn is_alive(&self, now: Instant) -> bool {
        let beat = Duration::from_millis(self.beat_ms.load(Ordering::Relaxed));
        !self.ended.load(Ordering::Acquire)
            && now.saturating_duration_since(self.started).saturating_sub(beat) < STUCK_AFTER
    }

    pub(super) fn beat(&self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.started).as_millis();
        self.beat_ms.store(u64::try_from(elapsed).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Share of time in which the thread did not sleep lately, percent.
    pub fn busy_percent(&self) -> u32 {
        self.busy_percent.load(Ordering::Relaxed)
    }

    pub(super) fn set_busy(&self, percent: u32) {
        self.busy_percent.store(percent, Ordering::Relaxed);
    }

    /// Notes which thread runs the shard: the one that says so.
    pub(super) fn set_thread(&self) {
        // "PID/task/TID" (proc_thread-self(5)).
        let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
        let number = link.file_name().and_then(|name| name.to_str()?.parse().ok());
        self.thread.store(number.unwrap_or(0), Ordering::Relaxed);
    }

    /// Time that the thread has been on a processor, if the operating system tells.
    pub fn cpu_time(&self) -> Option<Duration> {
        let path = format!("/proc/self/task/{}/schedstat", self.thread.load(Ordering::Relaxed));
        let nanos = std::fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanos))
    }

    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Says that the thread is no more; for good.
    pub fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

/// Sends commands to one shard; cheap to clone.
#[derive(Debug, Clone)]
pub struct ShardHandle {
    pub index: ShardIndex,
    pub status: Arc<ShardStatus>,
    /// Addresses its sockets are bound to.
    pub sockets: Arc<[SocketAddr]>,
    commands: SyncSender<Command>,
    waker: Arc<Waker>,
}

impl ShardHandle {
    /// Queues a command and wakes the thread; never blocks.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        match self.commands.try_send(command) {
            Ok(()) => {
                self.wake();
                Ok(())
            }
            Err(TrySendError::Full(_)) => Err(SendError::Full),
            Err(TrySendError::Disconnected(_)) => Err(SendError::Dead),
        }
    }

    /// Asks the thread to end after sending what is ready.
    pub fn stop(&self) {
        self.status.stop.store(true, Ordering::Release);
        self.wake();
    }

    /// What wakes the thread.
    pub(super) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(shard = self.index.0, %error, "media thread cannot be woken");
        }
    }
}

/// The shard thread's end of the queue.
#[derive(Debug)]
pub struct ShardInbox {
    pub commands: Receiver<Command>,
    pub status: Arc<ShardStatus>,
}

/// Makes both ends of a shard's queue; commands wake the poll that `registry` belongs to with `token`.
pub fn channel(
    index: ShardIndex,
    sockets: Arc<[SocketAddr]>,
    registry: &Registry,
    token: Token,
) -> io::Result<(ShardHandle, ShardInbox)> {
    let (sender, commands) = sync_channel(COMMANDS_WAITING_MAX);
    let status = Arc::new(ShardStatus::new());
    let waker = Arc::new(Waker::new(registry, token)?);
    let handle = ShardHandle { index, status: Arc::clone(&status), sockets, commands: sender, waker };
    Ok((handle, ShardInbox { commands, status }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_turns_its_loop_is_alive_and_one_that_stopped_turning_is_not() {
        let status = ShardStatus::new();
        let later = status.started + STUCK_AFTER * 3;
        assert!(!status.is_alive(later));
        status.beat(later - STUCK_AFTER / 2);
        assert!(status.is_alive(later));
        status.set_ended();
        assert!(!status.is_alive(later));
    }
}
