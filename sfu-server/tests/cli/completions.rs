//! What shells read, and what `--help` says.

use crate::{command, run};

#[test]
fn shells_are_told_each_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&mut command(&["completions", shell])).done();
        for word in ["serve", "rooms", "participants", "cap", "why", "what-if", "room-egress-max"] {
            assert!(script.contains(word), "{shell} is not told `{word}`");
        }
    }
    run(&mut command(&["completions", "cmd"])).failed(2, &["bash", "zsh"]);
}

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    let help = run(&mut command(&["--help"])).done();
    for part in ["A Selective Forwarding Unit", "what-if", "Exit codes:", "3  the server is not reached"] {
        assert!(help.contains(part), "`{part}` is not in: {help}");
    }
    let help = run(&mut command(&["cap", "--help"])).done();
    for part in ["--url", "SFU_URL", "SFU_TOKEN", "http://127.0.0.1:8080", "none clears it"] {
        assert!(help.contains(part), "`{part}` is not in: {help}");
    }
}
