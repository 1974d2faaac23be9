//! A UDP relay that loses datagrams by a seeded die, both ways: a bad network inside one's own sockets.
//!
//! It stands between clients and one media port of a server; answers are led to it by rewriting their candidates' ports.
//! Invariant: every client address keeps a server-side socket of its own, so the server sees as many clients as there are.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Largest datagram of Ethernet's or loopback's media.
const DATAGRAM_MAX: usize = 2_048;
/// Clients at most; more share nothing and are refused.
const CLIENTS_MAX: usize = 4_096;

/// Datagrams of one direction.
#[derive(Debug, Default)]
pub struct Direction {
    pub passed: AtomicU64,
    pub lost: AtomicU64,
}

/// A running relay; it ends with this value.
#[derive(Debug)]
pub struct LossyRelay {
    pub port: u16,
    pub to_server: Arc<Direction>,
    pub to_clients: Arc<Direction>,
    _stop: DropGuard,
}

impl LossyRelay {
    /// Relays between clients on loopback and `server`, and loses `loss_percent` of the datagrams each way.
    pub async fn start(server: SocketAddr, loss_percent: u8, seed: u64) -> io::Result<Self> {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let port = socket.local_addr()?.port();
        let stop = CancellationToken::new();
        let (to_server, to_clients) = (Arc::<Direction>::default(), Arc::<Direction>::default());
        let relay = Relaying {
            socket,
            server,
            loss_percent,
            seed,
            to_server: Arc::clone(&to_server),
            to_clients: Arc::clone(&to_clients),
        };
        let until = stop.clone();
        tokio::spawn(async move {
            if let Some(Err(error)) = until.run_until_cancelled(relay.run()).await {
                tracing::warn!(%error, "the relay ended");
            }
        });
        Ok(Self { port, to_server, to_clients, _stop: stop.drop_guard() })
    }
}

struct Relaying {
    socket: Arc<UdpSocket>,
    server: SocketAddr,
    loss_percent: u8,
    seed: u64,
    to_server: Arc<Direction>,
    to_clients: Arc<Direction>,
}

impl Relaying {
    async fn run(self) -> io::Result<()> {
        let mut upstream: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
        let mut back = JoinSet::new();
        let mut die = Die::new(self.seed, self.loss_percent);
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            let (length, client) = self.socket.recv_from(&mut buffer).await?;
            let server_side = match upstream.get(&client) {
                Some(socket) => Arc::clone(socket),
                None if upstream.len() >= CLIENTS_MAX => continue,
                None => {
                    let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
                    socket.connect(self.server).await?;
                    let order = u64::try_from(upstream.len()).unwrap_or(0);
                    let die = Die::new(self.seed.wrapping_add(order + 1), self.loss_percent);
                    back.spawn(answer(
                        Arc::clone(&socket),
                        Arc::clone(&self.socket),
                        client,
                        die,
                        Arc::clone(&self.to_clients),
                    ));
                    upstream.insert(client, Arc::clone(&socket));
                    socket
                }
            };
            if die.loses(&self.to_server) {
                continue;
            }
            // A refused datagram is as lost as one on the way.
            let _ = server_side.send(buffer.get(..length).unwrap_or_default()).await;
        }
    }
}

async fn answer(
    server_side: Arc<UdpSocket>,
    socket: Arc<UdpSocket>,
    client: SocketAddr,
    mut die: Die,
    direction: Arc<Direction>,
) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        let Ok(length) = server_side.recv(&mut buffer).await else { continue };
        if !die.loses(&direction) {
            let _ = socket.send_to(buffer.get(..length).unwrap_or_default(), client).await;
        }
    }
}

struct Die {
    random: StdRng,
    loss_percent: u8,
}

impl Die {
    fn new(seed: u64, loss_percent: u8) -> Self {
        Self { random: StdRng::seed_from_u64(seed), loss_percent }
    }

    fn loses(&mut self, direction: &Direction) -> bool {
        let lost = self.random.random_range(0..100) < self.loss_percent;
        let counter = if lost { &direction.lost } else { &direction.passed };
        counter.fetch_add(1, Ordering::Relaxed);
        lost
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_share_of_the_datagrams_is_lost_each_way_and_the_rest_arrives() {
        let echo = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let relay = LossyRelay::start(echo.local_addr().unwrap(), 10, 3).await.unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok((length, from)) = echo.recv_from(&mut buffer).await {
                echo.send_to(&buffer[..length], from).await.unwrap();
            }
        });
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        client.connect((Ipv4Addr::LOCALHOST, relay.port)).await.unwrap();
        let (mut came, mut buffer) = (0, [0; 64]);
        for number in 0_u32..1_000 {
            client.send(&number.to_be_bytes()).await.unwrap();
            // Lockstep: each waits for its echo, or for proof that it was lost.
            loop {
                let echoed = tokio::time::timeout(Duration::from_millis(2), client.recv(&mut buffer)).await;
                let lost = relay.to_server.lost.load(Ordering::Relaxed) + relay.to_clients.lost.load(Ordering::Relaxed);
                if let Ok(Ok(_)) = echoed {
                    assert_eq!(buffer[..4], number.to_be_bytes());
                    came += 1;
                }
                if came + lost > u64::from(number) {
                    break;
                }
            }
        }
        assert!((750..870).contains(&came), "{came} of 1000 came back; 81 % were to");
    }
}
