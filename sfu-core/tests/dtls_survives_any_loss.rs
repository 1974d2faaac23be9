//! The handshake completes whichever of its datagrams are lost, in both roles.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod dtls_peer;

use std::time::Duration;

use dtls_peer::*;
use sfu_core::transport::*;

/// A handshake has six flights of one datagram, and what is sent again is lost in turn too.
const DATAGRAMS: usize = 12;

fn lossless(role: DtlsRole) -> usize {
    let config = PeerConfig::default();
    let mut world = World::with(role, &config);
    world.run(Duration::from_secs(9), |_, _| false);
    assert!(world.is_connected(), "{:?}", world.events);
    assert_eq!(world.events, [ConnectionEvent::Connected]);
    assert!(world.elapsed() <= LATENCY * 8, "no wait without loss: {:?}", world.elapsed());
    assert_eq!(world.connection.counters(), &TransportCounters::default());
    assert_eq!(world.peer.keys().profile, world.connection.profile().unwrap());
    world.sent
}

fn every_loss(role: DtlsRole) {
    let config = PeerConfig::default();
    assert!(lossless(role) <= DATAGRAMS / 2);
    for first in 0..DATAGRAMS {
        for second in first..DATAGRAMS {
            let mut world = World::with(role, &config);
            world.run(Duration::from_millis(9_500), |number, _| number == first || number == second);
            assert!(world.is_connected(), "{role:?} lost {first} and {second}: {:?}", world.events);
            let bound = if first == second { 1_200 } else { 2_400 };
            assert!(world.elapsed() < Duration::from_millis(bound), "{role:?} {first} {second}: {:?}", world.elapsed());
        }
    }
}

#[test]
fn as_server() {
    every_loss(DtlsRole::Server);
}

#[test]
fn as_client() {
    every_loss(DtlsRole::Client);
}

#[test]
fn losses_towards_the_peer_are_mended_within_the_first_intervals() {
    for lost in 1..6 {
        let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
        let mut number_towards_peer = 0;
        world.run(Duration::from_secs(9), |_, towards| {
            number_towards_peer += usize::from(towards == Towards::Peer);
            towards == Towards::Peer && number_towards_peer == lost
        });
        assert!(world.connection.is_connected());
        if lost <= 2 {
            assert!(world.elapsed() < Duration::from_millis(200), "{lost}: {:?}", world.elapsed());
        }
    }
}

#[test]
fn a_peer_that_never_answers_costs_ten_seconds() {
    let mut world = World::with(DtlsRole::Client, &PeerConfig::default());
    world.run(Duration::from_secs(20), |_, _| true);
    assert_eq!(world.events, [ConnectionEvent::Closed(sfu_core::event::CloseReason::DtlsFailed)]);
    assert!(world.sent < 16, "{} datagrams", world.sent);
}
