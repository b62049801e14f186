"""Everything wrong with a site, of all its files at once: what `fengshao check` tells. It changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field

from alerts.escalation.policy import EscalationPolicy
from alerts.messages.catalog import TextCatalog
from alerts.reply_parsing.grammar import ReplyGrammar
from app.config.catalog import (
    WORDING,
    load_active_rulebooks,
    load_kinds,
    load_ladders,
    load_mappings,
    load_replies,
    load_wording,
    read_wording,
    rulebook_files,
)
from app.config.csv_files import Sheet
from app.config.faults import ConfigError, ConfigFault
from app.config.registry_files import CSV_FILES, merge_identities
from app.config.settings import SiteSettings
from app.config.site import Sheets, SiteConfig, check_references, read_settings, read_sheets
from app.config.suggestions import nearest
from app.config.yaml_files import read_model
from app.reload.codecs import check_codecs
from app.rule_tools.check import rulebook_warnings, trial_faults, trials_path
from app.site_check import last_resort
from app.site_check import names as site_names
from app.site_check.escalation_coverage import CoverageGap, EscalationCoverage
from app.site_check.levels import level_faults, level_lines
from app.site_check.rosters import is_never_on_shift, overlapping_duties
from domain import Fault, Instant
from domain.kind import Kind
from domain.people import community
from ingest.codecs.registry import CodecRegistry
from ingest.mappings.mapping import MappingBook
from rules.language.local_calendar import KNOWN_UNTIL
from rules.rulebook.model import Rulebook

T = TypeVar("T")
HOLIDAYS_MUST_LAST = timedelta(days=90)
CELLS_SHOWN = 5
ATTRIBUTES_READ_BY_CODE = (
    "timezone", "datum", "person", "gateway", "report_every", "test_limit", "use", "line", "order", "fence_datum",
)  # fmt: skip
"""Attributes that no rule names and that the service reads all the same."""
_ATTRIBUTE_REFERENCE = re.compile(r"\b(?:device|person|place)\.([a-z][a-z0-9_]*)")


class SiteCheck(Struct):
    """What could be read of a site, and what is wrong with it. What could not be read is None and has its faults."""

    faults: list[ConfigFault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    settings: SiteSettings | None = None
    kinds: Mapping[str, Kind] | None = None
    sheets: Sheets = field(default_factory=dict)
    rulebooks: Sequence[Rulebook] | None = None
    ladders: EscalationPolicy | None = None
    wording: TextCatalog | None = None
    mappings: Sequence[MappingBook] | None = None
    codecs: CodecRegistry | None = None
    replies: ReplyGrammar | None = None
    levels: list[str] = field(default_factory=list)
    """How each level of the place tree is understood."""

    def read(self, load: Callable[[], T]) -> T | None:
        """What this reads, or None and the faults."""
        try:
            return load()
        except ConfigError as error:
            self.faults += error.faults
            return None


def check_site_files(path: Path | None, now: Instant) -> tuple[SiteCheck, SiteConfig | None]:
    """All faults of all files, what is doubtful, and the registry when all of its files could be read."""
    found = SiteCheck()
    _read(found, path)
    folder = _site_config(found, path)
    if path is not None and path.is_dir():
        found.faults += _name_faults(found, path)
    if folder is not None:
        found.faults += level_faults(folder, found.sheets.get("places"))
        found.levels = level_lines(folder)
        _check_coverage(found, folder, now)
    found.warnings += _warnings(found, path, now)
    found.faults = sorted(dict.fromkeys(found.faults), key=lambda fault: (fault.file, fault.line, fault.column))
    return found, folder


def summary_lines(found: SiteCheck, folder: SiteConfig) -> Iterator[str]:
    """How much there is of everything that could be read."""
    rules = sum(len(book.rules) for book in found.rulebooks or ())
    yield (
        f"{len(found.kinds or ())} kinds, {len(found.mappings or ())} mappings, "
        f"{len(found.codecs.codecs) if found.codecs else 0} codecs, {rules} rules in {len(found.rulebooks or ())} books"
    )
    ladders, texts = found.ladders, found.wording
    replies = len(found.replies.kinds) if found.replies else 0
    counts = (len(ladders.ladders) if ladders else 0, len(texts.sms) if texts else 0, replies)
    yield "{} ladders, {} SMS texts, {} reply words".format(*counts)
    yield (
        f"{len(folder.places)} places, {len(folder.people)} people, {len(folder.duties)} duties, "
        f"{len(folder.devices)} devices"
    )


def _read(found: SiteCheck, path: Path | None) -> None:
    found.kinds = kinds = found.read(lambda: load_kinds(path))
    found.ladders, found.wording = found.read(lambda: load_ladders(path)), found.read(lambda: load_wording(path))
    worded = path if found.wording is not None else None
    if found.wording is None and path is not None:
        # A misspelt name is told where it stands too, not only as missing under its right name.
        found.wording = found.read(lambda: read_wording(path))
    found.codecs = found.read(lambda: check_codecs(path))
    found.replies = found.read(lambda: load_replies(path))
    if kinds is not None:
        found.rulebooks = found.read(lambda: load_active_rulebooks(kinds, path))
        if found.rulebooks is not None:
            rulebooks = list(zip(rulebook_files(path), found.rulebooks, strict=True))
            found.warnings += [str(doubt) for doubt in rulebook_warnings(kinds, rulebooks, (), worded)]
        found.mappings = found.read(lambda: load_mappings(kinds, path))
    if path is None:
        found.settings = SiteSettings()
        return
    found.settings = settings = found.read(lambda: read_settings(path))
    if settings is not None or (path / "site.yaml").exists():
        found.sheets, faults = read_sheets(path, settings or SiteSettings())
        found.faults += faults + check_references(found.sheets, kinds)
    if found.rulebooks is not None and kinds is not None:
        found.faults += _trial_faults(found.rulebooks, kinds, path)


def _trial_faults(rulebooks: Sequence[Rulebook], kinds: Mapping[str, Kind], path: Path) -> Iterator[ConfigFault]:
    """Faults of the trials beside the site's own rulebooks."""
    for file, rulebook in zip(rulebook_files(path), rulebooks, strict=True):
        trials = trials_path(file)
        if file.parent == path / "rules" and trials.exists():
            yield from trial_faults(trials, rulebook, kinds, path)


def _site_config(found: SiteCheck, path: Path | None) -> SiteConfig | None:
    if found.settings is None or found.kinds is None or (path is not None and len(found.sheets) < len(CSV_FILES)):
        return None
    records = {what: merge_identities(sheet.records) for what, sheet in found.sheets.items()}
    return SiteConfig(path, found.settings, found.kinds, **records)


def _name_faults(found: SiteCheck, path: Path) -> Iterator[ConfigFault]:
    """Names that nothing answers to."""
    yield from site_names.file_faults(path)
    yield from site_names.setting_faults(path, found.wording)
    yield from site_names.cell_faults(found.sheets)
    ladders, words = path / "ladders.yaml", path / "wording.zh.yaml"
    if found.ladders is not None and found.rulebooks is not None and ladders.exists():
        yield from site_names.ladder_faults(ladders, found.ladders, found.rulebooks)
    if found.wording is not None and words.exists():
        built_in = read_model(WORDING, TextCatalog)
        yield from site_names.wording_faults(words, found.wording, built_in, _hazards(found.rulebooks or (), built_in))
    for file in sorted((path / "mappings").glob("*.yaml")):
        try:
            yield from site_names.platform_faults(file, read_model(file, MappingBook))
        except ConfigError:
            continue  # told where it was read


def _hazards(books: Sequence[Rulebook], words: TextCatalog) -> set[str]:
    return {book.hazard for book in books} | {one.hazard for one in words.sms} | {"unknown"}


# -- whom a danger reaches ------------------------------------------------------------------------------------------


def _check_coverage(found: SiteCheck, folder: SiteConfig, now: Instant) -> None:
    """A danger that could reach nobody is a fault; where the last resort hears of it, a doubt."""
    wrong = last_resort.last_resort_faults(folder)
    found.faults += wrong
    if folder.path is None or found.ladders is None or not folder.places:
        return
    town = community(folder.places, folder.cells, folder.people, folder.duties)
    zone = folder.settings.zone
    reach = EscalationCoverage(town, last_resort.enabled_channels(folder.settings), now, zone)
    cells: list[str | None] = [*sorted({place.cell for place in folder.places if place.cell}), None]
    alike: dict[tuple[object, ...], list[CoverageGap]] = {}
    for gap in reach.gaps(found.ladders, [cell for cell in cells if cell is None or cell in town.cells]):
        alike.setdefault((gap.ladders, gap.hours), []).append(gap)
    told = [_coverage_fault(found.sheets, gaps) for gaps in alike.values()]
    if wrong:
        found.faults += told
    else:
        found.warnings += [f"{one}; until then only the last resort hears of it" for one in told]


def _coverage_fault(sheets: Sheets, gaps: Sequence[CoverageGap]) -> ConfigFault:
    """Cells of which the same ladders reach nobody at the same hours, at the first of them."""
    first = gaps[0]
    cells = sheets["cells"]
    rows = {record.id: row for row, record in enumerate(cells.records)}
    names = [_cell_text(cells, rows, gap.cell) for gap in gaps[:CELLS_SHOWN]]
    more = f" and {len(gaps) - CELLS_SHOWN} more cells" if len(gaps) > CELLS_SHOWN else ""
    top = next((record.id for record in cells.records if record.parent is None), "CELL")
    said = (
        f"{', '.join(names)}{more}: {'; '.join(first.ladders)}: {first.hours} nobody can be reached: no "
        f"{', '.join(first.roles)} on duty with a phone or WeCom id that the site's channels lead to; "
        f"write a line in duties.csv for {first.cell or top} or a cell above it"
    )
    return (
        cells.fault(rows[first.cell], "id", said)
        if first.cell is not None
        else ConfigFault(cells.file, 1, 1, "id", said)
    )


def _cell_text(cells: Sheet[object], rows: Mapping[str, int], cell: str | None) -> str:
    if cell is None:
        return "places without a cell, strangers"
    return f"{cell} ({cells.records[rows[cell]].name})"  # type: ignore[attr-defined]


# -- what may be meant, and may be a slip ---------------------------------------------------------------------------


def _warnings(found: SiteCheck, path: Path | None, now: Instant) -> list[str]:
    books = found.rulebooks or ()
    asked = {
        name for book in books for rule in book.rules for name in _ATTRIBUTE_REFERENCE.findall(rule.model_dump_json())
    }
    dates = {name for book in books for rule in book.rules if rule.expires for name in _dates(rule.expires)}
    told = [
        *site_names.cell_warnings(
            found.sheets, _handled_models(found, path), asked | dates | set(ATTRIBUTES_READ_BY_CODE)
        )
    ]
    if path is not None:
        told += [*site_names.binding_warnings(path, found.sheets), *_hazard_warnings(found.wording, path)]
        told += site_names.unit_warnings(path, found.kinds or {})
    return [*map(str, [*told, *_roster_warnings(found, now)]), *_calendar_warnings(now)]


def _roster_warnings(found: SiteCheck, now: Instant) -> Iterator[ConfigFault]:
    """Lines of the roster that change nothing."""
    sheet = found.sheets.get("duties")
    if sheet is None or found.settings is None:
        return
    zone = found.settings.zone
    for row, duty in enumerate(sheet.records):
        if is_never_on_shift(duty, now, zone):
            yield sheet.fault(row, "from", "never holds: its hours, weekdays and dates have no minute in common")
    for later, earlier in overlapping_duties(sheet.records, now, zone):
        message = f"holds at hours at which line {sheet.lines[earlier]} has {sheet.records[later].person} there already"
        yield sheet.fault(later, "person", message)


def _dates(expires: object) -> Iterator[str]:
    return (name for name in (getattr(expires, "on", None), getattr(expires, "since", None)) if name)


def _hazard_warnings(words: TextCatalog | None, path: Path) -> Iterator[ConfigFault]:
    """A family of which no text and no other rule speaks may be new; one that is nearly a known one is a slip."""
    known = {one.hazard for one in (words or read_model(WORDING, TextCatalog)).sms} | {"unknown"}
    for file in sorted((path / "rules").glob("*.yaml")):
        written = site_names.read_or_empty(file)
        hazard = written.data.get("hazard") if isinstance(written.data, dict) else None
        near = (
            nearest(hazard, known, site_names.TYPO_SIMILARITY_MIN)
            if isinstance(hazard, str) and hazard not in known
            else None
        )
        if near is not None:
            yield written.locate(Fault(("hazard",), f"no text is written for {hazard!r}; did you mean {near}?"))


def _handled_models(found: SiteCheck, path: Path | None) -> set[str]:
    """Models that a mapping or a codec speaks for."""
    mapped = {name for book in found.mappings or () for each in book.models for name in each.models}
    codecs = found.codecs.codecs if found.codecs is not None else ()
    bound = {name for _, names in site_names.bound_models(path) for name in names}
    return mapped | {codec.name.rpartition(".")[0] for codec in codecs} | bound


def _calendar_warnings(now: Instant) -> Iterator[str]:
    """Beyond the last year of the holiday table every weekday is a working day."""
    today = datetime.fromtimestamp(now / 1000, tz=UTC).date()
    if KNOWN_UNTIL - today < HOLIDAYS_MUST_LAST:
        yield (
            f"the table of public holidays ends on {KNOWN_UNTIL} (rules/language/local_calendar.py): rules that ask "
            "for time.workday or time.holiday will be wrong after it; install a version with the next year's"
        )
