"""Every word of the vocabulary, of every kind, in every shape, spelling and platform, ends as what it means or by name.

As danger, all-clear, health or a refusal: never as nothing and never inverted. The first test walks through all words,
the second pairs what may hide or undo each other. HJ 212, SeTracker, Sparkplug and JFTech have no free JSON, and tests
of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from random import Random
from typing import Any

import pytest

from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from ingest.mappings.mapping import EVERY_KIND, MappingBook
from ingest.mappings.plan import Plan, compile_plan
from ingest.mappings.vocabulary import OTHER_QUANTITIES, Meaning
from ingest.results import IngestResult
from tests.support.long_form import examples

NOW = 1_795_904_000_000
COMBINATIONS = examples(3, short=1)
"""Of each word with names, shapes and platforms; other ones in every place of the list."""
PAIRS = examples(12_000, short=4_000)

Fields = dict[str, Any]
SHAPES: Mapping[str, Callable[[str, object], Fields]] = {
    "plain": lambda name, word: {name: word},
    "value object": lambda name, word: {name: {"value": word}},
    "list": lambda name, word: {name: [word]},
    "twice": lambda name, word: {name: [word, word]},
    "channel": lambda name, word: {f"{name}_1": word},
    "channels": lambda name, word: {f"{name}_1": word, f"{name}_2": word},
    "variables": lambda name, word: {"data": [{"variable": name, "value": word}]},
    "measurements": lambda name, word: {"values": [{"name": name, "value": word, "unit": ""}]},
    "nested": lambda name, word: {"status": {name: word}},
    "params": lambda name, word: {"params": {name: word}},
    "object": lambda name, word: {name: {"type": word, "active": True}},
    "objects": lambda name, word: {name: [{"type": word, "active": True}]},
}
UNCHANGED = ("plain", "value object", "list", "channel", "variables", "measurements", "nested", "params")
"""Shapes in which a boolean or a number is one too."""

BARE: Sequence[tuple[object, bool]] = [
    *((value, True) for value in (True, 1, "1", 1.0, "ON", "True")),
    *((value, False) for value in (False, 0, "0", 0.0, "OFF", "False")),
]

PLATFORMS: Mapping[str, tuple[str, Callable[[Fields], Fields]]] = {
    "native": ("fengshao/v1/x/up", lambda fields: fields),
    "zigbee2mqtt": ("zigbee2mqtt/x", lambda fields: fields),
    "thingsboard": ("v1/gateway/telemetry", lambda fields: {"x": [{"ts": NOW, "values": fields}]}),
    "chirpstack": ("application/a/device/00000000000000aa/event/up", lambda fields: {"fPort": 2, "object": fields}),
    "tts": (
        "v3/a@t/devices/x/up",
        lambda fields: {
            "end_device_ids": {"device_id": "x"},
            "uplink_message": {"f_port": 1, "decoded_payload": fields},
        },
    ),
    "jetlinks": ("/p/x/properties/report", lambda fields: {"deviceId": "x", "properties": fields}),
    "tasmota": ("tele/x/SENSOR", lambda fields: fields),
    "shelly": ("shellies/x/info", lambda fields: fields),
    "homeassistant": ("homeassistant/sensor/x/state", lambda fields: fields),
    "iotda": (
        "$oc/devices/x/sys/properties/report",
        lambda fields: {"services": [{"service_id": "s", "properties": fields}]},
    ),
    "alink": ("/sys/p/x/thing/event/property/post", lambda fields: {"id": "1", "version": "1.0", "params": fields}),
    "ctwing": (
        "v1/up/x",
        lambda fields: {
            "timestamp": NOW,
            "productId": "1",
            "deviceId": "x",
            "messageType": "dataReport",
            "payload": fields,
        },
    ),
    "wmbusmeters": ("wmbusmeters/x", lambda fields: {"id": "x", "meter": "m", "name": "n", "media": "water", **fields}),
}
IDS = {"chirpstack": "00000000000000aa", "alink": "p/x"}
OF_WATER = frozenset({"water_meter", "water_leak"})
_NUMBERS = count()


class Fuzz:
    """Words, names and a decoder."""

    def __init__(self, kinds: Mapping[str, Kind], books: Sequence[MappingBook]) -> None:
        self.decoder, self._kinds, self.books = Decoder(kinds, books), kinds, books
        self._plans: dict[tuple[str, str], Plan] = {}
        self.with_meaning = lru_cache(maxsize=None)(self._with_meaning)
        self.safety = [name for name, kind in kinds.items() if any(each.danger for each in kind.quantities.values())]
        self.carriers = sorted({name for book in books for name in (*book.alarm_fields, *book.event_fields)})
        self.names = {kind: self._named(kind) for kind in self.safety}

    def plan(self, kind: str, platform: str) -> Plan:
        if (kind, platform) not in self._plans:
            self._plans[kind, platform] = compile_plan(self._kinds[kind], self.books, platform)
        return self._plans[kind, platform]

    def _named(self, kind: str) -> list[str]:
        plan = self.plan(kind, "thingsboard")
        spoken = sorted(
            {name for book in self.books for whose in (EVERY_KIND, kind) for name in book.spoken.get(whose, {})}
        )
        dangers = [name for name, each in self._kinds[kind].quantities.items() if each.danger]
        return [*dangers, *(name for name in spoken if (meant := plan.specs_for(name)) and meant[0].danger)]

    def texts(self, kind: str, platform: str) -> Iterator[str]:
        for book in self.books:
            for whose in (EVERY_KIND, kind) if book.platform in ("any", platform) else ():
                for listed in book.words.get(whose, {}).values():
                    yield from listed

    def _with_meaning(self, kind: str, platform: str, *meanings: Meaning) -> list[str]:
        plan = self.plan(kind, platform)
        known = {text: plan.vocabulary.meaning_of(text) for text in self.texts(kind, platform)}
        return [text for text, word in known.items() if word is not None and word.meaning in meanings]

    def platforms(self, kind: str) -> list[str]:
        """wmbusmeters reads the status of water meters by words of its own."""
        return [name for name in PLATFORMS if name != "wmbusmeters" or kind in OF_WATER]

    def decode(self, kind: str, platform: str, fields: Fields) -> Outcome:
        topic, wrap = PLATFORMS[platform]
        name = f"x-{next(_NUMBERS)}"
        self.decoder.device_index = DeviceIndex(
            (Device(name, kind, identities=(Identity(platform, IDS.get(platform, "x")),)),)
        )
        result = self.decoder.decode([Frame(topic, json.dumps(wrap(fields)).encode(), NOW, "bulk")])
        return Outcome(result, self._kinds[kind])

    def is_left_out(self, kind: str, platform: str, fields: Fields) -> bool:
        """A mapping says by name that this field means nothing, or something only its maker knows (`vague`)."""
        plan = self.plan(kind, platform)
        inner = [name for value in fields.values() if isinstance(value, dict) for name in value]
        listed = [one for value in fields.values() if isinstance(value, list) for one in value if isinstance(one, dict)]
        named = [str(one.get("variable", one.get("name", ""))) for one in listed]
        specs = [spec for name in (*fields, *inner, *named) for spec in plan.specs_for(name)]
        return any(spec.ignored or (spec.rule is not None and spec.rule.vague) for spec in specs)


class Outcome:
    """What a message became."""

    def __init__(self, result: IngestResult, kind: Kind) -> None:
        self.values = {name: value for reading in result.readings for name, value in reading.values.items()}
        self.verdicts = {name: value for name, value in self.values.items() if kind.quantities[name].danger}
        self.refused = bool(result.refusals)
        self.is_danger = True in self.verdicts.values() or any(refusal.danger for refusal in result.refusals)
        self.has_result = bool(self.values or result.refusals or result.events)
        self.happens = any(each.danger and each.event for each in kind.quantities.values())
        self._known = kind.quantities

    def wrong_for(self, meaning: Meaning, verdict_field: bool) -> str | None:
        """What must not come of a word of this meaning."""
        if not self.has_result:
            return "nothing"
        if meaning is Meaning.DANGER or (meaning is Meaning.YES and verdict_field):
            return None if self.is_danger else "not told"
        if self.is_danger and meaning is not Meaning.YES:
            return "told as a danger"
        if meaning in (Meaning.CLEAR, Meaning.NO):
            lost = verdict_field and not self.verdicts and not self.refused and not self.happens
            return "the all-clear is lost" if lost else None
        return self._wrong_for_health(meaning)

    def _wrong_for_health(self, meaning: Meaning) -> str | None:
        if meaning is not Meaning.YES and self.verdicts:
            return "taken as a verdict"
        quantity, value = OTHER_QUANTITIES.get(meaning, ("", None))
        lost = quantity in self._known and self.values.get(quantity) is not value and not self.refused
        return f"{quantity} is lost" if lost else None


@pytest.fixture(scope="module")
def fuzz(kinds: dict[str, Kind], books: list[MappingBook]) -> Fuzz:
    return Fuzz(kinds, books)


def spelled(name: str, turn: int) -> str:
    words = name.replace("_", " ").split()
    return (
        name,
        words[0] + "".join(word.title() for word in words[1:]),
        "_".join(words).upper(),
        " ".join(word.title() for word in words),
        "-".join(words),
        "status." + "_".join(words),
    )[turn % 6]


def cased(text: str, turn: int) -> str:
    return (text, text.upper(), text.title(), text.replace(" ", "_"), f" {text} ", f"{text}!", text.replace(" ", "-"))[
        turn % 7
    ]


@pytest.mark.long_form
def test_every_word_of_the_vocabulary_ends_as_what_it_means(fuzz: Fuzz) -> None:
    """Names, shapes, platforms and spellings go on at their own pace, so that every pair of them meets."""
    wrong: list[object] = []
    dice = Random(21)
    for kind in fuzz.safety:
        platforms, names = fuzz.platforms(kind), [*fuzz.names[kind], *fuzz.carriers]
        for turn, text in enumerate(text for text in fuzz.texts(kind, "any") for _ in range(COMBINATIONS)):
            platform, shape, name = dice.choice(platforms), dice.choice([*SHAPES]), dice.choice(names)
            field, word = spelled(name, dice.randrange(6)), cased(text, turn)
            meant = fuzz.plan(kind, platform).vocabulary.meaning_of(word)
            assert meant is not None, (kind, word)
            fields = SHAPES[shape](field, word)
            if fuzz.is_left_out(kind, platform, fields):
                continue
            found = fuzz.decode(kind, platform, fields).wrong_for(meant.meaning, name in fuzz.names[kind])
            if found is not None:
                wrong.append((found, kind, platform, fields, meant))

    assert [] == wrong


def pair(dice: Random, fuzz: Fuzz, kind: str, platform: str) -> tuple[Fields, bool]:
    """A message in which a danger stands beside its opposite, or a mere boolean; and whether it must be told."""
    danger = dice.choice(fuzz.with_meaning(kind, platform, Meaning.DANGER))
    clear = dice.choice(fuzz.with_meaning(kind, platform, Meaning.CLEAR))
    health = dice.choice(fuzz.with_meaning(kind, platform, Meaning.FAULT, Meaning.WARM_UP, Meaning.NOTE))
    name = spelled(dice.choice(fuzz.names[kind]), dice.randrange(6))
    carrier = spelled(dice.choice(fuzz.carriers), dice.randrange(6))
    value, says = dice.choice(BARE)
    bare = dice.choice(UNCHANGED)
    several = [danger, clear, health]
    dice.shuffle(several)
    objects = [{"type": danger, "active": one} for one in (True, False)] + [{"type": health, "active": True}]
    dice.shuffle(objects)
    two = [(name, dice.choice([clear, False, 0])), (carrier, danger)]
    swapped = [(name, danger), (carrier, clear)]
    return dice.choice([
        (SHAPES[bare](name, value), says),
        ({name: several}, True),
        ({name: objects}, True),
        (dict(dice.sample(two, 2)) if name != carrier else {name: danger}, True),
        (dict(dice.sample(swapped, 2)) if name != carrier else {name: danger}, True),
        ({f"{name}_1": several[0], f"{name}_2": several[1], f"{name}_3": several[2]}, True),
    ])  # fmt: skip


@pytest.mark.long_form
def test_no_danger_is_hidden_or_undone_by_what_stands_beside_it(fuzz: Fuzz) -> None:
    dice, wrong = Random(22), list[object]()
    for _ in range(PAIRS):
        kind = dice.choice(fuzz.safety)
        platform = dice.choice([name for name in fuzz.platforms(kind) if name != "wmbusmeters"])
        fields, danger = pair(dice, fuzz, kind, platform)
        if fuzz.is_left_out(kind, platform, fields):
            continue
        outcome = fuzz.decode(kind, platform, fields)
        if outcome.is_danger is not danger or not outcome.has_result:
            wrong.append(("told" if outcome.is_danger else "not told", kind, platform, fields, outcome.values))

    assert [] == wrong


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_a_message_that_yields_nothing_is_a_refusal(fuzz: Fuzz, platform: str) -> None:
    """One field that a mapping leaves out does not make the rest of the message understood."""
    fields = {name for book in fuzz.books if book.platform == platform for name in fields_of(book)}
    for kind in fuzz.safety:
        meant = {name: fuzz.plan(kind, platform).specs_for(name) for name in fields}
        left_out = sorted(name for name, specs in meant.items() if specs and all(spec.ignored for spec in specs))
        for name in (None, *left_out[:20]):
            outcome = fuzz.decode(kind, platform, {"qwxField": "qwx", **({name: 1} if name is not None else {})})
            assert outcome.refused, (kind, name)
            assert not outcome.is_danger, (kind, name)


def fields_of(book: MappingBook) -> Iterator[str]:
    yield from book.fields
    for fields in book.kinds.values():
        yield from fields
