"""A decoder with the devices of native_messages registered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.decoding.decoder import Decoder
from tests.ingest.decoding.native_messages import BAND, BUTTON, GAS


@pytest.fixture
def decoder(build_decoder: Callable[..., Decoder]) -> Decoder:
    return build_decoder(GAS, BUTTON, BAND)
