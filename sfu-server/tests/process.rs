//! The real binary from start to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod binary;

use std::net::UdpSocket;

use binary::{binary, start};

#[test]
fn it_starts_is_ready_and_ends_with_0_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let server = start(&["--media-port", "0", "--shards", "2"]);
        assert_eq!(server.media.len(), 2);
        assert!(server.media.iter().flatten().all(|socket| socket.port() != 0));
        assert!(server.get("/readyz").status == 200);
        assert!(server.get("/healthz").status == 200);
        let (code, log) = server.end(signal);
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(&format!("SIG{signal}")), "{log}");
    }
}

#[test]
fn datagrams_that_mean_nothing_are_counted_and_survived() {
    let server = start(&["--media-addr", "127.0.0.1", "--media-port", "0", "--shards", "1"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for byte in 0..=255_u8 {
        socket.send_to(&[byte; 40], server.media[0][0]).unwrap();
    }
    socket.send_to(&[], server.media[0][0]).unwrap();
    let received = || server.metric("sfu_udp_received_datagrams_total");
    // Loopback delivers at once, but the thread must get its turn; each question is a round trip.
    assert!((0..200).any(|_| received() >= 256), "{}", received());
    assert!(server.get("/readyz").status == 200);
    assert_eq!(server.end("TERM").0, Some(0));
}

#[test]
fn shard_ports_count_up_from_the_media_port() {
    // A range that was free a moment ago; another process may take it, so there are a few tries.
    for _ in 0..5 {
        let first = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = first.to_string();
        let flags = ["--media-addr", "127.0.0.1", "--media-port", &port, "--shards", "2"];
        if first > 65_000 || UdpSocket::bind(("127.0.0.1", first + 1)).is_err() {
            continue;
        }
        let server = start(&flags);
        let ports: Vec<u16> = server.media.iter().map(|shard| shard[0].port()).collect();
        assert_eq!(ports, [first, first + 1]);
        server.end("TERM");
        return;
    }
    panic!("no two free ports in a row");
}

#[test]
fn a_port_in_use_is_named_and_the_exit_code_is_not_0() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = binary(&["--media-addr", "127.0.0.1", "--media-port", &port, "--shards", "1"]).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains(&format!("127.0.0.1:{port}")) && err.contains("media_port"), "{err}");
}
