//! What a server's process holds at one moment, by the kernel's account and its own.

use std::fs;

use crate::attack::report::{float, size};
use crate::attack::{AttackError, AttackReport, Target};

/// Counts that are compared; `None` where the process is not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) resident: Option<u64>,
    descriptors: Option<usize>,
    threads: Option<usize>,
    tasks: f64,
    timers: f64,
    /// Transports, WebSockets, participants and rooms.
    guests: f64,
}

impl State {
    pub(super) async fn of(target: &Target) -> Result<Self, AttackError> {
        let page = target.page().await?;
        let guests = ["sfu_transports", "sfu_sockets", "sfu_participants", "sfu_rooms"];
        let entries = |folder| Some(fs::read_dir(format!("/proc/{}/{folder}", target.pid?)).ok()?.count());
        Ok(Self {
            resident: target.resident(),
            descriptors: entries("fd"),
            threads: entries("task"),
            tasks: page.sum("sfu_tasks")?,
            timers: page.sum("sfu_timers")?,
            guests: guests.iter().map(|name| page.sum(name)).sum::<Result<f64, _>>()?,
        })
    }

    /// Whether nobody is there who was not there then.
    pub(super) fn is_as_empty_as(&self, before: &Self) -> bool {
        self.guests <= before.guests
    }

    /// Tells what is there more than before.
    pub(super) fn compare(&self, after: &Self, percent_max: f64, report: &mut AttackReport) {
        report.bar("transports, sockets, participants and rooms left over", after.guests - self.guests, 0.0, "");
        let count = |count: Option<usize>| count.map(size);
        let bytes = |bytes: Option<u64>| bytes.map(float);
        let held = [
            ("memory, bytes", "memory added", bytes(self.resident), bytes(after.resident)),
            ("descriptors", "descriptors added", count(self.descriptors), count(after.descriptors)),
            ("threads", "threads added", count(self.threads), count(after.threads)),
            ("tasks", "tasks added", Some(self.tasks), Some(after.tasks)),
            ("timers", "timers added", Some(self.timers), Some(after.timers)),
        ];
        for (name, added, before, after) in held {
            let Some((before, after)) = before.zip(after) else {
                report.warn(format!("{name}: not known without --server-pid"));
                continue;
            };
            report.figure(name, before, "before");
            report.figure(name, after, "after");
            report.bar(added, 100.0 * (after - before) / before.max(1.0), percent_max, "%");
        }
    }
}
