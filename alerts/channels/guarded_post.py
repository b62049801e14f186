"""HTTP POST to an address that people entered: only to public addresses, or to networks that the site allows.

Without this, an address in the registry could make the service call itself, its router or its cloud's metadata server.
The name is resolved once, every answer is checked, and the connection goes to a checked address: a name that resolves
to another address a moment later gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx2
from msgspec import Struct

MAX_ANSWER_BYTES: Final = 64 * 1024
_TUNNELS: Final = tuple(ip_network(prefix) for prefix in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48"))
"""6to4, Teredo and NAT64: addresses that stand for an IPv4 address, which may be private."""
_LARGEST_PORT: Final = 65535
_PORTS: Final = {"http": 80, "https": 443}

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name. Raises OSError when it has none."""


class RefusedUrl(Exception):
    """The URL is none to post to; says why and what to write."""


class Answer(Struct, frozen=True):
    """Status, headers in lower case, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class GuardedPost:
    """Posts to URLs of people's making. `networks` are those inside which addresses, and plain http, are allowed."""

    def __init__(
        self, client: httpx2.AsyncClient, networks: Sequence[IpNetwork] = (), resolver: Resolve = resolve
    ) -> None:
        self._client, self._networks, self._resolve = client, tuple(networks), resolver

    async def __call__(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer. Raises RefusedUrl before anything is sent, OSError or httpx2.HTTPError after."""
        parsed = _parsed(url)
        address = await self._checked_address(parsed)
        pinned = parsed.copy_with(host=address)
        sent = {**headers, "Host": parsed.netloc.decode()}
        extensions = {"sni_hostname": parsed.host} if parsed.scheme == "https" else {}
        async with self._client.stream(
            "POST", pinned, content=content, headers=sent, extensions=extensions, follow_redirects=False
        ) as response:
            body = await _beginning(response)
        return Answer(response.status_code, dict(response.headers), body)

    async def check(self, url: str) -> None:
        """Raises RefusedUrl for a URL that would not be posted to, OSError for a host without an address."""
        await self._checked_address(_parsed(url))

    async def _checked_address(self, url: httpx2.URL) -> str:
        port = url.port or _PORTS[url.scheme]
        addresses = [ip_address(text.partition("%")[0]) for text in await self._resolve(url.host, port)]
        for address in addresses:
            if not self._is_allowed(address, url.scheme):
                raise RefusedUrl(f"{url.host} is {address}: add its network to channels.webhook.networks to allow it")
        if not addresses:
            raise OSError(f"{url.host} has no address")
        return str(addresses[0])

    def _is_allowed(self, address: IpAddress, scheme: str) -> bool:
        plain = getattr(address, "ipv4_mapped", None) or address
        if any(plain in network for network in self._networks):
            return True
        is_public = plain.is_global and not plain.is_multicast and not any(plain in tunnel for tunnel in _TUNNELS)
        return is_public and scheme == "https"


def _parsed(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise RefusedUrl(f"no URL: {error}") from error
    if parsed.scheme not in _PORTS or not parsed.host or (parsed.port or 1) > _LARGEST_PORT:
        raise RefusedUrl("write a URL like https://example.cn/alerts")
    if parsed.userinfo:
        raise RefusedUrl("a URL with a password would be stored and shown: sign with a secret instead")
    return parsed


async def _beginning(response: httpx2.Response) -> bytes:
    """At most MAX_ANSWER_BYTES, whatever the server sends."""
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return body[:MAX_ANSWER_BYTES]
