"""Values that a history server refuses for good: what the history finds and the database keeps. Pure."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain import Instant


class HistoryRefusalReason(StrEnum):
    """Why a history server refused a value."""

    TYPE_CONFLICT = "type_conflict"
    BEYOND_RETENTION = "beyond_retention"
    NOT_PARSED = "not_parsed"
    TOO_LARGE = "too_large"
    OTHER = "other"


class RefusedValue(Struct, frozen=True):
    """One value that the server does not take. `value` as written, shortened; `sentence`: what the server said."""

    device: str
    quantity: str
    at: Instant
    value: str
    reason: HistoryRefusalReason
    sentence: str
