use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use load_tests::relay::{Relay, RelayError, RelayPlan, Way};
use tokio::net::UdpSocket;

/// Longer than any link here, on any machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server that says back what it hears; the task ends with the test's runtime.
async fn echo() -> SocketAddr {
    let echo = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = echo.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 64];
        while let Ok((length, from)) = echo.recv_from(&mut buffer).await {
            echo.send_to(&buffer[..length], from).await.unwrap();
        }
    });
    address
}

async fn relay(up: &str, down: &str) -> Relay {
    let plan = RelayPlan::towards(echo().await);
    Relay::start(RelayPlan { up: up.parse().unwrap(), down: down.parse().unwrap(), seed: 3, ..plan }).await.unwrap()
}

struct Client {
    socket: UdpSocket,
}

impl Client {
    async fn of(relay: &Relay) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        socket.connect(relay.address).await.unwrap();
        Self { socket }
    }

    async fn send(&self, number: u32) {
        self.socket.send(&number.to_be_bytes()).await.unwrap();
    }

    /// What comes within `patience`.
    async fn take(&self, patience: Duration) -> Option<u32> {
        let mut buffer = [0; 64];
        let length = tokio::time::timeout(patience, self.socket.recv(&mut buffer)).await.ok()?.unwrap();
        Some(u32::from_be_bytes(buffer[..length].try_into().unwrap()))
    }
}

async fn dropped(relay: &Relay) -> u64 {
    let report = relay.report().await.unwrap();
    report.total(Way::Up).dropped() + report.total(Way::Down).dropped()
}

#[tokio::test]
async fn a_share_of_the_datagrams_is_lost_each_way_and_the_rest_arrives() {
    let relay = relay("loss=10%", "loss=10%").await;
    let client = Client::of(&relay).await;
    let mut came = 0;
    for number in 0..1_000 {
        client.send(number).await;
        // Lockstep: each waits for its echo, or for proof that it was lost.
        loop {
            if let Some(echoed) = client.take(Duration::from_millis(2)).await {
                assert_eq!(echoed, number);
                came += 1;
            }
            if came + dropped(&relay).await > u64::from(number) {
                break;
            }
        }
    }
    assert!((750..870).contains(&came), "{came} of 1000 came back; 81 % were to");
}

#[tokio::test]
async fn the_way_takes_as_long_as_said_and_order_is_kept() {
    let relay = relay("delay=40ms,jitter=20ms", "delay=60ms").await;
    let client = Client::of(&relay).await;
    let sent = Instant::now();
    for number in 0..20 {
        client.send(number).await;
    }
    for number in 0..20 {
        assert_eq!(client.take(PATIENCE).await, Some(number));
        // Never sooner; how much later is the machine's affair, and the report's.
        assert!(sent.elapsed() >= Duration::from_millis(80), "{:?}", sent.elapsed());
    }
    let report = relay.report().await.unwrap();
    println!("{}", report.table());
    assert_eq!((report.unsent, report.shed), (0, 0));
}

#[tokio::test]
async fn each_client_has_links_and_an_address_of_its_own() {
    let relay = relay("clear", "clear").await;
    let (first, second) = (Client::of(&relay).await, Client::of(&relay).await);
    for client in [&first, &second] {
        client.send(1).await;
        assert_eq!(client.take(PATIENCE).await, Some(1));
    }
    relay.change("client 2 down blackout".parse().unwrap()).await.unwrap();
    second.send(2).await;
    first.send(2).await;
    assert_eq!(first.take(PATIENCE).await, Some(2));
    while dropped(&relay).await == 0 {
        tokio::task::yield_now().await;
    }
    relay.change("both clear".parse().unwrap()).await.unwrap();
    second.send(3).await;
    assert_eq!(second.take(PATIENCE).await, Some(3), "what fell into the blackout stays lost");
    let report = relay.report().await.unwrap();
    let down: Vec<_> = report.clients.iter().map(|client| (client.number, client.down.left)).collect();
    assert_eq!(down, [(1, 2), (2, 2)]);
    let nobody = relay.change("client 3 up clear".parse().unwrap()).await.unwrap_err();
    assert!(matches!(nobody, RelayError::NoSuchClient(3)));
}

#[tokio::test]
async fn whoever_comes_later_finds_the_links_as_they_were_changed() {
    let relay = relay("clear", "clear").await;
    relay.change("up blackout".parse().unwrap()).await.unwrap();
    let client = Client::of(&relay).await;
    client.send(1).await;
    while dropped(&relay).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(relay.report().await.unwrap().total(Way::Up).blacked_out, 1);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let relay = relay("clear", "clear").await;
    let plan = RelayPlan { listen: relay.address, ..RelayPlan::towards(relay.address) };
    let refused = Relay::start(plan).await.unwrap_err().to_string();
    assert!(refused.contains(&relay.address.to_string()) && refused.contains("choose another port"), "{refused}");
}
