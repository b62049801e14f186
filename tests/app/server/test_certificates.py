"""When certificates of our servers expire, read from real TLS servers."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import Struct

from app.config.settings import SiteSettings
from app.server.certificates import CertificateWatch, tls_endpoints
from domain import DAY
from ingest.mqtt.broker_address import BrokerAddress
from tests.deploy.test_deploy_files import certificate


class Untrusted(Struct):
    """A TLS server whose certificate is signed by itself."""

    endpoint: tuple[str, int]
    server: asyncio.Server


async def serve_tls(folder: Path) -> Untrusted:
    authority = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, authority.with_suffix(".key"))
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    return Untrusted(server.sockets[0].getsockname()[:2], server)


async def test_the_expiry_is_read_although_the_certificate_is_not_trusted(tmp_path: Path) -> None:
    tls = await serve_tls(tmp_path / "certs")
    watch = CertificateWatch({"broker": tls.endpoint})
    await watch.check()
    tls.server.close()
    left = watch.expiry["broker"] - datetime.now(UTC).timestamp() * 1000
    assert 0 < left <= DAY


async def test_a_server_that_is_away_keeps_its_value_and_delays_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = await serve_tls(tmp_path / "certs")
    watch = CertificateWatch({"history": ("127.0.0.1", 1), "broker": tls.endpoint})
    watch.expiry["history"] = 7
    await watch.check()
    tls.server.close()
    assert watch.expiry["history"] == 7
    assert watch.expiry["broker"] > 7
    assert "certificate of the history not read" in caplog.text


def test_only_servers_that_speak_tls_are_asked() -> None:
    plain = SiteSettings.model_validate({"public_url": "http://192.0.2.1:8080"})
    assert tls_endpoints(plain, BrokerAddress("127.0.0.1", 1883, tls=False)) == {}
    secured = SiteSettings.model_validate(
        {"public_url": "https://alarm.example.cn/x", "history": {"url": "https://db.example.cn:8428"}}
    )
    assert tls_endpoints(secured, BrokerAddress("mq.example.cn", 8883, tls=True)) == {
        "broker": ("mq.example.cn", 8883),
        "console": ("alarm.example.cn", 443),
        "history": ("db.example.cn", 8428),
    }
    mistyped = SiteSettings.model_validate(
        {"public_url": "https://alarm.example.cn:84a3", "history": {"url": "https://[b"}}
    )
    assert tls_endpoints(mistyped, BrokerAddress("127.0.0.1", 1883, tls=False)) == {}, "no reason not to start"
