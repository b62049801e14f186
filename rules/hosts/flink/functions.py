"""The keyed process functions: state and timers of a key are Flink's, what they mean is the engine's.

Records are `key, line feed, JSON` (rules.hosts.keyed.events). Time is event time: the arrival time in each record, and
watermarks of the records' timestamps. Output elements are tagged by their first byte.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueState, ValueStateDescriptor

from rules.hosts.flink.definitions import JobDefinitions
from rules.hosts.keyed.device_host import DeviceHost
from rules.hosts.keyed.events import decode_group_event, decode_keyed_event, encode_event, split_record
from rules.hosts.keyed.group_host import GroupHost
from rules.hosts.keyed.store import Step

log = logging.getLogger("fengshao.flink")

FINDING: Final = b"F"
GROUP_EVENT: Final = b"G"
_encode = msgspec.json.Encoder().encode


class FlinkStore:
    """The state of the current key in Flink's keyed state, and the timer that is registered for it."""

    def __init__(self, context: RuntimeContext) -> None:
        self._registry = _bytes_state(context, "registry")
        self._state = _bytes_state(context, "state")

    @property
    def registry(self) -> bytes | None:
        written: bytes | None = self._registry.value()
        return written

    @registry.setter
    def registry(self, written: bytes | None) -> None:
        self._registry.update(written)

    @property
    def state(self) -> bytes | None:
        written: bytes | None = self._state.value()
        return written

    @state.setter
    def state(self, written: bytes | None) -> None:
        self._state.update(written)


def _bytes_state(context: RuntimeContext, name: str) -> ValueState:
    return context.get_state(ValueStateDescriptor(name, Types.PICKLED_BYTE_ARRAY()))


class _HostFunction(KeyedProcessFunction):
    """What both stages have in common: timers, and the output of a step."""

    def __init__(self, definitions: str) -> None:
        """`definitions`: path of the file of JobDefinitions, readable by every worker."""
        self._definitions = definitions
        self._registered: dict[str, int] = {}

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[bytes]:
        """Time has come to `timestamp`: everything received before was evaluated."""
        key = ctx.get_current_key()
        if self._registered.get(key) == timestamp:
            del self._registered[key]
        yield from self._output(key, self.host.advance(key, timestamp, self.store), ctx)

    def _output(self, key: str, step: Step, ctx: Any) -> Iterator[bytes]:
        self._register_timer(key, step.wake_at, ctx.timer_service())
        for error in step.errors:
            log.error("not evaluated: %s", error)
        for finding in step.findings:
            yield FINDING + key.encode() + b"\n" + _encode(finding)
        for group, event in step.group_events:
            yield GROUP_EVENT + encode_event(group, event)

    def _register_timer(self, key: str, wake_at: int | None, timers: Any) -> None:
        registered = self._registered.get(key)
        if wake_at is None or wake_at == registered:
            return
        if registered is not None:
            timers.delete_event_time_timer(registered)
        timers.register_event_time_timer(wake_at)
        self._registered[key] = wake_at


class DeviceFunction(_HostFunction):
    """The first stage, by device, household or gateway."""

    def open(self, runtime_context: RuntimeContext) -> None:
        definitions = JobDefinitions.read(self._definitions)
        self.store = FlinkStore(runtime_context)
        self.host = DeviceHost(
            definitions.books, definitions.kinds, definitions.timezone, emit_shadow=definitions.emit_shadow,
            former=definitions.former,
        )  # fmt: skip

    def process_element(self, value: bytes, ctx: Any) -> Iterator[bytes]:
        """Evaluates one record; a clock has no key and is passed over."""
        key, event = split_record(value)
        if key:
            yield from self._output(key, self.host.apply(key, decode_keyed_event(event), self.store), ctx)


class GroupFunction(_HostFunction):
    """The second stage, by building, cell or line."""

    def open(self, runtime_context: RuntimeContext) -> None:
        definitions = JobDefinitions.read(self._definitions)
        self.store = FlinkStore(runtime_context)
        self.host = GroupHost(
            definitions.books, definitions.kinds, definitions.timezone, emit_shadow=definitions.emit_shadow,
            former=definitions.former,
        )  # fmt: skip

    def process_element(self, value: bytes, ctx: Any) -> Iterator[bytes]:
        """Keeps one event until the watermark has passed it."""
        key, event = split_record(value[1:])
        yield from self._output(key, self.host.add(key, decode_group_event(event), self.store), ctx)
