"""Every name in every file of a site, misspelt one at a time: `check` names the file, the line and the column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config.catalog import LADDERS, WORDING
from app.site_check.check import check_site_files
from tests.support.long_form import share_of

NOW = 1_795_269_600_000

SITE: dict[str, str] = {
    "site.yaml": """\
name: 枫树社区
timezone: Asia/Shanghai
sign: 枫树社区
last_resort: [chen, li]
intake:
  timezones: {hj212: Asia/Shanghai}
  filters: {tasmota: [tele/#, +/tele/#]}
history: {type: duckdb}
retention: {journal_days: 30}
channels:
  aliyun_sms:
    templates: {gas: SMS_1, other.low: SMS_2}
""",
    "ladders.yaml": (LADDERS / "default.yaml").read_text("utf-8")
    + """\
  - rules: [tunnel-flooded, unknown-device-danger]
    ledger: danger
    severities: [high]
    take_within: 2m
    arrive_within: 15m
    resolve_within: 4h
    verify_within: 1d
    close_within: 1d
    repeat: 15m
    rungs:
      - {role: worker, channels: [sms], fallback: [wecom, logbook], wait: 2m}
""",
    "wording.zh.yaml": WORDING.read_text("utf-8"),
    "kinds/tunnel.yaml": """\
kind: tunnel
name: {zh: 隧道积水, en: Tunnel}
report_every: 1h
quantities:
  flooded: {type: bool, danger: true, name: {zh: 积水, en: Flooded}}
  depth_mm: {type: number, unit: mm, min: 0, max: 5000, name: {zh: 水深, en: Depth}}
""",
    "mappings/tunnel.yaml": """\
platform: zigbee2mqtt
also: [tts]
version: 1
kinds:
  tunnel:
    depth_mm: depth_mm
    wet: {to: flooded}
models:
  - models: [TN-100]
    kind: tunnel
    fields: {depth_mm: depth_mm}
spoken:
  tunnel: {flood: flooded}
""",
    "rules/tunnel.yaml": """\
hazard: manhole
version: 1
rules:
- name: tunnel-flooded
  title: {zh: 隧道积水, en: Tunnel flooded}
  kind: tunnel
  severity: high
  when: flooded or depth_mm >= 300
  show: [depth_mm]
  source: our default (unverified)
- name: tunnel-storm
  title: {zh: 多处积水, en: Flooded in several places}
  severity: high
  of: building
  gather: {within: 10m, parts: [{rules: [tunnel-flooded], at_least: 2}]}
  source: our default (unverified)
""",
    "rules/tunnel_test.yaml": """\
trials:
- name: 积水即报
  rule: tunnel-flooded
  every: 10s
  readings: {flooded: false true}
  expect: [10s begin high]
""",
    "codecs.d/em300.js": "function decodeUplink(input) { return {data: {leak: input.bytes[0]}}; }\n",
    "codecs.d/bindings.yaml": "codecs:\n  em300.js: {models: [EM300-SLD]}\n",
    "places.csv": """\
id,name,level,parent,cell,lon,lat,datum
yard,"枫林苑, 北区",compound,,grid,104.08,30.65,GCJ-02
b1,1栋,building,yard,grid,,,WGS-84
h1,101,household,b1,,,,
""",
    "cells.csv": "id,name,level,parent\nstreet,街道,street,\ngrid,第一网格,grid,street\n",
    "people.csv": """\
id,name,phone,wecom,home,attributes.fence_datum,attributes.lives_alone
li,李伟,19900000001,li,,,
chen,陈芳,+8619900000002,chen,,,
elder,王奶奶,,,h1,WGS-84,true
""",
    "duties.csv": """\
id,cell,role,person,rank,weekdays,from,to,since,until,absent
1,street,worker,li,0,1234567,00:00,24:00,,,
2,grid,lead,chen,1,12345,8:00,20:00,2026-11-01T00:00:00+08:00,,
3,street,community,chen,0,,20:00,08:00,,,
4,street,clinic,chen,0,,,,,,
5,street,property,chen,0,,,,,,
""",
    "devices.csv": """\
id,kind,model,place,platform,platform_id,attributes.timezone,attributes.datum,attributes.gateway,attributes.person,\
attributes.report_every
hub,gateway,,yard,zigbee2mqtt,bridge,,,,,
gas-1,gas_alarm,,h1,zigbee2mqtt,0x000d6f0014f7bf0f,Asia/Urumqi,,hub,,10m
band-1,wristband,,h1,,,,GCJ-02,,elder,
tn-1,tunnel,TN-100,yard,zigbee2mqtt,tn,,,,,
leak-1,water_leak,EM300-SLD,h1,,,,,,,
""",
}
CSV_NAMES = {
    "places.csv": ("parent", "cell", "datum"),
    "cells.csv": ("parent",),
    "people.csv": ("home", "attributes.fence_datum"),
    "duties.csv": ("cell", "role", "person"),
    "devices.csv": (
        "kind",
        "model",
        "place",
        "platform",
        "attributes.timezone",
        "attributes.datum",
        "attributes.gateway",
        "attributes.person",
        "attributes.report_every",
    ),
}
FREE_VALUES = {
    "site.yaml": ("name", "sign", "templates", "tasmota"),
    "ladders.yaml": (),
    "wording.zh.yaml": (
        *("severities", "roles", "channels", "vias", "card", "spans", "refusals", "house", "timeline", "why"),
        *("problems", "late", "retained", "nowhere", "name", "title", "text", "code", "codes"),
        *("unplaced", "unregistered", "doors", "escalations", "escalations_brief", "more", "person", "people"),
        *("dispositions", "overdue", "lapses", "providers", "fixed"),
    ),
    "kinds/tunnel.yaml": ("name", "unit"),
    "mappings/tunnel.yaml": ("models",),
    "rules/tunnel.yaml": ("title", "source"),
    "rules/tunnel_test.yaml": ("name",),
    "codecs.d/bindings.yaml": (),
}
"""Below these keys stands what people may write as they like: words, names of their own, addresses of a vendor."""
FREE_KEYS = {
    "wording.zh.yaml": (("providers",),),
    "kinds/tunnel.yaml": (("quantities",),),
    "mappings/tunnel.yaml": (
        ("kinds", "tunnel"),
        ("models", 0, "fields"),
        ("spoken", "tunnel"),
    ),
}
"""Keys of these mappings are names of somebody else's."""
DEFINED = {
    ("kinds/tunnel.yaml", ("kind",)),
    ("rules/tunnel.yaml", ("rules", 0, "name")),
    ("rules/tunnel.yaml", ("rules", 1, "name")),
}
"""Names that this file gives: misspelt here, they are missing where they are used."""


def write_files(folder: Path, changes: dict[str, str]) -> Path:
    for name, text in {**SITE, **changes}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


def faults_at(folder: Path) -> set[tuple[str, int, int]]:
    """Positions of faults and warnings."""
    result, _ = check_site_files(folder, NOW)
    warnings = [line.removeprefix(f"{folder}/").split(":") for line in result.warnings if line.startswith(str(folder))]
    places = {(file, int(line), int(column)) for file, line, column, *_ in warnings}
    return places | {(fault.file.removeprefix(f"{folder}/"), fault.line, fault.column) for fault in result.faults}


def test_the_unchanged_site_has_no_fault(tmp_path: Path) -> None:
    result, config = check_site_files(write_files(tmp_path, {}), NOW)
    assert [str(fault) for fault in result.faults] == []
    assert config is not None
    assert result.warnings == []


# -- the names ------------------------------------------------------------------------------------------------------

Case = tuple[str, int, int, int, int]
"""File; line and column at which the fault must be reported; line and column behind the name, for the added letter."""


def csv_names() -> Iterator[Case]:
    for name, columns in CSV_NAMES.items():
        lines = SITE[name].split("\n")
        header = next(csv.reader(io.StringIO(lines[0])))
        for number, line in enumerate(lines[1:], 2):
            place = 1
            for column, cell in zip(header, _cells(line), strict=False):
                if column in columns and cell:
                    yield name, number, place, number, place + len(cell)
                place += len(cell) + 1
        place = 1
        for column in header:
            if not column.startswith("attributes."):
                # Without a column that every row needs the file says so at its beginning; both are right.
                yield name, 1, place, 1, place + len(column)
            place += len(column) + 1


def _cells(line: str) -> list[str]:
    cells, quoted = [""], False
    for sign in line:
        quoted = quoted != (sign == '"')
        if sign == "," and not quoted:
            cells.append("")
        else:
            cells[-1] += sign
    return cells


def yaml_names() -> Iterator[Case]:
    for name in (file for file in SITE if file.endswith(".yaml")):
        node = yaml.compose(SITE[name], Loader=yaml.SafeLoader)
        yield from _names_in(name, node, (), (1, 1))


def _names_in(file: str, node: Any, path: tuple[str | int, ...], reported_at: tuple[int, int]) -> Iterator[Case]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = (key.start_mark.line + 1, key.start_mark.column + 1)
            if path not in FREE_KEYS.get(file, ()):
                yield file, *at, *_end(key)
            yield from _names_in(file, value, (*path, key.value), at)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            at = (item.start_mark.line + 1, item.start_mark.column + 1)
            yield from _names_in(file, item, (*path, index), at)
    elif _is_name(file, node, path):
        yield file, *reported_at, *_end(node)


def _is_name(file: str, node: Any, path: tuple[str | int, ...]) -> bool:
    free = any(step in FREE_VALUES[file] for step in path) or (file, path) in DEFINED
    return node.tag == "tag:yaml.org,2002:str" and not free


def _end(node: Any) -> tuple[int, int]:
    quoted = node.style in ("'", '"')
    return node.end_mark.line + 1, node.end_mark.column + 1 - quoted


def misspelt(case: Case) -> str:
    name, _, _, line, column = case
    lines = SITE[name].split("\n")
    lines[line - 1] = f"{lines[line - 1][: column - 1]}q{lines[line - 1][column - 1 :]}"
    return "\n".join(lines)


def _label(case: Case) -> str:
    line = SITE[case[0]].split("\n")[case[3] - 1]
    return f"{case[0]}:{case[1]}:{case[2]}:{line[: case[4] - 1][-12:]}".replace("::", ":")


NAMES = [*csv_names(), *yaml_names()]
SHARES = 8
WORDING_CASES = [case for case in NAMES if case[0] == "wording.zh.yaml"][::31]
"""Its 300 keys are all checked alike."""
LADDER_CASES = [case for case in NAMES if case[0] == "ladders.yaml"][::7]
TRIED = [case for case in NAMES if case[0] not in ("wording.zh.yaml", "ladders.yaml")] + WORDING_CASES + LADDER_CASES


def test_there_are_names_in_every_file() -> None:
    assert {case[0] for case in NAMES} == {name for name in SITE if not name.endswith(".js")}


def of_each_file() -> list[list[Case]]:
    """The cases in groups, with at most one of each file in a group."""
    by_file = [[case for case in TRIED if case[0] == name] for name in SITE]
    return [[case for case in group if case] for group in zip_longest(*by_file)]


def not_reported(folder: Path, cases: list[Case]) -> list[Case]:
    """Cases whose position is not reported when all of them are misspelt at once."""
    positions = faults_at(write_files(folder, {case[0]: misspelt(case) for case in cases}))
    return [case for case in cases if case[:3] not in positions]


@pytest.mark.long_form
@pytest.mark.parametrize("share", share_of(list(range(SHARES)), 0, 3))
def test_a_misspelt_name_is_reported_at_its_position(tmp_path: Path, share: int) -> None:
    """`channels: [smss]` and `rules: [button-medicl]` passed, and that rung notified no person.

    One name of each file is misspelt at once. What is not reported then is tried alone: a misspelt name of a kind hides
    what depends on that kind.
    """
    hidden = [case for group in of_each_file()[share::SHARES] for case in not_reported(tmp_path, group)]
    assert [_label(case) for case in hidden if not_reported(tmp_path, [case])] == []
