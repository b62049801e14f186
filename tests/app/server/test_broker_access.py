"""The users of the broker follow the registry of a running service."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from app.server.broker_access import NAMED_MAX, BrokerAccess
from domain import Device, Identity
from ingest.routing.broker_clients import BrokerClients, ClientRules
from ingest.routing.routes import Routes
from tests.conftest import Broker
from tests.support.service_harness import running_service


def users(clients: BrokerClients) -> set[str]:
    return {client.user for client in clients.clients}


async def test_a_device_has_access_once_it_is_registered_and_none_after_it_is_removed(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with running_service(tmp_path / "data", broker.port, free_port()) as harness:
        at_start = users(harness.broker_clients[-1])
        assert {"fengshao", "gas-402"} <= at_start
        device = {"id": "gas-new", "kind": "gas_alarm"}
        assert (await harness.api.post("/api/v1/devices", json=device)).status_code in (200, 201)
        assert users(harness.broker_clients[-1]) == at_start | {"gas-new"}
        assert (await harness.api.delete("/api/v1/devices/gas-new")).is_success
        assert users(harness.broker_clients[-1]) == at_start


async def test_devices_without_access_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    wrong = {f"d{n}": Device(f"d{n}", "door", identities=(Identity("iotda", "+"),)) for n in range(NAMED_MAX + 2)}
    written: list[BrokerClients] = []
    access = BrokerAccess(lambda: wrong, Routes(), ClientRules(), written.append)
    with caplog.at_level(logging.WARNING):
        await access.update()
        await access.update()
    assert len(written) == 2
    assert len(caplog.messages) == NAMED_MAX + 1
    assert caplog.messages[-1] == "2 devices more without access: see `fengshao check --broker`"


async def test_a_disk_that_takes_no_acl_stops_no_other_change_of_the_registry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: BrokerClients) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    await BrokerAccess(dict, Routes(), ClientRules(), refuse).update()
    assert "not written, the former one stays" in caplog.text
