//! Rooms stay whole until their shard is busy, and shards fill evenly.

use std::collections::HashMap;

use sfu_core::command::Command;
use sfu_core::id::ShardId;

use crate::support::{Server, delete, post, until};

/// The shard of each join, told by the port of its candidates.
fn shards(server: &Server) -> HashMap<String, Vec<u16>> {
    let mut shards: HashMap<String, Vec<u16>> = HashMap::new();
    for join in server.joins() {
        shards.entry(join.room.to_string()).or_default().push(join.candidates[0].port());
    }
    shards
}

#[tokio::test]
async fn everyone_in_a_room_is_on_its_shard() {
    let server = Server::with(&[], 4, || Box::new(|_| None));
    for round in 0..5 {
        for room in ["a", "b", "c"] {
            server.join(&format!("/{}/{room}", if round == 0 { "whip" } else { "whep" })).await;
        }
    }
    for (room, ports) in shards(&server) {
        assert!(ports.iter().all(|port| *port == ports[0]), "{room}: {ports:?}");
    }
}

#[tokio::test]
async fn a_new_room_goes_to_the_least_loaded_shard() {
    let server = Server::with(&[], 3, || Box::new(|_| None));
    for _ in 0..3 {
        server.join("/whep/crowd").await;
    }
    server.join("/whep/pair").await;
    server.join("/whep/pair").await;
    server.join("/whep/alone").await;
    server.join("/whep/late").await;
    let shards = shards(&server);
    assert_eq!(shards["late"][0], shards["alone"][0], "{shards:?}");
    let apart = [shards["crowd"][0], shards["pair"][0], shards["alone"][0]];
    assert!(apart[0] != apart[1] && apart[1] != apart[2] && apart[0] != apart[2], "{shards:?}");
}

#[tokio::test]
async fn load_that_has_left_counts_no_more() {
    let server = Server::with(&[], 2, || Box::new(|_| None));
    let first = server.join("/whep/first").await;
    server.join("/whep/second").await;
    server.send(delete(&first)).await;
    until("it has left", || server.control.directory.rooms() == 1).await;
    server.join("/whep/third").await;
    let shards = shards(&server);
    assert_eq!(shards["third"][0], shards["first"][0]);
}

/// Who is on which shard, by its port.
fn counts(ports: &[u16]) -> Vec<usize> {
    let mut counts: HashMap<u16, usize> = HashMap::new();
    ports.iter().for_each(|port| *counts.entry(*port).or_default() += 1);
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    counts
}

fn links(server: &Server) -> Vec<Vec<ShardId>> {
    let commands = server.commands.lock().unwrap();
    let links = commands.iter().filter_map(|command| match command {
        Command::Link { shards, .. } => Some(shards.clone()),
        _ => None,
    });
    links.collect()
}

#[tokio::test]
async fn a_room_that_is_large_spreads_when_its_shard_is_busy_and_its_shards_hear_of_each_other() {
    // Nobody sleeps less than all the time here: at 0 percent everybody counts as busy.
    let server = Server::with(&[("spread_percent", "0")], 3, || Box::new(|_| None));
    for _ in 0..10 {
        server.join("/whep/large").await;
    }
    assert_eq!((counts(&shards(&server)["large"]), links(&server)), (vec![10], vec![]), "few stay together");
    for _ in 0..20 {
        server.join("/whep/large").await;
    }
    assert_eq!(counts(&shards(&server)["large"]), [10, 10, 10]);
    until("each who came then had the room's other shards named", || links(&server).len() == 20).await;
    // Threads of their own, the shards note what they were told in any order.
    let mut others: Vec<usize> = links(&server).iter().map(Vec::len).collect();
    others.sort_unstable();
    assert_eq!(others, [vec![1], vec![2; 19]].concat(), "the first to another shard named one, who came later two");
}

#[tokio::test]
async fn a_room_that_is_large_stays_whole_while_its_shard_is_not_busy() {
    let server = Server::with(&[], 3, || Box::new(|_| None));
    for _ in 0..30 {
        server.join("/whep/large").await;
    }
    assert_eq!((counts(&shards(&server)["large"]), links(&server)), (vec![30], vec![]));
}

#[tokio::test]
async fn a_shard_that_ends_takes_its_own_people_alone() {
    let ends = |command: &Command| matches!(command, Command::Publish(_)).then(|| panic!("a fault of the shard"));
    let server = Server::with(&[("spread_percent", "0")], 2, move || Box::new(move |command| ends(command)));
    for _ in 0..20 {
        server.join("/whep/large").await;
    }
    assert_eq!(server.control.directory.transports(), 20);
    server.send(post("/whip/other")).await;
    until("half of them are gone", || server.control.directory.transports() == 10).await;
    assert_eq!(server.control.directory.rooms(), 1, "the other half is where it was");
    server.join("/whep/large").await;
}
