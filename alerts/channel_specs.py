"""The table of channels: what each renders, which address of a person it uses, and its limits. Pure.

A new channel is its class in `alerts/channels/`, its builder in `app/server/channels.py`, and one line of SPECS: names
in ladders, addresses, payloads, follow-ups, budgets, checks and commands are derived from that line.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND, Person

SMS: Final = "sms"
VOICE: Final = "voice"
WECOM: Final = "wecom"
WECOM_ROBOT: Final = "wecom_robot"
WECHAT: Final = "wechat"
EMAIL: Final = "email"
WEBHOOK: Final = "webhook"
APPRISE: Final = "apprise"
LOGBOOK: Final = "logbook"


class Content(StrEnum):
    """What a channel carries, and so what is rendered into a delivery's payload."""

    TEXT = "text"
    """A filed template with variables and the whole text: `template`, `params`, `text`."""
    CARD = "card"
    """A card with buttons: `card`; its update is `button`."""
    MAIL = "mail"
    """A mail: `subject`, `text`, `html`, `thread`, `urgent`."""
    NOTICE = "notice"
    """A title and a text: `subject`, `text`."""
    EVENT = "event"
    """A document for a program: `type`, `subject`, `data`."""
    GROUP = "group"
    """A message into a group chat: `markdown`."""
    KEYWORDS = "keywords"
    """A filed template with typed keywords: `template`, `data`, `url`."""
    SPEECH = "speech"
    """A filed voice template with variables, and the words as they are spoken: `template`, `params`, `text`."""


class FollowUp(StrEnum):
    """How a person who was called learns what happened next."""

    MESSAGE = "message"
    """By a further message."""
    UPDATE = "update"
    """The message he has is changed."""
    NONE = "none"


class OverLimit(StrEnum):
    """What happens to a message over the limit of one person."""

    SUMMARY = "summary"
    """Messages are replaced by one that summarises them."""
    WAIT = "wait"
    """It is sent a little later."""
    NEXT_PERSON = "next_person"
    """As SUMMARY, and the next person is called at once: of the limit of all kinds together, for critical calls."""
    REFUSE = "refuse"
    """It fails with the outcome `rate`: the next channel or person is used now."""


Limits = tuple[tuple[int, int], ...]
"""Pairs (span in ms, maximum number in it); empty is unlimited."""


class PersonLimits(Struct, frozen=True):
    """Limits of messages to one address on one channel. Calls and follow-ups are counted apart, so that follow-ups
    never use up the budget of calls.
    """

    calls: Limits = ()
    critical_calls: Limits = ()
    """For calls about critical alerts: the gap to `calls` is the reserve for life safety."""
    follow_ups: Limits = ()
    over: OverLimit = OverLimit.SUMMARY
    together: Limits = ()
    """Of messages of all kinds together. Each lesser kind stops earlier, so that there is room for those that matter
    more; who gets too many critical calls is told of the others in one text, and the next person is called: see
    alerts.delivery.budget."""


class ChannelSpec(Struct, frozen=True):
    """One channel.

    `address` is the field of a person that holds the address: `phone`, `wecom`, or a name in `Person.addresses`; empty
    for a channel that reaches everybody. `idempotent`: sending the same delivery twice cannot arrive twice.
    `coded`: the recipient can answer with a reply code, so the message contains codes.
    """

    name: str
    address: str
    content: Content
    follow_up: FollowUp
    idempotent: bool = False
    coded: bool = False
    callbacks: bool = False
    """The provider pushes to `/callbacks/<name>/<secret>`."""
    receipt_within_ms: int = 0
    """An accepted message without a receipt after this long has failed; 0: receipts may take their time."""
    accepted_is_delivered: bool = False
    """The provider's acceptance is the receipt: a program has it, or the logbook shows it."""
    limits: PersonLimits = PersonLimits()


SMS_LIMITS: Final = PersonLimits(
    calls=((15 * MINUTE, 5), (HOUR, 11), (DAY, 35)),
    follow_ups=((15 * MINUTE, 6), (HOUR, 12), (DAY, 40)),
    together=((10 * MINUTE, 10),),
)
"""A critical text has no limit here: the gap to the vendor's own limit (Aliyun: 50 in 24 h) is its reserve."""

SPECS: Final = (
    ChannelSpec(SMS, "phone", Content.TEXT, FollowUp.MESSAGE, coded=True, callbacks=True, limits=SMS_LIMITS),
    ChannelSpec(
        VOICE,
        "phone",
        Content.SPEECH,
        FollowUp.NONE,
        callbacks=True,
        receipt_within_ms=MINUTE,
        # Aliyun: 1 a minute, 5 an hour, 20 a day for one number; failed calls count.
        limits=PersonLimits(
            calls=((90 * SECOND, 1), (HOUR, 3), (DAY, 10)),
            critical_calls=((90 * SECOND, 1), (HOUR, 4), (DAY, 15)),
            over=OverLimit.REFUSE,
        ),
    ),
    ChannelSpec(
        WECOM,
        "wecom",
        Content.CARD,
        FollowUp.UPDATE,
        idempotent=True,
        callbacks=True,
        # WeCom silently drops more than 30 messages a minute, or 1000 an hour, to one member: what is over waits.
        limits=PersonLimits(
            calls=((MINUTE, 20), (HOUR, 800)), critical_calls=((MINUTE, 29), (HOUR, 980)), over=OverLimit.WAIT
        ),
    ),
    ChannelSpec(
        WECOM_ROBOT,
        "wecom_robot",
        Content.GROUP,
        FollowUp.MESSAGE,
        idempotent=True,
        # WeCom: 20 messages a minute and robot, of all kinds together.
        limits=PersonLimits(calls=((MINUTE, 8),), critical_calls=((MINUTE, 13),), follow_ups=((MINUTE, 4),)),
    ),
    ChannelSpec(
        WECHAT,
        "wechat",
        Content.KEYWORDS,
        FollowUp.MESSAGE,
        idempotent=True,
        callbacks=True,
        limits=PersonLimits(calls=((15 * MINUTE, 10), (DAY, 60)), follow_ups=((15 * MINUTE, 10), (DAY, 60))),
    ),
    ChannelSpec(
        EMAIL,
        "email",
        Content.MAIL,
        FollowUp.MESSAGE,
        idempotent=True,
        limits=PersonLimits(calls=((15 * MINUTE, 20), (DAY, 200)), follow_ups=((15 * MINUTE, 20), (DAY, 200))),
    ),
    ChannelSpec(WEBHOOK, "webhook", Content.EVENT, FollowUp.MESSAGE, idempotent=True, accepted_is_delivered=True),
    ChannelSpec(
        APPRISE,
        "apprise",
        Content.NOTICE,
        FollowUp.MESSAGE,
        idempotent=True,
        limits=PersonLimits(calls=((MINUTE, 10),), critical_calls=((MINUTE, 20),), follow_ups=((MINUTE, 5),)),
    ),
    ChannelSpec(LOGBOOK, "", Content.TEXT, FollowUp.NONE, idempotent=True, accepted_is_delivered=True),
)

CHANNELS: Final = tuple(spec.name for spec in SPECS)
"""The names of all channels, as used in ladders and callback URLs."""

_BY_NAME: Final = {spec.name: spec for spec in SPECS}
_OWN_FIELDS: Final = ("phone", "wecom")


def spec_of(channel: str) -> ChannelSpec:
    """The specification of a channel. A delivery of a channel that was removed is handled like a plain message."""
    return _BY_NAME.get(channel) or ChannelSpec(channel, "", Content.TEXT, FollowUp.NONE)


def stored_address(person: Person, channel: str) -> str:
    """The person's address on this channel as it is registered; empty when he has none."""
    field = spec_of(channel).address
    if not field:
        return person.id
    return (getattr(person, field) if field in _OWN_FIELDS else person.addresses.get(field)) or ""
