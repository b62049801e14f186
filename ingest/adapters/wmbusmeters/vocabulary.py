"""The status words of wM-Bus meters as wmbusmeters writes them, and what they mean. It knows no message.

A word is a verdict of the meter of this moment. Words that begin with PREV_ and times such as `time_leaking` tell of
the past and mean nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

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

AMBIGUOUS: Final = frozenset({"LEAKAGE_OR_NO_USAGE"})
"""Two opposite things in one bit: water that never stops, or nobody who uses any."""

ROOTS: Final = (
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
"""What an unknown word of a driver to come most likely means, by a part of it."""

NOT_NOW: Final = ("PREV", "NO_", "PAST_", "WAS_", "HIST")

NO_MORE: Final = ("_PREVIOUSLY", "_DATE")

UNREADABLE: Final = "DECODING_ERROR"
"""What a status begins with when the telegram could not be decoded: nothing beside it is true."""

WATER_VERDICTS: Final = (LEAK, BURST, BACKFLOW)

GENERAL: Final = frozenset({"ALARM"})
"""Something is wrong, and the word does not say what: no verdict beside it is an all-clear."""

UNMEASURED: Final = re.compile(
    r"(?!.*(?:BATTERY|CLOCK|TIME|RADIO|CONFIG|MEMORY|PREV|NO_ERROR)).*ERROR.*|(?:AIR|EMPTY|INVALID).*"
)
"""The meter measures nothing: a flow of 0 beside it was not measured, and nothing is all clear."""

_BREAK: Final = re.compile(r"[\s,;|]+")


def words_of(texts: Iterable[object]) -> set[str]:
    """All words of some status fields.

    >>> sorted(words_of(["ALARM LEAK_FLOW_HIGH", "", None, "dry"]))
    ['ALARM', 'DRY', 'LEAK_FLOW_HIGH']
    """
    return {word for text in texts if isinstance(text, str) for word in _BREAK.split(text.strip().upper()) if word}


def unmeasured(words: Iterable[str]) -> bool:
    """Whether one of these words says that the meter measures nothing now.

    >>> [unmeasured([word]) for word in ("TEMPORARY_ERROR", "EMPTY_PIPE", "BATTERY_VOLTAGE_ERROR", "NO_ERROR", "DRY")]
    [True, True, False, False, False]
    """
    return any(UNMEASURED.fullmatch(word) for word in words)


def verdicts(words: Iterable[str]) -> Iterator[str]:
    """What these words say is so now.

    >>> sorted(verdicts(["ALARM", "LEAK_FLOW_HIGH", "PREV_SENSOR_FRAUD"]))
    ['leak']
    """
    return (meaning for word in words if (meaning := _meaning(word)) is not None)


def _meaning(word: str) -> str | None:
    """The listed meaning, else that of a part of the word.

    >>> _meaning("LEAKAGE_CURRENTLY"), _meaning("NO_LEAK"), _meaning("LEAKAGE_PREVIOUSLY"), _meaning("DRY")
    ('leak', None, None, None)
    """
    if word in MEANINGS:
        return MEANINGS[word]
    if word in AMBIGUOUS or word.startswith(NOT_NOW) or word.endswith(NO_MORE):
        return None
    return next((meaning for root, meaning in ROOTS if root in word), None)
