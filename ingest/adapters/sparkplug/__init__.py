"""Sparkplug B 3.0: births, data, deaths and host states under `spBv1.0/`.

After a birth, metrics may have only an alias; the definitions of births are in a state that the caller owns. The number
of a message (`seq`) counts the messages of an edge node and reveals a lost one; readings have no sequence number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from domain import RefusalReason
from ingest.adapters.sparkplug.payload import Metric, Payload, apply_datatype, read_payload
from ingest.adapters.sparkplug.state import BirthDefinitions, SparkplugState
from ingest.formats.json_payload import parse_availability
from ingest.formats.protobuf import Malformed, write_number, write_text
from ingest.formats.timed_fields import TimedField, group_by_time
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "sparkplug"
VERSION = 1

BD_SEQ: Final = "bdSeq"
NON_MEASUREMENT_FOLDERS: Final = ("Node Control/", "Device Control/", "Node Info/", "Device Info/", "Properties/")
"""Folders of commands and descriptions: nothing there is measured."""

GENERIC_FOLDERS: Final = ("Sensors/", "Sensor/", "Data/", "DATA/", "Telemetry/", "Measurements/")
"""Folders whose name tells nothing about their metrics."""

_FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
"""`Kitchen/Detector/lel_pct` is the field `lel_pct`, unless another metric of the birth has the same last level."""

_BOOLEAN: Final = 11


def decode(frame: Frame, state: SparkplugState | None = None) -> AdapterOutput:
    """Decode `spBv1.0/{group}/{type}/{edge}[/{device}]` and `spBv1.0/STATE/{host}`; updates `state`."""
    levels = frame.topic.split("/")
    if levels[1:2] == ["STATE"]:
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, None, f"host {'/'.join(levels[2:])}"[:200], online)
    if len(levels) not in (4, 5) or not all(levels[1:]):
        return Rejection(RefusalReason.NO_CODEC, "topic is not spBv1.0/{group}/{type}/{edge}[/{device}]")
    node, message_type = f"{levels[1]}/{levels[3]}", levels[2]
    identity = f"{node}/{levels[4]}" if len(levels) == 5 else node
    if message_type in ("NCMD", "DCMD"):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, identity, "a command")
    reader = READERS.get((message_type, len(levels)))
    if reader is None:
        return Rejection(
            RefusalReason.NO_CODEC,
            f"{message_type[:40]} with {len(levels)} levels is no message of Sparkplug B",
            identity,
        )
    try:
        payload = read_payload(frame.payload)
    except Malformed as error:
        return Rejection(RefusalReason.BAD_PAYLOAD, f"no Sparkplug B payload: {error}", identity)
    device = levels[4] if len(levels) == 5 else ""
    message = _Message(payload, node, device, identity, frame.retain)
    return list(reader(message, state if state is not None else SparkplugState()))


class _Message(Struct, frozen=True):
    """One message: `node` is `group/edge`; `device` is empty in messages about the node itself."""

    payload: Payload
    node: str
    device: str
    identity: str
    retained: bool


def _node_birth(message: _Message, state: SparkplugState) -> Iterator[AdapterItem]:
    definitions = _definitions_of(message.payload)
    state.on_node_birth(message.node, definitions, _bd_seq(message.payload), message.payload.seq)
    yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, message.node, "born", online=True)
    yield from _readings(message, definitions)


def _device_birth(message: _Message, state: SparkplugState) -> Iterator[AdapterItem]:
    definitions = _definitions_of(message.payload)
    yield from _count_message(message, state)
    state.on_device_birth(message.node, message.device, definitions)
    yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, message.identity, "born", online=True)
    yield from _readings(message, definitions)


def _data(message: _Message, state: SparkplugState) -> Iterator[AdapterItem]:
    yield from _count_message(message, state)
    node = state.node(message.node)
    definitions = node.devices.get(message.device) if message.device else node.definitions
    items = list(
        _readings(message, definitions or BirthDefinitions(ambiguous_leaves=_ambiguous_leaves(message.payload.metrics)))
    )
    if definitions is None or any(isinstance(item, Rejection) for item in items):
        state.request_rebirth(message.node)
    yield from items
    if not items:
        yield DeviceEvent(
            DeviceEventKind.LIFE, PLATFORM, message.identity, "a message that measures nothing", online=True
        )


def _node_death(message: _Message, state: SparkplugState) -> Iterator[AdapterItem]:
    bd_seq = _bd_seq(message.payload)
    devices = state.on_node_death(message.node, bd_seq)
    if devices is None:
        detail = f"a death that ends no life we know (bdSeq {bd_seq}): ignored"
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, message.node, detail)
        return
    for identity in (message.node, *(f"{message.node}/{name}" for name in devices)):
        yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, identity, "died with its edge node", online=False)


def _device_death(message: _Message, state: SparkplugState) -> Iterator[AdapterItem]:
    yield from _count_message(message, state)
    state.node(message.node).devices.pop(message.device, None)
    yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, message.identity, "died", online=False)


READERS: Final = {
    ("NBIRTH", 4): _node_birth,
    ("NDATA", 4): _data,
    ("NDEATH", 4): _node_death,
    ("DBIRTH", 5): _device_birth,
    ("DDATA", 5): _data,
    ("DDEATH", 5): _device_death,
}


def _count_message(message: _Message, state: SparkplugState) -> Iterator[DeviceEvent]:
    problem = state.count_message(message.node, message.payload.seq)
    if problem is not None:
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, message.node, f"{problem}: a rebirth is wanted")


def _definitions_of(payload: Payload) -> BirthDefinitions:
    definitions = BirthDefinitions(ambiguous_leaves=_ambiguous_leaves(payload.metrics))
    for metric in payload.metrics:
        if metric.name is not None:
            definitions.types[metric.name] = metric.datatype
            if metric.unit:
                definitions.units[metric.name] = metric.unit
            if metric.alias is not None:
                definitions.names[metric.alias] = metric.name
    return definitions


def _ambiguous_leaves(metrics: Iterable[Metric]) -> set[str]:
    leaves = Counter(
        leaf for leaf, _ in {(_leaf(metric.name), metric.name) for metric in metrics if metric.name is not None}
    )
    return {leaf for leaf, count in leaves.items() if count > 1}


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def _bd_seq(payload: Payload) -> int | None:
    return next(
        (metric.value for metric in payload.metrics if metric.name == BD_SEQ and isinstance(metric.value, int)), None
    )


def _readings(message: _Message, definitions: BirthDefinitions) -> Iterator[RawReading | Rejection]:
    """One reading a time of the metrics; metrics whose alias no birth defined are rejected together."""
    named = [(metric, _metric_name(metric, definitions)) for metric in message.payload.metrics]
    fields = [
        field
        for metric, name in named
        if name is not None and name != BD_SEQ and not name.startswith(NON_MEASUREMENT_FOLDERS)
        for field in _metric_fields(message, metric, name, definitions)
    ]
    for at, group in group_by_time(fields):
        yield RawReading(PLATFORM, message.identity, at, group, None, None, message.retained)
    undefined = [str(metric.alias) for metric, name in named if name is None]
    if undefined:
        detail = f"no birth that we heard defines alias {', '.join(undefined[:8])}: a rebirth is wanted"
        yield Rejection(RefusalReason.NO_CODEC, detail, message.identity)


def _metric_fields(message: _Message, metric: Metric, name: str, definitions: BirthDefinitions) -> Iterator[TimedField]:
    """The value, and as a second field the unit that the birth or the metric itself gives."""
    at = message.payload.at if metric.at is None else metric.at
    field = _field_name(name, definitions.ambiguous_leaves)
    yield at, field, _value(metric, name, definitions)
    if unit := metric.unit or definitions.units.get(name):
        yield at, f"{field}.unit", unit


def _metric_name(metric: Metric, definitions: BirthDefinitions) -> str | None:
    return (
        metric.name if metric.name is not None else definitions.names.get(-1 if metric.alias is None else metric.alias)
    )


def _field_name(name: str, ambiguous: set[str]) -> str:
    leaf = _leaf(name)
    if _FIELD_NAME.fullmatch(leaf) and leaf not in ambiguous:
        return leaf
    return next((name.removeprefix(folder) for folder in GENERIC_FOLDERS if name.startswith(folder)), name)


def _value(metric: Metric, name: str, definitions: BirthDefinitions) -> object:
    return apply_datatype(metric.value, metric.datatype or definitions.types.get(name, 0))


def rebirth_request(node: str, now: int) -> tuple[str, bytes]:
    """Topic and payload of the command that requests a new birth of an edge node (`group/edge`).

    >>> topic, payload = rebirth_request("estate/edge", 1767225660000)
    >>> topic, [(metric.name, metric.value) for metric in read_payload(payload).metrics]
    ('spBv1.0/estate/NCMD/edge', [('Node Control/Rebirth', True)])
    """
    group, _, edge = node.partition("/")
    metric = write_text(1, "Node Control/Rebirth") + write_number(4, _BOOLEAN) + write_number(14, 1)
    return f"spBv1.0/{group}/NCMD/{edge}", write_number(1, now) + write_text(2, metric)
