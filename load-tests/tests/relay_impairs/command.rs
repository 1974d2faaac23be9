use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// `sfu-load relay` as a test or a person starts it; it ends with this value.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sfu-load"))
            .arg("relay")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn says(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn told(&mut self, line: &str) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        self.says()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_test_changes_it_while_it_runs_and_ends_it_by_ending_the_input() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server_address = server.local_addr().unwrap().to_string();
    let mut process = Process::start(&["--server", &server_address, "--control", "--json", "--up", "delay=1ms"]);
    let listening: SocketAddr = process.says()["listening"].as_str().unwrap().parse().unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut buffer = [0; 16];

    client.send_to(b"one", listening).unwrap();
    assert_eq!(server.recv(&mut buffer).unwrap(), 3);

    assert_eq!(process.told("up blackout")["ok"], "up blackout");
    client.send_to(b"lost", listening).unwrap();
    let up = loop {
        let up = process.told("report")["report"]["clients"][0]["up"].clone();
        if up["came"] == 2 {
            break up;
        }
    };
    assert_eq!(up["blacked_out"], 1);

    let error = process.told("up speed=3")["error"].to_string();
    assert!(error.contains("there is no such effect"), "{error}");

    drop(process.input.take());
    assert_eq!(process.says()["report"]["clients"][0]["up"]["left"], 1);
    assert!(process.child.wait().unwrap().success());
}

#[test]
fn a_bad_link_on_the_command_line_is_refused_with_its_place() {
    let output = Command::new(env!("CARGO_BIN_EXE_sfu-load"))
        .args(["relay", "--server", "127.0.0.1:9", "--down", "rate=3M,loss=5"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--down") && said.contains("`loss=5` (character 9)") && said.contains("loss=5%"), "{said}");
}
