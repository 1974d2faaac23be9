//! Channels open, messages of every size come through whole, unreliable ones do not wait for what is lost, and channels close.

use std::time::Duration;

use bytes::Bytes;
use datachannel::message::message_channel_open::ChannelType;
use sctp::PayloadProtocolIdentifier as Kind;
use sfu_core::command::DataPayload;
use sfu_core::limits::{DATA_CHANNELS_MAX, DATA_MESSAGE_BYTES_MAX};
use sfu_core::transport::{ChannelId, DataEvent};

use crate::link::Link;

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

#[test]
fn a_channel_opens_and_is_told_with_its_label() {
    let link = Link::open(1, "chat");
    assert_eq!(link.events, [DataEvent::Opened { channel: ChannelId(0), label: "chat".into() }]);
    let counters = link.counters();
    assert_eq!((counters.associations_opened, counters.channels_opened), (1, 1));
}

#[test]
fn messages_of_every_size_are_echoed_as_they_were() {
    let mut link = Link::open(2, "echo");
    let sizes = [1, 2, 1_163, 1_164, 4_000, 16_384, DATA_MESSAGE_BYTES_MAX];
    for bytes in sizes {
        link.peer.send(link.now, 0, &pattern(bytes));
        link.run_ms(1_500);
    }
    let sent: Vec<Vec<u8>> = sizes.into_iter().map(pattern).collect();
    assert_eq!(link.peer.messages(0), sent);
    assert_eq!(link.counters().bytes_sent, sizes.iter().sum::<usize>() as u64);
}

#[test]
fn text_is_text_and_empty_messages_are_empty() {
    let mut link = Link::open(3, "chat");
    link.peer.write(link.now, 0, Kind::String, "grüß dich".as_bytes());
    link.peer.write(link.now, 0, Kind::StringEmpty, &[0]);
    link.peer.write(link.now, 0, Kind::BinaryEmpty, &[0]);
    link.peer.write(link.now, 0, Kind::String, &[0xff]);
    link.run_ms(300);
    let text = |text: &str| DataPayload::Text(text.into());
    assert_eq!(link.messages(), [text("grüß dich"), text(""), DataPayload::Binary(Bytes::new())]);
    assert_eq!(link.counters().messages_malformed, 1);
    link.channels.send(link.now, "chat", &text(""));
    link.channels.send(link.now, "chat", &text("é"));
    link.run_ms(300);
    assert_eq!(link.peer.kinds[1..], [Kind::StringEmpty, Kind::String]);
}

#[test]
fn a_message_goes_to_every_channel_of_its_label() {
    let mut link = Link::open(4, "events");
    let (now, peer) = (link.now, &mut link.peer);
    let streams = [0, peer.reliable(now, "events"), peer.reliable(now, "other")];
    link.run_ms(300);
    link.send("events", vec![7]);
    link.run_ms(300);
    assert_eq!(streams.map(|stream| link.peer.messages(stream).len()), [1, 1, 0]);
    link.send("nobody's", vec![7]);
    assert_eq!((link.counters().messages_sent, link.counters().messages_undelivered), (2, 1));
}

#[test]
fn reliable_channels_lose_nothing_on_a_bad_link() {
    for seed in 0..8 {
        let mut link = Link::new(seed);
        (link.loss, link.jitter) = (15.0, Duration::from_millis(30));
        link.run_ms(20_000);
        assert!(link.peer.established, "seed {seed}");
        let ordered = link.peer.reliable(link.now, "echo");
        let unordered = link.peer.open(link.now, "echo", ChannelType::ReliableUnordered, 0);
        link.run_ms(10_000);
        assert_eq!(link.peer.acknowledged.len(), 2, "until then nothing may be sent out of order");
        for number in 0..40_u8 {
            link.peer.send(link.now, ordered, &vec![number; 1 + usize::from(number) * 100]);
            link.peer.send(link.now, unordered, &[number]);
            link.run_ms(50);
        }
        link.run_ms(120_000);
        let numbers = |stream| link.peer.messages(stream).iter().map(|message| message[0]).collect::<Vec<_>>();
        assert_eq!(numbers(ordered), (0..40).collect::<Vec<_>>(), "seed {seed}");
        let mut echoed = numbers(unordered);
        echoed.sort_unstable();
        assert_eq!(echoed, (0..40).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(link.counters().associations_faulty, 0);
    }
}

#[test]
fn unreliable_messages_do_not_wait_for_lost_ones() {
    for (seed, kind) in [(1, ChannelType::PartialReliableRexmitUnordered), (2, ChannelType::PartialReliableRexmit)] {
        let mut link = Link::new(seed);
        link.run_ms(100);
        let stream = link.peer.open(link.now, "echo", kind, 0);
        link.run_ms(300);
        link.loss = 10.0;
        for number in 0..600_u32 {
            link.peer.send(link.now, stream, &number.to_be_bytes());
            link.run_ms(20);
        }
        let last = |link: &Link| u32::from_be_bytes(link.peer.messages(stream).last().unwrap()[..].try_into().unwrap());
        let echoed = link.peer.messages(stream).len();
        assert!((300..600).contains(&echoed), "{echoed}: some are lost, and are not sent again");
        link.loss = 0.0;
        link.run_ms(3_000);
        link.peer.send(link.now, stream, &600_u32.to_be_bytes());
        link.run_ms(200);
        assert_eq!(last(&link), 600);
        assert_eq!(link.counters().associations_faulty, 0);
    }
}

#[test]
fn what_waits_in_an_outage_comes_after_it() {
    let mut link = Link::open(5, "events");
    link.cut = true;
    for number in 0..10 {
        link.send("events", vec![number; 3_000]);
    }
    link.run_ms(25_000);
    link.cut = false;
    link.run_ms(70_000);
    assert_eq!(link.peer.messages(0).len(), 10);
}

#[test]
fn a_closed_channel_is_closed_on_both_sides_and_its_stream_serves_again() {
    let mut link = Link::open(6, "echo");
    for round in 0..3 {
        link.peer.close(link.now, 0);
        link.run_ms(2_500);
        assert_eq!(link.peer.gone, [0].repeat(round + 1));
        assert_eq!(link.counters().channels_closed, round as u64 + 1);
        link.send("echo", vec![1]);
        assert_eq!(link.counters().messages_undelivered, round as u64 + 1);
        link.peer.open_on(link.now, 0, "echo", ChannelType::Reliable, 0);
        link.run_ms(300);
        link.peer.send(link.now, 0, &[round as u8]);
        link.run_ms(300);
        assert_eq!(*link.peer.messages(0).last().unwrap(), [round as u8]);
    }
}

#[test]
fn the_seventeenth_channel_is_refused_and_the_others_stay() {
    let mut link = Link::open(7, "echo");
    for stream in 1..=DATA_CHANNELS_MAX {
        link.peer.open_on(link.now, stream, "echo", ChannelType::Reliable, 0);
    }
    link.run_ms(3_000);
    let counters = link.counters();
    assert_eq!((counters.channels_opened, counters.channels_refused), (16, 1));
    assert_eq!(link.peer.gone, [DATA_CHANNELS_MAX]);
    link.peer.send(link.now, 5, &[5]);
    link.run_ms(300);
    assert_eq!(link.peer.messages(5), [[5]]);
}
