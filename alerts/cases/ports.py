"""What reports need from a store, in the same transaction as their alerts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from alerts.cases.report import LimitCheck, Photo, Report
from alerts.ports import AlertStore
from domain import Instant

T = TypeVar("T")


class ReportStore(Protocol):
    """Reports, and photos of alerts."""

    def add_report(self, report: Report) -> Report:
        """Insert a report; returns it with its id."""
        ...

    def save_report(self, report: Report) -> None: ...

    def report(self, report: int) -> Report | None: ...

    def report_by_key(self, key: str) -> Report | None:
        """The report that a request with this idempotency key made."""
        ...

    def wait_of(self, check: LimitCheck, now: Instant) -> int:
        """How long until one more report keeps to this limit, in ms; 0 when it does now."""
        ...

    def verified(self, alert: int) -> tuple[str | None, Instant] | None:
        """Who verified an alert last and when; None when nobody did since it was reopened."""
        ...

    def unanswered(self, settled_before: Instant, limit: int) -> list[Report]:
        """Reports without an answer whose alert is closed and was not changed since then, oldest first."""
        ...

    def add_photos(self, photos: Sequence[Photo]) -> None: ...

    def record_separate(self, alert: int, other: int, by: str, now: Instant) -> None:
        """These two alerts are not about the same thing: they are not proposed again."""
        ...

    def reports_of_phone(self, phone: str) -> list[Report]: ...

    def erase_personal_data(self, report: Report, words: Sequence[str], text: str, now: Instant) -> None:
        """Delete the photos the reporter sent and the messages to him; `text` stands in place of what he wrote, which
        is `words` where others repeat it: in timelines, messages to workers, and events for outside systems."""
        ...


class ReportTransact(Protocol):
    """Runs `work` in one transaction: committed and synced when it returns, or not at all."""

    def __call__(self, work: Callable[[AlertStore, ReportStore], T], /) -> Awaitable[T]: ...
