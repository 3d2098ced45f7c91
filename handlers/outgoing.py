"""Where a request of ours may go, when somebody else names the address.

The host is resolved once, every address it has is judged, and the connection goes to the
address that was judged (so a name that changes its mind in between gains nothing). Whoever
follows redirects judges each of them again.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import httpx


class UnknownHost(Exception):
    """The name of the host leads to no address now; it may later."""


class UnsafeAddress(Exception):
    """The address is none that we visit: `reason` says why; `address` is set where the host
    lies in a network of our own."""

    def __init__(self, reason: str, address: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.address = address


@dataclass(frozen=True, slots=True)
class Target:
    """A URL and the address that was found good for it."""

    url: httpx.URL
    host: str
    address: str

    @property
    def pinned(self) -> httpx.URL:
        """The URL with the judged address in the place of the name."""
        return self.url.copy_with(host=self.address)

    @property
    def headers(self) -> dict[str, str]:
        """The Host header that belongs to the name."""
        return {"Host": self.url.netloc.decode()}

    @property
    def extensions(self) -> dict[str, str]:
        """For httpx: the name that the certificate has to bear."""
        return {"sni_hostname": self.host}


def target_of(url: str, *, allow_private: bool) -> Target:
    """The URL with an address that may be visited; UnsafeAddress or UnknownHost else."""
    try:
        parsed = httpx.URL(url)
        named = bool(parsed.host)  # reads Punycode
    except (httpx.InvalidURL, ValueError) as error:
        raise UnsafeAddress(str(error)) from error
    if parsed.scheme not in ("http", "https") or not named:
        raise UnsafeAddress(f"the scheme is {parsed.scheme or 'missing'}")
    if parsed.userinfo:
        raise UnsafeAddress("it holds a password")
    try:
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
        found = socket.getaddrinfo(parsed.host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long, or no Punycode
        raise UnsafeAddress(f"{parsed.host[:100]} is no name of a host") from error
    except OSError as error:
        raise UnknownHost(f"the host {parsed.host} is unknown") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not allow_private and not is_public(address):
            raise UnsafeAddress(f"{address} is in a network of our own", address)
    return Target(parsed, parsed.host, addresses[0])


def is_public(address: str) -> bool:
    """Whether an address is on the public network, also when it is wrapped in IPv6."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified
