"""Whatever a cloud platform sends, its adapter answers: readings with names, a note, or a refusal that says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest.adapters
from ingest.adapters import ADAPTERS
from ingest.frame import Frame
from ingest.results import DeviceEvent, RawReading, Rejection

FOLDER = Path(ingest.adapters.__file__).parent
PLATFORMS = ("alink", "iotda", "ctwing", "thingsboard", "jetlinks", "jftech")
CASES = [
    (platform, case["topic"], case["payload"])
    for platform in PLATFORMS
    for book in [yaml.safe_load((FOLDER / f"{platform}.yaml").read_text())]
    for case in (*book["read"], *book["refuse"])
    if "payload" in case
]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**70, 1e308, "", "undefined", "{}", [], {}, [[]], {"value": {}}, {"a": {"b": []}}, {"": ""}]
)


@st.composite
def spoiled(draw: st.DrawFn, said: Any) -> Any:
    """A message of which some parts are something else, or gone."""
    if draw(st.integers(0, 11)) == 0:
        return draw(ODD)
    if isinstance(said, dict):
        return {name: draw(spoiled(each)) for name, each in said.items() if draw(st.integers(0, 15))}
    return [draw(spoiled(each)) for each in said] if isinstance(said, list) else said


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, Frame]:
    platform, topic, payload = draw(st.sampled_from(CASES))
    levels = topic.split("/")
    if draw(st.integers(0, 9)) == 0:
        levels.insert(draw(st.integers(0, len(levels))), draw(st.sampled_from(["", "child", "me", "event", "post"])))
    try:
        said = json.loads(payload)
    except ValueError:
        said = draw(ODD)
    body = json.dumps(draw(spoiled(said))).encode()
    return platform, Frame("/".join(levels), body[: draw(st.integers(0, len(body) * 20))], 1767225660000, "bulk")


@settings(max_examples=600, deadline=None)
@given(messages())
def test_no_message_makes_its_adapter_raise_or_return_nothing(sent: tuple[str, Frame]) -> None:
    platform, frame = sent
    said = ADAPTERS[platform](frame)

    assert said
    for each in said if isinstance(said, list) else [said]:
        assert isinstance(each, RawReading | DeviceEvent | Rejection)
        assert each.identity is None or (isinstance(each.identity, str) and each.identity)
        if isinstance(each, RawReading):
            assert each.identity
            assert all(isinstance(name, str) for name in (*each.fields, *each.aliases))
            assert each.model is None or isinstance(each.model, str)
        else:
            assert each.detail or isinstance(each, DeviceEvent)
