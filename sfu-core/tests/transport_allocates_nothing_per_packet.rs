//! Sealing and opening do not touch the heap, and an idle transport stays small.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod dtls_peer;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

use dtls_peer::*;
use sfu_core::transport::*;

/// Most heap bytes of a connection after its handshake; its share of the 96 KiB that a participant may take.
const CONNECTION_BYTES_MAX: isize = 32 * 1024;

struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn note(bytes: isize) {
    CALLS.with(|calls| calls.set(calls.get() + 1));
    BYTES.with(|held| held.set(held.get() + bytes));
}

// SAFETY: hands every call on to the system's allocator unchanged; the counters are plain thread-locals without destructors.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(isize::try_from(layout.size()).unwrap_or(0));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-isize::try_from(layout.size()).unwrap_or(0));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls() -> usize {
    CALLS.with(Cell::get)
}

fn bytes() -> isize {
    BYTES.with(Cell::get)
}

#[test]
fn packets_are_sealed_and_opened_in_place() {
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmHmacSha1_80] {
        let keys = SrtpKeys::from_exporter(profile, &vec![1; profile.keying_material_len()], DtlsRole::Server).unwrap();
        let now = Instant::now();
        let mut ours = Connection::with_keys(now, pair(1), &keys);
        let mut theirs = Connection::with_keys(now, pair(1), &keys.mirrored());
        let mut buffer = Vec::with_capacity(2_000);
        let mut rtcp = Vec::with_capacity(200);
        let mut before = 0;
        for number in 0..1_000u16 {
            if number == 1 {
                before = calls();
            }
            buffer.clear();
            buffer.extend_from_slice(&[0x90, 96]);
            buffer.extend_from_slice(&number.to_be_bytes());
            buffer.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 7, 0xBE, 0xDE, 0, 1, 0x10, 1, 0, 0]);
            buffer.resize(1_200, 5);
            assert!(ours.seal_rtp(PacketIndex::new(number.into()).unwrap(), &mut buffer, 0, 20));
            theirs.open_rtp(now, pair(1), &mut buffer).unwrap();
            rtcp.clear();
            assert!(theirs.seal_rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 7], &mut rtcp));
            ours.open_rtcp(now, pair(1), &mut rtcp).unwrap();
        }
        assert_eq!(calls() - before, 0, "{profile:?}");
    }
}

#[test]
fn an_idle_connection_is_small() {
    for role in [DtlsRole::Server, DtlsRole::Client] {
        let before_config = PeerConfig::default();
        World::connected(role, &before_config);
        let mut world = World::connected(role, &before_config);
        while world.connection.poll_datagram().is_some() {}
        let World { connection, .. } = world;
        let before = bytes();
        drop(connection);
        let heap = before - bytes();
        let inline = isize::try_from(size_of::<Connection>()).unwrap();
        println!("{role:?}: {heap} bytes of Rust heap and {inline} inline");
        assert!(heap + inline <= CONNECTION_BYTES_MAX, "{role:?}: {heap} + {inline}");
    }
}

/// Rust heap that `make` leaves behind in what it returns.
fn held<T>(make: impl FnOnce() -> T) -> isize {
    let made = make();
    let before = bytes();
    drop(made);
    before - bytes() + isize::try_from(size_of::<T>()).unwrap()
}

/// Most bytes of a connection whose handshake has not got anywhere (RELIABILITY, bar 16).
const HALF_OPEN_BYTES_MAX: isize = 20 * 1024;

#[test]
fn a_half_open_connection_is_smaller() {
    let config = PeerConfig::default();
    let waiting = || World::with(DtlsRole::Server, &config);
    let stalled = || {
        let mut world = waiting();
        world.run(std::time::Duration::from_secs(5), |_, towards| towards == Towards::Peer);
        world
    };
    waiting();
    let of = |world: World| {
        let World { mut connection, .. } = world;
        while connection.poll_datagram().is_some() {}
        connection
    };
    for (name, bytes) in [("after ICE", held(|| of(waiting()))), ("after a ClientHello", held(|| of(stalled())))] {
        println!("{name}: {bytes} bytes");
        assert!(bytes <= HALF_OPEN_BYTES_MAX, "{name}: {bytes}");
    }
}
