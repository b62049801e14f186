"""One examination at a time, and a broker that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.config.settings import SiteSettings
from app.doctor.doctor import DoctorInputs
from app.server.doctor import Doctor
from console.doctor_interface import DoctorBusy, DoctorRefused
from ingest.mqtt.broker_address import parse_broker_address
from tests.conftest import Broker

NOW = 1_795_269_600_000


def inputs() -> DoctorInputs:
    return DoctorInputs({}, [], [], SiteSettings(), None)


async def test_one_capture_at_a_time(broker: Broker) -> None:
    doctor = Doctor(parse_broker_address(f"127.0.0.1:{broker.port}"), inputs, lambda: NOW)
    running = asyncio.create_task(doctor.examine(1))
    await asyncio.sleep(0)

    with pytest.raises(DoctorBusy):
        await doctor.examine(1)
    assert 0 == (await running)["messages"]
    assert 0 == (await doctor.examine(1))["messages"]


async def test_a_broker_that_is_gone_is_reported_and_the_next_may_try(free_port: Callable[[], int]) -> None:
    doctor = Doctor(parse_broker_address(f"mqtt://me:s3cret@127.0.0.1:{free_port()}"), inputs, lambda: NOW)

    for _ in range(2):
        with pytest.raises(DoctorRefused, match="is the address right") as refused:
            await doctor.examine(1)
        assert "s3cret" not in str(refused.value)
