//! Which addresses a client is told to send media to: pure, from bound sockets, the operator's wish and the interfaces.

use std::net::{IpAddr, SocketAddr};

/// Most candidates in an answer; a host with more addresses should be told which to announce.
pub const CANDIDATES_MAX: usize = 32;

/// Addresses for the candidates of an answer, interfaces in their own order and loopback last.
///
/// `announced` empty: those of the sockets, wildcards replaced by the interfaces' addresses; loopback is among them only
/// if the HTTP `peer` is on loopback or nothing else is left.
pub fn candidates(
    sockets: &[SocketAddr],
    announced: &[IpAddr],
    interfaces: &[IpAddr],
    peer: Option<IpAddr>,
) -> Vec<SocketAddr> {
    let mut candidates = Vec::new();
    let mut add = |address: SocketAddr| {
        if candidates.len() < CANDIDATES_MAX && !candidates.contains(&address) {
            candidates.push(address);
        }
    };
    if !announced.is_empty() {
        announced.iter().filter_map(|ip| Some(SocketAddr::new(*ip, port_for(sockets, *ip)?))).for_each(&mut add);
        return candidates;
    }
    let reachable = || sockets.iter().flat_map(|socket| of_socket(*socket, interfaces));
    reachable().filter(|address| !address.ip().is_loopback()).for_each(&mut add);
    let peer_is_near = peer.is_some_and(|ip| ip.to_canonical().is_loopback());
    if peer_is_near || reachable().all(|address| address.ip().is_loopback()) {
        reachable().filter(|address| address.ip().is_loopback()).for_each(&mut add);
    }
    candidates
}

/// The first announced address whose family none of the bound addresses has: no candidate can be made of it.
pub fn unserved(bound: &[IpAddr], announced: &[IpAddr]) -> Option<IpAddr> {
    announced.iter().copied().find(|ip| bound.iter().all(|bound| bound.is_ipv4() != ip.is_ipv4()))
}

/// Addresses of this machine's interfaces that a candidate may hold: no link-local IPv6, which means nothing without a zone.
pub fn interface_addresses() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces
            .iter()
            .filter(|interface| interface.is_oper_up() || interface.is_loopback())
            .map(if_addrs::Interface::ip)
            .filter(usable)
            .collect(),
        Err(error) => {
            tracing::warn!(%error, "interfaces cannot be listed; set announce to the addresses that clients reach");
            Vec::new()
        }
    }
}

fn usable(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

fn of_socket(socket: SocketAddr, interfaces: &[IpAddr]) -> Vec<SocketAddr> {
    if !socket.ip().is_unspecified() {
        return vec![socket];
    }
    let same_family = interfaces.iter().filter(|ip| ip.is_ipv4() == socket.is_ipv4());
    same_family.map(|ip| SocketAddr::new(*ip, socket.port())).collect()
}

/// The port behind an announced address: of the socket bound to it, else of one bound to all, else (behind a NAT) of any of its family.
fn port_for(sockets: &[SocketAddr], ip: IpAddr) -> Option<u16> {
    let family = || sockets.iter().filter(|socket| socket.is_ipv4() == ip.is_ipv4());
    family()
        .find(|socket| socket.ip() == ip)
        .or_else(|| family().find(|socket| socket.ip().is_unspecified()))
        .or_else(|| family().next())
        .map(SocketAddr::port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|ip| ip.parse().unwrap()).collect()
    }
    fn socks(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|ip| ip.parse().unwrap()).collect()
    }
    const BOTH: &[&str] = &["0.0.0.0:7882", "[::]:7882"];
    const HOST: &[&str] = &["127.0.0.1", "192.0.2.7", "::1", "2001:db8::7"];

    #[test]
    fn a_distant_client_is_told_every_interface_but_loopback() {
        let told = candidates(&socks(BOTH), &[], &ips(HOST), Some("198.51.100.1".parse().unwrap()));
        assert_eq!(told, socks(&["192.0.2.7:7882", "[2001:db8::7]:7882"]));
    }

    #[test]
    fn a_client_on_loopback_is_told_loopback_too() {
        for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let told = candidates(&socks(BOTH), &[], &ips(HOST), Some(peer.parse().unwrap()));
            let all = ["192.0.2.7:7882", "[2001:db8::7]:7882", "127.0.0.1:7882", "[::1]:7882"];
            assert_eq!(told, socks(&all), "peer {peer}");
        }
    }

    #[test]
    fn loopback_is_told_when_there_is_nothing_else() {
        let told = candidates(&socks(&["0.0.0.0:9"]), &[], &ips(&["127.0.0.1"]), None);
        assert_eq!(told, socks(&["127.0.0.1:9"]));
    }

    #[test]
    fn a_bound_address_is_told_as_it_is() {
        let told = candidates(&socks(&["192.0.2.7:9"]), &[], &ips(HOST), None);
        assert_eq!(told, socks(&["192.0.2.7:9"]));
    }

    #[test]
    fn what_the_operator_announces_replaces_everything() {
        let told = candidates(&socks(BOTH), &ips(&["203.0.113.5"]), &ips(HOST), Some("127.0.0.1".parse().unwrap()));
        assert_eq!(told, socks(&["203.0.113.5:7882"]));
    }

    #[test]
    fn an_announced_address_takes_the_port_of_its_own_socket() {
        let sockets = socks(&["192.0.2.7:1000", "192.0.2.8:1001"]);
        assert_eq!(candidates(&sockets, &ips(&["192.0.2.8"]), &[], None), socks(&["192.0.2.8:1001"]));
    }

    #[test]
    fn an_address_of_a_family_without_socket_is_left_out() {
        assert!(candidates(&socks(&["0.0.0.0:9"]), &ips(&["2001:db8::1"]), &[], None).is_empty());
    }

    #[test]
    fn an_announced_address_that_no_socket_can_serve_is_found() {
        let (v4, v6) = (ips(&["0.0.0.0"]), ips(&["::1"]));
        let announced = ips(&["192.0.2.7", "2001:db8::1"]);
        assert_eq!(unserved(&v4, &announced), Some(announced[1]));
        assert_eq!(unserved(&v6, &announced), Some(announced[0]));
        assert_eq!(unserved(&[v4, v6].concat(), &announced), None);
    }

    #[test]
    fn the_list_is_bounded() {
        let many: Vec<IpAddr> = (0..=255).map(|i| IpAddr::from([10, 0, 0, i])).collect();
        assert_eq!(candidates(&socks(BOTH), &[], &many, None).len(), CANDIDATES_MAX);
    }
}
