"""CSV files, YAML files and the API validate records by the same specs: what one refuses, the others refuse."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from app.config.faults import ConfigError
from app.config.registry_files import read_devices, read_records
from console.http.problems import Problem
from console.http.requests import validate
from console.views import records

BODIES: dict[str, TypeAdapter[Any]] = {
    "devices": records.DEVICE, "places": records.PLACE, "cells": records.CELL,
    "people": records.PERSON, "duties": records.DUTY,
}  # fmt: skip
RECORDS: dict[str, dict[str, Any]] = {
    "devices": {"id": "g1", "kind": "gas_alarm"},
    "places": {"id": "h1", "name": "101", "level": "household"},
    "cells": {"id": "grid", "name": "第一网格", "level": "grid"},
    "people": {"id": "li", "name": "李伟"},
    "duties": {"id": "1", "cell": "grid", "role": "worker", "person": "li"},
}
NAN, INFINITY = float("nan"), float("inf")
REFUSED: list[tuple[str, str, object]] = [
    *((table, "id", bad) for table in RECORDS for bad in ("a/b", "a+", "a#", "a b", "x" * 129)),
    *((table, "name", "x" * 201) for table in ("places", "cells", "people")),
    ("places", "lon", 180.5), ("places", "lon", -181), ("places", "lat", 90.1), ("places", "lat", -91),
    ("places", "lon", NAN), ("places", "lat", INFINITY), ("places", "datum", "WGS84"),
    ("people", "phone", "12ab"), ("people", "phone", "+"), ("people", "phone", "1" * 21),
    ("people", "wecom", "@all"), ("people", "wecom", "li|chen"),
    ("people", "addresses.email", "li"), ("people", "addresses.email", "a@b.cn,c@d.cn"),
    ("people", "addresses.webhook", "ftp://a.cn/"), ("people", "addresses.apprise", "ntfy://maple"),
    ("people", "addresses.wechat", "a b"),
    ("duties", "rank", 100), ("duties", "rank", -1), ("duties", "from", "25:00"), ("duties", "to", "24:30"),
    ("duties", "role", "x" * 65), ("duties", "weekdays", [8]),
    ("devices", "model", "x" * 201),
    *((table, "attributes.note", bad) for table in ("devices", "places", "people")
      for bad in (NAN, 1 << 63, "a\0b")),
    *((table, f"attributes.{'x' * 101}", 1) for table in ("devices", "places", "people")),
]  # fmt: skip
ACCEPTED: list[tuple[str, str, object]] = [
    ("people", "phone", "+8619900000001"), ("people", "phone", "19900000001"), ("people", "wecom", "li.wei"),
    ("people", "addresses.email", "li.wei@street.gov.cn"), ("people", "addresses.webhook", "https://a.cn/hook?x=1"),
    ("people", "addresses.apprise", "family-chat"), ("people", "addresses.wechat", "oABC-12"),
    ("places", "lon", -180), ("places", "lat", 90), ("places", "datum", "WGS-84"),
    ("duties", "from", "20:00"), ("duties", "to", "24:00"), ("duties", "weekdays", [1, 7]), ("duties", "rank", 99),
    *((table, "attributes.note", good) for table in ("devices", "places", "people")
      for good in (True, 7, -1.5, "文字", (1 << 63) - 1)),
    ("devices", "model", "x" * 200),
]  # fmt: skip


def body_of(table: str, field: str, value: object) -> dict[str, Any]:
    group, _, name = field.partition(".")
    if name:
        return {**RECORDS[table], group: {name: value}}
    return {**RECORDS[table], field: value}


def from_csv(folder: Path, table: str, field: str, value: object) -> Any:
    field = field.removeprefix("addresses.")
    cell = "".join(map(str, value)) if isinstance(value, list) else value
    file = folder / f"{table}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*RECORDS[table], *(() if field in RECORDS[table] else (field,))])
        writer.writeheader()
        writer.writerow({**RECORDS[table], field: str(cell).lower() if isinstance(cell, bool) else cell})
    return read_records(file, table)[0]


def from_yaml(folder: Path, field: str, value: object) -> Any:
    file = folder / "devices.yaml"
    file.write_text(yaml.safe_dump([body_of("devices", field, value)], allow_unicode=True), "utf-8")
    return read_devices(file, {"gas_alarm": 1})[0]


def from_api(table: str, field: str, value: object) -> Any:
    spec = validate(json.loads(json.dumps(body_of(table, field, value))), BODIES[table])
    return spec.value(None, None) if table == "duties" else spec.value()


@pytest.mark.parametrize(("table", "field", "value"), REFUSED)
def test_a_value_that_one_reader_refuses_is_refused_by_all(
    tmp_path: Path, table: str, field: str, value: object
) -> None:
    """A CSV file took `nan`, longitude 1040 and ids with `/`; the API took `+86` before a phone number, a file not."""
    with pytest.raises(Problem):
        from_api(table, field, value)
    with pytest.raises(ConfigError):
        from_csv(tmp_path, table, field, value)
    if table == "devices":
        with pytest.raises(ConfigError):
            from_yaml(tmp_path, field, value)


@pytest.mark.parametrize(("table", "field", "value"), ACCEPTED)
def test_a_value_that_one_reader_accepts_makes_the_same_record_in_all(
    tmp_path: Path, table: str, field: str, value: object
) -> None:
    record = from_api(table, field, value)

    assert from_csv(tmp_path, table, field, value) == record
    if table == "devices":
        assert from_yaml(tmp_path, field, value) == record


def test_identities_have_the_same_limits_everywhere(tmp_path: Path) -> None:
    many = [{"platform": "tts", "id": f"e{number}"} for number in range(33)]
    rows = [f"g1,gas_alarm,tts,e{number}" for number in range(33)]
    (tmp_path / "devices.csv").write_text("\n".join(["id,kind,platform,platform_id", *rows]), "utf-8")
    for identities in (many, [{"platform": "tts", "id": "e" * 257}]):
        with pytest.raises(Problem):
            from_api("devices", "identities", identities)
        with pytest.raises(ConfigError):
            from_yaml(tmp_path, "identities", identities)
    with pytest.raises(ConfigError, match=r"devices\.csv:34:14: platform: g1 has more than 32 identities"):
        read_records(tmp_path / "devices.csv", "devices")
    (tmp_path / "devices.csv").write_text(f"id,kind,platform,platform_id\ng1,gas_alarm,tts,{'e' * 257}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"devices\.csv:2:18: platform_id: "):
        read_records(tmp_path / "devices.csv", "devices")
    with pytest.raises(ConfigError, match="platform_id"):
        from_yaml(tmp_path, "platform_id", "e" * 257)
