"""Builds the scenario of a trial: devices, community and the events that a host replays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from domain import Cell, Device, Instant, Person, Place, Reading
from domain.people import Community, community
from rules.hosts.replay import ConnectionLost, ConnectionRestored, Event, ReadingBatch, Reset
from rules.rulebook.model import Rule
from rules.trials.model import START, Trial, TrialDevice
from rules.trials.series import parse_series


class Scenario(Struct, frozen=True):
    """A trial as data: devices, community, readings by arrival, outage and resets."""

    devices: tuple[Device, ...]
    community: Community
    outage: tuple[Instant, Instant] | None
    batches: tuple[tuple[Instant, tuple[Reading, ...]], ...]
    end: Instant
    start: Instant = START
    resets: tuple[Reset, ...] = ()

    def events(self) -> list[Event]:
        """Readings, outage and resets as a running service gets them: the outage is known when it begins.

        At one instant, readings come before the outage and the outage before resets.
        """
        events: list[tuple[Instant, Event]] = [
            (received, ReadingBatch(received, readings)) for received, readings in self.batches
        ]
        if self.outage is not None:
            begin, end = self.outage
            events += [(begin, ConnectionLost(begin)), (end, ConnectionRestored(begin, end))]
        events += [(reset.now, reset) for reset in self.resets]
        return [event for _, event in sorted(events, key=lambda timed: timed[0])]


def build_scenario(trial: Trial, rule: Rule) -> Scenario:
    """Builds the scenario of a trial."""
    taking = trial.devices_by_name(next(iter(rule.kinds), ""))
    readings = list(_readings(trial, taking))
    resets = tuple(Reset(trial.start_ms + after, trial.rule) for after in sorted(trial.reset))
    last = max((reading.received for reading in readings), default=trial.start_ms)
    last = max([last, *(reset.now for reset in resets)])
    outage = None if trial.outage is None else (trial.start_ms + trial.outage[0], trial.start_ms + trial.outage[1])
    return Scenario(
        tuple(
            Device(
                name,
                one.kind,
                place=_home(one),
                attributes={"person": f"resident of {one.household}", **one.attributes},
            )
            for name, one in taking.items()
        ),
        _trial_community(trial, taking),
        outage,
        tuple(_by_arrival(readings)),
        last + trial.until,
        trial.start_ms,
        resets,
    )


def _home(taking: TrialDevice) -> str:
    return f"trial-{taking.household}"


def _trial_community(trial: Trial, taking: Mapping[str, TrialDevice]) -> Community:
    households = dict.fromkeys(one.household for one in taking.values())
    building = Place("trial-building", "试验楼", "building", cell="trial-cell")
    homes = [
        Place(f"trial-{name}", name, "household", parent=building.id, attributes=dict(trial.place))
        for name in households
    ]
    people = [
        Person(f"resident of {name}", "试验住户", home=f"trial-{name}", attributes=dict(trial.person))
        for name in households
    ]
    return community(places=[building, *homes], people=people, cells=[Cell("trial-cell", "试验网格", "cell")])


def _readings(trial: Trial, taking: Mapping[str, TrialDevice]) -> Iterator[Reading]:
    strips = {
        device: {name: parse_series(written) for name, written in one.readings.items()}
        for device, one in taking.items()
    }
    steps = max((len(values) for held in strips.values() for values in held.values()), default=0)
    for index in range(steps):
        at = trial.start_ms + index * trial.every
        received = (
            trial.start_ms + _sent_with(trial, index, steps) * trial.every + trial.delay + trial.late.get(index, 0)
        )
        for device, held in strips.items():
            step_values = {name: values[index] for name, values in held.items() if index < len(values)}
            values = {name: value for name, value in step_values.items() if value is not None}
            if values:
                yield Reading(device, taking[device].kind, at, received, values)


def _sent_with(trial: Trial, index: int, steps: int) -> int:
    """The step with which this one is sent."""
    size = steps if trial.together else trial.batch
    return min((index // size + 1) * size, steps) - 1


def _by_arrival(readings: Sequence[Reading]) -> Iterator[tuple[Instant, tuple[Reading, ...]]]:
    for received in sorted({reading.received for reading in readings}):
        yield received, tuple(reading for reading in readings if reading.received == received)
