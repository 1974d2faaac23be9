//! Janus as something to measure.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::{JanusProcess, VideoRooms};
use crate::bench::{BenchError, Running, Sends, System};
use crate::lean::{Entrance, Shape, Shows};

/// Janus, by its program.
#[derive(Clone, Debug)]
pub struct Janus {
    pub program: PathBuf,
    /// Threads for media; by its default it has one for each handle.
    pub event_loops: Option<u16>,
}

/// One that runs, and its rooms.
#[derive(Debug)]
struct RunningJanus {
    rooms: Arc<VideoRooms>,
    process: JanusProcess,
}

impl Janus {
    /// What it calls its version, and how it is told to differ from its defaults.
    ///
    /// # Errors
    /// When it is not installed, or does not start.
    pub async fn version(&self) -> Result<String, BenchError> {
        let process = JanusProcess::start(&self.program, self.event_loops).await?;
        let loops = self.event_loops.map_or_else(String::new, |loops| format!(", {loops} event loops"));
        let version = format!("{}{loops}", process.version);
        process.stop().await;
        Ok(version)
    }
}

#[async_trait]
impl System for Janus {
    fn name(&self) -> String {
        "Janus".to_owned()
    }

    fn lacks(&self, shape: &Shape) -> Option<&'static str> {
        match shape.shows {
            Shows::Loudest(_) => Some("Janus shows whom a viewer asks for, it chooses nobody"),
            Shows::Everybody if shape.publishers == 0 => Some("Janus connects no viewer where nobody publishes"),
            Shows::Everybody => None,
        }
    }

    async fn start(&self) -> Result<Box<dyn Running>, BenchError> {
        let process = JanusProcess::start(&self.program, self.event_loops).await?;
        let rooms = Arc::new(VideoRooms::of(&process).await?);
        Ok(Box::new(RunningJanus { rooms, process }))
    }
}

#[async_trait]
impl Running for RunningJanus {
    fn entrance(&self) -> Arc<dyn Entrance> {
        let rooms: Arc<VideoRooms> = Arc::clone(&self.rooms);
        rooms
    }

    fn pid(&self) -> u32 {
        self.process.pid
    }

    fn bind(&self) -> String {
        std::net::SocketAddr::new(self.process.media, 0).to_string()
    }

    async fn sends(&self) -> Option<Sends> {
        None
    }

    async fn stop(self: Box<Self>) {
        self.process.stop().await;
    }
}
