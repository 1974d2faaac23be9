//! Whole runs over sockets against a toy server: an honest one passes, and each misconduct is called by its name.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's own helpers may fail the test")]

mod relay;

use std::time::Duration;

use load_tests::media::{ClipSize, Codec};
use load_tests::scenario::{self, Plan, Progress, Report, Tolerance};
use load_tests::verify::Fault;
use relay::{Conduct, DELAY};
use tokio_util::sync::CancellationToken;

fn plan(publishers: u16, subscribers: u16) -> Plan {
    Plan {
        rooms: 1,
        publishers,
        subscribers,
        duration: Duration::from_secs(3),
        codec: Codec::Vp8,
        audio: true,
        clip: ClipSize::Small,
        seed: 7,
        judged: u16::MAX,
        tolerance: Tolerance::None,
        bind: "127.0.0.1:0".to_owned(),
        connect_patience: Duration::from_secs(10),
        relay_port: None,
    }
}

async fn judged(conduct: Conduct, plan: &Plan) -> Report {
    let server = relay::start(conduct).await;
    scenario::run(&server, plan, &Progress::silent(), &CancellationToken::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_server_passes() {
    let report = judged(Conduct::Honest, &plan(2, 2)).await;
    assert!(report.verified, "{:#?}", report.failures);
    assert_eq!(report.judged_viewers, 2);
    // Two viewers of two cameras at 30 and two microphones at 50 frames a second.
    assert!(report.frames > 2 * 2 * 80 * 2, "{} frames", report.frames);
    assert!(report.first_frame.samples == 4 && report.frame_latency.p50_ms > 0.0);
    assert!(report.sent_in_all.plis_in > 0 && report.received.rtp_in > report.sent.rtp_out);
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_that_only_count_see_the_same_packets() {
    let report = judged(Conduct::Honest, &Plan { judged: 1, audio: false, ..plan(1, 3) }).await;
    assert!(report.verified, "{:#?}", report.failures);
    assert_eq!((report.judged_viewers, report.counting_viewers), (1, 2));
    let (received, sent) = (report.received.rtp_in, report.sent.rtp_out);
    assert!(received.abs_diff(3 * sent) < sent / 5, "{received} received of {sent} sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_interrupted_still_reports() {
    let server = relay::start(Conduct::Honest).await;
    let stop = CancellationToken::new();
    let interrupt = stop.clone();
    let long = Plan { duration: Duration::from_secs(3_600), ..plan(1, 1) };
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        interrupt.cancel();
    });
    let report = scenario::run(&server, &long, &Progress::silent(), &stop).await.unwrap();
    assert!(report.seconds < 60.0 && report.frames > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_misconduct_is_found() {
    let cases = [
        (Conduct::LosesPackets, 1, 1, Fault::Lost),
        (Conduct::SkipsFrames, 1, 1, Fault::FrameMissing),
        (Conduct::CrossesPublishers, 1, 2, Fault::WrongPublisher),
        (Conduct::CrossesRooms, 2, 1, Fault::WrongRoom),
        (Conduct::StartsAnywhere, 1, 1, Fault::NotKeyframeStart),
    ];
    // Side by side: each waits for real time most of the time.
    let found = cases.map(|(conduct, rooms, publishers, fault)| async move {
        let report = judged(conduct, &Plan { rooms, audio: false, ..plan(publishers, 1) }).await;
        assert!(!report.verified, "{conduct:?}");
        assert!(report.faults.contains_key(&fault), "{conduct:?}: {:?}", report.faults);
    });
    futures::future::join_all(found).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_frame_that_never_comes_is_said() {
    let report =
        judged(Conduct::SendsNothing, &Plan { audio: false, duration: Duration::from_secs(1), ..plan(1, 1) }).await;
    assert!(!report.verified && report.failures.len() == 1, "{:#?}", report.failures);
    assert_eq!((report.frames, report.first_frame.samples), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_within_the_server_is_in_the_latency() {
    let report = judged(Conduct::Delays, &Plan { audio: false, ..plan(1, 1) }).await;
    assert!(report.verified, "{:#?}", report.failures);
    let (median, added) = (report.frame_latency.p50_ms, DELAY.as_secs_f64() * 1_000.0);
    assert!(median >= added, "{median} ms, of which the server added {added}");
}
