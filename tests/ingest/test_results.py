"""A message without measurements is a sign of life, unless the broker had retained it."""

from __future__ import annotations

import pytest

from ingest.results import DeviceEvent, DeviceEventKind, RawReading, liveness_event


@pytest.mark.parametrize(("retained", "online"), [(False, True), (True, None)])
def test_a_retained_message_proves_no_life(retained: bool, online: bool | None) -> None:
    event = liveness_event(RawReading("p", "x", None, {}, retained=retained), "gas-1", 5)

    assert DeviceEvent(DeviceEventKind.LIFE, "p", "x", "nothing measured", online, "gas-1", 5) == event
