//! A run: rooms of publishers and viewers, from the first join to the last report.
//!
//! `plan` says how many of what, `stage` brings them on and off, `window` measures between two moments, `report` sums up.
//! Invariant: whatever fails is in the report; a run never ends without one once somebody has joined.

mod plan;
mod report;
mod stage;
mod window;

pub use plan::{Plan, Tolerance};
pub use report::{Percentiles, Report, ViewerFinding};
pub use stage::{Progress, Stage};
pub use window::Window;

use tokio_util::sync::CancellationToken;

use crate::client::{ClientError, Server};

/// Runs `plan` until its time is over or `stop` is cancelled, and tells `progress` how it goes.
///
/// # Errors
/// When not everybody could join; what went wrong afterwards is in the report.
pub async fn run(
    server: &Server,
    plan: &Plan,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Report, ClientError> {
    let stage = Stage::set(server, plan, progress, stop).await?;
    stage.first_frames(stop).await;
    let window = Window::open(&stage);
    progress.playing(plan.duration, stop).await;
    let window = window.close(&stage);
    let findings = stage.clear().await;
    Ok(Report::new(plan, &window, findings))
}
