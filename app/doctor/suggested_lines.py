"""Suggests the lines that a site should add: topic filters, registrations of devices, mapping rules."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.config.suggestions import nearest
from app.doctor.wording import texts
from domain.kind import Kind
from ingest.diagnosis import Sender
from ingest.routing.routes import Filters
from ingest.topics import filter_covers

COLUMNS: Final = ("id", "kind", "model", "place", "platform", "platform_id")
HEADER: Final = ",".join(COLUMNS)
TO_CHOOSE: Final = "?"
"""Stands in a line where a person must choose."""

_SLUG: Final = re.compile(r"[^0-9A-Za-z_一-鿿-]+")
_NUMBER: Final = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?\s*")
_QUOTED: Final = re.compile(r"`([^`]+: [^`]+)`")
"""A mapping rule that a refusal's detail quotes: `name: rule`."""


def filter_line(platform: str, present: Sequence[str], missing: Sequence[str]) -> str:
    """The complete line of a platform below `intake: filters:`, because a site's list replaces the default one.

    >>> filter_line("tasmota", ["tele/#", "stat/#"], ["+/tele/#"])
    'tasmota: ["tele/#", "stat/#", "+/tele/#"]'
    """
    filters = list(dict.fromkeys([*present, *missing]))
    needed = [
        pattern
        for pattern in filters
        if not any(pattern != other and filter_covers(other, pattern) for other in filters)
    ]
    return f"{platform}: {json.dumps(needed, ensure_ascii=False)}"


def site_yaml(present: Filters, missing: Mapping[str, Sequence[str]]) -> str:
    """The lines of site.yaml for all platforms with missing filters; empty without any."""
    lines = [f"    {filter_line(platform, present.get(platform, ()), add)}" for platform, add in missing.items()]
    return "\n".join(["intake:", "  filters:", *lines]) if lines else ""


def suggest_id(sender: Sender, taken: Iterable[str]) -> str:
    """An unused device id, as similar to the platform's name of the device as an id may be."""
    discovered = sender.discovered.name if sender.discovered is not None else None
    slug = _SLUG.sub("-", discovered or sender.identity or "").strip("-")[:48] or "device"
    names = set(taken)
    return next(
        name for number in range(1, len(names) + 2) if (name := slug + f"-{number}" * (number > 1)) not in names
    )


def registration(id: str, sender: Sender, kind: str | None, model: str | None) -> dict[str, Any]:
    """The body of `POST /api/v1/devices`; a kind of None is for a person to choose."""
    identities = [{"platform": sender.platform, "id": sender.identity}] if sender.platform != "native" else []
    return {
        "id": sender.identity if sender.platform == "native" else id,
        "kind": kind,
        "model": model,
        "place": None,
        "identities": identities,
    }


def csv_line(device: Mapping[str, Any]) -> str:
    """A row of devices.csv with the columns of HEADER; the place is for a person to fill in."""
    identity = next(iter(device["identities"]), {"platform": "", "id": ""})
    text = io.StringIO()
    row = (device["id"], device["kind"] or TO_CHOOSE, device["model"] or "", "", identity["platform"], identity["id"])
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


def mapping_rules(sender: Sender, kind: Kind) -> dict[str, str]:
    """Field -> mapping rule: what the refusal proposes, else the most likely quantity, else `ignore`."""
    rules = dict[str, str]()
    for unread in sender.unread.values():
        for line in _QUOTED.findall(unread.detail):
            name, _, rule = line.partition(": ")
            rules[name] = rule
    for unread in sender.unread.values():
        if unread.field and unread.field not in rules:
            rules[unread.field] = _likeliest(unread.field, unread.value, kind)
    return rules


def _likeliest(field: str, value: str, kind: Kind) -> str:
    """The rule to the quantity of a fitting type with the most similar name; `ignore` without one."""
    value_type = "bool" if value in ("True", "False") else "number" if _NUMBER.fullmatch(value) else None
    fitting = [name for name, quantity in kind.quantities.items() if value_type in (None, quantity.type)]
    leaf = field.rpartition(".")[2].lower()
    quantity = next((name for name in fitting if leaf in name or name.split("_")[0] in leaf), None)
    quantity = quantity or nearest(leaf, fitting)
    return f"{{to: {quantity}}}  # {texts().line['verify']}" if quantity else "ignore"


def mapping_file(platform: str, kinds: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    """Name and text of a file in the site's `mappings/`, which extends the built-in mapping of the platform.

    >>> print(mapping_file("tasmota", {"gas_alarm": {"Gas": "{to: lel_pct}"}})[1])
    platform: tasmota
    version: 1
    kinds:
      gas_alarm:
        "Gas": {to: lel_pct}
    """
    lines = [f"platform: {platform}", "version: 1", "kinds:"]
    for kind, rules in kinds.items():
        lines.append(f"  {kind}:")
        lines += [f"    {json.dumps(name, ensure_ascii=False)}: {rule}" for name, rule in rules.items()]
    return f"mappings/site-{platform}.yaml", "\n".join(lines)
