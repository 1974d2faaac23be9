//! Janus offers what a viewer receives; here is the answer of a lean client, which takes everything.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::lean::description::LocalParameters;
use crate::lean::ice::IceRole;

/// Attributes of a section that say what is sent and how; an answer that takes it all repeats them.
const REPEATED: [&str; 5] = ["a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:"];

/// An offer, as far as an answer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// For each section its first line and the attributes that are repeated.
    sections: Vec<Vec<String>>,
    lite: bool,
}

impl Offer {
    pub fn parse(sdp: &str) -> Self {
        let (mut sections, mut lite): (Vec<Vec<String>>, _) = (Vec::new(), false);
        for line in sdp.lines().map(str::trim_end) {
            lite |= line == "a=ice-lite";
            if line.starts_with("m=") {
                sections.push(vec![line.to_owned()]);
            } else if let Some(section) = sections.last_mut()
                && REPEATED.iter().any(|attribute| line.starts_with(attribute))
            {
                section.push(line.to_owned());
            }
        }
        Self { sections, lite }
    }

    /// Which agent the answerer is: who offers controls, unless it is lite (RFC 8445 §6.1.1).
    pub const fn role_of_answerer(&self) -> IceRole {
        if self.lite { IceRole::Controlling } else { IceRole::Controlled }
    }

    /// The answer of a DTLS client that receives all of it.
    pub fn answer(&self, local: &LocalParameters<'_>) -> String {
        let LocalParameters { ufrag, pwd, fingerprint, candidate } = local;
        let mut sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE".to_owned();
        let mut push = |words: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = sdp.write_fmt(words);
        };
        let mids = self.sections.iter().flatten().filter_map(|line| line.strip_prefix("a=mid:"));
        mids.for_each(|mid| push(format_args!(" {mid}")));
        push(format_args!("\r\na=msid-semantic: WMS\r\n"));
        for section in &self.sections {
            let (first, rest) = section.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
            push(format_args!("{first}\r\nc=IN IP4 0.0.0.0\r\n"));
            rest.iter().for_each(|line| push(format_args!("{line}\r\n")));
            push(format_args!("a=recvonly\r\na=setup:active\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"));
            push(format_args!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=fingerprint:sha-256 {fingerprint}\r\n"));
            let (address, port) = (SocketAddr::ip(candidate), candidate.port());
            push(format_args!("a=candidate:1 1 udp 2130706431 {address} {port} typ host\r\na=end-of-candidates\r\n"));
        }
        sdp
    }
}

/// An offer whose sender is the DTLS client, whatever the answerer would choose (RFC 5763 §5).
pub fn as_dtls_client(offer: &str) -> String {
    offer.replace("a=setup:actpass\r\n", "a=setup:active\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\na=group:BUNDLE 0 1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\na=setup:actpass\r\n\
        a=ice-ufrag:theirs\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=sendonly\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=rtpmap:111 opus/48000/2\r\na=extmap:4 urn:x\r\n";

    #[test]
    fn an_answer_takes_all_that_is_offered_under_its_own_name() {
        let local =
            LocalParameters { ufrag: "u", pwd: "p", fingerprint: "AA", candidate: "10.0.0.1:9".parse().unwrap() };
        let answer = Offer::parse(OFFER).answer(&local);
        assert!(answer.contains("a=group:BUNDLE 0 1\r\n") && !answer.contains("theirs"), "{answer}");
        for line in ["m=video 9 UDP/TLS/RTP/SAVPF 96 97", "a=rtcp-fb:96 nack", "a=extmap:4 urn:x", "a=mid:1"] {
            assert_eq!(answer.matches(&format!("{line}\r\n")).count(), 1, "{line} in {answer}");
        }
        for line in ["a=recvonly", "a=setup:active", "a=ice-ufrag:u"] {
            assert_eq!(answer.matches(&format!("{line}\r\n")).count(), 2, "{line} in {answer}");
        }
    }

    #[test]
    fn who_answers_a_lite_agent_controls() {
        assert_eq!(Offer::parse(OFFER).role_of_answerer(), IceRole::Controlled);
        assert_eq!(Offer::parse(&format!("a=ice-lite\r\n{OFFER}")).role_of_answerer(), IceRole::Controlling);
        assert!(as_dtls_client(OFFER).contains("a=setup:active"));
    }
}
