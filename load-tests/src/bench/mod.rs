//! What forwarding costs the server: CPU time per forwarded packet, memory per participant, latency of frames.
//!
//! The server runs as a process of its own and the operating system accounts for it, so clients on the same machine do
//! not count. Forwarded packets are those that viewers received. Invariant: a figure that the clients' own slowness
//! spoiled is marked with a warning.

mod bare;
mod batches;
mod draw;
mod measure;
mod process;
mod report;
mod rows;
mod system;
mod table;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::account;
use crate::client::ClientError;
use crate::janus::JanusError;
use crate::lean::{LeanError, Live};

pub use batches::Batches;
pub use draw::draw;
pub use process::ServerProcess;
pub use report::{BenchReport, Memory, PassedOver, RowReport, Spread};
pub use rows::{Row, matrix};
pub use system::{Running, Sends, Sfu, System};
pub use table::{Style, of_bench};
pub(crate) use table::{delivered, frames_to_all, in_style, to_the_last};

/// What to measure.
#[derive(Clone, Debug)]
pub struct BenchPlan {
    pub system: Arc<dyn System>,
    /// Crowds to measure, each with a fresh server.
    pub rows: Vec<Row>,
    pub repeats: u16,
    pub window: Duration,
    /// Threads that carry the viewers.
    pub threads: usize,
}

/// The benchmark could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error(
        "{path} cannot be started ({source}); build it with `cargo build --release -p sfu-server`, or name it with --server"
    )]
    Start { path: PathBuf, source: std::io::Error },
    #[error("the server was not ready within {waited:?}: {said}")]
    NotReady { waited: Duration, said: String },
    #[error("the operating system does not account for process {pid}: {source}")]
    Accounting { pid: u32, source: std::io::Error },
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Janus(#[from] JanusError),
    #[error(transparent)]
    Lean(#[from] LeanError),
    #[error("no row is called {asked}; there are {known}")]
    NoSuchRow { asked: String, known: String },
    #[error("{path} cannot be written: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the figures cannot be drawn: {0}")]
    Draw(String),
    #[error("stopped before the first row was measured")]
    Stopped,
}

/// Measures every row in turn; `stop` ends after what is measured so far. A row that fails does not keep the others.
///
/// # Errors
/// [`BenchError::Stopped`] when nothing was measured, and the first row's error when none could be.
pub async fn run(plan: &BenchPlan, live: &Live, stop: &CancellationToken) -> Result<BenchReport, BenchError> {
    let mut report = BenchReport {
        system: plan.system.name(),
        processor: account::processor(),
        processors: account::processors(),
        kernel: account::kernel(),
        window_seconds: plan.window.as_secs_f64(),
        repeats: plan.repeats,
        rows: Vec::new(),
        passed_over: Vec::new(),
    };
    let mut first_error = None;
    for (number, row) in plan.rows.iter().enumerate() {
        if stop.is_cancelled() {
            break;
        }
        let title = format!("{} {}/{} {}", report.system, number + 1, plan.rows.len(), row.name);
        live.begin(&title);
        if let Some(why) = plan.system.lacks(&row.shape) {
            live.say(&format!("{title}: passed over, {why}"));
            report.passed_over.push(PassedOver { name: row.name.clone(), why: why.to_owned(), failed: false });
            continue;
        }
        match measure::measure(plan, row, live, stop).await {
            Ok(measured) => {
                live.say(&format!("{title}: {}", table::in_short(&measured)));
                report.rows.push(measured);
            }
            Err(BenchError::Stopped) => break,
            Err(error) => {
                live.say(&format!("{title}: {error}"));
                report.passed_over.push(PassedOver { name: row.name.clone(), why: error.to_string(), failed: true });
                first_error.get_or_insert(error);
            }
        }
    }
    live.clear();
    if report.rows.is_empty() { Err(first_error.unwrap_or(BenchError::Stopped)) } else { Ok(report) }
}

/// Writes a report's file, and its folder where there is none.
pub fn write_file(path: &Path, text: &str) -> Result<(), BenchError> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = folder.and_then(|()| std::fs::write(path, text));
    written.map_err(|source| BenchError::Write { path: path.to_owned(), source })
}
