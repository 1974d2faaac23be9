//! Real sockets on loopback: what leaves arrives, cut and addressed as it should be.

use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use sfu_core::shard::Transmit;
use sfu_core::transport::Pair;

use super::handle::Counts;
use super::udp::{MediaSocket, ReceiveBuffer, Sent};

#[derive(Debug)]
struct Got {
    pair: Pair,
    arrival: Instant,
    bytes: Vec<u8>,
}

/// Receives until there are `wanted` datagrams.
fn receive(socket: &MediaSocket, counts: &Counts, wanted: usize) -> Vec<Got> {
    let mut buffer = ReceiveBuffer::new();
    let mut got = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(5);
    while got.len() < wanted && Instant::now() < deadline {
        let taken = socket.receive(&mut buffer, counts, |datagram| {
            got.push(Got { pair: datagram.pair, arrival: datagram.arrival, bytes: datagram.bytes.to_vec() });
        });
        if taken.is_err() {
            std::thread::yield_now();
        }
    }
    got
}

fn transmit(local: SocketAddr, remote: SocketAddr, segment: usize) -> Transmit {
    Transmit { pair: Pair::udp(local, remote), segment_size: NonZeroUsize::new(segment) }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn a_batch_leaves_in_one_call_and_arrives_cut_into_its_datagrams() {
    let counts = Counts::default();
    let mut sender = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let receiver = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let contents: Vec<u8> = (0..5).flat_map(|i| vec![i; 1_200]).chain([9; 77]).collect();
    let sent = sender.send(Instant::now(), &transmit(sender.local(), receiver.local(), 1_200), &contents, 0, &counts);
    assert_eq!(sent, Sent::Done);
    assert_eq!((counts.sends.load(Relaxed), counts.sent_datagrams.load(Relaxed)), (1, 6));
    assert_eq!(counts.sent_bytes.load(Relaxed), 6_077);

    let got = receive(&receiver, &counts, 6);
    let lengths: Vec<usize> = got.iter().map(|datagram| datagram.bytes.len()).collect();
    assert_eq!(lengths, [1_200, 1_200, 1_200, 1_200, 1_200, 77]);
    assert!(got.iter().map(|datagram| datagram.bytes[0]).eq([0, 1, 2, 3, 4, 9]));
    assert!(got.iter().all(|d| d.pair == Pair::udp(receiver.local(), sender.local())));
    assert_eq!((counts.received_datagrams.load(Relaxed), counts.received_bytes.load(Relaxed)), (6, 6_077));
}

#[test]
fn a_batch_beyond_what_one_call_takes_arrives_whole() {
    let counts = Counts::default();
    let mut sender = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let receiver = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let contents = vec![7; 100 * 60];
    sender.send(Instant::now(), &transmit(sender.local(), receiver.local(), 60), &contents, 0, &counts);
    assert_eq!(receive(&receiver, &counts, 100).len(), 100);
    assert_eq!(counts.send_errors.load(Relaxed), 0);
}

#[test]
fn what_was_sent_before_the_socket_was_full_is_not_sent_again() {
    let counts = Counts::default();
    let mut sender = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let receiver = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let contents: Vec<u8> = (0..4).flat_map(|i| [i; 100]).collect();
    sender.send(Instant::now(), &transmit(sender.local(), receiver.local(), 100), &contents, 200, &counts);
    let got = receive(&receiver, &counts, 2);
    assert_eq!((got[0].bytes[0], got[1].bytes[0], counts.sent_datagrams.load(Relaxed)), (2, 3, 2));
}

#[test]
fn answers_leave_from_the_address_that_was_spoken_to() {
    for (bind, spoken_to) in [("0.0.0.0:0", "127.0.0.2"), ("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "::1")] {
        // Without IPv6 there is nothing to show for it.
        let Ok(mut server) = MediaSocket::bind(address(bind)) else { continue };
        let spoken_to = SocketAddr::new(spoken_to.parse().unwrap(), server.local().port());
        let client = UdpSocket::bind(if spoken_to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client.send_to(b"hello", spoken_to).unwrap();

        let counts = Counts::default();
        let got = receive(&server, &counts, 1);
        assert_eq!(got[0].pair, Pair::udp(spoken_to, client.local_addr().unwrap()));
        assert!(server.serves(got[0].pair.local));
        let answer = Transmit { pair: got[0].pair, segment_size: None };
        server.send(Instant::now(), &answer, b"hello yourself", 0, &counts);
        let mut buffer = [0; 64];
        let (length, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from), (&b"hello yourself"[..], spoken_to));
    }
}

#[test]
fn arrival_is_when_the_kernel_got_it_not_when_it_was_read() {
    let receiver = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    // The kernel starts stamping a moment after the first socket asks for it.
    for _ in 0..50 {
        let before = Instant::now();
        client.send_to(b"x", receiver.local()).unwrap();
        let sent = Instant::now();
        let read_after = sent + Duration::from_millis(5);
        while Instant::now() < read_after {
            std::hint::spin_loop();
        }
        let arrival = receive(&receiver, &Counts::default(), 1)[0].arrival;
        let slack = Duration::from_millis(1);
        if arrival + slack >= before && arrival <= sent + slack {
            return;
        }
    }
    panic!("arrivals are late by the time they waited in the socket");
}

#[test]
fn a_socket_serves_its_own_address_and_port_alone() {
    let bound = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let port = bound.local().port();
    assert!(bound.serves(bound.local()));
    assert!(!bound.serves(SocketAddr::new("127.0.0.2".parse().unwrap(), port)));
    assert!(!bound.serves(SocketAddr::new("127.0.0.1".parse().unwrap(), port ^ 1)));
    let wildcard = MediaSocket::bind(address("0.0.0.0:0")).unwrap();
    assert!(wildcard.serves(SocketAddr::new("192.0.2.1".parse().unwrap(), wildcard.local().port())));
    assert!(!wildcard.serves(SocketAddr::new("::1".parse().unwrap(), wildcard.local().port())));
}

#[test]
fn what_the_kernel_refuses_is_counted_and_nothing_else_happens() {
    let counts = Counts::default();
    let mut sender = MediaSocket::bind(address("0.0.0.0:0")).unwrap();
    let not_ours = transmit(address("192.0.2.1:1"), address("127.0.0.1:9"), 100);
    for contents in [&[0; 100][..], &[0; 300]] {
        assert_eq!(sender.send(Instant::now(), &not_ours, contents, 0, &counts), Sent::Done);
    }
    assert_eq!((counts.send_errors.load(Relaxed), counts.sends.load(Relaxed)), (2, 0));
    assert_eq!(counts.gso_fallbacks.load(Relaxed), 0, "it was not the offload's fault");
}

#[test]
fn one_refused_send_does_not_cost_the_others_their_offload_for_long() {
    let counts = Counts::default();
    let mut sender = MediaSocket::bind(address("0.0.0.0:0")).unwrap();
    let receiver = MediaSocket::bind(address("127.0.0.1:0")).unwrap();
    let now = Instant::now();
    // Port 0 makes the kernel say EINVAL, as a network card without offload may.
    let unusable = transmit(address("127.0.0.1:1"), address("127.0.0.1:0"), 100);
    sender.send(now, &unusable, &[0; 300], 0, &counts);
    assert_eq!(counts.gso_fallbacks.load(Relaxed), 1);

    let local = SocketAddr::new("127.0.0.1".parse().unwrap(), sender.local().port());
    let usable = transmit(local, receiver.local(), 100);
    sender.send(now, &usable, &[1; 300], 0, &counts);
    assert_eq!(counts.sends.load(Relaxed), 3, "one by one for now");
    sender.send(now + Duration::from_secs(60), &usable, &[2; 300], 0, &counts);
    assert_eq!(counts.sends.load(Relaxed), 4, "in one call again");
    assert_eq!(receive(&receiver, &counts, 6).len(), 6, "and nothing was lost");
}
