//! What forwarding costs the server: CPU time per forwarded packet, memory per participant, latency of frames.
//!
//! The server runs as a process of its own and the operating system accounts for it, so clients on the same machine do
//! not count. Forwarded packets are those that viewers received. Invariant: a figure that the clients' own slowness
//! spoiled is marked with a warning.

mod draw;
mod process;
mod step;
mod system;
mod threads;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::client::ClientError;
use crate::janus::JanusError;
use crate::media::Codec;
use crate::scenario::Progress;

pub use draw::draw;
pub use process::ServerProcess;
pub(crate) use process::{kernel, own_cpu, processor, processors};
pub use step::{Spread, Step};
pub use system::{Running, Sends, Sfu, System};
pub(crate) use threads::ThreadTimes;

/// What to measure.
#[derive(Clone, Debug)]
pub struct BenchPlan {
    /// The server's program.
    pub server: PathBuf,
    /// Crowds to measure, each with a fresh server.
    pub viewers: Vec<u16>,
    pub repeats: u16,
    pub window: Duration,
    pub codec: Codec,
    pub audio: bool,
    /// Viewers judged packet by packet.
    pub judged: u16,
}

/// All figures, and where they were taken.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    pub codec: Codec,
    pub audio: bool,
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    pub window_seconds: f64,
    pub repeats: u16,
    pub steps: Vec<Step>,
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
    #[error("{path} cannot be written: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the figures cannot be drawn: {0}")]
    Draw(String),
    #[error("stopped before the first crowd was measured")]
    Stopped,
}

/// Measures every crowd in turn; `stop` ends after what is measured so far.
pub async fn run(plan: &BenchPlan, progress: &Progress, stop: &CancellationToken) -> Result<BenchReport, BenchError> {
    let mut steps = Vec::new();
    for viewers in &plan.viewers {
        if stop.is_cancelled() {
            break;
        }
        steps.push(step::measure(plan, *viewers, progress, stop).await?);
    }
    if steps.is_empty() {
        return Err(BenchError::Stopped);
    }
    Ok(BenchReport {
        codec: plan.codec,
        audio: plan.audio,
        processor: process::processor(),
        processors: process::processors(),
        kernel: process::kernel(),
        window_seconds: plan.window.as_secs_f64(),
        repeats: plan.repeats,
        steps,
    })
}

impl BenchReport {
    /// Whether all media was right; slow is not wrong.
    pub fn verified(&self) -> bool {
        self.steps.iter().all(|step| step.failures.is_empty())
    }
}

/// Writes a report's file.
pub fn write_file(path: &Path, text: &str) -> Result<(), BenchError> {
    std::fs::write(path, text).map_err(|source| BenchError::Write { path: path.to_owned(), source })
}
