//! Why a configuration was refused: where it came from, what was wrong and what is valid.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::layer::Origin;
use super::option::CONFIG_VARIABLE;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "{path}: cannot be read: {source}; --config or {CONFIG_VARIABLE} must name a UTF-8 text file that this user may read",
        path = path.display()
    )]
    FileUnreadable { path: PathBuf, source: std::io::Error },
    #[error(
        "{path}:{line}: is not TOML: {message}; write one option a line, such as media_port = 7882 or log = \"info\"",
        path = path.display()
    )]
    FileSyntax { path: PathBuf, line: usize, message: String },
    #[error("{path}:{line}: unknown key `{key}`{hint}; known are: {known}", path = path.display(), known = Known::Keys)]
    UnknownKey { path: PathBuf, line: usize, key: String, hint: Hint },
    #[error("environment variable {name} is unknown{hint}; known are: {known}", known = Known::Variables)]
    UnknownVariable { name: String, hint: Hint },
    #[error(
        "environment variable {name} is none of ours: Kubernetes sets it for a Service whose name begins with `sfu`; \
         set enableServiceLinks: false in the pod's spec, or rename the Service"
    )]
    ServiceLink { name: String },
    #[error("environment variable {name} is not valid UTF-8; write it anew, or unset it")]
    VariableNotText { name: String },
    #[error("{origin}: {key} must be {expected}")]
    WrongType { origin: Origin, key: &'static str, expected: &'static str },
    #[error("{origin}: {key} = `{value}` is malformed; it must be {valid}")]
    Malformed { origin: Origin, key: &'static str, value: String, valid: &'static str },
    #[error(
        "media_port {first} and {shards} shards would need ports beyond 65535; take a lower media_port or fewer shards"
    )]
    PortsRunOut { first: u16, shards: u16 },
    #[error(
        "{origin}: {key} {address} is reached from other machines, and nobody would be asked for a token; set auth_keys to a file \
         that `sfu-server keys generate` writes, or insecure_no_auth to let everybody into every room"
    )]
    OpenToOthers { origin: Origin, key: &'static str, address: SocketAddr },
    #[error("{origin}: a certificate is two files; set {other} as well")]
    HalfCertificate { origin: Origin, other: &'static str },
    #[error(
        "{origin}: HTTPS needs a certificate; set tls_cert and tls_key, or lan for one that the server signs itself"
    )]
    NoCertificate { origin: Origin },
    #[error("{origin}: the certificate is used nowhere; set https_addr, to 0.0.0.0:443 for example")]
    UnusedCertificate { origin: Origin },
    #[error(
        "{origin}: https_addr {address} is for this machine alone, and http_addr sends all others there; let https_addr be reached by them"
    )]
    SentToNobody { origin: Origin, address: SocketAddr },
    #[error("{origin}: lan makes a certificate, and tls_cert names another; set one of them")]
    TwoCertificates { origin: Origin },
    #[error("{origin}: insecure_no_auth lets everybody in, auth_keys asks for tokens; set one of them")]
    KeysAndNone { origin: Origin },
    #[error(
        "{origin}: announce {announced} is {family}, but media_addr ({media_origin}) binds {other} only; add {example} to media_addr, \
         or leave {announced} out",
        family = family(announced.is_ipv4()),
        other = family(!announced.is_ipv4()),
        example = if announced.is_ipv4() { "0.0.0.0" } else { "::" },
    )]
    AnnouncedWithoutSocket { origin: Origin, media_origin: Origin, announced: IpAddr },
}

fn family(is_ipv4: bool) -> &'static str {
    if is_ipv4 { "IPv4" } else { "IPv6" }
}

/// A name close to the one that was not known.
#[derive(Debug, PartialEq, Eq)]
pub struct Hint(pub Option<String>);

impl Hint {
    /// Looks for the nearest of `names`, if one is near enough to have been meant.
    pub fn nearest(name: &str, names: impl Iterator<Item = String>) -> Self {
        const NEAR_ENOUGH: f64 = 0.8;
        let nearest = names
            .map(|candidate| (strsim::jaro_winkler(name, &candidate), candidate))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness >= NEAR_ENOUGH);
        Self(nearest.map(|(_, candidate)| candidate))
    }
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(name) => write!(f, ", did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

enum Known {
    Keys,
    Variables,
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut separator = "";
        for spec in super::OPTIONS {
            match self {
                Self::Keys => write!(f, "{separator}{}", spec.key)?,
                Self::Variables => write!(f, "{separator}{}", spec.variable())?,
            }
            separator = ", ";
        }
        match self {
            Self::Keys => Ok(()),
            Self::Variables => write!(f, "{separator}{}", super::option::CONFIG_VARIABLE),
        }
    }
}
