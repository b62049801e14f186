"""Settings of the alert service."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.messages.keywords import KeywordTemplate
from alerts.reply_parsing.grammar import ReplyGrammar
from domain.roles import Role


class AlertSettings(Struct, frozen=True):
    """What a site configures: signature, time zone, reply grammar, channels, template codes."""

    sign: str
    tz: ZoneInfo
    replies: ReplyGrammar
    channels: tuple[str, ...] = ()
    template_codes: dict[str, str] = {}
    keyword_templates: dict[str, KeywordTemplate] = {}  # by kind of message, or `*`
    last_resort: tuple[str, ...] = ()
    """Ids of the people who are called when no rung of a ladder reaches anybody."""
    person_name: bool = False
    """Whether a text may name who may need help."""
    care: tuple[str, ...] = ()
    """The attributes of a person that matter for help."""
    public_url: str = ""
    """The address of the pages for links; without it, messages have none."""
    roles: Mapping[str, Role] = {}
    """The site's roles; one that is missing here is treated as staff."""
