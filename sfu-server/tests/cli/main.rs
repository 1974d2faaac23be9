//! The commands that ask a running server: the real binary as client, and as server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

#[path = "../binary/mod.rs"]
mod binary;
mod completions;
mod failures;
#[path = "../peer/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of media, which use other parts of it")]
mod peer;
mod people;
mod proof;
mod settings;
mod tls;
mod tokens;

use std::process::{Command, Output};

use binary::{Running, start};
use serde_json::Value;

/// What a run of the client said.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    /// What it printed, having succeeded.
    fn done(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The same as JSON.
    fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// Checks that it printed nothing but why not.
    fn failed(&self, code: i32, because: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        for part in because {
            assert!(self.err.contains(part), "`{part}` is not in: {}", self.err);
        }
    }
}

/// The binary without what the environment of the tests sets.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfu-server"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SFU_") {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// A server whose operator's API this machine may use.
fn server() -> Running {
    start(&["--media-addr", "127.0.0.1", "--media-port", "0", "--shards", "1", "--admin-local", "true"])
}

fn url(server: &Running) -> String {
    format!("http://{}", server.http)
}

/// Asks this server.
fn ask(server: &Running, arguments: &[&str]) -> Run {
    run(command(arguments).env("SFU_URL", url(server)))
}
