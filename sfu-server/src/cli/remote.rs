//! A running server, as the commands of the client ask it: `/api/v1` over HTTP, with a bearer token if there is one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use percent_encoding::utf8_percent_encode;
use rustls::crypto::aws_lc_rs;
use serde::de::DeserializeOwned;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::failure::{Failure, Problem, Refusal, TokenOrigin};
use crate::api::join::SEGMENT;
use crate::config::{TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE};

/// Where a server is that nobody told to be elsewhere (`http_addr`).
pub const URL: &str = "http://127.0.0.1:8080";
/// How long a connection may take to come up, TLS included.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long an answer may take. The server waits half a second to measure rates, and some for busy media threads.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// The longest answer, bytes: some kB for each of a large room's people.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The longest token, bytes, so that a file that is none is not read whole.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Which server is asked, and how its answer is shown.
#[derive(Debug, Clone, Args)]
pub struct Access {
    /// Where the server is, as browsers reach it
    #[arg(long, value_name = "URL", env = URL_VARIABLE, default_value = URL, help_heading = "Server")]
    pub url: String,
    /// File with the token that lets in; it may stand in SFU_TOKEN instead, but in no flag, which everybody on the machine sees
    #[arg(long, value_name = "FILE", env = TOKEN_FILE_VARIABLE, help_heading = "Server")]
    pub token_file: Option<PathBuf>,
    /// Print the server's JSON as it is
    #[arg(long)]
    pub json: bool,
}

/// A server that may be asked.
#[derive(Debug)]
pub struct Remote {
    /// Without a slash at its end.
    base: String,
    token: Option<String>,
    agent: Agent,
}

/// What a server said: JSON.
#[derive(Debug)]
pub struct Answer {
    url: String,
    status: u16,
    /// As it came.
    pub text: String,
}

impl Answer {
    /// What it says.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.text).map_err(|error| Failure::NotOurs {
            url: self.url.clone(),
            status: self.status,
            what: format!(", {error}"),
        })
    }
}

impl Remote {
    /// Checks where it is and reads the token; asks nothing yet.
    pub fn open(access: &Access) -> Result<Self, Failure> {
        let uri = base(&access.url)?;
        let is_here = uri.host().is_some_and(is_this_machine);
        let token = token(access)?;
        if token.is_some() && uri.scheme_str() == Some("http") && !is_here {
            eprintln!("sfu-server: the token goes to {} in the clear; https keeps it", access.url);
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_global(Some(ANSWER_MAX))
            .user_agent(concat!("sfu-server/", env!("CARGO_PKG_VERSION")));
        if uri.scheme_str() == Some("https") {
            config = config.tls_config(tls());
        }
        if is_here {
            // A proxy elsewhere would ask itself.
            config = config.proxy(None);
        }
        let base = access.url.trim().trim_end_matches('/').to_owned();
        Ok(Self { base, token, agent: config.build().new_agent() })
    }

    pub fn get(&self, path: &str) -> Result<Answer, Failure> {
        let url = self.url(path);
        let answer = self.with_token(self.agent.get(&url)).call();
        self.answer("GET", url, answer)
    }

    /// Sends a merge patch (RFC 7396).
    pub fn patch(&self, path: &str, body: &serde_json::Value) -> Result<Answer, Failure> {
        let url = self.url(path);
        let request = self.agent.patch(&url).header("Content-Type", "application/merge-patch+json");
        let answer = self.with_token(request).send(body.to_string());
        self.answer("PATCH", url, answer)
    }

    pub fn post(&self, path: &str, body: &serde_json::Value) -> Result<Answer, Failure> {
        let url = self.url(path);
        let request = self.agent.post(&url).header("Content-Type", "application/json");
        let answer = self.with_token(request).send(body.to_string());
        self.answer("POST", url, answer)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    fn with_token<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn answer(
        &self,
        method: &'static str,
        url: String,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer, Failure> {
        let failed = |error: &ureq::Error| unreachable(&self.base, error);
        let mut response = answer.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (media_type, location) = (header("content-type"), header("location"));
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true).read_to_string();
        let text = body.map_err(|error| failed(&error))?;
        match status {
            200..300 if media_type.starts_with("application/json") => Ok(Answer { url, status, text }),
            300..400 if !location.is_empty() => Err(Failure::Moved { url, to: location }),
            400..600 if media_type.starts_with("application/problem+json") => {
                let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
                if status == 404 && problem.is_blank() {
                    return Err(Failure::NotOurs {
                        url,
                        status,
                        what: ", there is nothing under this path".to_owned(),
                    });
                }
                let had_token = self.token.is_some();
                Err(Failure::Refused(Box::new(Refusal { method, url, status, problem, had_token })))
            }
            _ => Err(Failure::NotOurs { url, status, what: said(&media_type) }),
        }
    }
}

/// The path of a room.
pub fn room_path(room: &str) -> String {
    format!("/rooms/{}", utf8_percent_encode(room, SEGMENT))
}

/// The path of a participant.
pub fn participant_path(room: &str, participant: &str) -> String {
    format!("{}/participants/{}", room_path(room), utf8_percent_encode(participant, SEGMENT))
}

fn said(media_type: &str) -> String {
    if media_type.is_empty() { String::new() } else { format!(", {media_type}") }
}

fn base(url: &str) -> Result<Uri, Failure> {
    let wrong = |why: &str| Failure::Usage(format!("--url `{url}` {why}, such as {URL} or https://meet.example.org"));
    let uri: Uri = url.trim().parse().map_err(|_| wrong("is no URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("must begin with http:// or https://"));
    }
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) || uri.query().is_some() {
        return Err(wrong("must be scheme, host and port, without user and question"));
    }
    Ok(uri)
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The file's token goes before the variable's, as flags go before variables elsewhere.
fn token(access: &Access) -> Result<Option<String>, Failure> {
    let (text, origin) = match &access.token_file {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|source| Failure::TokenFile { path: path.clone(), source })?;
            (text, TokenOrigin::File)
        }
        None => match std::env::var(TOKEN_VARIABLE) {
            Ok(text) => (text, TokenOrigin::Variable),
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(Failure::Token { origin: TokenOrigin::Variable, why: "it is not text" });
            }
        },
    };
    let token = text.trim();
    let wrong = |why| Err(Failure::Token { origin, why });
    match (token.is_empty(), origin) {
        (true, TokenOrigin::File) => wrong("the file is empty"),
        (true, TokenOrigin::Variable) => Ok(None),
        (false, _) if token.len() > TOKEN_BYTES_MAX => wrong("it is far too long to be one"),
        (false, _) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            wrong("a token is one word of letters, digits and -._~+/=")
        }
        (false, _) => Ok(Some(token.to_owned())),
    }
}

/// Whom the machine trusts, or the file that `SSL_CERT_FILE` names.
fn tls() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    let roots: Vec<Certificate<'static>> =
        found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .build()
}

fn unreachable(url: &str, error: &ureq::Error) -> Failure {
    let advice = match (error, tls_error(error)) {
        (_, Some(rustls::Error::InvalidCertificate(_))) => {
            "SSL_CERT_FILE may name a file of the authorities to trust (PEM), if it is one of your own"
        }
        (_, Some(_)) => "is it https that is spoken there?",
        (ureq::Error::HostNotFound, None) => "is the name in --url or SFU_URL right?",
        (ureq::Error::Timeout(_), None) => {
            "it takes no connection, or does not answer; its log and /readyz may say why"
        }
        (_, None) => "is it running there? --url or SFU_URL says where to look",
    };
    Failure::Unreachable { url: url.to_owned(), why: error.to_string(), advice }
}

/// Where TLS is what failed: some of it comes as an error of reading or writing.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}
