//! Headers that try to choose what they are judged by.

use serde_json::{Value, json};

use crate::corpus::{Class, class};
use crate::forge::{By, FOREIGN_SEED, OTHER_SECRET, SECRET, SEED, b64, claims, public, token};

fn with(header: &str, by: By<'_>) -> String {
    token(header, &claims().to_string(), by)
}

fn hs(header: &Value) -> String {
    with(&header.to_string(), By::Hs(&SECRET))
}

pub fn classes() -> Vec<Class> {
    [algorithms(), keys(), fields(), shapes()].into_iter().flatten().collect()
}

fn algorithms() -> Vec<Class> {
    let none = ["none", "None", "NONE", "nOnE", "none ", " none", "", "null", "no\u{131}e"];
    let unsigned = none.iter().flat_map(|alg| {
        ["hs", "ed"].into_iter().flat_map(move |kid| {
            let header = json!({"alg": alg, "typ": "JWT", "kid": kid}).to_string();
            let head = format!("{}.{}", b64(&header), b64(claims().to_string()));
            [
                format!("{head}."),
                format!("{head}.{}", b64("x")),
                with(&header, By::Hs(&SECRET)),
                with(&header, By::Hs(b"")),
            ]
        })
    });
    let others = [
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES256K",
        "ES384",
        "ES512",
        "Ed25519",
        "Ed448",
        "hs256",
        "Hs256",
        "HS256 ",
        "HS256\u{0}",
        "eddsa",
        "EDDSA",
        "A256KW",
        "dir",
        "HS1",
        "SHA256",
    ];
    let others = others.iter().map(|alg| hs(&json!({"alg": alg, "typ": "JWT", "kid": "hs"})));
    let odd = [json!(null), json!(256), json!(true), json!(["HS256"]), json!({"HS256": 1})];
    let odd = odd.into_iter().map(|alg| hs(&json!({"alg": alg, "typ": "JWT", "kid": "hs"})));
    let public = public();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", b64(&public));
    let secrets: [&[u8]; 6] = [&public, b64(&public).leak().as_bytes(), pem.leak().as_bytes(), b"", b"ed", &SEED];
    let confused = secrets.into_iter().flat_map(|secret| {
        ["HS256", "EdDSA"].map(|alg| with(&json!({"alg": alg, "typ": "JWT", "kid": "ed"}).to_string(), By::Hs(secret)))
    });
    let crossed = [
        with(r#"{"alg":"EdDSA","typ":"JWT","kid":"hs"}"#, By::Hs(&SECRET)),
        with(r#"{"alg":"EdDSA","typ":"JWT","kid":"hs"}"#, By::Ed(&SEED)),
        with(r#"{"alg":"HS256","typ":"JWT","kid":"ed"}"#, By::Ed(&SEED)),
        with(r#"{"alg":"HS256","typ":"JWT","kid":"hs"}"#, By::Ed(&SEED)),
    ];
    vec![
        class("no algorithm at all", unsigned),
        class("an algorithm that no key has", others),
        class("an algorithm that is no text", odd),
        class("a public key taken for a secret", confused),
        class("the algorithm of another key", crossed),
    ]
}

fn keys() -> Vec<Class> {
    let named = |kid: Value| hs(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}));
    let paths = [
        "/dev/null",
        "../../../../dev/null",
        "file:///dev/null",
        "./hs",
        "hs/../hs",
        "hs/",
        "/hs",
        "%2e%2e/hs",
        "..",
        ".",
        "hs\u{0}",
        "hs\u{0}.json",
        "hs.json",
        "C:\\hs",
        "\\\\host\\hs",
        "https://example.org/hs",
        "|cat hs",
        "hs;ls",
        "$(hs)",
        "`hs`",
        "' OR 1=1 --",
        "hs' UNION SELECT 'x",
        "{{hs}}",
        "${jndi:ldap://example.org/hs}",
    ];
    let near = [
        "HS",
        "Hs",
        "hS",
        " hs",
        "hs ",
        "hs\n",
        "h",
        "hss",
        "hs-",
        "hs-3",
        "",
        "*",
        "h?",
        "h.",
        "\u{ff48}s",
        "h\u{455}",
        "0",
        "ed ",
    ];
    let odd = [json!(null), json!(0), json!(1), json!(true), json!(["hs"]), json!({"hs": 1}), json!([])];
    let nobody = [hs(&json!({"alg": "HS256", "typ": "JWT"})), with(r#"{"alg":"EdDSA","typ":"JWT"}"#, By::Ed(&SEED))];
    let another = [
        with(r#"{"alg":"HS256","typ":"JWT","kid":"hs"}"#, By::Hs(&OTHER_SECRET)),
        with(r#"{"alg":"HS256","typ":"JWT","kid":"hs-2"}"#, By::Hs(&SECRET)),
        with(r#"{"alg":"EdDSA","typ":"JWT","kid":"ed"}"#, By::Ed(&FOREIGN_SEED)),
    ];
    // Those of the null device and of an empty file.
    let empty =
        paths.iter().map(|kid| with(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}).to_string(), By::Hs(b"")));
    vec![
        class("a kid that is a path, an address or a command", paths.iter().map(|kid| named(json!(kid)))),
        class("a kid that is a path to an empty secret", empty),
        class("a kid that is nearly one", near.iter().map(|kid| named(json!(kid)))),
        class("a kid that is no text", odd.into_iter().map(named)),
        class("no kid", nobody),
        class("the kid of another key than the one that signed", another),
    ]
}

fn fields() -> Vec<Class> {
    let plus = |name: &str, value: Value| {
        let mut header = json!({"alg": "HS256", "typ": "JWT", "kid": "hs"});
        header[name] = value;
        hs(&header)
    };
    let jwk = json!({"kty": "oct", "k": b64(b"mine"), "alg": "HS256", "kid": "hs"});
    let embedded = [
        ("jwk", jwk.clone()),
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": b64(public())})),
        ("jwk", json!(null)),
        ("jwks", json!({"keys": [jwk]})),
        ("jku", json!("https://example.org/jwks.json")),
        ("jku", json!("http://127.0.0.1/")),
        ("x5u", json!("https://example.org/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
    ];
    let extensions = [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("cty", json!("JWT")),
        ("cty", json!("application/xml")),
        ("p2c", json!(1)),
        ("epk", json!({})),
        ("nonce", json!("x")),
        ("url", json!("https://example.org")),
        ("x", json!(1)),
        ("ALG", json!("none")),
        ("Kid", json!("ed")),
    ];
    let types = [
        json!("jwt"),
        json!("Jwt"),
        json!("JWT "),
        json!("at+jwt"),
        json!("application/jwt"),
        json!("JWE"),
        json!("JOSE"),
        json!(""),
        json!("secevent+jwt"),
        json!("dpop+jwt"),
        json!(null),
        json!(1),
        json!(["JWT"]),
    ];
    let types = types.into_iter().map(|typ| hs(&json!({"alg": "HS256", "typ": typ, "kid": "hs"})));
    let twice = [
        r#"{"alg":"HS256","alg":"HS256","typ":"JWT","kid":"hs"}"#,
        r#"{"alg":"none","alg":"HS256","typ":"JWT","kid":"hs"}"#,
        r#"{"alg":"HS256","alg":"none","typ":"JWT","kid":"hs"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"ed","kid":"hs"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"hs","kid":"hs"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"hs","k\u0069d":"hs"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"JWT","kid":"hs"}"#,
    ];
    vec![
        class("a header that brings its own key", embedded.into_iter().map(|(name, value)| plus(name, value))),
        class("a header with what is not understood", extensions.into_iter().map(|(name, value)| plus(name, value))),
        class("another type, or none", types.chain([hs(&json!({"alg": "HS256", "kid": "hs"}))])),
        class("a header that says something twice", twice.iter().map(|header| with(header, By::Hs(&SECRET)))),
    ]
}

fn shapes() -> Vec<Class> {
    let headers = [
        "",
        "{}",
        "[]",
        "null",
        "1",
        "\"HS256\"",
        "{",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"hs\"",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"hs\"} x",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"hs\"}{}",
        "\u{feff}{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"hs\"}",
        "{'alg':'HS256','typ':'JWT','kid':'hs'}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"hs\",}",
        "// c\n{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"hs\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"hs\"}\u{0}",
        "[\"HS256\",\"JWT\"]",
        "[\"HS256\",\"JWT\",\"hs\"]",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\\ud800\"}",
    ];
    let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
    vec![
        class("a header that is no object of JSON", headers.iter().map(|header| with(header, By::Hs(&SECRET)))),
        class("a header that is deep", [with(&deep, By::Hs(&SECRET))]),
    ]
}
