//! Real media through the real server: small crowds, every frame judged, with and without loss on the way.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail the test")]

mod server;

use std::time::Duration;

use load_tests::bench::ServerProcess;
use load_tests::media::{ClipSize, Codec};
use load_tests::relay::{Relay, RelayPlan, Schedule, Way};
use load_tests::scenario::{self, Plan, Progress, Report, Tolerance};
use load_tests::verify::Fault;
use tokio_util::sync::CancellationToken;

fn plan(codec: Codec, publishers: u16, subscribers: u16) -> Plan {
    Plan {
        rooms: 1,
        publishers,
        subscribers,
        duration: Duration::from_secs(5),
        codec,
        audio: true,
        clip: ClipSize::Small,
        seed: 11,
        judged: u16::MAX,
        tolerance: Tolerance::None,
        bind: "127.0.0.1:0".to_owned(),
        connect_patience: Duration::from_secs(20),
        relay_port: None,
    }
}

async fn run(process: &ServerProcess, plan: &Plan) -> Report {
    scenario::run(&process.server, plan, &Progress::silent(), &CancellationToken::new()).await.unwrap()
}

async fn clean(plan: Plan) -> Report {
    let process = ServerProcess::start(&server::program()).await.unwrap();
    let report = run(&process, &plan).await;
    process.stop().await;
    assert!(report.verified, "{:#?}\n{:?}", report.failures, report.faults);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn vp8_and_opus_of_two_publishers_reach_every_viewer_whole() {
    let report = clean(plan(Codec::Vp8, 2, 3)).await;
    assert_eq!(report.judged_viewers, 3);
    assert!(report.first_frame.samples >= 3, "{:?}", report.first_frame);
}

#[tokio::test(flavor = "multi_thread")]
async fn h264_reaches_every_viewer_whole() {
    clean(Plan { clip: ClipSize::Large, ..plan(Codec::H264, 1, 3) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_do_not_leak_into_each_other() {
    clean(Plan { rooms: 3, audio: false, ..plan(Codec::Vp8, 1, 2) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_viewers_joining_at_once_reach_the_publisher_as_few_requests() {
    let report = clean(Plan { clip: ClipSize::Large, audio: false, ..plan(Codec::Vp8, 1, 24) }).await;
    assert!(report.sent_in_all.plis_in < 12, "{} keyframe requests for 24 viewers", report.sent_in_all.plis_in);
}

#[tokio::test(flavor = "multi_thread")]
async fn video_plays_on_while_five_per_cent_are_lost_each_way() {
    let process = ServerProcess::start(&server::program()).await.unwrap();
    let links: Schedule = "loss=5%".parse().unwrap();
    let plan_of_relay = RelayPlan::towards(([127, 0, 0, 1], process.media_port).into());
    let relay = Relay::start(RelayPlan { up: links.clone(), down: links, seed: 42, ..plan_of_relay }).await.unwrap();
    let lossy = Plan {
        clip: ClipSize::Large,
        duration: Duration::from_secs(10),
        tolerance: Tolerance::Loss { frames_percent_min: 99 },
        relay_port: Some(relay.address.port()),
        ..plan(Codec::Vp8, 1, 2)
    };
    let report = run(&process, &lossy).await;
    let metrics = process.server.page("/metrics").await.unwrap();
    process.stop().await;
    let relayed = relay.report().await.unwrap();
    let lost = |way| relayed.total(way).lost;
    assert!(lost(Way::Up) > 50 && lost(Way::Down) > 100, "the relay was in the way: {relayed:?}");
    let told: String =
        metrics.lines().filter(|line| line.contains("feedback")).map(|line| line.to_owned() + "\n").collect();
    let counters = (report.sent_in_all, report.received_in_all);
    assert!(report.verified, "{:#?}\n{:?}\n{counters:#?}\n{told}", report.failures, report.faults);
    assert_eq!(report.faults.get(&Fault::RewrittenTwice), None);
    // Up: the server asks and the publisher repeats. Down: viewers ask and the server repeats.
    let (up, down) = (report.sent_in_all, report.received_in_all);
    assert!(up.nacks_in > 10 && up.rtx_out > 50, "{up:?}");
    assert!(down.nacks_out > 10 && down.rtx_in > 100, "{down:?}");
    assert!(up.plis_in >= 1, "a joining viewer asks for a keyframe: {up:?}");
}
