"""A data folder of an earlier version is opened by this one, which continues its alerts, holds and deadlines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from domain import MINUTE
from tests.conftest import Broker
from tests.support.old_data import STOPPED, unpack
from tests.support.service_harness import ServiceHarness

FIXTURES = Path(__file__).parents[1] / "fixtures"
ARCHIVES = [FIXTURES / f"data_of_{commit}.tar.xz" for commit in ("df4d4b5",)]
"""The oldest. tests/app/datadir/test_old_data_folders.py opens those of every commit between."""


@pytest.fixture(params=ARCHIVES, ids=lambda file: file.name.partition(".")[0])
async def harness(
    request: pytest.FixtureRequest, tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> AsyncIterator[ServiceHarness]:
    data = tmp_path / "data"
    unpack(request.param, data)
    running = ServiceHarness(data, broker.port, free_port())
    running.clock.now = STOPPED + MINUTE
    async with running:
        yield running


async def test_alerts_and_holds_of_an_earlier_version_continue(harness: ServiceHarness) -> None:
    alerts = {alert["device"]: alert for alert in await harness.items("/api/v1/alerts")}
    assert (alerts["gas-402"]["state"], alerts["gas-402"]["rule"]) == ("acknowledged", "gas-alarm")
    assert (alerts["gas-402"]["owner"]["name"], alerts["band-402"]["state"]) == ("李伟", "open")

    # Its hold began before the stop: the reading of now completes it under the former id.
    await harness.publish("fengshao/v1/gas-403/up", {"alarm": False, "lel_pct": 15.0})
    await harness.until_items("/api/v1/alerts", 2)
    pending = next(
        rule_state
        for name, rule_state in harness.service.processing.engine.states["gas-403"].rule_states.items()
        if "gas" in name
    )
    assert pending.begin == STOPPED

    await harness.publish("fengshao/v1/gas-402/up", {"alarm": False, "lel_pct": 0.0})
    await harness.until(lambda: _phase(harness, "gas-402", "gas-alarm") == "clearing", "the all-clear")
    await harness.fast_forward(minutes=30)
    await harness.until(lambda: _phase(harness, "gas-402", "gas-alarm") == "quiet", "the end")
    # The owner did not arrive: the former deadline is kept, and the next person is called.
    await harness.phone("陈芳").expects_sms("燃气", "枫林苑3栋2单元402")
    detail = await harness.get(f"/api/v1/alerts/{alerts['gas-402']['id']}")
    assert any("李伟接警后36分钟未到场" in line["text"] for line in detail["timeline"])

    await harness.publish("fengshao/v1/meter-402/up", {"leak": True})
    (leak,) = [alert for alert in await harness.until_items("/api/v1/alerts", 4) if alert["device"] == "meter-402"]
    assert leak["state"] == "open"


def _phase(harness: ServiceHarness, device: str, rule: str) -> str:
    rule_state = harness.service.processing.engine.states[device].rule_states.get(rule)
    return "quiet" if rule_state is None else rule_state.phase.value
