//! Replays the corpus of every fuzz target: what once was found, and what real clients send, on a stable compiler.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder("corpus").join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_target_has_a_binary_and_a_corpus() {
    let targets: BTreeSet<String> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder("fuzz_targets")), targets);
    assert_eq!(names(&folder("corpus")), targets);
    for (name, _) in fuzz::TARGETS {
        assert!(inputs(name).len() >= 3, "the corpus of {name} is empty, or nearly");
    }
}

#[test]
fn the_corpus_replays_without_a_fault() {
    let mut replayed = 0;
    for (name, run) in fuzz::TARGETS {
        for path in inputs(name) {
            let data = fs::read(&path).unwrap();
            let outcome = std::panic::catch_unwind(|| run(&data));
            assert!(outcome.is_ok(), "{}", path.display());
            replayed += 1;
        }
        run(&[]);
    }
    println!("{replayed} inputs of {} targets replayed", fuzz::TARGETS.len());
    assert!(replayed >= 3 * fuzz::TARGETS.len());
}

/// A bounded search from the corpus, the same each time: for machines without the fuzzer.
#[test]
fn a_short_search_around_the_corpus_finds_nothing() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    for (name, run) in fuzz::TARGETS {
        let corpus: Vec<Vec<u8>> = inputs(name).iter().map(|path| fs::read(path).unwrap()).collect();
        let mut rng = StdRng::seed_from_u64(1);
        for round in 0..60 {
            let mut data = corpus[round % corpus.len()].clone();
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(0..=data.len());
                match rng.random_range(0..4) {
                    0 => data.truncate(at),
                    1 => data.insert(at, rng.random()),
                    2 if at < data.len() => data[at] = rng.random(),
                    _ => {
                        let other = &corpus[rng.random_range(0..corpus.len())];
                        let from = rng.random_range(0..=other.len());
                        let to = (from + 64).min(other.len());
                        data.splice(at..at, other[from..to].iter().copied());
                    }
                }
            }
            let outcome = std::panic::catch_unwind(|| run(&data));
            assert!(outcome.is_ok(), "{name} failed on {data:02x?}");
        }
    }
}
