//! What the kernel alone takes for a row's sends: as many bytes, in sends as large, at the same pace, to as many sockets that are
//! read in the same way. What a server costs beyond that is its own.
//!
//! Measured beside each row, because what a send costs differs by half from one hour of a shared machine to the next.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use quinn_udp::{Transmit, UdpSockRef, UdpSocketState};

use crate::account::{float, thread_times};
use crate::lean::{ClientSocket, LOOK_INTERVAL, Offload, ReceiveBuffer};

/// Long enough for the thirty frames of most rows to be seen often.
const TIME: Duration = Duration::from_millis(1_500);
/// Send buffer, bytes: what a server has as well.
const SEND_BUFFER_BYTES: usize = 8 << 20;
/// Events of one poll.
const EVENTS: usize = 1_024;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// Sockets that receive.
    pub(super) receivers: usize,
    pub(super) datagrams_per_send: usize,
    pub(super) datagram_bytes: usize,
    pub(super) datagrams_per_second: f64,
    pub(super) offload: Offload,
}

impl Load {
    /// From one round of sends to all to the next.
    fn round(&self) -> Duration {
        let datagrams = float(u64::try_from(self.receivers * self.datagrams_per_send).unwrap_or(0));
        Duration::try_from_secs_f64(datagrams / self.datagrams_per_second).unwrap_or(TIME)
    }
}

/// CPU time of the sending thread for each datagram, ns.
pub(super) fn ns_per_datagram(load: &Load) -> io::Result<f64> {
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let _ = socket2::SockRef::from(&sender).set_send_buffer_size(SEND_BUFFER_BYTES);
    let from = sender.local_addr()?;
    let poll = Poll::new()?;
    let (mut receivers, mut addresses) = (Vec::new(), Vec::new());
    for token in 0..load.receivers {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        addresses.push(socket.local_addr()?);
        let mut receiver = ClientSocket::connect(socket, from, load.offload)?;
        poll.registry().register(&mut receiver.io, Token(token), Interest::READABLE)?;
        receivers.push(receiver);
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| receive(poll, &receivers, &stop));
        let cost = send(&sender, &addresses, load);
        stop.store(true, Ordering::Relaxed);
        cost
    })
}

fn receive(mut poll: Poll, receivers: &[ClientSocket], stop: &AtomicBool) {
    let mut events = Events::with_capacity(EVENTS);
    let mut buffer = ReceiveBuffer::default();
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK_INTERVAL);
        if poll.poll(&mut events, Some(LOOK_INTERVAL)).is_err() {
            continue;
        }
        for receiver in events.iter().filter_map(|event| receivers.get(event.token().0)) {
            receiver.receive(&mut buffer, |_| {});
        }
    }
}

fn send(socket: &UdpSocket, addresses: &[SocketAddr], load: &Load) -> io::Result<f64> {
    let state = UdpSocketState::new(UdpSockRef::from(socket))?;
    // The kernel cuts a send into no more than this.
    let datagrams = load.datagrams_per_send.clamp(1, state.max_gso_segments());
    let mut contents = vec![0; load.datagram_bytes * datagrams];
    let (round, start, (cpu, _)) = (load.round(), Instant::now(), thread_times());
    let mut sends = 0_u64;
    let mut due = start;
    while start.elapsed() < TIME {
        for destination in addresses {
            // As of a packet that was just sealed.
            contents.fill(sends.to_le_bytes()[0]);
            let segment_size = (datagrams > 1).then_some(load.datagram_bytes);
            let transmit =
                Transmit { destination: *destination, ecn: None, contents: &contents, segment_size, src_ip: None };
            state.try_send(UdpSockRef::from(socket), &transmit)?;
            sends += 1;
        }
        due += round;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let spent = thread_times().0.saturating_sub(cpu);
    Ok(spent.as_secs_f64() * 1e9 / (float(sends) * float(u64::try_from(datagrams).unwrap_or(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_and_large_sends_cost_something() {
        let load = |datagrams_per_send| Load {
            receivers: 20,
            datagrams_per_send,
            datagram_bytes: 1_200,
            datagrams_per_second: 20_000.0,
            offload: Offload::On,
        };
        let [single, many] = [1, 10].map(|datagrams| ns_per_datagram(&load(datagrams)).unwrap());
        assert!(single > 1.0 && many > 1.0, "{many} and {single} ns");
    }
}
