//! Descriptions of a lean client: the offer of its receiving slots, and what it needs to know of an answer.
//!
//! Only what WHEP servers must answer anyway is read, so that any of them can be tested.

use std::fmt::Write;
use std::net::SocketAddr;

pub use super::agreed::AnswerError;
use super::sender::{RIDS, SenderIds};
use crate::media::Codec;

/// The id that offers give the transport-wide sequence number; the answer keeps it or leaves it out.
const TRANSPORT_CC_ID: u8 = 3;
/// Those that say which stream a packet is of, and how loud a sound is (RFC 8843 §15, RFC 8852 §4, RFC 6464 §4).
const MID: (u8, &str) = (4, "urn:ietf:params:rtp-hdrext:sdes:mid");
const RID: (u8, &str) = (10, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id");
const REPAIRED_RID: (u8, &str) = (11, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id");
const AUDIO_LEVEL: (u8, &str) = (1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level");
const TRANSPORT_CC_URI: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// Who a client says it is.
#[derive(Clone, Debug)]
pub struct LocalParameters<'a> {
    pub ufrag: &'a str,
    pub pwd: &'a str,
    /// SHA-256 of its certificate, in the form of `a=fingerprint`.
    pub fingerprint: &'a str,
    pub candidate: SocketAddr,
}

/// Which way a section's media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Receive,
    Send(SenderIds),
}

/// An offer of one section for each codec, in their order.
pub fn offer(local: &LocalParameters<'_>, sections: &[(Codec, Direction)]) -> String {
    let mut sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE".to_owned();
    (0..sections.len()).for_each(|mid| push(&mut sdp, format_args!(" {mid}")));
    sdp += "\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n";
    for (mid, (codec, direction)) in sections.iter().enumerate() {
        section(&mut sdp, local, mid, *codec);
        route(&mut sdp, mid, *codec, *direction);
    }
    sdp
}

fn push(sdp: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = sdp.write_fmt(words);
}

fn section(sdp: &mut String, local: &LocalParameters<'_>, mid: usize, codec: Codec) {
    let (kind, types) = match codec {
        Codec::Vp8 => ("video", "96 97"),
        Codec::Vp9 => ("video", "98 99"),
        Codec::Av1 => ("video", "45 46"),
        Codec::H264 => ("video", "102 103"),
        Codec::Opus => ("audio", "111"),
    };
    let LocalParameters { ufrag, pwd, fingerprint, candidate } = local;
    push(sdp, format_args!("m={kind} 9 UDP/TLS/RTP/SAVPF {types}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\n"));
    push(sdp, format_args!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=fingerprint:sha-256 {fingerprint}\r\n"));
    push(sdp, format_args!("a=setup:actpass\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"));
    push(sdp, format_args!("a=extmap:{} {}\r\n", MID.0, MID.1));
    push(sdp, format_args!("a=extmap:{TRANSPORT_CC_ID} {TRANSPORT_CC_URI}\r\n"));
    *sdp += match codec {
        Codec::Vp8 => "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n",
        Codec::Vp9 => {
            "a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n"
        }
        Codec::Av1 => {
            "a=rtpmap:45 AV1/90000\r\na=fmtp:45 level-idx=5;profile=0;tier=0\r\na=rtpmap:46 rtx/90000\r\na=fmtp:46 apt=45\r\n"
        }
        Codec::H264 => {
            "a=rtpmap:102 H264/90000\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
             a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n"
        }
        Codec::Opus => "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n",
    };
    let media = types.split(' ').next().unwrap_or_default();
    let feedback: &[&str] =
        if codec.is_video() { &["transport-cc", "ccm fir", "nack", "nack pli"] } else { &["transport-cc"] };
    feedback.iter().for_each(|what| push(sdp, format_args!("a=rtcp-fb:{media} {what}\r\n")));
    let family = SocketAddr::ip(candidate);
    push(sdp, format_args!("a=candidate:1 1 udp 2130706431 {family} {} typ host\r\n", candidate.port()));
}

fn route(sdp: &mut String, mid: usize, codec: Codec, direction: Direction) {
    let Direction::Send(SenderIds { ssrc, rtx, encoding, .. }) = direction else {
        push(sdp, format_args!("a=recvonly\r\n"));
        return;
    };
    push(sdp, format_args!("a=sendonly\r\na=msid:lean track{mid}\r\n"));
    if !codec.is_video() {
        push(sdp, format_args!("a=extmap:{} {}\r\n", AUDIO_LEVEL.0, AUDIO_LEVEL.1));
    }
    if encoding.is_some() {
        // Streams of a simulcast are told apart by their RIDs alone, as browsers have it (RFC 8853 §5).
        [RID, REPAIRED_RID].iter().for_each(|(id, uri)| push(sdp, format_args!("a=extmap:{id} {uri}\r\n")));
        RIDS.iter().for_each(|rid| push(sdp, format_args!("a=rid:{rid} send\r\n")));
        push(sdp, format_args!("a=simulcast:send {}\r\n", RIDS.join(";")));
        return;
    }
    if let Some(rtx) = rtx {
        push(sdp, format_args!("a=ssrc-group:FID {ssrc} {rtx}\r\n"));
    }
    for ssrc in [Some(ssrc), rtx].into_iter().flatten() {
        push(sdp, format_args!("a=ssrc:{ssrc} cname:lean\r\na=ssrc:{ssrc} msid:lean track{mid}\r\n"));
    }
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub ufrag: String,
    pub pwd: String,
    /// Hash function and fingerprint, as written.
    pub fingerprints: Vec<(String, String)>,
    /// The first UDP candidate.
    pub candidate: SocketAddr,
    /// In the offer's order.
    pub sections: Vec<AnsweredSection>,
    /// Id of the transport-wide sequence number, if it was agreed on.
    pub transport_cc: Option<u8>,
    /// The ids of what a sender adds to its packets.
    pub stamps: StampIds,
}

/// Header extensions of a sender's packets, those that were agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StampIds {
    pub mid: Option<u8>,
    pub rid: Option<u8>,
    pub repaired_rid: Option<u8>,
    pub audio_level: Option<u8>,
}

/// One m-section of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnsweredSection {
    pub rejected: bool,
    pub ssrc: Option<u32>,
    /// SSRC of retransmissions.
    pub rtx: Option<u32>,
}

impl Answer {
    pub fn parse(sdp: &str) -> Result<Self, AnswerError> {
        let attribute = |name: &'static str| -> Result<&str, AnswerError> {
            let of = |line: &'static str| sdp.lines().find_map(|text| text.strip_prefix(line));
            let found = match name {
                "ice-ufrag" => of("a=ice-ufrag:"),
                "ice-pwd" => of("a=ice-pwd:"),
                _ => of("a=setup:"),
            };
            found.map(str::trim).ok_or(AnswerError::Missing(name))
        };
        if attribute("setup")? == "active" {
            return Err(AnswerError::Setup);
        }
        let candidate = sdp.lines().find_map(udp_candidate).ok_or(AnswerError::Missing("candidate"))?;
        let fingerprints: Vec<_> = sdp
            .lines()
            .filter_map(|line| line.strip_prefix("a=fingerprint:")?.trim().split_once(' '))
            .map(|(hash, bytes)| (hash.to_ascii_lowercase(), bytes.to_ascii_uppercase()))
            .collect();
        if fingerprints.is_empty() {
            return Err(AnswerError::Missing("fingerprint"));
        }
        let agreed = |wanted: &str| -> Option<u8> {
            let of = |line: &str| {
                let (id, uri) = line.strip_prefix("a=extmap:")?.trim().split_once(' ')?;
                (uri == wanted).then(|| id.split('/').next()?.parse().ok()).flatten()
            };
            sdp.lines().find_map(of)
        };
        let stamps = StampIds {
            mid: agreed(MID.1),
            rid: agreed(RID.1),
            repaired_rid: agreed(REPAIRED_RID.1),
            audio_level: agreed(AUDIO_LEVEL.1),
        };
        Ok(Self {
            ufrag: attribute("ice-ufrag")?.to_owned(),
            pwd: attribute("ice-pwd")?.to_owned(),
            fingerprints,
            candidate,
            sections: sections(sdp),
            transport_cc: agreed(TRANSPORT_CC_URI),
            stamps,
        })
    }
}

/// The address of a UDP candidate of RTP (RFC 8839 §5.1).
fn udp_candidate(line: &str) -> Option<SocketAddr> {
    let words: Vec<_> = line.strip_prefix("a=candidate:")?.split_whitespace().collect();
    let [_, "1", transport, _, address, port, ..] = words[..] else { return None };
    let address = SocketAddr::new(address.parse().ok()?, port.parse().ok()?);
    transport.eq_ignore_ascii_case("udp").then_some(address)
}

fn sections(sdp: &str) -> Vec<AnsweredSection> {
    let mut sections: Vec<AnsweredSection> = Vec::new();
    for line in sdp.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            let rejected = media.split(' ').nth(1) == Some("0");
            sections.push(AnsweredSection { rejected, ..AnsweredSection::default() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        if let Some(group) = line.strip_prefix("a=ssrc-group:FID ") {
            let mut pair = group.split_whitespace().filter_map(|ssrc| ssrc.parse().ok());
            (section.ssrc, section.rtx) = (pair.next(), pair.next());
        } else if let Some(rest) = line.strip_prefix("a=ssrc:")
            && section.ssrc.is_none()
        {
            section.ssrc = rest.split(' ').next().and_then(|ssrc| ssrc.parse().ok());
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "v=0\r\na=ice-lite\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n\
        a=fingerprint:SHA-256 aa:bb\r\na=setup:passive\r\na=mid:0\r\n\
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
        a=ssrc-group:FID 7 8\r\na=ssrc:7 cname:x\r\na=ssrc:8 cname:x\r\n\
        a=candidate:2 1 tcp 1 127.0.0.1 7882 typ host tcptype passive\r\n\
        a=candidate:1 1 udp 2130706431 127.0.0.1 7883 typ host\r\nm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n";

    #[test]
    fn an_answer_is_read() {
        let answer = Answer::parse(ANSWER).unwrap();
        assert_eq!((answer.ufrag.as_str(), answer.pwd.as_str()), ("u", "p"));
        assert_eq!(answer.fingerprints, [("sha-256".to_owned(), "AA:BB".to_owned())]);
        assert_eq!(answer.candidate, "127.0.0.1:7883".parse::<SocketAddr>().unwrap());
        assert_eq!(answer.transport_cc, Some(3));
        let video = AnsweredSection { rejected: false, ssrc: Some(7), rtx: Some(8) };
        assert_eq!(answer.sections, [video, AnsweredSection { rejected: true, ..AnsweredSection::default() }]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let without = |line: &str| Answer::parse(&ANSWER.replace(line, "a=nothing:"));
        assert_eq!(without("a=ice-pwd:"), Err(AnswerError::Missing("ice-pwd")));
        assert_eq!(without("a=fingerprint:"), Err(AnswerError::Missing("fingerprint")));
        assert_eq!(without("a=candidate:1"), Err(AnswerError::Missing("candidate")));
        assert_eq!(Answer::parse(&ANSWER.replace("passive\r\na=mid", "active\r\na=mid")), Err(AnswerError::Setup));
    }

    #[test]
    fn each_slot_is_a_section_of_its_own() {
        let local =
            LocalParameters { ufrag: "u", pwd: "p", fingerprint: "AA", candidate: "10.0.0.1:9".parse().unwrap() };
        let ids = SenderIds { ssrc: 8, rtx: Some(9), payload_type: 102, encoding: None };
        let receive = Direction::Receive;
        let sections = [(Codec::Vp8, receive), (Codec::Opus, receive), (Codec::H264, Direction::Send(ids))];
        let sdp = offer(&local, &sections);
        assert_eq!((sdp.matches("a=recvonly").count(), sdp.matches("a=sendonly").count()), (2, 1));
        assert_eq!(sdp.matches("a=ssrc-group:FID 8 9\r\n").count(), 1);
        let kinds: Vec<_> = crate::client::media_sections(&sdp).into_iter().map(|it| (it.kind, it.mid)).collect();
        assert_eq!(
            kinds,
            [("video", "0"), ("audio", "1"), ("video", "2")].map(|(kind, mid)| (kind.to_owned(), mid.to_owned()))
        );
        assert_eq!(sdp.matches("a=group:BUNDLE 0 1 2\r\n").count(), 1);
        assert_eq!(sdp.matches("10.0.0.1 9 typ host").count(), 3);
    }

    #[test]
    fn a_simulcast_is_told_by_rids_and_a_microphone_with_its_level() {
        let local =
            LocalParameters { ufrag: "u", pwd: "p", fingerprint: "AA", candidate: "10.0.0.1:9".parse().unwrap() };
        let ids = SenderIds { ssrc: 8, rtx: Some(9), payload_type: 96, encoding: Some(0) };
        let sound = SenderIds { ssrc: 10, rtx: None, payload_type: 111, encoding: None };
        let sdp = offer(&local, &[(Codec::Vp8, Direction::Send(ids)), (Codec::Opus, Direction::Send(sound))]);
        assert_eq!(sdp.matches("a=rid:").count(), 3);
        assert_eq!(sdp.matches("a=simulcast:send q;h;f\r\n").count(), 1);
        assert!(!sdp.contains("a=ssrc:8") && sdp.contains("a=ssrc:10"), "{sdp}");
        let agreed = ANSWER.replace("a=mid:0", "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=mid:0");
        let stamps = StampIds { rid: Some(10), ..StampIds::default() };
        assert_eq!(Answer::parse(&agreed).unwrap().stamps, stamps);
    }
}
