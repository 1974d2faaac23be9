//! The real binary from start to end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    http: SocketAddr,
    media: Vec<Vec<SocketAddr>>,
}

fn binary(flags: &[&str]) -> Command {
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

fn start(flags: &[&str]) -> Running {
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
    Running { child, out, http: parse(&addresses["http"]), media }
}

impl Running {
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: sfu\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// Sends a signal and gives the exit code and the log.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), err)
    }
}

#[test]
fn it_starts_is_ready_and_ends_with_0_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let server = start(&["--media-port", "0", "--shards", "2"]);
        assert_eq!(server.media.len(), 2);
        assert!(server.media.iter().flatten().all(|socket| socket.port() != 0));
        assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
        assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
        let (code, log) = server.end(signal);
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(&format!("SIG{signal}")), "{log}");
    }
}

#[test]
fn datagrams_that_mean_nothing_are_counted_and_survived() {
    let server = start(&["--media-addr", "127.0.0.1", "--media-port", "0", "--shards", "1"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for byte in 0..=255_u8 {
        socket.send_to(&[byte; 40], server.media[0][0]).unwrap();
    }
    socket.send_to(&[], server.media[0][0]).unwrap();
    let received = || {
        let metrics = server.get("/metrics");
        let line =
            metrics.lines().find(|line| line.starts_with("sfu_udp_received_datagrams_total")).unwrap().to_owned();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    // Loopback delivers at once, but the thread must get its turn; each question is a round trip.
    assert!((0..200).any(|_| received() >= 256), "{}", received());
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    assert_eq!(server.end("TERM").0, Some(0));
}

#[test]
fn shard_ports_count_up_from_the_media_port() {
    // A range that was free a moment ago; another process may take it, so there are a few tries.
    for _ in 0..5 {
        let first = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = first.to_string();
        let flags = ["--media-addr", "127.0.0.1", "--media-port", &port, "--shards", "2"];
        if first > 65_000 || UdpSocket::bind(("127.0.0.1", first + 1)).is_err() {
            continue;
        }
        let server = start(&flags);
        let ports: Vec<u16> = server.media.iter().map(|shard| shard[0].port()).collect();
        assert_eq!(ports, [first, first + 1]);
        server.end("TERM");
        return;
    }
    panic!("no two free ports in a row");
}

#[test]
fn a_port_in_use_is_named_and_the_exit_code_is_not_0() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = binary(&["--media-addr", "127.0.0.1", "--media-port", &port, "--shards", "1"]).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains(&format!("127.0.0.1:{port}")) && err.contains("media_port"), "{err}");
}
