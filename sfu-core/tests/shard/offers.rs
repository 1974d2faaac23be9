//! Offers as the clients make them, and what they read out of an answer.

use std::fmt::Write as _;

use sfu_core::id::MediaKind;
use sfu_core::transport::{Fingerprint, IceCredentials};

/// Who offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `actpass`, header extensions, NACK, PLI, RTX, transport-cc.
    Browser,
    /// `passive`, no header extensions, NACK and RTX but no PLI; SSRCs named.
    Encoder,
}

/// What an m-section says.
#[derive(Debug, Clone)]
pub struct Section {
    /// Empty until named; then it stays.
    pub mid: String,
    pub kind: MediaKind,
    /// Data channels instead.
    pub data: bool,
    /// Port 0.
    pub stopped: bool,
    pub direction: &'static str,
    /// Simulcast.
    pub rids: Vec<&'static str>,
    /// Named in the offer: media, then RTX.
    pub ssrcs: Option<(u32, u32)>,
    pub rtx: bool,
    /// The one format of a video section; what a publisher sends is VP8 all the same.
    pub codec: &'static str,
}

impl Section {
    pub fn new(kind: MediaKind, direction: &'static str) -> Self {
        Self {
            mid: String::new(),
            kind,
            data: false,
            stopped: false,
            direction,
            rids: vec![],
            ssrcs: None,
            rtx: true,
            codec: "VP8",
        }
    }

    pub fn data() -> Self {
        Self { mid: "data".to_owned(), data: true, ..Self::new(MediaKind::Video, "sendrecv") }
    }

    /// Whether the server sends in it.
    pub fn is_slot(&self) -> bool {
        !self.data && !self.stopped && self.direction == "recvonly"
    }
}

/// Gives names to sections that have none: the next number.
pub fn name(sections: &mut [Section]) {
    let last = sections.iter().filter_map(|section| section.mid.parse::<u32>().ok()).max();
    let numbers = last.map_or(0, |last| last + 1)..;
    for (number, section) in numbers.zip(sections.iter_mut().filter(|section| section.mid.is_empty())) {
        section.mid = number.to_string();
    }
}

/// The same offer of who knows no transport-wide numbers.
pub fn without_transport_cc(offer: &str) -> String {
    let is_kept = |line: &&str| !line.contains("transport-wide-cc") && !line.contains("transport-cc");
    offer.split_inclusive("\r\n").filter(is_kept).collect()
}

pub fn offer(style: Style, ice: &IceCredentials, fingerprint: &Fingerprint, sections: &[Section]) -> String {
    let bundled = sections.iter().filter(|section| !section.stopped);
    let mids: Vec<String> = bundled.map(|section| section.mid.clone()).collect();
    let mut sdp = format!("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n", mids.join(" "));
    let digits: Vec<String> = fingerprint.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    for section in sections {
        let mid = &section.mid;
        let port = if section.stopped { 0 } else { 9 };
        let formats = match section.kind {
            _ if section.data => format!("application {port} UDP/DTLS/SCTP webrtc-datachannel"),
            MediaKind::Audio => format!("audio {port} UDP/TLS/RTP/SAVPF 111"),
            MediaKind::Video if section.rtx => format!("video {port} UDP/TLS/RTP/SAVPF 96 97"),
            MediaKind::Video => format!("video {port} UDP/TLS/RTP/SAVPF 96"),
        };
        let setup = match style {
            Style::Browser => "actpass",
            Style::Encoder => "passive",
        };
        write!(
            sdp,
            "m={formats}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\n\
             a=setup:{setup}\r\na=mid:{mid}\r\na={}\r\n",
            ice.ufrag,
            ice.pwd,
            digits.join(":"),
            section.direction
        )
        .unwrap();
        if section.data {
            sdp.push_str("a=sctp-port:5000\r\na=max-message-size:262144\r\n");
            continue;
        }
        sdp.push_str("a=rtcp-mux\r\na=rtcp-rsize\r\n");
        if style == Style::Browser {
            sdp.push_str(
                "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
                 a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
                 a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
            );
            if section.kind == MediaKind::Video {
                sdp.push_str(
                    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
                     a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n",
                );
            }
        }
        formats_of(&mut sdp, style, section);
    }
    sdp
}

fn formats_of(sdp: &mut String, style: Style, section: &Section) {
    match section.kind {
        MediaKind::Audio => sdp.push_str("a=rtpmap:111 opus/48000/2\r\n"),
        MediaKind::Video => {
            write!(sdp, "a=rtpmap:96 {}/90000\r\na=rtcp-fb:96 nack\r\n", section.codec).unwrap();
            if style == Style::Browser {
                sdp.push_str("a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\n");
            }
            if section.rtx {
                sdp.push_str("a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
            }
        }
    }
    if let Some((media, rtx)) = section.ssrcs {
        if section.kind == MediaKind::Video {
            write!(sdp, "a=ssrc-group:FID {media} {rtx}\r\n").unwrap();
        }
        write!(sdp, "a=ssrc:{media} cname:x\r\n").unwrap();
    }
    for rid in &section.rids {
        write!(sdp, "a=rid:{rid} send\r\n").unwrap();
    }
    if !section.rids.is_empty() {
        write!(sdp, "a=simulcast:send {}\r\n", section.rids.join(";")).unwrap();
    }
}

/// What a client needs of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub ice: IceCredentials,
    pub setup: String,
    pub slots: Vec<Slot>,
}

/// A section that the server sends in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub mid: String,
    /// Of its SSRC lines, and the stream of its msid.
    pub cname: String,
    pub msid: String,
    pub kind: MediaKind,
    pub ssrc: u32,
    pub rtx: Option<u32>,
}

pub fn read(answer: &str) -> Answer {
    let value = |key: &str| value_in(answer, key).unwrap();
    let ice = IceCredentials { ufrag: value("ice-ufrag"), pwd: value("ice-pwd") };
    let slots = answer
        .split("\nm=")
        .skip(1)
        .filter(|section| section.contains("a=sendonly"))
        .map(|section| {
            let kind = if section.starts_with("audio") { MediaKind::Audio } else { MediaKind::Video };
            let ssrc = value_in(section, "ssrc").unwrap();
            let (ssrc, cname) = ssrc.split_once(' ').unwrap();
            let (ssrc, cname) = (ssrc.parse().unwrap(), cname.to_owned());
            let msid = value_in(section, "msid").unwrap().split(' ').next().unwrap().to_owned();
            let group = value_in(section, "ssrc-group");
            let rtx = group.and_then(|group| group.split(' ').nth(2).map(|ssrc| ssrc.parse().unwrap()));
            Slot { mid: value_in(section, "mid").unwrap(), cname, msid, kind, ssrc, rtx }
        })
        .collect();
    Answer { ice, setup: value("setup"), slots }
}

pub fn value_in(text: &str, key: &str) -> Option<String> {
    let prefix = format!("a={key}:");
    text.lines().find_map(|line| line.strip_prefix(&prefix)).map(|value| value.trim().to_owned())
}
