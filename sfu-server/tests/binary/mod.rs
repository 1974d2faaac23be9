//! The real binary, started on ports of its own and spoken to over HTTP.
#![allow(dead_code, reason = "each test binary uses its part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    pub http: SocketAddr,
    pub https: Option<SocketAddr>,
    pub media: Vec<Vec<SocketAddr>>,
}

pub fn binary(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfu-server"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SFU_") {
            command.env_remove(name);
        }
    }
    command.args(["serve", "--http-addr", "127.0.0.1:0", "--print-addrs"]).args(flags);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn start(flags: &[&str]) -> Running {
    let mut child = binary(flags).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let addresses: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| {
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        panic!("`{line}` is not JSON; standard error: {err}")
    });
    let parse = |value: &serde_json::Value| value.as_str().unwrap().parse().unwrap();
    let media = addresses["media"].as_array().unwrap().iter();
    let media = media.map(|shard| shard.as_array().unwrap().iter().map(parse).collect()).collect();
    let https = addresses.get("https").map(parse);
    Running { child, out, http: parse(&addresses["http"]), https, media }
}

/// What the server said.
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Reply {
    /// A header's value; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

impl Running {
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", "")
    }

    pub fn send(&self, method: &str, path: &str, content_type: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (length, host) = (body.len(), self.http);
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// A metric's value, summed over the shards.
    pub fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").body;
        let rows = metrics.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        rows.map(|row| row.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    /// Waits until a metric is as wanted.
    pub async fn wait_for(&self, name: &str, wanted: impl Fn(u64) -> bool) {
        for _ in 0..1_000 {
            if wanted(self.metric(name)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{name} stays at {}", self.metric(name));
    }

    /// Sends a signal; the rest is for `ended`.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// Sends a signal and gives the exit code and the log.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), err)
    }
}

impl Drop for Running {
    /// A failed test must not leave its server behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
