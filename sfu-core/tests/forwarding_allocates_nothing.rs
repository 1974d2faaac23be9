//! What passes a shard every few milliseconds does not touch the heap: media forwarded, and the feedback that comes with it. What
//! comes once a second, or when something was lost, allocates little.
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
mod traffic;

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

use sfu_core::transport::{DatagramKind, classify};

use marks::{feedback, nack, pli};
use traffic::Traffic;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: hands every call on to the system's allocator unchanged; the counter is a plain thread-local without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The library's record of what arrived doubles once more where a feedback leaves late; all else has grown before.
const GROWTH_MAX: usize = 2;

/// Allocations that `work` makes.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// What was done, and what it allocated.
#[derive(Debug, Default)]
struct Tally {
    times: usize,
    allocations: usize,
    /// How often anything was allocated at all.
    allocating: usize,
}

impl Tally {
    fn add(&mut self, times: usize, allocations: usize) {
        self.times += times;
        self.allocations += allocations;
        self.allocating += usize::from(allocations > 0);
    }
}

/// A frame of everybody all the way: media, and whatever else there was.
fn turn(traffic: &mut Traffic, media: &mut Tally, others: &mut Tally, timers: &mut Tally) {
    let frame = traffic.frame();
    let timed = allocations(|| {
        traffic.timers();
        traffic.drain();
    });
    timers.add(1, timed);
    for mut incoming in frame {
        let is_media = classify(&incoming.bytes) == DatagramKind::Rtp;
        let mut datagrams = 0;
        let allocated = allocations(|| {
            traffic.receive(&mut incoming);
            datagrams = traffic.drain();
        });
        if is_media { media.add(datagrams, allocated) } else { others.add(1, allocated) }
    }
}

fn forwards_without_allocating(mut traffic: Traffic, forwarded_min: usize) {
    let (mut media, mut others, mut timers) = (Tally::default(), Tally::default(), Tally::default());
    for _ in 0..1_000 {
        turn(&mut traffic, &mut media, &mut others, &mut timers);
    }
    println!("media {media:?}, STUN and RTCP {others:?}, timers {timers:?}");
    assert!(media.times >= forwarded_min, "{media:?}");
    assert!(media.allocations <= GROWTH_MAX, "{media:?}");
}

#[test]
fn a_thousand_frames_for_twenty_viewers() {
    forwards_without_allocating(Traffic::simulcast(20), 1_000 * 20 * 9);
}

#[test]
fn a_thousand_frames_of_each_in_a_meeting_of_six() {
    forwards_without_allocating(Traffic::meeting(6), 1_000 * 6 * 5 * 3);
}

/// Allocations of the shard when one viewer says this a hundred times, so many frames apart; the first time makes what all others
/// use.
fn said(frames_apart: usize, plain: impl Fn(&mut Traffic, usize, u8) -> Vec<u8>) -> Tally {
    let mut traffic = Traffic::simulcast(20);
    let viewer = traffic.viewers[3];
    let mut tally = Tally::default();
    for time in 0..=100 {
        for _ in 0..frames_apart {
            traffic.noted_turn();
        }
        let plain = plain(&mut traffic, viewer, time);
        for mut incoming in traffic.feedback(viewer, plain) {
            assert_eq!(classify(&incoming.bytes), DatagramKind::Rtcp);
            let allocated = allocations(|| {
                traffic.receive(&mut incoming);
                traffic.drain();
            });
            if time > 0 {
                tally.add(1, allocated);
            }
        }
    }
    println!("{tally:?}");
    assert_eq!(tally.times, 100);
    tally
}

#[test]
fn receiver_reports_and_transport_wide_feedback_are_read_in_place() {
    let tally = said(1, |traffic, viewer, time| {
        let (ssrc, number) = traffic.sent_to(viewer);
        [receiver_report(ssrc, number), arrivals(time)].concat()
    });
    // Five times a second, in these three, it is decided anew what fits the viewer's link.
    assert!(tally.allocating <= 17 && tally.allocations <= 16 * tally.allocating, "{tally:?}");
}

#[test]
fn a_question_for_lost_packets_allocates_the_list_of_their_numbers_alone() {
    let tally = said(10, |traffic, viewer, _| {
        let (ssrc, number) = traffic.sent_to(viewer);
        nack(ssrc, &[number.wrapping_sub(2), number.wrapping_sub(1), number])
    });
    assert!(tally.allocations <= 100, "{tally:?}");
}

#[test]
fn requests_for_a_picture_allocate_the_few_questions_to_the_publisher() {
    let tally = said(10, |traffic, viewer, _| pli(traffic.sent_to(viewer).0));
    // Joined to one a second, of a dozen small buffers.
    assert!(tally.allocations <= 12 * 34, "{tally:?}");
}

fn receiver_report(ssrc: u32, number: u16) -> Vec<u8> {
    let mut bytes = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend([3, 0, 0, 5, 0, 0]);
    bytes.extend(number.to_be_bytes());
    bytes.extend([0; 12]);
    bytes
}

/// Twenty packets that arrived, 1 ms apart.
fn arrivals(count: u8) -> Vec<u8> {
    let mut body = vec![0, count, 0, 20, 0, 0, 9, count, 0x20, 20];
    body.extend([4; 20]);
    body.extend([0; 2]);
    feedback(15, 205, 1, 2, &body)
}
