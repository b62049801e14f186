"""Rebirth requests go over TLS where the broker's address says so."""

from __future__ import annotations

import asyncio

import pytest

from app.server.sparkplug_rebirth import request_rebirths
from ingest.decoding.decoder import Decoder
from ingest.mqtt.broker_address import parse_broker_address
from tests.support.tcp_recorder import TLS_HANDSHAKE, TcpRecorder

BROKEN_HANDSHAKE = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The MQTT library leaves the socket of a handshake that failed to the garbage collector."""


@BROKEN_HANDSHAKE
async def test_a_rebirth_is_asked_for_over_tls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.server.sparkplug_rebirth.REQUEST_EVERY_S", 0.01)
    decoder, recorder = Decoder({}, []), TcpRecorder()
    decoder.rebirth_requests.add("group/edge")
    port = await recorder.listen()
    address = parse_broker_address(f"mqtts://me:s3cret-pass@127.0.0.1:{port}")
    received = await recorder.first_bytes(asyncio.create_task(request_rebirths(decoder, address, lambda: 0)))
    assert received.startswith(TLS_HANDSHAKE)
