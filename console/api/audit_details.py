"""The detail of a registry change in the audit trail: number of rows by result, and the first ids."""

from __future__ import annotations

from typing import Final

from store.database.registry import RegistryChanges

IDS_MAX: Final = 20


def summary(changed: RegistryChanges) -> dict[str, str | int]:
    """
    >>> summary(RegistryChanges(created=("a", "b")))
    {'created': 2, 'created_ids': 'a b'}
    """
    detail: dict[str, str | int] = {}
    for result in ("created", "updated", "removed"):
        ids: tuple[str, ...] = getattr(changed, result)
        if ids:
            detail |= {result: len(ids), f"{result}_ids": " ".join(ids[:IDS_MAX])}
    return detail
