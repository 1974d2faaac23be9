//! The command line: `sfu-server serve`, its flags made from the table of options.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::config::{Config, ConfigError, Layers, OPTIONS, Shape, report};
use crate::{logging, server};

const ABOUT: &str = "A Selective Forwarding Unit: WHIP in, WHEP out";
const PRECEDENCE: &str = "Every option may also stand in the configuration file (http_addr = \"…\") or in the environment \
                          (SFU_HTTP_ADDR=…).\nFlags win over the environment, the environment over the file.";

/// Runs the program with these arguments and variables; 2 is the exit code of a refused configuration.
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
    let Some(serve) = matches.subcommand_matches("serve") else { return ExitCode::from(2) };
    match layers(serve, variables).and_then(|layers| Ok((Config::from_layers(&layers)?, layers))) {
        Ok((_, layers)) if serve.get_flag("check-config") => print(&report(&layers)),
        Ok((config, _)) => run(&config, serve.get_flag("print-addrs")),
        Err(error) => complain("configuration refused", &error, ExitCode::from(2)),
    }
}

/// The command line's grammar.
pub fn command() -> Command {
    let serve = Command::new("serve")
        .about("Serve HTTP and media until SIGTERM or SIGINT")
        .after_help(PRECEDENCE)
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .env("SFU_CONFIG")
                .value_parser(value_parser!(PathBuf))
                .help("Configuration file, TOML"),
        )
        .arg(
            Arg::new("check-config")
                .long("check-config")
                .action(ArgAction::SetTrue)
                .help("Print every value and where it came from, then exit"),
        )
        .arg(
            Arg::new("print-addrs")
                .long("print-addrs")
                .action(ArgAction::SetTrue)
                .help("Print the bound addresses as one line of JSON on standard output"),
        )
        .args(OPTIONS.iter().map(|spec| {
            let action = if spec.shape == Shape::List { ArgAction::Append } else { ArgAction::Set };
            Arg::new(spec.key).long(spec.flag).value_name(spec.placeholder).help(spec.help).action(action)
        }));
    Command::new("sfu-server")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve)
}

fn layers(matches: &ArgMatches, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Layers, ConfigError> {
    let mut layers = Layers::default();
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        layers.add_file(path)?;
    }
    layers.add_environment(variables)?;
    for spec in OPTIONS {
        if let Some(values) = matches.get_many::<String>(spec.key) {
            layers.add_flag(spec, &values.cloned().collect::<Vec<_>>());
        }
    }
    Ok(layers)
}

fn run(config: &Config, print_addrs: bool) -> ExitCode {
    logging::start(config);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain("no runtime", &error, ExitCode::FAILURE),
    };
    let announce = |addresses: &server::Addresses| {
        if print_addrs {
            print(&format!("{}\n", addresses.to_json()));
        }
    };
    match runtime.block_on(server::serve(config, announce)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain("cannot serve", &error, ExitCode::FAILURE),
    }
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
