"""The steps of a report, each inside the caller's transaction: taken in, verified, answered, rated, erased. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct, structs

from alerts.alert import (
    SETTLED_STATES,
    Actor,
    Alert,
    AlertSource,
    CaseDisposition,
    ResponseSource,
    State,
    TimelineEntry,
)
from alerts.cases.categories import ReportCategories, ReportCategory
from alerts.cases.opening import CaseOpener
from alerts.cases.ports import ReportStore
from alerts.cases.report import Photo, PhotoPurpose, PlaceSource, Report, ReportLimits, limit_checks, report_number
from alerts.cases.reporter_message import ReporterMessages
from alerts.cases.request import CaseRequest
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.separation import is_same_performer
from alerts.lifecycle.transitions import Signal
from alerts.ports import Transaction
from domain.people import Community


class ReportRefusal(StrEnum):
    """Why a step is not possible now. The sentences are in console/messages_zh.py, by value."""

    NOT_SETTLED = "not_settled"
    NOT_VERIFIED_BY_COMMUNITY = "not_verified_by_community"
    NOT_VERIFIED_BY_STREET = "not_verified_by_street"
    ALREADY_VERIFIED = "already_verified"
    SAME_PERSON = "same_person"
    ON_BEHALF = "on_behalf"
    ALREADY_ANSWERED = "already_answered"
    NOT_ANSWERED = "not_answered"
    ALREADY_RATED = "already_rated"


class ReportNotNow(Exception):
    """The step is not possible now."""

    def __init__(self, refusal: ReportRefusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class ReportLimited(Exception):
    """Too many reports: `limit` is client, place, phone or site; `wait_ms` until the next one is accepted."""

    def __init__(self, limit: str, wait_ms: int) -> None:
        super().__init__(limit)
        self.limit, self.wait_ms = limit, wait_ms


class NewPhoto(Struct, frozen=True):
    """A photo whose file is written and synced."""

    digest: str
    width: int
    height: int
    size: int


class ReportRequest(Struct, frozen=True, kw_only=True):
    """What a citizen sends; see Report. `address`: words beside the place, or in its stead."""

    category: ReportCategory
    text: str
    client: str
    place: str | None = None
    place_source: PlaceSource = PlaceSource.NONE
    address: str = ""
    lat: float | None = None
    lon: float | None = None
    phone: str | None = None
    key: str | None = None
    photos: Sequence[NewPhoto] = ()


class Submitted(Struct, frozen=True):
    """The report of a request; `is_new` is false when an earlier request with its key made it."""

    report: Report
    is_new: bool


class ReportSteps:
    """Changes reports and their alerts together."""

    def __init__(self, opener: CaseOpener, categories: ReportCategories, limits: ReportLimits) -> None:
        self.opener, self.processor, self.renderer = opener, opener.processor, opener.renderer
        self.categories, self.limits = categories, limits
        self.messages = ReporterMessages(opener.escalator, categories.reporter)
        self.citizen = Actor("reporter", categories.reporter, ResponseSource.API, "reporter")

    def submit(self, tx: Transaction, reports: ReportStore, request: ReportRequest) -> Submitted:
        """The report of this request; its alert is opened with it. Raises ReportLimited."""
        earlier = None if request.key is None else reports.report_by_key(request.key)
        if earlier is not None:
            return Submitted(earlier, is_new=False)
        self.check_limits(tx, reports, request)
        alert = self.opener.open(tx, _case_of(request), self.citizen).alert
        number = report_number(self.renderer.local_date(tx.now), alert.id)
        tx.store.save_alert(structs.replace(alert, reference=number))
        report = Report(
            id=0,
            number=number,
            alert=alert.id,
            category=request.category.id,
            text=request.text,
            created_at=tx.now,
            place=request.place,
            place_source=request.place_source,
            lat=request.lat,
            lon=request.lon,
            phone=request.phone,
            client=request.client,
            key=request.key,
        )
        added = reports.add_report(report)
        if request.photos:
            self.add_photos(tx, reports, alert.id, request.photos, self.citizen, report=added.id)
        return Submitted(added, is_new=True)

    def check_limits(self, tx: Transaction, reports: ReportStore, request: ReportRequest) -> None:
        """Raises ReportLimited."""
        life_safety = request.category.life_safety
        for check in limit_checks(self.limits, request.client, request.place, request.phone, life_safety):
            wait_ms = reports.wait_of(check, tx.now)
            if wait_ms:
                raise ReportLimited(check.name, wait_ms)

    def verify(self, tx: Transaction, reports: ReportStore, report: Report, actor: Actor) -> Report:
        """The next verification of a settled report: by the community, where the alert was closed without one, then by
        the street. Each by another person than the handler, through another principal."""
        alert = self.alert_with_work(tx, report)
        if alert.state not in SETTLED_STATES:
            raise ReportNotNow(ReportRefusal.NOT_SETTLED)
        if report.street_at is not None:
            raise ReportNotNow(ReportRefusal.ALREADY_VERIFIED)
        community = reports.verified(alert.id) or (report.community_by, report.community_at)
        if community[1] is None and alert.state is State.RESOLVED:
            raise ReportNotNow(ReportRefusal.NOT_VERIFIED_BY_COMMUNITY)
        if any(is_same_performer(actor, one) for one in (alert.handler, alert.handler_principal, community[0])):
            raise ReportNotNow(ReportRefusal.SAME_PERSON)
        if actor.on_behalf:
            raise ReportNotNow(ReportRefusal.ON_BEHALF)
        if community[1] is None:
            self._add_entry(tx, report.alert, "verified_by_community", actor)
            if alert.second_check is not None:
                tx.store.save_alert(self.processor.case_effects.second_check.begin(tx, alert, actor))
            return structs.replace(report, community_by=actor.id, community_at=tx.now)
        self.processor.case_effects.second_check.settle(tx, alert, actor)
        by, at = community
        return structs.replace(report, community_by=by, community_at=at, street_by=actor.id, street_at=tx.now)

    def answer(
        self,
        tx: Transaction,
        reports: ReportStore,
        report: Report,
        actor: Actor,
        text: str,
        photos: Sequence[NewPhoto] = (),
    ) -> Report:
        """The answer to the reporter. It closes the alert where both have verified it."""
        if report.answered_at is not None:
            raise ReportNotNow(ReportRefusal.ALREADY_ANSWERED)
        if report.street_at is None:
            raise ReportNotNow(ReportRefusal.NOT_VERIFIED_BY_STREET)
        alert = self.alert_with_work(tx, report)
        if alert.state is State.VERIFIED:
            # Two persons saw it: it was real unless its handler concluded otherwise.
            disposition = alert.disposition or CaseDisposition.REAL.value
            self.processor.apply(tx, alert, AlertEvent(Signal.CLOSE, actor, disposition=disposition))
        if photos:
            self.add_photos(tx, reports, report.alert, photos, actor, report=report.id, purpose=PhotoPurpose.ANSWER)
        return self.write_answer(tx, report, actor, text)

    def write_answer(self, tx: Transaction, report: Report, actor: Actor | None, text: str) -> Report:
        """The report with this answer; a text goes to the reporter who left a number."""
        self._add_entry(tx, report.alert, "report_answered", actor, text=text)
        by = None if actor is None else actor.id
        answered = structs.replace(report, answer=text, answered_by=by, answered_at=tx.now)
        alert, category = _own_alert(tx, report), self.categories.get(report.category)
        self.messages.enqueue_answer(tx, alert, answered, alert.title if category is None else category.label)
        return answered

    def rate(self, tx: Transaction, report: Report, satisfied: bool, text: str) -> Report:
        """The report with the reporter's rating. Dissatisfied, once, it opens the alert again, and it is verified and
        answered again."""
        if report.answered_at is None:
            raise ReportNotNow(ReportRefusal.NOT_ANSWERED)
        if report.feedback_at is not None and report.feedback_at >= report.answered_at:
            raise ReportNotNow(ReportRefusal.ALREADY_RATED)
        line = "report_satisfied" if satisfied else "report_dissatisfied"
        self._add_entry(tx, report.alert, line, self.citizen, text=text or "-")
        rated = structs.replace(report, satisfied=satisfied, feedback=text, feedback_at=tx.now)
        if satisfied or report.reopened_at is not None:
            return rated
        alert = self.alert_with_work(tx, report)
        if alert.state in SETTLED_STATES:
            self.processor.apply(tx, alert, AlertEvent(Signal.REOPEN, self.citizen, reason=text or None))
        verified = dict.fromkeys(("community_by", "community_at", "street_by", "street_at"))
        return structs.replace(rated, reopened_at=tx.now, answered_at=None, **verified)

    def erase(self, tx: Transaction, reports: ReportStore, report: Report) -> None:
        """Delete what the reporter sent; category, place and times stay, for statistics."""
        erase_report(tx, reports, report, self.opener.escalator.community(), self.categories.erased)

    def add_photos(
        self,
        tx: Transaction,
        reports: ReportStore,
        alert: int,
        photos: Sequence[NewPhoto],
        actor: Actor,
        comment: str = "",
        report: int | None = None,
        purpose: PhotoPurpose | None = None,
    ) -> None:
        """Photos with one timeline entry: of work, of the reporter where `report` is given, or of the result."""
        line = "photos_comment" if comment else "photos"
        text = self.renderer.timeline_text(line, who=actor.name, text=comment, count=len(photos))
        tx.store.add_timeline([TimelineEntry(alert, tx.now, "photos", text, person=actor.id)])
        shown = purpose or (PhotoPurpose.WORK if report is None else PhotoPurpose.REPORT)
        reports.add_photos([_photo(photo, alert, shown, actor, report, tx.now) for photo in photos])

    def keep_apart(self, tx: Transaction, reports: ReportStore, alert: int, other: int, actor: Actor) -> None:
        """Two alerts are not about the same thing: they are not proposed again."""
        reports.record_separate(alert, other, actor.id, tx.now)
        for one, beside in ((alert, other), (other, alert)):
            self._add_entry(tx, one, "kept_apart", actor, of=beside)

    def alert_with_work(self, tx: Transaction, report: Report) -> Alert:
        """The alert that has the work: after merging, the one merged into."""
        return _alert_with_work(tx, _own_alert(tx, report))

    def _add_entry(self, tx: Transaction, alert: int, line: str, actor: Actor | None, **variables: object) -> None:
        who, person = ("", None) if actor is None else (actor.name, actor.id)
        text = self.renderer.timeline_text(line, who=who, **variables)
        tx.store.add_timeline([TimelineEntry(alert, tx.now, line, text, person=person)])


def erase_report(tx: Transaction, reports: ReportStore, report: Report, community: Community, text: str) -> None:
    """Put `text` in place of what the reporter wrote. While people are on their way his words for the place stay: they
    have to find it."""
    alert, words = _own_alert(tx, report), [report.text, report.feedback]
    if _alert_with_work(tx, alert).state in SETTLED_STATES:
        registered = community.address(alert.place)
        words.append(alert.address.removeprefix(registered))
        alert = structs.replace(alert, address=registered)
    reports.erase_personal_data(report, [word for word in words if len(word) > 1], text, tx.now)
    tx.store.save_alert(structs.replace(alert, description=text))


def _alert_with_work(tx: Transaction, alert: Alert) -> Alert:
    merged = None if alert.merged_into is None else tx.store.alert(alert.merged_into)
    return alert if merged is None else merged


def _own_alert(tx: Transaction, report: Report) -> Alert:
    alert = tx.store.alert(report.alert)
    assert alert is not None, "a report is deleted with its alert"
    return alert


def _case_of(request: ReportRequest) -> CaseRequest:
    category = request.category
    return CaseRequest(
        source=AlertSource.REPORT,
        hazard=category.hazard,
        title=category.title,
        severity=category.severity,
        text=request.text,
        place=request.place,
        address=request.address,
        advice=category.advice,
        ladder_rule=category.ladder_rule,
    )


def _photo(photo: NewPhoto, alert: int, purpose: PhotoPurpose, actor: Actor, report: int | None, now: int) -> Photo:
    return Photo(
        id=0,
        alert=alert,
        report=report,
        purpose=purpose,
        digest=photo.digest,
        width=photo.width,
        height=photo.height,
        size=photo.size,
        at=now,
        by=actor.id,
        by_name=actor.name,
    )
