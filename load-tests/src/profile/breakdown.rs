//! Stacks sorted into the stages of a packet's walk.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Stack;
use crate::account::float;

/// A part of what a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The kernel's and the socket's part of receiving.
    Receive,
    /// Decrypting media.
    Open,
    /// Whose it is, storing it, waking its readers.
    Route,
    /// Choosing what is next for a viewer, its header, the batch.
    Rewrite,
    /// Encrypting media.
    Seal,
    /// The kernel's and the socket's part of sending.
    Send,
    /// RTCP both ways, its ciphers among it.
    Feedback,
    Timers,
    /// Going to sleep and waking up.
    Wait,
    /// ICE and DTLS.
    Connect,
    /// Threads that carry no media.
    Control,
    /// What no name below is found in.
    Other,
}

/// By which names a stage is known. The innermost function of a stack that has one decides, and of its names the first.
///
/// Where the compiler put one function into another it counts as the other; `poll_transmit` has most of the walk outwards in it.
const NAMES: [(&str, Stage); 32] = [
    ("quinn_udp::imp::send", Stage::Send),
    ("MediaSocket::send", Stage::Send),
    ("UdpSocketState::recv", Stage::Receive),
    ("MediaSocket::receive", Stage::Receive),
    ("ShardThread<C>::receive", Stage::Receive),
    ("RtpOpener::open", Stage::Open),
    ("Connection::open_rtp", Stage::Open),
    ("RtpSealer::seal", Stage::Seal),
    ("Connection::seal_rtp", Stage::Seal),
    ("RtcpOpener", Stage::Feedback),
    ("RtcpSealer", Stage::Feedback),
    ("open_rtcp", Stage::Feedback),
    ("seal_rtcp", Stage::Feedback),
    ("interceptor", Stage::Feedback),
    ("sfu_core::rtcp", Stage::Feedback),
    ("shard::feedback", Stage::Feedback),
    ("bitrate::estimate", Stage::Feedback),
    ("shard::estimation", Stage::Feedback),
    ("sfu_core::subscribe", Stage::Rewrite),
    ("shard::batch", Stage::Rewrite),
    ("shard::egress", Stage::Rewrite),
    ("sfu_core::timer", Stage::Timers),
    ("next_due", Stage::Timers),
    ("poll_timeout", Stage::Timers),
    ("handle_timeout", Stage::Timers),
    ("::settle", Stage::Timers),
    ("mio::poll", Stage::Wait),
    ("epoll_wait", Stage::Wait),
    ("transport::ice", Stage::Connect),
    ("dtls", Stage::Connect),
    ("handle_stun", Stage::Connect),
    ("handle_datagram", Stage::Route),
];
/// Those that only say where, not what, and so come last.
const PLACES: [(&str, Stage); 4] = [
    ("sfu_core::publish", Stage::Route),
    ("sfu_core::ring", Stage::Route),
    ("shard::ingress", Stage::Route),
    ("shard::addresses", Stage::Route),
];
/// How threads that carry media are called.
const MEDIA_THREADS: &str = "shard-";

impl Stage {
    /// Where a thread was.
    fn of(stack: &Stack) -> Self {
        if !stack.thread.starts_with(MEDIA_THREADS) {
            return Self::Control;
        }
        let known = |frame: &String| NAMES.iter().chain(&PLACES).find(|(name, _)| frame.contains(name));
        stack.frames.iter().find_map(known).map_or(Self::Other, |(_, stage)| *stage)
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Open => "open",
            Self::Route => "route",
            Self::Rewrite => "rewrite",
            Self::Seal => "seal",
            Self::Send => "send",
            Self::Feedback => "feedback",
            Self::Timers => "timers",
            Self::Wait => "wait",
            Self::Connect => "ICE and DTLS",
            Self::Control => "other threads",
            Self::Other => "other",
        }
    }
}

/// What a packet costs in each stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breakdown {
    pub ns_per_packet: BTreeMap<Stage, f64>,
    /// Times that the server was looked at while it worked; the fewer, the rougher is all this.
    pub looks: usize,
}

impl Breakdown {
    /// Shares out what a packet cost while the server was looked at.
    pub fn new(stacks: &[Stack], ns_per_packet: f64) -> Self {
        let each = ns_per_packet / float(u64::try_from(stacks.len().max(1)).unwrap_or(u64::MAX));
        let mut stages = BTreeMap::new();
        for stack in stacks {
            *stages.entry(Stage::of(stack)).or_default() += each;
        }
        Self { ns_per_packet: stages, looks: stacks.len() }
    }

    /// All stages in one line, with what no name was found for.
    pub fn in_words(&self) -> String {
        let all: f64 = self.ns_per_packet.values().sum();
        let stages: Vec<_> = self.ns_per_packet.iter().map(|(stage, ns)| format!("{} {ns:.0}", stage.name())).collect();
        format!("{all:.0} ns a packet are {} ({} looks)", stages.join(" · "), self.looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(frames: &[&str]) -> Stack {
        Stack { thread: "shard-0".to_owned(), frames: frames.iter().map(|frame| (*frame).to_owned()).collect() }
    }

    #[test]
    fn the_innermost_name_that_is_known_decides() {
        let poll = "sfu_core::shard::egress::<impl sfu_core::shard::Shard>::poll_transmit";
        let receive = "sfu_server::media::shard_thread::ShardThread<C>::receive";
        let datagram = "sfu_core::shard::Shard::handle_datagram";
        for (frames, stage) in [
            (&["aes_gcm_encrypt", "sfu_core::transport::seal::RtpSealer::seal", poll][..], Stage::Seal),
            (&["memmove", "sfu_core::subscribe::outgoing::Outgoing::write", poll], Stage::Rewrite),
            (&[poll, "sfu_server::media::shard_thread::ShardThread<C>::transmit"], Stage::Rewrite),
            (&["ip_output", "udp_sendmsg", "quinn_udp::imp::send"], Stage::Send),
            (&["_copy_to_iter", "quinn_udp::imp::UdpSocketState::recv", receive], Stage::Receive),
            (&["sfu_core::transport::open::RtpOpener::open", datagram, receive], Stage::Open),
            (&["sfu_core::interceptor::chain::ControlChain::handle_rtcp", datagram, receive], Stage::Feedback),
            (&["sfu_core::ring::Ring::push", datagram, receive], Stage::Route),
            (&["schedule", "epoll_wait", "mio::poll::Poll::poll"], Stage::Wait),
            (&["sfu_core::transport::ice::IceResponder::nominate", datagram], Stage::Connect),
            (&["clock_gettime", "start_thread"], Stage::Other),
        ] {
            assert_eq!(Stage::of(&stack(frames)), stage, "{frames:?}");
        }
        let control = Stack { thread: "tokio-rt-worker".to_owned(), ..stack(&["quinn_udp::imp::send"]) };
        assert_eq!(Stage::of(&control), Stage::Control);
    }

    #[test]
    fn what_a_packet_costs_is_shared_out_whole() {
        let stacks = [stack(&["RtpSealer::seal"]), stack(&["quinn_udp::imp::send"]), stack(&["x"]), stack(&["y"])];
        let breakdown = Breakdown::new(&stacks, 1_000.0);
        assert_eq!(breakdown.in_words(), "1000 ns a packet are seal 250 · send 250 · other 500 (4 looks)");
    }
}
