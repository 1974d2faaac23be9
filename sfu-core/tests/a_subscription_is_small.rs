//! What a viewer's further slot takes of a shard's memory, beside its transport: the limit of how many may watch how many.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "a test fails by panicking, and its numbers are small"
)]
#![allow(dead_code, reason = "parts of the simulation that others use")]

mod data_peer;
mod dtls_peer;

#[path = "shard/client.rs"]
mod client;
#[path = "shard/marks.rs"]
mod marks;
#[path = "shard/offers.rs"]
mod offers;
#[path = "shard/publisher.rs"]
mod publisher;
#[path = "shard/receiver.rs"]
mod receiver;
#[path = "shard/viewer.rs"]
mod viewer;
#[path = "shard/world.rs"]
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use sfu_core::id::MediaKind;

use marks::nack;
use publisher::Publishing;
use world::World;

struct Counting;

thread_local! {
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: hands every call on to the system's allocator unchanged; the counter is a plain thread-local without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.with(|bytes| bytes.set(bytes.get().wrapping_add(layout.size())));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.with(|bytes| bytes.set(bytes.get().wrapping_sub(layout.size())));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SLOTS: usize = 16;
/// Most bytes of one more slot.
const SLOT_BYTES_MAX: usize = 4 * 1024;

/// A room with as many cameras as slots, all of them watched by somebody, and a viewer with so many slots.
fn room(slots: usize) -> (World, usize) {
    let mut world = World::new(3);
    // What was sent over a link is remembered with its transport: 4 KiB, up to 64 where thousands of packets are on their way.
    world.unestimated = true;
    for mark in 1..=SLOTS as u8 {
        world.publish("room", &format!("p{mark}"), Publishing::camera(mark));
    }
    world.watch("room", (SLOTS, 0), &[]);
    let viewer = world.watch("room", (slots, 0), &[]);
    world.run(Duration::from_secs(3));
    for place in 0..slots {
        let shown = world.viewer(viewer).slot(MediaKind::Video, place).frames.len();
        assert!(shown > 30, "slot {place} of {slots} has shown {shown} frames");
    }
    (world, viewer)
}

/// Bytes that a world's shard holds: those that are free when it is gone.
fn held(mut world: World) -> usize {
    let before = BYTES.get();
    world.shards.clear();
    before - BYTES.get()
}

/// Bytes of each further slot in a room that this happened in.
fn bytes_of_a_slot(happened: impl Fn(&mut World, usize, usize)) -> usize {
    let [few, many] = [1, SLOTS].map(|slots| {
        let (mut world, viewer) = room(slots);
        happened(&mut world, viewer, slots);
        held(world)
    });
    let slot = (many - few) / (SLOTS - 1);
    println!("{few} bytes with one slot, {many} with {SLOTS}: {slot} each");
    slot
}

#[test]
fn a_further_slot_takes_less_than_4_kib() {
    assert!(bytes_of_a_slot(|_, _, _| {}) <= SLOT_BYTES_MAX);
}

/// Which packets were repeated is remembered.
#[test]
fn and_not_more_where_packets_were_lost() {
    let slot = bytes_of_a_slot(|world, viewer, slots| {
        for place in 0..slots {
            let ssrc = world.viewer(viewer).stream(MediaKind::Video, place).slot.ssrc;
            world.viewer(viewer).rtcp_out.push_back(nack(ssrc, &[0]));
        }
        world.run(Duration::from_secs(1));
    });
    assert!(slot <= SLOT_BYTES_MAX);
}
