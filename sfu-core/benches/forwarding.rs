//! What each step of a packet's walk takes, ns: `make bench-steps`. Where what a step needs is made anew for each, it is timed one by
//! one: the clock's own 20 ns or so are then part of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark may panic"
)]
#![allow(clippy::as_conversions, reason = "small numbers of the simulation's own making")]
#![allow(dead_code, reason = "parts of the simulation that others use")]

mod steps;

#[path = "../tests/shard/client.rs"]
mod client;
#[path = "../tests/data_peer/mod.rs"]
mod data_peer;
#[path = "../tests/dtls_peer/mod.rs"]
mod dtls_peer;
#[path = "../tests/house/mod.rs"]
mod house;
#[path = "../tests/shard/marks.rs"]
mod marks;
#[path = "../tests/shard/offers.rs"]
mod offers;
#[path = "../tests/shard/publisher.rs"]
mod publisher;
#[path = "../tests/shard/receiver.rs"]
mod receiver;
#[path = "../tests/traffic/mod.rs"]
mod traffic;
#[path = "../tests/shard/viewer.rs"]
mod viewer;
#[path = "../tests/shard/world.rs"]
mod world;

use std::cell::RefCell;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use sfu_core::transport::SrtpProfile;

use marks::feedback;
use steps::{Forwarding, Routing, Sealing, compound, read};
use traffic::{Incoming, PACKETS_PER_FRAME, Traffic};

/// Ciphers, and bytes of payload.
const PACKETS: [(SrtpProfile, usize); 4] = [
    (SrtpProfile::AeadAes128Gcm, 150),
    (SrtpProfile::AeadAes128Gcm, 1_200),
    (SrtpProfile::Aes128CmHmacSha1_80, 150),
    (SrtpProfile::Aes128CmHmacSha1_80, 1_200),
];

fn main() {
    divan::main();
}

/// Who is it for? A datagram that nobody here sent.
#[divan::bench]
fn address_a_strangers_packet(bencher: Bencher<'_, '_>) {
    let mut traffic = Traffic::webinar(1);
    let mut stranger = Incoming { from: "10.9.9.9:9".parse().unwrap(), bytes: vec![0x80; 1_200] };
    bencher.bench_local(|| traffic.receive(&mut stranger));
}

/// With a copy of the packet, without which there would be nothing to seal.
#[divan::bench(args = PACKETS)]
fn seal(bencher: Bencher<'_, '_>, (profile, payload): (SrtpProfile, usize)) {
    let mut sealing = Sealing::new(profile, payload);
    bencher.bench_local(|| {
        sealing.write();
        sealing.seal();
    });
}

#[divan::bench(args = PACKETS)]
fn open(bencher: Bencher<'_, '_>, (profile, payload): (SrtpProfile, usize)) {
    let sealing = RefCell::new(Sealing::new(profile, payload));
    bencher.with_inputs(|| sealing.borrow_mut().sealed()).bench_local_refs(|sealed| sealing.borrow_mut().open(sealed));
}

#[divan::bench]
fn store_a_frame(bencher: Bencher<'_, '_>) {
    let mut forwarding = Forwarding::new();
    bencher.counter(ItemsCount::new(PACKETS_PER_FRAME)).bench_local(|| forwarding.store());
}

#[divan::bench(sample_size = 1)]
fn rewrite_a_frame(bencher: Bencher<'_, '_>) {
    let forwarding = RefCell::new(Forwarding::new());
    bencher
        .counter(ItemsCount::new(PACKETS_PER_FRAME))
        .with_inputs(|| forwarding.borrow_mut().store())
        .bench_local_refs(|_| assert_eq!(forwarding.borrow_mut().rewrite(), usize::from(PACKETS_PER_FRAME)));
}

/// One packet of a camera: opened, stored, and accounted for.
#[divan::bench(sample_size = 1)]
fn receive_a_frame(bencher: Bencher<'_, '_>) {
    let traffic = RefCell::new(Traffic::webinar(1));
    bencher
        .counter(ItemsCount::new(PACKETS_PER_FRAME))
        .with_inputs(|| {
            let mut traffic = traffic.borrow_mut();
            traffic.timers();
            traffic.drain();
            traffic.frame()
        })
        .bench_local_refs(|frame| frame.iter_mut().for_each(|incoming| traffic.borrow_mut().receive(incoming)));
}

/// A frame of nine packets for so many viewers: chosen, rewritten, sealed and batched. Per packet it should be the same for all.
#[divan::bench(args = [1, 50, 1_000], sample_size = 1)]
fn forward_a_frame(bencher: Bencher<'_, '_>, viewers: usize) {
    let traffic = RefCell::new(Traffic::webinar(viewers));
    bencher
        .counter(ItemsCount::new(viewers * usize::from(PACKETS_PER_FRAME)))
        .with_inputs(|| {
            let mut traffic = traffic.borrow_mut();
            let mut frame = traffic.frame();
            traffic.timers();
            traffic.drain();
            frame.iter_mut().for_each(|incoming| traffic.receive(incoming));
        })
        .bench_local_refs(|()| assert!(traffic.borrow_mut().drain() >= viewers * usize::from(PACKETS_PER_FRAME)));
}

#[divan::bench]
fn read_feedback(bencher: Bencher<'_, '_>) {
    let compound = compound();
    bencher.bench_local(|| assert_eq!(read(black_box(&compound)), 24));
}

/// A viewer's receiver report, all the way.
#[divan::bench(sample_size = 1)]
fn take_feedback(bencher: Bencher<'_, '_>) {
    let traffic = RefCell::new(Traffic::webinar(20));
    bencher
        .with_inputs(|| {
            let mut traffic = traffic.borrow_mut();
            let viewer = traffic.viewers[7];
            traffic.feedback(viewer, feedback(1, 201, 1, 7, &[0; 20]))
        })
        .bench_local_refs(|said| {
            let mut traffic = traffic.borrow_mut();
            said.iter_mut().for_each(|incoming| traffic.receive(incoming));
            traffic.drain()
        });
}

/// What somebody gets who comes into a room of so many.
#[divan::bench(args = [2, 20, 200])]
fn route_a_joiner(bencher: Bencher<'_, '_>, people: usize) {
    let routing = Routing::new(people);
    bencher.bench_local(|| routing.join());
}
