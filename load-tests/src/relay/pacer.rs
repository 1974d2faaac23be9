//! Keeps the links of all clients on the real clock, on a thread of its own: the runtime's timers tick in milliseconds,
//! a waiting thread wakes within a tenth of one.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use links::{Link, Schedule};
use socket2::{SockAddr, SockRef};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;

use super::change::{Change, Way, Ways, Who};
use super::report::{ClientReport, Lateness, RelayReport};
use crate::client::empty_histogram;

/// Spreads the seeds of links, so that neighbours share no draws (2⁶⁴ over the golden ratio).
const SEED_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// One direction of one client, who is counted from 0 here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId {
    pub client: usize,
    pub way: Way,
}

/// What the sockets' tasks and the relay's owner ask for.
#[derive(Debug)]
pub(super) enum Order {
    /// The next client in number.
    Client {
        address: SocketAddr,
        server_side: Arc<UdpSocket>,
    },
    Datagram {
        link: LinkId,
        datagram: Bytes,
        came: Instant,
    },
    /// The answer is whether there was such a client.
    Change {
        change: Change,
        done: oneshot::Sender<bool>,
    },
    Report {
        done: oneshot::Sender<RelayReport>,
    },
}

/// A schedule and when it began, for clients to come.
#[derive(Debug)]
struct Usual {
    schedule: Schedule,
    began: Instant,
}

#[derive(Debug)]
struct Client {
    address: SocketAddr,
    server_side: Arc<UdpSocket>,
    up: Lane,
    down: Lane,
}

#[derive(Debug)]
struct Lane {
    link: Link<Bytes>,
    /// Its entry among the deadlines.
    deadline: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Pacer {
    front: Arc<UdpSocket>,
    up: Usual,
    down: Usual,
    seed: u64,
    clients: Vec<Client>,
    deadlines: BTreeSet<(Instant, LinkId)>,
    /// µs.
    lateness: Histogram<u64>,
    unsent: u64,
    /// Counted by the sockets' tasks.
    shed: Arc<AtomicU64>,
    began: Instant,
}

impl Pacer {
    pub fn new(front: Arc<UdpSocket>, up: Schedule, down: Schedule, seed: u64, shed: Arc<AtomicU64>) -> Self {
        let began = Instant::now();
        Self {
            front,
            up: Usual { schedule: up, began },
            down: Usual { schedule: down, began },
            seed,
            clients: Vec::new(),
            deadlines: BTreeSet::new(),
            lateness: empty_histogram(),
            unsent: 0,
            shed,
            began,
        }
    }

    /// Runs until nobody can order any more.
    pub fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let order = match self.deadlines.first() {
                Some((at, _)) => orders.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match order {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.send_due();
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Client { address, server_side } => self.admit(address, server_side),
            Order::Datagram { link, datagram, came } => {
                let length = datagram.len();
                self.with_link(link, |lane| lane.handle_datagram(datagram, length, came));
            }
            // Whoever asked may be gone.
            Order::Change { change, done } => drop(done.send(self.change(&change))),
            Order::Report { done } => drop(done.send(self.report())),
        }
    }

    fn admit(&mut self, address: SocketAddr, server_side: Arc<UdpSocket>) {
        let number = u64::try_from(self.clients.len()).unwrap_or(u64::MAX);
        let lane = |usual: &Usual, place: u64| {
            let seed = self.seed.wrapping_add(SEED_STEP.wrapping_mul(number.wrapping_mul(2).wrapping_add(place)));
            Lane { link: Link::new(usual.schedule.clone(), seed, usual.began), deadline: None }
        };
        let (up, down) = (lane(&self.up, 0), lane(&self.down, 1));
        self.clients.push(Client { address, server_side, up, down });
    }

    fn change(&mut self, change: &Change) -> bool {
        let now = Instant::now();
        let ways: &[Way] = match change.ways {
            Ways::Up => &[Way::Up],
            Ways::Down => &[Way::Down],
            Ways::Both => &[Way::Up, Way::Down],
        };
        let clients = match change.who {
            Who::Everybody => 0..self.clients.len(),
            Who::Client(number) => number.saturating_sub(1)..number,
        };
        if clients.end > self.clients.len() {
            return false;
        }
        for &way in ways {
            if change.who == Who::Everybody {
                let usual = Usual { schedule: change.schedule.clone(), began: now };
                match way {
                    Way::Up => self.up = usual,
                    Way::Down => self.down = usual,
                }
            }
            for client in clients.clone() {
                let schedule = change.schedule.clone();
                self.with_link(LinkId { client, way }, |link| link.handle_schedule(schedule, now));
            }
        }
        true
    }

    /// Lets a link go on, sends what is due, and notes when it is to go on next.
    fn with_link(&mut self, id: LinkId, handle: impl FnOnce(&mut Link<Bytes>)) {
        let Some(client) = self.clients.get_mut(id.client) else { return };
        let lane = match id.way {
            Way::Up => &mut client.up,
            Way::Down => &mut client.down,
        };
        handle(&mut lane.link);
        while let Some(departure) = lane.link.poll_datagram() {
            let sent = match id.way {
                Way::Up => SockRef::from(&*client.server_side).send(&departure.datagram),
                Way::Down => SockRef::from(&*self.front).send_to(&departure.datagram, &SockAddr::from(client.address)),
            };
            if sent.is_err() {
                self.unsent += 1;
            }
            let late = Instant::now().saturating_duration_since(departure.due);
            self.lateness.saturating_record(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
        }
        let next = lane.link.poll_timeout();
        if next != lane.deadline {
            if let Some(before) = lane.deadline {
                self.deadlines.remove(&(before, id));
            }
            if let Some(next) = next {
                self.deadlines.insert((next, id));
            }
            lane.deadline = next;
        }
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        while let Some((_, id)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.with_link(id, |link| link.handle_timeout(now));
        }
    }

    fn report(&self) -> RelayReport {
        let clients = self.clients.iter().zip(1..);
        let micros = |quantile| Duration::from_micros(self.lateness.value_at_quantile(quantile));
        RelayReport {
            seconds: self.began.elapsed().as_secs_f64(),
            clients: clients
                .map(|(client, number)| ClientReport {
                    number,
                    address: client.address,
                    up: client.up.link.counts(),
                    down: client.down.link.counts(),
                })
                .collect(),
            unsent: self.unsent,
            shed: self.shed.load(Ordering::Relaxed),
            lateness: Lateness { p50: micros(0.5), p99: micros(0.99), max: micros(1.0) },
        }
    }
}
