"""Alerts as CAP 1.2 messages."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from console.views import cap
from tests.support.console_harness import SHANGHAI, T0, Client, ConsoleHarness

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


# The order of elements is part of the schema.
ALERT_ORDER = ["identifier", "sender", "sent", "status", "msgType", "scope", "restriction", "references", "info"]


INFO_ORDER = [
    "language",
    "category",
    "event",
    "urgency",
    "severity",
    "certainty",
    "onset",
    "senderName",
    "headline",
    "instruction",
    "area",
]


def text_of(message: Element, name: str) -> str | None:
    return message.findtext(f".//{CAP}{name}")


async def test_an_alert_is_a_cap_message(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    response = await admin.get(f"/cap/alerts/{number}.xml")
    message = fromstring(response.content)

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
    assert text_of(message, "areaDesc") == "枫林苑3栋402"
    assert text_of(message, "instruction") == "勿开关电器"
    assert "王小明" not in response.text


async def test_a_change_is_an_update_that_names_the_first_message_and_the_end_a_cancel(
    harness: ConsoleHarness, admin: Client
) -> None:
    number = await harness.alert()
    first = fromstring((await admin.get(f"/cap/alerts/{number}.xml")).content)
    harness.now += 90_000
    for action, person in (("acknowledge", "w-zhang"), ("resolve", "w-zhang")):
        await admin.post(f"/api/v1/alerts/{number}/{action}", json={"person": person})
    update = fromstring((await admin.get(f"/cap/alerts/{number}.xml")).content)
    await admin.post(f"/api/v1/alerts/{number}/verify", json={"person": "w-li"})
    over = fromstring((await admin.get(f"/cap/alerts/{number}.xml")).content)

    assert [text_of(one, "msgType") for one in (first, update, over)] == ["Alert", "Update", "Cancel"]
    assert text_of(update, "references") == f"枫树社区,{text_of(first, 'identifier')},{text_of(first, 'sent')}"
    assert text_of(over, "urgency") == "Past"


def test_the_elements_stand_in_the_order_of_the_schema() -> None:
    message = fromstring(cap.document(view(updated_at=T0 + 1), "枫树社区", SHANGHAI))

    assert [child.tag.removeprefix(CAP) for child in message] == ALERT_ORDER
    assert [child.tag.removeprefix(CAP) for child in message[-1]] == INFO_ORDER


def test_text_of_people_cannot_break_the_document() -> None:
    hostile = view(title="<b>&", advice="", address="", hazard="dragon")
    message = fromstring(cap.document(hostile, "a b,c<&", SHANGHAI))

    assert (text_of(message, "event"), text_of(message, "sender")) == ("<b>&", "a_b_c__")
    assert (text_of(message, "areaDesc"), text_of(message, "category"), text_of(message, "instruction")) == (
        "位置未登记",
        "Other",
        None,
    )
    assert text_of(fromstring(cap.document(hostile, "", SHANGHAI)), "sender") == "fengshao"


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
