//! An address is what it is, however it is spelled; nothing private is ever taken for public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

use super::target::TargetHost;
use super::{AddressClass, PlaceRule, Target, classify};

/// The bytes as an address of either family, and as a text in every place where one is read.
pub fn address(data: &[u8]) {
    if let Some(four) = data.first_chunk::<4>() {
        let four = Ipv4Addr::from(*four);
        let class = classify(four.into());
        assert_eq!(classify(four.to_ipv6_mapped().into()), class, "{four}, mapped");
        // What the standard library knows to be special, by its own table.
        let special = four.is_loopback()
            || four.is_private()
            || four.is_link_local()
            || four.is_multicast()
            || four.is_broadcast()
            || four.is_documentation()
            || four.is_unspecified();
        assert!(!special || class != AddressClass::Global, "{four}");
        assert_ne!(classify(four.to_ipv6_compatible().into()), AddressClass::Global, "{four}, compatible");
    }
    if let Some(six) = data.first_chunk::<16>() {
        let six = Ipv6Addr::from(*six);
        let class = classify(six.into());
        assert_eq!(classify(IpAddr::from(six).to_canonical()), class, "{six}");
        let special = six.is_loopback()
            || six.is_unspecified()
            || six.is_multicast()
            || six.is_unique_local()
            || six.is_unicast_link_local();
        assert!(!special || class != AddressClass::Global, "{six}");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        target(text);
        if let Ok(rule) = text.parse::<PlaceRule>() {
            assert_eq!(text.trim().parse::<PlaceRule>().as_ref(), Ok(&rule), "a rule is read the same way again");
        }
    }
}

/// What is understood as a target is understood the same way when it is written as it was understood.
fn target(text: &str) {
    let Ok(uri) = text.parse::<Uri>() else { return };
    let read = [Target::of_tunnel(&uri), Target::of_request(&uri)];
    for target in read.into_iter().flatten() {
        let written = target.to_string();
        let again = written.parse::<Uri>().ok().and_then(|uri| Target::of_tunnel(&uri).ok());
        assert_eq!(again.as_ref(), Some(&target), "{text} is {written}");
        assert!(target.port != 0 && !written.contains(['@', '/', '\\', ' ', '%']), "{written}");
        match &target.host {
            TargetHost::Address(address) => assert_eq!(address.to_canonical(), *address, "{text}"),
            // A name that is an address in other letters would be judged as a name and connected to as an address.
            TargetHost::Name(name) => assert!(name.parse::<IpAddr>().is_err(), "{text}"),
        }
    }
}
