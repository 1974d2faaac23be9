//! The little that is read from an answer by hand: which SSRCs stand in which section, and where candidates point.

/// One m-section of a description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// `audio`, `video` or `application`.
    pub kind: String,
    /// Port 0: refused (RFC 8829 §5.3.1).
    pub rejected: bool,
    pub mid: String,
    pub ssrcs: Vec<u32>,
}

/// The m-sections in order.
pub fn media_sections(sdp: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in sdp.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            let mut words = media.split(' ');
            let kind = words.next().unwrap_or_default().to_owned();
            sections.push(Section { kind, rejected: words.next() == Some("0"), ..Section::default() });
        } else if let Some(section) = sections.last_mut() {
            if let Some(mid) = line.strip_prefix("a=mid:") {
                mid.clone_into(&mut section.mid);
            } else if let Some(ssrc) =
                line.strip_prefix("a=ssrc:").and_then(|rest| rest.split(' ').next()?.parse().ok())
                && !section.ssrcs.contains(&ssrc)
            {
                section.ssrcs.push(ssrc);
            }
        }
    }
    sections
}

/// The description with the port of every UDP candidate replaced by what `port_for` says of it, to lead media through a relay.
pub fn rewrite_candidate_ports(sdp: &str, port_for: impl Fn(u16) -> u16) -> String {
    let rewrite = |line: &str| -> Option<String> {
        let words: Vec<_> = line.strip_prefix("a=candidate:")?.split(' ').collect();
        let (transport, port) = (words.get(2)?, words.get(5)?);
        if !transport.eq_ignore_ascii_case("udp") {
            return None;
        }
        let port = port_for(port.parse().ok()?).to_string();
        let words = words.iter().enumerate().map(|(at, word)| if at == 5 { port.as_str() } else { word });
        Some(format!("a=candidate:{}", words.collect::<Vec<_>>().join(" ")))
    };
    sdp.lines().map(|line| rewrite(line).unwrap_or_else(|| line.to_owned()) + "\r\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "v=0\r\ns=-\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:a b\r\n\
        a=ssrc:8 cname:x\r\na=candidate:1 1 UDP 2130706431 127.0.0.1 7882 typ host\r\n\
        a=candidate:2 1 tcp 1 127.0.0.1 7882 typ host tcptype passive\r\nm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n";

    #[test]
    fn sections_know_their_ssrcs() {
        let video = Section { kind: "video".to_owned(), rejected: false, mid: "0".to_owned(), ssrcs: vec![7, 8] };
        let audio = Section { kind: "audio".to_owned(), rejected: true, mid: "1".to_owned(), ssrcs: vec![] };
        assert_eq!(media_sections(ANSWER), [video, audio]);
    }

    #[test]
    fn only_udp_candidates_are_led_elsewhere() {
        let rewritten = rewrite_candidate_ports(ANSWER, |port| port + 1);
        assert_eq!(rewritten, ANSWER.replace("127.0.0.1 7882 typ host\r\n", "127.0.0.1 7883 typ host\r\n"));
    }
}
