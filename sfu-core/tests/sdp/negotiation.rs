//! What is agreed to: directions, roles, codecs, header extensions, streams and slots.

use sfu_core::id::{MediaKind, PayloadType, Rid, Ssrc};
use sfu_core::sdp::{Accepted, Codec, Feedback, Flow, H264Profile, NegotiatedCodec, OfferedSsrc, Purpose, Section};
use sfu_core::transport::DtlsRole;

use crate::answer_fixed;

const PUBLISH: &str = include_str!("../golden/chromium-publish.offer.sdp");
const SIMULCAST: &str = include_str!("../golden/chromium-publish-simulcast.offer.sdp");
const FIREFOX: &str = include_str!("../golden/firefox-publish-simulcast.offer.sdp");
const FFMPEG: &str = include_str!("../golden/ffmpeg-publish.offer.sdp");
const WATCH: &str = include_str!("../golden/chromium-watch.offer.sdp");
const SEVEN: &str = include_str!("../golden/chromium-watch-seven.offer.sdp");
const SENDRECV: &str = include_str!("../golden/whip-whep-watch.offer.sdp");

/// A small offer, as a careful stack without MIDs, extensions or bundle would write it.
const LONE: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    a=fingerprint:SHA-256 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
    a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
    m=video 9 RTP/SAVPF 96 97\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\n\
    a=fmtp:96 packetization-mode=1\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=42e01f\r\n";

fn accept(offer: &str, purpose: Purpose) -> Accepted {
    answer_fixed(offer, purpose).unwrap_or_else(|error| panic!("{error}\n{offer}"))
}

fn sections(offer: &str, purpose: Purpose) -> Vec<Section> {
    accept(offer, purpose).negotiated.sections
}

fn codecs(section: &Section) -> Vec<Codec> {
    section.codecs.iter().map(|codec| codec.codec).collect()
}

/// The lines of the answer's nth section that begin so.
fn lines(answer: &str, section: usize, prefix: &str) -> Vec<String> {
    let text = answer.split("\r\nm=").nth(section + 1).unwrap();
    text.lines().filter(|line| line.starts_with(prefix)).map(str::to_owned).collect()
}

#[test]
fn all_three_setups_are_answered() {
    for (offered, answered, role) in [
        ("actpass", "passive", DtlsRole::Server),
        ("active", "passive", DtlsRole::Server),
        ("passive", "active", DtlsRole::Client),
    ] {
        let accepted = accept(&PUBLISH.replace("setup:actpass", &format!("setup:{offered}")), Purpose::Publish);
        assert_eq!(accepted.negotiated.role, role);
        assert_eq!(lines(&accepted.answer, 1, "a=setup:"), [format!("a=setup:{answered}")]);
    }
    assert_eq!(accept(FFMPEG, Purpose::Publish).negotiated.role, DtlsRole::Client);
}

#[test]
fn the_answer_goes_the_other_way() {
    for (offered, purpose, answered) in [
        ("sendonly", Purpose::Publish, "a=recvonly"),
        ("sendrecv", Purpose::Publish, "a=recvonly"),
        ("recvonly", Purpose::Watch, "a=sendonly"),
        ("sendrecv", Purpose::Watch, "a=sendonly"),
    ] {
        let accepted = accept(&PUBLISH.replace("a=sendonly", &format!("a={offered}")), purpose);
        assert_eq!(lines(&accepted.answer, 0, answered).len(), 1, "{offered}");
    }
    let untold = accept(&PUBLISH.replace("a=sendonly\r\n", ""), Purpose::Publish);
    assert_eq!(lines(&untold.answer, 0, "a=recvonly").len(), 1, "sendrecv is the default");
}

#[test]
fn sections_that_cannot_flow_keep_their_place() {
    let inactive = PUBLISH.replacen("a=sendonly", "a=inactive", 1);
    let accepted = accept(&inactive, Purpose::Publish);
    assert!(matches!(accepted.negotiated.sections[0].flow, Flow::Inactive));
    assert_eq!(lines(&accepted.answer, 0, "audio 9 "), ["audio 9 UDP/TLS/RTP/SAVPF 111 63"]);
    assert_eq!(lines(&accepted.answer, 0, "a=inactive").len(), 1);

    let stopped = PUBLISH.replace("m=audio 9", "m=audio 0").replace("BUNDLE 0 1", "BUNDLE 1");
    let accepted = accept(&stopped, Purpose::Publish);
    assert!(accepted.answer.contains("a=group:BUNDLE 1\r\n"));
    assert_eq!(lines(&accepted.answer, 0, "audio 0 ").len(), 1);
    assert_eq!(lines(&accepted.answer, 0, "a=mid:0").len(), 1);
    assert_eq!(accepted.negotiated.sections.len(), 2);

    let deaf = PUBLISH.replace(" opus/", " L16/");
    let accepted = accept(&deaf, Purpose::Publish);
    assert_eq!(lines(&accepted.answer, 0, "audio 0 ").len(), 1);
    assert!(accepted.negotiated.sections[0].codecs.is_empty());
    assert!(matches!(accepted.negotiated.sections[1].flow, Flow::Publishes { .. }));
}

#[test]
fn data_channels_are_refused_in_place() {
    let section =
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n";
    let offer = format!("{}{section}", PUBLISH.replace("BUNDLE 0 1", "BUNDLE 0 1 2"));
    let accepted = accept(&offer, Purpose::Publish);
    assert!(accepted.answer.contains("a=group:BUNDLE 0 1\r\n"));
    assert!(accepted.answer.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert_eq!(accepted.negotiated.sections.len(), 2);
}

#[test]
fn a_bundle_only_section_has_port_zero_and_is_alive() {
    assert!(FIREFOX.contains("m=video 0 ") && FIREFOX.contains("a=bundle-only"));
    assert!(matches!(sections(FIREFOX, Purpose::Publish)[1].flow, Flow::Publishes { .. }));
}

#[test]
fn every_mutual_codec_is_answered_and_nothing_else() {
    let sections = sections(WATCH, Purpose::Watch);
    assert_eq!(codecs(&sections[0]), [Codec::Opus, Codec::Red]);
    let video = codecs(&sections[1]);
    for codec in [
        Codec::Vp8,
        Codec::Vp9 { profile: 0 },
        Codec::Vp9 { profile: 1 },
        Codec::Vp9 { profile: 2 },
        Codec::Vp9 { profile: 3 },
        Codec::H264 { profile: H264Profile::Baseline },
        Codec::H264 { profile: H264Profile::ConstrainedBaseline },
        Codec::H264 { profile: H264Profile::Main },
        Codec::H264 { profile: H264Profile::PredictiveHigh444 },
        Codec::Av1 { profile: 0 },
        Codec::Av1 { profile: 1 },
    ] {
        assert_eq!(video.iter().filter(|other| **other == codec).count(), 1, "{codec:?} among {video:?}");
    }
    assert!(sections[1].codecs.iter().all(|codec| codec.rtx.is_some()));
    let answer = accept(WATCH, Purpose::Watch).answer;
    for refused in
        ["ulpfec", "flexfec", "telephone-event", "PCMU", "red/90000", "packetization-mode=0", "video-orientation"]
    {
        assert!(!answer.contains(refused), "{refused}");
    }
}

#[test]
fn feedback_is_agreed_where_it_was_offered() {
    let vp8 = sections(PUBLISH, Purpose::Publish)[1].codecs[0];
    let feedback = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true };
    let rtx = Some(PayloadType(97));
    assert_eq!(vp8, NegotiatedCodec { codec: Codec::Vp8, payload_type: PayloadType(96), rtx, feedback });
    let h264 = sections(FFMPEG, Purpose::Publish)[1].codecs[0];
    assert_eq!(h264.feedback, Feedback { nack: true, ..Feedback::default() });
    let unnumbered = PUBLISH.replace("transport-wide-cc-extensions-01", "something-else");
    assert!(!sections(&unnumbered, Purpose::Publish)[1].codecs[0].feedback.transport_cc);
}

#[test]
fn opus_asks_for_fec_and_keeps_the_clients_wishes() {
    let offer = PUBLISH.replace("minptime=10;useinbandfec=1", "stereo=1; usedtx=1;useinbandfec=0;x=y");
    let answer = accept(&offer, Purpose::Publish).answer;
    assert_eq!(lines(&answer, 0, "a=fmtp:111"), ["a=fmtp:111 stereo=1;usedtx=1;useinbandfec=1"]);
}

#[test]
fn red_needs_opus_in_every_block() {
    let offer = PUBLISH.replace("a=fmtp:63 111/111", "a=fmtp:63 111/0");
    assert_eq!(codecs(&sections(&offer, Purpose::Publish)[0]), [Codec::Opus]);
}

#[test]
fn h264_is_matched_by_profile_in_mode_one_alone() {
    let section = &sections(LONE, Purpose::Publish)[0];
    assert_eq!(codecs(section), [Codec::H264 { profile: H264Profile::ConstrainedBaseline }]);
    assert_eq!(section.codecs[0].payload_type, PayloadType(96));
    for (level, profile) in [
        ("42001f", Some(H264Profile::Baseline)),
        ("42e01f", Some(H264Profile::ConstrainedBaseline)),
        ("42C02A", Some(H264Profile::ConstrainedBaseline)),
        ("4d001f", Some(H264Profile::Main)),
        ("4d0032", Some(H264Profile::Main)),
        ("640c34", Some(H264Profile::ConstrainedHigh)),
        ("64001f", Some(H264Profile::High)),
        ("f4001f", Some(H264Profile::PredictiveHigh444)),
        ("6e001f", None),
        ("42e0", None),
        ("+2e01f", None),
    ] {
        let offer = LONE.replace(
            "a=fmtp:96 packetization-mode=1",
            &format!("a=fmtp:96 packetization-mode=1;profile-level-id={level}"),
        );
        let found =
            answer_fixed(&offer, Purpose::Publish).ok().map(|accepted| accepted.negotiated.sections[0].codecs[0].codec);
        assert_eq!(found, profile.map(|profile| Codec::H264 { profile }), "{level}");
    }
}

#[test]
fn a_lone_section_without_bundle_or_mid_is_answered() {
    let accepted = accept(LONE, Purpose::Publish);
    assert_eq!(&*accepted.negotiated.sections[0].mid.0, "0");
    assert!(!accepted.answer.contains("a=mid:") && !accepted.answer.contains("BUNDLE"));
    assert!(accepted.answer.contains("m=video 9 RTP/SAVPF 96\r\n"));
    assert_eq!(accepted.negotiated.remote_fingerprints[0].bytes[1], 0x11);
    assert_eq!(accepted.negotiated.remote_ice.ufrag, "abcd");
}

#[test]
fn header_extensions_are_answered_under_the_offered_ids() {
    let ids = accept(SIMULCAST, Purpose::Publish).negotiated.extensions;
    assert_eq!((ids.mid, ids.rid, ids.repaired_rid), (Some(4), Some(10), Some(11)));
    assert_eq!((ids.audio_level, ids.abs_send_time, ids.transport_cc), (Some(1), Some(2), Some(3)));
    assert_eq!((ids.dependency_descriptor, ids.mixed), (Some(12), true));
    let answer = accept(FIREFOX, Purpose::Publish).answer;
    let directed = "a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    assert_eq!(lines(&answer, 1, "a=extmap:9"), [directed]);
    let unmixed = SIMULCAST.replace("a=extmap-allow-mixed\r\n", "").replace("a=extmap:12 ", "a=extmap:16 ");
    let ids = accept(&unmixed, Purpose::Publish).negotiated.extensions;
    assert_eq!((ids.dependency_descriptor, ids.mixed), (None, false));
    assert_eq!(accept(FFMPEG, Purpose::Publish).negotiated.extensions.mid, None);
}

#[test]
fn simulcast_is_answered_in_both_spellings() {
    for spelling in ["a=simulcast:send q;h;f", "a=simulcast: send rid=q;h;f", "a=simulcast:send q,x;~h;f recv z"] {
        let accepted = accept(&SIMULCAST.replace("a=simulcast:send q;h;f", spelling), Purpose::Publish);
        let Flow::Publishes { rids, .. } = &accepted.negotiated.sections[1].flow else { panic!("{spelling}") };
        assert_eq!(*rids, ["q", "h", "f"].map(|rid| Rid(rid.into())));
        assert_eq!(lines(&accepted.answer, 1, "a=rid"), ["a=rid:q recv", "a=rid:h recv", "a=rid:f recv"]);
        assert_eq!(lines(&accepted.answer, 1, "a=simulcast"), ["a=simulcast:recv q;h;f"]);
    }
}

#[test]
fn announced_ssrcs_come_with_their_repairs() {
    let Flow::Publishes { ssrcs, .. } = sections(FFMPEG, Purpose::Publish)[1].flow.clone() else { panic!() };
    let numbers: Vec<u32> = FFMPEG
        .lines()
        .find_map(|line| line.strip_prefix("a=ssrc-group:FID "))
        .unwrap()
        .split(' ')
        .map(|n| n.parse().unwrap())
        .collect();
    assert_eq!(ssrcs, [OfferedSsrc { media: Ssrc(numbers[0]), rtx: Some(Ssrc(numbers[1])) }]);
    let Flow::Publishes { ssrcs, rids } = sections(FIREFOX, Purpose::Publish)[1].flow.clone() else { panic!() };
    assert_eq!((ssrcs.len(), rids.len()), (3, 3));
    assert!(ssrcs.iter().all(|ssrc| ssrc.rtx.is_some()));
}

#[test]
fn slots_are_paired_and_their_ssrcs_differ() {
    let accepted = accept(SEVEN, Purpose::Watch);
    let mut seen = std::collections::BTreeSet::new();
    let (mut audio, mut video) = (Vec::new(), Vec::new());
    for (index, section) in accepted.negotiated.sections.iter().enumerate() {
        let Flow::Receives { media, rtx, cname, .. } = &section.flow else { panic!("{section:?}") };
        assert!(seen.insert(*media) && rtx.is_none_or(|rtx| seen.insert(rtx)) && !seen.contains(&Ssrc(0)));
        assert_eq!(rtx.is_some(), section.kind == MediaKind::Video);
        let msid = lines(&accepted.answer, index, "a=msid:")[0].split(' ').next().unwrap().to_owned();
        let expected = std::iter::once(media).chain(rtx).map(|ssrc| format!("a=ssrc:{ssrc} cname:{cname}"));
        assert_eq!(lines(&accepted.answer, index, "a=ssrc:"), expected.collect::<Vec<_>>());
        match section.kind {
            MediaKind::Audio => audio.push((msid, cname.clone())),
            MediaKind::Video => video.push((msid, cname.clone())),
        }
    }
    assert_eq!(audio.len(), 7);
    assert_eq!(audio, video);
    assert_eq!(audio.iter().collect::<std::collections::BTreeSet<_>>().len(), 7);
}

#[test]
fn slots_avoid_the_peers_own_ssrcs() {
    // The next numbers that the test's generator would draw.
    let taken = SENDRECV.replace("a=ssrc:", "a=ssrc:1000001 cname:x\r\na=ssrc:1000002 cname:x\r\na=ssrc:");
    for section in sections(&taken, Purpose::Watch) {
        let Flow::Receives { media, .. } = section.flow else { panic!() };
        assert!(media.0 > 1_000_002, "{media}");
    }
}

#[test]
fn ssrcs_stay_distinct_and_nonzero_whatever_the_generator() {
    struct Stuck;
    impl rand::RngCore for Stuck {
        fn next_u32(&mut self) -> u32 {
            0
        }
        fn next_u64(&mut self) -> u64 {
            0
        }
        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    let accepted = crate::with_local(|local| sfu_core::sdp::answer(SEVEN, Purpose::Watch, local, &mut Stuck)).unwrap();
    let mut seen = std::collections::BTreeSet::from([Ssrc(0)]);
    for section in accepted.negotiated.sections {
        let Flow::Receives { media, rtx, .. } = section.flow else { panic!() };
        assert!(seen.insert(media) && rtx.is_none_or(|rtx| seen.insert(rtx)));
    }
}

#[test]
fn the_first_living_member_of_the_bundle_speaks_for_the_transport() {
    let (head, video) = PUBLISH.split_at(PUBLISH.find("m=video").unwrap());
    let ours = video.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap();
    let offer = format!("{head}{}", video.replace(&format!("a=ice-ufrag:{ours}"), "a=ice-ufrag:video"));
    assert_eq!(accept(&offer, Purpose::Publish).negotiated.remote_ice.ufrag, ours);
    let turned = accept(&offer.replace("BUNDLE 0 1", "BUNDLE 1 0"), Purpose::Publish);
    assert_eq!(turned.negotiated.remote_ice.ufrag, "video");
    assert!(turned.answer.contains("a=group:BUNDLE 1 0\r\n"));
    let alone = accept(&offer.replace("m=audio 9", "m=audio 0"), Purpose::Publish);
    assert_eq!(alone.negotiated.remote_ice.ufrag, "video");
}

#[test]
fn a_section_outside_the_bundle_is_refused() {
    let accepted = accept(&PUBLISH.replace("BUNDLE 0 1", "BUNDLE 1"), Purpose::Publish);
    assert!(matches!(accepted.negotiated.sections[0].flow, Flow::Inactive));
    assert_eq!(lines(&accepted.answer, 0, "audio 0 ").len(), 1);
}

#[test]
fn missing_mids_are_made_up_and_never_taken_ones() {
    let offer = PUBLISH.replace("a=mid:0\r\n", "").replace("a=mid:1", "a=mid:0").replace("BUNDLE 0 1", "BUNDLE 2 0");
    let mids: Vec<String> =
        sections(&offer, Purpose::Publish).iter().map(|section| section.mid.0.to_string()).collect();
    assert_eq!(mids, ["2", "0"]);
    let untold = PUBLISH.replace("a=mid:0\r\n", "").replace("a=mid:1\r\n", "");
    let accepted = accept(&untold, Purpose::Publish);
    assert_eq!(lines(&accepted.answer, 1, "a=mid:"), ["a=mid:1"], "the group names it");
}

#[test]
fn an_ssrc_belongs_to_the_first_section_that_announces_it() {
    let (head, video) = PUBLISH.split_at(PUBLISH.find("m=video").unwrap());
    let audio = head.lines().find_map(|line| line.strip_prefix("a=ssrc:")).unwrap().split(' ').next().unwrap();
    let again = format!("a=rtcp-mux\r\na=ssrc:{audio} cname:x");
    let sections = sections(&format!("{head}{}", video.replace("a=rtcp-mux", &again)), Purpose::Publish);
    let announced = |section: &Section| -> Vec<String> {
        let Flow::Publishes { ssrcs, .. } = &section.flow else { panic!("{section:?}") };
        ssrcs.iter().map(|ssrc| ssrc.media.to_string()).collect()
    };
    assert_eq!(announced(&sections[0]), [audio]);
    assert_eq!(announced(&sections[1]).len(), 1);
    assert_ne!(announced(&sections[1]), [audio]);
}

#[test]
fn attributes_of_the_session_hold_for_its_sections() {
    let lone = LONE.replace("m=video", "a=sendonly\r\na=extmap:5 urn:ietf:params:rtp-hdrext:sdes:mid\r\nm=video");
    assert_eq!(accept(&lone, Purpose::Publish).negotiated.extensions.mid, Some(5));
    assert!(answer_fixed(&lone, Purpose::Watch).is_err());
    let own = lone.replace("a=rtcp-mux", "a=rtcp-mux\r\na=extmap:5 urn:ietf:params:rtp-hdrext:ssrc-audio-level");
    assert_eq!(accept(&own, Purpose::Publish).negotiated.extensions.mid, None);
}

#[test]
fn repairs_are_not_tracks_and_the_simulcast_group_gives_the_order() {
    let groups = "a=rtcp-mux\r\na=ssrc:5 cname:x\r\na=ssrc:1 cname:x\r\na=ssrc:11 cname:x\r\na=ssrc:12 cname:x\r\n\
        a=ssrc-group:FEC-FR 1 5\r\na=ssrc-group:FID 2 12\r\na=ssrc-group:FID 1 11\r\na=ssrc-group:SIM 1 2\r\na=ssrc:0 cname:x";
    let Flow::Publishes { ssrcs, .. } = &sections(&LONE.replace("a=rtcp-mux", groups), Purpose::Publish)[0].flow else {
        panic!()
    };
    let expected = [(1, 11), (2, 12)].map(|(media, rtx)| OfferedSsrc { media: Ssrc(media), rtx: Some(Ssrc(rtx)) });
    assert_eq!(*ssrcs, expected);
}

#[test]
fn feedback_for_every_payload_type_counts_for_each() {
    let offer =
        LONE.replace("a=rtcp-mux", "a=rtcp-mux\r\na=rtcp-fb:* nack pli\r\na=rtcp-fb:* ccm fir\r\na=rtcp-fb:96 nack");
    let feedback = sections(&offer, Purpose::Publish)[0].codecs[0].feedback;
    assert_eq!(feedback, Feedback { nack: true, pli: true, fir: true, ..Feedback::default() });
}

#[test]
fn candidates_over_tcp_are_passive_and_come_after_all_over_udp() {
    let answer = crate::with_local(|local| {
        let local = sfu_core::sdp::Local { tcp: true, ..*local };
        sfu_core::sdp::answer(LONE, Purpose::Publish, &local, &mut crate::Counter(0)).unwrap().answer
    });
    assert_eq!(
        lines(&answer, 0, "a=candidate:"),
        [
            "a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host",
            "a=candidate:2 1 udp 2130706175 2001:db8::1 7882 typ host",
            "a=candidate:3 1 tcp 1520435199 192.0.2.1 7882 typ host tcptype passive",
            "a=candidate:4 1 tcp 1520434943 2001:db8::1 7882 typ host tcptype passive",
        ]
    );
}

#[test]
fn candidates_of_one_address_share_a_foundation() {
    let answer = crate::with_local(|local| {
        let candidates = ["192.0.2.1:7882", "192.0.2.1:7883", "192.0.2.2:7882"].map(|address| address.parse().unwrap());
        let local = sfu_core::sdp::Local { candidates: &candidates, ..*local };
        sfu_core::sdp::answer(LONE, Purpose::Publish, &local, &mut crate::Counter(0)).unwrap().answer
    });
    let candidates = lines(&answer, 0, "a=candidate:");
    let words: Vec<Vec<&str>> = candidates.iter().map(|line| line.split(' ').collect()).collect();
    assert_eq!(
        words.iter().map(|words| words[0]).collect::<Vec<_>>(),
        ["a=candidate:1", "a=candidate:1", "a=candidate:2"]
    );
    let priorities: Vec<u32> = words.iter().map(|words| words[3].parse().unwrap()).collect();
    assert!(priorities[0] > priorities[1] && priorities[1] > priorities[2]);
}
