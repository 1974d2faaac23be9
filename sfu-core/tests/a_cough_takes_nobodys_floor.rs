//! Who speaks: a new speaker has the floor within about a second; a cough, a short "yes", noise and silence change nothing;
//! many who speak at once do not throw it to and fro.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod house;

use std::time::Duration;

use house::{Chamber, House};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sfu_core::id::MediaKind::Audio;

/// Levels, -dBov.
const VOICE: u8 = 30;
const COUGH: u8 = 8;
const SILENT: u8 = 127;
/// A fan, a street.
const NOISE: u8 = 70;

fn chamber(people: usize) -> Chamber {
    Chamber::new(House::default().publishers(people, &[Audio]))
}

/// Somebody who speaks in syllables of 60 to 340 ms with short pauses, about as loud as told.
struct Talker {
    rng: StdRng,
    loud: u8,
    left: u32,
    syllable: bool,
}

impl Talker {
    fn new(seed: u64, loud: u8) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), loud, left: 0, syllable: false }
    }

    fn level(&mut self) -> u8 {
        if self.left == 0 {
            self.syllable = !self.syllable;
            self.left = if self.syllable { self.rng.random_range(3..18) } else { self.rng.random_range(1..6) };
        }
        self.left -= 1;
        if self.syllable { self.loud + self.rng.random_range(0..8) } else { NOISE + self.rng.random_range(0..8) }
    }
}

#[test]
fn whoever_speaks_first_has_the_floor_at_once() {
    let mut room = chamber(3);
    room.talk(2_000, &[SILENT, NOISE, SILENT]);
    assert_eq!(room.dominant(), None);
    room.talk(400, &[SILENT, VOICE, SILENT]);
    assert_eq!(room.dominant(), Some(1));
}

#[test]
fn a_new_speaker_has_the_floor_within_about_a_second() {
    let mut took = vec![];
    for seed in 0..50 {
        let mut room = chamber(2);
        let mut talkers = [Talker::new(seed, VOICE), Talker::new(seed + 100, VOICE + 8)];
        for turn in 0..6 {
            let (speaker, began) = (turn % 2, room.elapsed());
            for _ in 0..250 {
                let level = talkers[speaker].level();
                room.packet((0..2).map(|place| Some(if place == speaker { level } else { NOISE })));
            }
            assert_eq!(room.dominant(), Some(speaker), "seed {seed}, turn {turn}");
            took.push(room.floor.last().unwrap().0 - began);
        }
        assert_eq!(room.floor.len(), 6, "seed {seed}: {:?}", room.floor);
    }
    took.sort();
    for (percent, millis) in [(50, 900), (95, 1_100), (100, 1_400)] {
        let among = took[(took.len() - 1) * percent / 100];
        assert!(among <= Duration::from_millis(millis), "{percent} of a hundred within {among:?}");
    }
}

#[test]
fn a_cough_and_a_short_yes_take_nobodys_floor() {
    let mut room = chamber(2);
    room.talk(3_000, &[VOICE, NOISE]);
    for (millis, holder, other) in [(300, VOICE, COUGH), (300, NOISE, COUGH), (460, NOISE, VOICE), (460, VOICE, VOICE)]
    {
        room.talk(millis, &[holder, other]);
        assert_eq!(room.dominant(), Some(0), "{millis} ms at {other} over {holder}");
        room.talk(2_000, &[VOICE, NOISE]);
        assert_eq!(room.dominant(), Some(0));
    }
    room.talk(800, &[NOISE, NOISE]);
    room.talk(400, &[NOISE, VOICE]);
    room.talk(5_000, &[NOISE, NOISE]);
    assert_eq!(room.dominant(), Some(0), "a yes into a pause");
    assert_eq!(room.floor.len(), 1);
}

#[test]
fn silence_and_noise_change_nothing() {
    let mut room = chamber(3);
    room.talk(2_000, &[VOICE, SILENT, SILENT]);
    let noise = |place: u8, round: u8| NOISE - 4 * ((place + round) % 3);
    for round in 0..30 {
        room.talk(1_000, &[SILENT, noise(1, round), noise(2, round)]);
    }
    room.talk(10_000, &[SILENT; 3]);
    assert_eq!((room.dominant(), room.floor.len()), (Some(0), 1));
    assert_eq!(room.speaking(), []);
}

#[test]
fn a_television_in_the_background_yields_to_a_voice_and_does_not_come_back_between_its_words() {
    let mut room = chamber(2);
    let (mut voice, television) = (Talker::new(1, 25), 50);
    room.talk(5_000, &[SILENT, television]);
    assert_eq!(room.dominant(), Some(1));
    for _ in 0..1_500 {
        let level = voice.level();
        room.packet([Some(level), Some(television)]);
    }
    assert_eq!((room.dominant(), room.floor.len()), (Some(0), 2), "{:?}", room.floor);
}

#[test]
fn a_short_pause_leaves_a_speaker_among_those_who_are_heard_and_a_long_one_does_not() {
    let mut room = chamber(2);
    room.talk(1_000, &[VOICE, NOISE]);
    room.talk(600, &[NOISE, NOISE]);
    assert_eq!(room.speaking(), [0]);
    room.talk(500, &[NOISE, NOISE]);
    assert_eq!(room.speaking(), []);
    room.talk(140, &[NOISE, VOICE]);
    assert_eq!(room.speaking(), [1], "a first syllable is enough");
    room.talk(1_000, &[VOICE - 15, VOICE]);
    assert_eq!(room.speaking(), [0, 1], "the loudest first");
}

#[test]
fn whoever_stops_sending_is_silent_and_who_is_muted_is_so_at_once() {
    let mut room = chamber(2);
    room.talk(1_000, &[VOICE, VOICE]);
    assert_eq!(room.speaking().len(), 2);
    for _ in 0..60 {
        room.packet([Some(VOICE), None]);
    }
    assert_eq!(room.speaking(), [0]);
    room.voices.set_muted(room.publishers[0].track(Audio, 0).unwrap(), true);
    assert_eq!(room.speaking(), []);
    room.talk(1_000, &[VOICE, SILENT]);
    assert_eq!(room.speaking(), [], "whatever still comes");
    assert_eq!(room.dominant(), Some(0), "the floor is kept");
}

#[test]
fn the_floor_of_one_who_left_is_free() {
    let mut room = chamber(3);
    room.talk(2_000, &[VOICE, SILENT, SILENT]);
    room.publishers.remove(0);
    room.voices.follow(room.now, &room.publishers);
    assert_eq!((room.dominant(), room.speaking()), (None, vec![]));
    room.talk(400, &[SILENT, VOICE]);
    assert_eq!(room.dominant(), Some(1));
}

#[test]
fn without_levels_packets_that_are_larger_than_silence_count_as_a_voice() {
    let mut room = chamber(2);
    let [a, b] = [0, 1].map(|place: usize| room.publishers[place].track(Audio, 0).unwrap());
    for packet in 0..400 {
        room.now += house::PACKET;
        // Opus in silence: a packet of DTX every 400 ms.
        if packet < 200 {
            room.voices.heard(room.now, a, None, false);
        } else if packet % 20 == 0 {
            room.voices.heard(room.now, a, None, true);
        }
        if packet >= 200 {
            room.voices.heard(room.now, b, None, false);
        }
        if packet % 5 == 0 {
            room.evaluate();
        }
        if packet == 199 {
            assert_eq!((room.dominant(), room.speaking()), (Some(0), vec![0]));
        }
    }
    assert_eq!((room.dominant(), room.speaking()), (Some(1), vec![1]));
}

#[test]
fn packets_of_60_ms_and_lost_ones_are_no_silence() {
    let mut room = chamber(1);
    let track = room.publishers[0].track(Audio, 0).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    for packet in 0..100 {
        room.now += Duration::from_millis(60);
        if rng.random_bool(0.9) {
            room.voices.heard(room.now, track, Some(VOICE), false);
        }
        room.evaluate();
        assert_eq!(room.speaking().len(), usize::from(packet >= 1), "packet {packet}");
    }
    assert_eq!(room.floor.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// However many speak at once, however loud, in noise: the floor rests for seconds, and is only ever held by somebody
    /// who spoke.
    #[test]
    fn many_who_speak_at_once_do_not_throw_the_floor_to_and_fro(
        seed in any::<u64>(),
        louds in prop::collection::vec(20_u8..45, 2..6),
        quiet in 0_usize..3,
    ) {
        let mut room = chamber(louds.len() + quiet);
        let mut talkers: Vec<Talker> =
            louds.iter().zip(0..).map(|(loud, place)| Talker::new(seed.wrapping_add(place), *loud)).collect();
        let mut noise = StdRng::seed_from_u64(seed);
        for _ in 0..3_000 {
            let mut levels: Vec<u8> = talkers.iter_mut().map(Talker::level).collect();
            levels.extend((0..quiet).map(|_| noise.random_range(NOISE..NOISE + 20)));
            room.packet(levels.into_iter().map(Some));
        }
        prop_assert!(room.floor.len() <= 12, "{} changes in a minute", room.floor.len());
        prop_assert!(room.dominant().is_some_and(|dominant| dominant < louds.len()));
    }
}
