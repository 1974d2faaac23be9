//! What of an offer is allowed: a section whose source may not be published, or that may not be sent anything, is answered as if it
//! had been offered `inactive` (RFC 3264 §5.1); all others are as they were. The media plane never hears of the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::grants::{Grant, Grants};
use crate::signal::wire::{RefusedTrack, TrackSource};

/// The four attributes of a direction (RFC 8866 §6.7).
const DIRECTIONS: [(&str, Direction); 4] = [
    ("sendrecv", Direction { sends: true, receives: true }),
    ("sendonly", Direction { sends: true, receives: false }),
    ("recvonly", Direction { sends: false, receives: true }),
    ("inactive", Direction { sends: false, receives: false }),
];

/// An offer as far as it is allowed.
#[derive(Debug)]
pub struct Permitted<'a> {
    pub sdp: Cow<'a, str>,
    /// What was to be published and may not be.
    pub refused: Vec<RefusedTrack>,
    /// Whether media may flow in any section.
    pub flows: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Direction {
    sends: bool,
    receives: bool,
}

/// One m-section, and the lines that it is made of.
#[derive(Debug)]
struct Section<'a> {
    lines: Vec<&'a str>,
}

/// Takes out of an offer what is not allowed; `stated` is what sections are said to be for, by mid.
pub fn permitted<'a>(offer: &'a str, stated: &BTreeMap<String, TrackSource>, grants: &Grants) -> Permitted<'a> {
    if Grant::SPEAKER.iter().all(|grant| grants.has(*grant)) {
        return Permitted { sdp: Cow::Borrowed(offer), refused: Vec::new(), flows: true };
    }
    let (session, sections) = sections(offer);
    let default = direction(&session).unwrap_or(Direction { sends: true, receives: true });
    let mut written = session;
    let (mut refused, mut flows, mut has_camera) = (Vec::new(), false, false);
    for (index, section) in sections.into_iter().enumerate() {
        let offered = direction(&section.lines).unwrap_or(default);
        let Some(guessed) = section.guess(has_camera) else {
            // Neither sound nor pictures: a data channel, or what is refused anyway.
            written.extend(section.lines);
            continue;
        };
        let mid = section.mid().map_or_else(|| index.to_string(), str::to_owned);
        let source =
            stated.get(&mid).copied().filter(|source| is_sound(*source) == is_sound(guessed)).unwrap_or(guessed);
        let sends = offered.sends && grants.has(Grant::of(source));
        let receives = offered.receives && grants.has(Grant::Subscribe);
        // One that is refused is not listed, so that the roster takes the next for the camera.
        has_camera |= sends && source == TrackSource::Camera;
        flows |= sends || receives;
        if offered.sends && !sends {
            refused.push(RefusedTrack { mid, source, needs: Grant::of(source) });
        }
        written.extend(section.with(Direction { sends, receives }));
    }
    let mut sdp = written.join("\r\n");
    sdp.push_str("\r\n");
    Permitted { sdp: Cow::Owned(sdp), refused, flows }
}

fn sections(offer: &str) -> (Vec<&str>, Vec<Section<'_>>) {
    let (mut session, mut sections) = (Vec::new(), Vec::<Section<'_>>::new());
    for line in offer.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with("m=") {
            sections.push(Section { lines: vec![line] });
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(line);
        } else {
            session.push(line);
        }
    }
    (session, sections)
}

/// What lines say of the direction; more than one of them say all that any does.
fn direction(lines: &[&str]) -> Option<Direction> {
    let said = lines.iter().filter_map(|line| of_line(line));
    said.reduce(|a, b| Direction { sends: a.sends || b.sends, receives: a.receives || b.receives })
}

fn of_line(line: &str) -> Option<Direction> {
    let name = line.strip_prefix("a=")?.split(':').next()?.trim();
    DIRECTIONS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, direction)| *direction)
}

fn is_sound(source: TrackSource) -> bool {
    matches!(source, TrackSource::Microphone | TrackSource::ScreenAudio)
}

impl<'a> Section<'a> {
    /// What it is for if nobody says, as the roster has it; `None`: for neither sound nor pictures.
    fn guess(&self, has_camera: bool) -> Option<TrackSource> {
        let media = self.lines.first()?.strip_prefix("m=")?.split_whitespace().next()?;
        match media {
            "audio" => Some(TrackSource::Microphone),
            "video" if has_camera => Some(TrackSource::Screen),
            "video" => Some(TrackSource::Camera),
            _ => None,
        }
    }

    fn mid(&self) -> Option<&'a str> {
        self.lines.iter().find_map(|line| line.strip_prefix("a=mid:")).map(str::trim)
    }

    /// Its lines, under this direction and no other.
    fn with(self, direction: Direction) -> Vec<&'a str> {
        let attribute = match (direction.sends, direction.receives) {
            (true, true) => "a=sendrecv",
            (true, false) => "a=sendonly",
            (false, true) => "a=recvonly",
            (false, false) => "a=inactive",
        };
        let mut lines: Vec<&str> = self.lines.into_iter().filter(|line| of_line(line).is_none()).collect();
        lines.push(attribute);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\nm=audio 9 x 111\r\na=mid:0\r\na=sendonly\r\nm=video 9 x 96\r\na=mid:1\r\na=sendonly\r\n\
                         m=video 9 x 96\r\na=mid:2\r\na=sendonly\r\nm=video 9 x 96\r\na=mid:3\r\na=recvonly\r\nm=application 9 x y\r\na=mid:4\r\n";

    fn outcome(grants: &[Grant], stated: &[(&str, TrackSource)]) -> (Vec<String>, Vec<&'static str>, bool) {
        let stated = stated.iter().map(|(mid, source)| ((*mid).to_owned(), *source)).collect();
        let permitted = permitted(OFFER, &stated, &Grants::of(grants).unwrap());
        let directions = DIRECTIONS.map(|(name, _)| format!("a={name}"));
        let said: Vec<&str> = permitted.sdp.lines().filter(|line| directions.contains(&(*line).to_owned())).collect();
        let refused = permitted.refused.iter().map(|it| format!("{}:{}", it.mid, it.needs.name())).collect();
        (refused, said.iter().map(|line| directions_of(line)).collect(), permitted.flows)
    }

    fn directions_of(line: &str) -> &'static str {
        DIRECTIONS.iter().find(|(name, _)| line.ends_with(name)).unwrap().0
    }

    #[test]
    fn what_may_not_be_published_is_inactive_and_nothing_else_changes() {
        let all = ["sendonly", "sendonly", "sendonly", "recvonly"];
        assert_eq!(outcome(&Grant::SPEAKER, &[]), (vec![], all.to_vec(), true));
        let (refused, said, flows) = outcome(&[Grant::PublishMicrophone, Grant::Subscribe], &[]);
        assert_eq!(refused, ["1:publish_camera", "2:publish_camera"]);
        assert_eq!((said, flows), (vec!["sendonly", "inactive", "inactive", "recvonly"], true));
        let (refused, said, _) =
            outcome(&[Grant::PublishCamera], &[("1", TrackSource::Screen), ("2", TrackSource::Camera)]);
        assert_eq!(refused, ["0:publish_microphone", "1:publish_screen"]);
        assert_eq!(said, ["inactive", "inactive", "sendonly", "inactive"]);
        let (refused, said, flows) = outcome(&[Grant::Join], &[]);
        assert_eq!((refused.len(), said, flows), (3, vec!["inactive"; 4], false));
    }

    #[test]
    fn a_use_of_the_other_kind_counts_for_nothing() {
        let (refused, ..) = outcome(&[Grant::PublishMicrophone], &[("1", TrackSource::Microphone)]);
        assert_eq!(refused, ["1:publish_camera", "2:publish_camera"]);
    }

    #[test]
    fn a_second_video_is_a_screen_only_after_a_camera_that_is_allowed() {
        let (refused, ..) = outcome(&[Grant::PublishScreen], &[]);
        assert_eq!(refused, ["0:publish_microphone", "1:publish_camera", "2:publish_camera"]);
        let (refused, ..) = outcome(&[Grant::PublishCamera], &[]);
        assert_eq!(refused, ["0:publish_microphone", "2:publish_screen"]);
    }

    #[test]
    fn no_direction_that_is_written_oddly_gets_past() {
        let grants = Grants::of(&[Grant::Subscribe]).unwrap();
        let odd = [
            "",
            "a=sendonly\r\na=inactive",
            "a=inactive\r\na=sendrecv",
            "a=SENDONLY",
            "a=sendonly ",
            "a= sendonly",
            "a=sendonly:x",
        ];
        for attribute in odd {
            let offer = format!("v=0\r\nm=video 9 x 96\n{attribute}\na=mid:7\n");
            let permitted = permitted(&offer, &BTreeMap::new(), &grants);
            assert_eq!(permitted.refused.len(), 1, "{attribute}");
            assert!(!permitted.sdp.to_lowercase().contains("send"), "{attribute}: {}", permitted.sdp);
        }
        let of_session = "v=0\r\na=sendonly\r\nm=video 9 x 96\r\n";
        let permitted = permitted(of_session, &BTreeMap::new(), &grants);
        assert!(permitted.sdp.ends_with("a=inactive\r\n"), "{}", permitted.sdp);
    }
}
