//! Does each step of a packet's walk so often that callgrind can count its instructions: `make instructions`. Tells what each step's
//! figure is to be divided by: a line of name, count and unit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark may panic"
)]
#![allow(clippy::as_conversions, reason = "small numbers of the simulation's own making")]
#![allow(dead_code, reason = "parts of the simulation that others use")]

mod callgrind;

#[path = "../../benches/steps/mod.rs"]
mod steps;

#[path = "../../tests/shard/client.rs"]
mod client;
#[path = "../../tests/data_peer/mod.rs"]
mod data_peer;
#[path = "../../tests/dtls_peer/mod.rs"]
mod dtls_peer;
#[path = "../../tests/house/mod.rs"]
mod house;
#[path = "../../tests/shard/marks.rs"]
mod marks;
#[path = "../../tests/shard/offers.rs"]
mod offers;
#[path = "../../tests/shard/publisher.rs"]
mod publisher;
#[path = "../../tests/shard/receiver.rs"]
mod receiver;
#[path = "../../tests/traffic/mod.rs"]
mod traffic;
#[path = "../../tests/shard/viewer.rs"]
mod viewer;
#[path = "../../tests/shard/world.rs"]
mod world;

use std::ffi::CString;
use std::hint::black_box;

use sfu_core::transport::{DatagramKind, SrtpProfile, classify};

use marks::nack;
use steps::{Forwarding, Routing, Sealing, compound, read, report};
use traffic::{Incoming, Traffic};

/// Viewers of the camera.
const VIEWERS: usize = 20;
/// How often each step is done.
const TIMES: usize = 60;

/// One step while it is counted.
struct Step {
    name: &'static str,
    count: usize,
}

impl Step {
    fn new(name: &'static str) -> Self {
        Self { name, count: 0 }
    }

    /// Counts the instructions of `work`, which tells how many things it did.
    fn counted(&mut self, work: impl FnOnce() -> usize) {
        callgrind::toggle();
        let done = work();
        callgrind::toggle();
        self.count += done;
    }

    /// Ends the step; its figure is per `unit`.
    fn per(self, unit: &str) {
        callgrind::dump(&CString::new(self.name).unwrap());
        assert!(self.count > 0, "{} did nothing", self.name);
        println!("{} {} {unit}", self.name, self.count);
    }
}

fn main() {
    let mut forwarding = Forwarding::new();
    let mut sealing = Sealing::new(SrtpProfile::AeadAes128Gcm, 1_200);
    let mut traffic = Traffic::webinar(VIEWERS);
    let routing = Routing::new(VIEWERS);
    callgrind::start();

    seal(&mut sealing);
    store(&mut forwarding);
    address(&mut traffic);
    frames(&mut traffic);
    feedback(&mut traffic);
    route(&routing);
}

fn seal(sealing: &mut Sealing) {
    let mut seal = Step::new("seal");
    for _ in 0..TIMES {
        sealing.write();
        seal.counted(|| {
            sealing.seal();
            1
        });
    }
    seal.per("packet");
    let mut open = Step::new("open");
    for _ in 0..TIMES {
        let mut packet = sealing.sealed();
        open.counted(|| {
            sealing.open(&mut packet);
            1
        });
    }
    open.per("packet");
}

fn store(forwarding: &mut Forwarding) {
    let mut store = Step::new("store");
    for _ in 0..TIMES {
        store.counted(|| forwarding.store());
        forwarding.rewrite();
    }
    store.per("received packet");
    let mut rewrite = Step::new("rewrite");
    for _ in 0..TIMES {
        forwarding.store();
        rewrite.counted(|| forwarding.rewrite());
    }
    rewrite.per("forwarded packet");
}

/// Whose is it? A datagram that nobody here sent.
fn address(traffic: &mut Traffic) {
    let mut stranger = Incoming { from: "10.9.9.9:9".parse().unwrap(), bytes: vec![0x80; 1_200] };
    let mut address = Step::new("address");
    for _ in 0..TIMES {
        address.counted(|| {
            traffic.receive(black_box(&mut stranger));
            1
        });
    }
    address.per("stranger's datagram");
}

/// A frame of one camera for everybody. One part of it is counted at a time, in a pass of its own.
fn frames(traffic: &mut Traffic) {
    for name in ["timers", "receive", "forward"] {
        let mut step = Step::new(name);
        for _ in 0..TIMES {
            let frame = traffic.frame();
            let (mut media, mut others): (Vec<_>, Vec<_>) =
                frame.into_iter().partition(|it| classify(&it.bytes) == DatagramKind::Rtp);
            let mut part = |is: &str, work: &mut dyn FnMut() -> usize| match is == name {
                true => step.counted(work),
                false => _ = work(),
            };
            part("timers", &mut || {
                traffic.timers();
                traffic.drain();
                1
            });
            // Checks of consent come now and then.
            others.iter_mut().for_each(|it| traffic.receive(it));
            traffic.drain();
            part("receive", &mut || {
                media.iter_mut().for_each(|it| traffic.receive(it));
                media.len()
            });
            part("forward", &mut || traffic.drain());
        }
        step.per(match name {
            "timers" => "33 ms of 21 participants",
            "receive" => "received packet",
            _ => "forwarded packet",
        });
    }
}

/// What viewers say, from the datagram to what follows from it.
fn feedback(traffic: &mut Traffic) {
    let mut report_step = Step::new("report");
    for time in 0..TIMES {
        let viewer = traffic.viewers[time % VIEWERS];
        let ssrc = traffic.ssrc_of(viewer);
        let mut said = traffic.feedback(viewer, report(ssrc));
        report_step.counted(|| said.iter_mut().map(|it| traffic.receive(it)).count());
        traffic.drain();
    }
    report_step.per("receiver report");
    let mut repeat = Step::new("repeat");
    for time in 0..TIMES {
        traffic.noted_turn();
        let viewer = traffic.viewers[time % VIEWERS];
        let (ssrc, number) = traffic.sent_to(viewer);
        let mut said = traffic.feedback(viewer, nack(ssrc, &[number]));
        repeat.counted(|| {
            said.iter_mut().for_each(|it| traffic.receive(it));
            traffic.drain()
        });
    }
    repeat.per("packet asked for and sent again");
    let (mut parse, compound) = (Step::new("parse"), compound());
    for _ in 0..TIMES {
        parse.counted(|| {
            assert_eq!(read(black_box(&compound)), 24);
            1
        });
    }
    parse.per("RR, TWCC of 20 and NACK of 3");
}

fn route(routing: &Routing) {
    let mut route = Step::new("route");
    for _ in 0..TIMES {
        route.counted(|| {
            black_box(routing.join());
            1
        });
    }
    route.per("joiner of 20");
}
