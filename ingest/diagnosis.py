"""Who spoke on a broker for a while, what of it was understood, and what was not: for `fengshao devices doctor`.

The same listener as the service's hears the frames, dry: with the site's registry, kinds and mappings, and with the
filters that it lacks added on trial. Nothing is kept; the frames are all there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from domain import Device, Identity, Reading, Reason
from domain.identities import canonical
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding.decoder import Listener
from ingest.frame import Frame
from ingest.mappings.value_shapes import opened
from ingest.results import Draft, Note, Proposal, Refusal, Rejected
from ingest.routing.platform_guesses import Guess, bridge_bases, guess
from ingest.routing.routes import Filters, Routes
from ingest.topics import covers, matches

SPEAKERS_MAX: Final = 500
TOPICS_MAX: Final = 50
"""Of one speaker; further ones are counted under the last."""
FIELDS_MAX: Final = 200
VALUE_SHOWN: Final = 60

OURS: Final = ""
NATIVE: Final = "native"
Key = tuple[str | None, str | None]
"""Platform and identity of a speaker; of a registered device `OURS, id`; of what no filter could take `None, level`."""

Build = Callable[[Filters, Sequence[Device]], Listener]
"""A new listener that listens to these filters and knows these devices."""


class Unread(Struct):
    """One thing that was not understood, and how often it was said. `field` is empty where a whole message was not."""

    field: str
    said: str
    reason: str
    detail: str
    danger: bool = False
    times: int = 1


class Speaker(Struct):
    """One device, or what else speaks. `missing` are filters that the site lacks; `proposed` is no registration yet.

    `guessed` is the platform of what no filter of a site could take.
    """

    platform: str | None
    identity: str | None
    device: Device | None = None
    proposed: bool = False
    guessed: str | None = None
    missing: tuple[str, ...] = ()
    topics: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    retained: int = 0
    readings: int = 0
    last: Reading | None = None
    notes: Counter[str] = field(default_factory=Counter)
    online: bool | None = None
    fields: dict[str, object] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    model: str | None = None
    about: Proposal | None = None
    unread: dict[tuple[str, str], Unread] = field(default_factory=dict)


class Diagnosis(Struct):
    """All that was found out. `more` are messages of speakers beyond SPEAKERS_MAX; `filters` what the site lacks."""

    speakers: list[Speaker]
    filters: dict[str, list[str]]
    described: int = 0
    more: int = 0


def diagnose(frames: Sequence[Frame], build: Build, filters: Filters, devices: Sequence[Device]) -> Diagnosis:
    """Hears the frames in their order; a second time with those registered whose kind can be told."""
    routes = Routes(filters)
    lacks = _lacking(frames, routes)
    trial = {name: [*routes.filters[name], *lacks.get(name, ())] for name in routes.filters}
    hearing = _Hearing(build(trial, devices), routes, devices)
    hearing.hear(frames)
    proposed = [found for one in hearing.strangers() if (found := hearing.proposal(one)) is not None]
    if proposed:
        first, hearing = hearing, _Hearing(build(trial, known := [*devices, *proposed]), routes, known)
        hearing.hear(frames)
        hearing.unregister(proposed, first)
    return Diagnosis(list(hearing.speakers.values()), lacks, len(set(hearing.described.values())), hearing.more)


def _lacking(frames: Sequence[Frame], routes: Routes) -> dict[str, list[str]]:
    """By platform the filters that would take what the site's own do not take."""
    payloads = {frame.topic: frame.payload for frame in frames if frame.payload}
    outside = {topic: said for topic, said in payloads.items() if not _is_heard(routes, topic)}
    bases = bridge_bases(outside)
    found: dict[str, dict[str, None]] = {}
    for topic, payload in outside.items():
        one = _usual(routes, topic) or guess(topic, payload, bases)
        if one is not None:
            found.setdefault(one.platform, {}).update(dict.fromkeys(one.filters))
    return {
        platform: [each for each in patterns if not any(other != each and covers(other, each) for other in patterns)]
        for platform, patterns in found.items()
        if patterns
    }


def _is_heard(routes: Routes, topic: str) -> bool:
    return any(matches(pattern, topic) for pattern in routes.subscriptions)


def _usual(routes: Routes, topic: str) -> Guess | None:
    """A default filter that the site's own ones stand in place of."""
    route = routes.route_of(topic)
    return None if route is None else Guess(route.platform, (route.pattern,))


class _Hearing:
    """One pass over the frames."""

    def __init__(self, listener: Listener, routes: Routes, devices: Iterable[Device]) -> None:
        self.speakers: dict[Key, Speaker] = {}
        self.described: dict[tuple[str, str], Proposal] = {}
        self.more = 0
        self._listener, self._site, self._memory = listener, routes, SparkplugState()
        self._devices = {device.id: device for device in devices}

    def hear(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            self._hear(frame)
        for one in self.speakers.values():
            names = [(one.platform or "", name) for name in one.names]
            one.about = next((self.described[name] for name in names if name in self.described), None)

    def _hear(self, frame: Frame) -> None:
        counted = dict[Key, Speaker]()
        said = self._listener.routes.read(frame, self._memory) if frame.size is None else []
        for each in said if isinstance(said, list) else [said]:
            if not isinstance(each, Rejected) or each.identity is not None:
                self._look(each, frame, counted)
        self._listener.unmapped.clear()
        heard = self._listener.hear([frame])
        self._unmapped(counted.values())
        for reading in heard.readings:
            self._take(reading, frame, counted)
        for refusal in heard.refusals:
            self._refuse(refusal, frame, counted)
        for note in heard.notes:
            self._note(note, frame, counted)
        for speaker in counted.values():
            speaker.messages += 1
            speaker.retained += frame.retain
            topics = speaker.topics
            topics[frame.topic if frame.topic in topics or len(topics) < TOPICS_MAX else next(reversed(topics))] += 1

    def _unmapped(self, speakers: Iterable[Speaker]) -> None:
        """What the listener counted of this message's devices."""
        for _, kind, name in self._listener.unmapped:
            for speaker in [one for one in speakers if one.device is not None and one.device.kind == kind]:
                said = dict(opened(speaker.fields)).get(name, "")
                self._unread(speaker, Unread(name, str(said)[:VALUE_SHOWN], "unmapped", ""))

    def _speaker(self, key: Key, platform: str | None, frame: Frame, counted: dict[Key, Speaker]) -> Speaker | None:
        if key not in self.speakers and len(self.speakers) >= SPEAKERS_MAX:
            self.more += 1
            return None
        speaker = self.speakers.get(key) or self.speakers.setdefault(key, self._new(key, platform, frame))
        speaker.platform = speaker.platform or platform
        if not _is_heard(self._site, frame.topic):
            route = self._listener.routes.route_of(frame.topic)
            if route is not None and route.pattern not in speaker.missing:
                speaker.missing += (route.pattern,)
        counted[key] = speaker
        return speaker

    def _new(self, key: Key, platform: str | None, frame: Frame) -> Speaker:
        if key[0] == OURS:
            device = self._devices[key[1] or ""]
            named = next((each.platform for each in device.identities), NATIVE)
            return Speaker(platform or self._listener.routes.platform_of(frame.topic) or named, key[1], device)
        shape = guess(frame.topic, frame.payload) if key[0] is None else None
        return Speaker(platform, key[1], guessed=None if shape is None else shape.platform)

    def _key(self, platform: str | None, identity: str | None, device: Device | None, frame: Frame) -> Key:
        if device is not None:
            return OURS, device.id
        if platform is None:
            return None, frame.topic.partition("/")[0]
        return platform, None if identity is None else canonical(platform, identity)

    def _look(self, said: Draft | Rejected | Note, frame: Frame, counted: dict[Key, Speaker]) -> None:
        """Who it is, and which of its fields nobody takes."""
        platform = said.platform if not isinstance(said, Rejected) else self._listener.routes.platform_of(frame.topic)
        device = (
            self._listener.directory.find(platform or "", said.identity or "", said.also) if said.identity else None
        )
        speaker = self._speaker(self._key(platform, said.identity, device, frame), platform, frame, counted)
        if speaker is None:
            return
        if device is not None and said.identity is not None:
            speaker.identity = said.identity
        speaker.names.update(dict.fromkeys(name for name in (said.identity, *said.also) if name))
        if isinstance(said, Draft):
            speaker.model = speaker.model or said.model
            if len(speaker.fields) < FIELDS_MAX:
                speaker.fields.update(said.fields)

    def _take(self, reading: Reading, frame: Frame, counted: dict[Key, Speaker]) -> None:
        speaker = self._speaker((OURS, reading.device), None, frame, counted)
        if speaker is not None:
            speaker.readings += 1
            before = speaker.last or reading
            doubts = {name: doubt for name, doubt in before.doubts.items() if name not in reading.values}
            values, doubts = {**before.values, **reading.values}, {**doubts, **reading.doubts}
            speaker.last = replace(reading, values=values, doubts=doubts)

    def _refuse(self, one: Refusal, frame: Frame, counted: dict[Key, Speaker]) -> None:
        speaker = self._speaker(self._key(one.platform, one.identity, one.device, frame), one.platform, frame, counted)
        if speaker is not None and one.reason is not Reason.UNKNOWN_DEVICE:
            self._unread(speaker, Unread("", "", one.reason.value, one.detail, one.danger))

    def _note(self, note: Note, frame: Frame, counted: dict[Key, Speaker]) -> None:
        for proposal in note.proposals:
            self.described.update(dict.fromkeys(proposal.identities, proposal))
        key: Key = (OURS, note.device) if note.device else self._key(note.platform, note.identity, None, frame)
        speaker = self._speaker(key, note.platform, frame, counted)
        if speaker is not None:
            speaker.notes[note.kind.value] += 1
            speaker.online = note.online if note.online is not None else speaker.online

    def _unread(self, speaker: Speaker, one: Unread) -> None:
        key = (one.field, one.detail or one.reason)
        known = speaker.unread.get(key)
        if known is not None:
            known.times, known.said = known.times + 1, one.said
        elif len(speaker.unread) < FIELDS_MAX:
            speaker.unread[key] = one

    # -- who is not registered ------------------------------------------------------------------------------------

    def strangers(self) -> list[Speaker]:
        """Speakers with a name that the registry does not know, and fields that may measure something."""
        named = (one for one in self.speakers.values() if one.platform and one.identity and one.device is None)
        return [one for one in named if one.fields]

    def proposal(self, one: Speaker) -> Device | None:
        """The registration that its words, or its platform's description, let us guess."""
        hints = one.about.hints if one.about is not None else ()
        kind = self._listener.kind_like(one.platform or "", one.fields) or self._listener.kind_like(
            one.platform or "", hints
        )
        if kind is None or one.identity is None or one.platform is None:
            return None
        model = one.model or (one.about.model if one.about is not None else None)
        own = one.identity if one.platform == "native" else f"{one.platform}:{one.identity}"
        identities = () if one.platform == "native" else (Identity(one.platform, one.identity),)
        return Device(own, kind, model, identities=identities)

    def unregister(self, proposed: Sequence[Device], first: _Hearing) -> None:
        """Those heard on trial are shown as what they are: not registered; what was guessed about them stays."""
        names = {device.id for device in proposed}
        for speaker in self.speakers.values():
            if speaker.device is not None and speaker.device.id in names:
                speaker.proposed = True
                known = first.speakers.get(
                    (speaker.platform, canonical(speaker.platform or "", speaker.identity or ""))
                )
                speaker.about = speaker.about or (known.about if known is not None else None)
