//! Trickled candidates and ICE restarts as SDP fragments.

use sfu_core::sdp::{Fragment, Purpose, SdpError, parse_fragment, write_fragment};

use crate::{answer_fixed, with_local};

/// As the library whip-whep writes it.
const TRICKLED: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
    a=candidate:2930517337 1 udp 2113937151 192.0.2.9 61342 typ host generation 0 ufrag EsAw\r\na=end-of-candidates\r\n";

#[test]
fn a_trickled_candidate_is_read() {
    let expected = Fragment {
        ufrag: "EsAw".to_owned(),
        pwd: Some("P2uYro0UCOQ4zxjKXaWCBui1".to_owned()),
        candidates: 1,
        end_of_candidates: true,
    };
    assert_eq!(parse_fragment(TRICKLED), Ok(expected));
}

#[test]
fn credentials_repeated_in_each_section_are_one_generation() {
    let repeated =
        format!("{TRICKLED}m=video 9 RTP/AVP 0\na=mid:1\na=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n");
    assert_eq!(parse_fragment(&repeated).unwrap().ufrag, "EsAw");
}

#[test]
fn bad_fragments_are_refused() {
    let cases = [
        ("m=audio 9 RTP/AVP 0\r\na=mid:0\r\n", SdpError::NoFragmentUfrag),
        ("a=ice-ufrag:abcd\r\na=ice-ufrag:efgh\r\n", SdpError::MixedFragment),
        ("a=ice-ufrag:abc\r\n", SdpError::IceUfrag { characters: 3 }),
        ("a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n", SdpError::IcePwd { characters: 5 }),
        ("hello", SdpError::NotAField { line: 1, found: "hello".to_owned() }),
    ];
    for (fragment, error) in cases {
        assert_eq!(parse_fragment(fragment), Err(error), "{fragment}");
    }
}

#[test]
fn a_restart_is_answered_for_every_accepted_section() {
    let offer = include_str!("../golden/chromium-publish.offer.sdp").replace("m=audio 9", "m=audio 0");
    let sections = answer_fixed(&offer, Purpose::Publish).unwrap().negotiated.sections;
    let written = with_local(|local| write_fragment(local, &sections));
    let expected = "a=ice-lite\r\na=ice-options:trickle\r\na=group:BUNDLE 1\r\na=ice-ufrag:sfuUfrag\r\n\
        a=ice-pwd:sfuPasswordOf24Characters\r\nm=video 9 RTP/AVP 0\r\na=mid:1\r\n\
        a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host\r\n\
        a=candidate:2 1 udp 2130706175 2001:db8::1 7882 typ host\r\na=end-of-candidates\r\n";
    assert_eq!(written, expected);
    let read = parse_fragment(&written).unwrap();
    assert_eq!((read.ufrag.as_str(), read.candidates, read.end_of_candidates), ("sfuUfrag", 2, true));
}
