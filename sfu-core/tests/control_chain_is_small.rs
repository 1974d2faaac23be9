//! A transport's control path costs little memory: measured, bytes on the heap after traffic has come and gone.

#![allow(clippy::as_conversions, reason = "layout sizes fit an isize, and the allocator must not panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sfu_core::id::Ssrc;
use sfu_core::interceptor::{Arrival, ChainConfig, ControlChain, LocalStream, RemoteStream, SenderSample};
use sfu_core::rtp::{RtpTime, SeqNo};

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.with(|held| held.set(held.get() + layout.size() as isize));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.with(|held| held.set(held.get() - layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn drain(chain: &mut ControlChain) {
    while chain.poll_event().is_some() {}
    while chain.poll_rtcp().is_some() {}
}

fn run(chain: &mut ControlChain, start: Instant) {
    while let Some(due) = chain.poll_timeout().filter(|&due| due < start + Duration::from_secs(3)) {
        chain.handle_timeout(due);
        drain(chain);
    }
}

#[test]
fn a_publishers_chain_stays_under_20_kib() {
    let start = Instant::now();
    let before = HELD.get();
    let mut chain = ControlChain::new(ChainConfig::publisher(Ssrc(1), Some(3)));
    for ssrc in [Ssrc(10), Ssrc(20)] {
        chain.bind_remote(&RemoteStream { ssrc, clock_rate: 90_000, nack: true, pli: true, fir: false });
        for number in (0..500u16).filter(|number| number % 20 != 7) {
            let arrival =
                Arrival { ssrc, sequence: SeqNo(number), timestamp: RtpTime(0), transport_sequence: Some(number) };
            chain.handle_arrival(start, &arrival);
            drain(&mut chain);
        }
    }
    run(&mut chain, start);
    let held = HELD.get() - before;
    assert!(held < 20 * 1024, "{held}");
}

#[test]
fn a_subscribers_chain_stays_under_16_kib() {
    let start = Instant::now();
    let before = HELD.get();
    let mut chain = ControlChain::new(ChainConfig::subscriber(Ssrc(1)));
    for ssrc in [Ssrc(10), Ssrc(20)] {
        chain.bind_local(&LocalStream { ssrc, cname: Arc::from("lips") });
        chain.sender_sample(start, SenderSample { ssrc, ntp: 1, rtp: RtpTime(0), packets: 1, octets: 1 });
        drain(&mut chain);
        let nack = [0x81, 205, 0, 3, 0, 0, 0, 9, 0, 0, 0, if ssrc == Ssrc(10) { 10 } else { 20 }, 0, 5, 0xff, 0xff];
        chain.handle_rtcp(start, &nack);
        drain(&mut chain);
    }
    run(&mut chain, start);
    let held = HELD.get() - before;
    assert!(held < 16 * 1024, "{held}");
}
