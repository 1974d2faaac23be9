//! Media over TCP alone through the real binary: peer connections of the `webrtc` crate behind bridges that put each of their
//! datagrams into a frame.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod binary;
mod bridge;
#[allow(dead_code, reason = "shared with the tests of media and rooms, which use other parts of it")]
mod peer;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use binary::{Running, start};
use bridge::Bridge;
use peer::{Publisher, Viewer};

const FLAGS: &[&str] = &["--media-addr", "127.0.0.1", "--media-port", "0", "--shards", "1"];

fn server() -> Running {
    start(FLAGS)
}

#[tokio::test(flavor = "multi_thread")]
async fn publishers_and_viewers_over_tcp_alone() {
    let server = server();
    let bridge = Bridge::to(server.media[0][0]);
    let publisher = Publisher::start_through(&server, "demo", "ann", bridge.port()).await;
    let mut viewer = Viewer::start_through(&server, "demo", "", bridge.port()).await;
    viewer.expect_frames(200).await.from("ann");
    assert_eq!(server.metric("sfu_udp_received_datagrams_total"), 0, "not a datagram over UDP");
    assert_eq!(server.metric("sfu_udp_sent_datagrams_total"), 0);
    assert_eq!(server.metric("sfu_tcp_accepted_connections_total"), 2);
    assert_eq!(server.metric("sfu_tcp_dropped_sends_total"), 0);
    assert_eq!(server.metric("sfu_panics_total"), 0);
    publisher.end().await;
    viewer.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_over_tcp_and_one_over_udp_see_the_same_publisher() {
    let server = server();
    let bridge = Bridge::to(server.media[0][0]);
    let publisher = Publisher::start(&server, "demo", "ann").await;
    let mut over_tcp = Viewer::start_through(&server, "demo", "", bridge.port()).await;
    let mut over_udp = Viewer::start(&server, "demo", "").await;
    over_tcp.expect_frames(60).await.from("ann");
    over_udp.expect_frames(60).await.from("ann");
    publisher.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_does_not_read_harms_nobody_and_sees_the_present_afterwards() {
    let server = server();
    let bridge = Bridge::to(server.media[0][0]);
    let publisher = Publisher::start_large(&server, "demo", "ann").await;
    let mut slow = Viewer::start_through(&server, "demo", "", bridge.port()).await;
    let mut other = Viewer::start(&server, "demo", "").await;
    slow.expect_frames(30).await;
    bridge.pause();
    server.wait_for("sfu_streams_blocked_total", |blocked| blocked >= 1).await;
    other.expect_frames(300).await.from("ann");
    assert_eq!(server.metric("sfu_tcp_dropped_sends_total"), 0, "the core sent none that could not be taken");
    bridge.resume();
    // It moved on to the present at least once.
    slow.expect_any(200).await;
    assert!(server.metric("sfu_outbound_skips_total") >= 1);
    assert_eq!(server.metric("sfu_panics_total"), 0);
    publisher.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_connection_breaks_comes_back_over_another() {
    let server = server();
    let bridge = Bridge::to(server.media[0][0]);
    let publisher = Publisher::start(&server, "demo", "ann").await;
    let mut viewer = Viewer::start_through(&server, "demo", "", bridge.port()).await;
    viewer.expect_frames(30).await;
    bridge.break_connections();
    server.wait_for("sfu_streams_closed_total", |closed| closed >= 1).await;
    viewer.expect_any(100).await;
    // A bridged client may say something else before its next check, which no client of TCP does; that is closed.
    assert!(server.metric("sfu_tcp_accepted_connections_total") >= 2);
    publisher.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_noise_on_the_media_port_are_closed_and_counted() {
    let server = server();
    let publisher = Publisher::start(&server, "demo", "ann").await;
    let mut viewer = Viewer::start(&server, "demo", "").await;
    let media = server.media[0][0];
    let mut idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(media).unwrap()).collect();
    for noise in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 4, 0x80, 96, 1, 2], &[0xff; 4_000], &[0, 0, 0, 0, 0, 1, 7]] {
        let mut stream = TcpStream::connect(media).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let _ = stream.write_all(noise);
        let ended = stream.read(&mut [0; 16]);
        assert!(matches!(ended, Ok(0)) || ended.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset));
    }
    viewer.expect_frames(100).await.from("ann");
    let strangers = server.metric("sfu_tcp_stranger_connections_total");
    assert!(strangers >= 150, "{strangers}");
    assert_eq!(server.metric("sfu_panics_total"), 0);
    idle.clear();
    publisher.end().await;
}

#[test]
fn without_tcp_there_is_no_listener_and_no_candidate() {
    let server = start(&[FLAGS, &["--tcp", "false"]].concat());
    assert!(TcpStream::connect(server.media[0][0]).is_err());
}

#[test]
fn a_port_that_is_taken_for_tcp_is_named_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let flags = ["--media-addr", "127.0.0.1", "--media-port", &port, "--shards", "1"];
    let output = binary::binary(&flags).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        error.contains(&format!("TCP 127.0.0.1:{port} cannot be bound")) && error.contains("tcp = false"),
        "{error}"
    );
}
