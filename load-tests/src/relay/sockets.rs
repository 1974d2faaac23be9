//! The relay's sockets: one that clients send to, and for each client one towards the server.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use links::Schedule;
use socket2::SockRef;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::change::{Change, Way, Who};
use super::pacer::{LinkId, Order, Pacer};
use super::report::RelayReport;

/// Largest datagram of Ethernet's or loopback's media, bytes.
const DATAGRAM_MAX: usize = 2_048;
/// Clients at most; more share nothing and are refused.
const CLIENTS_MAX: usize = 4_096;
/// What waits for the pacing thread at most: some milliseconds of the most that one machine sends.
const ORDERS_MAX: usize = 16_384;
/// Socket buffers, bytes: the links drop, not the kernel.
const SOCKET_BUFFER: usize = 1 << 20;
/// How long a socket rests that failed: a server that is not there answers each datagram with an error.
const REST: Duration = Duration::from_millis(1);

/// Where a relay stands, and what its links are like.
#[derive(Clone, Debug)]
pub struct RelayPlan {
    /// Where clients send to; port 0 takes a free one.
    pub listen: SocketAddr,
    /// One media port of the server.
    pub server: SocketAddr,
    pub up: Schedule,
    pub down: Schedule,
    /// The same seed, datagrams and times make the same losses and delays.
    pub seed: u64,
}

impl RelayPlan {
    /// On a free port beside the server, with links that do nothing.
    pub fn towards(server: SocketAddr) -> Self {
        let listen = SocketAddr::new(server.ip(), 0);
        Self { listen, server, up: Schedule::default(), down: Schedule::default(), seed: 1 }
    }
}

/// A relay cannot start or do as it is told.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("no socket on {address}: {source}; choose another port, or with --listen an address of this machine")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("no thread for the links: {0}")]
    Thread(io::Error),
    #[error("the relay has ended")]
    Ended,
    #[error("no client {0} came so far")]
    NoSuchClient(usize),
}

/// A running relay; it ends with this value.
#[derive(Debug)]
pub struct Relay {
    /// Where clients send to.
    pub address: SocketAddr,
    desk: Desk,
    _stop: DropGuard,
}

impl Relay {
    pub async fn start(plan: RelayPlan) -> Result<Self, RelayError> {
        let bind = |source| RelayError::Bind { address: plan.listen, source };
        let front = Arc::new(UdpSocket::bind(plan.listen).await.map_err(bind)?);
        widen(&front);
        let address = front.local_addr().map_err(bind)?;
        let (orders, queue) = sync_channel(ORDERS_MAX);
        let desk = Desk { orders, shed: Arc::default() };
        let pacer = Pacer::new(Arc::clone(&front), plan.up, plan.down, plan.seed, Arc::clone(&desk.shed));
        let thread = std::thread::Builder::new().name("relay".to_owned());
        thread.spawn(move || pacer.run(&queue)).map_err(RelayError::Thread)?;
        let stop = CancellationToken::new();
        let entrance = Entrance { front, server: plan.server, desk: desk.clone() };
        let until = stop.clone();
        tokio::spawn(async move { until.run_until_cancelled(entrance.run()).await });
        Ok(Self { address, desk, _stop: stop.drop_guard() })
    }

    /// Lets links become others from now on.
    pub async fn change(&self, change: Change) -> Result<(), RelayError> {
        let who = change.who;
        let (done, answer) = oneshot::channel();
        self.desk.ask(Order::Change { change, done }).await?;
        match (answer.await, who) {
            (Ok(true), _) => Ok(()),
            (Ok(false), Who::Client(number)) => Err(RelayError::NoSuchClient(number)),
            (Ok(false), Who::Everybody) | (Err(_), _) => Err(RelayError::Ended),
        }
    }

    pub async fn report(&self) -> Result<RelayReport, RelayError> {
        let (done, answer) = oneshot::channel();
        self.desk.ask(Order::Report { done }).await?;
        answer.await.map_err(|_| RelayError::Ended)
    }
}

/// The way to the pacing thread.
#[derive(Clone, Debug)]
struct Desk {
    orders: SyncSender<Order>,
    shed: Arc<AtomicU64>,
}

impl Desk {
    /// Never waits: what finds no room is counted.
    fn give(&self, order: Order) -> bool {
        let taken = self.orders.try_send(order).is_ok();
        if !taken {
            self.shed.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    fn datagram(&self, client: usize, way: Way, datagram: Option<&[u8]>) {
        let datagram = Bytes::copy_from_slice(datagram.unwrap_or_default());
        self.give(Order::Datagram { link: LinkId { client, way }, datagram, came: Instant::now() });
    }

    /// Waits for room.
    async fn ask(&self, mut order: Order) -> Result<(), RelayError> {
        loop {
            match self.orders.try_send(order) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(RelayError::Ended),
                Err(TrySendError::Full(back)) => order = back,
            }
            tokio::time::sleep(REST).await;
        }
    }
}

/// Takes what clients send, and gives each who is new a socket of its own.
struct Entrance {
    front: Arc<UdpSocket>,
    server: SocketAddr,
    desk: Desk,
}

impl Entrance {
    async fn run(self) {
        let mut clients: BTreeMap<SocketAddr, usize> = BTreeMap::new();
        let mut back = JoinSet::new();
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            let Ok((length, address)) = self.front.recv_from(&mut buffer).await else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let client = match clients.get(&address) {
                Some(client) => *client,
                None => {
                    let Some(server_side) = self.admit(address, clients.len()).await else { continue };
                    let client = clients.len();
                    back.spawn(answers(server_side, client, self.desk.clone()));
                    clients.insert(address, client);
                    client
                }
            };
            self.desk.datagram(client, Way::Up, buffer.get(..length));
        }
    }

    async fn admit(&self, address: SocketAddr, known: usize) -> Option<Arc<UdpSocket>> {
        let socket = if known < CLIENTS_MAX { towards(self.server).await.ok() } else { None };
        let Some(socket) = socket.map(Arc::new) else {
            self.desk.shed.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.desk.give(Order::Client { address, server_side: Arc::clone(&socket) }).then_some(socket)
    }
}

/// Takes what the server sends to one client.
async fn answers(server_side: Arc<UdpSocket>, client: usize, desk: Desk) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        match server_side.recv(&mut buffer).await {
            Ok(length) => desk.datagram(client, Way::Down, buffer.get(..length)),
            Err(_) => tokio::time::sleep(REST).await,
        }
    }
}

async fn towards(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    widen(&socket);
    socket.connect(server).await?;
    Ok(socket)
}

/// As far as the system allows.
fn widen(socket: &UdpSocket) {
    let socket = SockRef::from(socket);
    let widened = socket.set_recv_buffer_size(SOCKET_BUFFER).and_then(|()| socket.set_send_buffer_size(SOCKET_BUFFER));
    if let Err(error) = widened {
        tracing::debug!(%error, "the relay's socket keeps its buffers");
    }
}
