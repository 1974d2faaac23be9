//! A network without names: a certificate that this server signs itself, and the way to it for a phone.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;

use super::files::{TlsError, certified};
use super::store::Certificates;

/// How long it is good for: less than the 825 days beyond which Apple's systems take none.
const GOOD_FOR: Duration = Duration::from_secs(365 * 24 * 3_600);
/// How far a phone's clock may be behind.
const CLOCK_ERROR: Duration = Duration::from_secs(24 * 3_600);

/// Makes a certificate for these addresses of this machine. Browsers warn of it, once each: nobody vouches for it.
pub fn self_signed(addresses: &[IpAddr], now: SystemTime) -> Result<Certificates, TlsError> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
    params.distinguished_name.push(DnType::CommonName, "SFU on this network");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970.saturating_sub(CLOCK_ERROR);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970 + GOOD_FOR;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let certified = certified(vec![certificate.der().clone()], key).map_err(TlsError::MadeUnusable)?;
    Ok(Certificates::of(certified))
}

/// Where a phone on the network finds the page, in words and as a code for its camera; `None` without a network.
pub fn invitation(https: SocketAddr, addresses: &[IpAddr]) -> Option<String> {
    let address = if https.ip().is_unspecified() { nearest(addresses, https.is_ipv4())? } else { https.ip() };
    let url = format!("https://{}/", SocketAddr::new(address, https.port()));
    // The URL of an address is far shorter than what a code holds.
    let code = drawn(&QrCode::new(&url).ok()?);
    Some(format!(
        "{code}\n\nA phone on this network: {url}\nIts browser warns of the certificate, which nobody but this server vouches for; go on \
         all the same.\n"
    ))
}

/// Terminals are dark mostly: what is drawn on them is light, and the code is what is left.
fn drawn(code: &QrCode) -> String {
    code.render().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
}

/// The address that a phone reaches most likely: IPv4 of a home's or an office's network.
fn nearest(addresses: &[IpAddr], only_ipv4: bool) -> Option<IpAddr> {
    let rank = |ip: &IpAddr| match ip {
        IpAddr::V4(v4) if v4.is_private() => Some(0),
        IpAddr::V4(_) => Some(1),
        IpAddr::V6(_) if only_ipv4 => None,
        IpAddr::V6(_) => Some(2),
    };
    let reachable = addresses.iter().filter(|ip| !ip.is_loopback());
    reachable.filter_map(|ip| Some((rank(ip)?, ip))).min_by_key(|(rank, _)| *rank).map(|(_, ip)| *ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_phone_is_shown_the_address_of_the_network_it_is_in() {
        let https: SocketAddr = "0.0.0.0:8443".parse().unwrap();
        let addresses = ips(&["127.0.0.1", "203.0.113.7", "192.168.1.5", "2001:db8::1"]);
        assert!(invitation(https, &addresses).unwrap().contains("https://192.168.1.5:8443/\n"));
        assert!(invitation(https, &addresses[..2]).unwrap().contains("https://203.0.113.7:8443/\n"));
        assert_eq!(invitation(https, &ips(&["127.0.0.1", "2001:db8::1"])), None);
        let both: SocketAddr = "[::]:443".parse().unwrap();
        assert!(invitation(both, &ips(&["::1", "2001:db8::1"])).unwrap().contains("https://[2001:db8::1]:443/\n"));
        let bound: SocketAddr = "198.51.100.2:443".parse().unwrap();
        assert!(invitation(bound, &addresses).unwrap().contains("https://198.51.100.2:443/\n"));
    }

    #[test]
    fn the_code_holds_the_address() {
        let shown = invitation("192.168.1.5:8443".parse().unwrap(), &[]).unwrap();
        let code = drawn(&QrCode::new("https://192.168.1.5:8443/").unwrap());
        assert!(shown.starts_with(&code), "{shown}");
    }
}
