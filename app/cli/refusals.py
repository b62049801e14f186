"""`fengshao refusals list|replay`: messages that did not become a reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.cli.output import format_time
from app.config.site import site_zone
from app.config.suggestions import unknown_name
from app.datadir.control_socket import ServiceNotRunning, request
from app.datadir.stores import open_database
from app.errors import UserError
from domain import RefusalReason
from store.database.refusals import refusals


def list_refusals(data: Path, limit: int, reason: str | None, site: Path | None = None) -> Iterator[str]:
    """One line a refusal, the newest first; times are local times of the site. Raises UserError."""
    query = urlencode({"limit": limit, **({"reason": reason} if reason else {})})
    try:
        items = request(data, "GET", f"/api/v1/refusals?{query}")["items"]
    except ServiceNotRunning:
        items = _stored_refusals(data, limit, _parse_reason(reason), site_zone(site))
    for item in items:
        yield f"{item['at']}  {item['reason']}  {item['topic']}  {item['detail']}"
    if not items:
        yield "no refusals"


def _parse_reason(text: str | None) -> RefusalReason | None:
    if text and text not in list(RefusalReason):
        raise UserError(f"--reason {unknown_name(text, RefusalReason)}")
    return RefusalReason(text) if text else None


def _stored_refusals(data: Path, limit: int, reason: RefusalReason | None, zone: ZoneInfo) -> list[dict[str, str]]:
    with closing(open_database(data)) as database:
        page = database.write_blocking(
            lambda tx: refusals.list_refusals(tx, limit, filters=refusals.RefusalFilter(reason=reason))
        )
    return [
        {
            "at": format_time(stored.refusal.at, zone),
            "reason": stored.refusal.reason.value,
            "topic": stored.refusal.topic,
            "detail": stored.refusal.detail,
        }
        for stored in page.items
    ]


def replay_refusals(data: Path, reason: str | None, source: str | None) -> str:
    """Ask the running service to decode refused messages again. Raises UserError without a service."""
    filters = {name: value for name, value in (("reason", reason), ("source", source)) if value}
    try:
        answer = request(data, "POST", "/api/v1/refusals/replay", filters)
    except ServiceNotRunning:
        raise UserError(f"no service runs on {data}: start it, then replay (the messages are judged at once)") from None
    return f"{answer['replayed']} refusals tried again; those refused again stay listed"
