package fetch

import (
	"net"
	"net/netip"
	"slices"
)

// reserved are the networks of IPv4, and those within the global unicast range of
// IPv6 (2000::/3), that are not of the public internet, or embed an address of
// IPv4 that may not be. From the IANA special-purpose address registries:
// https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry.
var reserved = func() (nets []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
	} {
		nets = append(nets, netip.MustParsePrefix(s))
	}
	return nets
}()

var globalUnicast = netip.MustParsePrefix("2000::/3")

// public tells whether an address is one of the public internet, and none of this
// machine's own.
func public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap() // ::ffff:127.0.0.1
	if a.Is6() && !globalUnicast.Contains(a) || slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return false
	}
	return !own(a)
}

// interfaces are this machine's addresses; tests have others.
var interfaces = net.InterfaceAddrs

// own tells whether this machine has the address. What listens there may trust
// whoever comes from inside. If that can't be known, it may be.
func own(a netip.Addr) bool {
	all, err := interfaces()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(all, func(i net.Addr) bool {
		p, err := netip.ParsePrefix(i.String())
		return err == nil && p.Addr().Unmap() == a
	})
}
