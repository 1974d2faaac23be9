//! Whom an attack may be aimed at.

use std::net::ToSocketAddrs;

use super::AttackError;
use super::page::Page;
use crate::account::resident_of;
use crate::client::Server;

/// How often a page is fetched once more on which no shard says anything.
const ASKED_AGAIN: u8 = 5;

/// Whether the caller says that the server is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Only what listens on loopback is taken for one's own.
    Unsaid,
    Given,
}

/// A server that may be attacked.
#[derive(Clone, Debug)]
pub struct Target {
    pub server: Server,
    /// Where clients bind their sockets.
    pub bind: String,
    /// Its process, where it runs on this machine, for its memory.
    pub pid: Option<u32>,
    /// Keeps the rooms of runs apart.
    pub seed: u64,
}

impl Target {
    /// Refuses servers that are not on this machine, unless there is consent.
    pub fn new(
        server: Server,
        bind: String,
        pid: Option<u32>,
        seed: u64,
        consent: Consent,
    ) -> Result<Self, AttackError> {
        let authority = server.authority();
        let addresses: Vec<_> = authority.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
        let ours = !addresses.is_empty() && addresses.iter().all(|address| address.ip().is_loopback());
        if !ours && consent == Consent::Unsaid {
            return Err(AttackError::NotOurs { url: authority });
        }
        Ok(Self { server, bind, pid, seed })
    }

    /// What the server says of itself now. A shard that is too busy to answer is asked again.
    pub(crate) async fn page(&self) -> Result<Page, AttackError> {
        let mut page = Page::parse(&self.server.page("/metrics").await?);
        for _ in 0..ASKED_AGAIN {
            if page.sum("sfu_transports").is_ok() {
                break;
            }
            page = Page::parse(&self.server.page("/metrics").await?);
        }
        Ok(page)
    }

    /// Its resident memory, bytes; `None` where its process is not known.
    pub(crate) fn resident(&self) -> Option<u64> {
        resident_of(self.pid?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_this_machine_is_attacked_without_consent() {
        let target = |url, consent| {
            let server = Server::new(url, None).unwrap();
            Target::new(server, "127.0.0.1:0".to_owned(), None, 1, consent)
        };
        assert!(target("http://127.0.0.1:8080", Consent::Unsaid).is_ok());
        assert!(target("http://[::1]:8080", Consent::Unsaid).is_ok());
        let refused = target("http://192.0.2.1:8080", Consent::Unsaid).unwrap_err();
        assert!(refused.to_string().contains("--i-own-this-server"), "{refused}");
        assert!(target("http://192.0.2.1:8080", Consent::Given).is_ok());
    }
}
