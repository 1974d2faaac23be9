//! Links that change while a relay runs, and how that is written: `down rate=300k`, `both blackout`, `client 2 up loss=20%`.

use std::str::FromStr;

use links::{Schedule, SpecError};

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From a client to the server.
    Up,
    Down,
}

/// Which ways a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    Up,
    Down,
    Both,
}

/// Whom a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Those who are there and those to come.
    Everybody,
    /// A client by its number, from 1 in the order in which they came.
    Client(usize),
}

/// Another schedule for some links, which begins when it is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub who: Who,
    pub ways: Ways,
    pub schedule: Schedule,
}

/// A change that cannot be understood.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChangeError {
    #[error("{0:?} is no way; begin with up, down or both, as in: down rate=300k")]
    Way(String),
    #[error("{0:?} is no client's number; write one from 1 on, as in: client 2 down rate=300k")]
    Client(String),
    #[error(transparent)]
    Spec(#[from] SpecError),
}

impl FromStr for Change {
    type Err = ChangeError;

    fn from_str(text: &str) -> Result<Self, ChangeError> {
        let (first, rest) = word(text);
        let (who, rest) = if first == "client" {
            let (number, rest) = word(rest);
            let known = number.parse().ok().filter(|number| *number > 0);
            (Who::Client(known.ok_or_else(|| ChangeError::Client(number.to_owned()))?), rest)
        } else {
            (Who::Everybody, text)
        };
        let (way, rest) = word(rest);
        let ways = match way {
            "up" => Ways::Up,
            "down" => Ways::Down,
            "both" => Ways::Both,
            _ => return Err(ChangeError::Way(way.to_owned())),
        };
        Ok(Self { who, ways, schedule: rest.parse()? })
    }
}

/// The first word, and what is after it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}
