//! What kind of address an address is, by the IANA registries.
//!
//! Sources: [IPv4 Special-Purpose Address Registry](https://www.iana.org/assignments/iana-ipv4-special-registry),
//! [IPv6 Special-Purpose Address Registry](https://www.iana.org/assignments/iana-ipv6-special-registry),
//! [IPv6 Global Unicast Allocations](https://www.iana.org/assignments/ipv6-unicast-address-assignments).
//! The standard library's `is_global` is unstable. The table only ever errs on the side of "special": a block that the
//! registry calls globally reachable but that no web site lives in (`192.88.99.0/24`, `2001::/23`) stays special.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The kind of an address. Only [`AddressClass::Global`] may be reached without an allow rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Global unicast: the public internet.
    Global,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918 private use, RFC 6598 shared space, RFC 4193 unique local.
    Private,
    /// `169.254.0.0/16`, `fe80::/10`: also where most clouds answer metadata requests.
    LinkLocal,
    /// An address at which a cloud hands out credentials, wherever its block is.
    Metadata,
    /// Multicast and broadcast.
    Multicast,
    /// An IPv6 address that carries an IPv4 one (6to4, Teredo, NAT64, IPv4-compatible): a way around the IPv4 rules.
    Embedded,
    /// Everything else the registries set aside: unspecified, documentation, benchmarking, reserved.
    Reserved,
}

impl AddressClass {
    /// Word for logs and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Multicast => "multicast",
            Self::Embedded => "embedded",
            Self::Reserved => "reserved",
        }
    }

    /// Whether an allow rule that names a *host* may lift it. The rest needs a rule that names the address itself: whoever
    /// runs the name server of an allowed host must not gain the metadata service by it.
    pub fn a_name_may_lift(self) -> bool {
        matches!(self, Self::Global | Self::Loopback | Self::Private)
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits))
}

const fn v6(head: [u16; 4], bits: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(head[0], head[1], head[2], head[3], 0, 0, 0, 0), bits))
}

const fn host_v6(segments: [u16; 8]) -> IpNet {
    let [a, b, c, d, e, f, g, h] = segments;
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), 128))
}

/// First match wins, so the single addresses stand before the blocks they lie in.
const SPECIAL: &[(IpNet, AddressClass)] = &[
    // Metadata services: AWS/GCP/Azure/DigitalOcean, AWS ECS, Alibaba, Azure's wire server, Oracle; AWS and GCP on IPv6.
    (v4(169, 254, 169, 254, 32), AddressClass::Metadata),
    (v4(169, 254, 170, 2, 32), AddressClass::Metadata),
    (v4(169, 254, 170, 23, 32), AddressClass::Metadata),
    (v4(100, 100, 100, 200, 32), AddressClass::Metadata),
    (v4(168, 63, 129, 16, 32), AddressClass::Metadata),
    (v4(192, 0, 0, 192, 32), AddressClass::Metadata),
    (host_v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]), AddressClass::Metadata),
    (host_v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23]), AddressClass::Metadata),
    (host_v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]), AddressClass::Metadata),
    // IPv4
    (v4(0, 0, 0, 0, 8), AddressClass::Reserved),
    (v4(10, 0, 0, 0, 8), AddressClass::Private),
    (v4(100, 64, 0, 0, 10), AddressClass::Private),
    (v4(127, 0, 0, 0, 8), AddressClass::Loopback),
    (v4(169, 254, 0, 0, 16), AddressClass::LinkLocal),
    (v4(172, 16, 0, 0, 12), AddressClass::Private),
    (v4(192, 0, 0, 0, 24), AddressClass::Reserved),
    (v4(192, 0, 2, 0, 24), AddressClass::Reserved),
    (v4(192, 31, 196, 0, 24), AddressClass::Reserved),
    (v4(192, 52, 193, 0, 24), AddressClass::Reserved),
    (v4(192, 88, 99, 0, 24), AddressClass::Reserved),
    (v4(192, 168, 0, 0, 16), AddressClass::Private),
    (v4(192, 175, 48, 0, 24), AddressClass::Reserved),
    (v4(198, 18, 0, 0, 15), AddressClass::Reserved),
    (v4(198, 51, 100, 0, 24), AddressClass::Reserved),
    (v4(203, 0, 113, 0, 24), AddressClass::Reserved),
    (v4(224, 0, 0, 0, 4), AddressClass::Multicast),
    (v4(255, 255, 255, 255, 32), AddressClass::Multicast),
    (v4(240, 0, 0, 0, 4), AddressClass::Reserved),
    // IPv6. IPv4-mapped addresses never get here: they are unmapped first.
    (host_v6([0, 0, 0, 0, 0, 0, 0, 0]), AddressClass::Reserved),
    (host_v6([0, 0, 0, 0, 0, 0, 0, 1]), AddressClass::Loopback),
    (v6([0, 0, 0, 0], 96), AddressClass::Embedded),
    (v6([0x64, 0xff9b, 0, 0], 96), AddressClass::Embedded),
    (v6([0x64, 0xff9b, 1, 0], 48), AddressClass::Embedded),
    (v6([0x2001, 0, 0, 0], 32), AddressClass::Embedded),
    (v6([0x2001, 0, 0, 0], 23), AddressClass::Reserved),
    (v6([0x2001, 0xdb8, 0, 0], 32), AddressClass::Reserved),
    (v6([0x2002, 0, 0, 0], 16), AddressClass::Embedded),
    (v6([0x2620, 0x4f, 0x8000, 0], 48), AddressClass::Reserved),
    (v6([0x3fff, 0, 0, 0], 20), AddressClass::Reserved),
    (v6([0xfc00, 0, 0, 0], 7), AddressClass::Private),
    (v6([0xfe80, 0, 0, 0], 10), AddressClass::LinkLocal),
    (v6([0xfec0, 0, 0, 0], 10), AddressClass::Private),
    (v6([0xff00, 0, 0, 0], 8), AddressClass::Multicast),
];

/// All of IPv6 that IANA has given out as global unicast; outside it nothing is public.
const GLOBAL_V6: IpNet = v6([0x2000, 0, 0, 0], 3);

/// The kind of `address`, IPv4-mapped IPv6 addresses (`::ffff:0:0/96`) judged as the IPv4 address they stand for.
pub fn classify(address: IpAddr) -> AddressClass {
    let address = address.to_canonical();
    if let Some((_, class)) = SPECIAL.iter().find(|(block, _)| block.contains(&address)) {
        return *class;
    }
    match address {
        IpAddr::V6(_) if !GLOBAL_V6.contains(&address) => AddressClass::Reserved,
        _ => AddressClass::Global,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_of_the_registries_is_known() {
        use AddressClass::*;
        for (text, class) in [
            ("93.184.216.34", Global),
            ("1.1.1.1", Global),
            ("100.63.255.255", Global),
            ("100.128.0.0", Global),
            ("172.15.255.255", Global),
            ("172.32.0.0", Global),
            ("198.17.255.255", Global),
            ("198.20.0.0", Global),
            ("223.255.255.255", Global),
            ("2606:4700::1111", Global),
            ("2a00:1450:4001::1", Global),
            ("0.0.0.0", Reserved),
            ("0.255.255.255", Reserved),
            ("10.0.0.1", Private),
            ("100.64.0.1", Private),
            ("127.0.0.1", Loopback),
            ("127.255.255.255", Loopback),
            ("169.254.1.1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.0.0.1", Reserved),
            ("192.0.2.1", Reserved),
            ("192.88.99.1", Reserved),
            ("192.168.1.1", Private),
            ("198.18.0.1", Reserved),
            ("198.19.255.255", Reserved),
            ("198.51.100.1", Reserved),
            ("203.0.113.1", Reserved),
            ("224.0.0.251", Multicast),
            ("255.255.255.255", Multicast),
            ("240.0.0.1", Reserved),
            ("::", Reserved),
            ("::1", Loopback),
            ("::7f00:1", Embedded),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:169.254.169.254", Metadata),
            ("::ffff:8.8.8.8", Global),
            ("64:ff9b::7f00:1", Embedded),
            ("64:ff9b:1::1", Embedded),
            ("100::1", Reserved),
            ("2001::1", Embedded),
            ("2001:10::1", Reserved),
            ("2001:db8::1", Reserved),
            ("2002:7f00:1::", Embedded),
            ("3fff::1", Reserved),
            ("5f00::1", Reserved),
            ("fc00::1", Private),
            ("fd00:ec2::254", Metadata),
            ("fd12::1", Private),
            ("fe80::1", LinkLocal),
            ("fec0::1", Private),
            ("ff02::fb", Multicast),
            ("4000::1", Reserved),
        ] {
            assert_eq!(classify(text.parse().expect("an address")), class, "{text}");
        }
    }
}
