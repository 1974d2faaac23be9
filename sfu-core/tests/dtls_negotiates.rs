//! Which SRTP profile, certificate and ClientHello the handshake takes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod dtls_peer;

use std::time::Duration;

use bytes::Bytes;
use dtls_peer::*;
use sfu_core::event::CloseReason;
use sfu_core::transport::*;

const LIMIT: Duration = Duration::from_secs(9);

fn never(_: usize, _: Towards) -> bool {
    false
}

#[test]
fn gcm_is_preferred_even_when_listed_second() {
    for role in [DtlsRole::Server, DtlsRole::Client] {
        let world = World::connected(role, &PeerConfig { profiles: vec![CM, GCM], ..PeerConfig::default() });
        let expected = match role {
            DtlsRole::Server => SrtpProfile::AeadAes128Gcm,
            // Here the choice is the peer's.
            DtlsRole::Client => world.peer.keys().profile,
        };
        assert_eq!(world.connection.profile(), Some(expected));
        assert_eq!(world.connection.cipher_suite(), Some("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
    }
}

#[test]
fn aes_cm_alone_is_accepted() {
    for role in [DtlsRole::Server, DtlsRole::Client] {
        let world = World::connected(role, &PeerConfig { profiles: vec![CM], ..PeerConfig::default() });
        assert_eq!(world.connection.profile(), Some(SrtpProfile::Aes128CmHmacSha1_80));
        assert_eq!(world.connection.rtp_overhead(), 10);
    }
}

#[test]
fn a_client_without_srtp_is_refused() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig { profiles: vec![], ..PeerConfig::default() });
    world.run(LIMIT, never);
    assert_eq!(world.events, [ConnectionEvent::Closed(CloseReason::DtlsFailed)]);
}

#[test]
fn an_rsa_certificate_is_accepted_in_both_roles() {
    let config = PeerConfig { certificate: rsa(), ..PeerConfig::default() };
    World::connected(DtlsRole::Server, &config);
    let world = World::connected(DtlsRole::Client, &config);
    assert_eq!(world.connection.cipher_suite(), Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
}

#[test]
fn our_certificate_is_the_one_announced() {
    let world = World::connected(DtlsRole::Server, &PeerConfig::default());
    let announced = Fingerprint::of(FingerprintHash::Sha256, &world.peer.server_certificate());
    assert_eq!(&announced, world.certificate.fingerprint());
}

#[test]
fn every_accepted_hash_may_carry_the_fingerprint() {
    for hash in [FingerprintHash::Sha256, FingerprintHash::Sha384, FingerprintHash::Sha512] {
        let config = PeerConfig::default();
        let fingerprint = Fingerprint::of(hash, &config.certificate.certificate[0]);
        let mut world = World::new(DtlsRole::Server, &config, fingerprint);
        world.run(LIMIT, never);
        assert!(world.is_connected());
    }
}

#[test]
fn a_wrong_fingerprint_is_refused() {
    for role in [DtlsRole::Server, DtlsRole::Client] {
        let stranger = PeerConfig::default().fingerprint();
        let mut world = World::new(role, &PeerConfig::default(), stranger);
        world.run(LIMIT, never);
        assert_eq!(world.events, [ConnectionEvent::Closed(CloseReason::FingerprintMismatch)], "{role:?}");
        assert_eq!(world.connection.profile(), None);
        assert!(!world.peer.connected);
    }
}

/// Cuts a datagram's first handshake message into fragments of `size` bytes, a datagram each.
fn fragmented(datagram: &[u8], size: usize) -> Vec<Bytes> {
    let (record, message) = datagram.split_at(13);
    let (header, body) = message.split_at(12);
    let chunks = body.chunks(size).enumerate();
    let fragments = chunks.map(|(number, chunk)| {
        let len = u32::try_from(chunk.len()).unwrap();
        let offset = u32::try_from(number * size).unwrap();
        let mut out = record.to_vec();
        out[10] = out[10] * 40 + u8::try_from(number).unwrap();
        out[11..13].copy_from_slice(&u16::try_from(len + 12).unwrap().to_be_bytes());
        out.extend_from_slice(&header[..6]);
        out.extend_from_slice(&offset.to_be_bytes()[1..]);
        out.extend_from_slice(&len.to_be_bytes()[1..]);
        out.extend_from_slice(chunk);
        Bytes::from(out)
    });
    fragments.collect()
}

fn is_client_hello(datagram: &[u8]) -> bool {
    datagram[0] == 22 && datagram[13] == 1
}

#[test]
fn a_client_hello_in_pieces_is_put_together_in_any_order() {
    for (size, reversed) in [(100, false), (100, true), (10, true), (40, false)] {
        let mut world = World::with(DtlsRole::Server, &PeerConfig { profiles: vec![CM, GCM], ..PeerConfig::default() });
        let mut pieces_most = 0;
        world.run_with(LIMIT, |_, towards, datagram| {
            if towards != Towards::Connection || !is_client_hello(&datagram) {
                return vec![datagram];
            }
            let mut pieces = fragmented(&datagram, size);
            pieces_most = pieces_most.max(pieces.len());
            if reversed {
                pieces.reverse();
            }
            pieces
        });
        assert!(world.is_connected(), "size {size}, reversed {reversed}");
        assert!(pieces_most >= 2);
        assert!(world.elapsed() <= LATENCY * 8);
        assert_eq!(world.connection.profile(), Some(SrtpProfile::AeadAes128Gcm));
    }
}

#[test]
fn swapped_and_doubled_datagrams_do_no_harm() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    world.run_with(LIMIT, |_, _, datagram| vec![datagram.clone(), datagram]);
    assert!(world.is_connected());
}

#[test]
fn application_data_flows_both_ways_and_goodbye_is_heard() {
    for role in [DtlsRole::Server, DtlsRole::Client] {
        let mut world = World::connected(role, &PeerConfig::default());
        assert!(world.connection.send_application_data(world.now, b"to the peer"));
        world.peer.send(world.now, b"to the server");
        world.run(LIMIT, never);
        assert_eq!(world.events, [ConnectionEvent::ApplicationData(Bytes::from_static(b"to the server"))]);
        assert_eq!(world.peer.received, [b"to the peer"]);
        world.events.clear();
        world.peer.close(world.now);
        world.run(LIMIT, never);
        assert_eq!(world.events, [ConnectionEvent::Closed(CloseReason::PeerClosed)]);
        assert_eq!(world.connection.poll_timeout(), None);
    }
}

#[test]
fn our_goodbye_is_heard() {
    let mut world = World::connected(DtlsRole::Server, &PeerConfig::default());
    world.connection.close(world.now);
    world.run(LATENCY * 4, never);
    assert_eq!(world.events, [ConnectionEvent::Closed(CloseReason::Requested)]);
    assert!(world.peer.closed);
    assert!(!world.connection.send_application_data(world.now, b"too late"));
}
