//! CPU time of a process by thread, so that what threads did between two looks is known though some end in between.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

/// Time on a processor of each thread, by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadTimes(BTreeMap<u32, Duration>);

impl ThreadTimes {
    /// The first field of each thread's `schedstat`, nanoseconds; `stat` would count in ticks of 10 ms.
    pub fn of(pid: u32) -> io::Result<Self> {
        let mut times = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?;
            // A thread may end between the listing and the reading.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let nanos =
                text.split(' ').next().and_then(|field| field.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
            let number =
                thread.file_name().to_str().and_then(|name| name.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
            times.insert(number, Duration::from_nanos(nanos));
        }
        Ok(Self(times))
    }

    /// What threads did since `earlier`. Those that ended meanwhile are left out: they had nothing to do any more, and what they
    /// did before must not be taken off.
    pub fn since(&self, earlier: &Self) -> Duration {
        let before = |thread| earlier.0.get(thread).copied().unwrap_or_default();
        self.0.iter().map(|(thread, time)| time.saturating_sub(before(thread))).sum()
    }
}

/// Time on a processor and time of waiting for one, of the calling thread.
pub fn thread_times() -> (Duration, Duration) {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let mut nanos = text.split_whitespace().map(|field| Duration::from_nanos(field.parse().unwrap_or(0)));
    (nanos.next().unwrap_or_default(), nanos.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_come_and_go_do_not_disturb_the_sum() {
        let times = |threads: &[(u32, u64)]| {
            ThreadTimes(threads.iter().map(|(thread, ms)| (*thread, Duration::from_millis(*ms))).collect())
        };
        let (before, after) = (times(&[(1, 100), (2, 5_000)]), times(&[(1, 130), (3, 20)]));
        assert_eq!(after.since(&before), Duration::from_millis(50));
        assert_eq!(after.since(&ThreadTimes::default()), Duration::from_millis(150));
    }
}
