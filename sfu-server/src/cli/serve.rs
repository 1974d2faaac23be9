//! `sfu-server serve`: its flags are made from the table of options.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{complain, print};
use crate::config::{Config, ConfigError, Layers, OPTIONS, Shape, report};
use crate::media::announce;
use crate::{logging, server, tls};

pub const NAME: &str = "serve";

const PRECEDENCE: &str = "Every option may also stand in the configuration file (http_addr = \"…\") or in the environment \
                          (SFU_HTTP_ADDR=…).\nFlags win over the environment, the environment over the file.";

/// Serves as these arguments and variables say, or prints what they say.
pub fn run(matches: &ArgMatches, variables: impl Iterator<Item = (OsString, OsString)>) -> ExitCode {
    match layers(matches, variables).and_then(|layers| Ok((Config::from_layers(&layers)?, layers))) {
        Ok((_, layers)) if matches.get_flag("check-config") => print(&report(&layers)),
        Ok((config, _)) => serve(&config, matches.get_flag("print-addrs")),
        Err(error) => complain("configuration refused", &error, ExitCode::from(2)),
    }
}

pub fn command() -> Command {
    Command::new(NAME)
        .about("Serve HTTP and media until SIGTERM or SIGINT")
        .after_help(PRECEDENCE)
        .arg(config_argument())
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
            let arg = Arg::new(spec.key).long(spec.flag).value_name(spec.placeholder).help(spec.help).action(action);
            // A switch by its name alone is on.
            if spec.shape == Shape::Switch { arg.num_args(0..=1).default_missing_value("true") } else { arg }
        }))
}

/// The configuration file.
pub fn config_argument() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .env("SFU_CONFIG")
        .value_parser(value_parser!(PathBuf))
        .help("Configuration file, TOML")
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

fn serve(config: &Config, print_addrs: bool) -> ExitCode {
    logging::start(config);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain("no runtime", &error, ExitCode::FAILURE),
    };
    let announce = |addresses: &server::Addresses| {
        if print_addrs {
            print(&format!("{}\n", addresses.to_json()));
        }
        if let Some(https) =
            addresses.https.filter(|_| config.https.as_ref().is_some_and(|https| https.files.is_none()))
        {
            invite(https);
        }
    };
    match runtime.block_on(server::serve(config, announce)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain("cannot serve", &error, ExitCode::FAILURE),
    }
}

/// Shows a phone the way. On standard error: standard output is for programs.
fn invite(https: std::net::SocketAddr) {
    match tls::invitation(https, &announce::interface_addresses()) {
        Some(invitation) => eprintln!("{invitation}"),
        None => {
            eprintln!("No other machine can come: this one is in no network that https_addr {https} is reached from.")
        }
    }
}
