"""What `fengshao check --broker` says of a real broker: what works, and each fault in one sentence."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.broker import preflight
from app.broker.certificates import CertificateAuthority
from app.broker.passwords import PASSWORD_FILE, hash_password, mosquitto_passwords
from app.broker.preflight import check_broker
from app.cli.check_broker import check_site_broker
from app.cli.init import write_site_template
from app.config.addresses import MQTT_PASSWORD, MQTT_USER
from app.private_files import write_private
from app.server.mosquitto import Mosquitto
from ingest.mqtt.broker_address import BrokerAddress
from tests.ingest.mqtt.running_consumer import now_ms


async def test_a_broker_that_grants_all_passes(broker: Any) -> None:
    found = await check_broker(BrokerAddress("127.0.0.1", broker.port, False), ["fengshao/v1/#", "$oc/#"], now_ms)
    assert found.faults == ()
    assert found.passed == (f"reached mqtt://127.0.0.1:{broker.port}", "6 of 6 subscriptions are granted")


async def test_a_wrong_password_and_a_closed_port_are_told_apart(
    tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    server = Mosquitto(tmp_path / "broker", "127.0.0.1", port, ("fengshao", "maple"))
    write_private(tmp_path / "broker" / PASSWORD_FILE, mosquitto_passwords({"other": hash_password("x")}))
    monkeypatch.setattr(preflight, "ECHO_WAIT_S", 1.0)
    await server.start()
    try:
        deaf = await check_broker(BrokerAddress("127.0.0.1", port, False, "other", b"x"), ["fengshao/v1/#"], now_ms)
        assert [fault.partition(", although")[0] for fault in deaf.faults] == [
            "a message to fengshao/v1/fengshao-canary/down is not heard"
        ]
        wrong = await check_broker(BrokerAddress("127.0.0.1", port, False, "fengshao", b"guess"), ["#"], now_ms)
        (fault,) = wrong.faults
        assert fault.startswith(f"mqtt://fengshao:***@127.0.0.1:{port}: user or password is refused: set FENGSHAO_MQTT")
        monkeypatch.setenv(MQTT_USER, "fengshao")
        monkeypatch.setenv(MQTT_PASSWORD, "maple")
        write_site_template(tmp_path / "site")
        lines: list[str] = []
        assert await check_site_broker(tmp_path / "site", f"mqtt://127.0.0.1:{port}", lines.append) == 0
        assert "broker: the password of fengshao is accepted" in lines
    finally:
        await server.stop()
    closed = await check_broker(BrokerAddress("127.0.0.1", port, False), ["#"], now_ms)
    assert closed.faults[0].startswith(f"mqtt://127.0.0.1:{port}: cannot be reached: ")
    assert await check_site_broker(tmp_path / "site", f"mqtt://127.0.0.1:{port}", lines.append) == 1
    assert lines[-1].startswith(f"broker: fault: mqtt://127.0.0.1:{port}: cannot be reached: ")


async def test_a_certificate_of_an_unknown_authority_is_named(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    authority.create("枫树社区", now_ms())
    authority.issue_server(["localhost"], now_ms())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    untrusted = await check_broker(BrokerAddress("localhost", port, tls=True), ["#"], now_ms)
    assert untrusted.faults == (
        f"mqtts://localhost:{port}: its certificate is not trusted: unable to get local issuer certificate; "
        "see mqtt.tls (ca_file, server_name)",
    )
    server.close()
