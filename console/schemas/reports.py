"""Schemas of citizens' reports: the public form, the reporter's page, the list of the office, photos and figures."""

from __future__ import annotations

from typing import Literal

from alerts.alert import AlertSource, State
from alerts.cases.proposals import Nearness
from alerts.cases.report import PhotoPurpose, PlaceSource, Stage
from console.schemas.references import NamedReference, Page, Schema
from console.timestamps import Timestamp
from domain import Severity
from store.database.reports.queries import ReportShow


class ReportCategoryView(Schema, frozen=True, kw_only=True):
    """A button of the public page. `emergency`: whom to call too, where life is in danger."""

    id: str
    label: str
    life_safety: bool
    emergency: str


class ReportPlace(Schema, frozen=True, kw_only=True):
    """A place that a reporter may name. `leaf`: nothing below it can be named."""

    id: str
    name: str
    address: str
    leaf: bool
    distance_m: int | None = None


class ReportForm(Schema, frozen=True, kw_only=True):
    """What the public page needs. `place`: the place of the QR code; `code`: whether the QR code is valid."""

    site: str
    categories: list[ReportCategoryView]
    consent: str
    photos_max: int
    photo_bytes_max: int
    text_max: int
    place: ReportPlace | None
    code: Literal["none", "valid", "revoked"]


class ReportPlaces(Schema, frozen=True, kw_only=True):
    """Places to pick from."""

    items: list[ReportPlace]


class PhotoPosition(Schema, frozen=True, kw_only=True):
    """The position in a photo, in GCJ-02, for its reporter to confirm, and the nearest registered place. Not stored."""

    lat: float | None
    lon: float | None
    place: ReportPlace | None


class RefusedPhotoView(Schema, frozen=True, kw_only=True):
    """A photo that was not kept, and why."""

    number: int
    reason: str
    detail: str


class SubmittedReport(Schema, frozen=True, kw_only=True):
    """A report that was made. `path` is the reporter's own page; whoever has it can read and rate the answer."""

    number: str
    path: str
    place: str
    life_safety: bool
    emergency: str
    photos: int
    photos_refused: list[RefusedPhotoView]


class PublicPhoto(Schema, frozen=True, kw_only=True):
    """A photo the reporter may see: his own, or one of the result."""

    path: str
    purpose: PhotoPurpose
    width: int
    height: int


class ReportStep(Schema, frozen=True, kw_only=True):
    """A step of the progress that the reporter sees; `at` is None until it is reached."""

    name: Stage
    text: str
    done: bool


class ReportStatus(Schema, frozen=True, kw_only=True):
    """A report as its reporter sees it: no name of staff, no other resident's data."""

    number: str
    label: str
    place: str
    text: str
    created_at: Timestamp
    stage: Stage
    sentence: str
    steps: list[ReportStep]
    answer: str
    answered_at: Timestamp | None
    photos: list[PublicPhoto]
    satisfied: bool | None
    can_rate: bool
    can_reopen: bool
    life_safety: bool
    emergency: str
    photos_max: int
    photo_bytes_max: int


class PhotoView(Schema, frozen=True, kw_only=True):
    """A photo of an alert. `path` needs the session or token of a user who may see it."""

    id: str
    path: str
    purpose: PhotoPurpose
    width: int
    height: int
    at: Timestamp
    by: str


class StoredPhotosView(Schema, frozen=True, kw_only=True):
    """Photos that were kept and refused."""

    kept: int
    refused: list[RefusedPhotoView]


class ProposalView(Schema, frozen=True, kw_only=True):
    """An alert that may be about the same thing; a person decides."""

    alert: str
    title: str
    source: AlertSource
    nearness: Nearness
    opened_at: Timestamp
    distance_m: int | None


class Verification(Schema, frozen=True, kw_only=True):
    """Who verified, and when."""

    person: str
    name: str
    at: Timestamp


class ReportItem(Schema, frozen=True, kw_only=True):
    """A report in lists of the office. `alert` is the alert it opened, `work` the one it was merged into, else the
    same. `overdue`: not answered three days after it was made. `photos_count`: the photos of `alert`."""

    id: str
    number: str
    alert: str
    work: str
    category: str
    label: str
    text: str
    severity: Severity
    state: State
    stage: Stage
    place: str | None
    address: str
    place_source: PlaceSource
    lat: float | None
    lon: float | None
    phone: str | None
    anonymous: bool
    created_at: Timestamp
    community: Verification | None
    street: Verification | None
    answer: str
    answered_by: NamedReference | None
    answered_at: Timestamp | None
    satisfied: bool | None
    feedback: str
    reopened_at: Timestamp | None
    erased: bool
    overdue: bool
    photos_count: int


class CategoryName(Schema, frozen=True, kw_only=True):
    """A category of the site."""

    id: str
    label: str


class ReportPage(Page[ReportItem], frozen=True, kw_only=True):
    """Reports, how many match, how many of those are overdue; and of the same places and period how many lack what."""

    total: int
    late: int
    counts: dict[ReportShow, int]
    categories: list[CategoryName]


ReportNextStep = Literal["community", "street", "answer"]
"""Verification by the community, by the street, then the answer to the reporter."""


class ReportDetail(ReportItem, frozen=True, kw_only=True):
    """A report with its photos, and the alerts it may be merged with. `next_step`: what is missing, None while the work
    goes on and after the answer; `may_step`: whether this user may do it, else `obstacle` says why not; `may_merge`:
    whether he may decide about the proposals."""

    photos: list[PhotoView]
    proposals: list[ProposalView]
    next_step: ReportNextStep | None
    may_step: bool
    obstacle: str
    may_merge: bool


class ErasedReports(Schema, frozen=True, kw_only=True):
    """How many reports of a phone number were erased."""

    reports: int


class ReportFiguresView(Schema, frozen=True, kw_only=True):
    """Figures of the reports made in a period. `closing_rate`: closed and answered, of all, from 0 to 1."""

    since: Timestamp
    until: Timestamp
    received: int
    by_category: dict[str, int]
    settled: int
    verified_by_community: int
    verified_by_street: int
    answered: int
    closed: int
    merged: int
    reopened: int
    satisfied: int
    dissatisfied: int
    overdue: int
    anonymous: int
    closing_rate: float | None
    satisfaction_rate: float | None
    answer_ms_median: int | None


class PlaceCodeView(Schema, frozen=True, kw_only=True):
    """The code of a place: the address in its QR code."""

    place: str
    path: str
    created_at: Timestamp


class RevokedCodes(Schema, frozen=True, kw_only=True):
    """How many codes of a place were revoked."""

    revoked: int
