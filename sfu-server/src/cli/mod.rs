//! The command line: one file per command. `serve` is the server; `keys`, `token` and `invite` need none; the others ask a running one.

mod answers;
mod cap;
mod caps;
mod completions;
mod failure;
mod invite;
mod keys;
mod participants;
mod remote;
mod rooms;
mod screen;
mod serve;
mod token;
mod what_if;
mod why;
mod words;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::{Command, FromArgMatches, Subcommand};
use sfu_core::id::{Identity, RoomName};

use failure::{EXIT_CODES, Failure};
use remote::{Access, Answer, Remote};
use screen::Screen;

const ABOUT: &str = "A Selective Forwarding Unit: WHIP in, WHEP out";
/// How often `--watch` asks: as often as people can follow.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// Cursor to the top left, and nothing left of what stood there (ECMA-48 §8.3.21, §8.3.39).
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// What is asked of a running server, or of nobody.
#[derive(Debug, Subcommand)]
enum Task {
    Rooms(rooms::Rooms),
    Participants(participants::Participants),
    Cap(cap::Cap),
    Why(why::Why),
    WhatIf(what_if::WhatIf),
    Completions(completions::Completions),
}

/// A command that asks a running server.
trait Client {
    fn access(&self) -> &Access;
    fn watch(&self) -> Watch;
    fn ask(&self, remote: &Remote) -> Result<Answer, Failure>;
    /// For people.
    fn show(&self, answer: &Answer, screen: Screen) -> Result<String, Failure>;
}

/// How often a command asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    Once,
    EverySecond,
}

impl Watch {
    fn asked(flag: bool) -> Self {
        if flag { Self::EverySecond } else { Self::Once }
    }
}

/// Runs the program with these arguments and variables; 2 is the exit code of arguments and configurations that are refused.
pub fn main(
    arguments: impl Iterator<Item = OsString>,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match matches.subcommand() {
        Some((serve::NAME, matches)) => return serve::run(matches, variables),
        Some((token::NAME, matches)) => return token::run(matches, variables),
        Some((invite::NAME, matches)) => return invite::run(matches, variables),
        Some((keys::NAME, matches)) => return keys::run(matches),
        _ => {}
    }
    match Task::from_arg_matches(&matches) {
        Ok(Task::Rooms(task)) => client(&task),
        Ok(Task::Participants(task)) => client(&task),
        Ok(Task::Cap(task)) => client(&task),
        Ok(Task::Why(task)) => client(&task),
        Ok(Task::WhatIf(task)) => client(&task),
        Ok(Task::Completions(task)) => ended(write(&task.script(command()))),
        Err(error) => {
            let _ = error.print();
            ExitCode::from(2)
        }
    }
}

/// The command line's grammar.
pub fn command() -> Command {
    let command = Command::new("sfu-server")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(EXIT_CODES)
        .subcommand(serve::command())
        .subcommand(token::command())
        .subcommand(invite::command())
        .subcommand(keys::command());
    Task::augment_subcommands(command).about(ABOUT)
}

fn client(task: &impl Client) -> ExitCode {
    ended(asked(task))
}

fn asked(task: &impl Client) -> Result<(), Failure> {
    let remote = Remote::open(task.access())?;
    let screen = Screen::of_stdout();
    let render = || -> Result<String, Failure> {
        let answer = task.ask(&remote)?;
        if task.access().json { Ok(format!("{}\n", answer.text)) } else { task.show(&answer, screen) }
    };
    let mut shown = render()?;
    if task.watch() == Watch::Once {
        return write(shown.as_bytes());
    }
    let clear = if screen::is_terminal() && !task.access().json { CLEAR } else { "" };
    loop {
        write(format!("{clear}{shown}").as_bytes())?;
        sleep(WATCH_EVERY);
        // Who was there may be back: only the first failure ends it.
        shown = match render() {
            Ok(shown) => shown,
            Err(failure) if clear.is_empty() => {
                eprintln!("sfu-server: {failure}");
                String::new()
            }
            Err(failure) => format!("{failure}\n"),
        };
    }
}

fn ended(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough (`| head`).
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "sfu-server: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn write(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    Ok(out.flush()?)
}

fn room_name(text: &str) -> Result<String, String> {
    RoomName::new(text).map(|_| text.to_owned()).map_err(|error| format!("the room's name {error}"))
}

fn identity(text: &str) -> Result<String, String> {
    Identity::new(text).map(|_| text.to_owned()).map_err(|error| format!("the participant's identity {error}"))
}

fn print(text: &str) -> ExitCode {
    ended(write(text.as_bytes()))
}

fn complain(what: &str, error: &dyn std::error::Error, code: ExitCode) -> ExitCode {
    let _ = writeln!(io::stderr(), "sfu-server: {what}: {error}");
    code
}
