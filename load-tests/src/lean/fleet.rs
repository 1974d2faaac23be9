//! The threads that carry all lean clients: hands each client to the next thread, and asks them how it goes.

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
    threads: Vec<Thread>,
    next: AtomicUsize,
}

impl Fleet {
    /// Starts `threads` threads, at least one; `cast` knows when frames were sent.
    pub fn start(threads: usize, cast: &Cast) -> io::Result<Self> {
        let threads = (0..threads.max(1)).map(|number| {
            let poll = Poll::new()?;
            let waker = Waker::new(poll.registry(), WAKER)?;
            let (orders, received) = channel();
            let tally = Arc::new(Mutex::new(Tally::none(Instant::now())));
            let worker = (Arc::clone(&tally), cast.clone());
            let run = move || Worker::new(poll, received, worker.0, worker.1).run();
            let handle = std::thread::Builder::new().name(format!("lean-{number}")).spawn(run)?;
            Ok(Thread { orders, waker, tally, handle })
        });
        Ok(Self { threads: threads.collect::<io::Result<_>>()?, next: AtomicUsize::new(0) })
    }

    /// Hands a client to the thread whose turn it is.
    pub fn join(&self, joining: Joining) {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len().max(1);
        if let Some(thread) = self.threads.get(turn) {
            thread.tell(Order::Join(Box::new(joining)));
        }
    }

    /// Each thread's latest tally, at most some 100 ms old.
    pub fn tallies(&self) -> Vec<Tally> {
        self.threads.iter().map(|thread| *thread.tally.lock().unwrap_or_else(PoisonError::into_inner)).collect()
    }

    /// Ends all threads; what their clients found.
    pub fn stop(self) -> Vec<WorkerFinding> {
        self.threads.iter().for_each(|thread| thread.tell(Order::Stop));
        let ended = self.threads.into_iter().map(|thread| thread.handle.join());
        ended
            .filter_map(|finding| finding.inspect_err(|_| tracing::error!("a thread of clients has panicked")).ok())
            .collect()
    }
}

impl Thread {
    fn tell(&self, order: Order) {
        // A thread that is gone is found out when it is joined.
        let _ = self.orders.send(order);
        let _ = self.waker.wake();
    }
}
