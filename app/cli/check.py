"""`fengshao check`: reports what would fail or leave somebody unnotified, before the service starts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from alerts.channel_specs import SPECS, stored_address
from app.cli.output import Print
from app.clock import Clock
from app.config.faults import ConfigError
from app.config.settings import SiteSettings
from app.config.site import SiteConfig, read_settings
from app.site_check.check import check_site_files, summary_lines
from domain.people import community

NAMES_SHOWN = 5


def check_site(path: Path | None, templates: bool, echo: Print, data: Path | None = None) -> int:
    """Read all files that `up` would read; print counts and warnings, return the exit code.

    With `templates` print the SMS templates instead. With `data` also records that an import would skip there.
    Raises ConfigError with the faults of all files.
    """
    if templates:
        return _print_templates(path, echo)
    result, site = check_site_files(path, Clock()())
    warnings = list(result.warnings)
    missing_secrets: list[str] = []
    if site is not None:
        for line in (*summary_lines(result, site), *result.levels):
            echo(line)
        missing_secrets = list(_missing_secrets(site, os.environ))
        warnings = [*_reachability_warnings(site), *warnings]
        warnings += _import_warnings(data, site) if data is not None else []
    for line in missing_secrets:
        echo(line)
    for warning in warnings:
        echo(f"warning: {warning}")
    if result.faults:
        raise ConfigError(result.faults)
    return 1 if missing_secrets else 0


def _print_templates(path: Path | None, echo: Print) -> int:
    from app.cli.provider_templates import template_lines
    from app.config.catalog import load_wording
    from app.server.demo import registered_templates

    wording = load_wording(path)
    settings = read_settings(path) if path is not None else SiteSettings()
    if settings.channels.sms is None and settings.channels.voice is None:
        for template, text in sorted(registered_templates(wording, settings.public_url).items()):
            echo(f"{template}\t{text}")
    for line in template_lines(wording, settings):
        echo(line)
    return 0


def _import_warnings(data: Path, site: SiteConfig) -> list[str]:
    from app.cli.site_import import skipped_records  # the stores take half a second to import

    return [f"not taken from the site's files: {text}" for text in skipped_records(data, site)]


def _reachability_warnings(site: SiteConfig) -> Iterator[str]:
    """People, devices and channels that leave a danger without a recipient, although no file has a fault."""
    if site.devices and not site.duties and not site.rotations:
        yield "nobody is on duty: alerts open on the screen only (duties.csv)"
    on_duty = community(duties=site.duties, rotations=site.rotations).workers
    fields = dict.fromkeys(spec.address for spec in SPECS if spec.address)
    unreachable = [
        person.name
        for person in site.people
        if person.id in on_duty and not any(stored_address(person, spec.name) for spec in SPECS if spec.address)
    ]
    if unreachable:
        yield f"on duty without an address ({', '.join(fields)}): {', '.join(unreachable)}"
    place_of = community(site.places, people=site.people).place_of
    lost = [device.id for device in site.devices if place_of(device) is None]
    if lost:
        names = ", ".join(lost[:NAMES_SHOWN])
        yield f"{len(lost)} devices have no place, so nobody knows where to go: {names}"
    if not site.settings.channels.configured:
        yield "no channel in site.yaml: people are told on the screen and in the logbook only"


def _missing_secrets(site: SiteConfig, environ: Mapping[str, str]) -> Iterator[str]:
    """Environment variables that a configured channel, partner or server needs and that are not set."""
    settings = site.settings
    parts: dict[str, BaseModel] = {"channels": settings.channels, "exchange": settings.exchange}
    parts |= {"access": settings.access}
    if settings.history.needs_token:
        parts["history"] = settings.history
    for name, part in parts.items():
        yield from _missing_variables(name, part, environ)


def _missing_variables(name: str, settings: BaseModel, environ: Mapping[str, str]) -> Iterator[str]:
    """Variables named in fields that end in `_env`, here and in the settings inside."""
    for field, value in settings:
        if field.endswith("_env") and value and not environ.get(value):
            yield f"{name}: the environment variable {value} is not set"
        for where, part in _parts(f"{name}.{field}", value):
            yield from _missing_variables(where, part, environ)


def _parts(where: str, value: object) -> Iterator[tuple[str, BaseModel]]:
    """The settings inside a value, each with its place in site.yaml: by key, or in a list by name."""
    if isinstance(value, BaseModel):
        yield where, value
    elif isinstance(value, dict):
        yield from ((f"{where}.{key}", part) for key, part in value.items() if isinstance(part, BaseModel))
    elif isinstance(value, tuple | list):
        for number, part in enumerate(value):
            if isinstance(part, BaseModel):
                yield f"{where} ({getattr(part, 'name', number)})", part
