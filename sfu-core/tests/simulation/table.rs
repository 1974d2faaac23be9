//! Holds each story to its bounds over many seeds, and tells the figures.

use crate::judge::Tale;
use crate::stories::{STORIES, Story};

/// Seeds of every run of the tests, 45 s without optimisation; the table has more.
const SEEDS: std::ops::Range<u8> = 0..1;
/// Seeds of the table, and of the search unless `SEEDS` says otherwise.
const MANY: std::ops::Range<u8> = 0..50;

fn misses(story: &Story, seed: u8, tale: &Tale) -> Vec<String> {
    let told = tale.figures.iter().filter(|figure| figure.not_yet.is_none() && !figure.is_kept());
    told.map(|it| format!("{}, seed {seed}: {} is {:.3}, not {}", story.name, it.name, it.value, it.bound)).collect()
}

#[test]
fn every_story_ends_well_and_none_of_its_bounds_is_idle() {
    let mut missed = vec![];
    for story in STORIES {
        let tales: Vec<(u8, Tale)> = SEEDS.map(|seed| (seed, (story.tell)(seed))).collect();
        missed.extend(tales.iter().flat_map(|(seed, tale)| misses(story, *seed, tale)));
        missed.extend(idle(story, &tales));
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Bounds that nothing real can miss, and that so say nothing: made as hard as can be, each must fail. Where every value is nothing at
/// all, as where nobody notices anything, there is nothing to see.
fn idle(story: &Story, tales: &[(u8, Tale)]) -> Vec<String> {
    let figures = tales[0].1.figures.iter().enumerate().filter(|(_, figure)| figure.not_yet.is_none());
    let values = |place: usize| tales.iter().map(move |(_, tale)| tale.figures[place].value);
    let idle = figures.filter(|(place, figure)| {
        values(*place).any(|value| value > 0.0) && values(*place).all(|value| figure.bound.impossible().holds(value))
    });
    idle.map(|(_, figure)| format!("{}: {} is never missed", story.name, figure.name)).collect()
}

fn seeds() -> std::ops::Range<u8> {
    let Ok(text) = std::env::var("SEEDS") else { return MANY };
    let (from, to) = text.split_once("..").expect("SEEDS=0..50");
    from.parse().unwrap()..to.parse().unwrap()
}

/// Of all stories, or of those whose name has `STORY` in it.
fn picked() -> impl Iterator<Item = &'static Story> {
    let wanted = std::env::var("STORY").unwrap_or_default();
    STORIES.iter().filter(move |story| story.name.contains(&wanted))
}

#[test]
#[ignore = "prints figures for people, over 50 seeds or SEEDS=0..200, of all stories or STORY=blackout"]
fn table() {
    assert!(picked().next().is_some(), "no story has STORY in its name");
    let mut bad = vec![];
    for story in picked() {
        let began = std::time::Instant::now();
        let tales: Vec<Tale> = seeds().map(story.tell).collect();
        let each = began.elapsed().as_secs_f64() / tales.len() as f64;
        let median = |figure: &dyn Fn(&Tale) -> f64| {
            let mut values: Vec<f64> = tales.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let used = tales[0]
            .used_percent
            .map_or("–".to_owned(), |_| format!("{:.0} %", median(&|tale| tale.used_percent.unwrap_or(0.0))));
        println!(
            "{}: {:.1} frames/s, {:.1} pictures/s, {:.0} freezes, {:.1} flaps a minute, {used} used, {:.1} ms added ({each:.1} s a seed)",
            story.name,
            median(&|tale| tale.seen.fps),
            median(&|tale| tale.seen.pictures_per_second),
            median(&|tale| tale.seen.freezes as f64),
            median(&|tale| tale.seen.flaps_per_minute),
            median(&|tale| tale.added_ms),
        );
        for place in 0..tales[0].figures.len() {
            let mut values: Vec<(f64, u8)> = tales.iter().map(|it| it.figures[place].value).zip(seeds()).collect();
            values.sort_by(|one, other| one.0.total_cmp(&other.0));
            let figure = &tales[0].figures[place];
            let (least, middle, most) = (values[0].0, values[values.len() / 2].0, values[values.len() - 1].0);
            let missed: Vec<&(f64, u8)> = values.iter().filter(|(value, _)| !figure.bound.holds(*value)).collect();
            let kept = values.len() - missed.len();
            let why =
                figure.not_yet.map_or(String::new(), |why| format!(", kept by {kept} of {}: {why}", values.len()));
            println!("    {:<38} {least:>9.2} {middle:>9.2} {most:>9.2}   {}{why}", figure.name, figure.bound);
            if figure.not_yet.is_some() {
                continue;
            }
            bad.extend(
                missed
                    .into_iter()
                    .map(|(value, seed)| format!("{}, {}: {value:.2} with seed {seed}", story.name, figure.name)),
            );
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}
