"""`devices import` and `refusals list`: beside a running service they ask it, without one they open DIR themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from sqlalchemy import Connection

from app.clock import Clock
from app.config.catalog import load_kinds
from app.config.faults import ConfigError, ConfigFault
from app.config.registry_files import read_devices
from app.config.site import SiteConfig, load_site
from app.datadir.control_socket import ServiceNotRunning, request
from app.datadir.lock import lock_data_dir
from app.datadir.site_import import differences, import_site
from app.datadir.stores import open_database
from app.errors import UserError
from app.rule_tools.recorded_data import site_zone
from app.server.site_files import summary
from console.views.records import device_view
from domain import Device, Instant, Reason
from store.database import registry
from store.database.refusals import refusals
from store.database.registry import edits

T = TypeVar("T")
DEVICES_PER_REQUEST = 500
"""Devices a request: small enough for the API's body limit, large enough to be quick."""


def import_devices(file: Path, data: Path, site: Path | None) -> str:
    """Registers every device of the file and returns when they are heard; says how many were new, changed, known."""
    try:
        kinds = {kind["kind"]: kind for kind in request(data, "GET", "/api/v1/kinds")["items"]}
        found = read_devices(file, kinds)
        counts = _import_via_service(found, data)
    except ServiceNotRunning:
        found = read_devices(file, load_kinds(site))
        counts = _import_into_database(found, data, file)
    return f"{len(found)} devices: {counts[0]} new, {counts[1]} changed, {counts[2]} unchanged"


def _import_via_service(found: Sequence[Device], data: Path) -> tuple[int, int, int]:
    totals = [0, 0, 0]
    for start in range(0, len(found), DEVICES_PER_REQUEST):
        answer = request(
            data, "PUT", "/api/v1/devices", [device_view(one) for one in found[start : start + DEVICES_PER_REQUEST]]
        )
        for index, name in enumerate(("created", "updated", "unchanged")):
            totals[index] += len(answer.get(name, ()))
    return totals[0], totals[1], totals[2]


def _import_into_database(found: Sequence[Device], data: Path, file: Path) -> tuple[int, int, int]:
    os.umask(0o077)
    ledger = open_database(data)
    held = lock_data_dir(data)
    try:
        places = ledger.write_blocking(lambda tx: registry.community(tx).places)
        unknown = [one for one in found if one.place is not None and one.place not in places]
        if unknown:
            raise ConfigError(
                [
                    ConfigFault(
                        str(file), 1, 1, "place", f"{one.place!r} of {one.id} does not exist: add the place first"
                    )
                    for one in unknown
                ]
            )
        changed = ledger.write_blocking(lambda tx: _store_devices(tx, found, Clock()()))
    finally:
        ledger.close()
        held.close()
    return len(changed.created), len(changed.updated), len(changed.unchanged)


def _store_devices(tx: Connection, found: Sequence[Device], now: Instant) -> registry.RegistryChanges:
    changed = registry.put_devices(tx, found, now)
    edits.record_edits(tx, "devices", (*changed.created, *changed.updated), now)
    return changed


def import_files(data: Path, site: Path | None, force: bool) -> Iterator[str]:
    """Takes up a site's CSV files, beside a running service or without one, and says what it did."""
    try:
        done = request(data, "POST", "/api/v1/registry/import", {"force": force})
    except ServiceNotRunning:
        if site is None:
            raise UserError(f"no service runs on {data}: name the site with --site FOLDER") from None
        folder = load_site(site)
        done = summary(_with_database(data, lambda tx: import_site(tx, folder, Clock()(), force=force)))
    yield f"{done['created']} new, {done['updated']} changed, {done['unchanged']} unchanged, {len(done['kept'])} kept"
    for kept in done["kept"]:
        yield f"kept: {kept['text']} (--force takes the file's)"


def differences_in(data: Path, folder: SiteConfig) -> Sequence[str]:
    """What the files of a site would undo in a DIR, one sentence a record."""
    try:
        return [one["text"] for one in request(data, "GET", "/api/v1/registry/differences")["items"]]
    except ServiceNotRunning:
        return list(map(str, _with_database(data, lambda tx: differences(tx, folder))))


def _with_database(data: Path, work: Callable[[Connection], T]) -> T:
    """Runs this on the ledger of a DIR on which no service runs."""
    os.umask(0o077)
    ledger = open_database(data)
    held = lock_data_dir(data)
    try:
        return ledger.write_blocking(work)
    finally:
        ledger.close()
        held.close()


def list_refusals(data: Path, limit: int, reason: str | None, site: Path | None = None) -> Iterator[str]:
    """One line a refusal, the newest first."""
    query = urlencode({"limit": limit, **({"reason": reason} if reason else {})})
    try:
        items = request(data, "GET", f"/api/v1/refusals?{query}")["items"]
    except ServiceNotRunning:
        items = _refusals_in(data, limit, reason, site_zone(site))
    for item in items:
        yield f"{item['at']}  {item['reason']}  {item['topic']}  {item['detail']}"
    if not items:
        yield "no refusals"


def _refusals_in(data: Path, limit: int, reason: str | None, zone: tzinfo) -> list[dict[str, str]]:
    ledger = open_database(data)
    try:
        wanted = Reason(reason) if reason else None
        page = ledger.write_blocking(lambda tx: refusals.list_refusals(tx, limit, reason=wanted))
    finally:
        ledger.close()
    return [
        {
            "at": datetime.fromtimestamp(kept.refusal.at / 1000, zone).isoformat(timespec="milliseconds"),
            "reason": kept.refusal.reason.value,
            "topic": kept.refusal.topic,
            "detail": kept.refusal.detail,
        }
        for kept in page.items
    ]


def replay_refusals(data: Path, reason: str | None, source: str | None) -> str:
    """Hands refused messages to the running service again."""
    wanted = {name: value for name, value in (("reason", reason), ("source", source)) if value}
    try:
        answer = request(data, "POST", "/api/v1/refusals/replay", wanted)
    except ServiceNotRunning:
        raise UserError(f"no service runs on {data}: start it, then replay (the messages are judged at once)") from None
    return f"{answer['replayed']} refusals tried again; those refused again stay listed"
