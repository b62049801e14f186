"""Names in the files of a site that refer to nothing: channels, rules, templates, time zones, gateways, texts.

`check` reports them as faults; `up` starts nevertheless, because a service restarted at night must process alarms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from alerts.cases.categories import CASE_RULE_NAMES
from alerts.delivery import channel_health
from alerts.messages.catalog import TextCatalog
from alerts.messages.filed_texts import VARIABLE
from alerts.messages.speech import SPEECH_VARIABLES
from app.config.csv_files import Sheet
from app.config.faults import ConfigError, ConfigFault
from app.config.plans import PLANS_FOLDER
from app.config.registry_files import CSV_FILES
from app.config.site import Sheets
from app.config.suggestions import did_you_mean, missing_reference, nearest, unknown_name
from app.config.yaml_files import Document, read_yaml, validate
from app.pipeline import refused_dangers, self_monitoring, unread_verdicts
from app.reload.codecs import FOLDER as CODECS
from app.site_check.template_names import template_faults
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

OWN_RULES = (
    refused_dangers.RULE,
    refused_dangers.UNREADABLE_RULE,
    self_monitoring.DROPPED_RULE,
    self_monitoring.DISK_RULE,
    self_monitoring.BOOKS_RULE,
    self_monitoring.SITE_RULE,
    self_monitoring.PROVIDER_RULE,
    self_monitoring.REFUSED_RULE,
    self_monitoring.ROSTER_RULE,
    self_monitoring.OMITTED_RULE,
    self_monitoring.AUDIT_RULE,
    self_monitoring.CANARY_RULE,
    unread_verdicts.RULE,
    *channel_health.RULES,
    *CASE_RULE_NAMES,
)
"""Rules that are in no rulebook: the service's own findings, and dangers in refused messages."""
DATUMS = (WGS_84, GCJ_02, BD_09)
FOLDERS = ("kinds", "mappings", "rules", CODECS, PLANS_FOLDER)
YAML_FILES = ("site.yaml", "roles.yaml", "rosters.yaml", "ladders.yaml", "categories.yaml", "wording.zh.yaml")
TYPO_SIMILARITY_MIN = 0.8
"""A name that may be chosen freely counts as misspelt only when it is this similar to a known one."""


def read_or_empty(path: Path) -> Document:
    """The parsed file; an empty document when it is missing or faulty, which its loader reports."""
    try:
        return read_yaml(path)
    except ConfigError:
        return Document(str(path), None, {})


def file_faults(site: Path) -> list[ConfigFault]:
    """Files and folders that are not read although their names are similar to ones that are."""
    known = [*YAML_FILES, *FOLDERS, *(f"{name}.csv" for name in CSV_FILES)]
    unread = [path for path in sorted(site.iterdir()) if path.name not in known and not path.name.startswith(".")]
    return [
        ConfigFault(str(path), 1, 1, "", f"is read by nobody{did_you_mean(path.name, known, TYPO_SIMILARITY_MIN)}")
        for path in unread
        if nearest(path.name, known, TYPO_SIMILARITY_MIN)
    ]


def setting_faults(site: Path, wording: TextCatalog | None) -> list[ConfigFault]:
    """Unknown platforms and templates in site.yaml, and topic filters that no device can match."""
    document = read_or_empty(site / "site.yaml")
    faults = [
        Fault(("intake", setting, name), unknown_name(name, FILTERS))
        for setting in ("timezones", "filters")
        for name in _keys(_value_at(document.data, "intake", setting))
        if name not in FILTERS
    ]
    faults += [
        Fault(("intake", "filters", *fault.where), fault.message)
        for fault in filter_faults(_lists_of_text(_value_at(document.data, "intake", "filters")))
    ]
    if wording is not None:
        faults += template_faults(document.data, wording)
    return document.locate_all(faults)


def _keys(data: object) -> list[str]:
    return list(data) if isinstance(data, Mapping) else []


def _lists_of_text(data: object) -> dict[str, list[str]]:
    """The entries that are lists of text; others were reported when the file was validated."""
    entries = data.items() if isinstance(data, Mapping) else ()
    return {
        name: items
        for name, items in entries
        if isinstance(items, list) and all(isinstance(item, str) for item in items)
    }


def _value_at(data: object, *path: str) -> object:
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


# -- cells of CSV files --------------------------------------------------------------------------


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
    """Rules of the site's own mappings to a quantity with a unit that do not name the unit of the field."""
    for file in sorted((path / "mappings").glob("*.yaml")):
        try:
            document = read_yaml(file)
            yield from document.locate_all(unit_doubts(validate(document, MappingBook), kinds))
        except ConfigError:
            continue  # load_mappings has reported it


_ATTRIBUTE_CHECKS: Mapping[tuple[str, str], Callable[[str], str | None]] = {
    ("devices", "timezone"): _zone_fault,
    ("places", "timezone"): _zone_fault,
    ("people", "timezone"): _zone_fault,
    ("devices", "datum"): _datum_fault,
    ("people", "fence_datum"): _datum_fault,
    ("devices", "report_every"): _duration_fault,
    ("devices", "test_limit"): _duration_fault,
}
"""(table, attribute) -> check of its value, for attributes that the service reads."""


def cell_faults(sheets: Sheets) -> list[ConfigFault]:
    """Attributes with an unknown time zone, datum, person or gateway, or a faulty duration."""
    faults = [
        sheets[table].fault(row, f"attributes.{name}", message)
        for (table, name), check in _ATTRIBUTE_CHECKS.items()
        if table in sheets
        for row, value in _attributes(sheets[table], name)
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
    """Gateways named by one device only, similar to a device id or to a gateway of several devices.

    A gateway need not be registered, so that a dissimilar name is no fault.
    """
    gateways = list(_attributes(devices, "gateway"))
    counts = Counter(gateway for _, gateway in gateways)
    known = {device.id for device in devices.records} | {gateway for gateway, count in counts.items() if count > 1}
    return [
        devices.fault(row, "attributes.gateway", missing_reference(gateway, known))
        for row, gateway in gateways
        if gateway not in known and nearest(gateway, known, TYPO_SIMILARITY_MIN)
    ]


def _attributes(sheet: Sheet[Any], name: str) -> Iterator[tuple[int, str]]:
    """Row and value of an attribute, of the records that have it."""
    values = ((row, record.attributes.get(name)) for row, record in enumerate(sheet.records))
    return ((row, str(value)) for row, value in values if value is not None)


def cell_warnings(sheets: Sheets, models: Collection[str], attributes: Collection[str]) -> Iterator[ConfigFault]:
    """Models and attributes that are similar to known ones; any name is allowed."""
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
            if name != column and name not in attributes and (near := nearest(name, attributes, TYPO_SIMILARITY_MIN)):
                yield sheet.fault_at_line(1, column, f"nothing asks for {name!r}; did you mean attributes.{near}?")


def bound_models(site: Path | None) -> Iterator[tuple[str, list[str]]]:
    """Each codec file in codecs.d/bindings.yaml with its models, as far as the file is well formed."""
    codecs = _value_at(read_or_empty(site / CODECS / BINDINGS_FILE).data, "codecs") if site is not None else None
    for name, binding in codecs.items() if isinstance(codecs, Mapping) else ():
        models = _value_at(binding, "models")
        yield str(name), list(map(str, models)) if isinstance(models, list) else []


def binding_warnings(site: Path, sheets: Sheets) -> Iterator[ConfigFault]:
    """Models of bindings that no device has, similar to one that a device has."""
    devices: Sheet[Device] = sheets.get("devices", Sheet(""))
    used = {device.model for device in devices.records if device.model}
    for name, models in bound_models(site):
        for index, model in enumerate(models):
            if normalise_model(model) not in map(normalise_model, used) and (
                suggestion := nearest(model, used, TYPO_SIMILARITY_MIN)
            ):
                message = f"no device is of model {model!r}; did you mean {suggestion}?"
                path = ("codecs", name, "models", index)
                yield read_or_empty(site / CODECS / BINDINGS_FILE).locate(Fault(path, message))


# -- mappings and wording -------------------------------------------------------------------------------------------


def platform_faults(file: Path, book: MappingBook) -> list[ConfigFault]:
    """Unknown platforms of a mapping."""
    platforms = [(("platform",), book.platform), *((("also", index), name) for index, name in enumerate(book.also))]
    known = [*FILTERS, ANY_PLATFORM]
    return read_or_empty(file).locate_all(
        Fault(path, unknown_name(name, known)) for path, name in platforms if name not in known
    )


def wording_faults(
    file: Path, catalog: TextCatalog, built_in: TextCatalog, hazards: Collection[str]
) -> list[ConfigFault]:
    """Texts that a site's wording lacks or that are never used, and variables in them without a value."""
    faults = list(_text_faults(catalog.model_dump(by_alias=True), built_in.model_dump(by_alias=True), ()))
    variants = {text.variant for text in built_in.sms if text.variant}
    variables = {name for text in built_in.sms for name in VARIABLE.findall(text.text)}
    for index, text in enumerate(catalog.sms):
        unknown = [name for name in VARIABLE.findall(text.text) if name not in variables]
        faults += [Fault(("sms", index, "text"), unknown_name(name, variables)) for name in unknown]
        if text.variant and text.variant not in variants:
            faults.append(Fault(("sms", index, "variant"), unknown_name(text.variant, variants)))
        if text.hazard not in hazards:
            faults.append(Fault(("sms", index, "hazard"), unknown_name(text.hazard, hazards)))
    faults += _personal_faults(catalog, built_in)
    for index, speech in enumerate(catalog.voice):
        unknown = [name for name in VARIABLE.findall(speech.text) if name not in SPEECH_VARIABLES]
        faults += [Fault(("voice", index, "text"), unknown_name(name, SPEECH_VARIABLES)) for name in unknown]
        if speech.hazard not in hazards:
            faults.append(Fault(("voice", index, "hazard"), unknown_name(speech.hazard, hazards)))
    for kind, severity in {(text.kind, severity) for text in built_in.sms for severity in text.codes}:
        if not any(text.kind is kind and text.hazard == "*" and severity in text.codes for text in catalog.sms):
            message = f"no text of kind {kind.value} for hazard '*' and {severity.value}: add one"
            faults.append(Fault(("sms",), message))
    return read_or_empty(file).locate_all(faults)


def _personal_faults(catalog: TextCatalog, built_in: TextCatalog) -> Iterator[Fault]:
    """Variables and constants in texts of messages that belong to a person which nothing fills in."""
    for kind, texts in catalog.personal.items():
        known = {name for template in built_in.personal[kind].sms for name in VARIABLE.findall(template.text)}
        for index, template in enumerate(texts.sms):
            constants = (_placeholders(VARIABLE.sub("", template.text)) or set()) - {"page", "host"}
            for name in sorted(({*VARIABLE.findall(template.text)} - known) | constants):
                yield Fault(("personal", kind.value, "sms", index, "text"), unknown_name(name, known))


def _text_faults(texts: Any, built_in: Any, path: tuple[str | int, ...]) -> Iterator[Fault]:
    """Compares a catalogue with the built-in one, key by key, and the placeholders of each text."""
    if isinstance(built_in, Mapping) and isinstance(texts, Mapping):
        for name in built_in.keys() - texts.keys():
            yield Fault(path, f"{name} is missing: write `{name}: ...`")
        for name in texts.keys() - built_in.keys():
            yield Fault((*path, name), unknown_name(str(name), map(str, built_in)))
        for name in built_in.keys() & texts.keys():
            yield from _text_faults(texts[name], built_in[name], (*path, str(name)))
    elif isinstance(built_in, str) and isinstance(texts, str):
        known = _placeholders(built_in) or set()
        used = _placeholders(texts)
        if used is None:
            yield Fault(path, "its braces do not match: write {name} for a word that is filled in")
        for name in sorted((used or set()) - known):
            yield Fault(path, unknown_name(name, known) if known else f"{{{name}}} is filled in by nobody: remove it")


def _placeholders(text: str) -> set[str] | None:
    """The names in braces; None when the braces do not match."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None
