"""Fixtures of the tests of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from tests.ingest.adapters.text_platforms import BAND, NOW, STATION


@pytest.fixture
def decode_message(build_decoder: Callable[..., Decoder]) -> Callable[[str, bytes], Any]:
    device_decoder = build_decoder(BAND, STATION)
    return lambda topic, payload: device_decoder.decode([Frame(topic, payload, NOW, "bulk")])
