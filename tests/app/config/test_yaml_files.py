"""What the safety office sees when it makes a mistake in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from app.config.csv_files import read_csv
from app.config.faults import ConfigError
from app.config.registry_files import CSV_FILES, read_devices, read_records
from app.config.site import load_site
from app.config.yaml_files import Document, read_model, read_yaml
from domain import Attribute, Device, Identity
from domain.duration import Duration


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    severity: str
    hold: Duration = 0


class Book(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[Item]


def faults_of(path: Path, text: str) -> list[str]:
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_model(path, Book)
    return [str(fault).removeprefix(str(path)) for fault in caught.value.faults]


def test_every_fault_is_told_at_once_with_its_place_and_what_to_write(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path / "bad.yaml",
        "rules:\n  - severty: high\n    hold: 30 seconds\n  - severity: low\n    holed: 3s\n",
    )

    assert faults == [
        ":2:5: rules.0.severity: is missing: write `severity: ...`",
        ":2:5: rules.0.severty: is not known here: write `severity`",
        ":3:5: rules.0.hold: not a duration: '30 seconds' (write 30s, 5m, 12h or 2d)",
        ":5:5: rules.1.holed: is not known here: write `hold`",
    ]


def test_a_key_written_twice_names_the_first_line(tmp_path: Path) -> None:
    faults = faults_of(tmp_path / "twice.yaml", "rules: []\nrules: []\n")

    assert faults == [":2:1: rules: stands twice (first in line 1): remove one"]


def test_an_alias_saves_typing_but_cannot_grow_without_bound(tmp_path: Path) -> None:
    small = tmp_path / "small.yaml"
    small.write_text("rules: [&one {severity: low}, *one]\n")
    assert read_model(small, Book).rules == [Item(severity="low")] * 2

    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 8))
    faults = faults_of(tmp_path / "bomb.yaml", f"l0: &l0 [1, 2]\n{levels}")
    assert "grow without bound" in faults[0]

    assert "grow without bound" in faults_of(tmp_path / "loop.yaml", "rules: &a [*a]\n")[0]


def test_yaml_that_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "torn.yaml", "rules:\n  - [1, 2\n")[0].startswith(":3:1: not YAML: expected")


def test_a_file_that_is_not_there_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_yaml(tmp_path / "absent.yaml")


def test_a_csv_row_without_its_id_names_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("id,kind,platform\ngas-1,gas_alarm,\n,gas_alarm,\n", "utf-8")

    with pytest.raises(ConfigError) as caught:
        read_devices(file, {"gas_alarm": 1})

    assert [str(fault) for fault in caught.value.faults] == [f"{file}:3:1: id: is empty: every row needs it"]


def test_an_unknown_column_is_told_before_any_row_is_read(tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("id,name,levle\n", "utf-8")

    with pytest.raises(ConfigError) as caught:
        read_records(file, "places")

    assert [(fault.column, fault.field) for fault in caught.value.faults] == [(1, "level"), (9, "levle")]


def test_an_unknown_kind_in_a_device_list_names_the_known_ones(tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("id,kind\ng1,gas_alarm\ng2,gasalarm\n", "utf-8")

    with pytest.raises(ConfigError, match=r":3:4: kind: 'gasalarm' is unknown: write one of gas_alarm"):
        read_devices(file, {"gas_alarm": 1})


def test_two_rows_of_one_device_are_two_identities(tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text(
        "id,kind,platform,platform_id,attributes.q3\nm1,water_meter,hj212,9,2.5\nm1,water_meter,ctwing,7,\n"
    )

    expected: dict[str, Attribute] = {"q3": 2.5}
    identities = (Identity("hj212", "9"), Identity("ctwing", "7"))

    assert [Device("m1", "water_meter", None, None, identities, expected)] == read_devices(file, {"water_meter": 1})


@pytest.mark.parametrize("text", ["- id: g1\n  kind: gas_alarm\n", "devices:\n  - {id: g1, kind: gas_alarm}\n"])
def test_devices_may_be_written_in_yaml_as_a_list(tmp_path: Path, text: str) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text(text, "utf-8")

    assert [Device("g1", "gas_alarm")] == read_devices(file, {"gas_alarm": 1})


def test_a_roster_hour_that_is_no_hour_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "duties.csv"
    file.write_text("id,cell,role,person,from,to\n1,g1,worker,p1,8,20:00\n2,g1,boss,p1,08:00,20:00\n", "utf-8")

    with pytest.raises(ConfigError) as caught:
        read_records(file, "duties")

    assert [fault.field for fault in caught.value.faults] == ["from", "role"]


def test_a_place_whose_cell_does_not_exist_is_found_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("id,name,level,parent,cell\np1,1栋,building,,nowhere\n", "utf-8")

    with pytest.raises(ConfigError, match=r"places.csv:2:17: cell: 'nowhere' does not exist"):
        load_site(tmp_path)


def test_the_blank_site_that_init_writes_is_right_and_leads_to_a_door() -> None:
    from app.cli.init import SITE_TEMPLATE
    from domain.people import community

    site = load_site(SITE_TEMPLATE)
    town = community(site.places, site.cells, site.people, site.duties)

    assert (town.address("b1-1-101"), town.cell_of("b1-1-101")) == ("示例苑1栋1单元101", "grid-1")


def test_csv_cells_beyond_the_header_are_told(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_text("id,name,level\ng1,网格,grid,extra\n", "utf-8")
    required, optional, make = CSV_FILES["cells"]

    with pytest.raises(ConfigError, match="more cells than the first line has columns"):
        read_csv(file, required, optional, make)


def test_a_platform_without_an_id_of_its_own_knows_the_device_by_ours(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,kind,platform\n0x000d6f0014f7bf0f,gas_alarm,zigbee2mqtt\ngas-1,gas_alarm,native\n")

    found = read_devices(file, {"gas_alarm": None})
    assert [one.identities for one in found] == [
        (Identity("zigbee2mqtt", "0x000d6f0014f7bf0f"),),
        (Identity("native", "gas-1"),),
    ]


def test_an_id_of_nobody_knows_which_platform_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,kind,platform,platform_id\ngas-1,gas_alarm,,0x000d6f0014f7bf0f\n")

    with pytest.raises(ConfigError, match=r"new.csv:2:.*platform: is empty"):
        read_devices(file, {"gas_alarm": None})


def test_a_folder_that_is_no_site_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """A mistyped --site would have watched nothing and told nobody."""
    with pytest.raises(ConfigError, match="is no site"):
        load_site(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.csv",
            "id,kind,platform,platform_id\ng,gas_alarm,zigbeee2mqtt,x\n",
            "a.csv:2:13: platform: 'zigbeee2mqtt' is",
        ),
        ("b.csv", "id,kind\nhall/1,gas_alarm\n", "b.csv:2:1: id: 'hall/1' cannot be an id"),
        (
            "c.yaml",
            "- id: g\n  kind: gas_alarm\n  platform: zigbeee2mqtt\n",
            "c.yaml:3:3: .*platform: 'zigbeee2mqtt' is",
        ),
        ("d.yaml", "- id: hall/1\n  kind: gas_alarm\n", "d.yaml:1:3: .*id: 'hall/1' cannot be an id"),
        ("e.yaml", "- id: g\n  kind: gas_alarm\n  platform_id: x\n", "e.yaml:1:3: .*platform_id stands without"),
    ],
)
def test_a_device_that_could_never_be_heard_is_not_registered(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ConfigError, match=said):
        read_devices(tmp_path / name, {"gas_alarm": None})


def test_a_control_character_in_a_file_is_a_fault_with_its_place(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "bad.yaml", "rules:\n  - se\x07verity: low\n") == [
        ":2:7: holds the control character 0x07, which YAML does not take: remove it"
    ]


YAML_FILES = [
    path for path in Path(__file__).parents[3].rglob("*.yaml") if not {".venv", "node_modules"} & set(path.parts)
]


def test_the_scanner_in_c_reads_every_file_of_ours_as_the_one_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and places; what differs between the two would shift the columns of the faults we name."""

    def read() -> list[Document | str]:
        found: list[Document | str] = []
        for path in YAML_FILES:
            try:
                found.append(read_yaml(path))
            except ConfigError as faulty:
                found.append(str(faulty))
        return found

    quick = read()
    monkeypatch.setattr("app.config.yaml_files._compose", lambda text: yaml.compose(text, Loader=yaml.SafeLoader))
    assert read() == quick
    assert len(YAML_FILES) > 50


@pytest.mark.parametrize("text", ["[" * 50_000, "- " * 50_000, "{a: " * 50_000])
def test_nesting_without_bound_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"deep\.yaml:1:1: is nested deeper than 40 levels"):
        read_yaml(tmp_path / "deep.yaml")


def test_a_time_of_day_and_a_date_stay_as_they_were_written(tmp_path: Path) -> None:
    """YAML 1.1 reads 22:30 as 1350, in sixties, and 2026-05-01 as an object."""
    file = tmp_path / "x.yaml"
    file.write_text("a: 22:30\nb: 2026-05-01\nc: 2026-05-01T08:00:00+08:00\nd: 3\ne: '22:30'\n", "utf-8")
    assert read_yaml(file).data == {
        "a": "22:30", "b": "2026-05-01", "c": "2026-05-01T08:00:00+08:00", "d": 3, "e": "22:30",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb：2\nc: 3\n", "write : instead of ："),
        ("a: 1\nb: [1\n", "not YAML"),
        ("a: {x: 1，y：2\nc: 3\n", "instead of"),
    ],
)
def test_a_full_width_sign_that_breaks_a_file_is_named(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_yaml(file)
    assert said in str(caught.value)
