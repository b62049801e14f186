"""The lines that a site adds so that a device is heard, known and understood: filters, registrations, mappings."""

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
"""In a line where a person must choose."""

_SLUG: Final = re.compile(r"[^0-9A-Za-z_一-鿿-]+")
_NUMBER: Final = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?\s*")
_QUOTED: Final = re.compile(r"`([^`]+: [^`]+)`")
"""How a refusal quotes the line that a mapping may say."""


def filter_line(platform: str, present: Sequence[str], lacking: Sequence[str]) -> str:
    """The whole line of a source below `intake: filters:`, since what a site lists stands in place of the default.

    >>> filter_line("tasmota", ["tele/#", "stat/#"], ["+/tele/#"])
    'tasmota: ["tele/#", "stat/#", "+/tele/#"]'
    """
    wanted = list(dict.fromkeys([*present, *lacking]))
    needed = [each for each in wanted if not any(each != other and filter_covers(other, each) for other in wanted)]
    return f"{platform}: {json.dumps(needed, ensure_ascii=False)}"


def site_yaml(present: Filters, lacking: Mapping[str, Sequence[str]]) -> str:
    """What stands in site.yaml, of all sources that lack something."""
    lines = [f"    {filter_line(platform, present.get(platform, ()), each)}" for platform, each in lacking.items()]
    return "\n".join(["intake:", "  filters:", *lines]) if lines else ""


def suggest_id(speaker: Sender, taken: Iterable[str]) -> str:
    """A name of ours for it, as near to the platform's as an id may be."""
    called = (
        speaker.discovered.name
        if speaker.discovered is not None and speaker.discovered.name
        else speaker.identity or ""
    )
    slug = _SLUG.sub("-", called).strip("-")[:48] or "device"
    names = set(taken)
    return next(
        name for number in range(1, len(names) + 2) if (name := slug + f"-{number}" * (number > 1)) not in names
    )


def registration(id: str, speaker: Sender, kind: str | None, model: str | None) -> dict[str, Any]:
    """The device as `POST /api/v1/devices` takes it; a kind of None is for a person to choose."""
    identities = [{"platform": speaker.platform, "id": speaker.identity}] if speaker.platform != "native" else []
    return {
        "id": speaker.identity if speaker.platform == "native" else id,
        "kind": kind,
        "model": model,
        "place": None,
        "identities": identities,
    }


def csv_line(device: Mapping[str, Any]) -> str:
    """A line of devices.csv, below HEADER. The place is for a person to fill in."""
    identity = next(iter(device["identities"]), {"platform": "", "id": ""})
    text = io.StringIO()
    row = (device["id"], device["kind"] or TO_CHOOSE, device["model"] or "", "", identity["platform"], identity["id"])
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


def mapping_rules(speaker: Sender, kind: Kind) -> dict[str, str]:
    """By field the rule that a mapping may say: what a refusal proposes, else the likeliest quantity, or `ignore`."""
    rules = dict[str, str]()
    for one in speaker.unread.values():
        for line in _QUOTED.findall(one.detail):
            name, _, rule = line.partition(": ")
            rules[name] = rule
    for one in speaker.unread.values():
        if one.field and one.field not in rules:
            rules[one.field] = _likeliest(one.field, one.value, kind)
    return rules


def _likeliest(name: str, said: str, kind: Kind) -> str:
    holds = "bool" if said in ("True", "False") else "number" if _NUMBER.fullmatch(said) else None
    fitting = [each for each, quantity in kind.quantities.items() if holds is None or quantity.type == holds]
    last = name.rpartition(".")[2].lower()
    meant = next((each for each in fitting if last in each or each.split("_")[0] in last), None) or nearest(
        last, fitting
    )
    return f"{{to: {meant}}}  # {texts().line['verify']}" if meant else "ignore"


def mapping_file(platform: str, kinds: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    """A file of the site's `mappings/` beside the built-in one of this platform, and what stands in it.

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
