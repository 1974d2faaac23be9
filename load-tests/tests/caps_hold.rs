//! Caps on a real server, by requests to its API, as the viewers' own sockets count what comes.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail the test")]

mod server;

use std::time::Duration;

use load_tests::bench::ServerProcess;
use load_tests::cap_proof::{self, CapProofPlan, Change, Field, Step, Whom, of_cap_proof, page};
use load_tests::lean::Live;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn no_window_of_a_viewer_breaks_its_bound() {
    let step = |changes: Vec<Change>| Step { changes, time: Duration::from_secs(3) };
    let own = |bps| Change::new(Whom::Viewer(0), Field::SubscribeMaxBps, bps);
    let room = |bps| Change::new(Whom::Room, Field::SubscribeMaxBps, bps);
    let steps = [vec![], vec![own(Some(900_000))], vec![own(None), room(Some(400_000))], vec![room(None)]];
    let plan = CapProofPlan {
        subscribers: 2,
        seed: 31,
        steps: steps.into_iter().map(step).collect(),
        bind: "127.0.0.1:0".to_owned(),
    };
    let process = ServerProcess::start(&server::program()).await.unwrap();
    let report = cap_proof::run(&process.server, &plan, &Live::silent(), &CancellationToken::new()).await.unwrap();
    process.stop().await;
    let told = of_cap_proof(&report);
    // A machine that reads a second's worth late sees it come at once, and no cap allows that.
    let late = report.viewers.iter().any(|viewer| viewer.latest_look_s > 0.5);
    assert!(late || (report.held && report.worst.violations == 0), "{told}");
    assert!((report.stretches, report.steps.len(), report.viewers.len()) == (3, 4, 2), "{told}");
    let capped = report.viewers.first().unwrap();
    let seconds = |step: usize| {
        let step = report.steps.get(step).unwrap();
        let within =
            capped.course.seconds.iter().filter(|it| it.from_s >= step.answered_s && it.until_s <= step.until_s);
        within.map(|second| second.bps).fold(0.0, f64::max)
    };
    // Two pictures of 2.5 Mbit/s come where nothing limits them.
    assert!(seconds(0) > 1_500_000.0 && seconds(0) > 1.5 * seconds(1), "{told}");
    for slot in &capped.slots {
        assert!(
            slot.told.iter().any(|span| span.limited_by.is_some())
                && slot.told.iter().any(|span| span.height == Some(360)),
            "{slot:?}"
        );
        assert!(slot.shown.iter().any(|span| span.height < 360), "{slot:?}");
    }
    assert!(report.picture_back_s.is_some(), "{told}");
    let page = page(&report);
    assert!(
        page.contains("no window broke its bound") && page.matches("<svg").count() > 2 && !page.contains("http"),
        "a page that needs nothing else"
    );
}
