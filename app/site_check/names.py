"""Names in the files of a site that nothing answers to: channels, rules, templates, time zones, gateways, texts.

`up` starts all the same, for a service that was started again at night must judge; `check` refuses them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any

from alerts.channels.channel import CHANNELS
from alerts.escalation.policy import EscalationPolicy, check_names
from alerts.messages.catalog import VARIABLE, TextCatalog
from app.config.csv_files import Sheet
from app.config.faults import ConfigError, ConfigFault
from app.config.registry_files import CSV_FILES
from app.config.site import Sheets
from app.config.suggestions import did_you_mean, missing_reference, nearest, unknown_name
from app.config.yaml_files import Document, read_yaml, validate
from app.pipeline import refused_dangers, self_monitoring, unread_verdicts
from app.reload.codecs import FOLDER as CODECS
from domain import Device, Fault
from domain.duration import parse_duration
from domain.geo import BD_09, GCJ_02, WGS_84
from domain.kind import Kind
from ingest.adapters import FILTERS
from ingest.codecs.registry import BINDINGS_FILE, normalise_model
from ingest.mappings.mapping import ANY_PLATFORM, MappingBook
from ingest.mappings.missing_units import missing_units as unit_doubts
from ingest.routing.routes import filter_faults
from rules.language.local_calendar import find_zone
from rules.rulebook.model import Rulebook

OWN_RULES = (
    refused_dangers.RULE,
    refused_dangers.UNREADABLE_RULE,
    self_monitoring.DROPPED_RULE,
    self_monitoring.DISK_RULE,
    self_monitoring.BOOKS_RULE,
    self_monitoring.SITE_RULE,
    self_monitoring.REFUSED_RULE,
    self_monitoring.OMITTED_RULE,
    unread_verdicts.RULE,
    "channel-down",
)
"""Rules of no rulebook: what the service says about itself, and dangers in messages that became no reading."""
DATUMS = (WGS_84, GCJ_02, BD_09)
FOLDERS = ("kinds", "mappings", "rules", CODECS)
YAML_FILES = ("site.yaml", "ladders.yaml", "wording.zh.yaml")
TYPO_SIMILARITY_MIN = 0.8
"""So like a known name must one be that may be free, to be taken for a slip."""


def read_or_empty(path: Path) -> Document:
    """A file, or nothing where it is missing or no YAML (its reader says so)."""
    try:
        return read_yaml(path)
    except ConfigError:
        return Document(str(path), None, {})


def file_faults(site: Path) -> list[ConfigFault]:
    """Files and folders that nobody reads, although their names look as if somebody should."""
    known = [*YAML_FILES, *FOLDERS, *(f"{name}.csv" for name in CSV_FILES)]
    there = [one for one in sorted(site.iterdir()) if one.name not in known and not one.name.startswith(".")]
    return [
        ConfigFault(str(one), 1, 1, "", f"is read by nobody{did_you_mean(one.name, known, TYPO_SIMILARITY_MIN)}")
        for one in there
        if nearest(one.name, known, TYPO_SIMILARITY_MIN)
    ]


def setting_faults(site: Path, words: TextCatalog | None) -> list[ConfigFault]:
    """Platforms and templates that site.yaml names and that do not exist, and filters that cannot be."""
    written = read_or_empty(site / "site.yaml")
    faults = [
        Fault(("intake", setting, name), unknown_name(name, FILTERS))
        for setting in ("timezones", "filters")
        for name in _keys(_value_at(written.data, "intake", setting))
        if name not in FILTERS
    ]
    faults += [
        Fault(("intake", "filters", *fault.where), fault.message)
        for fault in filter_faults(_lists_of_text(_value_at(written.data, "intake", "filters")))
    ]
    if words is not None:
        known = {one.name for one in words.sms} | {f"{one.name}.{level}" for one in words.sms for level in one.codes}
        where = ("channels", "aliyun_sms", "templates")
        faults += [
            Fault((*where, name), unknown_name(name, known))
            for name in _keys(_value_at(written.data, *where))
            if name not in known
        ]
    return written.locate_all(faults)


def ladder_faults(file: Path, book: EscalationPolicy, books: Sequence[Rulebook]) -> list[ConfigFault]:
    """Channels and rules that ladders name and that do not exist: nobody on that rung would be told."""
    rules = {rule.name for one in books for rule in one.rules} | set(OWN_RULES)
    return read_or_empty(file).locate_all(check_names(book, CHANNELS, rules, unknown_name))


def _keys(data: object) -> list[str]:
    return list(data) if isinstance(data, Mapping) else []


def _lists_of_text(data: object) -> dict[str, list[str]]:
    """What has the right shape; the rest was told when the file was read."""
    lists = data.items() if isinstance(data, Mapping) else ()
    return {name: each for name, each in lists if isinstance(each, list) and all(isinstance(one, str) for one in each)}


def _value_at(data: object, *path: str) -> object:
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


# -- what stands in the cells of CSV files --------------------------------------------------------------------------


def _zone_fault(text: str) -> str | None:
    return None if find_zone(text) else f"{text!r} is no time zone: write one like Asia/Shanghai"


def _datum_fault(text: str) -> str | None:
    return None if text in DATUMS else unknown_name(text, DATUMS)


def _duration_fault(text: str) -> str | None:
    try:
        parse_duration(text)
    except ValueError as error:
        return str(error)
    return None


def unit_warnings(path: Path, kinds: Mapping[str, Kind]) -> Iterator[ConfigFault]:
    """Lines of the site's own mappings that say nothing of a unit."""
    for file in sorted((path / "mappings").glob("*.yaml")):
        try:
            written = read_yaml(file)
            yield from written.locate_all(unit_doubts(validate(written, MappingBook), kinds))
        except ConfigError:
            continue  # told where it was read


_ATTRIBUTE_CHECKS: Mapping[tuple[str, str], Callable[[str], str | None]] = {
    ("devices", "timezone"): _zone_fault,
    ("places", "timezone"): _zone_fault,
    ("people", "timezone"): _zone_fault,
    ("devices", "datum"): _datum_fault,
    ("people", "fence_datum"): _datum_fault,
    ("devices", "report_every"): _duration_fault,
    ("devices", "test_limit"): _duration_fault,
}
"""Attributes whose values the service reads, by file and name."""


def cell_faults(sheets: Sheets) -> list[ConfigFault]:
    """Attributes that name what does not exist: a time zone, a datum, a person, a gateway."""
    faults = [
        sheets[what].fault(row, f"attributes.{name}", message)
        for (what, name), check in _ATTRIBUTE_CHECKS.items()
        if what in sheets
        for row, value in _attributes(sheets[what], name)
        if (message := check(value)) is not None
    ]
    if "devices" in sheets and "people" in sheets:
        people = {person.id for person in sheets["people"].records}
        devices = sheets["devices"]
        faults += [
            devices.fault(row, "attributes.person", missing_reference(value, people))
            for row, value in _attributes(devices, "person")
            if value not in people
        ]
    return faults + (_gateway_faults(sheets["devices"]) if "devices" in sheets else [])


def _gateway_faults(devices: Sheet[Device]) -> list[ConfigFault]:
    """A gateway need not be registered; a name that only this device uses and that is nearly another's is a slip."""
    known = {device.id for device in devices.records}
    named = list(_attributes(devices, "gateway"))
    counts: dict[str, int] = {}
    for _, value in named:
        counts[value] = counts.get(value, 0) + 1
    others = known | {name for name, count in counts.items() if count > 1}
    return [
        devices.fault(row, "attributes.gateway", missing_reference(value, others))
        for row, value in named
        if value not in others and nearest(value, others, TYPO_SIMILARITY_MIN)
    ]


def _attributes(sheet: Sheet[Any], name: str) -> Iterator[tuple[int, str]]:
    values = ((row, record.attributes.get(name)) for row, record in enumerate(sheet.records))
    return ((row, str(value)) for row, value in values if value is not None)


def cell_warnings(sheets: Sheets, models: Collection[str], asked: Collection[str]) -> Iterator[ConfigFault]:
    """Models and attributes may have any name; one that is nearly a known one is told, and refused by nobody."""
    devices: Sheet[Device] = sheets.get("devices", Sheet(""))
    spoken_for = set(map(normalise_model, models))
    for row, device in enumerate(devices.records):
        if (
            device.model
            and normalise_model(device.model) not in spoken_for
            and (near := nearest(device.model, models, TYPO_SIMILARITY_MIN))
        ):
            yield devices.fault(row, "model", f"no mapping and no codec knows {device.model!r}; did you mean {near}?")
    for sheet in sheets.values():
        for column in sheet.header:
            name = column.removeprefix("attributes.")
            if name != column and name not in asked and (near := nearest(name, asked, TYPO_SIMILARITY_MIN)):
                yield sheet.fault_at_line(1, column, f"nothing asks for {name!r}; did you mean attributes.{near}?")


def bound_models(site: Path | None) -> Iterator[tuple[str, list[str]]]:
    """The files of codecs.d/bindings.yaml with the models that they speak for, as far as it can be read."""
    codecs = _value_at(read_or_empty(site / CODECS / BINDINGS_FILE).data, "codecs") if site is not None else None
    for name, binding in codecs.items() if isinstance(codecs, Mapping) else ():
        models = _value_at(binding, "models")
        yield str(name), [str(one) for one in models] if isinstance(models, list) else []


def binding_warnings(site: Path, sheets: Sheets) -> Iterator[ConfigFault]:
    """Models that a codec is bound to and no device has, while a device has nearly that."""
    devices: Sheet[Device] = sheets.get("devices", Sheet(""))
    used = {device.model for device in devices.records if device.model}
    for name, models in bound_models(site):
        for index, model in enumerate(models):
            near = (
                nearest(model, used, TYPO_SIMILARITY_MIN)
                if normalise_model(model) not in map(normalise_model, used)
                else None
            )
            if near is not None:
                said = f"no device is of model {model!r}; did you mean {near}?"
                yield read_or_empty(site / CODECS / BINDINGS_FILE).locate(
                    Fault(("codecs", name, "models", index), said)
                )


# -- mappings and wording -------------------------------------------------------------------------------------------


def platform_faults(file: Path, book: MappingBook) -> list[ConfigFault]:
    """Platforms that a mapping is for and that nobody listens to."""
    named = [(("platform",), book.platform), *((("also", index), name) for index, name in enumerate(book.also))]
    known = [*FILTERS, ANY_PLATFORM]
    return read_or_empty(file).locate_all(
        Fault(where, unknown_name(name, known)) for where, name in named if name not in known
    )


def wording_faults(file: Path, book: TextCatalog, built_in: TextCatalog, hazards: Collection[str]) -> list[ConfigFault]:
    """Texts that a site's wording lacks or that nobody asks for, and words in them that nobody fills in."""
    mine, ours = book.model_dump(by_alias=True), built_in.model_dump(by_alias=True)
    faults = list(_text_faults(mine, ours, ()))
    variables = {name for one in built_in.sms for name in VARIABLE.findall(one.text)}
    for index, one in enumerate(book.sms):
        strange = [name for name in VARIABLE.findall(one.text) if name not in variables]
        faults += [Fault(("sms", index, "text"), unknown_name(name, variables)) for name in strange]
        if one.hazard not in hazards:
            faults.append(Fault(("sms", index, "hazard"), unknown_name(one.hazard, hazards)))
    for kind, severity in {(one.kind, level) for one in built_in.sms for level in one.codes}:
        if not any(one.kind is kind and one.hazard == "*" and severity in one.codes for one in book.sms):
            said = f"no text of kind {kind.value} for hazard '*' and {severity.value}: add one"
            faults.append(Fault(("sms",), said))
    return read_or_empty(file).locate_all(faults)


def _text_faults(mine: Any, ours: Any, where: tuple[str | int, ...]) -> Iterator[Fault]:
    if isinstance(ours, Mapping) and isinstance(mine, Mapping):
        for name in ours.keys() - mine.keys():
            yield Fault(where, f"{name} is missing: write `{name}: ...`")
        for name in mine.keys() - ours.keys():
            yield Fault((*where, name), unknown_name(str(name), map(str, ours)))
        for name in ours.keys() & mine.keys():
            yield from _text_faults(mine[name], ours[name], (*where, str(name)))
    elif isinstance(ours, str) and isinstance(mine, str):
        known = _placeholders(ours) or set()
        found = _placeholders(mine)
        if found is None:
            yield Fault(where, "its braces do not match: write {name} for a word that is filled in")
        for name in sorted((found or set()) - known):
            yield Fault(where, unknown_name(name, known) if known else f"{{{name}}} is filled in by nobody: remove it")


def _placeholders(text: str) -> set[str] | None:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None
