"""`devices import` and `refusals list`: beside a running service they ask it, without one they open DIR themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.clock import Clock
from app.control import Answered, NotRunning, ask
from app.keys import lock
from app.records import read_devices
from app.settings import Site
from app.shelf import load_kinds
from app.stores import open_ledger
from app.written import Located, WrittenError
from domain import Device, Reason
from store.ledger import refusals, registry

CHUNK = 500
"""Devices a request: small enough for the API's body limit, large enough to be quick."""


def import_devices(file: Path, data: Path, site: Path | None) -> str:
    """Registers every device of the file and returns when they are heard; says how many were new, changed, known."""
    try:
        kinds = {kind["kind"]: kind for kind in ask(data, "GET", "/api/v1/kinds")["items"]}
        found = read_devices(file, kinds)
        counts = _through_service(found, data)
    except NotRunning:
        found = read_devices(file, load_kinds(site))
        counts = _into_ledger(found, data, file)
    return f"{len(found)} devices: {counts[0]} new, {counts[1]} changed, {counts[2]} unchanged"


def _through_service(found: Sequence[Device], data: Path) -> tuple[int, int, int]:
    totals = [0, 0, 0]
    for start in range(0, len(found), CHUNK):
        answer = ask(data, "PUT", "/api/v1/devices", [written(one) for one in found[start : start + CHUNK]])
        for index, name in enumerate(("created", "updated", "unchanged")):
            totals[index] += len(answer.get(name, ()))
    return totals[0], totals[1], totals[2]


def written(device: Device) -> dict[str, Any]:
    """A device as the API takes it."""
    return {
        "id": device.id,
        "kind": device.kind,
        "model": device.model,
        "place": device.place,
        "identities": [{"platform": one.platform, "id": one.id} for one in device.identities],
        "attributes": device.attributes,
    }


def _into_ledger(found: Sequence[Device], data: Path, file: Path) -> tuple[int, int, int]:
    os.umask(0o077)
    ledger = open_ledger(data)
    held = lock(data)
    try:
        places = ledger.run_now(lambda tx: registry.community(tx).places)
        unknown = [one for one in found if one.place is not None and one.place not in places]
        if unknown:
            raise WrittenError(
                [
                    Located(str(file), 1, 1, "place", f"{one.place!r} of {one.id} does not exist: add the place first")
                    for one in unknown
                ]
            )
        changed = ledger.run_now(lambda tx: registry.put_devices(tx, found, Clock()()))
    finally:
        ledger.close()
        held.close()
    return len(changed.created), len(changed.updated), len(changed.unchanged)


def list_refusals(data: Path, limit: int, reason: str | None) -> Iterator[str]:
    """One line a refusal, the newest first."""
    query = urlencode({"limit": limit, **({"reason": reason} if reason else {})})
    try:
        items = ask(data, "GET", f"/api/v1/refusals?{query}")["items"]
    except NotRunning:
        items = _refusals_in(data, limit, reason)
    for item in items:
        yield f"{item['at']}  {item['reason']}  {item['topic']}  {item['detail']}"
    if not items:
        yield "no refusals"


def _refusals_in(data: Path, limit: int, reason: str | None) -> list[dict[str, str]]:
    ledger = open_ledger(data)
    try:
        wanted = Reason(reason) if reason else None
        page = ledger.run_now(lambda tx: refusals.page(tx, limit, reason=wanted))
    finally:
        ledger.close()
    zone = Site().zone
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
        answer = ask(data, "POST", "/api/v1/refusals/replay", wanted)
    except NotRunning:
        raise Answered(f"no service runs on {data}: start it, then replay (the messages are judged at once)") from None
    return f"{answer['replayed']} refusals tried again; those refused again stay listed"
