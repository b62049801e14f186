"""What a phone call says: a filed text with variables that a voice reads as people say them. Pure."""

from __future__ import annotations

import re
from typing import Final

from alerts.alert import Alert
from alerts.message import MessageKind
from alerts.messages import exercise
from alerts.messages.catalog import EXERCISE_SUFFIX, SpeechTemplate, TextCatalog
from alerts.messages.filed_texts import VARIABLE
from alerts.messages.outside_words import uninstructed
from alerts.messages.renderer import MessageContext, MessageRenderer, Sms
from domain.addresses import shortened

SPEECH_VARIABLES: Final = ("title", "place", "limit")
PLACE_LENGTH_MAX: Final = 60
TITLE_LENGTH_MAX: Final = 30
INSTEAD: Final = "instead"
"""The key of a payload with the name of the text for providers that have none of this kind."""
OWNER: Final = "owner"
"""The variant of a call about a danger that joined, to the person who has acknowledged."""
_DIGITS: Final = "零一二三四五六七八九"
_NUMBER: Final = re.compile(r"\d+")
_TIME: Final = re.compile(r"(?<!\d)(\d{1,2}):(\d\d)(?!\d)")
_UNREADABLE: Final = re.compile(r"[#/:%¥【】]")
_LONGEST_COUNTED: Final = 2
"""Numbers of up to so many digits are read as a count (十二号楼), longer ones digit by digit (三零二)."""


def readable(text: str) -> str:
    """The text without signs that vendors refuse, its numbers as words.

    >>> readable("静安里6号楼2单元302"), readable("12号楼10层"), readable("14:05"), readable("6-2-302#")
    ('静安里六号楼二单元三零二', '十二号楼十层', '十四点零五分', '六杠二杠三零二')
    """
    timed = _TIME.sub(lambda match: f"{match[1]}点{match[2]}分", text)
    counted = _NUMBER.sub(lambda match: _number(match[0]), timed)
    return _UNREADABLE.sub("", counted.replace("-", "杠"))


def _number(digits: str) -> str:
    """
    >>> [_number(text) for text in ("0", "7", "10", "12", "20", "35", "05", "302")]
    ['零', '七', '十', '十二', '二十', '三十五', '零五', '三零二']
    """
    if len(digits) > _LONGEST_COUNTED or digits.startswith("0") or len(digits) == 1:
        return "".join(_DIGITS[int(digit)] for digit in digits)
    tens, ones = int(digits[0]), int(digits[1])
    return f"{'' if tens == 1 else _DIGITS[tens]}十{_DIGITS[ones] if ones else ''}"


def speech_template(catalog: TextCatalog, alert: Alert, kind: MessageKind, variant: str = "") -> SpeechTemplate:
    """The text for this kind of message, variant and hazard, else for any hazard, else the first one."""
    of_kind = [text for text in catalog.voice if text.kind is kind]
    first_calls = [text for text in catalog.voice if text.kind is MessageKind.ALERT] or list(catalog.voice)
    fitting = [text for text in of_kind if text.variant == variant] or of_kind or first_calls
    return next(
        (text for hazard in (alert.hazard, "*") for text in fitting if text.hazard == hazard),
        fitting[0],
    )


def spoken(renderer: MessageRenderer, alert: Alert, context: MessageContext) -> Sms:
    """The call: template, variables, and the whole as it is read."""
    template = speech_template(renderer.catalog, alert, context.kind, OWNER if context.variant.endswith(OWNER) else "")
    values = {
        "title": readable(uninstructed(exercise.unlabelled(alert.title)))[:TITLE_LENGTH_MAX] or "告警",
        "place": shortened(readable(renderer.address(alert)), PLACE_LENGTH_MAX),
        "limit": readable(renderer.format_duration(context.limit_ms)),
    }
    name = f"{template.name}{EXERCISE_SUFFIX if alert.exercise else ''}"
    text = template.text.replace("{sign}", renderer.sign)
    text = exercise_speech(text) if alert.exercise else text
    params = {name: values.get(name, "") for name in VARIABLE.findall(text)}
    whole = VARIABLE.sub(lambda match: params[match[1]], text)
    return Sms(name, params, whole, f"{name}.{alert.severity.value}")


def spoken_instead(renderer: MessageRenderer, alert: Alert) -> str:
    """The name of the text that a provider reads which has none of its own for this kind: that of a first call."""
    suffix = EXERCISE_SUFFIX if alert.exercise else ""
    return f"{speech_template(renderer.catalog, alert, MessageKind.ALERT).name}{suffix}.{alert.severity.value}"


def exercise_speech(text: str) -> str:
    """A speech with the label of an exercise, followed by a pause: a colon may not stand in a filed speech.

    >>> exercise_speech("枫树社区安全预警，燃气泄漏。")
    '演练，枫树社区安全预警，燃气泄漏。'
    """
    return exercise.labelled(text).replace("：", "，", 1)
