//! Our own addresses as ICE host candidates (RFC 8839 §5.1).

use std::net::{IpAddr, SocketAddr};

/// Type preference of host candidates (RFC 8445 §5.1.2.2).
const HOST_PREFERENCE: u32 = 126;
/// 256 minus the component id of RTP (RFC 8445 §5.1.2.1).
const COMPONENT_TERM: u32 = 255;

/// The values of the `a=candidate` lines, most preferred first, as the addresses are given.
pub(super) fn lines(addresses: &[SocketAddr]) -> Vec<String> {
    let mut bases: Vec<IpAddr> = Vec::new();
    let mut lines = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let ip = address.ip();
        // One foundation per address (RFC 8445 §5.1.1.3).
        let foundation = bases.iter().position(|base| *base == ip).unwrap_or_else(|| {
            bases.push(ip);
            bases.len().saturating_sub(1)
        });
        let local_preference = u32::from(u16::MAX).saturating_sub(u32::try_from(index).unwrap_or(u32::MAX));
        let priority = (HOST_PREFERENCE << 24) | (local_preference << 8) | COMPONENT_TERM;
        lines.push(format!("{} 1 udp {priority} {ip} {} typ host", foundation.saturating_add(1), address.port()));
    }
    lines
}
