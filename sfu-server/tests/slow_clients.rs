//! Clients that say nothing, little or too much: what they hold, for how long, and whether they are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod binary;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::net::TcpStream as BlockingStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::routing::get;
use sfu_server::http::{Limits, Security, serve};
use sfu_server::metrics::Metrics;
use sfu_server::tls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: sfu\r\n\r\n";

struct Running {
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// A server of one page, which is answered when `permit` says so.
async fn start(limits: Limits, permit: Option<oneshot::Receiver<()>>) -> Running {
    start_with(Security::Plain, limits, permit).await
}

async fn start_with(security: Security, limits: Limits, permit: Option<oneshot::Receiver<()>>) -> Running {
    let permit = Arc::new(tokio::sync::Mutex::new(permit));
    let page = move || {
        let permit = Arc::clone(&permit);
        async move {
            if let Some(permit) = permit.lock().await.take() {
                let _ = permit.await;
            }
            "here you are"
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let metrics = Arc::new(Metrics::new());
    let (stop, stopped) = oneshot::channel();
    let app = Router::new().route("/", get(page));
    let serving = tokio::spawn(serve(listener, security, app, limits, Arc::clone(&metrics), async move {
        let _ = stopped.await;
    }));
    Running { address, metrics, stop: Some(stop), serving }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    async fn ends(self) {
        timeout(PATIENCE, self.serving).await.expect("the server is held up").unwrap();
    }
}

/// Everything up to the end of the connection; a reset is an end.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the connection is held for ever");
    String::from_utf8(bytes).unwrap()
}

async fn page(stream: &mut TcpStream) {
    stream.write_all(REQUEST).await.unwrap();
    let mut bytes = vec![0; 1_024];
    let length = timeout(PATIENCE, stream.read(&mut bytes)).await.expect("no answer").unwrap();
    assert!(bytes[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&bytes[..length]));
}

const fn limits(connections_max: usize, head_max_ms: u64) -> Limits {
    Limits { connections_max, head_max: Duration::from_millis(head_max_ms) }
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_its_connection() {
    let server = start(limits(10, 50), None).await;
    for said in [&b""[..], b"GET / HT", b"GET / HTTP/1.1\r\nHost: sfu\r\nX-Slow: "] {
        let mut stream = server.connect().await;
        stream.write_all(said).await.unwrap();
        assert!(!rest(&mut stream).await.contains("here you are"));
    }
    // Neither may a connection idle for ever after its request.
    let mut stream = server.connect().await;
    page(&mut stream).await;
    rest(&mut stream).await;
}

#[tokio::test]
async fn a_handshake_that_does_not_come_ends_its_connection() {
    let certificates = tls::self_signed(&[], SystemTime::now()).unwrap();
    let security = Security::Tls(tls::acceptor(Arc::new(certificates)).unwrap());
    let server = start_with(security, limits(10, 50), None).await;
    // Nothing, and half of a ClientHello's head.
    for said in [&b""[..], &[22, 3, 1]] {
        let mut stream = server.connect().await;
        stream.write_all(said).await.unwrap();
        assert_eq!(rest(&mut stream).await, "");
    }
    // The end of the connection is seen before it is counted.
    let deadline = Instant::now() + PATIENCE;
    while (server.metrics.tls_handshakes_failed.get(), server.metrics.connections.get()) != (2, 0) {
        assert!(Instant::now() < deadline, "it is not counted");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_counted_and_room_is_made_again() {
    let server = start(limits(2, 60_000), None).await;
    let mut held = [server.connect().await, server.connect().await];
    for stream in &mut held {
        page(stream).await;
    }
    let mut third = server.connect().await;
    assert_eq!(rest(&mut third).await, "");
    assert_eq!((server.metrics.connections_refused.get(), server.metrics.connections.get()), (1, 2));

    drop(held);
    let deadline = Instant::now() + PATIENCE;
    while server.metrics.connections.get() > 0 {
        assert!(Instant::now() < deadline, "closed connections still count");
        tokio::task::yield_now().await;
    }
    page(&mut server.connect().await).await;
}

#[tokio::test]
async fn at_the_end_half_a_request_is_given_up_and_a_whole_one_is_answered() {
    let (permit, permitted) = oneshot::channel();
    let mut server = start(limits(10, 60_000), Some(permitted)).await;
    let mut whole = server.connect().await;
    whole.write_all(REQUEST).await.unwrap();
    let mut half = server.connect().await;
    half.write_all(b"GET / HT").await.unwrap();
    let _silent = server.connect().await;
    let deadline = Instant::now() + PATIENCE;
    while server.metrics.connections.get() < 3 {
        assert!(Instant::now() < deadline, "not accepted");
        tokio::task::yield_now().await;
    }
    server.stop();
    rest(&mut half).await;
    permit.send(()).unwrap();
    assert!(rest(&mut whole).await.ends_with("here you are"));
    server.ends().await;
}

#[test]
fn a_signal_ends_the_server_at_once_though_clients_hold_connections() {
    let server = binary::start(&["--media-port", "0", "--shards", "1"]);
    let _silent = BlockingStream::connect(server.http).unwrap();
    let mut half = BlockingStream::connect(server.http).unwrap();
    half.write_all(b"POST /whip/demo HTTP/1.1\r\nHost: ").unwrap();
    assert_eq!(server.get("/healthz").status, 200);
    let begin = Instant::now();
    let (code, log) = server.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(begin.elapsed() < Duration::from_secs(3), "took {:?}", begin.elapsed());
}

/// Head of a masked text frame that says it is 8 MiB long (RFC 6455 §5.2).
const LONG_FRAME: [u8; 14] = [0x81, 0xff, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0];

/// A connection that is closed with something unread is reset, and what the other side was told may be lost with it.
#[test]
fn who_sends_far_too_much_is_told_and_has_time_to_hear_it() {
    let server = binary::start(&["--media-port", "0", "--shards", "1"]);
    let mut stream = BlockingStream::connect(server.http).unwrap();
    let head = "GET /rooms/demo/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&LONG_FRAME).unwrap();
    // More than the server takes in before it knows.
    stream.write_all(&vec![b'x'; 100_000]).unwrap();

    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut heard = Vec::new();
    let mut bytes = [0; 4_096];
    let end = loop {
        match stream.read(&mut bytes) {
            Ok(0) => break ErrorKind::UnexpectedEof,
            Ok(length) => heard.extend_from_slice(&bytes[..length]),
            Err(error) => break error.kind(),
        }
    };
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.contains("too_large"), "{heard}");
    assert_eq!(end, ErrorKind::WouldBlock, "closed before it can have heard: {heard}");
    // It hangs up, and is let go.
    drop(stream);
    let (code, log) = server.end("TERM");
    assert_eq!(code, Some(0), "{log}");
}
