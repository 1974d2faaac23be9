//! What the operating system says of this machine and its processes, and counts as figures. Knows nothing of media.

mod figures;
mod machine;
mod threads;

pub(crate) use figures::float;
pub(crate) use machine::{kernel, machine_cpu, processor, processors, resident_of};
pub(crate) use threads::{ThreadTimes, thread_times};
