use std::time::Duration;

use load_tests::relay::{BitRate, Change, LinkSpec, Loss, Order, Queue, Schedule, Share, Ways, Who};

fn spec(text: &str) -> LinkSpec {
    text.parse().unwrap()
}

#[test]
fn a_link_is_understood() {
    let all =
        spec("rate=3M, delay=50ms, jitter=20ms, loss=5%, queue=250ms, order=free, duplicate=0.5%, reorder=2%/30ms");
    assert_eq!(all.rate, BitRate::new(3_000_000));
    assert_eq!((all.delay, all.jitter), (Duration::from_millis(50), Duration::from_millis(20)));
    assert_eq!(all.loss, Loss::plain(Share::new(0.05).unwrap()));
    assert_eq!(all.queue, Queue::Time(Duration::from_millis(250)));
    assert_eq!(all.order, Order::Free);
    assert_eq!(all.duplicate, Share::new(0.005).unwrap());
    assert_eq!(all.reorder.hold, Duration::from_millis(30));
    assert_eq!(spec("rate=1.5M,queue=64kB").queue, Queue::Bytes(64_000));
    assert_eq!(spec("clear"), LinkSpec::default());
    assert!(spec("blackout").blackout);
    assert_eq!(spec("gilbert=1%/25%").loss.in_bad, Share::ALWAYS);
}

#[test]
fn a_schedule_is_understood_on_one_line_and_on_several() {
    let one: Schedule = "0s:rate=3M;10s:rate=300k; 20s:rate=3M;".parse().unwrap();
    let several: Schedule =
        "# from 3 Mbit/s down and up\n0s: rate=3M\n10s: rate=300k # a tenth\n\n20s: rate=3M\n".parse().unwrap();
    assert_eq!(one, several);
    assert_eq!(one.change(1).unwrap().after, Duration::from_secs(20));
    assert_eq!(one.change(2), None);
}

#[test]
fn a_change_says_whom_which_way_and_what() {
    let change: Change = "client 2 down rate=300k".parse().unwrap();
    assert_eq!((change.who, change.ways), (Who::Client(2), Ways::Down));
    assert_eq!(change.schedule, "rate=300k".parse().unwrap());
    assert_eq!("both  blackout".parse::<Change>().unwrap().who, Who::Everybody);
}

#[track_caller]
fn refused(text: &str, words: &str) {
    let error = text.parse::<Schedule>().unwrap_err().to_string();
    assert_eq!(error, words);
}

#[test]
fn what_is_wrong_with_a_link_is_said_with_its_place_and_what_to_do() {
    refused("rate=3X", "`rate=3X` (character 1): \"3X\" is not a bit rate of 1k to 100G; write it as in rate=3M");
    refused("delay=50ms,loss=5", "`loss=5` (character 12): \"5\" is not a share of 0% to 100%; write it as in loss=5%");
    refused("delay=50", "`delay=50` (character 1): \"50\" is not a time up to 60s; write it as in delay=50ms");
    refused("loss", "`loss` (character 1): it needs a share of 0% to 100%, such as loss=5%");
    refused("blackout=3s", "`blackout=3s` (character 1): it takes no value; write the word alone");
    refused("loss=1%,loss=2%", "`loss=2%` (character 9): said twice; say it once");
    refused(
        "jitter=20ms",
        "`jitter=20ms` (character 1): nothing leaves before it came: a jitter of 20ms needs a delay as long, and it is \
         0ns; raise delay",
    );
    refused(
        "burst=4",
        "`burst=4` (character 1): `burst` is how many are lost in a row; say how many are lost in all with `loss`, as in \
         loss=5%,burst=4",
    );
    refused(
        "loss=80%,burst=2",
        "`loss=80%,burst=2` (character 1): so much loss needs longer bursts than that; raise `burst`, or leave it out",
    );
    refused("", "`` (character 1): nothing is said here; write `clear` for a link that does nothing");
    let unknown = "lose=5%".parse::<Schedule>().unwrap_err().to_string();
    assert!(
        unknown.starts_with("`lose=5%` (character 1): there is no such effect; there are rate, queue,"),
        "{unknown}"
    );
}

#[test]
fn what_is_wrong_with_a_schedule_is_said_with_its_place() {
    refused(
        "0s:rate=3M;10s:rate=3",
        "`rate=3` (character 16): \"3\" is not a bit rate of 1k to 100G; write it as in rate=3M",
    );
    refused("rate=3M;rate=2M", "`rate=3M` (character 1): a step begins with its time and a colon, as in 10s:rate=300k");
    refused("0s:clear;now:clear", "`now:clear` (character 10): \"now\" is no time; write it as in 10s or 500ms");
    refused(
        "5s:clear",
        "`5s:clear` (character 1): the first step begins at 0s; say there what the link is like at first",
    );
    refused(
        "0s:clear;9s:clear;8s:clear",
        "`8s:clear` (character 19): steps follow each other in time; put this one where its time is, or correct the time",
    );
}

#[test]
fn what_is_wrong_with_a_change_is_said() {
    let said = |text: &str| text.parse::<Change>().unwrap_err().to_string();
    assert!(said("rate=3M").starts_with("\"rate=3M\" is no way; begin with up, down or both"));
    assert!(said("client two up clear").starts_with("\"two\" is no client's number"));
    assert!(said("up loss=5").contains("is not a share"));
    assert!(said("up").contains("nothing is said here"));
}
