//! ICE-lite: who is answered, who may speak, which pair is sent on, and when patience is over.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod dtls_peer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use dtls_peer::*;
use rand::SeedableRng;
use sfu_core::event::CloseReason;
use sfu_core::limits::{CONNECTION_DATAGRAMS_MAX, CONSENT_EXPIRY, ICE_PAIRS_MAX, ICE_START_MAX};
use sfu_core::transport::*;
use stun::attributes::{ATTR_ERROR_CODE, ATTR_USE_CANDIDATE, RawAttribute};
use stun::error_code::ErrorCodeAttribute;
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_ERROR, BINDING_SUCCESS, Getter, Message, Setter};
use stun::xoraddr::XorMappedAddress;

const VERIFIED: StunOutcome = StunOutcome::Verified { first: false };
const FIRST: StunOutcome = StunOutcome::Verified { first: true };

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

    fn check(&mut self, port: u16, check: &Check) -> StunOutcome {
        self.datagram(pair(port), &check.request())
    }

    fn datagram(&mut self, pair: Pair, datagram: &[u8]) -> StunOutcome {
        self.connection.handle_stun(self.now, pair, datagram)
    }

    fn answer(&mut self) -> Option<(Pair, Message)> {
        let (pair, datagram) = self.connection.poll_datagram()?;
        let mut message = Message::new();
        message.unmarshal_binary(&datagram).unwrap();
        Some((pair, message))
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.connection.handle_timeout(self.now);
    }

    fn selected(&self) -> Option<Pair> {
        self.connection.selected_pair()
    }
}

#[test]
fn a_verified_request_is_answered_with_the_address_it_came_from() {
    let mut ice = Ice::new();
    let request = Check::new().request();
    assert_eq!(ice.datagram(pair(4000), &request), FIRST);
    let (to, mut answer) = ice.answer().unwrap();
    assert_eq!(to, pair(4000));
    assert_eq!(answer.typ, BINDING_SUCCESS);
    assert_eq!(answer.transaction_id.0, request[8..20]);
    let mut mapped = XorMappedAddress::default();
    mapped.get_from(&answer).unwrap();
    assert_eq!((mapped.ip, mapped.port), (pair(4000).remote.ip(), 4000));
    FINGERPRINT.check(&answer).unwrap();
    MessageIntegrity::check(&mut answer, server_ice().pwd.as_bytes(), provider().crypto()).unwrap();
    assert!(answer.raw.len() <= request.len() * 3);
    assert!(ice.answer().is_none());
    assert_eq!(ice.check(4000, &Check::new()), VERIFIED);
}

#[test]
fn what_fails_integrity_is_dropped_in_silence() {
    let mut ice = Ice::new();
    let mut wrong_password = Check::new();
    wrong_password.pwd.push('x');
    let mut wrong_ours = Check::new();
    wrong_ours.username = "other:peer".into();
    let mut wrong_theirs = Check::new();
    wrong_theirs.username = "srvfrag1:other".into();
    let mut no_colon = Check::new();
    no_colon.username = "srvfrag1".into();
    for (check, reason) in [
        (wrong_password, DropReason::StunIntegrity),
        (wrong_ours, DropReason::StunUsername),
        (wrong_theirs, DropReason::StunUsername),
        (no_colon, DropReason::StunUsername),
    ] {
        assert_eq!(ice.check(1, &check), StunOutcome::Dropped(reason));
        assert_eq!(ice.connection.counters().get(reason).min(1), 1);
    }
    assert!(ice.answer().is_none());
    assert!(!ice.connection.is_verified(pair(1)));
    assert_eq!(ice.connection.poll_event(), None);
}

#[test]
fn one_changed_bit_is_never_answered() {
    let mut ice = Ice::new();
    let good = Check::new().nominating().request();
    // The last attribute's type may change: it is no FINGERPRINT then, and what is not authentic is ignored.
    let fingerprint_type = (good.len() - 8) * 8..(good.len() - 6) * 8;
    for place in (0..good.len() * 8).filter(|place| !fingerprint_type.contains(place)) {
        let mut request = good.clone();
        request[place / 8] ^= 1 << (place % 8);
        assert!(matches!(ice.datagram(pair(1), &request), StunOutcome::Dropped(_)), "bit {place}");
    }
    for len in 0..good.len() {
        assert!(matches!(ice.datagram(pair(1), &good[..len]), StunOutcome::Dropped(_)), "length {len}");
    }
    assert!(matches!(ice.datagram(pair(1), &[&good[..], b"tail"].concat()), StunOutcome::Dropped(_)));
    assert!(ice.answer().is_none());
    assert_eq!(ice.datagram(pair(1), &good), FIRST);
}

#[test]
fn attributes_behind_the_integrity_do_not_count() {
    let mut ice = Ice::new();
    ice.check(1, &Check::new().nominating());
    let mut forged = Message::new();
    forged.unmarshal_binary(&Check::new().request()).unwrap();
    // Cut the fingerprint off, append a nomination and a new fingerprint, as somebody on the path can.
    forged.raw.truncate(forged.raw.len() - 8);
    forged.length -= 8;
    forged.attributes.0.pop();
    RawAttribute { typ: ATTR_USE_CANDIDATE, length: 0, value: vec![] }.add_to(&mut forged).unwrap();
    FINGERPRINT.add_to(&mut forged).unwrap();
    assert_eq!(ice.datagram(pair(2), &forged.raw), FIRST);
    assert_eq!(ice.selected(), Some(pair(1)), "not nominated by the forger");
}

#[test]
fn a_peer_in_our_role_hears_of_the_conflict() {
    let mut ice = Ice::new();
    let mut check = Check::new();
    check.controlled = true;
    assert_eq!(ice.check(1, &check), StunOutcome::Dropped(DropReason::StunRoleConflict));
    let (_, answer) = ice.answer().unwrap();
    assert_eq!(answer.typ, BINDING_ERROR);
    assert!(answer.contains(ATTR_ERROR_CODE));
    let mut error = ErrorCodeAttribute::default();
    error.get_from(&answer).unwrap();
    assert_eq!(error.code.0, 487);
}

#[test]
fn mapped_addresses_are_the_same_address() {
    let mut ice = Ice::new();
    let mapped = Pair::udp(pair(1).local, address("[::ffff:10.0.0.2]:1"));
    assert_eq!(ice.datagram(mapped, &Check::new().request()), FIRST);
    let (to, answer) = ice.answer().unwrap();
    assert_eq!(to, pair(1));
    let mut xor = XorMappedAddress::default();
    xor.get_from(&answer).unwrap();
    assert_eq!(xor.ip, pair(1).remote.ip());
    assert_eq!(ice.check(1, &Check::new()), VERIFIED);
}

#[test]
fn ipv6_is_answered_too() {
    let mut ice = Ice::new();
    let six = Pair::udp(address("[2001:db8::1]:7882"), address("[2001:db8::2]:9"));
    let request = Check::new().request();
    assert_eq!(ice.datagram(six, &request), FIRST);
    let (to, answer) = ice.answer().unwrap();
    assert_eq!(to, six);
    assert!(answer.raw.len() <= 3 * request.len());
}

#[test]
fn unverified_addresses_may_not_speak() {
    let pair_known = pair(1);
    let keys = SrtpKeys::from_exporter(SrtpProfile::AeadAes128Gcm, &[1; 56], DtlsRole::Server).unwrap();
    let now = Instant::now();
    let mut connection = Connection::with_keys(now, pair_known, &keys);
    assert_eq!(connection.poll_event(), Some(ConnectionEvent::Connected));
    let mut peer = Connection::with_keys(now, pair_known, &keys.mirrored());
    let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, b'x'];
    assert!(peer.seal_rtp(PacketIndex::new(1).unwrap(), &mut packet, 0, 12));
    assert_eq!(connection.open_rtp(now, pair(2), &mut packet.clone()), Err(DropReason::UnverifiedPair));
    assert!(connection.open_rtp(now, pair_known, &mut packet).is_ok());
    let mut rtcp = vec![];
    assert!(peer.seal_rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 7], &mut rtcp));
    assert_eq!(connection.open_rtcp(now, pair(2), &mut rtcp.clone()), Err(DropReason::UnverifiedPair));
    assert!(connection.open_rtcp(now, pair_known, &mut rtcp).is_ok());
    assert_eq!(connection.counters().unverified_pair, 2);
    assert_eq!(connection.poll_timeout(), None);
}

#[test]
fn the_latest_new_nomination_is_followed_and_flips_are_not() {
    let mut ice = Ice::new();
    let nominate = Check::new().nominating();
    ice.check(1, &Check::new());
    assert_eq!(ice.selected(), Some(pair(1)), "until then, where it came from");
    ice.check(2, &nominate);
    assert_eq!(ice.selected(), Some(pair(2)));
    ice.check(1, &nominate);
    assert_eq!(ice.selected(), Some(pair(1)), "a new nomination");
    for _ in 0..20 {
        ice.pass(Duration::from_millis(200));
        ice.check(2, &nominate);
        assert_eq!(ice.selected(), Some(pair(1)), "a flip");
        ice.check(1, &nominate);
        assert_eq!(ice.selected(), Some(pair(1)));
    }
    ice.pass(Duration::from_millis(2_999));
    ice.check(2, &nominate);
    assert_eq!(ice.selected(), Some(pair(1)), "not silent for long enough");
    ice.pass(Duration::from_millis(1));
    ice.check(2, &nominate);
    assert_eq!(ice.selected(), Some(pair(2)), "silent");
}

#[test]
fn a_pair_that_carries_media_is_not_silent() {
    let mut world = World::connected(DtlsRole::Server, &PeerConfig::default());
    let mut peer = Connection::with_keys(world.now, world.pair, &world.peer.keys());
    let selected = pair(5000);
    let nominate = Check::new().nominating().request();
    world.connection.handle_stun(world.now, selected, &nominate);
    assert_eq!(world.connection.selected_pair(), Some(selected));
    for number in 0..10u8 {
        world.now += Duration::from_secs(1);
        let mut packet = vec![0x80, 96, 0, number, 0, 0, 0, 0, 0, 0, 0, 7, b'x'];
        assert!(peer.seal_rtp(PacketIndex::new(number.into()).unwrap(), &mut packet, 0, 12));
        world.connection.open_rtp(world.now, selected, &mut packet).unwrap();
        world.connection.handle_stun(world.now, world.pair, &nominate);
        assert_eq!(world.connection.selected_pair(), Some(selected));
    }
    world.now += Duration::from_secs(3);
    world.connection.handle_stun(world.now, world.pair, &nominate);
    assert_eq!(world.connection.selected_pair(), Some(world.pair));
}

#[test]
fn verified_pairs_are_bounded_and_the_selected_one_stays() {
    let mut ice = Ice::new();
    ice.check(1, &Check::new().nominating());
    for port in 2..200 {
        ice.now += Duration::from_millis(1);
        assert_eq!(ice.check(port, &Check::new()), FIRST);
    }
    let verified = (1..200).filter(|port| ice.connection.is_verified(pair(*port))).count();
    assert_eq!(verified, ICE_PAIRS_MAX);
    assert!(ice.connection.is_verified(pair(1)));
    assert!(ice.connection.is_verified(pair(199)));
    let forgotten = u64::try_from(199 - ICE_PAIRS_MAX).unwrap();
    assert_eq!(ice.connection.counters().get(DropReason::IcePairLimit), forgotten);
    for port in 300..400 {
        ice.now += Duration::from_millis(1);
        ice.check(port, &Check::new().nominating());
        assert_eq!(ice.selected(), Some(pair(port)));
    }
}

#[test]
fn answers_that_nobody_fetches_are_bounded() {
    let mut ice = Ice::new();
    for _ in 0..100 {
        ice.check(1, &Check::new());
    }
    let answers = std::iter::from_fn(|| ice.answer()).count();
    assert_eq!(answers, CONNECTION_DATAGRAMS_MAX);
    let unsent = u64::try_from(100 - answers).unwrap();
    assert_eq!(ice.connection.counters().get(DropReason::DatagramLimit), unsent);
    ice.check(1, &Check::new());
    assert!(ice.answer().is_some());
}

#[test]
fn patience_with_a_peer_that_never_comes_ends() {
    let mut ice = Ice::new();
    assert_eq!(ice.connection.poll_timeout(), Some(ice.now + ICE_START_MAX));
    ice.check(1, &Check { pwd: "wrong".into(), ..Check::new() });
    ice.pass(ICE_START_MAX - Duration::from_millis(1));
    assert_eq!(ice.connection.poll_event(), None);
    ice.pass(Duration::from_millis(1));
    assert_eq!(ice.connection.poll_event(), Some(ConnectionEvent::Closed(CloseReason::IceTimeout)));
    assert_eq!(ice.connection.poll_timeout(), None);
    assert_eq!(ice.check(1, &Check::new()), StunOutcome::Dropped(DropReason::Closed));
    assert_eq!(ice.connection.poll_event(), None);
}

#[test]
fn consent_expires_thirty_seconds_after_the_last_request_on_any_pair() {
    let mut world = World::connected(DtlsRole::Server, &PeerConfig::default());
    for port in 1..10 {
        world.now += CONSENT_EXPIRY - Duration::from_secs(1);
        world.connection.handle_timeout(world.now);
        let outcome = world.connection.handle_stun(world.now, pair(port), &Check::new().request());
        assert_eq!(outcome, FIRST);
    }
    assert_eq!(world.connection.poll_timeout(), Some(world.now + CONSENT_EXPIRY));
    world.connection.handle_stun(world.now + Duration::from_secs(20), pair(1), b"not consent");
    world.now += CONSENT_EXPIRY;
    world.connection.handle_timeout(world.now);
    assert_eq!(world.connection.poll_event(), Some(ConnectionEvent::Closed(CloseReason::ConsentExpired)));
    assert!(!world.connection.is_connected());
}

#[test]
fn a_restart_keeps_the_old_pair_until_the_new_one_is_nominated() {
    let mut world = World::connected(DtlsRole::Server, &PeerConfig::default());
    let now = world.now;
    let old = world.pair;
    let connection = &mut world.connection;
    let local = IceCredentials { ufrag: "fresh123".into(), pwd: "another-password-of-the-server".into() };
    let remote = IceCredentials { ufrag: "peer2".into(), pwd: "another-password-of-the-peer".into() };
    connection.restart_ice(now, local.clone(), remote.clone());
    assert_eq!(connection.local_ufrags().collect::<Vec<_>>(), ["srvfrag1", "fresh123"]);
    assert_eq!(connection.handle_stun(now, old, &Check::new().nominating().request()), VERIFIED);
    let renewed = Check::of(&local, &remote);
    assert_eq!(connection.handle_stun(now, pair(5000), &renewed.request()), FIRST);
    assert_eq!(connection.selected_pair(), Some(old), "validated, but not nominated");
    let crossed = Check { username: format!("{}:{}", local.ufrag, peer_ice().ufrag), ..renewed.clone() };
    let refused = StunOutcome::Dropped(DropReason::StunUsername);
    assert_eq!(connection.handle_stun(now, pair(5000), &crossed.request()), refused);
    assert_eq!(connection.handle_stun(now, pair(5000), &renewed.clone().nominating().request()), VERIFIED);
    assert_eq!(connection.selected_pair(), Some(pair(5000)));
    assert_eq!(connection.local_ufrags().collect::<Vec<_>>(), ["fresh123"]);
    assert_eq!(connection.handle_stun(now, old, &Check::new().nominating().request()), refused);
    assert_eq!(connection.selected_pair(), Some(pair(5000)));
    assert!(connection.is_verified(old), "what is still under way from the old pair is heard");
    assert!(connection.is_connected());
    assert!(connection.send_application_data(now, b"over the same DTLS"));
    let last = std::iter::from_fn(|| connection.poll_datagram()).last().unwrap();
    assert_eq!(last.0, pair(5000));
}

#[test]
fn dtls_goes_where_it_came_from_and_follows_the_peer() {
    let mut ice = Ice::new();
    let mut peer = Peer::new(ice.now, DtlsRole::Client, &PeerConfig::default());
    let hello = peer.poll().unwrap();
    ice.check(1, &Check::new());
    ice.check(2, &Check::new());
    while ice.connection.poll_datagram().is_some() {}
    ice.connection.handle_dtls(ice.now, pair(2), &hello);
    let (to, verify_request) = ice.connection.poll_datagram().unwrap();
    assert_eq!(to, pair(2));
    peer.handle(ice.now, &verify_request);
    let hello = peer.poll().unwrap();
    ice.connection.handle_dtls(ice.now, pair(1), &hello);
    assert_eq!(ice.connection.poll_datagram().unwrap().0, pair(1), "one handshake over two addresses");
}

#[test]
fn credentials_are_long_enough_and_of_the_right_characters() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let mut ufrags = std::collections::BTreeSet::new();
    for _ in 0..10_000 {
        let credentials = IceCredentials::generate(&mut rng);
        assert!((4..=256).contains(&credentials.ufrag.len()));
        assert!((22..=256).contains(&credentials.pwd.len()));
        let is_ice_char = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
        assert!(credentials.ufrag.chars().chain(credentials.pwd.chars()).all(is_ice_char));
        assert!(ufrags.insert(credentials.ufrag));
    }
}

#[test]
fn our_fragment_can_be_read_without_believing_the_rest() {
    let mut check = Check::new();
    check.pwd = "anything".into();
    let request = check.request();
    assert_eq!(peek_ufrag(&request), Some("srvfrag1"));
    for len in 0..36 {
        peek_ufrag(&request[..len]);
    }
    assert_eq!(peek_ufrag(b""), None);
    assert_eq!(peek_ufrag(&[0; 200]), None);
}

/// CVE-2026-54908, -54909: an address attribute of the wrong length made the parser panic.
#[test]
fn cve_2026_54909_attributes_of_any_length_do_not_panic() {
    use rand::Rng;
    let mut rng = rand::rngs::StdRng::seed_from_u64(2);
    let mut ice = Ice::new();
    let good = Check::new().request();
    for _ in 0..20_000 {
        let mut request = good.clone();
        for _ in 0..rng.random_range(1..6) {
            let place = rng.random_range(0..request.len());
            request[place] = rng.random();
        }
        let keep = rng.random_range(0..=request.len());
        request.truncate(keep);
        if request.len() >= 20 {
            let length = u16::try_from(request.len() - 20).unwrap().to_be_bytes();
            request[2..4].copy_from_slice(&length);
        }
        peek_ufrag(&request);
        ice.datagram(pair(1), &request);
    }
}

#[test]
fn datagrams_are_sorted_by_their_first_bytes() {
    for (datagram, kind) in [
        (&[0, 1][..], DatagramKind::Stun),
        (&[22, 254], DatagramKind::Dtls),
        (&[63], DatagramKind::Dtls),
        (&[0x80, 96], DatagramKind::Rtp),
        (&[0x90, 0xE0], DatagramKind::Rtp),
        (&[0x80, 191], DatagramKind::Rtp),
        (&[0x80, 192], DatagramKind::Rtcp),
        (&[0x81, 205], DatagramKind::Rtcp),
        (&[0xBF, 223], DatagramKind::Rtcp),
        (&[0x80], DatagramKind::Unknown),
        (&[4], DatagramKind::Unknown),
        (&[64], DatagramKind::Unknown),
        (&[192, 0], DatagramKind::Unknown),
        (&[], DatagramKind::Unknown),
    ] {
        assert_eq!(classify(datagram), kind, "{datagram:?}");
    }
}
