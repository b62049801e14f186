"""Any message of a cloud platform gives readings, an event, or a rejection with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import ingest.adapters
from ingest.adapters import ADAPTERS
from ingest.frame import Frame
from ingest.results import DeviceEvent, RawReading, Rejection
from tests.support.long_form import examples
from tests.support.yaml_text import load_yaml

FOLDER = Path(ingest.adapters.__file__).parent
PLATFORMS = ("alink", "iotda", "ctwing", "thingsboard", "jetlinks", "jftech")
CASES = [
    (platform, case["topic"], case["payload"])
    for platform in PLATFORMS
    for book in [load_yaml((FOLDER / f"{platform}.yaml").read_text())]
    for case in (*book["read"], *book["refuse"])
    if "payload" in case
]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**70, 1e308, "", "undefined", "{}", [], {}, [[]], {"value": {}}, {"a": {"b": []}}, {"": ""}]
)


@st.composite
def corrupted(draw: st.DrawFn, message: Any) -> Any:
    """A message with some parts replaced or removed."""
    if draw(st.integers(0, 11)) == 0:
        return draw(ODD)
    if isinstance(message, dict):
        return {name: draw(corrupted(item)) for name, item in message.items() if draw(st.integers(0, 15))}
    return [draw(corrupted(item)) for item in message] if isinstance(message, list) else message


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, Frame]:
    platform, topic, payload = draw(st.sampled_from(CASES))
    levels = topic.split("/")
    if draw(st.integers(0, 9)) == 0:
        levels.insert(draw(st.integers(0, len(levels))), draw(st.sampled_from(["", "child", "me", "event", "post"])))
    try:
        message = json.loads(payload)
    except ValueError:
        message = draw(ODD)
    body = json.dumps(draw(corrupted(message))).encode()
    return platform, Frame("/".join(levels), body[: draw(st.integers(0, len(body) * 20))], 1767225660000, "bulk")


@settings(max_examples=examples(600, short=200), deadline=None)
@given(messages())
def test_no_message_makes_its_adapter_raise_or_return_nothing(sent: tuple[str, Frame]) -> None:
    platform, frame = sent
    message = ADAPTERS[platform](frame)

    assert message
    for item in message if isinstance(message, list) else [message]:
        assert isinstance(item, RawReading | DeviceEvent | Rejection)
        assert item.identity is None or (isinstance(item.identity, str) and item.identity)
        if isinstance(item, RawReading):
            assert item.identity
            assert all(isinstance(name, str) for name in (*item.fields, *item.aliases))
            assert item.model is None or isinstance(item.model, str)
        else:
            assert item.detail or isinstance(item, DeviceEvent)
