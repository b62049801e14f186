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
    said = case["register"]
    if not said.get("kind"):
        return None
    named = tuple(Identity(each["platform"], each["id"]) for each in said["identities"])
    return Device(said["id"], said["kind"], identities=named, model=said.get("model"))


def heard_of(case: Mapping[str, Any], listener: Callable[..., Decoder]) -> IngestResult:
    """Each message `gap_s` behind the one before."""
    device = registered(case)
    ours = listener(*([device] if device else []), filters=case.get("filters"))
    frames = []
    for number, message in enumerate(case["messages"]):
        said = message["payload"]
        payload = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        at = NOW + number * case.get("gap_s", 1) * 1_000
        frames.append(Frame(message["topic"], payload, at, "bulk", retain=message.get("retain", False)))
    heard = IngestResult()
    for frame in frames:
        one = ours.decode([frame])
        heard.readings += one.readings
        heard.refusals += one.refusals
        heard.events += one.events
    return heard


DANGERS = ("alarm", "leak", "sos", "opened", "flooded", "burst", "fall")


def fits(expected: Mapping[str, Any], heard: IngestResult) -> list[str]:
    """What is not as it must be."""
    wrong: list[str] = []
    said = {name: value for reading in heard.readings for name, value in reading.values.items()}
    every = [(name, value) for reading in heard.readings for name, value in reading.values.items()]
    doubts = {name: quality for reading in heard.readings for name, quality in reading.doubts.items()}
    for name, value in expected.get("says", {}).items():
        if name not in said or (said[name] is not value if type(value) is bool else abs(said[name] - value) > 1e-6):
            wrong.append(f"{name} must be {value!r} and is {said.get(name)!r}")
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
        for reading in heard.readings
        if not reading.is_test
        for name, value in reading.values.items()
    )
    told = danger or any(one.danger for one in heard.refusals)
    if "told" in expected and told is not expected["told"]:
        wrong.append(f"told is {told}")
    reasons = [one.reason.value for one in heard.refusals]
    if "refused" in expected and sorted(set(reasons)) != sorted(expected["refused"]):
        wrong.append(f"refused for {reasons}: {[one.detail for one in heard.refusals]}")
    if "count" in expected and expected["count"] != len(heard.readings):
        wrong.append(f"{len(heard.readings)} readings")
    if "unheard" in expected and not any("no filter" in one.detail for one in heard.events):
        wrong.append("nobody says that its topic is not listened to")
    if "times" in expected and expected["times"] != [reading.at for reading in heard.readings]:
        wrong.append(f"at {[reading.at for reading in heard.readings]}")
    return wrong


def marked(case: dict[str, Any]) -> Any:
    marks = [pytest.mark.xfail(reason=case["waits"], strict=True)] if "waits" in case else []
    return pytest.param(case, id=case["id"], marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_what_was_misread_is_read(case: dict[str, Any], listener: Callable[..., Decoder]) -> None:
    heard = heard_of(case, listener)
    found = [fits(each, heard) for each in case["expect"]]

    assert [] in found, [each.values for each in heard.readings]
