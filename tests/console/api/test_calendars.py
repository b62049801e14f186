"""Rosters as iCalendar files over HTTP: of a line, a rotation, a cell and a person, and imported again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from icalendar import Calendar

from tests.support.console_harness import Client, ConsoleHarness

IMPORT = "/api/v1/rosters/import"
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
DTSTART;TZID=Asia/Shanghai:20261122T080000
DTEND;TZID=Asia/Shanghai:20261122T200000
RRULE:FREQ=DAILY;COUNT=2
SUMMARY:李四 网格员
LOCATION:第四网格
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20261123
SUMMARY:张三 年假
END:VEVENT
END:VCALENDAR
"""
ROTATION = {
    "id": "r-1", "name": "两班倒", "cells": ["grid-4"], "role": "worker",
    "layers": [{"members": ["w-zhang", "w-li"], "start": "2026-11-21", "handover": {"every": "1d"}}],
}  # fmt: skip


def summaries(text: bytes) -> set[str]:
    return {str(event["SUMMARY"]) for event in Calendar.from_ical(text).walk("VEVENT")}


async def test_a_line_a_rotation_and_a_cell_are_calendars(admin: Client) -> None:
    assert (await admin.post("/api/v1/rotations", json=ROTATION)).status_code == 201
    line = await admin.get("/api/v1/rosters/d-2.ics")
    assert line.headers["content-type"].startswith("text/calendar")
    assert summaries(line.content) == {"李四 值班 第三网格网格长"}
    turns = await admin.get("/api/v1/rosters/r-1.ics")
    assert summaries(turns.content) == {"张三 值班 第四网格网格员", "李四 值班 第四网格网格员"}
    cell = await admin.get("/api/v1/rosters/grid-3.ics")
    assert summaries(cell.content) == {"张三 值班 第三网格网格员", "李四 值班 第三网格网格长"}
    assert (await admin.get("/api/v1/rosters/nothing.ics")).status_code == 404


async def test_a_person_subscribes_by_a_secret_link_that_can_be_revoked(
    admin: Client, anyone: Client, bearer: Callable[..., Any]
) -> None:
    worker = await bearer("worker", person="w-li")
    created = await worker.post("/api/v1/people/w-li/calendar-link")
    assert created.status_code == 201, created.text
    path = created.json()["path"]
    calendar = await anyone.get(path)
    assert summaries(calendar.content) == {"李四 值班 第三网格网格长"}
    assert b"19900000002" not in calendar.content
    cover = {
        "kind": "cover", "person": "w-zhang", "substitute": "w-li", "reason": "顶班",
        "from": "2026-11-22T08:00:00+08:00", "until": "2026-11-22T20:00:00+08:00",
    }  # fmt: skip
    assert (await admin.post("/api/v1/rosters/overrides", json=cover)).status_code == 201
    assert "李四 值班 第三网格网格员" in summaries((await anyone.get(path)).content)

    assert (await worker.post("/api/v1/people/w-zhang/calendar-link")).status_code == 403
    assert (await admin.post("/api/v1/people/unknown/calendar-link")).status_code == 404
    assert (await worker.delete("/api/v1/people/w-li/calendar-link")).status_code == 204
    assert (await anyone.get(path)).status_code == 404
    assert (await anyone.get("/api/v1/calendars/guess.ics")).status_code == 404


async def test_an_imported_calendar_is_on_duty_and_a_second_import_changes_and_removes(
    harness: ConsoleHarness, admin: Client
) -> None:
    imported = await admin.post(IMPORT, content=EVENT.encode())
    assert imported.status_code == 200, imported.text
    assert (len(imported.json()["duties"]), len(imported.json()["overrides"])) == (2, 1)
    params = {"place": "court-101", "role": "worker", "at": "2026-11-23T12:00:00+08:00"}
    on_duty = (await admin.get("/api/v1/rosters/on-duty", params=params)).json()["items"]
    assert [one["id"] for one in on_duty] == ["w-li"]

    shorter = EVENT.replace("RRULE:FREQ=DAILY;COUNT=2\n", "").replace("SUMMARY:张三 年假\n", "STATUS:CANCELLED\n")
    again = await admin.post(IMPORT, content=shorter.encode())
    assert (len(again.json()["duties"]), again.json()["overrides"]) == (1, [])
    assert len(harness.community.duties) == 3
    assert list(harness.community.overrides) == []


async def test_what_an_exported_roster_says_is_imported_unchanged(harness: ConsoleHarness, admin: Client) -> None:
    exported = await admin.get("/api/v1/rosters/d-2.ics")
    imported = await admin.post(IMPORT, content=exported.content)
    assert imported.status_code == 200, imported.text
    lines = [duty for duty in harness.community.duties if duty.id.startswith("ics-")]
    assert lines
    assert {(duty.person, duty.cell, duty.role) for duty in lines} == {("w-li", "grid-3", "lead")}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (EVENT.replace("FREQ=DAILY", "FREQ=SECONDLY"), "7: RRULE"),
        (EVENT.replace("李四", "王五"), "8: SUMMARY"),
        ("nothing", "1: "),
    ],
)
async def test_a_faulty_calendar_is_refused_with_its_lines(
    harness: ConsoleHarness, admin: Client, text: str, field: str
) -> None:
    refused = await admin.post(IMPORT, content=text.encode())
    assert refused.status_code == 422
    assert field in {error["field"] for error in refused.json()["errors"]}
    assert harness.reloads == 0


async def test_persons_cells_and_roles_of_all_events_must_exist(admin: Client, bearer: Callable[..., Any]) -> None:
    assert (await admin.post(IMPORT, params={"cell": "nowhere"}, content=EVENT.encode())).status_code == 422
    assert (await (await bearer("operator")).post(IMPORT, content=EVENT.encode())).status_code == 403
