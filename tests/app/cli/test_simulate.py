"""`fengshao simulate` never sends a password in clear where the address says mqtts."""

from __future__ import annotations

import asyncio
import gc
import ssl
from pathlib import Path

import pytest

from app.cli.simulate import simulate_site
from tests.deploy.test_deploy_files import certificate
from tests.support.tcp_recorder import TLS_HANDSHAKE, TcpRecorder


async def test_simulate_with_mqtts_connected_without_tls_and_the_password_went_in_clear() -> None:
    recorder = TcpRecorder()
    port = await recorder.listen()
    playing = asyncio.create_task(simulate_site(None, f"mqtts://me:s3cret-pass@127.0.0.1:{port}", 1, 1.0))
    received = await recorder.first_bytes(playing)
    assert received.startswith(TLS_HANDSHAKE)
    assert b"s3cret-pass" not in received
    gc.collect()  # a socket left open is a warning, which fails the test


async def test_a_password_is_sent_to_a_server_with_a_trusted_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, server_tls = certificate(tmp_path / "certs"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(authority, authority.with_name("server.key"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    recorder = TcpRecorder()
    port = await recorder.listen(server_tls)
    playing = asyncio.create_task(simulate_site(None, f"mqtts://me:s3cret-pass@localhost:{port}", 1, 1.0))
    received = await recorder.first_bytes(playing)
    assert b"MQTT" in received
    assert b"s3cret-pass" in received
