"""`/devices/{id}/readings`: values exactly as sent, ascending, in pages."""

from __future__ import annotations

from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE, Lane, Quality, Reading
from tests.support.console_harness import T0, Client, ConsoleHarness

PATH = "/api/v1/devices/gas-402/readings"


async def test_values_come_back_exactly_as_sent_with_their_units(harness: ConsoleHarness, admin: Client) -> None:
    harness.add_reading("gas-402", 1, T0 - 2 * MINUTE, alarm=False, lel_pct=312.407, co_ppm=24)
    harness.add_reading("gas-402", 2, T0 - MINUTE, alarm=True, lel_pct=24.0, battery_pct=9007199254740993)

    response = await admin.get(PATH)

    assert response.status_code == 200
    assert response.json()["next"] is None
    points = [
        (one["at"], one["quantity"], one["value"], one["unit"], one["quality"]) for one in response.json()["items"]
    ]
    assert [at for at, *_ in points] == sorted(at for at, *_ in points)
    assert set(points) == {
        ("2026-11-21T22:03:00.000+08:00", "alarm", False, None, "good"),
        ("2026-11-21T22:03:00.000+08:00", "lel_pct", 312.407, "%LEL", "good"),
        ("2026-11-21T22:03:00.000+08:00", "co_ppm", 24, "ppm", "good"),
        ("2026-11-21T22:04:00.000+08:00", "alarm", True, None, "good"),
        ("2026-11-21T22:04:00.000+08:00", "lel_pct", 24.0, "%LEL", "good"),
        ("2026-11-21T22:04:00.000+08:00", "battery_pct", 9007199254740993, "%", "good"),
    }
    assert '"value":24,' in response.text
    assert '"value":24.0,' in response.text
    assert '"value":true' in response.text


async def test_one_quantity_and_a_period_are_chosen(harness: ConsoleHarness, admin: Client) -> None:
    for minute in range(5):
        harness.add_reading("gas-402", minute + 1, T0 - minute * MINUTE, lel_pct=minute, alarm=False)

    response = await admin.get(
        PATH,
        params={"quantity": "lel_pct", "from": "2026-11-21T22:02:00+08:00", "to": "2026-11-21T14:04:00Z"},
    )

    assert [one["value"] for one in response.json()["items"]] == [3, 2, 1]


async def test_a_plus_that_was_not_escaped_is_understood(harness: ConsoleHarness, admin: Client) -> None:
    harness.add_reading("gas-402", 1, T0, lel_pct=1)

    assert len((await admin.get(f"{PATH}?from=2026-11-21T22:05:00+08:00")).json()["items"]) == 1
    assert len((await admin.get(f"{PATH}?quantity=&from=&to=&step=")).json()["items"]) == 1


async def test_the_last_24_hours_are_the_default_and_a_clock_a_little_ahead_is_no_loss(
    harness: ConsoleHarness, admin: Client
) -> None:
    harness.add_reading("gas-402", 1, T0 - DAY - HOUR, lel_pct=1)
    harness.add_reading("gas-402", 2, T0 - DAY + HOUR, lel_pct=2)
    harness.add_reading("gas-402", 3, T0 + MINUTE, lel_pct=3)

    assert [one["value"] for one in (await admin.get(PATH)).json()["items"]] == [2, 3]
    older = await admin.get(f"{PATH}?to=2026-11-20T14:00:00Z")
    assert [one["value"] for one in older.json()["items"]] == [1]


async def test_pages_hold_everything_once_even_within_one_instant(harness: ConsoleHarness, admin: Client) -> None:
    harness.add_reading("gas-402", 1, T0 - MINUTE, alarm=False, lel_pct=1, co_ppm=2, fault=False, tamper=False)
    harness.add_reading("gas-402", 2, T0, lel_pct=3)
    found: list[Any] = []
    query: dict[str, Any] = {"limit": 2}
    for _ in range(10):
        page = (await admin.get(PATH, params=query)).json()
        found += [(one["at"], one["quantity"]) for one in page["items"]]
        if page["next"] is None:
            break
        query["next"] = page["next"]

    assert len(found) == len(set(found)) == 6
    assert len(page["items"]) == 2


async def test_a_step_gives_one_value_a_bucket(harness: ConsoleHarness, admin: Client) -> None:
    for second in range(4):
        harness.add_reading("gas-402", second + 1, T0 + second * 30_000, lel_pct=second)

    for step in ("1m", "60s", "60"):
        response = await admin.get(f"{PATH}?quantity=lel_pct&step={step}")
        assert [(one["at"][11:19], one["value"]) for one in response.json()["items"]] == [
            ("22:05:00", 0.5),
            ("22:06:00", 2.5),
        ]


async def test_a_doubtful_value_has_its_quality(harness: ConsoleHarness, admin: Client) -> None:
    reading = Reading("gas-402", "gas_alarm", T0, T0, {"lel_pct": 900}, {"lel_pct": Quality.IMPLAUSIBLE})
    harness.history.append(Lane.BULK, 1, [reading])

    assert [one["quality"] for one in (await admin.get(PATH)).json()["items"]] == ["implausible"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("from=yesterday", "from"),
        ("to=1", "to"),
        ("step=soon", "step"),
        ("step=0", "step"),
        ("step=10ms", "step"),
        ("step=-5", "step"),
        ("quantity=mood", "quantity"),
        ("from=2026-11-21T22:05:00Z&to=2026-11-21T21:05:00Z", "from"),
        ("next=1:1", "next"),
    ],
)
async def test_an_invalid_query_is_refused_with_its_field(admin: Client, query: str, field: str) -> None:
    response = await admin.get(f"{PATH}?{query}")

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in response.json()["errors"]] == [field]


async def test_an_unknown_device_has_no_readings(admin: Client) -> None:
    assert (await admin.get("/api/v1/devices/none/readings")).status_code == 404


async def test_rollups_have_the_lowest_and_highest_value_of_a_year(harness: ConsoleHarness, admin: Client) -> None:
    for number in range(10):
        level = 40.5 if number == 4 else 1.0
        harness.add_reading("gas-402", number + 1, T0 - number * 30 * DAY, lel_pct=level, alarm=number == 4)

    page = (await admin.get("/api/v1/devices/gas-402/rollups")).json()

    assert (page["step_ms"], page["next"], page["to"]) == (DAY, None, "2026-11-21T22:10:00.000+08:00")
    by_quantity = {one["quantity"]: one for one in page["items"]}
    assert by_quantity["lel_pct"]["unit"] == "%LEL"
    assert [point["max"] for point in by_quantity["lel_pct"]["points"]] == [1.0] * 5 + [40.5] + [1.0] * 4
    alarm = by_quantity["alarm"]["points"][5]
    assert (alarm["min"], alarm["mean"], alarm["max"], alarm["last"]) == (1.0, None, 1.0, True)


async def test_rollups_of_one_quantity_a_period_and_a_number_of_points(harness: ConsoleHarness, admin: Client) -> None:
    for number in range(24):
        harness.add_reading("gas-402", number + 1, T0 - number * HOUR, lel_pct=number, co_ppm=1)
    query = {
        "quantity": "lel_pct",
        "from": "2026-11-21T10:00:00+08:00",
        "to": "2026-11-21T22:00:00+08:00",
        "points": "12",
    }

    page = (await admin.get("/api/v1/devices/gas-402/rollups", params=query)).json()

    assert (page["step_ms"], [one["quantity"] for one in page["items"]]) == (HOUR, ["lel_pct"])
    assert len(page["items"][0]["points"]) == 12
    refused = await admin.get("/api/v1/devices/gas-402/rollups", params={"quantity": "smell"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "quantity")
    assert (await admin.get("/api/v1/devices/gas-402/rollups", params={"points": "5000"})).status_code == 422


async def test_rollups_of_a_period_that_a_link_may_not_see_are_empty(harness: ConsoleHarness, admin: Client) -> None:
    harness.add_reading("gas-402", 1, T0 - 300 * DAY, lel_pct=1)
    old = {"from": "2025-01-01T00:00:00+08:00", "to": "2025-01-02T00:00:00+08:00"}
    assert (await admin.get("/api/v1/devices/gas-402/rollups", params=old)).json()["items"] == []
