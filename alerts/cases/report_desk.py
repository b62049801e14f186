"""ReportDesk, the entry point for reports of citizens and for photos of alerts: each call is one transaction.

After a commit it reports which alerts changed and that the outbox may hold messages, as AlertService does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from alerts.alert import Actor
from alerts.cases.categories import ReportCategories
from alerts.cases.opening import CaseOpener
from alerts.cases.ports import ReportStore, ReportTransact
from alerts.cases.report import ANSWER_WITHIN_MS, Report, ReportLimits
from alerts.cases.report_steps import NewPhoto, ReportRequest, ReportSteps, Submitted
from alerts.ports import AlertStore, Transaction
from domain import Instant

BATCH: Final = 50
"""Reports answered in one transaction."""

ReportStep = Callable[[Transaction, ReportStore, Report], Report]


class NoSuchReport(LookupError):
    """No report has this id."""


class ReportDesk:
    """The only entry to reports."""

    def __init__(
        self,
        transact: ReportTransact,
        opener: CaseOpener,
        categories: ReportCategories,
        limits: ReportLimits,
        clock: Callable[[], Instant],
        on_change: Callable[[str], None] = lambda _alert: None,
        on_outbox: Callable[[], None] = lambda: None,
    ) -> None:
        self.transact, self.clock, self.categories = transact, clock, categories
        self.on_change, self.on_outbox = on_change, on_outbox
        self.steps = ReportSteps(opener, categories, limits)

    async def submit(self, request: ReportRequest) -> Submitted:
        """Make a report and open its alert. Raises ReportLimited; a repeated key answers with the first report."""
        now = self.clock()

        def work(store: AlertStore, reports: ReportStore) -> Submitted:
            return self.steps.submit(Transaction(store, now), reports, request)

        submitted = await self.transact(work)
        self._changed([submitted.report.alert] if submitted.is_new else [])
        return submitted

    async def check_limits(self, request: ReportRequest) -> None:
        """Raises ReportLimited, before a photo is read."""
        now = self.clock()
        await self.transact(lambda store, reports: self.steps.check_limits(Transaction(store, now), reports, request))

    async def add_photos(
        self, alert: int, photos: Sequence[NewPhoto], actor: Actor, comment: str = "", report: int | None = None
    ) -> None:
        """Photos of an alert, with one timeline entry; the reporter's own where `report` is given."""
        now = self.clock()

        def work(store: AlertStore, reports: ReportStore) -> None:
            self.steps.add_photos(Transaction(store, now), reports, alert, photos, actor, comment, report)

        await self.transact(work)
        self._changed([alert])

    async def verify(self, report: int, actor: Actor) -> Report:
        """Record the next verification of a settled report. Raises NoSuchReport or ReportNotNow."""
        return await self._step(report, lambda tx, reports, found: self.steps.verify(tx, reports, found, actor))

    async def answer(self, report: int, actor: Actor, text: str, photos: Sequence[NewPhoto] = ()) -> Report:
        """Answer the reporter: on the page of his link, and by SMS where he left a number."""
        return await self._step(
            report, lambda tx, reports, found: self.steps.answer(tx, reports, found, actor, text, photos)
        )

    async def rate(self, report: int, satisfied: bool, text: str) -> Report:
        """The reporter's rating of the answer."""
        return await self._step(report, lambda tx, _reports, found: self.steps.rate(tx, found, satisfied, text))

    async def keep_apart(self, alert: int, other: int, actor: Actor) -> None:
        """A person decided that two alerts are not about the same thing."""
        now = self.clock()

        def work(store: AlertStore, reports: ReportStore) -> None:
            self.steps.keep_apart(Transaction(store, now), reports, alert, other, actor)

        await self.transact(work)
        self._changed([alert, other])

    async def answer_overdue(self, now: Instant) -> int:
        """Answer reports whose alert was closed ANSWER_WITHIN_MS ago, with the standard text; returns how many."""

        def work(store: AlertStore, reports: ReportStore) -> list[int]:
            overdue = reports.unanswered(now - ANSWER_WITHIN_MS, BATCH)
            for report in overdue:
                text = self.categories.answered
                reports.save_report(self.steps.write_answer(Transaction(store, now), report, None, text))
            return [report.alert for report in overdue]

        answered = await self.transact(work)
        self._changed(answered)
        return len(answered)

    async def erase(self, phone: str) -> int:
        """Delete what was sent with this phone number: number, words, photos, position; returns how many reports."""
        now = self.clock()

        def work(store: AlertStore, reports: ReportStore) -> list[int]:
            found = reports.reports_of_phone(phone)
            for report in found:
                self.steps.erase(Transaction(store, now), reports, report)
            return [report.alert for report in found]

        erased = await self.transact(work)
        self._changed(erased)
        return len(erased)

    async def _step(self, report_id: int, step: ReportStep) -> Report:
        now = self.clock()

        def work(store: AlertStore, reports: ReportStore) -> Report:
            report = reports.report(report_id)
            if report is None:
                raise NoSuchReport(report_id)
            changed = step(Transaction(store, now), reports, report)
            reports.save_report(changed)
            return changed

        changed = await self.transact(work)
        self._changed([changed.alert])
        return changed

    def _changed(self, alerts: Sequence[int]) -> None:
        """After the commit: report the changed alerts, and that the outbox may hold messages."""
        for alert in dict.fromkeys(alerts):
            self.on_change(str(alert))
        if alerts:
            self.on_outbox()
