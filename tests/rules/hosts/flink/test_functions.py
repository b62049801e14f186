"""The keyed process functions with a context of our own: Flink's classes are stood in for, its calls are recorded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module, reload
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from domain import Device, Finding, Place, Reading
from domain.kind import Kind
from domain.people import community
from rules.hosts.flink.definitions import JobDefinitions
from rules.hosts.keyed.events import CLOCK, KeyedReadings, Registered, encode_event
from rules.hosts.keyed.registry import registry_slice
from rules.rulebook.model import Rulebook
from rules.trials.model import START

TOWN = community([Place("b1", "1栋", "building"), Place("h1", "101", "household", parent="b1")])


class FakeContext:
    """Runtime context, timer service and the context of a call in one: state and timers of the keys."""

    def __init__(self) -> None:
        self.key, self.states, self.timers = "", dict[tuple[str, str], Any](), set[tuple[int, str]]()

    def get_state(self, descriptor: str) -> FakeState:
        return FakeState(self, descriptor)

    def get_current_key(self) -> str:
        return self.key

    def timer_service(self) -> FakeContext:
        return self

    def register_event_time_timer(self, at: int) -> None:
        self.timers.add((at, self.key))

    def delete_event_time_timer(self, at: int) -> None:
        self.timers.discard((at, self.key))


class FakeState:
    def __init__(self, context: FakeContext, name: str) -> None:
        self._context, self._name = context, name

    def value(self) -> Any:
        return self._context.states.get((self._context.key, self._name))

    def update(self, value: Any) -> None:
        self._context.states[self._context.key, self._name] = value


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    names = {
        "pyflink": (), "pyflink.common": ("Types",), "pyflink.datastream": ("KeyedProcessFunction", "RuntimeContext"),
        "pyflink.datastream.state": ("ValueState", "ValueStateDescriptor"),
    }  # fmt: skip
    for name, classes in names.items():
        module = ModuleType(name)
        for one in classes:
            setattr(module, one, type(one, (), {}))
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["pyflink.common"].Types.PICKLED_BYTE_ARRAY = staticmethod(lambda: None)  # type: ignore[attr-defined]
    sys.modules["pyflink.datastream.state"].ValueStateDescriptor = lambda name, _: name  # type: ignore[attr-defined]
    loaded = "rules.hosts.flink.functions" in sys.modules
    module = import_module("rules.hosts.flink.functions")
    yield reload(module) if loaded else module
    sys.modules.pop("rules.hosts.flink.functions", None)


@pytest.fixture
def definitions(tmp_path: Path, books: dict[str, Rulebook], kinds: dict[str, Kind]) -> str:
    (tmp_path / "definitions.json").write_bytes(JobDefinitions(kinds, list(books.values())).dump())
    return str(tmp_path / "definitions.json")


def alarm(name: str) -> list[bytes]:
    registry = registry_slice([Device(name, "gas_alarm", place="h1")], TOWN)
    reading = Reading(name, "gas_alarm", START, START, {"alarm": True})
    events = (Registered(START, registry), KeyedReadings(START, (reading,)))
    return [encode_event(name, event) for event in events]


def opened(function: Any) -> tuple[Any, FakeContext]:
    context = FakeContext()
    function.open(context)
    return function, context


def feed(function: Any, context: FakeContext, key: str, records: list[bytes]) -> list[bytes]:
    context.key = key
    return [out for record in records for out in function.process_element(record, context)]


def test_a_danger_comes_out_at_once_and_its_group_in_the_second_stage(functions: ModuleType, definitions: str) -> None:
    devices, context = opened(functions.DeviceFunction(definitions))
    out = [one for name in ("gas-1", "gas-2", "gas-3") for one in feed(devices, context, name, alarm(name))]
    findings = [one for one in out if one[:1] == functions.FINDING]
    first = msgspec.json.decode(findings[0].split(b"\n", 1)[1], type=Finding)
    assert (len(findings), first.rule, first.place) == (3, "gas-alarm", "h1")

    groups, second = opened(functions.GroupFunction(definitions))
    changes = [one for one in out if one[:1] == functions.GROUP_EVENT]
    assert feed(groups, second, "building/b1", changes) == []
    assert second.timers == {(START, "building/b1")}
    (found,) = groups.on_timer(START, second)
    assert msgspec.json.decode(found.split(b"\n", 1)[1], type=Finding).subject.id == "b1"


def test_a_key_has_one_timer_and_a_clock_changes_nothing(functions: ModuleType, definitions: str) -> None:
    devices, context = opened(functions.DeviceFunction(definitions))
    feed(devices, context, "gas-1", alarm("gas-1"))
    assert len(context.timers) == 1
    (at, _), *_ = context.timers
    before = dict(context.states)
    assert feed(devices, context, "", [CLOCK]) == []
    assert context.states == before
    context.key = "gas-1"
    context.timers.clear()  # Flink removes a timer before it calls
    list(devices.on_timer(at, context))
    assert all(due > at for due, _ in context.timers)


def test_a_restart_goes_on_from_the_state_that_was_kept(functions: ModuleType, definitions: str) -> None:
    devices, context = opened(functions.DeviceFunction(definitions))
    feed(devices, context, "gas-1", alarm("gas-1"))
    again = functions.DeviceFunction(definitions)
    again.open(context)
    over = KeyedReadings(START + 1, (Reading("gas-1", "gas_alarm", START + 1, START + 1, {"alarm": False}),))
    feed(again, context, "gas-1", [encode_event("gas-1", over)])
    assert context.states["gas-1", "state"] is not None
    assert context.states["gas-1", "registry"] is not None
