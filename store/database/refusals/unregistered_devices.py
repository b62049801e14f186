"""Who may be claimed: devices that speak and are not registered, and those that a platform only described.

It registers nobody: whoever is known is asked of the caller, and so is what a device looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, case, delete, func, insert, select, update

from domain import Identity, Instant, Reason
from domain.identities import canonical
from ingest.results import DeviceEvent, DiscoveredDevice
from store.database.system.tables import described, refusals

MAX_ANNOUNCED: Final = 10_000
"""Beyond it, those not described for longest are forgotten."""

IsRegistered = Callable[[str, str], bool]
"""Whether a platform's name for a device is registered."""

GuessKind = Callable[[str, Sequence[str]], str | None]
"""The kind that a device of this platform with these fields looks like."""


class UnregisteredDevice(Struct, frozen=True):
    """A device to claim: register one with these identities. `messages` were refused and can be read after that.

    `obstacle` is what keeps it from being heard or read even then: a topic that no filter covers, a missing codec.
    """

    platform: str
    identity: str
    proposed_kind: str | None
    messages: int
    first_at: Instant
    last_at: Instant
    danger: bool
    identities: tuple[Identity, ...]
    vendor: str | None = None
    model: str | None = None
    name: str | None = None
    obstacle: str | None = None


def record_discovery(tx: Connection, notes: Sequence[DeviceEvent]) -> None:
    """Take note of what these say about devices to come; the same again changes nothing."""
    for note in notes:
        for proposal in note.discovered:
            if proposal.is_withdrawn:
                _delete_announcement(tx, proposal)
            else:
                _store_announcement(tx, proposal, note.at)
    oldest = select(described.c.last_at).order_by(described.c.last_at.desc()).offset(MAX_ANNOUNCED).limit(1)
    tx.execute(delete(described).where(described.c.last_at <= oldest.scalar_subquery()))


def list_unregistered(
    tx: Connection, limit: int, known: IsRegistered, kind_like: GuessKind
) -> list[UnregisteredDevice]:
    """Whoever bears a danger first, then the latest heard."""
    rows = [row for row in tx.execute(select(described)) if not any(known(*name) for name in row.identities)]
    by_name: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        for platform, name in row.identities:
            by_name.setdefault((platform, canonical(platform, name)), []).append(row)
    found: dict[tuple[str, str], UnregisteredDevice] = {}
    for one in _refused_devices(tx):
        if not known(one.platform, one.identity):
            for row in by_name.get((one.platform, canonical(one.platform, one.identity)), ()):
                one = _with_announcement(one, row, kind_like)
            found[one.platform, one.identity] = one
    told_of = {each for one in found.values() for each in one.identities}
    for row in rows:
        silent = _announced_device(row)
        if told_of.isdisjoint(silent.identities):
            found[silent.platform, silent.identity] = _with_announcement(silent, row, kind_like)
    listed = sorted(found.values(), key=lambda one: (not one.danger, -one.last_at))[:limit]
    obstacles = _obstacles(tx) if listed else {}
    return [replace(one, obstacle=_obstacle(one, obstacles)) for one in listed]


def _obstacles(tx: Connection) -> dict[tuple[str, str], str]:
    """By each name the latest reason why nothing of a device can be read."""
    query = (
        select(refusals.c.platform, refusals.c.identity, refusals.c.detail)
        .where(
            refusals.c.reason == Reason.NO_CODEC.value,
            refusals.c.identity.is_not(None),
            refusals.c.replayed_at.is_(None),
        )
        .order_by(refusals.c.at)
    )
    return {(platform, canonical(platform, identity)): detail for platform, identity, detail in tx.execute(query)}


def _obstacle(one: UnregisteredDevice, obstacles: Mapping[tuple[str, str], str]) -> str | None:
    names = ((each.platform, canonical(each.platform, each.id)) for each in one.identities)
    return next((obstacles[name] for name in names if name in obstacles), None)


def _store_announcement(tx: Connection, proposal: DiscoveredDevice, at: Instant) -> None:
    """Several descriptions of one device (Home Assistant has one an entity) are one row."""
    platform, identity = proposal.identities[0]
    here = (described.c.platform == platform) & (described.c.identity == identity)
    before = tx.execute(select(described).where(here)).first()
    values: dict[str, Any] = {
        "identities": _merged(before.identities if before else [], map(list, proposal.identities)),
        "hints": _merged(before.hints if before else [], proposal.hints),
        "last_at": max(at, before.last_at) if before else at,
    }
    values |= {name: said for name in ("vendor", "model", "name") if (said := getattr(proposal, name)) is not None}
    if before is not None:
        tx.execute(update(described).where(here).values(**values))
    else:
        tx.execute(insert(described).values(platform=platform, identity=identity, first_at=at, **values))


def _merged(before: Sequence[Any], more: Any) -> list[Any]:
    return [*before, *(each for each in more if each not in before)]


def _delete_announcement(tx: Connection, proposal: DiscoveredDevice) -> None:
    gone = {tuple(name) for name in proposal.identities}
    for row in tx.execute(select(described)).all():
        if gone & {tuple(name) for name in row.identities}:
            here = (described.c.platform == row.platform) & (described.c.identity == row.identity)
            tx.execute(delete(described).where(here))


def _refused_devices(tx: Connection) -> Iterator[UnregisteredDevice]:
    """Refused as unknown and not given another try since."""
    danger = func.max(case((refusals.c.danger, 1), else_=0))
    query = (
        select(
            refusals.c.platform,
            refusals.c.identity,
            func.max(refusals.c.proposed_kind),
            func.count(),
            func.min(refusals.c.at),
            func.max(refusals.c.at),
            danger,
        )
        .where(
            refusals.c.reason == Reason.UNKNOWN_DEVICE.value,
            refusals.c.identity.is_not(None),
            refusals.c.replayed_at.is_(None),
        )
        .group_by(refusals.c.platform, refusals.c.identity)
    )
    for platform, identity, kind, messages, first, last, dangerous in tx.execute(query):
        own = (Identity(platform, identity),)
        yield UnregisteredDevice(platform, identity, kind, int(messages), int(first), int(last), bool(dangerous), own)


def _announced_device(row: Any) -> UnregisteredDevice:
    names = tuple(Identity(*name) for name in row.identities)
    return UnregisteredDevice(row.platform, row.identity, None, 0, row.first_at, row.last_at, False, names)


def _with_announcement(one: UnregisteredDevice, row: Any, kind_like: GuessKind) -> UnregisteredDevice:
    """With what the platform says of it."""
    names = tuple(dict.fromkeys((*one.identities, *(Identity(*name) for name in row.identities))))
    kind = one.proposed_kind or kind_like(row.platform, row.hints)
    said = {name: getattr(one, name) or getattr(row, name) for name in ("vendor", "model", "name")}
    return replace(one, proposed_kind=kind, identities=names, **said)
