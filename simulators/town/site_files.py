"""Writes a town as the folder of a site: the files that a real site imports, and the outlines of its places.

Every file is the same byte for byte on every machine for the same preset and seed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml
from msgspec import Struct

from domain import Attribute, Device, Duty, Identity
from domain.rosters import Rotation, Shift
from simulators.town.town import Town

Row = Mapping[str, str]
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "places": ("id", "name", "level", "parent", "cell", "lon", "lat"),
    "cells": ("id", "name", "level", "parent"),
    "people": ("id", "name", "phone", "wecom", "home"),
    "duties": ("id", "cell", "role", "person", "rank", "from", "to", "hazards", "days"),
    "devices": ("id", "kind", "model", "place", "platform", "platform_id"),
}
"""Table -> columns; `attributes.*` follow in alphabetical order."""
_WECOM: Final = """\
  wecom:
    corp_id: ww5823bf96d3bd56c7
    agent_id: 1000002
    secret_env: FENGSHAO_WECOM_SECRET
    token_env: FENGSHAO_WECOM_TOKEN
    aes_key_env: FENGSHAO_WECOM_AES_KEY
    callback_secret_env: FENGSHAO_WECOM_CALLBACK_SECRET
"""
_DEMO_CHANNELS: Final = """\
channels:
  aliyun_sms:
    access_key_id_env: FENGSHAO_ALIYUN_KEY_ID
    access_key_secret_env: FENGSHAO_ALIYUN_KEY_SECRET
    callback_secret_env: FENGSHAO_ALIYUN_CALLBACK_SECRET
"""
_TWO_PROVIDERS: Final = """\
channels:
  sms:
    providers:                  # one sends while the other is down 一家中断时另一家发送
      - type: aliyun
        templates: {}           # `fengshao check --templates` prints the texts to file 打印需报备的模板
      - type: tencent
        app_id: "1400000001"
        templates: {}
        limits: [{count: 50, within: 1d}]   # 2 a day until it is raised on request 默认每天2条，可申请提高
"""
_SITE: Final = """\
# A simulated community: preset {preset}, seed {seed}. Names and numbers are invented (docs/town.md).
# 模拟社区，由 `fengshao town build` 生成。姓名、电话均为虚构。

name: {name}
area: {area}
timezone: {timezone}
sign: {name:.10}

# Who is called when nobody on duty can be reached. 各级都找不到人时呼叫谁。
last_resort: [LAST]

"""


_NO_CHANNELS: Final = """\
# Without channels, alerts open on the screen and in the logbook only. 要真的通知人，去掉下面各行的 # 并设好环境变量。
channels: {}
"""
LAST_RESORT: Final = ("street-", "community-head")
LAST_RESORT_MAX: Final = 2


def site_files(town: Town) -> dict[str, bytes]:
    """The content of every file of the site, by name."""
    tables = {
        "places": [_record(place) for place in town.places],
        "cells": [_record(cell) for cell in town.cells],
        "people": [_record(person) for person in town.people],
        "duties": [_duty(duty) for duty in town.duties],
        "devices": [row for device in town.devices for row in _device_rows(device)],
    }
    files = {f"{name}.csv": _csv(_COLUMNS[name], rows) for name, rows in tables.items()}
    files["rosters.yaml"] = _rosters(town.rotations)
    files["site.yaml"] = _site(town)
    files["places.geojson"] = _geojson(town)
    return {name: text.encode() for name, text in files.items()}


def write_site(town: Town, folder: Path) -> list[Path]:
    """Writes the files of the site into a folder, which is made when it does not exist; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in site_files(town).items():
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    return paths


def _text(value: object) -> str:
    """A value of a cell; a float is written with the shortest digits that read as the same number."""
    if value is None:
        return ""
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _record(record: Struct) -> Row:
    """The fields of a record, its attributes in columns of their own."""
    row = {name: _text(getattr(record, name)) for name in record.__struct_fields__ if name != "attributes"}
    return {**row, **_attributes(getattr(record, "attributes", {}))}


def _attributes(attributes: Mapping[str, Attribute]) -> Row:
    return {f"attributes.{name}": _text(value) for name, value in attributes.items()}


def _duty(duty: Duty) -> Row:
    return {
        "id": duty.id,
        "cell": duty.cell,
        "role": duty.role,
        "person": duty.person,
        "rank": str(duty.rank),
        "from": _clock(duty.from_minute),
        "to": _clock(duty.to_minute),
        "hazards": " ".join(duty.hazards),
        "days": " ".join(duty.days),
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _device_rows(device: Device) -> Iterator[Row]:
    """A row for each identity, the attributes in the first."""
    row: Row = {
        "id": device.id,
        "kind": device.kind,
        "model": device.model or "",
        "place": device.place or "",
        **_attributes(device.attributes),
    }
    identities: Sequence[Identity | None] = device.identities or (None,)
    for identity in identities:
        yield {**row, "platform": identity.platform, "platform_id": identity.id} if identity else row
        row = {"id": device.id, "kind": device.kind}


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    attributes = sorted({name for row in rows for name in row if name.startswith("attributes.")})
    out = io.StringIO()
    writer = csv.DictWriter(out, [*columns, *attributes], restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _rosters(rotations: Sequence[Rotation]) -> str:
    written = yaml.safe_dump(
        {"rotations": [_rotation(rotation) for rotation in rotations]},
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=None,
        width=120,
    )
    return f"# Rotations; the other roster lines are in duties.csv.\n{written}"


def _rotation(rotation: Rotation) -> dict[str, object]:
    return {
        "id": rotation.id,
        "name": rotation.name,
        "cells": list(rotation.cells),
        "role": rotation.role,
        **({"hazards": list(rotation.hazards)} if rotation.hazards else {}),
        "layers": [
            {
                **({"rank": layer.rank} if layer.rank else {}),
                "members": [list(team) if len(team) > 1 else team[0] for team in layer.teams],
                "start": layer.handover.start.isoformat(),
                "handover": {"every": f"{layer.handover.every_days}d", "at": _clock(layer.handover.minute)},
                "shifts": [_shift(shift) for shift in layer.shifts],
            }
            for layer in rotation.layers
        ],
    }


def _shift(shift: Shift) -> dict[str, object]:
    written: dict[str, object] = {"name": shift.name, "from": _clock(shift.from_minute), "length": f"{shift.minutes}m"}
    return written | ({"days": [day.value for day in shift.days]} if shift.days else {})


def _site(town: Town) -> str:
    """Only the demonstration has channels: `up --demo` starts their providers."""
    communities = [place.name for place in town.places if place.level == "community"]
    outer = town.places[0].name
    name = communities[0] if len(communities) == 1 else outer
    resort = [person.id for person in town.people if person.id.startswith(LAST_RESORT)]
    area = "四川省成都市锦江区" + (outer if town.places[0].level == "street" else "")
    text = _SITE.format(preset=town.preset, seed=town.seed, name=name, area=area, timezone=town.timezone)
    text = text.replace("LAST", ", ".join(resort[:LAST_RESORT_MAX]))
    if town.preset == "demo":
        return f"{text}{_DEMO_CHANNELS}{_WECOM}"
    return f"{text}{_NO_CHANNELS}{_commented(f'{_TWO_PROVIDERS}{_WECOM}')}"


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _geojson(town: Town) -> str:
    """RFC 7946: one feature a line, polygons in WGS-84; streets and districts consist of their communities."""
    rings = {outline.place: outline.ring for outline in town.outlines}
    parts: dict[str, list[str]] = {}
    for place in town.places:
        if place.level in ("street", "community") and place.parent is not None:
            parts.setdefault(place.parent, []).append(place.id)
    features = []
    for place in town.places:
        if place.id in rings:
            geometry = {"type": "Polygon", "coordinates": [rings[place.id]]}
        elif place.id in parts:
            inside = [one for part in parts[place.id] for one in parts.get(part, [part])]
            geometry = {"type": "MultiPolygon", "coordinates": [[rings[one]] for one in inside]}
        else:
            continue
        properties = {"name": place.name, "level": place.level, "parent": place.parent}
        feature = {"type": "Feature", "id": place.id, "properties": properties, "geometry": geometry}
        features.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"
