"""Frames in, readings out, and for every frame an answer: reading, note, refusal or duplicate. It speaks no MQTT.

Deterministic: the only time it knows is a frame's `received`, so a replayed journal gives the same readings again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, field

from domain import Device, Instant, Reading, Reason
from domain.kind import Kind
from ingest.adapters import VERSIONS, Decoded, Said
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding import snapshot as remembered
from ingest.decoding.danger_detection import Suspicion
from ingest.decoding.device_index import Directory
from ingest.decoding.device_timezones import LocalTime
from ingest.decoding.duplicates import Window
from ingest.decoding.earlier_messages import SaidBefore
from ingest.decoding.fast_path import Express, Plain
from ingest.decoding.message import Message, bounded
from ingest.decoding.plans import Plans
from ingest.decoding.raw_payloads import Decoder, open_in_steps
from ingest.decoding.redelivery import HeardPackets
from ingest.decoding.refusals import Refusing
from ingest.decoding.refused_items import RefusedItems
from ingest.decoding.unmapped_fields import Unmapped
from ingest.decoding.unregistered_devices import Unregistered
from ingest.decoding.validation import Verdict, admit, speaks_of_danger
from ingest.discovery.discovery import Discovered
from ingest.discovery.resolution import CLASSES, as_words, explained, whose
from ingest.frame import Frame
from ingest.mappings.field_values import Objection
from ingest.mappings.mapping import MappingBook, Plan
from ingest.results import Draft, Heard, Note, NoteKind, Rejected, Unread, nothing_measured
from ingest.routing.routes import Filters, Routes

STEP_DRAFTS: Final = 250
"""Drafts that are worked off without a pause, in which urgent messages pass."""


class ListenerSettings(Struct, frozen=True):
    """Limits. `zone` is the local time of devices that write times without one, `zones` and `filters` by platform."""

    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    zones: Mapping[str, tzinfo] = {}
    filters: Filters = {}
    refusal_payload_max: int = 65_536
    unmapped_max: int = 1_000


class Listener:
    """All thinking between the journal and the readings. `directory` and `codecs` may be replaced at any time."""

    def __init__(
        self, kinds: Mapping[str, Kind], mappings: Sequence[MappingBook], settings: ListenerSettings | None = None
    ) -> None:
        self._directory, self._express = Directory(), Express()
        self.codecs: Decoder | None = None
        self._settings = settings or ListenerSettings()
        self._local_time = LocalTime(self._settings.zone, self._settings.zones)
        self.routes = Routes(self._settings.filters)
        self.take_up(kinds, mappings)
        self._windows, self._before, self._packets = dict[str, Window](), SaidBefore(), HeardPackets()
        self._sparkplug, self._discovered = SparkplugState(), Discovered(heard_on=self.routes.platform_of)

    def take_up(self, kinds: Mapping[str, Kind], mappings: Sequence[MappingBook]) -> None:
        """Understand by these from the next message on. What is remembered of devices stays."""
        self._kinds, self._books = kinds, mappings
        self.urgent_kinds = frozenset(name for name, kind in kinds.items() if kind.urgent)
        self._plans = Plans(kinds, mappings)
        self._suspicion = Suspicion(kinds, mappings)
        self._unmapped = Unmapped(self._suspicion, self._settings.unmapped_max)
        self._refusing = Refusing(
            self._suspicion, lambda *name: self._directory.find(*name), self._settings.refusal_payload_max
        )
        self._express.forget()

    @property
    def directory(self) -> Directory:
        """Who is registered."""
        return self._directory

    @directory.setter
    def directory(self, directory: Directory) -> None:
        self._directory = directory
        self._express.forget()

    @property
    def unmapped(self) -> dict[tuple[str, str, str], int]:
        """How often, by platform, kind and field, devices said what no quantity of ours takes."""
        return self._unmapped.counts

    def registry_changed(self, removed: Iterable[str], changed: Iterable[Device], now: Instant = 0) -> list[Unread]:
        """Some devices are gone, some are new or otherwise. Of those gone nothing need be understood any more."""
        self._directory.change(removed := list(removed), changed)
        self._express.forget()
        return list(self._before.unread.left(removed, now))

    @property
    def versions(self) -> dict[str, str]:
        """Which decoder said so: adapter and mapping version of each platform, and each codec's, for the journal."""
        books = {book.platform: book.version for book in self._books}
        adapters = {name: f"adapter {version}, mapping {books.get(name, 0)}" for name, version in VERSIONS.items()}
        return {**adapters, **(self.codecs.versions if self.codecs else {})}

    @property
    def rebirths_wanted(self) -> set[str]:
        """Sparkplug's edge nodes (`group/edge`) to be told `Node Control/Rebirth`. Whoever tells one removes it."""
        return self._sparkplug.rebirth_requests

    def hear(self, frames: Sequence[Frame]) -> Heard:
        """What these frames say, in their order."""
        heard = Heard()
        for _ in self.hear_in_steps(frames, heard):
            pass
        return heard

    def hear_in_steps(self, frames: Sequence[Frame], heard: Heard) -> Iterator[None]:
        """The same, with a pause after every STEP_DRAFTS drafts of a message: one may hold 50,000.

        In a pause other frames may be heard.
        """
        again = self._packets.repeated(frames) if frames else ()
        said: list[Decoded | Plain | None] = [
            None if index in again else self._express.read(frame) or self._hear_one(frame)
            for index, frame in enumerate(frames)
        ]
        zone, suspected = self._settings.zone, self._suspicion.dangerous
        yield from open_in_steps(frames, said, self.codecs, self._directory.find, zone, suspected, STEP_DRAFTS)
        for frame, each in zip(frames, said, strict=True):
            try:
                if isinstance(each, dict):
                    long_way = self._express.take(each, frame, heard)
                    if long_way is not None:
                        yield from self._take([long_way], frame, heard)
                elif isinstance(each, list):
                    yield from self._take(each, frame, heard)
                else:
                    self._settle_decoded(each, frame, heard)
            except Exception as fault:  # noqa: BLE001 (what we cannot judge must not stop what comes behind it)
                self._settle_decoded(_failed(fault), frame, heard)

    def _settle_decoded(self, each: Note | Rejected | None, frame: Frame, heard: Heard) -> None:
        if each is None:
            heard.duplicates += 1
        elif isinstance(each, Rejected):
            heard.refusals.append(self._refusing.rejected(each, self.routes.platform_of(frame.topic), frame))
        else:
            heard.notes.append(self._noted(each, frame))

    def _hear_one(self, frame: Frame) -> Decoded:
        """What it says, after all that frames before it described: also those of the same run."""
        decoded = self._read(frame)
        try:
            return self._discovered.take_up(decoded, frame, self._read, self, self._before.news)
        except Exception as fault:  # noqa: BLE001 (a description that breaks us must not stop what comes behind it)
            return _failed(fault)

    def _read(self, frame: Frame, memory: SparkplugState | None = None) -> Decoded:
        if frame.size is not None:
            return Rejected(Reason.TOO_LARGE, f"{frame.size} bytes; only the first {len(frame.payload)} were kept")
        try:
            decoded = self.routes.read(frame, self._sparkplug if memory is None else memory)
            return self._discovered.read(frame, decoded)
        except Exception as fault:  # noqa: BLE001 (a frame that breaks its adapter must not stop those behind it)
            return _failed(fault)

    def bears_danger(self, frame: Frame) -> bool:
        """Whether it says something dangerous, as far as that is seen without a codec. Nothing is remembered.

        Raw bytes of an urgent kind count as danger: what they say is known only when their codec has run.
        """
        decoded = self._read(frame, self._sparkplug.copy_for_peek(frame.topic))
        said = decoded if isinstance(decoded, list) else [decoded]
        try:
            return any(self._speaks_of_danger(each, frame) for each in said)
        except Exception:  # noqa: BLE001 (it is refused with its fault when it is heard)
            return self._suspicion.unread(frame, Reason.CODEC_FAILED)

    def _speaks_of_danger(self, said: Draft | Rejected | Note, frame: Frame) -> bool:
        if isinstance(said, Rejected):
            return self._refusing.may_be_danger(said, self.routes.platform_of(frame.topic), frame)
        if isinstance(said, Note):
            return False
        device = whose(said, self._directory.find)
        plan = self._plans.of(said, device) if device is not None else None
        if device is None or plan is None:
            fields = self._discovered.described.explained(said.platform, said.identity, as_words(said))
            return self._suspicion.dangerous(said.platform, fields)
        said, _ = self._explained(said, plan)
        return speaks_of_danger(plan, said.fields) or (said.raw is not None and self._kinds[device.kind].urgent)

    def _take(self, drafts: list[Said], frame: Frame, heard: Heard) -> Iterator[None]:
        refused = RefusedItems(self._refusing, self._discovered.platform_of(frame.topic), frame)
        message = Message(frame, len(drafts), heard, refused, Unregistered(self._suspicion, self._discovered.described))
        before = len(heard.readings)
        try:
            for number, draft in enumerate(drafts, 1):
                self._take_one(draft, message)
                if number % STEP_DRAFTS == 0:
                    yield
            for number, refusal in enumerate(message.unregistered.refusals(self._refusing, frame), 1):
                refused.add(refusal)
                if number % STEP_DRAFTS == 0:
                    yield
        finally:
            said = heard.readings[before:] if refused.any_rejected else ()
            heard.refusals += refused.all({each.device for each in said if self._tells_of_danger(each)})

    def _take_one(self, draft: Said, message: Message) -> None:
        draft = bounded(draft)
        if isinstance(draft, Rejected):
            message.refused.reject(draft)
        elif isinstance(draft, Note):
            message.heard.notes.append(self._noted(draft, message.frame))
        elif (device := whose(draft, self._directory.find)) is None:
            if draft.beside:
                message.heard.notes.append(nothing_measured(draft, None, message.frame.received))
            else:
                message.unregistered.look(draft)
        else:
            self._admit(draft, device, message)

    def _tells_of_danger(self, reading: Reading) -> bool:
        quantities = self._kinds[reading.kind].quantities
        return any(said is True and quantities[name].danger for name, said in reading.values.items())

    def _admit(self, draft: Draft, device: Device, message: Message) -> None:
        frame, plan = message.frame, self._plans.of(draft, device)
        if plan is None:
            message.refused.add(self._refusing.undescribed(frame, draft, device))
            return
        if draft.told or draft.beside or self._discovered.definitions.has_models:
            if (explained_draft := self._explain(draft, plan, device, message)) is None:
                return
            draft = explained_draft
        window = self._windows.get(device.id)
        if window is None:
            window = self._windows[device.id] = Window()
        if message.batch > 1:
            window.expect(message.batch)
        outcome = admit(draft, device, plan, window, frame.received, self._local_time.of(device, draft.platform))
        message.heard.unread += self._before.understood(device, draft.platform, plan, frame.received)
        if isinstance(outcome, Reading):
            message.heard.readings.append(outcome)
            self._express.learn(frame.topic, draft, device, plan, window)
        else:
            self._settle(outcome, draft, plan, device, message)

    def _explained(self, draft: Draft, plan: Plan) -> tuple[Draft, list[Objection]]:
        """The draft as the platform's own definitions explain it."""
        model = self._discovered.definitions.fields(draft.platform, draft.identity, draft.model)
        return explained(draft, plan, self._plans.of_kind(CLASSES, plan.kind) or plan, model)

    def _explain(self, draft: Draft, plan: Plan, device: Device, message: Message) -> Draft | None:
        """The same, with what is to be said about it; None when no value is left."""
        draft, objections = self._explained(draft, plan)
        for one in self._before.news.to_say(device.id, objections, message.frame.received):
            message.refused.add(self._refusing.refuse(message.frame, draft.platform, draft.identity, one, device))
        if draft.fields or draft.raw is not None:
            return draft
        message.heard.notes.append(nothing_measured(draft, device.id, message.frame.received))
        return None

    def _settle(self, verdict: Verdict, draft: Draft, plan: Plan, device: Device, message: Message) -> None:
        heard, frame = message.heard, message.frame
        if verdict.duplicate:
            heard.duplicates += 1
            return
        reading = self._before.tests.limited(verdict.reading, device) if verdict.reading is not None else None
        values = reading.values if reading is not None else {}
        self._unmapped.count(verdict, draft, plan, values.get("test") is True)
        heard.unread += self._before.unread.asked(device, draft.platform, verdict.asked, frame.received)
        for one in self._before.news.to_say(device.id, verdict.objections, frame.received):
            if values.get(one.quantity) is True or values.get("test") is True:
                one = Objection(one.reason, one.detail)
            message.refused.add(self._refusing.refuse(frame, draft.platform, draft.identity, one, device))
        if reading is not None:
            heard.readings.append(reading)
        elif not verdict.objections:
            heard.notes.append(nothing_measured(draft, device.id, frame.received))

    def is_registered(self, platform: str, identity: str) -> bool:
        """Whether a platform's name for a device leads to one of ours."""
        return self._directory.find(platform, identity) is not None

    def kind_like(self, platform: str, names: Iterable[str]) -> str | None:
        """The kind that a device with these fields most looks like, if there is one."""
        return self._suspicion.kind_of(platform, names)

    def _noted(self, note: Note, frame: Frame) -> Note:
        device = self.directory.find(note.platform, note.identity, note.also) if note.identity else None
        if device is not None and note.kind is NoteKind.JOIN:
            self._windows.pop(device.id, None)  # its counter starts again
            self._express.forget()
        return msgspec.structs.replace(note, device=device.id if device else None, at=frame.received)

    def snapshot(self, heard_since: Instant = 0) -> bytes:
        """What is remembered about duplicates, of the devices heard since then."""
        chosen = ((name, each.saved()) for name, each in self._windows.items() if each.heard >= heard_since)
        return remembered.written(chosen, self._packets.held(), self._sparkplug, self._discovered, self._before)

    def restore(self, snapshot: bytes) -> None:
        """Take up a snapshot. Raises msgspec.DecodeError for bytes that are none."""
        heard_on = self.routes.platform_of
        windows, packets, self._sparkplug, self._discovered, self._before = remembered.read(snapshot, heard_on)
        self._express.forget()
        self._windows, self._packets = windows, HeardPackets(packets)


def _failed(fault: Exception) -> Rejected:
    return Rejected(Reason.CODEC_FAILED, f"{type(fault).__name__}: {fault}"[:200])
