"""Addresses that people enter cannot make the service call itself, its neighbours or its cloud."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from alerts.channels.guarded_post import MAX_ANSWER_BYTES, GuardedPost, RefusedUrl, resolve
from simulators.providers.local_server import LoopbackServer, loopback_client

LOOPBACK = ip_network("127.0.0.0/8")


def resolving_to(*addresses: str) -> GuardedPost:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return addresses

    def unexpected(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("reached the network")

    return GuardedPost(httpx2.AsyncClient(transport=httpx2.MockTransport(unexpected)), (), resolver)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
    ],
)
async def test_an_address_that_is_not_public_is_refused_whatever_its_name(address: str) -> None:
    with pytest.raises(RefusedUrl, match=r"channels\.webhook\.networks"):
        await resolving_to(address)("https://alerts.example/x", b"{}", {})
    with pytest.raises(RefusedUrl):
        await resolving_to("1.1.1.1", address)("https://alerts.example/x", b"{}", {})


async def test_a_public_address_is_reached_by_https_only() -> None:
    with pytest.raises(httpx2.ConnectError, match="reached"):
        await resolving_to("1.1.1.1")("https://alerts.example/x", b"{}", {})
    with pytest.raises(RefusedUrl):
        await resolving_to("1.1.1.1")("http://alerts.example/x", b"{}", {})
    with pytest.raises(OSError, match="no address"):
        await resolving_to()("https://alerts.example/x", b"{}", {})


@pytest.mark.parametrize("url", ["ftp://a.cn/x", "https://", "a.cn", "https://u:p@a.cn/x", "https://a.cn:99999999/x"])
async def test_what_is_no_url_to_post_to_is_refused(url: str) -> None:
    with pytest.raises(RefusedUrl):
        await resolving_to("1.1.1.1")(url, b"{}", {})


async def test_the_connection_goes_to_the_checked_address_with_the_name_as_host() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, content=body())

    async def body() -> AsyncIterator[bytes]:
        yield b"ok"

    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return ["1.1.1.1"]

    post = GuardedPost(httpx2.AsyncClient(transport=httpx2.MockTransport(handler)), (), resolver)
    answer = await post("https://alerts.example:8443/x?y=1", b"{}", {"webhook-id": "1"})
    assert (answer.status, answer.body) == (200, b"ok")
    assert str(requests[0].url) == "https://1.1.1.1:8443/x?y=1"
    assert requests[0].headers["host"] == "alerts.example:8443"
    assert requests[0].extensions["sni_hostname"] == "alerts.example"


async def test_a_redirect_is_not_followed_and_a_long_answer_is_cut() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 8192

    async def redirect(_request: Request) -> Response:
        return RedirectResponse("/long")

    async def long(_request: Request) -> Response:
        return StreamingResponse(chunks())

    routes = [Route("/redirect", redirect, methods=["POST"]), Route("/long", long, methods=["POST"])]
    async with LoopbackServer(Starlette(routes=routes)) as host, loopback_client() as client:
        post = GuardedPost(client, (LOOPBACK,))
        assert (await post(f"{host.url}/redirect", b"", {})).status == 307
        assert len((await post(f"{host.url}/long", b"", {})).body) == MAX_ANSWER_BYTES
        with pytest.raises(RefusedUrl):
            await GuardedPost(client)(f"{host.url}/redirect", b"", {})


async def test_the_systems_resolver_gives_the_addresses_of_this_machine() -> None:
    assert set(await resolve("localhost", 80)) <= {"127.0.0.1", "::1"}
