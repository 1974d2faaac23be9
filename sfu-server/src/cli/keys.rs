//! `sfu-server keys`: makes the file of keys that tokens are signed by, and keeps it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::{complain, print};
use crate::auth::{Jwk, Jwks, KeyError, Keys, KeysError};

pub const NAME: &str = "keys";

/// What a random key id is made of, bytes: told apart in a file of a few.
const ID_BYTES: usize = 4;

/// Why a file of keys is left as it is.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{path}: {source}", path = path.display())]
    Keys { path: PathBuf, source: KeysError },
    #[error("{path} cannot be written: {source}", path = path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("there is a key `{0}` already; name another")]
    Taken(String),
    #[error("there is no key `{0}`")]
    Unknown(String),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

pub fn command() -> Command {
    let file = || Arg::new("file").long("file").value_name("FILE").value_parser(value_parser!(PathBuf));
    let id = || Arg::new("id").long("id").value_name("KEY-ID");
    Command::new(NAME)
        .about("Make and keep the keys that tokens are signed by")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("generate")
                .about("Draw a key; in a file it comes first, and so signs from now on, while those before it stay good")
                .arg(file().help("File to put it into, made if there is none; without it the key is printed"))
                .arg(id().help("Its name [default: random]"))
                .arg(
                    Arg::new("algorithm")
                        .long("algorithm")
                        .value_parser(["hs256", "eddsa"])
                        .default_value("hs256")
                        .help("hs256: one secret signs and verifies; eddsa: its public part (`keys public`) verifies alone"),
                ),
        )
        .subcommand(
            Command::new("remove")
                .about("Take a key out of a file: what it has signed is good no more")
                .arg(file().required(true).help("File to take it out of"))
                .arg(id().required(true).help("Its name")),
        )
        .subcommand(
            Command::new("public")
                .about("Print the public parts of a file's Ed25519 keys: they verify tokens and sign none")
                .arg(file().required(true).help("File of the keys")),
        )
}

pub fn run(matches: &ArgMatches) -> ExitCode {
    let done = match matches.subcommand() {
        Some(("generate", matches)) => generate(matches),
        Some(("remove", matches)) => remove(matches),
        Some(("public", matches)) => public(matches),
        _ => return ExitCode::from(2),
    };
    match done {
        Ok(text) => print(&text),
        Err(fault) => complain("no keys", &fault, ExitCode::from(2)),
    }
}

fn generate(matches: &ArgMatches) -> Result<String, Fault> {
    let id = matches.get_one::<String>("id").cloned().unwrap_or_else(random_id);
    let jwk = match matches.get_one::<String>("algorithm").map(String::as_str) {
        Some("eddsa") => Jwk::ed25519(&id)?,
        _ => Jwk::hs256(&id)?,
    };
    jwk.key()?;
    let Some(path) = matches.get_one::<PathBuf>("file") else {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&Jwks { keys: vec![jwk] })?));
    };
    let mut set = if path.exists() { read(path)? } else { Jwks::default() };
    if set.keys.iter().any(|key| key.kid == id) {
        return Err(Fault::Taken(id));
    }
    set.keys.insert(0, jwk);
    write(path, &set)?;
    Ok(format!("{id} signs from now on; {} in {}\n", count(&set), path.display()))
}

fn remove(matches: &ArgMatches) -> Result<String, Fault> {
    let (Some(path), Some(id)) = (matches.get_one::<PathBuf>("file"), matches.get_one::<String>("id")) else {
        return Ok(String::new());
    };
    let mut set = read(path)?;
    let before = set.keys.len();
    set.keys.retain(|key| key.kid != *id);
    if set.keys.len() == before {
        return Err(Fault::Unknown(id.clone()));
    }
    write(path, &set)?;
    Ok(format!("{id} is gone; {} in {}\n", count(&set), path.display()))
}

fn public(matches: &ArgMatches) -> Result<String, Fault> {
    let Some(path) = matches.get_one::<PathBuf>("file") else { return Ok(String::new()) };
    let keys = read(path)?.keys.iter().filter_map(Jwk::public).collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&Jwks { keys })?))
}

fn count(set: &Jwks) -> String {
    if set.keys.len() == 1 { "1 key".to_owned() } else { format!("{} keys", set.keys.len()) }
}

fn random_id() -> String {
    let bytes: [u8; ID_BYTES] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Jwks, Fault> {
    let fault = |source| Fault::Keys { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(|error| fault(KeysError::Unreadable(error)))?;
    Keys::parse(&text).map_err(fault)?;
    Ok(serde_json::from_str(&text)?)
}

/// Whole or not at all, and for nobody else to read; only what a server would accept is written.
fn write(path: &Path, set: &Jwks) -> Result<(), Fault> {
    let text = serde_json::to_string_pretty(set)?;
    Keys::parse(&text).map_err(|source| Fault::Keys { path: path.to_owned(), source })?;
    crate::auth::replace_file(path, text.as_bytes())
        .map_err(|source| Fault::Unwritable { path: path.to_owned(), source })
}
