//! Fragments of descriptions (`application/trickle-ice-sdpfrag`, RFC 8840 §9): candidates that trickle in, and ICE restarts.

use super::{Local, MediaKind, SdpError, Section, candidate, peer, text};

/// What a client's fragment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The ICE generation it belongs to; a new one restarts ICE (RFC 9725 §4.3.3).
    pub ufrag: String,
    /// Always there when ICE restarts.
    pub pwd: Option<String>,
    /// How many candidates it brings; an ICE-lite server waits for checks and needs none of them.
    pub candidates: usize,
    pub end_of_candidates: bool,
}

/// Reads a fragment; lines that say nothing about ICE are passed over.
pub fn parse_fragment(fragment: &str) -> Result<Fragment, SdpError> {
    let mut ufrag: Option<&str> = None;
    let mut pwd: Option<&str> = None;
    let mut candidates = 0_usize;
    let mut end_of_candidates = false;
    for line in text::lines(fragment)?.iter().filter(|line| line.letter == b'a') {
        let (key, value) = line.value.split_once(':').unwrap_or((line.value, ""));
        match key {
            "ice-ufrag" => same(&mut ufrag, value)?,
            "ice-pwd" => same(&mut pwd, value)?,
            "candidate" => candidates = candidates.saturating_add(1),
            "end-of-candidates" => end_of_candidates = true,
            _ => {}
        }
    }
    let ufrag = peer::checked_ufrag(ufrag.ok_or(SdpError::NoFragmentUfrag)?)?;
    let pwd = pwd.map(peer::checked_pwd).transpose()?;
    Ok(Fragment { ufrag, pwd, candidates, end_of_candidates })
}

/// Each section may repeat the credentials, but all of them speak of one generation.
fn same<'a>(slot: &mut Option<&'a str>, value: &'a str) -> Result<(), SdpError> {
    if *slot.get_or_insert(value) == value { Ok(()) } else { Err(SdpError::MixedFragment) }
}

/// The answer to a restart (RFC 9725 §4.3.3): our new credentials and every candidate in each accepted section.
pub fn write_fragment(local: &Local<'_>, sections: &[Section]) -> String {
    let accepted: Vec<&Section> = sections.iter().filter(|section| !section.codecs.is_empty()).collect();
    let mids: Vec<&str> = accepted.iter().map(|section| &*section.mid.0).collect();
    let mut lines = vec![
        "a=ice-lite".to_owned(),
        "a=ice-options:trickle".to_owned(),
        format!("a=group:BUNDLE {}", mids.join(" ")),
        format!("a=ice-ufrag:{}", local.ice.ufrag),
        format!("a=ice-pwd:{}", local.ice.pwd),
    ];
    let candidates = candidate::lines(local.candidates, local.tcp);
    for section in accepted {
        // The m-line is a mere anchor; its port, protocol and format are placeholders (RFC 8840 §9).
        lines.push(match section.kind {
            MediaKind::Audio => "m=audio 9 RTP/AVP 0".to_owned(),
            MediaKind::Video => "m=video 9 RTP/AVP 0".to_owned(),
        });
        lines.push(format!("a=mid:{}", section.mid.0));
        lines.extend(candidates.iter().map(|line| format!("a=candidate:{line}")));
        lines.push("a=end-of-candidates".to_owned());
    }
    lines.push(String::new());
    lines.join("\r\n")
}
