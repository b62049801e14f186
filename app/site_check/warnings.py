"""Warnings: what is allowed, but probably a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from alerts.messages.catalog import TextCatalog
from app.config.catalog import WORDING, missing_site_texts
from app.config.faults import ConfigFault
from app.config.suggestions import nearest
from app.config.yaml_files import read_model
from app.site_check import names
from app.site_check.result import SiteCheck
from app.site_check.rosters import is_never_on_shift, overlapping_duties
from domain import Fault, Instant
from domain.holidays import KNOWN_UNTIL

HOLIDAYS_MUST_LAST: Final = timedelta(days=90)
ATTRIBUTES_READ_BY_CODE: Final = (
    "timezone", "datum", "person", "gateway", "report_every", "test_limit", "use", "line", "order", "fence_datum",
    "plan_x", "plan_y",
)  # fmt: skip
"""Attributes that the service reads although no rule refers to them."""
_ATTRIBUTE_REFERENCE: Final = re.compile(r"\b(?:device|person|place)\.([a-z][a-z0-9_]*)")


def site_warnings(result: SiteCheck, path: Path | None, now: Instant) -> list[str]:
    """Names similar to known ones, mappings without units, duties without effect, the end of the holiday table."""
    models = _handled_models(result, path)
    warnings = [*names.cell_warnings(result.sheets, models, _attributes_in_use(result))]
    if path is not None:
        warnings += [*names.binding_warnings(path, result.sheets), *_hazard_warnings(result.wording, path)]
        warnings += names.unit_warnings(path, result.kinds or {})
        warnings += missing_site_texts(path) if result.wording is not None else []
    return [*map(str, [*warnings, *_roster_warnings(result, now)]), *_calendar_warnings(now)]


def _attributes_in_use(result: SiteCheck) -> set[str]:
    """Attributes that rules refer to, in conditions and expiry dates, or that the service reads."""
    used = set(ATTRIBUTES_READ_BY_CODE)
    for rule in (rule for rulebook in result.rulebooks or () for rule in rulebook.rules):
        used.update(_ATTRIBUTE_REFERENCE.findall(rule.model_dump_json()))
        dates = (getattr(rule.expires, "on", None), getattr(rule.expires, "since", None))
        used.update(name for name in dates if name)
    return used


def _roster_warnings(result: SiteCheck, now: Instant) -> Iterator[ConfigFault]:
    """Duties that have no effect."""
    sheet = result.sheets.get("duties")
    if sheet is None or result.settings is None:
        return
    zone = result.settings.zone
    for row, duty in enumerate(sheet.records):
        if is_never_on_shift(duty, now, zone):
            yield sheet.fault(row, "from", "never holds: its hours, weekdays and dates have no minute in common")
    for later, earlier in overlapping_duties(sheet.records, now, zone):
        message = f"holds at hours at which line {sheet.lines[earlier]} has {sheet.records[later].person} there already"
        yield sheet.fault(later, "person", message)


def _hazard_warnings(wording: TextCatalog | None, path: Path) -> Iterator[ConfigFault]:
    """Hazards of the site's rulebooks without a text that are similar to one with a text; others may be new."""
    known = {text.hazard for text in (wording or read_model(WORDING, TextCatalog)).sms} | {"unknown"}
    for file in sorted((path / "rules").glob("*.yaml")):
        document = names.read_or_empty(file)
        hazard = document.data.get("hazard") if isinstance(document.data, dict) else None
        if isinstance(hazard, str) and hazard not in known:
            suggestion = nearest(hazard, known, names.TYPO_SIMILARITY_MIN)
            if suggestion is not None:
                message = f"no text is written for {hazard!r}; did you mean {suggestion}?"
                yield document.locate(Fault(("hazard",), message))


def _handled_models(result: SiteCheck, path: Path | None) -> set[str]:
    """Device models that a mapping or a codec handles."""
    mapped = {model for book in result.mappings or () for entry in book.models for model in entry.models}
    codecs = result.codecs.codecs if result.codecs is not None else ()
    bound = {model for _, models in names.bound_models(path) for model in models}
    return mapped | {codec.name.rpartition(".")[0] for codec in codecs} | bound


def _calendar_warnings(now: Instant) -> Iterator[str]:
    """After the last year of the holiday table every weekday counts as a working day."""
    today = datetime.fromtimestamp(now / 1000, tz=UTC).date()
    if KNOWN_UNTIL - today < HOLIDAYS_MUST_LAST:
        yield (
            f"the table of public holidays ends on {KNOWN_UNTIL} (domain/holidays.py): rules that ask "
            "for time.workday or time.holiday will be wrong after it; install a version with the next year's"
        )
