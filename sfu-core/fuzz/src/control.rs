//! RTCP, through the control chains of a publisher and of a subscriber.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sfu_core::id::Ssrc;
use sfu_core::interceptor::{ChainConfig, ControlChain, LocalStream, RemoteStream};
use sfu_core::rtcp::{Message, RtcpPacket, message, packets, twcc as transport_wide};

use super::input::Input;

/// The streams that the chains know, as they stand in the corpus.
const STREAMS: [u32; 2] = [1_000, 2_000];
/// More than any chain needs to come to rest.
const TURNS_MAX: usize = 10_000;

/// Datagrams, each with its length in front, and time that passes between them.
pub fn rtcp(data: &[u8]) {
    let start = Instant::now();
    let mut publisher = ControlChain::new(ChainConfig::publisher(Ssrc(1), Some(3)));
    let mut subscriber = ControlChain::new(ChainConfig::subscriber(Ssrc(2)));
    for ssrc in STREAMS {
        let ssrc = Ssrc(ssrc);
        publisher.bind_remote(&RemoteStream { ssrc, clock_rate: 90_000, nack: true, pli: true, fir: true });
        subscriber.bind_local(&LocalStream { ssrc, cname: Arc::from("cname") });
    }
    let mut input = Input::new(data);
    let mut now = start;
    for _ in 0..64 {
        let Some(pause) = input.next() else { break };
        let datagram = input.blob();
        walk(datagram);
        for chain in [&mut publisher, &mut subscriber] {
            chain.handle_rtcp(now, datagram);
            settle(chain, now);
        }
        now += Duration::from_millis(u64::from(pause));
    }
}

fn walk(datagram: &[u8]) {
    let mut bytes = 0;
    for packet in packets(datagram).map_while(Result::ok) {
        bytes += packet.bytes.len();
        assert!(packet.body.len() <= packet.bytes.len());
        read(&packet);
    }
    assert!(bytes <= datagram.len());
}

/// Everything that a packet says, to its end.
fn read(packet: &RtcpPacket<'_>) {
    match message(packet) {
        Ok(Some(Message::SenderReport { blocks, .. } | Message::ReceiverReport { blocks })) => {
            assert_eq!(blocks.iter().count(), usize::from(packet.count));
        }
        Ok(Some(Message::Goodbye { sources })) => assert_eq!(sources.iter().count(), usize::from(packet.count)),
        Ok(Some(Message::Nack { pairs, .. })) => assert!(pairs.sequences().count() <= packet.body.len() / 4 * 17),
        Ok(Some(Message::FullIntra { commands })) => assert!(commands.iter().count() <= packet.body.len() / 8),
        Ok(Some(Message::PictureLoss { .. } | Message::Remb { .. }) | None) | Err(_) => {}
    }
}

fn settle(chain: &mut ControlChain, now: Instant) {
    for _ in 0..TURNS_MAX {
        while chain.poll_event().is_some() {}
        while let Some(datagram) = chain.poll_rtcp() {
            assert!(datagram.len() <= 1_500 && packets(&datagram).all(|packet| packet.is_ok()));
        }
        if chain.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        chain.handle_timeout(now);
    }
    panic!("the timers of a chain never rest");
}

/// Transport-wide feedback, which is parsed by itself.
pub fn twcc(data: &[u8]) {
    for feedback in transport_wide::feedbacks(data) {
        let totals = feedback.totals;
        let statuses: Vec<_> = feedback.statuses().collect();
        assert_eq!(statuses.len(), usize::from(feedback.status_count));
        let received = statuses.iter().filter(|status| status.arrival_us.is_some()).count();
        assert_eq!((received, statuses.len() - received), (usize::from(totals.received), usize::from(totals.missing)));
    }
}
