//! Carries out the comparison: each row first on our server, then on Janus, each started for it, so that whatever changes on the
//! machine meets both.

use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::comparison::Compared;
use super::system::Janus;
use crate::bench::{self, BenchError, BenchPlan, RowReport, Sfu, System};
use crate::lean::Live;

/// All figures, and where they were taken.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    pub janus_version: String,
    pub window_seconds: f64,
    pub repeats: u16,
    pub rows: Vec<Compared>,
}

impl Comparison {
    /// Whether nothing came that no server may send; slow, and lost, is not wrong.
    pub fn verified(&self) -> bool {
        !self.rows.iter().any(Compared::is_broken)
    }
}

/// Measures the rows of `plan`, whose system is replaced by both in turns; `stop` ends after what is measured so far.
///
/// # Errors
/// When Janus is not installed, and [`BenchError::Stopped`] when nothing was measured.
pub async fn compare(
    ours: Sfu,
    janus: Janus,
    plan: &BenchPlan,
    live: &Live,
    stop: &CancellationToken,
) -> Result<Comparison, BenchError> {
    // Before anything is measured for minutes: is it there at all?
    let janus_version = janus.version().await?;
    let (ours, janus): (Arc<dyn System>, Arc<dyn System>) = (Arc::new(ours), Arc::new(janus));
    let mut comparison = Comparison {
        processor: bench::processor(),
        processors: bench::processors(),
        kernel: bench::kernel(),
        janus_version,
        window_seconds: plan.window.as_secs_f64(),
        repeats: plan.repeats,
        rows: Vec::new(),
    };
    for row in &plan.rows {
        // Janus connects nobody to an empty room, so those who wait there cannot be compared.
        let row = bench::Row { measures_idle: false, ..row.clone() };
        let of = |system: &Arc<dyn System>| BenchPlan {
            system: Arc::clone(system),
            rows: vec![row.clone()],
            ..plan.clone()
        };
        let on_ours = measured(&of(&ours), live, stop).await;
        let on_janus = measured(&of(&janus), live, stop).await;
        if stop.is_cancelled() {
            // What was interrupted says nothing.
            break;
        }
        comparison.rows.push(Compared::new(&row.name, on_ours, on_janus));
    }
    if comparison.rows.is_empty() { Err(BenchError::Stopped) } else { Ok(comparison) }
}

/// The one row of `plan`, or why there is none.
async fn measured(plan: &BenchPlan, live: &Live, stop: &CancellationToken) -> Result<RowReport, String> {
    let report = bench::run(plan, live, stop).await.map_err(|error| error.to_string())?;
    let passed_over = report.passed_over.into_iter().next().map(|row| row.why);
    report.rows.into_iter().next().ok_or_else(|| passed_over.unwrap_or_default())
}
