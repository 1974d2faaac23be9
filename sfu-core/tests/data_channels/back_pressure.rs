//! A peer that is slow to take what it is sent: what does not fit is dropped, told once, and so is the end of it.

use sfu_core::limits::{DATA_CHANNEL_QUEUE_BYTES_MAX, DATA_TRANSPORT_QUEUE_BYTES_MAX};
use sfu_core::transport::DataEvent;

use crate::link::Link;

fn blocked() -> DataEvent {
    DataEvent::Blocked { label: "events".into() }
}

fn writable() -> DataEvent {
    DataEvent::Writable { label: "events".into() }
}

#[test]
fn a_full_channel_is_told_once_and_again_when_it_is_half_empty() {
    let mut link = Link::open(1, "events");
    link.events.clear();
    link.cut = true;
    let fits = DATA_CHANNEL_QUEUE_BYTES_MAX / 16_384;
    for _ in 0..fits + 20 {
        link.send("events", vec![1; 16_384]);
    }
    link.run_ms(100);
    assert_eq!(link.events, [blocked()]);
    assert_eq!(link.counters().messages_sent, fits as u64);
    assert_eq!(link.counters().messages_shed, 20);
    link.send("events", vec![2]);
    assert_eq!(link.counters().messages_shed, 21, "not even a small one overtakes those that were told to wait");
    link.cut = false;
    link.run_ms(30_000);
    assert_eq!(link.events, [blocked(), writable()]);
    assert_eq!(link.peer.messages(0).len(), fits);
    link.send("events", vec![3]);
    link.run_ms(300);
    assert_eq!(link.peer.messages(0).last().unwrap(), &[3]);
}

#[test]
fn small_messages_are_bounded_by_their_number() {
    let mut link = Link::open(2, "events");
    link.cut = true;
    for _ in 0..5_000 {
        link.send("events", vec![1]);
    }
    assert_eq!(link.counters().messages_sent, 1_024);
    link.cut = false;
    link.run_ms(30_000);
    assert_eq!(link.peer.messages(0).len(), 1_024);
    assert!(link.events.ends_with(&[blocked(), writable()]));
}

#[test]
fn all_channels_together_hold_no_more_than_a_transport_may() {
    let mut link = Link::open(3, "events");
    for _ in 0..5 {
        link.peer.reliable(link.now, "events");
    }
    link.run_ms(300);
    link.cut = true;
    for _ in 0..40 {
        link.send("events", vec![1; 16_384]);
    }
    let sent = link.counters().bytes_sent as usize;
    assert!((DATA_TRANSPORT_QUEUE_BYTES_MAX - 16_384 * 2..=DATA_TRANSPORT_QUEUE_BYTES_MAX).contains(&sent), "{sent}");
    link.cut = false;
    link.run_ms(60_000);
    let told = |wanted: &DataEvent| link.events.iter().filter(|event| *event == wanted).count();
    assert_eq!((told(&blocked()), told(&writable())), (6, 6));
}

#[test]
fn what_cannot_be_sent_any_more_fills_no_queue() {
    let mut link = Link::open(5, "events");
    link.events.clear();
    link.peer.shut_down(link.now);
    // The peer's SHUTDOWN arrives, our answer does not.
    link.run_ms(25);
    link.cut = true;
    for _ in 0..5_000 {
        link.send("events", vec![1]);
    }
    link.run_ms(100);
    assert_eq!(link.counters().messages_undelivered, 5_000);
    assert_eq!((link.counters().messages_shed, link.events.as_slice()), (0, [].as_slice()));
    link.cut = false;
    link.run_ms(30_000);
    assert_eq!(link.events, [DataEvent::Closed { label: "events".into() }]);
}

#[test]
fn messages_that_the_peer_does_not_take_are_not_sent() {
    let mut link = Link::open(4, "events");
    link.send("events", vec![1; 65_537]);
    assert_eq!((link.counters().messages_oversized, link.counters().messages_sent), (1, 0));
}
