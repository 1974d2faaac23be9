//! Configuration: who wins, where it came from, and what refuses to start. Through the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn check(file: Option<&str>, variables: &[(&str, &str)], flags: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfu-server"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SFU_") {
            command.env_remove(name);
        }
    }
    command.args(["serve", "--check-config"]).args(flags).envs(variables.iter().copied());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    if let Some(text) = file {
        let name = format!("{:?}.toml", std::thread::current().id());
        let path = folder.join(name.replace(['(', ')'], ""));
        std::fs::write(&path, text).unwrap();
        command.arg("--config").arg(path);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

impl Run {
    /// The line of `key`: its value and origin.
    fn line(&self, key: &str) -> (String, String) {
        assert_eq!(self.code, 0, "{}", self.err);
        let line = self.out.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
        let (value, origin) = line.split_once('#').unwrap();
        (value.trim().to_owned(), origin.trim().to_owned())
    }

    fn refused(&self, because: &[&str]) {
        assert_eq!(self.code, 2, "{}{}", self.out, self.err);
        assert!(self.out.is_empty());
        for part in because {
            assert!(self.err.contains(part), "`{part}` is not in: {}", self.err);
        }
    }
}

#[test]
fn the_later_layer_wins_and_is_named() {
    let file = "# ours\nmedia_port = 1000\nshards = 2\n\nlog = \"debug\"\n";
    let variables = [("SFU_SHARDS", "3"), ("SFU_LOG", "warn")];
    let run = check(Some(file), &variables, &["--log", "trace"]);
    let (value, origin) = run.line("media_port");
    assert_eq!(value, "media_port = 1000");
    assert!(origin.ends_with(".toml:2"), "{origin}");
    assert_eq!(run.line("shards"), ("shards = 3".into(), "environment variable SFU_SHARDS".into()));
    assert_eq!(run.line("log"), ("log = \"trace\"".into(), "flag --log".into()));
    assert_eq!(run.line("http_addr"), ("http_addr = \"127.0.0.1:8080\"".into(), "default".into()));
}

#[test]
fn lists_are_arrays_commas_or_repeated_flags_and_replace_one_another_whole() {
    let file = "announce = [\"192.0.2.1\", \"192.0.2.2\"]\nmedia_addr = [\"127.0.0.1\", \"::1\"]\n";
    let run = check(Some(file), &[], &[]);
    assert_eq!(run.line("announce").0, "announce = [\"192.0.2.1\", \"192.0.2.2\"]");
    let run = check(Some(file), &[("SFU_ANNOUNCE", "192.0.2.3, 2001:db8::1")], &[]);
    assert_eq!(run.line("announce").0, "announce = [\"192.0.2.3\", \"2001:db8::1\"]");
    let run =
        check(Some(file), &[("SFU_ANNOUNCE", "192.0.2.3")], &["--announce", "192.0.2.4", "--announce", "192.0.2.5"]);
    assert_eq!(run.line("announce").0, "announce = [\"192.0.2.4\", \"192.0.2.5\"]");
    assert_eq!(run.line("media_addr").0, "media_addr = [\"127.0.0.1\", \"::1\"]");
}

#[test]
fn what_check_config_prints_is_a_file_that_says_the_same() {
    let first = check(
        None,
        &[("SFU_LOG", "info,sfu_core=debug")],
        &["--shards", "4", "--cors-allow-origin", "https://a.example"],
    );
    let second = check(Some(&first.out), &[], &[]);
    assert_eq!(second.code, 0, "{}", second.err);
    let values =
        |run: &Run| run.out.lines().map(|line| line.split('#').next().unwrap().trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(&first), values(&second));
}

#[test]
fn the_config_file_may_be_named_by_the_environment() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("named.toml");
    std::fs::write(&path, "shards = 7\n").unwrap();
    let run = check(None, &[("SFU_CONFIG", path.to_str().unwrap())], &[]);
    assert_eq!(run.line("shards").0, "shards = 7");
}

#[test]
fn unknown_keys_and_variables_refuse_and_name_what_was_meant() {
    check(Some("\nmedia-port = 1\n"), &[], &[]).refused(&[
        ".toml:2",
        "unknown key `media-port`",
        "did you mean `media_port`?",
    ]);
    check(Some("[http]\naddr = 1\n"), &[], &[]).refused(&[".toml:1", "unknown key `http`", "http_addr"]);
    check(None, &[("SFU_MEDIA_PROT", "1")], &[]).refused(&[
        "SFU_MEDIA_PROT",
        "did you mean `SFU_MEDIA_PORT`?",
        "SFU_CONFIG",
    ]);
    check(None, &[], &["--media-prot", "1"]).refused(&["--media-prot", "--media-port"]);
}

#[test]
fn malformed_values_refuse_and_say_where_and_what_is_valid() {
    check(Some("shards = 0\n"), &[], &[]).refused(&[".toml:1", "shards", "`0`", "from 1 to 1024"]);
    check(Some("shards = \"2\"\n"), &[], &[]).refused(&[".toml:1", "an integer without quotes"]);
    check(Some("announce = \"192.0.2.1\"\n"), &[], &[]).refused(&[".toml:1", "an array of strings"]);
    check(Some("announce = [1]\n"), &[], &[]).refused(&[".toml:1", "an array of strings"]);
    check(Some("shards = 1\nshards = 2\n"), &[], &[]).refused(&[".toml:2"]);
    check(Some("shards = \n"), &[], &[]).refused(&[".toml:1", "is not TOML"]);
    check(None, &[("SFU_MEDIA_PORT", "70000")], &[]).refused(&[
        "environment variable SFU_MEDIA_PORT",
        "`70000`",
        "65535",
    ]);
    check(None, &[], &["--http-addr", "localhost"]).refused(&["flag --http-addr", "`localhost`", "127.0.0.1:8080"]);
    check(None, &[], &["--announce", "0.0.0.0"]).refused(&["flag --announce"]);
    check(None, &[], &["--media-addr", "127.0.0.1:7882"]).refused(&["flag --media-addr", "without a port"]);
    check(None, &[], &["--cors-allow-origin", "meet.example.org"]).refused(&["https://"]);
    check(None, &[], &["--cors-allow-origin", "https://meet.example.org/path"]).refused(&["no path"]);
    check(None, &[], &["--log", "nonsense=very"]).refused(&["flag --log"]);
    check(None, &[], &["--log-format", "xml"]).refused(&["text or json"]);
    check(None, &[], &["--ice-server", "turn:host"]).refused(&["user name"]);
    check(None, &[], &["--media-port", "65535", "--shards", "2"]).refused(&["65535", "lower media_port"]);
    check(None, &[], &["--config", "/nowhere/sfu.toml"]).refused(&["/nowhere/sfu.toml", "cannot be read"]);
}

#[test]
fn what_kubernetes_sets_for_a_service_of_our_name_is_known_for_that() {
    for (name, value) in [
        ("SFU_SERVICE_HOST", "10.0.0.1"),
        ("SFU_SERVICE_PORT", "8080"),
        ("SFU_SERVICE_PORT_HTTP", "8080"),
        ("SFU_PORT", "tcp://10.0.0.1:8080"),
        ("SFU_PORT_7882_UDP", "udp://10.0.0.1:7882"),
        ("SFU_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("SFU_MEDIA_PORT", "udp://10.0.0.1:7882"),
        ("SFU_MEDIA_SERVICE_HOST", "10.0.0.1"),
    ] {
        check(None, &[(name, value)], &[]).refused(&[name, "Kubernetes", "enableServiceLinks: false"]);
    }
    check(None, &[("SFU_PORT", "8080")], &[]).refused(&["SFU_PORT is unknown"]);
}

#[test]
fn a_file_that_cannot_be_used_is_said_to_be_so_with_the_way_out() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let latin = folder.join("latin.toml");
    std::fs::write(&latin, b"log = \"\xe9\"\n").unwrap();
    for path in ["/nowhere/sfu.toml", folder.to_str().unwrap(), latin.to_str().unwrap()] {
        check(None, &[], &["--config", path]).refused(&[path, "cannot be read", "UTF-8 text file", "SFU_CONFIG"]);
    }
    check(Some("http_addr: 127.0.0.1:80\n"), &[], &[]).refused(&[".toml:1: is not TOML", "media_port = 7882"]);
}

#[test]
fn an_announced_address_needs_a_socket_of_its_family() {
    check(None, &[("SFU_MEDIA_ADDR", "127.0.0.1")], &["--announce", "192.0.2.7", "--announce", "2001:db8::1"]).refused(
        &[
            "flag --announce: announce 2001:db8::1 is IPv6",
            "media_addr (environment variable SFU_MEDIA_ADDR) binds IPv4 only",
            "add :: to media_addr",
        ],
    );
    check(None, &[], &["--announce", "192.0.2.7", "--media-addr", "::"]).refused(&["192.0.2.7 is IPv4", "0.0.0.0"]);
    for media_addr in ["::,0.0.0.0", "::1", ""] {
        let run = check(None, &[("SFU_MEDIA_ADDR", media_addr)], &["--announce", "2001:db8::1"]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
}

#[test]
fn without_keys_other_machines_are_let_in_only_by_name() {
    for address in ["0.0.0.0:8080", "[::]:8080", "192.0.2.7:80", "[::ffff:192.0.2.7]:80"] {
        check(None, &[], &["--http-addr", address]).refused(&[
            address,
            "flag --http-addr",
            "auth_keys",
            "insecure_no_auth",
            "keys generate",
        ]);
        let open = check(None, &[], &["--insecure-no-auth", "--http-addr", address]);
        assert_eq!(open.line("insecure_no_auth"), ("insecure_no_auth = true".into(), "flag --insecure-no-auth".into()));
        assert_eq!(check(None, &[("SFU_AUTH_KEYS", "keys.json")], &["--http-addr", address]).code, 0);
    }
    for address in ["127.0.0.1:8080", "127.8.8.8:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        assert_eq!(check(None, &[], &["--http-addr", address]).code, 0, "{address}");
    }
    check(None, &[("SFU_AUTH_KEYS", "keys.json")], &["--insecure-no-auth"])
        .refused(&["--insecure-no-auth", "auth_keys"]);
    check(None, &[], &["--auth-audience", "a b"]).refused(&["without spaces"]);
}

#[test]
fn https_wants_one_certificate_and_somewhere_to_be_served() {
    let certificate = ["--tls-cert", "a.crt", "--tls-key", "a.key"];
    let with = |flags: &[&str]| check(None, &[], &[&certificate[..], flags].concat());
    assert_eq!(with(&["--https-addr", "127.0.0.1:443"]).code, 0);
    with(&[]).refused(&["flag --tls-cert", "set https_addr"]);
    with(&["--lan", "--insecure-no-auth"]).refused(&["flag --lan", "set one of them"]);
    with(&["--https-addr", "127.0.0.1:443", "--http-addr", "0.0.0.0:80", "--insecure-no-auth"])
        .refused(&["https_addr 127.0.0.1:443 is for this machine alone"]);
    with(&["--https-addr", "0.0.0.0:443"]).refused(&["https_addr 0.0.0.0:443 is reached", "insecure_no_auth"]);
    check(None, &[], &["--https-addr", "127.0.0.1:443"]).refused(&["flag --https-addr", "tls_cert and tls_key"]);
    check(None, &[], &["--tls-cert", "a.crt"]).refused(&["flag --tls-cert", "set tls_key as well"]);
    check(None, &[], &["--tls-key", "a.key"]).refused(&["flag --tls-key", "set tls_cert as well"]);
    check(None, &[], &["--lan"]).refused(&["flag --lan", "lan 0.0.0.0:8443 is reached", "insecure_no_auth"]);
    assert_eq!(check(None, &[], &["--lan", "--insecure-no-auth"]).code, 0);
    assert_eq!(check(None, &[], &["--lan", "--https-addr", "127.0.0.1:0"]).code, 0);
    check(None, &[], &["--https-addr", "443"]).refused(&["flag --https-addr", "0.0.0.0:443 or [::]:443"]);
}

#[test]
fn a_password_is_not_printed() {
    let run = check(None, &[], &["--ice-server", "turn:turn.example.net ann secret"]);
    assert_eq!(run.line("ice_server").0, "ice_server = [\"turn:turn.example.net ann ********\"]");
}

#[test]
fn the_administrators_token_is_not_printed_and_not_guessed_soon() {
    let token = "f3a1c6f2b07d4e58";
    for run in [check(None, &[("SFU_ADMIN_TOKEN", token)], &[]), check(None, &[], &["--admin-token", token])] {
        assert_eq!(run.line("admin_token").0, "admin_token = \"********\"");
        assert!(!run.out.contains(token), "{}", run.out);
        assert_eq!(check(Some(&run.out), &[], &[]).code, 2, "what stands in its place is no token");
    }
    for wrong in ["f3a1c6f2b07d4e5", "correct horse battery staple", "f3a1c6f2b07d4e5ö", "================"] {
        let run = check(None, &[("SFU_ADMIN_TOKEN", wrong)], &[]);
        run.refused(&["environment variable SFU_ADMIN_TOKEN", "openssl rand"]);
        assert!(!run.err.contains(wrong), "{}", run.err);
    }
}

#[test]
fn variables_of_others_are_left_alone() {
    assert_eq!(check(None, &[("SFUSOMETHING", "1"), ("OTHER_SFU_PORT", "1")], &[]).code, 0);
    let of_the_client = [("SFU_URL", "https://meet.example"), ("SFU_TOKEN", "x"), ("SFU_TOKEN_FILE", "/nowhere")];
    assert_eq!(check(None, &of_the_client, &[]).code, 0);
}

#[test]
fn the_example_file_is_valid_and_says_the_defaults() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/sfu.example.toml");
    let example = check(None, &[], &["--config", path.to_str().unwrap()]);
    assert_eq!(example.code, 0, "{}", example.err);
    let text = std::fs::read_to_string(&path).unwrap();
    for line in check(None, &[], &["--shards", "2"]).out.lines() {
        let value = line.split("  #").next().unwrap().trim();
        assert!(
            text.lines().any(|have| have.trim_start_matches("# ").trim() == value),
            "`{value}` is not in the example"
        );
    }
}
