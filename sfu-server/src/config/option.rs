//! The one table of options: file key, flag, default and what is valid. Environment names are the key in capitals after `SFU_`.

/// How a value is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Text,
    Integer,
    /// `true` or `false`.
    Switch,
    /// Text, any number of times: an array in the file, a repeated flag, commas in a variable.
    List,
}

/// One option.
#[derive(Debug)]
pub struct Spec {
    /// Key in the file.
    pub key: &'static str,
    /// Flag without its dashes.
    pub flag: &'static str,
    pub placeholder: &'static str,
    pub help: &'static str,
    /// What a value must be, for error messages.
    pub valid: &'static str,
    pub shape: Shape,
    /// Values when nothing sets it.
    pub default: fn() -> Vec<String>,
    /// What an empty or computed default means, for `--check-config`.
    pub default_note: &'static str,
}

impl Spec {
    /// Whether its value is shown to nobody.
    pub fn is_secret(&self) -> bool {
        self.key == "admin_token"
    }

    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("{}{}", VARIABLE_PREFIX, self.key.to_ascii_uppercase())
    }
}

/// Start of every environment variable that is ours.
pub const VARIABLE_PREFIX: &str = "SFU_";
/// Variable naming the configuration file; the only one of the server's without an option.
pub const CONFIG_VARIABLE: &str = "SFU_CONFIG";
/// Where the command line's client finds a server; nothing to the server itself.
pub const URL_VARIABLE: &str = "SFU_URL";
/// What that client proves itself with.
pub const TOKEN_VARIABLE: &str = "SFU_TOKEN";
/// The file that this stands in.
pub const TOKEN_FILE_VARIABLE: &str = "SFU_TOKEN_FILE";
/// Variables that the server leaves alone.
pub const CLIENT_VARIABLES: [&str; 3] = [URL_VARIABLE, TOKEN_VARIABLE, TOKEN_FILE_VARIABLE];

fn nothing() -> Vec<String> {
    Vec::new()
}

fn one_per_core() -> Vec<String> {
    vec![std::thread::available_parallelism().map_or(1, usize::from).to_string()]
}

/// Every option, in the order of `--help` and `--check-config`.
pub const OPTIONS: &[Spec] = &[
    Spec {
        key: "http_addr",
        flag: "http-addr",
        placeholder: "ADDR:PORT",
        help: "Where HTTP is served; port 0 takes any free one",
        valid: "an IP address with a port, such as 127.0.0.1:8080 or [::]:8080",
        shape: Shape::Text,
        default: || vec!["127.0.0.1:8080".to_owned()],
        default_note: "",
    },
    Spec {
        key: "https_addr",
        flag: "https-addr",
        placeholder: "ADDR:PORT",
        help: "Where HTTPS is served as well, by tls_cert and tls_key; HTTP then sends all but this machine there [default: nowhere]",
        valid: "an IP address with a port, such as 0.0.0.0:443 or [::]:443; or empty",
        shape: Shape::Text,
        default: || vec![String::new()],
        default_note: "none: HTTP alone, for this machine or a proxy in front; with lan 0.0.0.0:8443",
    },
    Spec {
        key: "https_public_port",
        flag: "https-public-port",
        placeholder: "PORT",
        help: "Port that clients reach HTTPS under, where a router or a container maps another to https_addr's [default: 0, its own]",
        valid: "a port number from 0 to 65535",
        shape: Shape::Integer,
        default: || vec!["0".to_owned()],
        default_note: "that of https_addr",
    },
    Spec {
        key: "tls_cert",
        flag: "tls-cert",
        placeholder: "FILE",
        help: "The certificate's chain, PEM, the server's own first; read again when it changes and on SIGHUP",
        valid: "the path of a file",
        shape: Shape::Text,
        default: || vec![String::new()],
        default_note: "none",
    },
    Spec {
        key: "tls_key",
        flag: "tls-key",
        placeholder: "FILE",
        help: "The certificate's private key, PEM, not encrypted; read again with tls_cert",
        valid: "the path of a file",
        shape: Shape::Text,
        default: || vec![String::new()],
        default_note: "none",
    },
    Spec {
        key: "lan",
        flag: "lan",
        placeholder: "BOOL",
        help: "Whether HTTPS is served by a certificate that the server signs itself, for phones on the same network; prints a code for \
               their cameras",
        valid: "true or false",
        shape: Shape::Switch,
        default: || vec!["false".to_owned()],
        default_note: "",
    },
    Spec {
        key: "media_addr",
        flag: "media-addr",
        placeholder: "ADDR",
        help: "Address that media sockets bind; repeatable [default: 0.0.0.0, and :: where IPv6 exists]",
        valid: "an IP address without a port (that is media_port), such as 192.0.2.7 or 2001:db8::7",
        shape: Shape::List,
        default: nothing,
        default_note: "0.0.0.0, and :: where IPv6 exists",
    },
    Spec {
        key: "media_port",
        flag: "media-port",
        placeholder: "PORT",
        help: "Port of the first media shard, UDP and TCP; each further shard takes the next; 0 takes any free ones",
        valid: "a port number from 0 to 65535",
        shape: Shape::Integer,
        default: || vec!["7882".to_owned()],
        default_note: "",
    },
    Spec {
        key: "tcp",
        flag: "tcp",
        placeholder: "BOOL",
        help: "Whether clients whose network lets no UDP out may come over TCP, on the same port numbers",
        valid: "true or false",
        shape: Shape::Switch,
        default: || vec!["true".to_owned()],
        default_note: "",
    },
    Spec {
        key: "announce",
        flag: "announce",
        placeholder: "ADDR",
        help: "Address that clients are told to send media to; repeatable [default: every interface's address]",
        valid: "an IP address that clients can reach, such as 203.0.113.7; not 0.0.0.0 or ::",
        shape: Shape::List,
        default: nothing,
        default_note: "every interface's address; loopback for HTTP clients on loopback or when there is no other",
    },
    Spec {
        key: "shards",
        flag: "shards",
        placeholder: "N",
        help: "Media threads [default: one per core]",
        valid: "a number from 1 to 1024",
        shape: Shape::Integer,
        default: one_per_core,
        default_note: "one per core",
    },
    Spec {
        key: "spread_percent",
        flag: "spread-percent",
        placeholder: "PERCENT",
        help: "How busy a large room's media thread is when others serve the room as well; 100 keeps each room on one",
        valid: "a number from 0 to 100",
        shape: Shape::Integer,
        default: || vec!["70".to_owned()],
        default_note: "",
    },
    Spec {
        key: "cors_allow_origin",
        flag: "cors-allow-origin",
        placeholder: "ORIGIN",
        help: "Origin whose pages may use the API from another site; repeatable; * allows all [default: *]",
        valid: "*, or an origin such as https://meet.example.org (no path)",
        shape: Shape::List,
        default: || vec!["*".to_owned()],
        default_note: "any page, fit for development",
    },
    Spec {
        key: "ice_server",
        flag: "ice-server",
        placeholder: "URI",
        help: "STUN or TURN server told to clients, `URI` or `URI USERNAME CREDENTIAL`; repeatable",
        valid: "a stun:, stuns:, turn: or turns: URI, for TURN followed by user name and credential, separated by spaces",
        shape: Shape::List,
        default: nothing,
        default_note: "none: the server's own addresses are enough",
    },
    Spec {
        key: "resume_seconds",
        flag: "resume-seconds",
        placeholder: "SECONDS",
        help: "How long a participant whose WebSocket is gone may come back",
        valid: "a number from 0 to 300",
        shape: Shape::Integer,
        default: || vec!["20".to_owned()],
        default_note: "",
    },
    Spec {
        key: "ping_interval_seconds",
        flag: "ping-interval-seconds",
        placeholder: "SECONDS",
        help: "Time between the pings of a WebSocket, gone after two unanswered; above 5 a dead machine stays longer than 12 s",
        valid: "a number from 1 to 60",
        shape: Shape::Integer,
        default: || vec!["5".to_owned()],
        default_note: "",
    },
    Spec {
        key: "sockets_per_address",
        flag: "sockets-per-address",
        placeholder: "N",
        help: "Participants, and WebSockets, that one address may have; behind a proxy all of them have the proxy's",
        valid: "a number of at least 1",
        shape: Shape::Integer,
        default: || vec!["200".to_owned()],
        default_note: "",
    },
    Spec {
        key: "admin_token",
        flag: "admin-token",
        placeholder: "TOKEN",
        help: "What lets its bearer use /api/v1; flags are seen by everybody on the machine, so set it in the file or the environment \
               [default: nobody may, but for admin_local]",
        valid: "16 to 1024 letters, digits and -._~+/, such as `openssl rand -hex 32` makes; or empty",
        shape: Shape::Text,
        default: || vec![String::new()],
        default_note: "none: /api/v1 is refused, but for admin_local",
    },
    Spec {
        key: "admin_local",
        flag: "admin-local",
        placeholder: "BOOL",
        help: "Whether /api/v1 needs no token from this machine itself; only where no proxy or tunnel runs on it, which asks for others",
        valid: "true or false",
        shape: Shape::Switch,
        default: || vec!["false".to_owned()],
        default_note: "",
    },
    Spec {
        key: "auth_keys",
        flag: "auth-keys",
        placeholder: "FILE",
        help: "Keys that tokens are signed by, a JSON Web Key Set as `sfu-server keys generate` writes it; read again when it changes and \
               on SIGHUP [default: nobody is asked for a token]",
        valid: "the path of a file",
        shape: Shape::Text,
        default: || vec![String::new()],
        default_note: "none: nobody is asked for a token, and HTTP is served to this machine alone",
    },
    Spec {
        key: "auth_audience",
        flag: "auth-audience",
        placeholder: "TEXT",
        help: "What a token's aud must be; another one for each server that shares keys with others",
        valid: "1 to 255 characters without spaces, such as sfu or https://meet.example.org",
        shape: Shape::Text,
        default: || vec!["sfu".to_owned()],
        default_note: "",
    },
    Spec {
        key: "state_dir",
        flag: "state-dir",
        placeholder: "FOLDER",
        help: "Where it is written down which invites are used up or withdrawn [default: nowhere, and a restart ends all invites]",
        valid: "the path of a folder that the server may write to",
        shape: Shape::Text,
        default: || vec![String::new()],
        default_note: "none: a restart ends all invites",
    },
    Spec {
        key: "insecure_no_auth",
        flag: "insecure-no-auth",
        placeholder: "BOOL",
        help: "Whether everybody who reaches the server may come into every room, without a token; the page says so",
        valid: "true or false",
        shape: Shape::Switch,
        default: || vec!["false".to_owned()],
        default_note: "",
    },
    Spec {
        key: "log",
        flag: "log",
        placeholder: "FILTER",
        help: "What is logged: a level, or directives such as info,sfu_core=debug",
        valid: "a level (error, warn, info, debug, trace, off) or directives such as info,sfu_core=debug",
        shape: Shape::Text,
        default: || vec!["info".to_owned()],
        default_note: "",
    },
    Spec {
        key: "log_format",
        flag: "log-format",
        placeholder: "FORMAT",
        help: "How log lines look: text or json",
        valid: "text or json",
        shape: Shape::Text,
        default: || vec!["text".to_owned()],
        default_note: "",
    },
];

/// The option with this file key.
pub fn find(key: &str) -> Option<&'static Spec> {
    OPTIONS.iter().find(|spec| spec.key == key)
}
