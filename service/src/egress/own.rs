//! This machine's own addresses and its gateways: public ones too, a page has no business there.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Interfaces come and go with networks and containers; reading them takes some tens of microseconds.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// Reads them, and remembers them for a short while.
#[derive(Default)]
pub struct OwnAddresses {
    known: Mutex<Option<(Instant, BTreeSet<IpAddr>)>>,
}

impl OwnAddresses {
    /// All of them. An error means nobody knows, and the caller must refuse.
    pub fn read(&self) -> io::Result<BTreeSet<IpAddr>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, addresses)) = known.as_ref()
            && at.elapsed() < FRESH_FOR
        {
            return Ok(addresses.clone());
        }
        let mut addresses = interfaces()?;
        addresses.extend(gateways_v4(&table("/proc/net/route")?));
        addresses.extend(gateways_v6(&table("/proc/net/ipv6_route")?));
        *known = Some((Instant::now(), addresses.clone()));
        Ok(addresses)
    }
}

fn interfaces() -> io::Result<BTreeSet<IpAddr>> {
    let addresses = nix::ifaddrs::getifaddrs()?.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
    });
    Ok(addresses.map(|address| address.to_canonical()).collect())
}

/// A kernel without that protocol has no such table, and so no such gateway.
fn table(path: &str) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Third column: the gateway as the kernel holds it, in hexadecimal (`proc_net_route`, fib_trie.c).
fn gateways_v4(table: &str) -> impl Iterator<Item = IpAddr> {
    let gateways = table.lines().skip(1).filter_map(|line| {
        let gateway = u32::from_str_radix(line.split_whitespace().nth(2)?, 16).ok()?;
        Some(Ipv4Addr::from(gateway.to_ne_bytes()))
    });
    gateways.filter(|gateway| !gateway.is_unspecified()).map(IpAddr::V4)
}

/// Fifth column: the next hop, 32 hexadecimal digits in network order.
fn gateways_v6(table: &str) -> impl Iterator<Item = IpAddr> {
    let gateways = table.lines().filter_map(|line| {
        let gateway = u128::from_str_radix(line.split_whitespace().nth(4)?, 16).ok()?;
        Some(Ipv6Addr::from(gateway))
    });
    gateways.filter(|gateway| !gateway.is_unspecified()).map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_read_from_the_kernels_tables() {
        let v4 = "Iface\tDestination\tGateway\neth0\t00000000\t0101A8C0\t0003\neth0\t0001A8C0\t00000000\t0001\n";
        let v6 = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 00 0 0 0 eth0\n";
        let expected = Ipv4Addr::from(0x0101_A8C0_u32.to_ne_bytes());
        assert_eq!(gateways_v4(v4).collect::<Vec<_>>(), [IpAddr::V4(expected)]);
        assert_eq!(gateways_v6(v6).collect::<Vec<_>>(), ["2001:db8::1".parse::<IpAddr>().expect("an address")]);
    }

    #[tokio::test]
    async fn loopback_is_among_this_machines_addresses() {
        let own = OwnAddresses::default().read().expect("readable interfaces");
        assert!(own.contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)), "{own:?}");
    }
}
