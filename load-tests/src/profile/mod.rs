//! Where a server's CPU time goes, by stages of a packet's walk: Linux `perf` looks at it many times a second, and its stacks are
//! sorted by the names in them.

mod breakdown;
mod stack;

pub use breakdown::{Breakdown, Stage};
pub use stack::{Stack, folded};

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Looks at each running thread, a second. No multiple of a frame's or a sound's rate, so that none is favoured.
const LOOKS_PER_SECOND: &str = "1999";
/// Unwound from a copy of the stack, by tables that every binary has: no build of its own is needed.
const CALL_GRAPH: &str = "dwarf,16384";

/// Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("perf is not installed (Debian: linux-perf)")]
    NoPerf,
    #[error("perf cannot look at the server: {0}")]
    Refused(String),
    #[error("perf cannot be run: {0}")]
    Run(#[from] std::io::Error),
    #[error("perf saw nothing of the server")]
    Nothing,
}

/// Looks at a process for so long; the recording, which may be large, is put into `folder` meanwhile.
///
/// # Errors
/// [`ProfileError::NoPerf`] where there is no `perf`, and others where it does not do what it should.
pub async fn record(pid: u32, time: Duration, folder: &Path) -> Result<Vec<Stack>, ProfileError> {
    let file = folder.join(format!("sfu-perf-{pid}.data"));
    let recorded = record_into(&file, pid, time).await;
    let stacks = match recorded {
        Ok(()) => read(&file).await,
        Err(error) => Err(error),
    };
    if let Err(error) = std::fs::remove_file(&file)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %file.display(), "a recording stays behind");
    }
    stacks
}

async fn record_into(file: &PathBuf, pid: u32, time: Duration) -> Result<(), ProfileError> {
    let mut command = Command::new("perf");
    command
        .args(["record", "--quiet", "-e", "cpu-clock", "-F", LOOKS_PER_SECOND, "--call-graph", CALL_GRAPH])
        .arg("-p")
        .arg(pid.to_string())
        .arg("-o")
        .arg(file)
        .args(["--", "sleep", &time.as_secs_f64().to_string()]);
    let output = output(command).await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(ProfileError::Refused(said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()))
}

async fn read(file: &PathBuf) -> Result<Vec<Stack>, ProfileError> {
    let mut command = Command::new("perf");
    command.args(["script", "--no-inline", "-F", "comm,tid,ip,sym,dso", "-i"]).arg(file);
    let output = output(command).await?;
    let stacks = stack::parse(&String::from_utf8_lossy(&output.stdout));
    if stacks.is_empty() { Err(ProfileError::Nothing) } else { Ok(stacks) }
}

async fn output(mut command: Command) -> Result<std::process::Output, ProfileError> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    command.output().await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => ProfileError::NoPerf,
        _ => ProfileError::Run(error),
    })
}
