//! Feeds the `session` target with programs of random steps, without the fuzzer's account of what was reached: many more of
//! them, the same for the same seed. `cargo run --release --example session -- --datagrams 10000000 --seed 1`

use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn option(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Steps of random bytes, each with its length in front.
fn program(rng: &mut StdRng) -> Vec<u8> {
    let mut program = vec![];
    for _ in 0..rng.random_range(1..200) {
        let mut step = vec![0; rng.random_range(4..64)];
        rng.fill(step.as_mut_slice());
        program.extend(u8::try_from(step.len()));
        program.extend(step);
    }
    program
}

fn main() {
    let (datagrams, seconds, seed) = (option("--datagrams", 100_000), option("--seconds", 900), option("--seed", 1));
    let (start, mut rng) = (Instant::now(), StdRng::seed_from_u64(seed));
    let (mut handed, mut programs) = (0, 0_u64);
    while handed < datagrams && start.elapsed().as_secs() < seconds {
        handed += sfu_core_fuzz::session_kept(&program(&mut rng));
        programs += 1;
    }
    println!("{handed} datagrams of {programs} programs in {} s, seed {seed}", start.elapsed().as_secs());
}
