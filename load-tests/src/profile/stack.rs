//! What `perf script` prints, as stacks.

use std::collections::BTreeMap;

/// Where a thread was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The thread's name.
    pub thread: String,
    /// Names of functions, the innermost first.
    pub frames: Vec<String>,
}

/// Reads blocks of a thread's line and a line for each frame, with an empty line between them.
pub(super) fn parse(printed: &str) -> Vec<Stack> {
    let mut stacks: Vec<Stack> = Vec::new();
    for line in printed.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with(char::is_whitespace) {
            if let (Some(stack), Some(name)) = (stacks.last_mut(), function(line)) {
                stack.frames.push(name.to_owned());
            }
        } else {
            let thread = line.trim_end().rsplit_once(' ').map_or(line, |(name, _)| name.trim_end());
            stacks.push(Stack { thread: thread.to_owned(), frames: Vec::new() });
        }
    }
    stacks
}

/// An address, a name, and in brackets whose it is.
fn function(line: &str) -> Option<&str> {
    let (_, rest) = line.trim().split_once(' ')?;
    Some(rest.rsplit_once(" (").map_or(rest, |(name, _)| name))
}

/// The stacks as flame graph programs read them: the outermost first, and how often each was seen.
pub fn folded(stacks: &[Stack]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for stack in stacks {
        let outermost_first = stack.frames.iter().rev().map(|name| name.replace(';', ":"));
        let line: Vec<String> = std::iter::once(stack.thread.clone()).chain(outermost_first).collect();
        *counts.entry(line.join(";")).or_default() += 1;
    }
    counts.iter().map(|(line, count)| format!("{line} {count}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_read_and_folded() {
        let printed = "shard-0 32154 \n\tffffffff81b6 _copy_to_iter ([kernel.kallsyms])\n\t  6090 <impl a::B>::receive (/x y/sfu-server)\n\nmy thread   7 \n\t 1 [unknown] ([unknown])\n\nshard-0 32154 \n\t 1 _copy_to_iter ([kernel.kallsyms])\n\t 2 <impl a::B>::receive (/x y/sfu-server)\n";
        let stacks = parse(printed);
        assert_eq!(stacks.len(), 3);
        assert_eq!(stacks[0].frames, ["_copy_to_iter", "<impl a::B>::receive"]);
        assert_eq!(stacks[1].thread, "my thread");
        assert_eq!(folded(&stacks), "my thread;[unknown] 1\nshard-0;<impl a::B>::receive;_copy_to_iter 2\n");
    }
}
