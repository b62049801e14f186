"""What the audit trail keeps of a change to the registry: how many rows of each sort, and the first ids."""

from __future__ import annotations

from typing import Final

from store.database.registry import RegistryChanges

IDS_MAX: Final = 20


def summary(changed: RegistryChanges) -> dict[str, str | int]:
    """
    >>> summary(RegistryChanges(created=("a", "b")))
    {'created': 2, 'created_ids': 'a b'}
    """
    told: dict[str, str | int] = {}
    for sort in ("created", "updated", "removed"):
        ids: tuple[str, ...] = getattr(changed, sort)
        if ids:
            told |= {sort: len(ids), f"{sort}_ids": " ".join(ids[:IDS_MAX])}
    return told
