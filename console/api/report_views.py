"""Views of reports and photos for the office: masked by role, with proposals to merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from alerts.alert import SETTLED_STATES, Alert, AlertSource, State
from alerts.cases.proposals import Located, Proposal, position_of, proposals_for
from alerts.cases.report import ANSWER_WITHIN_MS, Photo, Report, stage_of
from console import messages_zh, report_messages_zh
from console.api.devices import visible_places
from console.http.requests import Deps
from console.schemas import reports as schema
from console.schemas.references import NamedReference
from console.security.auth import AccessRole, Principal
from console.security.masking import mask_phone, mask_text
from console.timestamps import Timestamp
from domain import Instant
from store.database.alerts.repository import SqlAlertStore
from store.database.reports import photos, queries
from store.database.reports.queries import ReportRow
from store.database.reports.repository import SqlReportStore


def may_see_photos(user: Principal) -> bool:
    """Photos show faces and flats: those who work on alerts see them, viewers do not."""
    return user.role is not AccessRole.VIEWER


def photo_view(photo: Photo) -> schema.PhotoView:
    """A photo with the address of its file."""
    return schema.PhotoView(
        id=str(photo.id),
        path=f"/api/v1/photos/{photo.id}",
        purpose=photo.purpose,
        width=photo.width,
        height=photo.height,
        at=Timestamp(photo.at),
        by=photo.by_name,
    )


def report_item(deps: Deps, row: ReportRow, user: Principal) -> schema.ReportItem:
    """A report for this user; its phone number and numbers in its text are masked by role."""
    return schema.ReportItem(**_report_values(deps, row, user))


async def report_detail(deps: Deps, row: ReportRow, user: Principal) -> schema.ReportDetail:
    """A report with photos and proposals, and what this user may do with it."""
    step = next_step(row)
    of_work = await deps.database.read(lambda tx: SqlReportStore(tx).verified(row.work.id))
    by, at = of_work or (row.report.community_by, row.report.community_at)
    obstacle = "" if step is None else _step_obstacle(deps, row, user, step, by)
    shown = await deps.database.read(lambda tx: photos.photos_of_alert(tx, row.alert.id))
    return schema.ReportDetail(
        **{**_report_values(deps, row, user), "community": _verification(deps, by, at)},
        photos=[photo_view(one) for one in shown] if may_see_photos(user) else [],
        proposals=await merge_proposals(deps, row.alert.id, user),
        next_step=step,
        may_step=step is not None and not obstacle,
        obstacle=obstacle,
        may_merge=user.has_permission("open"),
    )


LEVEL_ROLES: Final = {"community": "community", "street": "street"}
"""The role of whoever verifies at each level, where anybody of the site has it."""


def next_step(row: ReportRow) -> schema.ReportNextStep | None:
    """What a settled report lacks: verification by the community, by the street, or the answer."""
    report, work = row.report, row.work
    if report.answered_at is not None or work.state not in SETTLED_STATES:
        return None
    return level_of(row) if report.street_at is None else "answer"


def level_of(row: ReportRow) -> Literal["community", "street"]:
    """The level of the next verification: the community's, unless the work is verified already."""
    unverified = row.work.state is State.CLOSED and row.work.verifier is None
    by_community = row.work.state is State.RESOLVED or (row.report.community_at is None and unverified)
    return "community" if by_community else "street"


def level_obstacle(deps: Deps, person: str, level: str) -> str:
    """Why a person may not verify at a level: he has not its role, while others have. Empty without an obstacle."""
    role = LEVEL_ROLES[level]
    holders = {duty.person for duty in deps.registry.community().duties_of(role) if not duty.absent}
    return report_messages_zh.WRONG_LEVEL[level] if holders and person not in holders else ""


def _step_obstacle(
    deps: Deps, row: ReportRow, user: Principal, step: schema.ReportNextStep, by_community: str | None
) -> str:
    """Why this user may not do the next step of a report; empty where he may."""
    if not user.has_permission("open" if step == "answer" else "verify"):
        return messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[user.role])
    if step == "answer":
        return ""
    if user.person is None:
        return ""  # a login that several share: who verifies is known only with his PIN
    person = user.person
    earlier = {row.work.handler, row.work.handler_principal, *([by_community] if step == "street" else [])}
    same = report_messages_zh.REPORT_REFUSALS["same_person"] if person in earlier else ""
    return level_obstacle(deps, person, step) or same


def _report_values(deps: Deps, row: ReportRow, user: Principal) -> dict[str, Any]:
    report, category = row.report, deps.reports.desk.categories.get(row.report.category)
    text, feedback = (
        (report.text, report.feedback) if user.sees_names else (mask_text(report.text), mask_text(report.feedback))
    )
    return {
        "id": str(report.id),
        "number": report.number,
        "alert": str(report.alert),
        "work": str(row.work.id),
        "category": report.category,
        "label": row.alert.title if category is None else category.label,
        "text": text,
        "severity": row.alert.severity,
        "state": row.work.state,
        "stage": stage_of(report, row.work),
        "place": report.place,
        "address": row.alert.address,
        "place_source": report.place_source,
        "lat": report.lat,
        "lon": report.lon,
        "phone": report.phone if user.sees_names else mask_phone(report.phone),
        "anonymous": report.phone is None,
        "created_at": Timestamp(report.created_at),
        "community": _verification(deps, report.community_by, report.community_at),
        "street": _verification(deps, report.street_by, report.street_at),
        "answer": report.answer,
        "answered_by": None if report.answered_by is None else _named(deps, report.answered_by),
        "answered_at": None if report.answered_at is None else Timestamp(report.answered_at),
        "satisfied": report.satisfied,
        "feedback": feedback,
        "reopened_at": None if report.reopened_at is None else Timestamp(report.reopened_at),
        "erased": report.erased_at is not None,
        "overdue": report.answered_at is None and report.created_at < deps.clock() - ANSWER_WITHIN_MS,
        "photos_count": row.photos_count,
    }


def _named(deps: Deps, person: str) -> NamedReference:
    known = deps.registry.community().people.get(person)
    return NamedReference(id=person, name=person if known is None else known.name)


def _verification(deps: Deps, person: str | None, at: Instant | None) -> schema.Verification | None:
    if at is None:
        return None
    return schema.Verification(person=person or "", name=_named(deps, person or "").name, at=Timestamp(at))


async def merge_proposals(deps: Deps, alert_id: int, user: Principal) -> list[schema.ProposalView]:
    """Alerts that may be about the same thing as this one and that this user may see; one of each pair is a report."""
    visible = visible_places(deps, user, None)
    community, categories = deps.registry.community(), deps.reports.desk.categories

    def located(alert: Alert, report: Report | None) -> Located:
        own = None if report is None or report.lat is None or report.lon is None else (report.lat, report.lon)
        return Located(alert, own or position_of(alert.place, community))

    def work(tx: Any) -> list[Proposal]:
        alert = SqlAlertStore(tx).alert(alert_id)
        if alert is None:
            return []
        own = queries.report_of_alert(tx, alert_id)
        candidates = queries.candidates(tx, alert)
        found = [one for one in candidates if visible is None or one[0].place in visible]
        separate = queries.separate_from(tx, alert_id)
        about = located(alert, own)
        others = [(located(one, report), hazards_of(own or report, alert)) for one, report in found]
        return [
            proposal
            for other, hazards in others
            for proposal in proposals_for(about, [other], hazards, separate, community)
        ]

    def hazards_of(report: Report | None, alert: Alert) -> Sequence[str]:
        category = None if report is None else categories.get(report.category)
        merges = () if category is None else (category.hazard, *category.merges)
        return [*merges, *([alert.hazard] if report is None or alert.hazard in merges else [])]

    return [_proposal_view(one) for one in await deps.database.read(work)]


def _proposal_view(proposal: Proposal) -> schema.ProposalView:
    return schema.ProposalView(
        alert=str(proposal.alert),
        title=proposal.title,
        source=AlertSource(proposal.source),
        nearness=proposal.nearness,
        opened_at=Timestamp(proposal.opened_at),
        distance_m=None if proposal.distance_m is None else round(proposal.distance_m),
    )


async def case_view(deps: Deps, user: Principal, view: Mapping[str, Any]) -> dict[str, Any]:
    """What an alert's detail has beside its timeline: photos, each also at its entry, its report, and proposals."""
    number = int(view["id"])
    shown = await deps.database.read(lambda tx: photos.photos_of_alert(tx, number))
    views = [photo_view(one) for one in shown] if may_see_photos(user) else []
    report = await deps.database.read(lambda tx: queries.report_of_alert(tx, number))
    timeline = [
        {**entry, "photos": [one for one in views if entry["kind"] == "photos" and one.at == entry["at"]]}
        for entry in view["timeline"]
    ]
    proposals = [] if user.alert is not None else await merge_proposals(deps, number, user)
    return {
        "timeline": timeline,
        "photos": views,
        "proposals": proposals,
        "report": None if report is None else str(report.id),
    }
