//! Whatever the offer: no panic, an answer that parses again and keeps order and names, or an error.

use std::io::Cursor;

use proptest::prelude::*;
use sdp::{MediaDescription, SessionDescription};
use sfu_core::sdp::{Accepted, Flow, Purpose, parse_fragment};

use crate::{answer_fixed, golden};

fn parse(text: &str) -> SessionDescription {
    SessionDescription::unmarshal(&mut Cursor::new(text)).expect("must parse again")
}

fn mid(media: &MediaDescription) -> Option<&str> {
    media.attribute("mid").flatten()
}

/// What holds of every answer.
fn check(offer: &str, accepted: &Accepted) {
    let written = parse(&accepted.answer);
    // Lines that the answerer overlooks may be too odd for the strict parser.
    let Ok(read) = SessionDescription::unmarshal(&mut Cursor::new(offer)) else { return };
    let kinds = |session: &SessionDescription| -> Vec<String> {
        session.media_descriptions.iter().map(|media| media.media_name.media.clone()).collect()
    };
    assert_eq!(kinds(&read), kinds(&written), "order of sections");
    let group = written.attributes.iter().find(|a| a.key == "group").and_then(|a| a.value.clone()).unwrap_or_default();
    let members: Vec<&str> = group.split_whitespace().skip(1).collect();
    let mut ssrcs = Vec::new();
    for (offered, answered) in read.media_descriptions.iter().zip(&written.media_descriptions) {
        assert!(!answered.media_name.formats.is_empty());
        for format in &answered.media_name.formats {
            assert!(offered.media_name.formats.contains(format), "payload type {format} was not offered");
        }
        if let Some(offered) = mid(offered).filter(|mid| !mid.is_empty() && !mid.contains(char::is_whitespace)) {
            assert_eq!(mid(answered), Some(offered));
            assert!(answered.media_name.port.value == 0 || group.is_empty() || members.contains(&offered));
            assert!(answered.media_name.port.value != 0 || !members.contains(&offered));
        }
        ssrcs.extend(answered.attributes.iter().filter(|a| a.key == "ssrc").filter_map(|a| a.value.clone()));
    }
    let count = ssrcs.len();
    ssrcs.sort();
    ssrcs.dedup();
    assert_eq!(ssrcs.len(), count, "SSRCs are unique");
    let negotiated = &accepted.negotiated;
    assert!(!negotiated.remote_fingerprints.is_empty());
    assert!(negotiated.sections.iter().any(|section| !matches!(section.flow, Flow::Inactive)));
    assert!(negotiated.sections.iter().all(|s| !s.codecs.is_empty() || matches!(s.flow, Flow::Inactive)));
}

#[test]
fn answers_to_real_clients_parse_again() {
    for (_, purpose, offer) in golden::offers() {
        check(offer, &answer_fixed(offer, *purpose).unwrap());
    }
}

#[test]
fn every_truncation_is_answered_or_refused() {
    for (_, purpose, offer) in golden::offers().iter().filter(|(_, _, offer)| offer.len() < 6_000) {
        // A stride that no line length divides for long, so that lines are cut in all their parts.
        for end in (0..offer.len()).step_by(7).filter(|end| offer.is_char_boundary(*end)) {
            if let Ok(accepted) = answer_fixed(&offer[..end], *purpose) {
                check(&offer[..end], &accepted);
            }
        }
    }
}

/// One change to an offer: by lines, as an adversary who knows SDP would make it, or by bytes.
#[derive(Debug, Clone)]
enum Mutation {
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, String),
    Byte(prop::sample::Index, char),
    Number(prop::sample::Index, u64),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    let line = prop_oneof![
        "[ -~]{0,40}",
        "a=(mid|rid|simulcast|ssrc|ssrc-group|extmap|fmtp|rtpmap|rtcp-fb|group|setup|fingerprint|ice-ufrag):[ -~]{0,30}",
        "m=(audio|video|application) [0-9]{1,5} UDP/TLS/RTP/SAVPF [0-9 ]{1,12}",
        "a=(sendrecv|recvonly|inactive|bundle-only|rtcp-mux)",
    ];
    prop_oneof![
        index().prop_map(Mutation::Drop),
        (index(), index()).prop_map(|(a, b)| Mutation::Repeat(a, b)),
        (index(), index()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        (index(), line).prop_map(|(a, line)| Mutation::Insert(a, line)),
        (index(), any::<char>()).prop_map(|(a, c)| Mutation::Byte(a, c)),
        (index(), any::<u64>()).prop_map(|(a, number)| Mutation::Number(a, number)),
    ]
}

fn mutate(offer: &str, mutations: &[Mutation]) -> String {
    let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
    for mutation in mutations.iter().cloned() {
        let count = lines.len();
        if count == 0 {
            break;
        }
        match mutation {
            Mutation::Drop(at) => drop(lines.remove(at.index(count))),
            Mutation::Repeat(from, to) => lines.insert(to.index(count), lines[from.index(count)].clone()),
            Mutation::Swap(a, b) => lines.swap(a.index(count), b.index(count)),
            Mutation::Insert(at, line) => lines.insert(at.index(count), line),
            Mutation::Byte(at, c) => {
                let line = &mut lines[at.index(count)];
                let mut chars: Vec<char> = line.chars().collect();
                if !chars.is_empty() {
                    let place = at.index(chars.len());
                    chars[place] = c;
                    *line = chars.into_iter().collect();
                }
            }
            Mutation::Number(at, number) => {
                let line = &mut lines[at.index(count)];
                *line = line
                    .split(' ')
                    .map(|w| if w.parse::<u64>().is_ok() { number.to_string() } else { w.to_owned() })
                    .collect::<Vec<_>>()
                    .join(" ");
            }
        }
    }
    lines.join("\r\n") + "\r\n"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_mutation_is_answered_or_refused(
        which in any::<prop::sample::Index>(),
        watch in any::<bool>(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let offers = golden::offers();
        let offer = mutate(&offers[which.index(offers.len())].2, &mutations);
        let purpose = if watch { Purpose::Watch } else { Purpose::Publish };
        match answer_fixed(&offer, purpose) {
            Ok(accepted) => check(&offer, &accepted),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn any_text_is_a_fragment_or_refused(text in "(a=(ice-ufrag|ice-pwd|candidate|mid|end-of-candidates):?[ -~]{0,30}\r?\n|\\PC{0,20}\n){0,8}") {
        if let Ok(fragment) = parse_fragment(&text) {
            prop_assert!(fragment.ufrag.len() >= 4);
        }
    }
}
