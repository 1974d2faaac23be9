//! What callgrind is told by the program that runs in it: requests of `valgrind.h` and `callgrind.h`, five instructions that change
//! nothing, and that valgrind takes for a call. Without valgrind, and on other processors than x86-64, they do nothing.

use std::ffi::CStr;

/// `'C' << 24 | 'T' << 16`, to which the number of the request is added.
const TOOL: u64 = 0x4354_0000;
const TOGGLE_COLLECT: u64 = TOOL + 2;
const DUMP_STATS_AT: u64 = TOOL + 3;
const START_INSTRUMENTATION: u64 = TOOL + 4;

/// Begins to look at each instruction; what runs before runs ten times as fast.
pub fn start() {
    request(START_INSTRUMENTATION, 0);
}

/// Begins to count, or ceases to.
pub fn toggle() {
    request(TOGGLE_COLLECT, 0);
}

/// Writes what was counted since the last time, under a name.
pub fn dump(name: &CStr) {
    request(DUMP_STATS_AT, name.as_ptr().expose_provenance() as u64);
}

#[cfg(target_arch = "x86_64")]
fn request(number: u64, argument: u64) {
    let asked: [u64; 6] = [number, argument, 0, 0, 0, 0];
    // SAFETY: the rotations are by 128 bits in all and the exchange is of a register with itself, so that no register but `rdx`, which
    // callgrind answers in, has changed; it reads `asked`, and the name behind its second word, before this is left.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") asked.as_ptr(),
            inout("rdx") 0_u64 => _,
            options(nostack),
        );
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn request(_number: u64, _argument: u64) {}
