//! Further offers of one transport, as real browsers make them (`golden/further`): each is answered after those before it.

use sfu_core::id::{Mid, PayloadType, Ssrc};
use sfu_core::sdp::{Accepted, Flow, IceGeneration, Purpose, SdpError, Section, answer_further};

use crate::golden::folder;
use crate::{Counter, answer_fixed, with_local};

/// What a browser does, in order: adds a screen and a pair of slots; stops the screen and holds the camera back; shows
/// another screen in its place, and the camera again; restarts ICE.
const STEPS: [&str; 4] = ["further", "stopped", "recycled", "restart"];

fn offer(browser: &str, step: &str) -> Option<String> {
    std::fs::read_to_string(folder().join(format!("further/{browser}-{step}.offer.sdp"))).ok()
}

/// The answers to a browser's offers, the first one's included.
fn answers(browser: &str) -> Vec<Accepted> {
    let first = std::fs::read_to_string(folder().join(format!("{browser}-meet.offer.sdp"))).unwrap();
    let mut answers = vec![answer_fixed(&first, Purpose::Meet).unwrap()];
    for (place, step) in (2_u64..).zip(STEPS) {
        let Some(offer) = offer(browser, step) else { break };
        let before = &answers.last().unwrap().session;
        let answer = with_local(|local| answer_further(&offer, before, local, &mut Counter(1_000_000 * place)));
        answers.push(answer.unwrap_or_else(|error| panic!("{browser} {step}: {error}")));
    }
    answers
}

#[test]
fn answers_to_a_browsers_further_offers_are_as_recorded() {
    for browser in ["chromium", "firefox"] {
        for (accepted, step) in answers(browser).iter().skip(1).zip(STEPS) {
            let path = folder().join(format!("further/{browser}-{step}.answer.sdp"));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, &accepted.answer).unwrap();
            }
            let recorded = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(recorded == accepted.answer, "{} differs; UPDATE_GOLDEN=1 rewrites it", path.display());
        }
    }
}

fn chromium() -> (Accepted, String) {
    (answers("chromium").remove(0), offer("chromium", "further").unwrap())
}

fn refusal(before: &Accepted, offer: &str) -> SdpError {
    with_local(|local| answer_further(offer, &before.session, local, &mut Counter(9))).expect_err("must be refused")
}

fn mid(name: &str) -> Mid {
    Mid(name.into())
}

/// Lines of an answer that begin so.
fn lines<'a>(answer: &'a str, prefix: &str) -> Vec<&'a str> {
    answer.lines().filter(|line| line.starts_with(prefix)).collect()
}

#[test]
fn what_was_agreed_stays_and_the_version_rises() {
    for browser in ["chromium", "firefox"] {
        let answers = answers(browser);
        assert_eq!(answers.len(), 5);
        for (place, pair) in answers.windows(2).enumerate() {
            let (before, now) = (&pair[0], &pair[1]);
            let origin = |accepted: &Accepted| accepted.answer.lines().nth(1).unwrap().replace(" IN IP4 127.0.0.1", "");
            let (id, version) = (origin(before), origin(now));
            assert_eq!(
                version,
                id.strip_suffix(&(place + 1).to_string()).unwrap().to_owned() + &(place + 2).to_string()
            );
            // Slots of the first offer are the same in each.
            let slots = lines(&answers[0].answer, "a=ssrc:");
            assert_eq!(lines(&now.answer, "a=ssrc:")[..slots.len()], slots);
            assert_eq!(now.negotiated.extensions, answers[0].negotiated.extensions);
            let restarts = place == 3;
            assert_eq!(now.ice, if restarts { IceGeneration::New } else { IceGeneration::Same });
        }
        let flows = |step: usize| -> Vec<&'static str> {
            let name = |section: &Section| match section.flow {
                Flow::Publishes { .. } => "in",
                Flow::Receives { .. } => "out",
                Flow::Inactive => "-",
            };
            answers[step].negotiated.sections.iter().map(name).collect()
        };
        assert_eq!(flows(1), ["in", "in", "out", "out", "out", "out", "in", "out", "out"]);
        assert_eq!(flows(2), ["in", "-", "out", "out", "out", "out", "-", "out", "out"]);
        assert_eq!(flows(3), flows(1));
        assert_eq!(answers[3].negotiated.sections[6].mid, mid("10"), "in the place of the one that was stopped");
    }
}

#[test]
fn what_changes_under_a_live_transport_is_refused_by_name() {
    let (before, offer) = chromium();
    let reused = offer.replace("a=rtpmap:96 VP8", "a=rtpmap:96 AV1");
    assert_eq!(
        refusal(&before, &reused),
        SdpError::PayloadTypeChanged { payload_type: PayloadType(96), mid: mid("1") }
    );
    let moved = offer.replace("a=extmap:3 http://www.ietf.org/id/draft-holmer", "a=extmap:3 urn:x");
    assert_eq!(refusal(&before, &moved), SdpError::ExtensionChanged { id: 3, mid: mid("0") });
    let place = offer.find("a=fingerprint:sha-256 ").unwrap() + 22;
    let digits = offer[place..place + 2].to_owned();
    let other = if digits == "00" { "01" } else { "00" };
    let forged = offer.replace(&format!("sha-256 {digits}"), &format!("sha-256 {other}"));
    assert_eq!(refusal(&before, &forged), SdpError::FingerprintChanged);
    assert_eq!(refusal(&before, &offer.replace("setup:actpass", "setup:passive")), SdpError::RoleChanged);
    let pwd = lines(&offer, "a=ice-pwd:")[0];
    let half = offer.replace(pwd, "a=ice-pwd:another-of-24-characters!");
    assert_eq!(refusal(&before, &half), SdpError::HalfRestart);
    let renamed = offer.replace("a=mid:2\r\n", "a=mid:two\r\n").replace(" 2 3 4 ", " two 3 4 ");
    assert_eq!(refusal(&before, &renamed), SdpError::SectionMoved { place: 3, was: mid("2"), now: mid("two") });
    let short = offer.split("m=application").next().unwrap().replace(" 6 7 8 9\r\n", "\r\n");
    assert_eq!(refusal(&before, &short), SdpError::SectionsGone { before: 7, now: 6 });
    let slot = lines(&before.answer, "a=ssrc:")[0].trim_start_matches("a=ssrc:").split(' ').next().unwrap();
    let taken = offer.replacen("a=mid:1\r\n", &format!("a=mid:1\r\na=ssrc:{slot} cname:x\r\n"), 1);
    assert_eq!(refusal(&before, &taken), SdpError::SsrcTaken { ssrc: Ssrc(slot.parse().unwrap()), mid: mid("1") });
}

#[test]
fn the_roles_of_dtls_stay_whatever_is_offered_of_them() {
    let (_, further) = chromium();
    let first = std::fs::read_to_string(folder().join("chromium-meet.offer.sdp")).unwrap();
    let before = answer_fixed(&first.replace("setup:actpass", "setup:passive"), Purpose::Meet).unwrap();
    let again = with_local(|local| answer_further(&further, &before.session, local, &mut Counter(9))).unwrap();
    assert!(lines(&again.answer, "a=setup:").iter().all(|line| *line == "a=setup:active"));
}

#[test]
fn everything_may_be_held_back_for_a_while() {
    let (before, offer) = chromium();
    let offer = offer.replace("a=sendonly", "a=inactive").replace("a=recvonly", "a=inactive");
    let held = with_local(|local| answer_further(&offer, &before.session, local, &mut Counter(9))).unwrap();
    assert!(held.negotiated.sections.iter().all(|section| matches!(section.flow, Flow::Inactive)));
}
