"""Messages of real makers that were misread once: what each must end as, from bug reports and published codecs.

`misread_messages.json` bears the message, where it is from and what must come of it. `waits` names why one is still
wrong, `filters` what the site listens to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from domain import Device, Identity, Quality
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import IngestResult

NOW = 1795904000000
"""Just after the last of the messages."""

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "misread_messages.json").read_text())


def registered(case: Mapping[str, Any]) -> Device | None:
    registration = case["register"]
    if not registration.get("kind"):
        return None
    named = tuple(Identity(each["platform"], each["id"]) for each in registration["identities"])
    return Device(registration["id"], registration["kind"], identities=named, model=registration.get("model"))


def heard_of(case: Mapping[str, Any], build_decoder: Callable[..., Decoder]) -> IngestResult:
    """Each message `gap_s` behind the one before."""
    device = registered(case)
    decoder = build_decoder(*([device] if device else []), filters=case.get("filters"))
    frames = []
    for number, message in enumerate(case["messages"]):
        content = message["payload"]
        payload = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        at = NOW + number * case.get("gap_s", 1) * 1_000
        frames.append(Frame(message["topic"], payload, at, "bulk", retain=message.get("retain", False)))
    result = IngestResult()
    for frame in frames:
        one = decoder.decode([frame])
        result.readings += one.readings
        result.refusals += one.refusals
        result.events += one.events
    return result


DANGERS = ("alarm", "leak", "sos", "opened", "flooded", "burst", "fall")


def fits(expected: Mapping[str, Any], result: IngestResult) -> list[str]:
    """What is not as it must be."""
    wrong: list[str] = []
    values = {name: value for reading in result.readings for name, value in reading.values.items()}
    every = [(name, value) for reading in result.readings for name, value in reading.values.items()]
    doubts = {name: quality for reading in result.readings for name, quality in reading.doubts.items()}
    for name, value in expected.get("says", {}).items():
        if name not in values or (
            values[name] is not value if type(value) is bool else abs(values[name] - value) > 1e-6
        ):
            wrong.append(f"{name} must be {value!r} and is {values.get(name)!r}")
    wrong += [
        f"{name} {value!r} was said once" for name, value in expected.get("never", {}).items() if (name, value) in every
    ]
    wrong += [
        f"{name} is no {quality}"
        for name, quality in expected.get("quality", {}).items()
        if doubts.get(name) != Quality(quality)
    ]
    danger = any(
        name in DANGERS and value is True
        for reading in result.readings
        if not reading.is_test
        for name, value in reading.values.items()
    )
    has_danger = danger or any(refusal.danger for refusal in result.refusals)
    if "told" in expected and has_danger is not expected["told"]:
        wrong.append(f"told is {has_danger}")
    reasons = [refusal.reason.value for refusal in result.refusals]
    if "refused" in expected and sorted(set(reasons)) != sorted(expected["refused"]):
        wrong.append(f"refused for {reasons}: {[refusal.detail for refusal in result.refusals]}")
    if "count" in expected and expected["count"] != len(result.readings):
        wrong.append(f"{len(result.readings)} readings")
    if "unheard" in expected and not any("no filter" in event.detail for event in result.events):
        wrong.append("nobody says that its topic is not listened to")
    if "times" in expected and expected["times"] != [reading.at for reading in result.readings]:
        wrong.append(f"at {[reading.at for reading in result.readings]}")
    return wrong


def marked(case: dict[str, Any]) -> Any:
    marks = [pytest.mark.xfail(reason=case["waits"], strict=True)] if "waits" in case else []
    return pytest.param(case, id=case["id"], marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_message_that_was_misread_once_is_read(case: dict[str, Any], build_decoder: Callable[..., Decoder]) -> None:
    result = heard_of(case, build_decoder)
    found = [fits(each, result) for each in case["expect"]]

    assert [] in found, [reading.values for reading in result.readings]
