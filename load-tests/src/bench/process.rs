//! The server as a process of its own.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::BenchError;
use crate::client::Server;

/// A server that is not ready by then will not be.
const READY_MAX: Duration = Duration::from_secs(10);
const READY_STEP: Duration = Duration::from_millis(20);

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    pub pid: u32,
    pub server: Server,
    /// UDP port of its one shard.
    pub media_port: u16,
}

impl ServerProcess {
    /// Starts one shard on free ports of loopback and waits until media can flow.
    pub async fn start(program: &Path) -> Result<Self, BenchError> {
        Self::start_with(program, &["--shards", "1"]).await
    }

    /// The same with these flags, that say how many shards.
    pub async fn start_with(program: &Path, flags: &[&str]) -> Result<Self, BenchError> {
        let failed = |source| BenchError::Start { path: program.to_owned(), source };
        let mut command = Command::new(program);
        // Nothing of this shell's own configuration: the figures are the defaults'.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SFU_")) {
            command.env_remove(name);
        }
        let mut child = command
            .args(["serve", "--http-addr", "127.0.0.1:0", "--media-port", "0", "--print-addrs"])
            .args(["--announce", "127.0.0.1", "--log", "warn"])
            // On loopback, and nobody else's for as long as it runs.
            .args(["--admin-local", "true"])
            .args(flags)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pid = child.id().ok_or_else(|| failed(io::Error::other("it ended at once")))?;
        let addresses = Addresses::of(&mut child).await?;
        let server = Server::new(&format!("http://{}", addresses.http), None)?;
        let process = Self { child, pid, server, media_port: addresses.media_port()? };
        process.ready().await
    }

    async fn ready(mut self) -> Result<Self, BenchError> {
        let end = tokio::time::Instant::now() + READY_MAX;
        loop {
            let said = match self.server.page("/readyz").await {
                Ok(_) => return Ok(self),
                Err(error) => error.to_string(),
            };
            if let Some(status) = self.child.try_wait().ok().flatten() {
                return Err(not_ready(&format!("it ended with {status}")));
            }
            if tokio::time::Instant::now() >= end {
                return Err(not_ready(&said));
            }
            tokio::time::sleep(READY_STEP).await;
        }
    }

    /// Ends it.
    pub async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "ending the server");
        }
    }
}

fn not_ready(said: &str) -> BenchError {
    BenchError::NotReady { waited: READY_MAX, said: said.to_owned() }
}

/// What `--print-addrs` prints: one line of JSON.
#[derive(Debug, serde::Deserialize)]
struct Addresses {
    http: SocketAddr,
    /// For each shard its sockets' addresses.
    media: Vec<Vec<SocketAddr>>,
}

impl Addresses {
    async fn of(child: &mut Child) -> Result<Self, BenchError> {
        let stdout = child.stdout.take().ok_or_else(|| not_ready("it has no output"))?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(READY_MAX, lines.next_line()).await;
        let line = line.ok().and_then(Result::ok).flatten().ok_or_else(|| not_ready("it printed no addresses"))?;
        serde_json::from_str(&line).map_err(|error| not_ready(&format!("it printed {line:?}: {error}")))
    }

    fn media_port(&self) -> Result<u16, BenchError> {
        let shard = self.media.iter().flatten().find(|address| address.is_ipv4());
        shard.map(SocketAddr::port).ok_or_else(|| not_ready("it has no media socket for IPv4"))
    }
}
