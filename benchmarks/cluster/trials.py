"""The trials of the rulebooks through one job on a cluster: each trial has devices, places and people of its own names,
and all run side by side.

Records of all trials are written in order of time, so that the watermark passes them as it would a city's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from domain import Device, Finding, Instant
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.keyed.events import KeyedEvent, KeyedReadings, Registered
from rules.hosts.keyed.registry import RegistrySlice, registry_slice
from rules.hosts.keyed.stages import plan_stages, subject_keys
from rules.hosts.replay import ReadingBatch
from rules.rulebook.model import ANY_KIND, Rule, Rulebook
from rules.trials.model import Trial, TrialBook
from rules.trials.runner import as_expectations
from rules.trials.scenario import Scenario, build_scenario
from rules.trials.series import normalize_expectation

TimedEvent = tuple[Instant, str, KeyedEvent]
"""When it is received, the key, and the event."""
_NAMES = ("person", "line", "gateway")
"""Attributes that name something."""


class KeyedTrial(Struct):
    """A trial, its scenario under names of its own, and the keys of its devices."""

    trial: Trial
    prefix: str
    scenario: Scenario
    keys: dict[str, str]

    @property
    def name(self) -> str:
        return self.trial.name

    def events(self) -> Iterator[TimedEvent]:
        """What ingest workers would write; at the end the devices are removed."""
        scenario, members = self.scenario, self._members()
        for key, devices in members.items():
            yield scenario.start, key, Registered(scenario.start, registry_slice(devices, scenario.community))
        for event in scenario.events():
            if not isinstance(event, ReadingBatch):
                yield from ((event.now, key, event) for key in members)
                continue
            for key, devices in members.items():
                names = {device.id for device in devices}
                if share := tuple(reading for reading in event.readings if reading.device in names):
                    yield event.now, key, KeyedReadings(event.now, share)
        yield from ((scenario.end + 1, key, Registered(scenario.end + 1, RegistrySlice())) for key in members)

    def _members(self) -> dict[str, list[Device]]:
        members: dict[str, list[Device]] = {}
        for device in self.scenario.devices:
            members.setdefault(self.keys[device.id], []).append(device)
        return members

    def expected(self) -> tuple[str, ...]:
        """In the notation of expectations."""
        return tuple(normalize_expectation(text) for text in self.trial.expect)

    def got(self, findings: Sequence[Finding]) -> tuple[str, ...]:
        """The findings of its rule within its time, in the notation of expectations."""
        own = [one for one in findings if one.now <= self.scenario.end]
        return as_expectations(sorted(own, key=lambda one: one.now), self.trial.rule, self.scenario.start)


def keyed_trials(
    books: Mapping[str, Rulebook], trials: Mapping[str, TrialBook], kinds: Mapping[str, Kind], copies: int = 1
) -> list[KeyedTrial]:
    """Every trial of every book, `copies` times. `books` and `trials` by the name of the book's file."""
    engine = Engine(plan_stages(list(books.values())).first_stage, kinds, community())
    found: list[KeyedTrial] = []
    for name, book in [*books.items()] * copies:
        rules = {rule.name: rule for rule in book.rules}
        for trial in trials[name].trials:
            prefix = f"t{len(found)}-"
            scenario = _renamed(build_scenario(trial, _of_every_kind(rules[trial.rule], kinds)), prefix)
            keys = subject_keys(scenario.devices, engine, scenario.community)
            found.append(KeyedTrial(trial, prefix, scenario, keys))
    return found


def _of_every_kind(rule: Rule, kinds: Mapping[str, Kind]) -> Rule:
    return rule.model_copy(update={"kind": sorted(kinds)}) if ANY_KIND in rule.kinds else rule


def _renamed(scenario: Scenario, prefix: str) -> Scenario:
    """The scenario with a prefix before every name of a device, place, cell, person, line and gateway."""

    def renamed(name: str | None) -> str | None:
        return None if name is None else prefix + name

    whole = scenario.community
    return replace(
        scenario,
        devices=tuple(_renamed_device(device, prefix) for device in scenario.devices),
        community=community(
            [
                replace(one, id=prefix + one.id, parent=renamed(one.parent), cell=renamed(one.cell))
                for one in whole.places.values()
            ],
            [replace(one, id=prefix + one.id) for one in whole.cells.values()],
            [replace(one, id=prefix + one.id, home=renamed(one.home)) for one in whole.people.values()],
        ),
        batches=tuple(
            (now, tuple(replace(reading, device=prefix + reading.device) for reading in readings))
            for now, readings in scenario.batches
        ),
        resets=tuple(replace(one, device=renamed(one.device)) for one in scenario.resets),
    )


def _renamed_device(device: Device, prefix: str) -> Device:
    names = {name: f"{prefix}{value}" for name, value in device.attributes.items() if name in _NAMES}
    place = None if device.place is None else prefix + device.place
    return replace(device, id=prefix + device.id, place=place, attributes={**device.attributes, **names})
