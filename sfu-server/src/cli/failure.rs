//! Why a command of the client did nothing, in words, and the exit code that says so to scripts.

use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use super::caps::flag_of;
use crate::config::{TOKEN_FILE_VARIABLE, TOKEN_VARIABLE};

/// What the exit codes mean, for `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the server is at fault, or it is no sfu-server
  2  the arguments cannot be used
  3  the server is not reached
  4  there is no such room or participant
  5  whoever asks may not: the token is missing, wrong, or not good for this
  6  refused as it was asked, such as a cap that is out of range
  7  not now: the server ends, or a part of it does not answer; ask again";

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{variable}: the token cannot be sent: {why}", variable = origin.as_str())]
    Token { origin: TokenOrigin, why: &'static str },
    #[error("{path}: the token cannot be read: {source}", path = path.display())]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error("{url} is not reached: {why}\n  {advice}")]
    Unreachable { url: String, why: String, advice: &'static str },
    #[error(
        "what answers at {url} is no sfu-server, or one of another version: {status}{what}\n  \
         --url or SFU_URL must be where its web page is, without a path unless a proxy puts it under one"
    )]
    NotOurs { url: String, status: u16, what: String },
    #[error("{url} sends on to {to}, and nothing is sent there: name that with --url or SFU_URL if it is the server")]
    Moved { url: String, to: String },
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// Where a token was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    File,
    Variable,
}

impl TokenOrigin {
    fn as_str(self) -> &'static str {
        match self {
            Self::File => "--token-file",
            Self::Variable => TOKEN_VARIABLE,
        }
    }
}

/// A problem document (RFC 9457), and what was asked.
#[derive(Debug)]
pub struct Refusal {
    pub method: &'static str,
    pub url: String,
    pub status: u16,
    pub problem: Problem,
    /// Whether a token was sent.
    pub had_token: bool,
}

/// What a server says of why it refuses.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    pub r#type: String,
    pub title: String,
    pub detail: String,
    pub errors: Vec<Fault>,
}

impl Problem {
    /// Whether it says no more than its status does, as where nothing of the API is.
    pub fn is_blank(&self) -> bool {
        self.r#type.is_empty() || self.r#type == "about:blank"
    }
}

/// A field that is at fault.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fault {
    pub pointer: String,
    pub detail: String,
}

impl Failure {
    /// For scripts: [`EXIT_CODES`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotOurs { .. } | Self::Output(_) => 1,
            Self::Token { .. } | Self::TokenFile { .. } | Self::Usage(_) => 2,
            Self::Unreachable { .. } | Self::Moved { .. } => 3,
            Self::Refused(refusal) => match refusal.status {
                404 => 4,
                401 | 403 => 5,
                429 | 503 => 7,
                400..500 => 6,
                _ => 1,
            },
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, status, problem, .. } = self;
        let mut text = format!("{} ({status})", if problem.title.is_empty() { "refused" } else { &problem.title });
        if problem.errors.is_empty() && !problem.detail.is_empty() {
            let _ = write!(text, "\n  {}", problem.detail);
        }
        for Fault { pointer, detail } in &problem.errors {
            let field = pointer.rsplit('/').next().unwrap_or(pointer);
            let _ = write!(text, "\n  {}: {detail}", flag_of(field).unwrap_or(pointer));
        }
        let _ = write!(text, "\n  asked: {method} {url}");
        if let Some(advice) = self.advice() {
            let _ = write!(text, "\n  {advice}");
        }
        f.write_str(&printable(&text))
    }
}

impl Refusal {
    fn advice(&self) -> Option<String> {
        match self.status {
            401 | 403 if !self.had_token => Some(format!(
                "name a file with the token by --token-file or {TOKEN_FILE_VARIABLE}, or put it into {TOKEN_VARIABLE}"
            )),
            401 | 403 => Some("a token was sent; it is not good for this".to_owned()),
            404 => Some("`sfu-server rooms` and `sfu-server participants ROOM` list who is there".to_owned()),
            _ => None,
        }
    }
}

/// What comes from elsewhere moves no cursor and rings no bell.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
