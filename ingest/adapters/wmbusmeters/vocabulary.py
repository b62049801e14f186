"""Status words of wM-Bus meters as wmbusmeters writes them, and their meanings.

A word is a current verdict of the meter. Words that begin with PREV_, and times such as `time_leaking`, are about the
past and have no meaning here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

LEAK, BURST, BACKFLOW, MAGNETIC, TAMPER = "leak", "burst", "backflow", "magnetic_tamper", "tamper"
FAULT, BATTERY_LOW, ALARM, TEST, OPENED = "fault", "battery_low", "alarm", "test", "opened"

MEANINGS: Final[dict[str, str]] = {
    "LEAK": LEAK,
    "LEAKAGE": LEAK,
    "LEAKING": LEAK,
    "LEAK_FLOW_HIGH": LEAK,
    "LEAK_FLOW_LOW": LEAK,
    "LEAK_DETECTED": LEAK,
    "WATER_LEAK": LEAK,
    "PERMANENT_LEAK": LEAK,
    "CONTINUOUS_FLOW": LEAK,
    "BURST": BURST,
    "BURSTING": BURST,
    "PIPE_BURST": BURST,
    "BURST_PIPE": BURST,
    "REVERSE": BACKFLOW,
    "REVERSED": BACKFLOW,
    "REVERSE_FLOW": BACKFLOW,
    "BACK_FLOW": BACKFLOW,
    "BACKFLOW": BACKFLOW,
    "BACKWARD_FLOW": BACKFLOW,
    "SENSOR_FRAUD": MAGNETIC,
    "MAGNETIC_FRAUD": MAGNETIC,
    "MAGNETIC_TAMPER": MAGNETIC,
    "MAGNET": MAGNETIC,
    "MAGNETIC_FIELD": MAGNETIC,
    "TAMPER": TAMPER,
    "TAMPER_WHILE_REMOVED": TAMPER,
    "MANIPULATION": TAMPER,
    "MECHANICAL_FRAUD": TAMPER,
    "FRAUD": TAMPER,
    "REMOVED": TAMPER,
    "REMOVAL": TAMPER,
    "LOW_BATTERY": BATTERY_LOW,
    "LOW_BATTERY_FAULT": BATTERY_LOW,
    "BATTERY_LOW": BATTERY_LOW,
    "BATTERY_VOLTAGE_ERROR": BATTERY_LOW,
    "POWER_LOW": BATTERY_LOW,
    "PERMANENT_ERROR": FAULT,
    "HARDWARE_ERROR": FAULT,
    "SENSOR_ERROR": FAULT,
    "MEASUREMENT_ERROR": FAULT,
    "MALFUNCTION": FAULT,
    "DEFECT": FAULT,
    "METER_BLOCKED": FAULT,
    "ALARM_SENSOR_FAULT": FAULT,
    "SOUNDER_FAULT": FAULT,
    "COMM_TO_HEAD_FAULT": FAULT,
    "SMOKE_DETECTOR_FULLY_COVERED": FAULT,
    "NO_CONNECTION_TO_SMOKE_DETECTOR": FAULT,
    "SMOKE_SENSOR_END_OF_LIFE": FAULT,
    "EOL_REACHED": FAULT,
    "SMOKE": ALARM,
    "SMOKE_ALARM": ALARM,
    "FIRE": ALARM,
    "MANUAL_TEST": TEST,
    "TEST_BUTTON": TEST,
    "OPEN": OPENED,
}

AMBIGUOUS_WORDS: Final = frozenset({"LEAKAGE_OR_NO_USAGE"})
"""Two opposite conditions in one bit: water that never stops, or no water used."""

WORD_PARTS: Final = (
    ("BURST", BURST),
    ("LEAK", LEAK),
    ("REVERSE", BACKFLOW),
    ("BACKFLOW", BACKFLOW),
    ("BACK_FLOW", BACKFLOW),
    ("MAGNET", MAGNETIC),
    ("TAMPER", TAMPER),
    ("FRAUD", TAMPER),
    ("LOW_BATTERY", BATTERY_LOW),
)
"""The most likely meaning of a word that is not listed, by a part of it."""

PAST_PREFIXES: Final = ("PREV", "NO_", "PAST_", "WAS_", "HIST")

PAST_SUFFIXES: Final = ("_PREVIOUSLY", "_DATE")

UNREADABLE_PREFIX: Final = "DECODING_ERROR"
"""Prefix of a status when the telegram could not be decoded: no other field is valid then."""

WATER_VERDICTS: Final = (LEAK, BURST, BACKFLOW)

GENERAL_WORDS: Final = frozenset({"ALARM"})
"""Words for an unspecified fault: no verdict beside them may be set to false."""

UNMEASURED_WORD: Final = re.compile(
    r"(?!.*(?:BATTERY|CLOCK|TIME|RADIO|CONFIG|MEMORY|PREV|NO_ERROR)).*ERROR.*|(?:AIR|EMPTY|INVALID).*"
)
"""Words of a meter that measures nothing: a flow of 0 was not measured, and no verdict may be set to false."""

_REMEMBERED_TEXT_MAX: Final = 200

_BREAK: Final = re.compile(r"[\s,;|]+")


def status_words(texts: Iterable[object]) -> set[str]:
    """All words in these status fields, in upper case.

    >>> sorted(status_words(["ALARM LEAK_FLOW_HIGH", "", None, "dry"]))
    ['ALARM', 'DRY', 'LEAK_FLOW_HIGH']
    """
    return {word for text in texts if isinstance(text, str) for word in _BREAK.split(text.strip().upper()) if word}


def is_unmeasured(words: Iterable[str]) -> bool:
    """Whether one of these words means that the meter measures nothing now.

    >>> words = ("TEMPORARY_ERROR", "EMPTY_PIPE", "BATTERY_VOLTAGE_ERROR", "NO_ERROR", "DRY")
    >>> [is_unmeasured([word]) for word in words]
    [True, True, False, False, False]
    """
    return any(UNMEASURED_WORD.fullmatch(word) for word in words)


def verdicts(words: Iterable[str]) -> Iterator[str]:
    """The current verdicts that these words mean.

    >>> sorted(verdicts(["ALARM", "LEAK_FLOW_HIGH", "PREV_SENSOR_FRAUD"]))
    ['leak']
    """
    return (meaning for word in words if (meaning := _meaning(word)) is not None)


def _meaning(word: str) -> str | None:
    """The listed meaning of a word, else that of a part of it.

    >>> _meaning("LEAKAGE_CURRENTLY"), _meaning("NO_LEAK"), _meaning("LEAKAGE_PREVIOUSLY"), _meaning("DRY")
    ('leak', None, None, None)
    """
    if word in MEANINGS:
        return MEANINGS[word]
    if word in AMBIGUOUS_WORDS or word.startswith(PAST_PREFIXES) or word.endswith(PAST_SUFFIXES):
        return None
    return next((meaning for part, meaning in WORD_PARTS if part in word), None)


class Status(Struct, frozen=True):
    """What the status fields of a telegram state. `is_vague`: a fault is reported without telling which."""

    words: frozenset[str]
    is_unreadable: bool
    is_unmeasured: bool
    is_vague: bool
    verdicts: tuple[str, ...]


def read_status(texts: tuple[str, ...]) -> Status:
    """The status of these texts.

    >>> status = read_status(("LEAKAGE", "ALARM"))
    >>> status.verdicts, status.is_vague, read_status(("ALARM",)).is_vague
    (('leak',), False, True)
    """
    is_short = sum(map(len, texts)) <= _REMEMBERED_TEXT_MAX
    return _read_remembered_status(texts) if is_short else _read_status(texts)


def _read_status(texts: tuple[str, ...]) -> Status:
    words = status_words(texts)
    found, unmeasured = tuple(sorted(set(verdicts(words)))), is_unmeasured(words)
    is_unspecific = bool(words & GENERAL_WORDS) or any(map(_is_unnamed_bit, words))
    return Status(
        words=frozenset(words),
        is_unreadable=any(word.startswith(UNREADABLE_PREFIX) for word in words),
        is_unmeasured=unmeasured,
        is_vague=unmeasured or (is_unspecific and not set(found) & set(WATER_VERDICTS)),
        verdicts=found,
    )


_read_remembered_status: Final = lru_cache(maxsize=1_024)(_read_status)
"""Most telegrams of a town have one of a few texts."""


def _is_unnamed_bit(word: str) -> bool:
    """Whether the driver has no name for the bit, or the word was garbled on its way: all its words are ASCII."""
    return word.startswith("UNKNOWN_") or not word.isascii()
