//! `sfu-server invite`: makes an invite out of the keys, without a server.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Arg, ArgMatches, Command};
use sfu_core::id::{NameError, RoomName};

use super::token::{self, options, text, ttl};
use super::{complain, print};
use crate::auth::{INVITE_LIFETIME_MAX_S, INVITE_USES_MAX, Invite, KeyStore, Role};

pub const NAME: &str = "invite";

/// Why there is no invite.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Token(#[from] token::Fault),
    #[error("--room: the room's name {0}")]
    Room(#[from] NameError),
    #[error("--role {0} is none; there are guest (sees, hears, writes), speaker and moderator")]
    Role(String),
    #[error("--uses must be 1 to {INVITE_USES_MAX}, and --ttl at most 30 days")]
    Range,
    #[error("none of the keys signs: all are public parts")]
    NoSigner,
}

pub fn command() -> Command {
    Command::new(NAME)
        .about("Make a link that lets whoever has it into a room")
        .arg(text("room", "ROOM", "The room, exactly").required(true))
        .arg(text("role", "ROLE", "guest (sees, hears, writes), speaker or moderator").default_value("speaker"))
        .arg(text("ttl", "TIME", "How long it is good, at most 720h").default_value("24h"))
        .arg(text("uses", "N", "How often it may be used").default_value("1"))
        .arg(text(
            "link",
            "URL",
            "Where the server's page is, such as https://meet.example.org, to print the whole link",
        ))
        .arg(super::serve::config_argument())
        .args(options().map(|spec| Arg::new(spec.flag).long(spec.flag).value_name(spec.placeholder).help(spec.help)))
}

pub fn run(matches: &ArgMatches, variables: impl Iterator<Item = (OsString, OsString)>) -> ExitCode {
    match make(matches, variables) {
        Ok(link) => print(&format!("{link}\n")),
        Err(fault) => complain("no invite", &fault, ExitCode::from(2)),
    }
}

fn make(matches: &ArgMatches, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<String, Fault> {
    let keys: KeyStore = token::keys(matches, variables)?.0;
    let word = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let room = RoomName::new(&word("room"))?;
    let role = Role::ALL.iter().find(|(name, _)| *name == word("role")).ok_or_else(|| Fault::Role(word("role")))?.1;
    let uses = word("uses").parse().map_err(|_| Fault::Range)?;
    let ttl_s = ttl(&word("ttl"), INVITE_LIFETIME_MAX_S)?;
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let invite = Invite::new(room, role, now_s, ttl_s, uses).ok_or(Fault::Range)?;
    let code = invite.code(&keys.keys()).ok_or(Fault::NoSigner)?;
    Ok(format!("{}/i#{code}", word("link").trim_end_matches('/')))
}
