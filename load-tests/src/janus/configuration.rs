//! The folder that Janus is configured by. Everything that is not here is Janus' default, so that the figures are what who
//! installs it gets: a full ICE agent, a thread for each handle, DTLS 1.2, its choice of SRTP profile.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::JanusError;

/// Where packages and `make install` put Janus' loadable parts; `*` is the machine's architecture.
const LIBRARIES: [&str; 4] = ["/usr/lib/*/janus", "/usr/lib/janus", "/usr/local/lib/janus", "/opt/janus/lib/janus"];
/// The parts that are loaded: the VideoRoom, and HTTP to speak to it. Each further one would have threads of its own.
const LOADED: [(&str, &str); 2] = [("plugins", "libjanus_videoroom.so"), ("transports", "libjanus_http.so")];
/// Folders that must be there and stay empty.
const EMPTY: [&str; 2] = ["events", "loggers"];

/// Writes the folder for an API on `port` of loopback, and with so many `event_loops` where Janus is not to have a thread for each
/// handle.
pub fn write(folder: &Path, port: u16, event_loops: Option<u16>) -> Result<(), JanusError> {
    let failed = |source| JanusError::Configuration { path: folder.to_owned(), source };
    let library = library()?;
    fs::create_dir_all(folder).map_err(failed)?;
    for (kind, name) in LOADED {
        fs::create_dir_all(folder.join(kind)).map_err(failed)?;
        symlink(library.join(kind).join(name), folder.join(kind).join(name)).map_err(failed)?;
    }
    for kind in EMPTY {
        fs::create_dir_all(folder.join(kind)).map_err(failed)?;
    }
    fs::write(folder.join("janus.jcfg"), general(folder, event_loops)).map_err(failed)?;
    fs::write(folder.join("janus.transport.http.jcfg"), http(port)).map_err(failed)?;
    fs::write(folder.join("janus.plugin.videoroom.jcfg"), VIDEO_ROOM).map_err(failed)
}

/// Names for rooms and feeds, as other servers have them, instead of numbers; only requests know them.
const VIDEO_ROOM: &str = "general: {\n  string_ids = true\n}\n";

fn general(folder: &Path, event_loops: Option<u16>) -> String {
    let at = |kind: &str| folder.join(kind).display().to_string();
    let (plugins, transports, events, loggers) = (at("plugins"), at("transports"), at("events"), at("loggers"));
    let event_loops = event_loops.map_or_else(String::new, |loops| format!("  event_loops = {loops}\n"));
    // Errors and warnings are written, each join and leave is not: that would be the disk's cost.
    // IPv6 is off by default and said all the same: clients have one socket, for IPv4.
    format!(
        "general: {{\n  configs_folder = \"{}\"\n  plugins_folder = \"{plugins}\"\n  transports_folder = \"{transports}\"\n  \
         events_folder = \"{events}\"\n  loggers_folder = \"{loggers}\"\n  debug_level = 3\n  debug_colors = false\n{event_loops}}}\n\
         media: {{\n  ipv6 = false\n}}\n",
        folder.display()
    )
}

fn http(port: u16) -> String {
    // Loopback alone, so that nobody else speaks to it while it runs.
    format!(
        "general: {{\n  json = \"compact\"\n  http = true\n  port = {port}\n  ip = \"127.0.0.1\"\n  https = false\n}}\n\
         admin: {{\n  admin_http = false\n}}\n"
    )
}

fn library() -> Result<PathBuf, JanusError> {
    let whole = |folder: &PathBuf| LOADED.iter().all(|(kind, name)| folder.join(kind).join(name).is_file());
    let found = LIBRARIES.iter().flat_map(|pattern| expanded(pattern)).find(whole);
    found.ok_or_else(|| JanusError::NoPlugins { looked: LIBRARIES.join(", ") })
}

/// The folders that a pattern with at most one `*` between slashes stands for.
fn expanded(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once("*/") else { return vec![PathBuf::from(pattern)] };
    let mut found: Vec<_> =
        fs::read_dir(before).into_iter().flatten().flatten().map(|entry| entry.path().join(after)).collect();
    found.sort();
    found
}

/// Removes a folder that [`write`] made.
pub fn remove(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_the_folders_that_are_there() {
        let root = std::env::temp_dir().join(format!("sfu-load-expanded-{}", std::process::id()));
        fs::create_dir_all(root.join("b-linux/janus")).unwrap();
        fs::create_dir_all(root.join("a-linux/janus")).unwrap();
        let pattern = format!("{}/*/janus", root.display());
        assert_eq!(expanded(&pattern), [root.join("a-linux/janus"), root.join("b-linux/janus")]);
        assert_eq!(expanded("/opt/janus"), [PathBuf::from("/opt/janus")]);
        remove(&root).unwrap();
    }
}
