//! No packet is accepted twice: replays, the wrap of sequence numbers, rollover counters, and floods of forged SSRCs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rand::{Rng, SeedableRng};
use sfu_core::limits::{REPLAY_WINDOW, SSRCS_PER_TRANSPORT_MAX, SSRCS_REMEMBERED_MAX};
use sfu_core::transport::*;

const PROFILE: SrtpProfile = SrtpProfile::AeadAes128Gcm;

struct Ends {
    sealer: RtpSealer,
    opener: RtpOpener,
}

fn ends() -> Ends {
    let keys = SrtpKeys::from_exporter(PROFILE, &[5; 56], DtlsRole::Server).unwrap();
    Ends {
        sealer: RtpSealer::new(&keys.local, PROFILE).unwrap(),
        opener: RtpOpener::new(&keys.local, PROFILE).unwrap(),
    }
}

impl Ends {
    fn sealed(&mut self, ssrc: u32, index: u64) -> Vec<u8> {
        let index = PacketIndex::new(index).unwrap();
        let mut packet = vec![0x80, 96];
        packet.extend_from_slice(&index.sequence_number().to_be_bytes());
        packet.extend_from_slice(&[0; 4]);
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet.extend_from_slice(b"payload");
        assert!(self.sealer.seal(index, &mut packet, 0, 12));
        packet
    }

    fn open(&mut self, packet: &[u8]) -> Result<u64, DropReason> {
        self.opener.open(&mut packet.to_vec()).map(|opened| opened.index.get())
    }
}

#[test]
fn a_hundred_thousand_replays_are_all_refused() {
    let mut ends = ends();
    let packets: Vec<_> = (0..2_000).map(|index| ends.sealed(1, index)).collect();
    for packet in &packets {
        ends.open(packet).unwrap();
    }
    let mut rng = rand::rngs::StdRng::seed_from_u64(11);
    for _ in 0..100_000 {
        let packet = &packets[rng.random_range(0..packets.len())];
        assert_eq!(ends.open(packet), Err(DropReason::RtpReplayed));
    }
}

#[test]
fn reordered_packets_are_accepted_once_within_the_window() {
    let mut ends = ends();
    let newest = 5_000;
    let packet = ends.sealed(1, newest);
    ends.open(&packet).unwrap();
    for index in (newest - REPLAY_WINDOW - 5..newest).rev() {
        let packet = ends.sealed(1, index);
        let expected = if newest - index < REPLAY_WINDOW { Ok(index) } else { Err(DropReason::RtpReplayed) };
        assert_eq!(ends.open(&packet), expected, "{index}");
        assert_eq!(ends.open(&packet), Err(DropReason::RtpReplayed));
    }
}

#[test]
fn the_rollover_counter_follows_wraps_and_losses() {
    let mut ends = ends();
    let mut rng = rand::rngs::StdRng::seed_from_u64(3);
    let mut index = 60_000;
    let mut replays = vec![];
    while index < 5 << 16 {
        let packet = ends.sealed(9, index);
        assert_eq!(ends.open(&packet), Ok(index));
        replays.push(packet);
        index += rng.random_range(1..20_000);
    }
    for packet in replays {
        assert!(ends.open(&packet).is_err());
    }
}

#[test]
fn packets_around_the_wrap_may_come_in_any_order() {
    let mut ends = ends();
    for index in [65_530, 65_537, 65_535, 65_536, 65_534, 98_000, 130_000, 131_073, 131_071, 131_072, 131_070] {
        let packet = ends.sealed(2, index);
        assert_eq!(ends.open(&packet), Ok(index));
        assert_eq!(ends.open(&packet), Err(DropReason::RtpReplayed));
    }
}

#[test]
fn a_packet_a_whole_round_old_is_not_taken_for_a_new_one() {
    let mut ends = ends();
    let old = ends.sealed(1, 100);
    ends.open(&old).unwrap();
    for index in [20_000, 45_000, 65_536, 65_600] {
        let packet = ends.sealed(1, index);
        ends.open(&packet).unwrap();
    }
    assert_eq!(ends.open(&old), Err(DropReason::RtpAuthentication));
}

#[test]
fn forged_packets_leave_no_trace_of_their_ssrcs() {
    let mut ends = ends();
    for ssrc in 0..10_000 {
        let mut forged = ends.sealed(ssrc, 5);
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(ends.open(&forged), Err(DropReason::RtpAuthentication));
    }
    assert_eq!(ends.opener.ssrc_count(), 0);
}

#[test]
fn a_forged_packet_moves_no_window() {
    let mut ends = ends();
    let first = ends.sealed(1, 10);
    ends.open(&first).unwrap();
    let mut forged = ends.sealed(1, 30_000);
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(ends.open(&forged), Err(DropReason::RtpAuthentication));
    let next = ends.sealed(1, 11);
    assert_eq!(ends.open(&next), Ok(11));
}

#[test]
fn authentic_ssrcs_are_bounded_too() {
    let mut ends = ends();
    let max = u32::try_from(SSRCS_REMEMBERED_MAX).unwrap();
    for ssrc in 0..max {
        let packet = ends.sealed(ssrc, 1);
        ends.open(&packet).unwrap();
    }
    let packet = ends.sealed(max, 1);
    assert_eq!(ends.open(&packet), Err(DropReason::RtpSsrcLimit));
    let known = ends.sealed(3, 2);
    assert_eq!(ends.open(&known), Ok(2));
    assert_eq!(ends.opener.ssrc_count(), SSRCS_REMEMBERED_MAX);
}

#[test]
fn those_that_sent_before_as_many_others_as_send_at_a_time_can_go_on_and_are_not_replayed() {
    let mut ends = ends();
    let others = u32::try_from(SSRCS_PER_TRANSPORT_MAX).unwrap() * 3;
    // Across a wrap: what is remembered of an SSRC tells its rollover counter too.
    let before = [65_530, 65_534, 65_540].map(|index| ends.sealed(1_000_000, index));
    let late = ends.sealed(1_000_000, 65_538);
    for packet in &before {
        ends.open(packet).unwrap();
    }
    let packets: Vec<_> = (0..others).map(|ssrc| ends.sealed(ssrc, 7)).collect();
    for (packet, index) in packets.iter().zip(100..) {
        ends.open(packet).unwrap();
        // One that sends all the time loses nothing, not even what is late.
        for index in [2 * index + 1, 2 * index] {
            let packet = ends.sealed(2_000_000, index);
            assert_eq!(ends.open(&packet), Ok(index));
        }
    }
    for packet in before.iter().chain(&packets).chain([&late]) {
        assert_eq!(ends.open(packet), Err(DropReason::RtpReplayed));
    }
    for index in [65_545, 65_543] {
        let packet = ends.sealed(1_000_000, index);
        assert_eq!(ends.open(&packet), Ok(index), "it sends again, and may be late again");
        assert_eq!(ends.open(&packet), Err(DropReason::RtpReplayed));
    }
    assert_eq!(ends.open(&late), Err(DropReason::RtpReplayed));
    assert_eq!(ends.opener.ssrc_count(), SSRCS_PER_TRANSPORT_MAX * 3 + 2);
}

/// Janus CVE-2020-14034 and later: RTP over 1,500 bytes.
#[test]
fn oversize_packets_are_dropped() {
    let mut ends = ends();
    assert_eq!(ends.open(&[0x80; 1_501]), Err(DropReason::RtpTooLong));
}
