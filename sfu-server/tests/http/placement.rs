//! Rooms stay whole and shards fill evenly.

use std::collections::HashMap;

use crate::support::{Server, delete, until};

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
