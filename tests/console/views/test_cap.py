"""Alerts as CAP 1.2 messages: valid whatever the alert is, with references, times and both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alert import State
from console.views import cap
from console.views.cap_area import CapArea
from domain import DAY, Severity
from tests.support.cap_messages import CAP, valid_message
from tests.support.console_harness import SHANGHAI, T0, Client, ConsoleHarness

AREA = CapArea("枫林街道枫林苑3栋402", None, "30.657000,104.080000 0.05", (("GB/T 2260", "510104"),))


def text_of(message: Element, name: str) -> str | None:
    return message.findtext(f".//{CAP}{name}")


def texts_of(message: Element, name: str) -> list[str | None]:
    return [element.text for element in message.iterfind(f".//{CAP}{name}")]


async def test_an_alert_is_a_cap_message(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    response = await admin.get(f"/cap/alerts/{number}.xml")
    message = valid_message(response.text)

    assert response.headers["content-type"].startswith("application/cap+xml")
    assert {
        name: text_of(message, name) for name in ("msgType", "status", "scope", "severity", "urgency", "event")
    } == {
        "msgType": "Alert",
        "status": "Actual",
        "scope": "Restricted",
        "severity": "Extreme",
        "urgency": "Immediate",
        "event": "燃气泄漏",
    }
    assert text_of(message, "sent") == "2026-11-21T22:05:00+08:00"
    assert text_of(message, "expires") == "2026-11-22T22:05:00+08:00"
    assert text_of(message, "areaDesc") == "枫林街道枫林苑3栋402"
    assert text_of(message, "instruction") == "勿开关电器"
    assert texts_of(message, "language") == ["zh-CN", "en-US"]
    assert "王小明" not in response.text


async def test_every_change_refers_to_all_messages_before_it_and_the_end_is_a_cancel(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    number, li = await harness.alert(), await bearer("dispatcher", person="w-li")

    async def message() -> Element:
        return valid_message((await admin.get(f"/cap/alerts/{number}.xml")).text)

    messages = [await message()]
    for action, person in (("acknowledge", "w-zhang"), ("resolve", "w-zhang"), ("verify", "w-li")):
        harness.now += 90_000
        client = li if action == "verify" else admin
        done = await client.post(f"/api/v1/alerts/{number}/{action}", json={"person": person})
        assert done.status_code == 200, done.text
        messages.append(await message())

    assert [text_of(one, "msgType") for one in messages] == ["Alert", "Update", "Update", "Cancel"]
    earlier = [f"枫树社区,{text_of(one, 'identifier')},{text_of(one, 'sent')}" for one in messages]
    assert [text_of(one, "references") for one in messages] == [
        None, earlier[0], " ".join(earlier[:2]), " ".join(earlier[:3])
    ]  # fmt: skip
    assert text_of(messages[-1], "urgency") == "Past"
    assert text_of(messages[-1], "responseType") == "AllClear"
    assert text_of(messages[-1], "expires") == text_of(messages[-1], "sent")


def test_an_exercise_is_marked_in_status_note_and_headline() -> None:
    message = valid_message(cap.document(view(exercise=True), AREA, "枫树社区", SHANGHAI))

    assert (text_of(message, "status"), text_of(message, "note")) == ("Exercise", "演练，非真实险情。")
    assert texts_of(message, "headline") == ["演练：紧急：燃气泄漏", "Exercise: Critical: Gas alarm"]


@pytest.mark.parametrize(
    ("changes", "certainty"),
    [
        ({}, "Observed"),
        ({"stale": True}, "Likely"),
        ({"source": "report"}, "Likely"),
        ({"source": "report", "state": "on_site"}, "Observed"),
    ],
)
def test_what_was_only_reported_or_fell_silent_is_likely(changes: dict[str, Any], certainty: str) -> None:
    message = valid_message(cap.document(view(**changes), AREA, "枫树社区", SHANGHAI))

    assert texts_of(message, "certainty") == [certainty, certainty]


def test_evidence_is_described_except_of_a_body_and_of_a_report() -> None:
    lines = [{"text": "浓度 23 %LEL", "text_en": "23 %LEL"}, {"text": None, "text_en": None}]
    gas = valid_message(cap.document(view(evidence=lines), AREA, "枫树社区", SHANGHAI))
    hearts = cap.document(view(hazard="person", evidence=lines), AREA, "枫树社区", SHANGHAI)
    citizen = cap.document(view(source="report", evidence=lines, title="请打13800138000"), AREA, "枫树社区", SHANGHAI)

    assert texts_of(gas, "description") == ["浓度 23 %LEL", "23 %LEL"]
    assert "LEL" not in hearts + citizen
    assert "13800138000" not in citizen


def test_an_outline_takes_the_place_of_a_circle() -> None:
    area = CapArea("枫林苑", "30.1,104.1 30.2,104.1 30.2,104.2 30.1,104.1")
    message = valid_message(cap.document(view(), area, "枫树社区", SHANGHAI))

    assert (text_of(message, "polygon"), text_of(message, "circle")) == (area.polygon, None)


def test_a_long_chain_keeps_the_first_and_the_newest_messages() -> None:
    timeline = [{"at": T0 + second * 1000, "kind": "joined"} for second in range(1, 60)]
    long = view(updated_at=T0 + 60_000, timeline=[*timeline, {"at": T0 + 500, "kind": "comment"}])
    references = (text_of(valid_message(cap.document(long, AREA, "枫树社区", SHANGHAI)), "references") or "").split()

    assert len(references) == cap.REFERENCES_MAX
    assert f"fengshao-31-{T0}" in references[0]
    assert f"fengshao-31-{T0 + 59_000}" in references[-1]


def test_text_of_people_cannot_break_the_document() -> None:
    hostile = view(title="<b>&", advice="", hazard="dragon")
    message = valid_message(cap.document(hostile, CapArea(""), "a b,c<&", SHANGHAI))

    assert (text_of(message, "event"), text_of(message, "sender")) == ("<b>&", "a_b_c__")
    assert (text_of(message, "areaDesc"), text_of(message, "category"), text_of(message, "instruction")) == (
        "位置未登记",
        "Other",
        None,
    )
    assert text_of(valid_message(cap.document(hostile, AREA, "", SHANGHAI)), "sender") == "fengshao"


INSTANTS = st.integers(min_value=0, max_value=4_000_000_000_000)


@settings(max_examples=40, deadline=None)
@given(
    title=st.text(max_size=40),
    advice=st.text(max_size=40),
    address=st.text(max_size=40),
    site=st.text(max_size=20),
    hazard=st.sampled_from(["gas", "fire", "person", "street", "离奇"]),
    severity=st.sampled_from(list(Severity)),
    state=st.sampled_from(list(State)),
    opened=INSTANTS,
    changes=st.lists(st.integers(0, 10 * DAY), max_size=5),
    flags=st.tuples(st.booleans(), st.booleans(), st.sampled_from(["device", "report", "manual", "external"])),
    titles=st.tuples(st.none() | st.text(max_size=20), st.none() | st.text(max_size=20)),
)
def test_every_alert_in_every_state_is_a_valid_message(
    title: str,
    advice: str,
    address: str,
    site: str,
    hazard: str,
    severity: Severity,
    state: State,
    opened: int,
    changes: list[int],
    flags: tuple[bool, bool, str],
    titles: tuple[str | None, str | None],
) -> None:
    ats = sorted(opened + change for change in changes)
    alert = view(
        title=title,
        title_en=titles[0],
        advice=advice,
        hazard=hazard,
        severity=severity.value,
        state=state.value,
        started_at=opened,
        opened_at=opened,
        updated_at=ats[-1] if ats else opened,
        timeline=[{"at": at, "kind": "joined"} for at in ats],
        exercise=flags[0],
        stale=flags[1],
        source=flags[2],
        evidence=[{"text": titles[0], "text_en": titles[1]}],
    )
    valid_message(cap.document(alert, CapArea(address), site, SHANGHAI))


def view(**changes: Any) -> dict[str, Any]:
    return {
        "id": "31",
        "title": "燃气泄漏",
        "hazard": "gas",
        "severity": "critical",
        "state": "open",
        "address": "枫林苑3栋402",
        "advice": "勿开关电器",
        "started_at": T0,
        "opened_at": T0,
        "updated_at": T0,
        **changes,
    }
