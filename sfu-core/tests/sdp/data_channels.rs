//! The m-section of data channels: answered for rooms, refused in place for WHIP and WHEP.

use sfu_core::sdp::{DataChannel, Flow, Purpose};

use crate::answer_fixed;

const PUBLISH: &str = include_str!("../golden/chromium-publish.offer.sdp");
const SECTION: &str = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n\
    a=max-message-size:262144\r\n";

fn with_section(section: &str) -> String {
    format!("{}{section}", PUBLISH.replace("BUNDLE 0 1", "BUNDLE 0 1 2"))
}

/// What is agreed for an application section; it must be in the answer's bundle just if anything is.
fn agreed(section: &str) -> Option<DataChannel> {
    let accepted = answer_fixed(&with_section(section), Purpose::Meet).unwrap();
    let data = accepted.negotiated.data;
    let (group, port) = if data.is_some() { ("BUNDLE 0 1 2\r\n", 9) } else { ("BUNDLE 0 1\r\n", 0) };
    assert!(accepted.answer.contains(group), "{section}\n{}", accepted.answer);
    assert!(accepted.answer.contains(&format!("m=application {port} ")), "{section}\n{}", accepted.answer);
    data
}

#[test]
fn a_room_agrees_to_data_channels_in_the_bundle() {
    let data = agreed(SECTION).unwrap();
    assert_eq!((&*data.mid.0, data.local_port, data.remote_port), ("2", 5_000, 5_000));
    assert_eq!(data.remote_message_bytes_max, Some(262_144));
    let answer = answer_fixed(&with_section(SECTION), Purpose::Meet).unwrap().answer;
    let section = answer.split("m=application ").nth(1).unwrap();
    assert!(section.starts_with("9 UDP/DTLS/SCTP webrtc-datachannel\r\n"), "{section}");
    for line in ["a=mid:2", "a=setup:passive", "a=sctp-port:5000", "a=max-message-size:65536", "a=end-of-candidates"] {
        assert!(section.contains(&format!("{line}\r\n")), "{line} in {section}");
    }
    assert!(!section.contains("a=rtcp") && !section.contains("a=sendonly"), "{section}");
}

#[test]
fn the_peers_port_and_message_size_are_read() {
    let with = |from: &str, to: &str| agreed(&SECTION.replace(from, to));
    assert_eq!(with("sctp-port:5000", "sctp-port:6001").unwrap().remote_port, 6_001);
    assert_eq!(with("a=sctp-port:5000\r\n", "").unwrap().remote_port, 5_000);
    assert_eq!(with("size:262144", "size:0").unwrap().remote_message_bytes_max, None);
    assert_eq!(with("a=max-message-size:262144\r\n", "").unwrap().remote_message_bytes_max, Some(65_536));
    assert_eq!(with("size:262144", "size:1073741823").unwrap().remote_message_bytes_max, Some(1_073_741_823));
}

#[test]
fn what_is_no_association_of_ours_is_refused_in_place() {
    for (from, to) in [
        ("sctp-port:5000", "sctp-port:0"),
        ("sctp-port:5000", "sctp-port:70000"),
        ("size:262144", "size:-1"),
        ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
        ("UDP/DTLS/SCTP", "DTLS/SCTP"),
        ("webrtc-datachannel", "t38"),
        ("application 9", "application 0"),
    ] {
        assert_eq!(agreed(&SECTION.replace(from, to)), None, "{to}");
    }
}

#[test]
fn a_bundle_has_one_association() {
    let second = SECTION.replace("a=mid:2", "a=mid:3");
    let offer = with_section(&format!("{SECTION}{second}")).replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3");
    let accepted = answer_fixed(&offer, Purpose::Meet).unwrap();
    assert_eq!(&*accepted.negotiated.data.unwrap().mid.0, "2");
    assert!(accepted.answer.contains("a=group:BUNDLE 0 1 2\r\n") && accepted.answer.contains("m=application 0 "));
}

#[test]
fn somebody_may_come_with_data_channels_alone() {
    let inactive = with_section(SECTION).replace("a=sendonly", "a=inactive");
    let accepted = answer_fixed(&inactive, Purpose::Meet).unwrap();
    assert!(accepted.negotiated.sections.iter().all(|section| matches!(section.flow, Flow::Inactive)));
    let (session, media) = PUBLISH.split_at(PUBLISH.find("m=audio").unwrap());
    let transport: String = media
        .lines()
        .take(9)
        .filter(|l| l.starts_with("a=ice") || l.starts_with("a=fing") || l.starts_with("a=setup"))
        .fold(String::new(), |all, line| all + line + "\r\n");
    let alone = format!("{}{SECTION}{transport}", session.replace("BUNDLE 0 1", "BUNDLE 2"));
    let accepted = answer_fixed(&alone, Purpose::Meet).unwrap();
    assert!(accepted.negotiated.sections.is_empty() && accepted.negotiated.data.is_some());
    assert!(answer_fixed(&alone, Purpose::Publish).is_err());
}
