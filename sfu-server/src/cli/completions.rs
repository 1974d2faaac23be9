//! `sfu-server completions`: what a shell reads to complete the command line.

use clap::Args;
use clap_complete::{Shell, generate};

/// Print what a shell needs to complete commands and flags
#[derive(Debug, Args)]
#[command(
    after_help = "bash: source <(sfu-server completions bash)\nzsh:  sfu-server completions zsh > \"${fpath[1]}/_sfu-server\"\n\
                        fish: sfu-server completions fish > ~/.config/fish/completions/sfu-server.fish"
)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    /// The script.
    pub fn script(&self, mut command: clap::Command) -> Vec<u8> {
        let mut script = Vec::new();
        generate(self.shell, &mut command, "sfu-server", &mut script);
        script
    }
}
