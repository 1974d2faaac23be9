//! Our own addresses as ICE host candidates (RFC 8839 §5.1, RFC 6544 §4.5).

use std::net::{IpAddr, SocketAddr};

/// Type preference of host candidates over UDP (RFC 8445 §5.1.2.2).
const UDP_PREFERENCE: u32 = 126;
/// The same over TCP, below everything over UDP (RFC 6544 §4.2 leaves the number to us; browsers take this one).
const TCP_PREFERENCE: u32 = 90;
/// Direction preference of passive host candidates (RFC 6544 §4.2), where it stands in the local preference.
const PASSIVE_PREFERENCE: u32 = 4 << 13;
/// Highest preference among candidates of one direction (RFC 6544 §4.2).
const OTHER_PREFERENCE_MAX: u32 = (1 << 13) - 1;
/// 256 minus the component id of RTP (RFC 8445 §5.1.2.1).
const COMPONENT_TERM: u32 = 255;

/// The values of the `a=candidate` lines, most preferred first, as the addresses are given: all of them over UDP, then, if
/// `tcp` is served, over TCP. Simple clients look at the first alone.
pub(super) fn lines(addresses: &[SocketAddr], tcp: bool) -> Vec<String> {
    let mut bases: Vec<IpAddr> = Vec::new();
    for address in addresses {
        if !bases.contains(&address.ip()) {
            bases.push(address.ip());
        }
    }
    // One foundation per address and protocol (RFC 8445 §5.1.1.3).
    let foundation = |ip: IpAddr| bases.iter().position(|base| *base == ip).unwrap_or(0).saturating_add(1);
    let ranked = || (0_u32..).zip(addresses);
    let udp = ranked().map(|(rank, address)| {
        let priority = priority(UDP_PREFERENCE, u32::from(u16::MAX).saturating_sub(rank));
        let (ip, port) = (address.ip(), address.port());
        format!("{} 1 udp {priority} {ip} {port} typ host", foundation(ip))
    });
    let tcp = ranked().filter(|_| tcp).map(|(rank, address)| {
        let local = PASSIVE_PREFERENCE | OTHER_PREFERENCE_MAX.saturating_sub(rank);
        let (ip, port) = (address.ip(), address.port());
        let foundation = foundation(ip).saturating_add(bases.len());
        format!("{foundation} 1 tcp {} {ip} {port} typ host tcptype passive", priority(TCP_PREFERENCE, local))
    });
    udp.chain(tcp).collect()
}

/// RFC 8445 §5.1.2.1.
fn priority(type_preference: u32, local_preference: u32) -> u32 {
    (type_preference << 24) | (local_preference << 8) | COMPONENT_TERM
}
