//! The threads that carry all lean clients: hands each client to the next thread, and asks them how it goes. Those who publish
//! have a thread of their own, so that frames leave in time whatever the viewers do.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use mio::{Poll, Waker};

use super::worker::{Joining, Order, Tally, WAKER, Worker, WorkerFinding};
use crate::client::Cast;

/// One thread from outside.
#[derive(Debug)]
struct Thread {
    orders: Sender<Order>,
    waker: Waker,
    tally: Arc<Mutex<Tally>>,
    handle: JoinHandle<WorkerFinding>,
}

/// All threads.
#[derive(Debug)]
pub struct Fleet {
    viewers: Vec<Thread>,
    publishers: Thread,
    next: AtomicUsize,
}

impl Fleet {
    /// Starts `threads` threads for viewers, at least one, and one for publishers; `cast` knows when frames were sent.
    pub fn start(threads: usize, cast: &Cast) -> io::Result<Self> {
        let viewers = (0..threads.max(1)).map(|number| Thread::start(format!("lean-{number}"), cast));
        Ok(Self {
            viewers: viewers.collect::<io::Result<_>>()?,
            publishers: Thread::start("lean-publishers".to_owned(), cast)?,
            next: AtomicUsize::new(0),
        })
    }

    /// Hands a viewer to the thread whose turn it is, and a publisher to theirs.
    pub fn join(&self, joining: Joining) {
        let thread = if joining.config.senders.is_empty() {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.viewers.len().max(1);
            self.viewers.get(turn).unwrap_or(&self.publishers)
        } else {
            &self.publishers
        };
        thread.tell(Order::Join(Box::new(joining)));
    }

    /// The latest tally of each thread of viewers, at most some 100 ms old.
    pub fn tallies(&self) -> Vec<Tally> {
        self.viewers.iter().map(Thread::tally).collect()
    }

    /// The same of the publishers' thread.
    pub fn published(&self) -> Tally {
        self.publishers.tally()
    }

    /// Ends all threads; what their clients found.
    pub fn stop(self) -> Vec<WorkerFinding> {
        let threads: Vec<_> = self.viewers.into_iter().chain([self.publishers]).collect();
        threads.iter().for_each(|thread| thread.tell(Order::Stop));
        let ended = threads.into_iter().map(|thread| thread.handle.join());
        ended
            .filter_map(|finding| finding.inspect_err(|_| tracing::error!("a thread of clients has panicked")).ok())
            .collect()
    }
}

impl Thread {
    fn start(name: String, cast: &Cast) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let (orders, received) = channel();
        let tally = Arc::new(Mutex::new(Tally::none(Instant::now())));
        let worker = (Arc::clone(&tally), cast.clone());
        let run = move || Worker::new(poll, received, worker.0, worker.1).run();
        let handle = std::thread::Builder::new().name(name).spawn(run)?;
        Ok(Self { orders, waker, tally, handle })
    }

    fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, order: Order) {
        // A thread that is gone is found out when it is joined.
        let _ = self.orders.send(order);
        let _ = self.waker.wake();
    }
}
