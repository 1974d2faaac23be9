//! Each attack in small against the real server: its bars are held where they do not hang on how fast this machine is, and a
//! server that is not on this machine is left alone.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail the test")]

mod server;

use std::process::Command;
use std::time::Duration;

use load_tests::attack::audience::Audience;
use load_tests::attack::client_hello::ClientHelloPlan;
use load_tests::attack::collide::CollidePlan;
use load_tests::attack::flood::{FloodPlan, Kind};
use load_tests::attack::half_open::HalfOpenPlan;
use load_tests::attack::replay::ReplayPlan;
use load_tests::attack::{AttackReport, Consent, Target, client_hello, collide, flood, half_open, replay};
use load_tests::bench::ServerProcess;

async fn server() -> (ServerProcess, Target) {
    let process = ServerProcess::start(&server::program()).await.unwrap();
    let bind = "127.0.0.1:0".to_owned();
    let target = Target::new(process.server.clone(), bind, None, 7, Consent::Unsaid).unwrap();
    (process, target)
}

/// A bar that has nothing to do with time.
fn bar(report: &AttackReport, name: &str) -> f64 {
    let bar = report.bars.iter().find(|bar| bar.name == name);
    assert!(bar.is_some(), "{name} is no bar of {}", report.table());
    bar.unwrap().value
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shown_another_whose_streams_have_the_same_names() {
    let (process, target) = server().await;
    let plan = CollidePlan { seconds: 1, rooms: 2, publishers: 2 };
    let report = collide::run(&target, &plan).await.unwrap();
    assert!(report.held, "{}", report.table());
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_client_hellos_cost_nobody_a_session() {
    let (process, target) = server().await;
    let report = client_hello::run(&target, &ClientHelloPlan { tries: 300, sessions: 5 }).await.unwrap();
    assert!(report.held, "{}", report.table());
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_are_not_accepted() {
    let (process, target) = server().await;
    let report = replay::run(&target, &ReplayPlan { replays: 20_000, rate: 20_000 }).await.unwrap();
    let bars = [
        "SRTP replays accepted then",
        "SRTCP replays accepted then",
        "replays of which nobody knows what became",
        "replays accepted",
        "packets stored twice",
        "packets that the viewer got twice",
    ];
    assert!(bars.iter().all(|name| bar(&report, name) < 0.5), "{}", report.table());
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_answered_with_less_than_it_is() {
    let (process, target) = server().await;
    let plan = FloodPlan { kind: Kind::Mixed, rate: 5_000, seconds: 1, viewers: 2 };
    let report = flood::run(&target, &plan).await.unwrap();
    assert!(bar(&report, "bytes back for each byte of the flood") < 0.01, "{}", report.table());
    process.stop().await;
}

/// A server that is held falls silent: no number is missing then, and nothing else is wrong with what came.
#[tokio::test(flavor = "multi_thread")]
async fn an_audience_that_sees_nothing_more_is_not_borne() {
    let (process, target) = server().await;
    let pid = process.pid.to_string();
    let signal = move |signal: &str| Command::new("kill").args([signal, &pid]).status().unwrap();
    let audience = Audience::gather(&target, 2).await.unwrap();
    let held = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        signal("-STOP");
        tokio::time::sleep(Duration::from_secs(4)).await;
    };
    let seen = audience.during(held);
    // Once the clients have stopped, they say goodbye, which must be answered.
    let (seen, ()) = tokio::join!(seen, async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        signal("-CONT");
    });
    let mut report = AttackReport::new("nothing");
    seen.0.tell(&mut report, "viewers who did not watch");
    assert!(seen.0.lost_percent > 25.0, "{} % lost", seen.0.lost_percent);
    assert!(report.failures.iter().any(|words| words.contains("media stopped")), "{}", report.table());
    assert!(!report.held && bar(&report, "viewers who did not watch") < 0.5, "{}", report.table());
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_sessions_go_by_themselves() {
    let (process, target) = server().await;
    let report = half_open::run(&target, &HalfOpenPlan { count: 30 }).await.unwrap();
    assert!(bar(&report, "left") < 0.5, "{}", report.table());
    let figure = |name| report.figures.iter().find(|figure| figure.name == name).unwrap().value;
    assert!((figure("handshakes that stopped in the middle") - 10.0).abs() < 0.5, "{}", report.table());
    assert!((figure("answered checks") - 20.0).abs() < 0.5, "{}", report.table());
    process.stop().await;
}
