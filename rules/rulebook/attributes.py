"""Attributes that the built-in rules and the engine read, so that a misspelt one is noticed. Any other name may be used
too.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

KNOWN_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "device": frozenset(
        {"authorised_until", "datum", "expires_on", "gateway", "installed_on", "key_medical", "key_service", "lat",
         "limit_mm", "limit_pct", "line", "lon", "order", "person", "q3_m3h", "report_every", "sos_cancels",
         "timezone", "under_works", "use"}
    ),
    "person": frozenset(
        {"age", "away", "fence_datum", "fence_lat", "fence_lon", "fence_m", "heart_high", "heart_low", "home_m",
         "lives_alone", "pregnant", "spo2_low", "temp_high", "temp_low", "wanders", "water_most_m3"}
    ),
    "place": frozenset({"datum", "lat", "lon", "timezone", "use"}),
}  # fmt: skip


def suggested_attribute(owner: str, name: str, asked: Mapping[str, frozenset[str]] = KNOWN_ATTRIBUTES) -> str | None:
    """The attribute that was meant: nearly of this name, or of this name and of another owner. None for one that is
    known, and for one like no other.

    >>> suggested_attribute("person", "lives_allone"), suggested_attribute("device", "lives_alone")
    ('person.lives_alone', 'person.lives_alone')
    >>> suggested_attribute("person", "dialect") is None
    True
    """
    known = asked.get(owner, frozenset()) | KNOWN_ATTRIBUTES.get(owner, frozenset())
    if owner not in KNOWN_ATTRIBUTES or name in known:
        return None
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.84)
    if near:
        return f"{owner}.{near[0]}"
    return next(
        (f"{other}.{name}" for other, names in KNOWN_ATTRIBUTES.items() if name in names and len(name) > 3), None
    )
