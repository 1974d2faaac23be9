//! The server as a process of its own, and the operating system's account of it.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

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
    pid: u32,
    pub server: Server,
    /// UDP port of its one shard.
    pub media_port: u16,
}

impl ServerProcess {
    /// Starts one shard on free ports of loopback and waits until media can flow.
    pub async fn start(program: &Path) -> Result<Self, BenchError> {
        let http = free_port().map_err(BenchError::Port)?;
        let media = free_udp_port().map_err(BenchError::Port)?;
        let failed = |source| BenchError::Start { path: program.to_owned(), source };
        let mut command = Command::new(program);
        // Nothing of this shell's own configuration: the figures are the defaults'.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SFU_")) {
            command.env_remove(name);
        }
        let child = command
            .args(["serve", "--http-addr", &format!("127.0.0.1:{http}"), "--media-port", &media.to_string()])
            .args(["--shards", "1", "--announce", "127.0.0.1"])
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pid = child.id().ok_or_else(|| failed(io::Error::other("it ended at once")))?;
        let process =
            Self { child, pid, server: Server::new(&format!("http://127.0.0.1:{http}"), None)?, media_port: media };
        process.ready().await
    }

    async fn ready(mut self) -> Result<Self, BenchError> {
        let end = tokio::time::Instant::now() + READY_MAX;
        loop {
            let said = match self.server.page("/readyz").await {
                Ok(_) => return Ok(self),
                Err(error) => error.to_string(),
            };
            let gone = self.child.try_wait().ok().flatten();
            if let Some(status) = gone {
                return Err(BenchError::NotReady { waited: Duration::ZERO, said: format!("it ended with {status}") });
            }
            if tokio::time::Instant::now() >= end {
                return Err(BenchError::NotReady { waited: READY_MAX, said });
            }
            tokio::time::sleep(READY_STEP).await;
        }
    }

    /// CPU time of all its threads so far, user and system.
    pub fn cpu(&self) -> Result<Duration, BenchError> {
        cpu_of(self.pid).map_err(|source| BenchError::Accounting { pid: self.pid, source })
    }

    /// Resident memory, bytes.
    pub fn resident(&self) -> Result<u64, BenchError> {
        resident_of(self.pid).map_err(|source| BenchError::Accounting { pid: self.pid, source })
    }

    /// Ends it.
    pub async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "ending the server");
        }
    }
}

/// CPU time of this process.
pub fn own_cpu() -> Result<Duration, BenchError> {
    let pid = std::process::id();
    cpu_of(pid).map_err(|source| BenchError::Accounting { pid, source })
}

/// Sum over threads of the first field of `schedstat`: nanoseconds on a processor. `stat` would count in ticks of 10 ms.
fn cpu_of(pid: u32) -> io::Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end between the listing and the reading.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let nanos = text.split(' ').next().and_then(|field| field.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        sum += Duration::from_nanos(nanos);
    }
    Ok(sum)
}

fn resident_of(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or(io::ErrorKind::InvalidData)?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(kib * 1024)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn free_udp_port() -> io::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The processor's name, for the report.
pub fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

/// Processors that this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The kernel's release, for the report.
pub fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_accounted_for() {
        let before = own_cpu().unwrap();
        let start = std::time::Instant::now();
        let mut sum = 0_u64;
        while start.elapsed() < Duration::from_millis(60) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        assert!(own_cpu().unwrap() - before > Duration::from_millis(5));
        assert!(resident_of(std::process::id()).unwrap() > 1 << 20);
    }
}
