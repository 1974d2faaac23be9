//! Carries out the comparison: each row on our server and on each Janus, all started for it, in turns, so that whatever changes on
//! the machine meets all of them; every second row the other way round, so that nobody is always the first.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::comparison::Compared;
use super::system::Janus;
use crate::account;
use crate::bench::{self, BenchError, BenchPlan, RowReport, Sfu, System};
use crate::lean::Live;

/// All figures, and where they were taken.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    /// Of each Janus its version, and how it differs from its defaults.
    pub janus: Vec<String>,
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

/// Measures the rows of `plan`, whose system is replaced by each in turns; `stop` ends after what is measured so far.
///
/// # Errors
/// When Janus is not installed, and [`BenchError::Stopped`] when nothing was measured.
pub async fn compare(
    ours: Sfu,
    janus: Vec<Janus>,
    plan: &BenchPlan,
    live: &Live,
    stop: &CancellationToken,
) -> Result<Comparison, BenchError> {
    // Before anything is measured for minutes: is it there at all?
    let mut versions = Vec::new();
    for janus in &janus {
        versions.push(janus.version().await?);
    }
    let mut systems: Vec<Arc<dyn System>> = vec![Arc::new(ours)];
    systems.extend(janus.into_iter().map(|janus| -> Arc<dyn System> { Arc::new(janus) }));
    let mut comparison = Comparison {
        processor: account::processor(),
        processors: account::processors(),
        kernel: account::kernel(),
        janus: versions,
        window_seconds: plan.window.as_secs_f64(),
        repeats: plan.repeats,
        rows: Vec::new(),
    };
    for (number, row) in plan.rows.iter().enumerate() {
        // Janus connects nobody to an empty room, so those who wait there cannot be compared.
        let row = bench::Row { measures_idle: false, profiles: false, ..row.clone() };
        let of = |system: &Arc<dyn System>| BenchPlan {
            system: Arc::clone(system),
            rows: vec![row.clone()],
            ..plan.clone()
        };
        let mut turns: Vec<usize> = (0..systems.len()).collect();
        if number % 2 == 1 {
            turns.reverse();
        }
        let mut outcomes = BTreeMap::new();
        for (turn, system) in turns.iter().filter_map(|turn| Some((*turn, systems.get(*turn)?))) {
            outcomes.insert(turn, measured(&of(system), live, stop).await);
        }
        if stop.is_cancelled() {
            // What was interrupted says nothing.
            break;
        }
        let mut outcomes = outcomes.into_values();
        if let Some(on_ours) = outcomes.next() {
            comparison.rows.push(Compared::new(&row.name, on_ours, outcomes.zip(comparison.janus.clone()).collect()));
        }
    }
    if comparison.rows.is_empty() { Err(BenchError::Stopped) } else { Ok(comparison) }
}

/// The one row of `plan`, or why there is none.
async fn measured(plan: &BenchPlan, live: &Live, stop: &CancellationToken) -> Result<RowReport, String> {
    let report = bench::run(plan, live, stop).await.map_err(|error| error.to_string())?;
    let passed_over = report.passed_over.into_iter().next().map(|row| row.why);
    report.rows.into_iter().next().ok_or_else(|| passed_over.unwrap_or_default())
}
