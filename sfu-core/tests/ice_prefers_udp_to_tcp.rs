//! ICE over UDP and TCP (RFC 6544): two pairs where the addresses are the same, UDP where both are nominated, and none that
//! is closed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod dtls_peer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use dtls_peer::*;
use sfu_core::transport::*;

struct Ice {
    now: Instant,
    connection: Connection,
}

impl Ice {
    fn new() -> Self {
        let now = Instant::now();
        let config = ConnectionConfig {
            local_ice: server_ice(),
            remote_ice: peer_ice(),
            role: DtlsRole::Server,
            remote_fingerprints: vec![PeerConfig::default().fingerprint()],
            certificate: Arc::new(LocalCertificate::generate().unwrap()),
        };
        Self { now, connection: Connection::new(now, config) }
    }

    fn nominate(&mut self, pair: Pair) {
        self.check(pair, &Check::new().nominating());
    }

    fn check(&mut self, pair: Pair, check: &Check) {
        let outcome = self.connection.handle_stun(self.now, pair, &check.request());
        assert!(matches!(outcome, StunOutcome::Verified { .. }));
        let (to, _) = self.connection.poll_datagram().unwrap();
        assert_eq!(to, pair, "answered where it came from");
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn selected(&self) -> Option<Pair> {
        self.connection.selected_pair()
    }
}

fn udp() -> Pair {
    pair(1)
}

fn tcp() -> Pair {
    Pair { protocol: Protocol::Tcp, ..pair(1) }
}

#[test]
fn equal_addresses_over_udp_and_tcp_are_two_pairs() {
    let mut ice = Ice::new();
    ice.nominate(tcp());
    assert!(ice.connection.is_verified(tcp()) && !ice.connection.is_verified(udp()));
    assert_eq!(ice.selected(), Some(tcp()));
}

#[test]
fn a_nomination_over_udp_is_followed_at_once_and_one_over_tcp_only_when_udp_is_given_up() {
    let mut ice = Ice::new();
    ice.nominate(tcp());
    ice.nominate(udp());
    assert_eq!(ice.selected(), Some(udp()));
    for _ in 0..5 {
        ice.nominate(tcp());
        assert_eq!(ice.selected(), Some(udp()), "both are nominated");
        ice.pass(2);
        ice.nominate(udp());
    }
    // Its checks still come over UDP, but it nominates TCP alone: the way back is blocked.
    for _ in 0..2 {
        ice.pass(2);
        ice.check(udp(), &Check::new());
        ice.nominate(tcp());
    }
    assert_eq!(ice.selected(), Some(tcp()));
    ice.nominate(udp());
    assert_eq!(ice.selected(), Some(udp()), "and back");
}

#[test]
fn a_closed_connection_is_a_dead_pair() {
    let mut ice = Ice::new();
    ice.nominate(udp());
    let later = Pair { protocol: Protocol::Tcp, ..pair(2) };
    ice.pass(4);
    ice.nominate(tcp());
    ice.nominate(later);
    assert_eq!(ice.selected(), Some(later));
    ice.connection.forget_pair(later);
    assert!(!ice.connection.is_verified(later));
    assert_eq!(ice.selected(), Some(udp()), "nominated before, and better than TCP");
    ice.connection.forget_pair(udp());
    assert_eq!(ice.selected(), Some(tcp()));
    ice.connection.forget_pair(tcp());
    assert_eq!(ice.selected(), None, "what is left was never nominated");
}

#[test]
fn nothing_is_sent_to_a_closed_connection_before_the_first_nomination_either() {
    let mut ice = Ice::new();
    ice.check(tcp(), &Check::new());
    assert_eq!(ice.selected(), Some(tcp()), "where DTLS will come from");
    ice.connection.forget_pair(tcp());
    assert_eq!(ice.selected(), None);
    ice.check(udp(), &Check::new());
    assert_eq!(ice.selected(), Some(udp()));
}
