//! Claims that are signed as they should be, and say what may not be said.

use serde_json::{Value, json};
use sfu_server::auth::{Grant, Pass, TokenError};

use crate::corpus::{Class, class};
use crate::forge::{By, ED, NOW, SEED, but, claims, judge, signed, signed_text, token};

const DAY: u64 = 24 * 60 * 60;

fn each(name: &str, values: impl IntoIterator<Item = Value>) -> Vec<String> {
    values.into_iter().map(|value| signed(&but(name, value))).collect()
}

fn spanning(nbf: u64, exp: u64) -> String {
    let mut claims = claims();
    claims["nbf"] = json!(nbf);
    claims["exp"] = json!(exp);
    signed(&claims)
}

pub fn classes() -> Vec<Class> {
    [times(), names(), rights(), texts()].into_iter().flatten().collect()
}

/// Tokens at the edge of what is accepted.
pub fn controls() -> Vec<String> {
    let mut full = claims();
    for (name, value) in [
        ("iat", json!(1)),
        ("iss", json!("us")),
        ("sub", json!("u-7")),
        ("jti", json!("1")),
        ("name", json!("Ann B\u{fc}chner")),
        ("caps", json!({"publish_max_bps": 1_000, "subscribe_max_bps": 10_000_000_000_u64, "video_max_height": 8_640})),
        ("room", json!("Ein Raum")),
        ("grants", json!(Grant::ALL[..7])),
    ] {
        full[name] = value;
    }
    vec![
        signed(&full),
        signed_text(&format!("  {}  ", claims())),
        spanning(NOW + 10, NOW + 10 + DAY),
        spanning(NOW + 1 - DAY, NOW + 1),
        signed(&but("caps", json!({}))),
        signed(&json!({"aud": "sfu", "nbf": NOW, "exp": NOW + 60, "grants": ["admin"]})),
        token(ED, &full.to_string(), By::Ed(&SEED)),
    ]
}

fn times() -> Vec<Class> {
    let odd = || {
        [
            json!(null),
            json!("1900000000"),
            json!(-1),
            json!(1.8e9),
            json!(1_900_000_000.5),
            json!(true),
            json!([NOW]),
            json!({}),
            json!("9999-12-31"),
        ]
    };
    let huge = ["18446744073709551616", "1e400", "9223372036854775808e1", "Infinity", "NaN", "0x7fffffff"];
    let huge = huge.iter().flat_map(|number| {
        ["exp", "nbf"].map(|name| signed_text(&but(name, json!("@")).to_string().replace("\"@\"", number)))
    });
    vec![
        class("no exp, or one that is no time", each("exp", odd())),
        class("no nbf, or one that is no time", each("nbf", odd())),
        class("a time that is no number we have", huge),
        class(
            "expired",
            [NOW, NOW - 1, NOW - 5]
                .iter()
                .map(|exp| spanning(NOW - 3_600, *exp))
                .chain([spanning(0, 60), spanning(1, DAY)]),
        ),
        class("not valid yet", [11, 60, DAY].iter().map(|ahead| spanning(NOW + ahead, NOW + ahead + 60))),
        class(
            "too long, or no time at all",
            [
                spanning(NOW, NOW + DAY + 1),
                spanning(NOW - 10, NOW + 30 * DAY),
                spanning(0, NOW + 60),
                spanning(0, u64::MAX),
                spanning(NOW - 1, u64::MAX),
                spanning(NOW + 60, NOW + 60),
                spanning(NOW + 5, NOW + 4),
                spanning(NOW, 0),
                spanning(u64::MAX, u64::MAX),
                spanning(u64::MAX, 1),
            ],
        ),
    ]
}

fn names() -> Vec<Class> {
    let audiences = [
        json!(null),
        json!(""),
        json!("SFU"),
        json!("sfu "),
        json!("sfu2"),
        json!("*"),
        json!(["sfu"]),
        json!(["other", "sfu"]),
        json!([]),
        json!(1),
        json!({"sfu": 1}),
        json!("other"),
    ];
    let bad = || {
        [
            json!(null),
            json!(""),
            json!(" demo"),
            json!("demo "),
            json!("a/b"),
            json!("."),
            json!(".."),
            json!("a\u{200b}b"),
            json!("a\u{0}"),
            json!("a\nb"),
            json!("x".repeat(129)),
            json!(["demo"]),
            json!(1),
            json!({}),
            json!(true),
            json!("\u{202e}omed"),
        ]
    };
    let shown = [
        json!(""),
        json!("   "),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("\u{202e}nna"),
        json!("x".repeat(129)),
        json!(1),
        json!(["Ann"]),
    ];
    vec![
        class("for another audience, or none", each("aud", audiences)),
        class("for no room that there can be", each("room", bad())),
        class("for nobody that there can be", each("identity", bad().into_iter().chain([json!("a,b")]))),
        class("with a name that may not be shown", each("name", shown)),
    ]
}

fn rights() -> Vec<Class> {
    let grants = [
        json!(null),
        json!([]),
        json!("join"),
        json!({"join": true}),
        json!(["join", "join"]),
        json!(["JOIN"]),
        json!(["join", "*"]),
        json!(["*"]),
        json!(["all"]),
        json!(["join", 1]),
        json!([["join"]]),
        json!(["join", null]),
        json!(["join,admin"]),
        json!(["publish"]),
        json!([true]),
        json!(["join", "root"]),
    ];
    let caps = [
        json!([]),
        json!("none"),
        json!(0),
        json!({"publish_max_bps": 999}),
        json!({"publish_max_bps": 0}),
        json!({"publish_max_bps": -1}),
        json!({"subscribe_max_bps": 10_000_000_001_u64}),
        json!({"subscribe_max_bps": "1000000"}),
        json!({"subscribe_max_bps": 1e6}),
        json!({"video_max_height": 15}),
        json!({"video_max_height": 8_641}),
        json!({"video_max_height": 70_000}),
        json!({"max_bps": 5_000}),
        json!({"room_egress_max_bps": 5_000}),
        json!({"Publish_max_bps": 5_000}),
    ];
    let admin = |more: Value| {
        let mut claims = json!({"aud": "sfu", "nbf": NOW, "exp": NOW + 60, "grants": ["admin"]});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        signed(&claims)
    };
    let mixed = [
        admin(json!({"room": "demo"})),
        admin(json!({"identity": "ann"})),
        admin(json!({"name": "Ann"})),
        admin(json!({"caps": {}})),
        admin(json!({"grants": ["admin", "join"]})),
        admin(json!({"grants": ["admin", "admin"]})),
        admin(json!({"room": "demo", "identity": "ann", "grants": ["join", "admin"]})),
        admin(json!({"grants": ["join"]})),
    ];
    vec![
        class("grants that there are not", each("grants", grants)),
        class("caps that there are not", each("caps", caps)),
        class("the administrator's grant beside others", mixed),
    ]
}

fn texts() -> Vec<Class> {
    let good = claims().to_string();
    let twice = ["exp", "nbf", "aud", "room", "identity", "grants"].map(|name| {
        let value = claims()[name].clone();
        signed_text(&good.replacen('{', &format!("{{\"{name}\":{value},"), 1))
    });
    let nested = [
        signed_text(&good.replacen('{', "{\"caps\":{\"publish_max_bps\":5000,\"publish_max_bps\":6000},", 1)),
        signed_text(&good.replacen('{', "{\"r\\u006fom\":\"board\",", 1)),
        signed_text(&good.replacen('{', "{\"name\":\"a\",\"name\":\"b\",", 1)),
        signed_text(&good.replacen('{', "{\"iss\":\"a\",\"iss\":\"b\",", 1)),
    ];
    let unknown = [
        "grant",
        "Grants",
        "Room",
        "cap",
        "admin",
        "role",
        "scope",
        "permissions",
        "video",
        "ROOM",
        "exp ",
        "__proto__",
    ];
    let shapes = [
        format!("[\"sfu\",{},{},null,null,null,null,\"demo\",\"ann\",null,[\"join\"],{{}}]", NOW + 60, NOW),
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "\"demo\"".to_owned(),
        "1".to_owned(),
        good[1..].to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}{good}"),
        format!("[{good}]"),
        format!("\u{feff}{good}"),
        format!("{good}\u{0}"),
        good.replace('"', "'"),
        format!("{}{}", "{\"a\":".repeat(300), "}".repeat(300)),
        format!("{}{}", "[".repeat(2_000), "]".repeat(2_000)),
    ];
    let latin = {
        let head = format!("{}.", crate::forge::b64(crate::forge::HS));
        let bytes: Vec<u8> =
            good.replace("ann", "?nn").bytes().map(|byte| if byte == b'?' { 0xe9 } else { byte }).collect();
        let text = format!("{head}{}", crate::forge::b64(bytes));
        let signature = crate::forge::b64(By::Hs(&crate::forge::SECRET).sign(&text));
        format!("{text}.{signature}")
    };
    vec![
        class("a claim that stands there twice", twice.into_iter().chain(nested)),
        class("a claim that nobody knows", unknown.iter().map(|name| signed(&but(name, json!("demo"))))),
        class("claims that are no object of JSON", shapes.iter().map(|text| signed_text(text))),
        class("claims that are not UTF-8", [latin]),
        class("a token within a token", [signed_text(&format!("\"{}\"", signed(&claims())))]),
    ]
}

#[test]
fn of_a_signed_token_it_is_told_that_its_time_is_over_or_not_here_and_nothing_of_any_other() {
    assert_eq!(judge(&spanning(NOW - 60, NOW)), Err(TokenError::Expired));
    assert_eq!(judge(&spanning(NOW + 11, NOW + 60)), Err(TokenError::NotYet));
    let forged = token(crate::forge::HS, &but("exp", json!(NOW - 1)).to_string(), By::Hs(b"guessed"));
    assert_eq!(judge(&forged), Err(TokenError::Invalid));
}

#[test]
fn what_a_token_says_is_what_is_allowed() {
    let Ok(Pass::Participant(ann)) = judge(&controls()[0]) else { panic!() };
    assert_eq!(
        (ann.room.as_str(), ann.identity.as_str(), ann.name.as_deref()),
        ("Ein Raum", "ann", Some("Ann B\u{fc}chner"))
    );
    assert_eq!(ann.grants.list(), Grant::ALL[..7]);
    assert_eq!(ann.caps.publish_max_bps, Some(1_000));
    assert_eq!(ann.caps.video_max_height, Some(8_640));
    assert_eq!(judge(&controls()[5]), Ok(Pass::Admin));
}
