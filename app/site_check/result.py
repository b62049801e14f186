"""The result of checking a site folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, field

from alerts.escalation.policy import EscalationPolicy
from alerts.messages.catalog import TextCatalog
from alerts.reply_parsing.grammar import ReplyGrammar
from app.config.faults import ConfigError, ConfigFault
from app.config.settings import SiteSettings
from app.config.site import Sheets
from domain.kind import Kind
from domain.roles import Roles
from domain.rosters import Rotation
from ingest.codecs.registry import CodecRegistry
from ingest.mappings.mapping import MappingBook
from rules.rulebook.model import Rulebook

T = TypeVar("T")


class SiteCheck(Struct):
    """Faults, warnings, and what could be loaded; what could not is None and has its faults."""

    faults: list[ConfigFault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    settings: SiteSettings | None = None
    kinds: Mapping[str, Kind] | None = None
    sheets: Sheets = field(default_factory=dict)
    rotations: list[Rotation] = field(default_factory=list)
    rulebooks: Sequence[Rulebook] | None = None
    roles: Roles | None = None
    ladders: EscalationPolicy | None = None
    wording: TextCatalog | None = None
    mappings: Sequence[MappingBook] | None = None
    codecs: CodecRegistry | None = None
    replies: ReplyGrammar | None = None
    levels: list[str] = field(default_factory=list)
    """One line a level of the place tree: its role, and why."""

    def load(self, loader: Callable[[], T]) -> T | None:
        """The loader's result, or None after adding the faults of its ConfigError."""
        try:
            return loader()
        except ConfigError as error:
            self.faults += error.faults
            return None
