use std::time::{Duration, Instant};

use sfu_core::event::CurrentLayer;
use sfu_core::id::{EncodingId, Identity, MediaKind, Mid, Rid, RoomName, TransportId};
use sfu_core::sample::{Sample, SlotSample, ViewerSample};

use super::points::{Narrow, Wide};
use super::ring::Tick;
use super::store::{BYTES_MAX, Store};
use super::{RoomPoint, SlotPoint, TransportPoint};

fn viewer(transport: u64, bytes: u64, slots: usize) -> ViewerSample {
    ViewerSample {
        transport: TransportId(transport),
        room: RoomName::new("demo").unwrap(),
        identity: Identity::new(&format!("v{transport}")).unwrap(),
        cap_bps: Some(500_001),
        estimate_bps: None,
        limit: None,
        allotted_bps: 400_000,
        bytes_sent: bytes,
        bytes_received: bytes / 10,
        slots,
    }
}

fn slot(mid: &str, bytes: u64, rid: &str, source: EncodingId, key_frame_bytes: u64) -> SlotSample {
    let layer = CurrentLayer { rid: Some(Rid(rid.into())), height: Some(360), temporal: None };
    SlotSample {
        mid: Mid(mid.into()),
        kind: MediaKind::Video,
        allotted_bps: 300_000,
        bytes_sent: bytes,
        current: Some(layer.clone()),
        target: Some(layer),
        source: Some(source),
        key_frame_bytes,
    }
}

fn encodings() -> [EncodingId; 2] {
    let mut ids = slotmap::SlotMap::<EncodingId, ()>::with_key();
    std::array::from_fn(|_| ids.insert(()))
}

fn of(store: &Store, transport: u64, from: u64, to: u64) -> Vec<TransportPoint> {
    store.transports[&TransportId(transport)].points.between(Tick(from), Tick(to))
}

#[test]
fn rates_are_of_the_second_before_and_layers_and_limits_as_they_are() {
    let (start, [one, other]) = (Instant::now(), encodings());
    let mut store = Store::new(BYTES_MAX);
    for second in 0..4_u64 {
        // The last second takes longer, and the picture comes from another encoding whose key frames were not sent here.
        let at = start + Duration::from_millis(second * 1_000 + if second == 3 { 250 } else { 0 });
        let (rid, source, key_frames) = if second < 3 { ("q", one, second * 5_000) } else { ("h", other, 900_000) };
        let slots = vec![slot("3", second * 50_000, rid, source, key_frames), slot("5", 0, rid, source, 0)];
        let sample = Sample { at, viewers: vec![viewer(7, second * 62_500, 1), viewer(8, 0, 1)], slots };
        store.take_in(Tick(second), &[sample], |_| Some(9_000_000));
    }
    let sent: Vec<Option<u64>> = of(&store, 7, 0, 4).iter().map(|point| point.sent.bps()).collect();
    assert_eq!(sent, [None, Some(500_000), Some(500_000), Some(400_000)]);
    let point = of(&store, 7, 1, 2)[0];
    assert_eq!((point.cap.bps(), point.estimate.bps(), point.allotted.bps()), (Some(500_001), None, Some(400_000)));
    let its = &store.transports[&TransportId(7)].slots[&Mid("3".into())];
    let points: Vec<SlotPoint> = its.points.between(Tick(0), Tick(4));
    let key_frames: Vec<Option<u64>> = points.iter().map(|point| point.key_frames.bps()).collect();
    assert_eq!(key_frames, [None, Some(40_000), Some(40_000), None]);
    let layers: Vec<&str> =
        points.iter().map(|point| &*its.layers[point.current.place().unwrap()].rid.as_ref().unwrap().0).collect();
    assert_eq!(layers, ["q", "q", "q", "h"]);
    let room: Vec<RoomPoint> = store.rooms[&RoomName::new("demo").unwrap()].points.between(Tick(1), Tick(2));
    let RoomPoint { transports, egress_max, allotted, sent, received } = room[0];
    assert_eq!((transports, egress_max.bps()), (2, Some(9_000_000)));
    assert_eq!((allotted.bps(), sent.bps(), received.bps()), (Some(800_000), Some(500_000), Some(50_000)));
}

#[test]
fn who_is_gone_is_remembered_for_ten_minutes_and_a_silent_shard_is_a_gap() {
    let start = Instant::now();
    let mut store = Store::new(BYTES_MAX);
    for second in [0_u64, 1, 4] {
        let sample = Sample {
            at: start + Duration::from_secs(second),
            viewers: vec![viewer(7, second * 1_000, 0)],
            slots: vec![],
        };
        store.take_in(Tick(second), &[sample], |_| None);
    }
    let sent: Vec<Option<u64>> = of(&store, 7, 0, 6).iter().map(|point| point.sent.bps()).collect();
    assert_eq!(sent, [None, Some(8_000), None, None, Some(8_000), None]);
    store.forget(Tick(600));
    assert_eq!(store.transports.len(), 1);
    store.forget(Tick(700));
    assert!(store.is_empty());
}

#[test]
fn with_more_than_fits_all_are_kept_for_less_time() {
    let (start, [one, _]) = (Instant::now(), encodings());
    let a_second = 10 * size_of::<TransportPoint>() + 20 * size_of::<SlotPoint>() + size_of::<RoomPoint>();
    let mut store = Store::new(200 * a_second);
    for second in 0..=600 {
        let sample = Sample {
            at: start + Duration::from_secs(second),
            viewers: (0..10).map(|place| viewer(place, second, 2)).collect(),
            slots: (0..10).flat_map(|_| ["3", "5"].map(|mid| slot(mid, 1, "q", one, 1))).collect(),
        };
        store.take_in(Tick(second), &[sample], |_| None);
    }
    let kept = of(&store, 0, 0, 601).iter().filter(|point| point.cap.bps().is_some()).count();
    assert!((170..=200).contains(&kept), "{kept} points of 200 s");
}

#[test]
fn rates_are_packed_to_within_8_bits_a_second() {
    for bps in [0, 8, 1_000_000, 34_000_000_000] {
        assert_eq!(Narrow::of(Some(bps)).bps(), Some(bps));
    }
    assert_eq!(Narrow::of(Some(1_000_003)).bps(), Some(1_000_000));
    assert!(Narrow::of(Some(u64::MAX)).bps().is_some_and(|most| most > 34_000_000_000));
    assert_eq!((Narrow::of(None).bps(), Wide::of(None).bps(), Wide::of(Some(7)).bps()), (None, None, Some(7)));
}
