//! `sfu-server token`: makes a token out of the keys, without a server.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{complain, print};
use crate::auth::{ClaimedCaps, Claims, Grant, KeyStore, KeysError, MintError, limits, mint};
use crate::config::{ConfigError, Layers, OPTIONS};

pub const NAME: &str = "token";

/// Grants in one word, for the command line.
const PUBLISH: [Grant; 3] = [Grant::PublishMicrophone, Grant::PublishCamera, Grant::PublishScreen];

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "name the file of keys by --auth-keys, SFU_AUTH_KEYS or the configuration file; `sfu-server keys generate` makes one"
    )]
    NoFile,
    #[error("{path}: {source}", path = path.display())]
    Keys { path: PathBuf, source: KeysError },
    #[error("{0}; a token needs --room and --identity, or --grant admin alone, and at most 24 h")]
    Mint(#[from] MintError),
    #[error("--grant {0} is none; there are publish (all three), {known}", known = Grant::ALL.map(Grant::name).join(", "))]
    Grant(String),
    #[error(
        "--cap {0} is none; there are publish_max_bps=, subscribe_max_bps= and video_max_height=, with a whole number"
    )]
    Cap(String),
    #[error("--ttl {0} is no time, or too long; write seconds, or 90s, 15m, 12h")]
    Ttl(String),
}

pub fn command() -> Command {
    Command::new(NAME)
        .about("Make a token that lets its bearer into a room, or use the operator's API")
        .arg(text("room", "ROOM", "The room, exactly"))
        .arg(text("identity", "IDENTITY", "Who its bearer is there"))
        .arg(text("name", "NAME", "What others see [default: what the bearer says]"))
        .arg(text("ttl", "TIME", "How long it is good, at most 24h").default_value("1h"))
        .arg(
            text("grant", "GRANT", "What its bearer may do; repeatable [default: join, publish, subscribe, data]")
                .action(ArgAction::Append)
                .value_delimiter(','),
        )
        .arg(
            text("cap", "NAME=NUMBER", "What its bearer is allowed at most; repeatable")
                .action(ArgAction::Append)
                .value_delimiter(','),
        )
        .arg(text("key-id", "KEY-ID", "The key that signs [default: the first in the file]"))
        .arg(super::serve::config_argument())
        .args(options().map(|spec| text(spec.flag, spec.placeholder, spec.help)))
}

pub fn run(matches: &ArgMatches, variables: impl Iterator<Item = (OsString, OsString)>) -> ExitCode {
    match make(matches, variables) {
        Ok(token) => print(&format!("{token}\n")),
        Err(fault) => complain("no token", &fault, ExitCode::from(2)),
    }
}

/// An argument that takes a text.
pub fn text(name: &'static str, placeholder: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(placeholder).help(help)
}

/// The options of the server that concern tokens.
pub fn options() -> impl Iterator<Item = &'static crate::config::Spec> {
    OPTIONS.iter().filter(|spec| matches!(spec.key, "auth_keys" | "auth_audience"))
}

fn make(matches: &ArgMatches, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<String, Fault> {
    let (keys, audience) = keys(matches, variables)?;
    let word = |name: &str| matches.get_one::<String>(name).cloned();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let ttl_s = ttl(&word("ttl").unwrap_or_default(), limits::LIFETIME_MAX_S)?;
    let claims = Claims {
        aud: audience,
        exp: now.saturating_add(ttl_s),
        nbf: now,
        iat: Some(now),
        iss: None,
        sub: None,
        jti: None,
        room: word("room"),
        identity: word("identity"),
        name: word("name"),
        grants: grants(matches.get_many::<String>("grant").into_iter().flatten())?,
        caps: caps(matches.get_many::<String>("cap").into_iter().flatten())?,
    };
    Ok(mint(&claims, &keys.keys(), word("key-id").as_deref())?)
}

/// The keys and the audience.
pub fn keys(
    matches: &ArgMatches,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(KeyStore, String), Fault> {
    let (path, audience) = settings(matches, variables)?;
    let keys = KeyStore::open(&path).map_err(|source| Fault::Keys { path, source })?;
    Ok((keys, audience))
}

/// The file of keys and the audience, by the same precedence as the server's.
fn settings(
    matches: &ArgMatches,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(PathBuf, String), Fault> {
    let mut layers = Layers::default();
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        layers.add_file(path)?;
    }
    layers.add_environment(variables)?;
    for spec in options() {
        if let Some(value) = matches.get_one::<String>(spec.flag) {
            layers.add_flag(spec, std::slice::from_ref(value));
        }
    }
    let mut values = options().map(|spec| layers.get(spec).map(|(values, _)| values.concat()).unwrap_or_default());
    let path = values.next().filter(|path| !path.is_empty()).ok_or(Fault::NoFile)?;
    Ok((PathBuf::from(path), values.next().unwrap_or_default()))
}

fn grants<'a>(named: impl Iterator<Item = &'a String>) -> Result<Vec<Grant>, Fault> {
    let mut grants = Vec::new();
    for name in named {
        match Grant::ALL.iter().find(|grant| grant.name() == name) {
            Some(grant) => grants.push(*grant),
            None if name == "publish" => grants.extend(PUBLISH),
            None => return Err(Fault::Grant(name.clone())),
        }
    }
    grants.sort();
    grants.dedup();
    Ok(if grants.is_empty() { Grant::SPEAKER.to_vec() } else { grants })
}

fn caps<'a>(named: impl Iterator<Item = &'a String>) -> Result<Option<ClaimedCaps>, Fault> {
    let mut caps = ClaimedCaps::default();
    let mut any = false;
    for cap in named {
        let wrong = || Fault::Cap(cap.clone());
        let (name, value) = cap.split_once('=').ok_or_else(wrong)?;
        match name {
            "publish_max_bps" => caps.publish_max_bps = Some(value.parse().map_err(|_| wrong())?),
            "subscribe_max_bps" => caps.subscribe_max_bps = Some(value.parse().map_err(|_| wrong())?),
            "video_max_height" => caps.video_max_height = Some(value.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        }
        any = true;
    }
    Ok(any.then_some(caps))
}

/// A time of at most so many seconds.
pub fn ttl(text: &str, most_s: u64) -> Result<u64, Fault> {
    let (digits, unit_s) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(digits) if text.ends_with('m') => (digits, 60),
        Some(digits) if text.ends_with('h') => (digits, 3_600),
        Some(digits) => (digits, 1),
        None => (text, 1),
    };
    let seconds = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit_s));
    seconds.filter(|seconds| (1..=most_s).contains(seconds)).ok_or_else(|| Fault::Ttl(text.to_owned()))
}
