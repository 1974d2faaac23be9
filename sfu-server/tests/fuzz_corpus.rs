//! Replays the corpus of the fuzz target: what clients say, and what they must not, on a stable compiler.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::{Path, PathBuf};

fn inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/signalling");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn the_corpus_replays_without_a_fault() {
    assert!(inputs().len() >= 10);
    for path in inputs() {
        let data = fs::read(&path).unwrap();
        let outcome = std::panic::catch_unwind(|| fuzz::signalling(&data));
        assert!(outcome.is_ok(), "{}", path.display());
    }
    fuzz::signalling(&[]);
}

/// A bounded search from the corpus, the same each time: for machines without the fuzzer.
#[test]
fn a_short_search_around_the_corpus_finds_nothing() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    let corpus: Vec<Vec<u8>> = inputs().iter().map(|path| fs::read(path).unwrap()).collect();
    let mut rng = StdRng::seed_from_u64(1);
    for round in 0..5_000 {
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
        let outcome = std::panic::catch_unwind(|| fuzz::signalling(&data));
        assert!(outcome.is_ok(), "failed on {}", String::from_utf8_lossy(&data));
    }
}
