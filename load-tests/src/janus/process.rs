//! Janus as a process of our own, in a folder of its own; the system's service is not touched.

use std::fs::File;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::{JanusError, configuration};

/// A Janus that is not ready by then will not be.
const READY_MAX: Duration = Duration::from_secs(10);
const READY_STEP: Duration = Duration::from_millis(50);
/// Of its log, when it does not start: the last lines tell why.
const TOLD_MAX: usize = 600;

/// A running Janus; it ends with this value, and so does its folder.
#[derive(Debug)]
pub struct JanusProcess {
    // Before the folder, so that it is gone first.
    child: Child,
    pub pid: u32,
    /// Of its API.
    pub url: String,
    /// Where its media is: the address that it found for itself, since it leaves loopback out.
    pub media: IpAddr,
    pub version: String,
    folder: Folder,
}

/// A folder that ends with this value.
#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind in the temporary folder harms nobody.
        let _ = configuration::remove(&self.0);
    }
}

/// What is read of `/janus/info`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Info {
    #[serde(rename = "version_string")]
    version: String,
    local_ip: IpAddr,
}

impl JanusProcess {
    /// Starts `program` on a free port of loopback and waits until its API answers; `event_loops` is a number of threads for media
    /// instead of one for each handle.
    ///
    /// # Errors
    /// When it is not installed, or does not start.
    pub async fn start(program: &Path, event_loops: Option<u16>) -> Result<Self, JanusError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let failed = |source| JanusError::Start { program: program.to_owned(), source };
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map_err(failed)?.port();
        let name = format!("sfu-load-janus-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Folder(std::env::temp_dir().join(name));
        configuration::write(&folder.0, port, event_loops)?;
        let log = File::create(folder.0.join("janus.log")).map_err(failed)?;
        let child = command(program, &folder.0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pid = child.id().ok_or_else(|| failed(io::Error::other("it ended at once")))?;
        let url = format!("http://127.0.0.1:{port}/janus");
        let unknown = IpAddr::from([127, 0, 0, 1]);
        Self { child, pid, url, media: unknown, version: String::new(), folder }.ready().await
    }

    async fn ready(mut self) -> Result<Self, JanusError> {
        let end = tokio::time::Instant::now() + READY_MAX;
        loop {
            let said = match info(&self.url).await {
                Ok(info) => {
                    (self.media, self.version) = (info.local_ip, info.version);
                    return Ok(self);
                }
                Err(error) => error.to_string(),
            };
            if let Some(status) = self.child.try_wait().ok().flatten() {
                return Err(self.not_ready(&format!("it ended with {status}")));
            }
            if tokio::time::Instant::now() >= end {
                return Err(self.not_ready(&said));
            }
            tokio::time::sleep(READY_STEP).await;
        }
    }

    fn not_ready(&self, why: &str) -> JanusError {
        let log = std::fs::read_to_string(self.folder.0.join("janus.log")).unwrap_or_default();
        let at = log.char_indices().rev().take(TOLD_MAX).last().map_or(0, |(at, _)| at);
        let told = log.get(at..).unwrap_or_default();
        JanusError::NotReady { waited: READY_MAX, said: format!("{why}; its log ends with: {told}") }
    }

    /// Ends it.
    pub async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "ending Janus");
        }
    }
}

/// Each viewer takes some descriptors of Janus, and a shell's limit is often 1,024; its service on Debian has 65,536. The
/// shell becomes Janus, so that the process number is Janus' own.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "ulimit -n \"$(ulimit -H -n)\"; exec \"$0\" \"$@\""])
        .arg(program)
        .arg("--configs-folder")
        .arg(folder)
        .arg("--config")
        .arg(folder.join("janus.jcfg"));
    command
}

async fn info(url: &str) -> Result<Info, JanusError> {
    let url = format!("{url}/info");
    let unreachable = |source| JanusError::Unreachable { url: url.clone(), source };
    let response = reqwest::get(&url).await.map_err(unreachable)?;
    Ok(serde_json::from_str(&response.text().await.map_err(unreachable)?)?)
}
