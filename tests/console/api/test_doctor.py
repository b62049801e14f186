"""`POST /devices/doctor`: permissions, duration, and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.doctor_interface import DoctorBusy, DoctorRefused
from store.database.system import audit
from tests.support.console_harness import Client, ConsoleHarness

PATH = "/api/v1/devices/doctor"

SPEAKER: dict[str, Any] = {
    "platform": "tasmota",
    "guessed": None,
    "identity": "kitchen",
    "device": None,
    "kind": None,
    "states": ["outside"],
    "messages": 1,
    "retained": 0,
    "topics": [{"topic": "tele/kitchen/STATE", "messages": 1}],
    "filters": [],
    "said": {"POWER": "ON"},
    "filter_line": None,
    "notes": {},
    "online": None,
    "readings": 0,
    "last": None,
    "not_understood": [],
    "mapping": {},
    "registration": None,
}


class Listening:
    """Answers at once, or with a refusal."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.asked: list[int] = []
        self.refusal = refusal

    async def examine(self, seconds: int) -> dict[str, Any]:
        self.asked.append(seconds)
        if self.refusal is not None:
            raise self.refusal
        return {
            "broker": "127.0.0.1:1883",
            "seconds": seconds,
            "ended": "time",
            "asked": ["#"],
            "refused": {"$SYS/#": "not authorised"},
            "messages": 1,
            "retained": 0,
            "bytes": 20,
            "well": False,
            "speakers": [SPEAKER],
            "more_messages": 0,
            "described": 0,
            "silent": {"count": 0, "devices": []},
            "add": [],
        }


def offer(harness: ConsoleHarness, refusal: Exception | None = None) -> Listening:
    doctor = Listening(refusal)
    harness.app.state.dependencies = harness.deps_with(intake={"doctor": doctor})
    return doctor


@pytest.mark.parametrize(("body", "seconds"), [(None, 20), ({}, 20), ({"seconds": 60}, 60), ({"seconds": 1}, 1)])
async def test_the_examination_takes_as_long_as_requested(
    harness: ConsoleHarness, admin: Client, body: Any, seconds: int
) -> None:
    doctor = offer(harness)

    response = await admin.post(PATH, json=body) if body is not None else await admin.post(PATH)

    assert (200, [seconds]) == (response.status_code, doctor.asked)
    assert [SPEAKER] == response.json()["speakers"]
    written = await harness.database.read(lambda tx: audit.list_entries(tx, 10).items)
    assert any("broker listened to" in str(one) for one in written)


@pytest.mark.parametrize("body", [{"seconds": 0}, {"seconds": 61}, {"seconds": "20"}, {"second": 20}, [20]])
async def test_an_examination_longer_than_a_minute_is_refused(
    harness: ConsoleHarness, admin: Client, body: Any
) -> None:
    doctor = offer(harness)

    response = await admin.post(PATH, json=body)

    assert (422, []) == (response.status_code, doctor.asked)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("worker", 403), ("operator", 200), ("dispatcher", 200)])
async def test_operators_and_above_may_start_an_examination(
    harness: ConsoleHarness, bearer: Callable[..., Any], role: str, status: int
) -> None:
    offer(harness)

    assert status == (await (await bearer(role)).post(PATH)).status_code


async def test_a_token_for_a_place_may_not_examine_the_whole_broker(
    harness: ConsoleHarness, bearer: Callable[..., Any]
) -> None:
    doctor = offer(harness)

    assert 403 == (await (await bearer("operator", place="garden")).post(PATH)).status_code
    assert [] == doctor.asked


@pytest.mark.parametrize(
    ("refusal", "status", "message"),
    [
        (DoctorBusy(), 409, "一次只能有一个"),
        (DoctorRefused("mqtt://broker:1883: no route"), 503, "mqtt://broker:1883: no route"),
    ],
)
async def test_a_refused_examination_gives_the_reason(
    harness: ConsoleHarness, admin: Client, refusal: Exception, status: int, message: str
) -> None:
    offer(harness, refusal)

    response = await admin.post(PATH)

    assert status == response.status_code
    assert message in response.json()["detail"]


async def test_without_a_doctor_the_endpoint_is_a_404(admin: Client) -> None:
    assert 404 == (await admin.post(PATH)).status_code
