//! The command line: one file per command.

mod serve;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Command;

const ABOUT: &str = "A Selective Forwarding Unit: WHIP in, WHEP out";

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
        Some((serve::NAME, matches)) => serve::run(matches, variables),
        _ => ExitCode::from(2),
    }
}

/// The command line's grammar.
pub fn command() -> Command {
    Command::new("sfu-server")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::command())
}

fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(what: &str, error: &dyn std::error::Error, code: ExitCode) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "sfu-server: {what}: {error}");
    code
}
