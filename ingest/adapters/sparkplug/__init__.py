"""Sparkplug B 3.0: births, data, deaths and states under `spBv1.0/`. It knows no device and no metric's meaning.

After a birth metrics may bear only an alias: what births defined lies in a memory that the caller owns. The number
of a message (`seq`) counts the node's messages and tells a lost one; it is no device's counter, so drafts have none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from domain import Reason
from ingest.adapters.sparkplug.payload import Metric, Payload, apply_datatype, read_payload
from ingest.adapters.sparkplug.state import BirthDefinitions, SparkplugState
from ingest.formats.json_payload import parse_availability
from ingest.formats.protobuf import Malformed, write_number, write_text
from ingest.formats.timed_fields import TimedField, group_by_time
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "sparkplug"
VERSION = 1

Said = RawReading | Rejection | DeviceEvent
Decoded = list[Said] | DeviceEvent | Rejection

BD_SEQ: Final = "bdSeq"
ASIDE: Final = ("Node Control/", "Device Control/", "Node Info/", "Device Info/", "Properties/")
"""Folders of what a host may command, and of what describes the thing: nothing there is measured."""

FOLDERS: Final = ("Sensors/", "Sensor/", "Data/", "DATA/", "Telemetry/", "Measurements/")
"""Folders that say nothing about what they hold."""

_OUR_SORT: Final = re.compile(r"[a-z][a-z0-9_]*")
"""`Kitchen/Detector/lel_pct` is called by its last word, unless another metric of the birth ends in the same."""

_BOOLEAN: Final = 11


def decode(frame: Frame, memory: SparkplugState | None = None) -> Decoded:
    """`spBv1.0/{group}/{type}/{edge}[/{device}]` and `spBv1.0/STATE/{host}`. The memory learns from it."""
    levels = frame.topic.split("/")
    if levels[1:2] == ["STATE"]:
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, None, f"host {'/'.join(levels[2:])}"[:200], online)
    if len(levels) not in (4, 5) or not all(levels[1:]):
        return Rejection(Reason.NO_CODEC, "topic is not spBv1.0/{group}/{type}/{edge}[/{device}]")
    node, word = f"{levels[1]}/{levels[3]}", levels[2]
    identity = f"{node}/{levels[4]}" if len(levels) == 5 else node
    if word in ("NCMD", "DCMD"):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, identity, "a command")
    reader = READERS.get((word, len(levels)))
    if reader is None:
        return Rejection(
            Reason.NO_CODEC, f"{word[:40]} with {len(levels)} levels is no message of Sparkplug B", identity
        )
    try:
        payload = read_payload(frame.payload)
    except Malformed as fault:
        return Rejection(Reason.BAD_PAYLOAD, f"no Sparkplug B payload: {fault}", identity)
    device = levels[4] if len(levels) == 5 else ""
    message = _Message(payload, node, device, identity, frame.retain)
    return list(reader(message, memory if memory is not None else SparkplugState()))


class _Message(Struct, frozen=True):
    """One message: `node` is `group/edge`; `device` is empty for what the node says of itself."""

    payload: Payload
    node: str
    device: str
    identity: str
    retained: bool


def _node_birth(message: _Message, memory: SparkplugState) -> Iterator[Said]:
    born = _born(message.payload)
    memory.on_node_birth(message.node, born, _bd_seq(message.payload), message.payload.seq)
    yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, message.node, "born", online=True)
    yield from _drafts(message, born)


def _device_birth(message: _Message, memory: SparkplugState) -> Iterator[Said]:
    born = _born(message.payload)
    yield from _gap(message, memory)
    memory.on_device_birth(message.node, message.device, born)
    yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, message.identity, "born", online=True)
    yield from _drafts(message, born)


def _data(message: _Message, memory: SparkplugState) -> Iterator[Said]:
    yield from _gap(message, memory)
    node = memory.node(message.node)
    born = node.devices.get(message.device) if message.device else node.definitions
    said = list(_drafts(message, born or BirthDefinitions(ambiguous_leaves=_shared(message.payload.metrics))))
    if born is None or any(isinstance(each, Rejection) for each in said):
        memory.request_rebirth(message.node)
    yield from said
    if not said:
        yield DeviceEvent(
            DeviceEventKind.LIFE, PLATFORM, message.identity, "a message that measures nothing", online=True
        )


def _node_death(message: _Message, memory: SparkplugState) -> Iterator[Said]:
    bd_seq = _bd_seq(message.payload)
    dead = memory.on_node_death(message.node, bd_seq)
    if dead is None:
        detail = f"a death that ends no life we know (bdSeq {bd_seq}): ignored"
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, message.node, detail)
        return
    for identity in (message.node, *(f"{message.node}/{name}" for name in dead)):
        yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, identity, "died with its edge node", online=False)


def _device_death(message: _Message, memory: SparkplugState) -> Iterator[Said]:
    yield from _gap(message, memory)
    memory.node(message.node).devices.pop(message.device, None)
    yield DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, message.identity, "died", online=False)


READERS: Final = {
    ("NBIRTH", 4): _node_birth,
    ("NDATA", 4): _data,
    ("NDEATH", 4): _node_death,
    ("DBIRTH", 5): _device_birth,
    ("DDATA", 5): _data,
    ("DDEATH", 5): _device_death,
}


def _gap(message: _Message, memory: SparkplugState) -> Iterator[DeviceEvent]:
    wrong = memory.count_message(message.node, message.payload.seq)
    if wrong is not None:
        yield DeviceEvent(DeviceEventKind.STATUS, PLATFORM, message.node, f"{wrong}: a rebirth is wanted")


def _born(payload: Payload) -> BirthDefinitions:
    born = BirthDefinitions(ambiguous_leaves=_shared(payload.metrics))
    for metric in payload.metrics:
        if metric.name is not None:
            born.types[metric.name] = metric.datatype
            if metric.unit:
                born.units[metric.name] = metric.unit
            if metric.alias is not None:
                born.names[metric.alias] = metric.name
    return born


def _shared(metrics: Iterable[Metric]) -> set[str]:
    leaves = Counter(leaf for leaf, _ in {(_leaf(each.name), each.name) for each in metrics if each.name is not None})
    return {leaf for leaf, count in leaves.items() if count > 1}


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def _bd_seq(payload: Payload) -> int | None:
    return next((m.value for m in payload.metrics if m.name == BD_SEQ and isinstance(m.value, int)), None)


def _drafts(message: _Message, born: BirthDefinitions) -> Iterator[RawReading | Rejection]:
    """One draft for each moment that a metric bears; metrics whose alias nobody defined are refused together."""
    named = [(metric, _name(metric, born)) for metric in message.payload.metrics]
    said = [
        each
        for metric, name in named
        if name is not None and name != BD_SEQ and not name.startswith(ASIDE)
        for each in _said(message, metric, name, born)
    ]
    for at, fields in group_by_time(said):
        yield RawReading(PLATFORM, message.identity, at, fields, None, None, message.retained)
    strange = [str(metric.alias) for metric, name in named if name is None]
    if strange:
        detail = f"no birth that we heard defines alias {', '.join(strange[:8])}: a rebirth is wanted"
        yield Rejection(Reason.NO_CODEC, detail, message.identity)


def _said(message: _Message, metric: Metric, name: str, born: BirthDefinitions) -> Iterator[TimedField]:
    """The value, and beside it the unit that the birth or the metric itself states."""
    at = message.payload.at if metric.at is None else metric.at
    plain = _plain(name, born.ambiguous_leaves)
    yield at, plain, _value(metric, name, born)
    if unit := metric.unit or born.units.get(name):
        yield at, f"{plain}.unit", unit


def _name(metric: Metric, born: BirthDefinitions) -> str | None:
    return metric.name if metric.name is not None else born.names.get(-1 if metric.alias is None else metric.alias)


def _plain(name: str, shared: set[str]) -> str:
    leaf = _leaf(name)
    if _OUR_SORT.fullmatch(leaf) and leaf not in shared:
        return leaf
    return next((name.removeprefix(folder) for folder in FOLDERS if name.startswith(folder)), name)


def _value(metric: Metric, name: str, born: BirthDefinitions) -> object:
    return apply_datatype(metric.value, metric.datatype or born.types.get(name, 0))


def rebirth_request(node: str, now: int) -> tuple[str, bytes]:
    """The topic and the payload that tell an edge node (`group/edge`) to be born again.

    >>> topic, payload = rebirth_request("estate/edge", 1767225660000)
    >>> topic, [(each.name, each.value) for each in read_payload(payload).metrics]
    ('spBv1.0/estate/NCMD/edge', [('Node Control/Rebirth', True)])
    """
    group, _, edge = node.partition("/")
    metric = write_text(1, "Node Control/Rebirth") + write_number(4, _BOOLEAN) + write_number(14, 1)
    return f"spBv1.0/{group}/NCMD/{edge}", write_number(1, now) + write_text(2, metric)
