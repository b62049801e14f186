"""Several faults together, applied lazily to the days of a town in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from domain import DAY, Instant, Value
from simulators.events import Batch, Measurement, TimedEvent, TimedValues
from simulators.faults.catalog import FAULTS, Fault, make_fault
from simulators.faults.draws import key_of
from simulators.faults.fault import AddedMeasurement, DeviceFacts, Effect
from simulators.faults.transport import message_number
from simulators.wire import Sent


class FaultState(Struct):
    """What is carried from one day to the next: messages that have not arrived, what faults remember of devices, how
    many measurements and messages each fault has changed, and which urgent messages (all, where all are recorded).
    """

    pending: list[Sent]
    memories: dict[str, dict[str, dict[str, Value]]]
    counts: dict[str, int] = field(default_factory=dict)
    urgent: dict[str, list[Effect]] = field(default_factory=dict)


class _DayPlan(Struct, frozen=True, gc=False):
    """The faults that may act on a device on one day; most devices have few. `chosen` is the cheap test of a fault that
    acts on single messages."""

    day: int
    measuring: tuple[tuple[str, Any], ...]
    transmitting: tuple[tuple[str, Any, Any], ...]


class FaultSet:
    """The chosen faults over the devices of a town. Without faults it changes nothing.

    For each day: `measurements`, then encode what it yields with `device_time`, then `deliver`. `state` at the end of a
    day and `restore` on a new set of the same settings and seed continue as if there had been no interruption.
    """

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, float]],
        devices: Mapping[str, DeviceFacts],
        seed: int,
        records_all: bool = False,
    ) -> None:
        """`settings`: parameters by name of fault, `{}` for the defaults. `records_all`: every changed message is
        recorded for `effects`, not the urgent ones only. Raises UnknownFault."""
        self._records_all = records_all
        unordered = {name: make_fault(name, seed, parameters) for name, parameters in settings.items()}
        self._faults: dict[str, Fault] = {name: unordered[name] for name in FAULTS if name in unordered}
        self._devices = devices
        self._adding = self._with("additions")
        self._measuring = self._with("measure")
        self._clocks = self._with("offset_ms")
        self._transmitting = self._with("transmit")
        # A message may meet later faults later than it was sent, by what earlier ones delay it.
        self._reach_ms = DAY + int(sum(fault.longest_ms for _, fault in self._transmitting))
        self._plans: dict[str, _DayPlan] = {}
        self._pending: list[tuple[Instant, int, Sent]] = []
        self._count = 0
        self.counts: dict[str, int] = dict.fromkeys(self._faults, 0)
        """Measurements and messages that each fault has changed, added or lost."""
        self._urgent: dict[str, list[Effect]] = {}

    def measurements(self, events: Iterable[TimedEvent], start: Instant, end: Instant) -> Iterator[TimedEvent]:
        """The events of the time from `start` until `end` with the faults of devices, in order of time."""
        for timed in heapq.merge(events, self._additions(start, end), key=lambda timed: timed.at):
            if isinstance(timed.event, Measurement):
                measured: Measurement | Batch | None = self._measure_one(timed.at, timed.event)
            elif isinstance(timed.event, Batch):
                measured = self._measure_batch(timed.event)
            else:
                yield timed
                continue
            if measured is not None:
                yield timed if measured is timed.event else TimedEvent(timed.at, measured)

    def device_time(self, device: str, at: Instant) -> Instant:
        """What the clock of the device shows at an instant."""
        facts = self._devices[device]
        offset_ms: int = sum(fault.offset_ms(facts, at) for _, fault in self._clocks)
        return at + offset_ms

    def deliver(self, sent: Iterable[Sent], until: Instant) -> Iterator[Sent]:
        """Messages in order of arrival, those of earlier days first; those that arrive from `until` on are kept.

        `sent` is in order of `sent_at` and contains no message sent from `until` on.
        """
        for message in sent:
            yield from self._arrived(message.sent_at)
            for transmitted in self._transmit(message):
                self._count += 1
                heapq.heappush(self._pending, (transmitted.arrives_at, self._count, transmitted))
        yield from self._arrived(until)

    def gateway_outages(self, start: Instant, end: Instant) -> list[tuple[str, Instant, Instant]]:
        """The gateways that are down at some time between two instants, from when and until when."""
        fault: Any = self._faults.get("gateway_down")
        if fault is None:
            return []
        gateways = sorted({fault.subject(device) for device in self._devices.values()} - {""})
        return [(one, at.start, at.end) for one in gateways for at in fault.windows_of(one, start, end)]

    def broker_is_down(self, at: Instant) -> bool:
        fault: Any = self._faults.get("broker_down")
        return fault is not None and fault.is_down(at)

    def effects(self, device: str, start: Instant, end: Instant) -> list[Effect]:
        """What acts on a device, or has changed an urgent message of it, between two instants.

        `FAULTS` says what each may rightly change in what people are notified of.
        """
        facts = self._devices[device]
        by_time = [effect for fault in self._faults.values() for effect in fault.effects(facts, start, end)]
        return by_time + [effect for effect in self._urgent.get(device, ()) if start <= effect.start < end]

    def state(self) -> FaultState:
        """What has to be kept to continue on the next day."""
        memories = {name: fault.memory for name, fault in self._faults.items() if hasattr(fault, "memory")}
        pending = [sent for _, _, sent in sorted(self._pending)]
        return FaultState(pending, memories, dict(self.counts), self._urgent)

    def restore(self, state: FaultState) -> None:
        """Continue from the state of a set with the same settings and seed."""
        self._pending = [(sent.arrives_at, count, sent) for count, sent in enumerate(state.pending)]
        self._count = len(self._pending)
        self.counts |= state.counts
        self._urgent = state.urgent
        for name, memory in state.memories.items():
            fault: Any = self._faults[name]
            fault.memory = memory

    def _with(self, method: str) -> list[tuple[str, Any]]:
        return [(name, fault) for name, fault in self._faults.items() if hasattr(fault, method)]

    def _additions(self, start: Instant, end: Instant) -> list[TimedEvent]:
        added: list[AddedMeasurement] = []
        for name, fault in self._adding:
            additions = fault.additions(self._devices, start, end)
            self.counts[name] += len(additions)
            added += additions
        added.sort(key=lambda addition: addition.at)
        return [TimedEvent(addition.at, addition.measurement) for addition in added]

    def _measure_one(self, at: Instant, measurement: Measurement) -> Measurement | None:
        values = self._measure(measurement.device, at, measurement.values)
        if values is measurement.values:
            return measurement
        return None if values is None else Measurement(measurement.device, values, measurement.urgent)

    def _measure_batch(self, batch: Batch) -> Batch | None:
        measured = [(entry, self._measure(batch.device, entry.at, entry.values)) for entry in batch.entries]
        entries = tuple(TimedValues(entry.at, values) for entry, values in measured if values is not None)
        return Batch(batch.device, entries, batch.urgent) if entries else None

    def _measure(self, device: str, at: Instant, values: Mapping[str, Value]) -> Mapping[str, Value] | None:
        facts = self._devices[device]
        measured: Mapping[str, Value] | None = values
        for name, fault in self._plan(facts, at).measuring:
            before = measured
            measured = fault.measure(facts, at, before)
            if measured is not before:
                self.counts[name] += 1
            if measured is None:
                return None
        return measured

    def _transmit(self, sent: Sent) -> list[Sent]:
        facts = self._devices[sent.device]
        messages: list[Sent] = [sent]
        device_key, number = key_of(sent.device), message_number(sent)
        for name, fault, is_chosen in self._plan(facts, sent.sent_at).transmitting:
            if is_chosen is not None and not is_chosen(device_key, number):
                continue
            transmitted: list[Sent] = []
            for message in messages:
                result = fault.transmit(facts, message)
                if len(result) != 1 or result[0] is not message:
                    self._record(name, message)
                transmitted += result
            messages = transmitted
        return messages

    def _plan(self, device: DeviceFacts, at: Instant) -> _DayPlan:
        day = at // DAY
        plan = self._plans.get(device.id)
        if plan is None or plan.day != day:
            start = day * DAY
            plan = self._plans[device.id] = _DayPlan(
                day,
                tuple(one for one in self._measuring if one[1].may_act(device, start, start + DAY)),
                tuple(
                    (name, fault, getattr(fault, "is_chosen", None))
                    for name, fault in self._transmitting
                    if fault.may_act(device, start, start + self._reach_ms)
                ),
            )
        return plan

    def _record(self, fault: str, sent: Sent) -> None:
        self.counts[fault] += 1
        if sent.urgent or self._records_all:
            effect = Effect(fault, sent.device, sent.sent_at, sent.sent_at)
            self._urgent.setdefault(sent.device, []).append(effect)

    def _arrived(self, until: Instant) -> Iterator[Sent]:
        while self._pending and self._pending[0][0] < until:
            yield heapq.heappop(self._pending)[2]


def encode_state(state: FaultState) -> bytes:
    return msgspec.msgpack.encode(state)


def decode_state(raw: bytes) -> FaultState:
    """Raises msgspec.DecodeError when it is no such state."""
    return msgspec.msgpack.decode(raw, type=FaultState)
