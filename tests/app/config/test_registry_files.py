"""Devices and rosters of CSV and YAML files: which rows are records, and which faults are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.faults import ConfigError
from app.config.registry_files import read_devices, read_records
from domain import Attribute, Device, Identity


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
    file.write_text("id,cell,role,person,from,to\n1,g1,worker,p1,8,20:00\n2,g1,worker,p1,08:00,25:00\n", "utf-8")

    with pytest.raises(ConfigError) as caught:
        read_records(file, "duties")

    assert [fault.field for fault in caught.value.faults] == ["from", "to"]


def test_without_platform_id_the_identity_is_our_device_id(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,kind,platform\n0x000d6f0014f7bf0f,gas_alarm,zigbee2mqtt\ngas-1,gas_alarm,native\n")

    devices = read_devices(file, {"gas_alarm": None})
    assert [device.identities for device in devices] == [
        (Identity("zigbee2mqtt", "0x000d6f0014f7bf0f"),),
        (Identity("native", "gas-1"),),
    ]


def test_a_platform_id_without_its_platform_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,kind,platform,platform_id\ngas-1,gas_alarm,,0x000d6f0014f7bf0f\n")

    with pytest.raises(ConfigError, match=r"new.csv:2:.*platform: is empty"):
        read_devices(file, {"gas_alarm": None})


@pytest.mark.parametrize(
    ("name", "text", "message"),
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
def test_a_device_whose_messages_could_never_arrive_is_not_registered(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ConfigError, match=message):
        read_devices(tmp_path / name, {"gas_alarm": None})
