"""Renders texts: from an alert to a text message, a card or a timeline sentence.

A text message has at most 70 characters with its signature, in the order severity and title, time, address, advice,
deadline, reply code. When it is too long, the beginning of the address is cut: building and room stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.alert import Actor, Alert, EscalationCause
from alerts.lifecycle.addresses import join_addresses
from alerts.lifecycle.transitions import ActionRefusal
from alerts.message import COMPANION_KINDS, MessageKind
from alerts.messages import exercise
from alerts.messages.catalog import EXERCISE_SUFFIX, SmsTemplate, TextCatalog, template_code
from alerts.messages.filed_texts import VARIABLE
from alerts.messages.outside_words import uninstructed
from alerts.reply_parsing import codes as reply_codes
from domain import DAY, HOUR, MINUTE, SECOND, Finding, Instant, Ledger, Person
from domain.addresses import shortened
from domain.care import neediest

SEGMENT_LENGTH: Final = 70
MAX_VARIABLE: Final = 35
LATE_MS: Final = 2 * MINUTE
MIN_WAIT_SHOWN_MS: Final = MINUTE // 2
MIN_REASON: Final = 8
"""Characters of a reason that stay where a text is too long: the end of a note is cut before the address."""
MAX_NUMBERS: Final = 2
MAX_NAME: Final = 20
"""Characters of a device's name that fit into a text."""
MAX_IDENTITY, SHORT_IDENTITY = 8, 6
"""An identity on a platform up to MAX_IDENTITY characters is shown whole, of a longer one the last SHORT_IDENTITY."""
RETAINED: Final = "retained"
"""The quantity of the evidence line that marks a message retained by a broker."""
CODE_VARIABLES: Final = (*reply_codes.DIGITS, "number", "numbers", "each")
"""Template variables that are made of reply codes."""
_CLAUSE: Final = re.compile(r"[^，。：]+[，。：]?")


class Sms(Struct, frozen=True):
    """A rendered text: the vendor's template code, its variables, and the whole as the phone shows it."""

    template: str
    params: dict[str, str]
    text: str
    name: str = ""
    """Name and severity of the template, `gas.critical`: providers have their own codes for it."""


class MessageContext(Struct, frozen=True):
    """What a message needs besides the alert."""

    kind: MessageKind
    now: Instant
    limit_ms: int
    number: int | None = None
    name: str = ""
    at: Instant | None = None
    count: int = 0
    variant: str = ""
    """Which template of this kind: `owner` or `called`, alone or with `many-`, for a danger that joined."""
    numbers: tuple[int, ...] = ()
    each: tuple[int, ...] = ()
    answer: str = "verified"
    """Numbers of the alerts of a combined text, and what the code of each answers."""
    reason: str = ""
    coded: bool = True
    """Whether the recipient can answer with a code. In the logbook nobody can, so its text contains none."""
    affected_name: str = ""
    """Who may need help; empty when nobody is known or the site does not allow names."""


class MessageRenderer:
    """Renders with the text catalog of a site, its signature, time zone and template codes."""

    def __init__(self, catalog: TextCatalog, sign: str, tz: ZoneInfo, codes: Mapping[str, str] | None = None) -> None:
        self.catalog, self.sign, self.tz = catalog, sign, tz
        self._codes = dict(codes or {})

    def own_code(self, name: str) -> str:
        """The site's own code of a template; empty when it has none."""
        return self._codes.get(name, "")

    def format_time(self, at: Instant, now: Instant) -> str:
        """14:05, with the date when it was another day."""
        local, today = self._local(at), self._local(now)
        hour = f"{local.hour:02d}:{local.minute:02d}"
        return hour if local.date() == today.date() else f"{local.month}月{local.day}日{hour}"

    def full_time(self, at: Instant) -> str:
        """2026-01-02 14:05, in local time."""
        return self._local(at).strftime("%Y-%m-%d %H:%M")

    def iso_time(self, at: Instant) -> str:
        """RFC 3339 with the site's offset, for programs."""
        return self._local(at).isoformat(timespec="seconds")

    def timeline_text(self, line: str, **variables: object) -> str:
        """One timeline sentence; `line` is a key of the catalog."""
        return self.catalog.timeline[line].format(**variables)

    def local_date(self, at: Instant) -> str:
        """The local date in ISO format."""
        return self._local(at).date().isoformat()

    def format_duration(self, ms: int) -> str:
        """30秒, 10分钟, 2小时, 3天, in the largest suitable unit."""
        if 0 < round(ms / SECOND) < MINUTE // SECOND:
            return self.catalog.spans.second.format(n=round(ms / SECOND))
        if ms < 2 * HOUR:
            return self.catalog.spans.minute.format(n=max(1, round(ms / MINUTE)))
        if ms < 2 * DAY:
            return self.catalog.spans.hour.format(n=round(ms / HOUR))
        return self.catalog.spans.day.format(n=round(ms / DAY))

    def refusal_text(self, refusal: ActionRefusal, alert: Alert, now: Instant) -> str:
        """The sentence for a refused action."""
        return self.catalog.refusals[refusal.value].format(
            owner=alert.owner_name or "",
            time=self.format_time(alert.taken_at or now, now),
            until=self.due_time(alert, now),
            into=alert.merged_into or "",
        )

    def affected_name(self, people: Sequence[Person], care: Sequence[str]) -> str:
        """One name and the number of people: 王桂芳, 王桂芳等2人. Empty for nobody."""
        first = neediest(people, care)
        if first is None:
            return ""
        return first.name if len(people) == 1 else self.catalog.people.format(name=first.name, count=len(people))

    def due_time(self, alert: Alert, now: Instant) -> str:
        return self.format_time(alert.due_at or now, now)

    def source_text(self, actor: Actor) -> str:
        return self.catalog.vias[actor.via.value]

    def sms(self, alert: Alert, context: MessageContext) -> Sms:
        """The text message: the first template that fits into one segment, else the last with its address cut."""
        room = SEGMENT_LENGTH - len(self.sign) - 2
        texts = self._templates(alert, context)
        values = self._variables(alert, context)
        if is_retained(alert) and all(
            len(_fill(self._template_text(template, alert, context), values)) > room for template in texts
        ):
            # The label is as long as a street name; the address matters more.
            values |= {"time": self.format_time(alert.danger_at, context.now)}
        for title, reason, template in product(_titles(values["title"]), self._reason_texts(alert, context), texts):
            values |= {"title": title, "reason": reason}
            for candidate in (*self._with_name(values, context.affected_name), values):
                body = _fill(self._template_text(template, alert, context), candidate)
                if len(body) <= room:
                    return self._build(template, alert, context, candidate)
        if "${reason}" in texts[-1].text:
            kept = max(len(values["reason"]) - (len(body) - room), MIN_REASON)
            values |= {"reason": values["reason"][:kept]}
            body = _fill(self._template_text(texts[-1], alert, context), values)
        keep = max(len(values["place"]) - (len(body) - room), 1)
        return self._build(texts[-1], alert, context, values | {"place": shortened(values["place"], keep)})

    def escalation_reason(self, alert: Alert, now: Instant) -> str:
        """Why the next rung is notified: no answer, or who declined, returned it, did not arrive or could not be
        reached."""
        return self._escalation_reasons(alert, now)[0]

    def _reason_texts(self, alert: Alert, context: MessageContext) -> list[str]:
        """Texts for `${reason}`, the longest first: why it escalated, or why an action was refused."""
        if context.kind in (MessageKind.ESCALATE, MessageKind.HANDOVER):
            return self._escalation_reasons(alert, context.now)
        return [uninstructed(context.reason).rstrip("。")[:MAX_VARIABLE] or "-"]

    def _escalation_reasons(self, alert: Alert, now: Instant) -> list[str]:
        """The full reason, and a brief one where a text has no room. Without a wait only the brief one is true."""
        cause, waited = alert.escalation, now - alert.state_since
        variables = {
            "name": uninstructed(cause.name) or "-",
            "note": uninstructed(cause.note),
            "span": self.format_duration(waited),
        }
        full, brief = self.catalog.escalations[cause.cause], self.catalog.escalations_brief[cause.cause]
        lines = [brief] if cause.cause is EscalationCause.UNANSWERED and waited < MIN_WAIT_SHOWN_MS else [full, brief]
        return [line.format(**variables)[:MAX_VARIABLE] for line in lines]

    def _templates(self, alert: Alert, context: MessageContext) -> list[SmsTemplate]:
        """Templates for this message, the longest first. A template `recovered` is used when the findings have ended; a
        danger that joined is sent like a new one to those who have not answered.
        """
        kind, variant = context.kind, context.variant
        if variant == "called":
            kind, variant = MessageKind.ALERT, ""
        if not variant and kind in (MessageKind.ALERT, MessageKind.ESCALATE) and alert.recovered_at is not None:
            variant = "recovered"
        fitting = [
            template for template in self.catalog.sms if template.kind is kind and alert.severity in template.codes
        ]
        for wanted in _variants(kind, variant):
            if any(template.variant == wanted for template in fitting):
                fitting = [template for template in fitting if template.variant == wanted]
                break
        # A fault of a gas alarm is a repair: it must not look like a leak.
        family = "device" if alert.ledger is Ledger.HEALTH else alert.hazard
        own = [template for template in fitting if template.hazard == family]
        return own or [template for template in fitting if template.hazard == "*"]

    def _with_name(self, values: Mapping[str, str], who: str) -> Iterator[dict[str, str]]:
        """The name together with the address in one variable: no other template need be filed."""
        place = self.catalog.person.format(place=values["place"], name=uninstructed(who))
        if uninstructed(who) and len(place) <= MAX_VARIABLE:
            yield {**values, "place": place}

    def _template_text(self, template: SmsTemplate, alert: Alert, context: MessageContext) -> str:
        text = template.text if context.coded else without_codes(template.text)
        text = text.replace("{level}", self.catalog.severities[alert.severity])
        return exercise.labelled(text) if alert.exercise else text

    def _build(self, template: SmsTemplate, alert: Alert, context: MessageContext, values: Mapping[str, str]) -> Sms:
        filed = self._template_text(template, alert, context)
        params = {name: values[name] for name in VARIABLE.findall(filed)}
        code = template_code(template, alert.severity, self._codes, exercise=alert.exercise)
        name = f"{template.name}{EXERCISE_SUFFIX if alert.exercise else ''}.{alert.severity.value}"
        return Sms(code, params, f"【{self.sign}】{_fill(filed, params)}", name)

    def _variables(self, alert: Alert, context: MessageContext) -> dict[str, str]:
        codes = dict.fromkeys(CODE_VARIABLES, "-") if context.number is None else reply_codes.codes_of(context.number)
        return codes | {
            "title": uninstructed(exercise.unlabelled(alert.title))[:MAX_VARIABLE] or "-",
            "time": self.event_time(alert, context.now)
            if context.at is None
            else self.format_time(context.at, context.now),
            "place": shortened(self.address(alert), MAX_VARIABLE),
            "limit": self.format_duration(context.limit_ms),
            "numbers": self._alert_numbers(context.numbers),
            "each": "、".join(reply_codes.codes_of(one)[context.answer] for one in context.each) or "-",
            "count": str(context.count),
            "name": uninstructed(context.name)[:MAX_VARIABLE] or "-",
        }

    def event_time(self, alert: Alert, now: Instant) -> str:
        """When it happened; with the delay when it became known late, because the danger may have grown since."""
        time = self.format_time(alert.danger_at, now)
        if is_retained(alert):
            return self.catalog.retained.format(time=time)
        if alert.late_ms <= LATE_MS:
            return time
        return self.catalog.late.format(time=time, span=self.format_duration(alert.late_ms))

    def unplaced_device(self, finding: Finding) -> str:
        """The device, when its address is unknown, so that a worker can ask for it. Empty when the subject is no
        device."""
        if finding.device is not None:
            return self.catalog.unplaced.format(device=finding.device[-MAX_NAME:])
        platform, colon, identity = finding.subject.id.partition(":")
        if finding.subject.type != "device" or not colon:
            return ""
        own = identity.rstrip("/").rpartition("/")[2]
        end = own if len(own) <= MAX_IDENTITY else own[-SHORT_IDENTITY:]
        return self.catalog.unregistered.format(platform=platform, end=end)

    def address(self, alert: Alert) -> str:
        """The address; for a grouped alert the first one and the number of all, for one of a building its doors."""
        if alert.doors and alert.subject.type == "building":
            return join_addresses([uninstructed(door) for door in alert.doors])
        place = uninstructed(alert.address) or self.catalog.nowhere
        return self.catalog.doors.format(place=place, n=len(alert.doors) + 1) if alert.doors else place

    def _alert_numbers(self, numbers: Sequence[int]) -> str:
        shown = "、".join(str(number) for number in numbers[:MAX_NUMBERS]) or "-"
        return self.catalog.more.format(numbers=shown) if len(numbers) > MAX_NUMBERS else shown

    def _local(self, at: Instant) -> datetime:
        return datetime.fromtimestamp(at / 1000, self.tz)


def _variants(kind: MessageKind, variant: str) -> tuple[str, ...]:
    """Variants of a template by preference. A notice is worded for its audience and occasion, else for one of them.

    >>> _variants(MessageKind.INFORM, "resident-resolved"), _variants(MessageKind.ADDED, "many-owner")
    (('resident-resolved', 'resolved', 'resident', ''), ('many-owner', ''))
    """
    audience, dash, occasion = variant.partition("-")
    if not dash or kind not in COMPANION_KINDS:
        return (variant, "")
    return (variant, occasion, audience, "")


def without_codes(text: str) -> str:
    """A text without the clauses that name a reply code.

    >>> without_codes("紧急：${title}，${limit}内到场。回复${ok}接警，${no}无法到场。")
    '紧急：${title}，${limit}内到场。'
    >>> without_codes("您已接警，编号${number}，请一并处置。"), without_codes("接警时间${time}，编号${number}。")
    ('您已接警，请一并处置。', '接警时间${time}。')
    """
    kept = [part for part in _CLAUSE.findall(text) if not any(f"${{{name}}}" in part for name in CODE_VARIABLES)]
    whole = "".join(kept)
    return f"{whole[:-1]}。" if whole.endswith(("，", "：")) else whole


def is_retained(alert: Alert) -> bool:
    """True when the finding comes from a message that a broker retained: it may be minutes or months old."""
    return any(line.quantity == RETAINED for line in alert.evidence)


def _titles(title: str) -> list[str]:
    """The full title, then only the first danger's, for texts without room for the address."""
    first, joined, _ = title.partition("、")
    return [title, f"{first}等"] if joined else [title]


def _fill(filed: str, values: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda match: values[match[1]], filed)
