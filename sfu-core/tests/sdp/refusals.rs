//! Offers that cannot be answered: the error says what is wrong and where.

use sfu_core::id::{Mid, PayloadType};
use sfu_core::limits;
use sfu_core::sdp::{Purpose, SdpError};

use crate::answer_fixed;

const OFFER: &str = include_str!("../golden/chromium-publish.offer.sdp");

fn mid(name: &str) -> Mid {
    Mid(name.into())
}

fn refusal(offer: &str) -> SdpError {
    answer_fixed(offer, Purpose::Publish).expect_err("must be refused")
}

/// The offer without the lines that begin so.
fn without(prefix: &str) -> String {
    OFFER.lines().filter(|line| !line.starts_with(prefix)).map(|line| format!("{line}\r\n")).collect()
}

#[test]
fn limits_hold() {
    let long = "a".repeat(limits::SDP_BYTES_MAX + 1);
    assert_eq!(refusal(&long), SdpError::TooLong { bytes: limits::SDP_BYTES_MAX + 1 });
    assert_eq!(refusal(&"a=b\n".repeat(limits::SDP_LINES_MAX + 1)), SdpError::TooManyLines);
    assert_eq!(refusal(&"m=x\n".repeat(limits::SDP_SECTIONS_MAX + 1)), SdpError::TooManySections);
}

#[test]
fn tracks_and_slots_are_limited() {
    let head = OFFER.split("m=video").next().unwrap();
    let (session, section) = head.split_at(head.find("m=audio").unwrap());
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|index| index.to_string()).collect();
        let group = format!("a=group:BUNDLE {}\r\n", names.join(" "));
        let sections: String = names.iter().map(|name| section.replace("a=mid:0", &format!("a=mid:{name}"))).collect();
        format!("{}{sections}", session.replace("a=group:BUNDLE 0 1\r\n", &group))
    };
    assert!(answer_fixed(&many(limits::TRACKS_PER_TRANSPORT_MAX), Purpose::Publish).is_ok());
    let tracks = limits::TRACKS_PER_TRANSPORT_MAX + 1;
    assert_eq!(refusal(&many(tracks)), SdpError::TooManyTracks { tracks });
    let slots = limits::SLOTS_PER_TRANSPORT_MAX + 1;
    let offer = many(slots).replace("a=sendonly", "a=recvonly").replace("a=ssrc:", "a=x-ssrc:");
    let error = answer_fixed(&offer, Purpose::Watch).expect_err("must be refused");
    assert!([SdpError::TooManySlots { slots }, SdpError::TooLong { bytes: offer.len() }].contains(&error), "{error}");
}

#[test]
fn syntax_errors_name_the_line() {
    let (line, found) = (5, "group BUNDLE 0 1".to_owned());
    assert_eq!(refusal(&OFFER.replace("a=group:BUNDLE 0 1", "group BUNDLE 0 1")), SdpError::NotAField { line, found });
    let found = "m=audio nine UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126".to_owned();
    assert_eq!(refusal(&OFFER.replace("m=audio 9", "m=audio nine")), SdpError::Malformed { line: 8, found });
    // Lines that are overlooked count all the same: this one has a c= line before it.
    let line = OFFER.lines().position(|line| line.starts_with("m=video")).unwrap() + 1;
    let error = refusal(&OFFER.replace("m=video 9", "m=video nine"));
    assert!(matches!(error, SdpError::Malformed { line: found, .. } if found == line), "{error}");
    let found = "q=1".to_owned();
    assert_eq!(refusal(&OFFER.replace("a=extmap-allow-mixed", "q=1")), SdpError::Malformed { line: 6, found });
    assert_eq!(refusal(&OFFER.replace("s=-", "s=\u{7}")), SdpError::ControlCharacter { line: 3 });
    assert_eq!(refusal("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"), SdpError::Truncated);
    assert_eq!(refusal(""), SdpError::Truncated);
    assert_eq!(refusal("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"), SdpError::NoSection);
}

#[test]
fn fields_that_nobody_reads_refuse_nothing() {
    let odd = OFFER.replace("t=0 0", "b=nonsense\r\nt=0 0").replace("c=IN IP4 0.0.0.0", "c=OUT\r\nb=AS:x:y\r\nk=?");
    let plain = answer_fixed(OFFER, Purpose::Publish).unwrap().answer;
    assert_eq!(answer_fixed(&odd, Purpose::Publish).unwrap().answer, plain);
    assert_eq!(answer_fixed(&OFFER.replace("\r\n", "\n"), Purpose::Publish).unwrap().answer, plain);
}

#[test]
fn the_transport_must_be_described() {
    assert_eq!(refusal(&without("a=ice-ufrag")), SdpError::NoIceCredentials { mid: mid("0") });
    assert_eq!(refusal(&without("a=ice-pwd")), SdpError::NoIceCredentials { mid: mid("0") });
    assert_eq!(refusal(&without("a=fingerprint")), SdpError::NoFingerprint { mid: mid("0") });
    assert_eq!(refusal(&without("a=rtcp-mux")), SdpError::NoRtcpMux { mid: mid("0") });
    assert_eq!(refusal(&without("a=group")), SdpError::NotBundled { sections: 2 });
    let (mid, found) = (mid("0"), "holdconn".to_owned());
    assert_eq!(refusal(&OFFER.replace("setup:actpass", "setup:holdconn")), SdpError::Setup { mid, found });
}

#[test]
fn fingerprints_must_be_strong_and_whole() {
    let weak = OFFER.replace("a=fingerprint:sha-256", "a=fingerprint:sha-1");
    assert_eq!(refusal(&weak), SdpError::WeakFingerprint { mid: mid("0"), offered: vec!["sha-1".to_owned()] });
    let short = OFFER.replace("a=fingerprint:sha-256", "a=fingerprint:sha-512");
    assert_eq!(refusal(&short), SdpError::MalformedFingerprint { mid: mid("0"), expected: 64 });
}

#[test]
fn contradictions_within_the_bundle_name_both_sections() {
    assert_eq!(refusal(&OFFER.replace("a=mid:1", "a=mid:0")), SdpError::DuplicateMid { mid: mid("0") });
    let reused = OFFER
        .replace("m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF 111")
        .replace(":96 VP8", ":111 VP8");
    let payload_type = PayloadType(111);
    assert_eq!(refusal(&reused), SdpError::PayloadTypeConflict { payload_type, first: mid("0"), second: mid("1") });
    let reused = OFFER.replace("a=extmap:14 ", "a=extmap:1 ");
    assert_eq!(refusal(&reused), SdpError::ExtensionConflict { id: 1, first: mid("0"), second: mid("1") });
}

#[test]
fn nothing_usable_says_what_was_offered_and_what_is_supported() {
    let alien = OFFER
        .replace(" opus/", " L16/")
        .replace(" red/", " G729/")
        .replace(" VP8/", " H265/")
        .replace(" VP9/", " H265/")
        .replace(" H264/", " H265/")
        .replace(" AV1/", " H265/");
    let error = refusal(&alien);
    let SdpError::NoMutualCodec { offered } = &error else { panic!("{error}") };
    assert_eq!(offered.join(" "), "L16 G729 G722 PCMU PCMA H265");
    assert!(error.to_string().contains("H265") && error.to_string().contains("VP8"), "{error}");
    assert_eq!(refusal(&OFFER.replace("a=sendonly", "a=recvonly")), SdpError::NothingPublished);
    assert_eq!(answer_fixed(OFFER, Purpose::Watch).unwrap_err(), SdpError::NothingWatched);
}
