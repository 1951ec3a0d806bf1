"""Network addresses: read from text, looked up in networks, and as whose they count."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: One subscriber has a whole network of IPv6 addresses (RFC 6177), of this length at least.
_SUBSCRIBER = 64


def address_of(text: str) -> Address | None:
    """An address with or without a port, None where it is none; IPv4 in IPv6's clothes is IPv4."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if "." in text else text
    try:
        address = ip_address(text if text.startswith("::ffff:") else bare)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def is_in(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks."""
    return any(address in network for network in networks)


def counted_as(text: str) -> str:
    """As whose an address counts where something is limited by address: IPv6 by its network of 64 bits."""
    address = address_of(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _SUBSCRIBER), strict=False))
    return text if address is None else str(address)
