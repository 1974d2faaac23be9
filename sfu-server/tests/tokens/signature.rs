//! Tokens whose signature does not hold, or whose form is not the one there is.

use crate::corpus::{Class, class};
use crate::forge::{By, ED, HS, OTHER_SECRET, SECRET, SEED, b64, claims, signed, token};

pub fn classes() -> Vec<Class> {
    [tampered(), weak(), forms()].into_iter().flatten().collect()
}

fn good() -> [String; 2] {
    [signed(&claims()), token(ED, &claims().to_string(), By::Ed(&SEED))]
}

fn tampered() -> Vec<Class> {
    let bits = good().into_iter().flat_map(|good| {
        let (head, signature) = good.rsplit_once('.').unwrap();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature).unwrap();
        let flipped = (0..bytes.len()).map(|at| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            format!("{head}.{}", b64(bytes))
        });
        let cut = [0, 1, bytes.len() / 2, bytes.len() - 1].map(|length| format!("{head}.{}", b64(&bytes[..length])));
        let longer =
            [format!("{head}.{}", b64([bytes.as_slice(), &[0]].concat())), format!("{head}.{signature}{signature}")];
        flipped.chain(cut).chain(longer).collect::<Vec<_>>()
    });
    let swapped = good().into_iter().flat_map(|good| {
        let parts: Vec<&str> = good.split('.').collect();
        let [header, body, signature] = parts.as_slice() else { panic!() };
        let richer = claims().to_string().replace("subscribe", "moderate");
        let elsewhere = claims().to_string().replace("demo", "board");
        [
            format!("{header}.{}.{signature}", b64(richer)),
            format!("{header}.{}.{signature}", b64(elsewhere)),
            format!("{header}.{body}.{header}"),
            format!("{body}.{header}.{signature}"),
            format!("{header}.{signature}.{body}"),
            format!("{}.{body}.{signature}", b64(HS.replace("HS256", "HS512"))),
            format!("{}.{body}.{signature}", b64(HS.replace(',', ", "))),
        ]
    });
    vec![class("a signature with a bit changed, cut or longer", bits), class("the signature of other claims", swapped)]
}

fn weak() -> Vec<Class> {
    let secrets: [&[u8]; 10] = [
        b"",
        b"\0",
        b"secret",
        b"password",
        b"your-256-bit-secret",
        b"hs",
        b"sfu",
        b"changeme",
        &[0; 32],
        b64(SECRET).leak().as_bytes(),
    ];
    let guessed = secrets.into_iter().map(|secret| token(HS, &claims().to_string(), By::Hs(secret)));
    let blank = good().into_iter().flat_map(|good| {
        let head = good.rsplit_once('.').unwrap().0.to_owned();
        [32, 64, 96].map(|length| format!("{head}.{}", b64(vec![0; length])))
    });
    let other = token(HS, &claims().to_string(), By::Hs(&OTHER_SECRET));
    vec![
        class("a secret that was guessed", guessed),
        class("a signature of zeros", blank),
        class("another's secret", [other]),
    ]
}

fn forms() -> Vec<Class> {
    let parts = |good: &str| {
        let parts: Vec<&str> = good.split('.').collect();
        let [header, body, signature] = parts.as_slice() else { panic!() };
        vec![
            format!("{header}.{body}"),
            format!("{header}.{body}.{signature}."),
            format!(".{header}.{body}.{signature}"),
            format!("{header}.{body}.{signature}.{signature}"),
            format!("{header}.{body}.{signature}.{signature}.{signature}"),
            format!("{header}..{body}.{signature}"),
            format!(".{body}.{signature}"),
            format!("{header}..{signature}"),
            format!("{header}.{body}."),
            format!("{header},{body},{signature}"),
            format!("{header} . {body} . {signature}"),
            format!("{{\"protected\":\"{header}\",\"payload\":\"{body}\",\"signature\":\"{signature}\"}}"),
        ]
    };
    let written = |good: &str| {
        let parts: Vec<&str> = good.split('.').collect();
        let [header, body, signature] = parts.as_slice() else { panic!() };
        vec![
            format!(" {good}"),
            format!("{good} "),
            format!("{good}\n"),
            format!("{good}\0"),
            format!("{good}="),
            format!("{good}=="),
            format!("{header}=.{body}.{signature}"),
            format!("{header}.{body}=.{signature}"),
            format!("{header}.{body}.{signature}\u{200b}"),
            format!("{header}\n.{body}.{signature}"),
            format!("Bearer {good}"),
            good.to_uppercase(),
            good.chars().rev().collect(),
            good.replace('.', "%2e"),
            loose_bits(good),
        ]
    };
    let giant = [
        token(HS, &format!("{{\"x\":\"{}\"}}", "a".repeat(1_000_000)), By::Hs(&SECRET)),
        token(HS, &format!("{}{}", claims(), " ".repeat(4_000)), By::Hs(&SECRET)),
        token(&format!("{}{}", " ".repeat(4_000), HS), &claims().to_string(), By::Hs(&SECRET)),
        format!("{}{}", signed(&claims()), "A".repeat(5_000)),
        ".".repeat(1_000_000),
        "a".repeat(1_000_000),
    ];
    let texts = [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "null",
        "undefined",
        "{}",
        "\u{0}",
        "eyJ",
        "eyJ.eyJ.",
        "\u{fffd}.\u{fffd}.\u{fffd}",
    ];
    vec![
        class("not three parts", good().iter().flat_map(|good| parts(good))),
        class("written in another way", good().iter().flat_map(|good| written(good))),
        class("giant", giant),
        class("no token at all", texts.map(str::to_owned)),
    ]
}

/// The same bytes, told by base64 whose last character has bits that mean nothing (RFC 4648 §3.5).
fn loose_bits(good: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (head, last) = good.split_at(good.len() - 1);
    let at = ALPHABET.find(last).unwrap();
    format!("{head}{}", ALPHABET.chars().nth(at ^ 1).unwrap())
}
