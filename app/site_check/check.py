"""Checks all files of a site folder for `fengshao check`: every fault of every file, and warnings. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alerts.messages.catalog import TextCatalog
from app.config.catalog import (
    WORDING,
    built_in_roles,
    load_active_rulebooks,
    load_kinds,
    load_ladders,
    load_mappings,
    load_replies,
    load_roles,
    load_wording,
    rulebook_files,
)
from app.config.exchange import load_exchange, place_faults
from app.config.faults import ConfigError, ConfigFault
from app.config.outlines import OUTLINES_FILE, read_outlines
from app.config.plans import check_plans
from app.config.registry_files import CSV_FILES, merge_identities
from app.config.settings import SiteSettings
from app.config.site import SiteConfig, check_references, read_rotations, read_settings, read_sheets
from app.config.suggestions import missing_reference
from app.config.yaml_files import read_model, read_yaml
from app.reload.codecs import check_codecs
from app.rule_tools.check import rulebook_warnings, trial_faults, trials_path
from app.site_check import names
from app.site_check.coverage import check_coverage
from app.site_check.endpoints import endpoint_faults, rung_warnings
from app.site_check.ladder_names import ladder_faults
from app.site_check.levels import level_faults, level_lines
from app.site_check.result import SiteCheck
from app.site_check.warnings import site_warnings
from domain import Fault, Instant
from domain.kind import Kind
from domain.levels import LevelRole
from ingest.mappings.mapping import MappingBook
from rules.rulebook.model import Rulebook


def check_site_files(path: Path | None, now: Instant) -> tuple[SiteCheck, SiteConfig | None]:
    """Check a site folder, or the built-in files for None; the site is None unless all its files could be loaded."""
    result = SiteCheck()
    _load(result, path)
    site = _site_config(result, path)
    if path is not None and path.is_dir():
        result.faults += _name_faults(result, path)
    if site is not None:
        result.faults += level_faults(site, result.sheets.get("places"))
        result.levels = level_lines(site)
        result.faults += endpoint_faults(site.settings.channels, result.sheets.get("people"))
        check_coverage(result, site, now)
    result.warnings += site_warnings(result, path, now)
    if result.ladders is not None and result.settings is not None:
        result.warnings += rung_warnings(result.ladders, result.settings.channels.configured)
    result.faults = sorted(dict.fromkeys(result.faults), key=lambda fault: (fault.file, fault.line, fault.column))
    return result, site


def summary_lines(result: SiteCheck, site: SiteConfig) -> Iterator[str]:
    """Numbers of everything that could be loaded."""
    rulebooks = result.rulebooks or ()
    rules = sum(len(rulebook.rules) for rulebook in rulebooks)
    codecs = len(result.codecs.codecs) if result.codecs else 0
    yield (
        f"{len(result.kinds or ())} kinds, {len(result.mappings or ())} mappings, "
        f"{codecs} codecs, {rules} rules in {len(rulebooks)} books"
    )
    ladders = len(result.ladders.ladders) if result.ladders else 0
    texts = len(result.wording.sms) if result.wording else 0
    replies = len(result.replies.kinds) if result.replies else 0
    yield f"{ladders} ladders, {texts} SMS texts, {replies} reply words"
    yield (
        f"{len(site.places)} places, {len(site.people)} people, {len(site.duties)} duties, {len(site.devices)} devices"
        + (f", {len(site.rotations)} rotations" if site.rotations else "")
    )


def _load(result: SiteCheck, path: Path | None) -> None:
    result.kinds = kinds = result.load(lambda: load_kinds(path))
    result.roles = result.load(lambda: load_roles(path))
    result.ladders = result.load(lambda: load_ladders(path))
    result.wording = result.load(lambda: load_wording(path))
    result.codecs = result.load(lambda: check_codecs(path))
    result.replies = result.load(lambda: load_replies(path))
    if kinds is not None:
        result.rulebooks = result.load(lambda: load_active_rulebooks(kinds, path))
        if result.rulebooks is not None:
            parsed = list(zip(rulebook_files(path), result.rulebooks, strict=True))
            warnings = rulebook_warnings(kinds, parsed, (), path if result.wording is not None else None)
            result.warnings += map(str, warnings)
        result.mappings = result.load(lambda: load_mappings(kinds, path))
    if path is None:
        result.settings = SiteSettings()
    else:
        _load_site(result, path, kinds)


def _load_site(result: SiteCheck, path: Path, kinds: Mapping[str, Kind] | None) -> None:
    result.settings = settings = result.load(lambda: read_settings(path))
    if settings is not None:
        result.load(lambda: load_exchange(settings.exchange, path))
    if result.settings is not None or (path / "site.yaml").exists():
        result.sheets, faults = read_sheets(path, result.settings or SiteSettings())
        result.rotations, roster_faults = read_rotations(
            path, result.settings or SiteSettings(), result.sheets, result.roles
        )
        result.faults += faults + check_references(result.sheets, kinds, result.roles) + roster_faults
        if settings is not None and "places" in result.sheets:
            known = {place.id for place in result.sheets["places"].records}
            result.faults += place_faults(settings.exchange, known, path)
            result.faults += _group_faults(settings, known, path)
            result.load(lambda: read_outlines(path / OUTLINES_FILE, known))
            result.load(lambda: check_plans(path, known))
    if result.rulebooks is not None and kinds is not None:
        result.faults += _trial_faults(result.rulebooks, kinds, path)


def _group_faults(settings: SiteSettings, known: Collection[str], path: Path) -> list[ConfigFault]:
    """Groups of the identity provider for places that are not registered: their members could not log in."""
    oidc = settings.access.oidc
    faults = [
        Fault(("access", "oidc", "groups", number, "place"), missing_reference(one.place, set(known)))
        for number, one in enumerate(oidc.groups if oidc is not None else ())
        if one.place is not None and one.place not in known
    ]
    return read_yaml(path / "site.yaml").locate_all(faults) if faults else []


def _trial_faults(rulebooks: Sequence[Rulebook], kinds: Mapping[str, Kind], path: Path) -> Iterator[ConfigFault]:
    """Faults of the trials beside the site's own rulebooks."""
    for file, rulebook in zip(rulebook_files(path), rulebooks, strict=True):
        trials = trials_path(file)
        if file.parent == path / "rules" and trials.exists():
            yield from trial_faults(trials, rulebook, kinds, path)


def _site_config(result: SiteCheck, path: Path | None) -> SiteConfig | None:
    if result.settings is None or result.kinds is None or (path is not None and len(result.sheets) < len(CSV_FILES)):
        return None
    records: dict[str, Any] = {table: merge_identities(sheet.records) for table, sheet in result.sheets.items()}
    roles = result.roles or built_in_roles()
    return SiteConfig(path, result.settings, result.kinds, roles=roles, rotations=result.rotations, **records)


def _name_faults(result: SiteCheck, path: Path) -> Iterator[ConfigFault]:
    """Names in the site's files that refer to nothing."""
    yield from names.file_faults(path)
    yield from names.setting_faults(path, result.wording)
    yield from names.cell_faults(result.sheets)
    ladders, wording = path / "ladders.yaml", path / "wording.zh.yaml"
    if result.ladders is not None and result.rulebooks is not None and ladders.exists():
        built_in = read_model(WORDING, TextCatalog)
        hazards = _hazards(result.rulebooks, built_in)
        levels = {role.value for role in LevelRole} | _levels(result)
        yield from ladder_faults(ladders, result.ladders, result.rulebooks, result.roles, hazards, levels)
    if result.wording is not None and wording.exists():
        built_in = read_model(WORDING, TextCatalog).model_copy(update={"roles": result.wording.roles})
        hazards = _hazards(result.rulebooks or (), built_in)
        yield from names.wording_faults(wording, result.wording, built_in, hazards)
    for file in sorted((path / "mappings").glob("*.yaml")):
        try:
            yield from names.platform_faults(file, read_model(file, MappingBook))
        except ConfigError:
            continue  # load_mappings has reported it


def _levels(result: SiteCheck) -> set[str]:
    """Names of levels in the place tree."""
    places = result.sheets.get("places")
    return {place.level for place in places.records} if places is not None else set()


def _hazards(rulebooks: Sequence[Rulebook], wording: TextCatalog) -> set[str]:
    return {rulebook.hazard for rulebook in rulebooks} | {text.hazard for text in wording.sms} | {"unknown"}
