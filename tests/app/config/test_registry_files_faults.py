"""Faults of rows, each at its cell; values that a file may hold as the API does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from app.config.faults import ConfigError
from app.config.registry_files import read_devices
from app.config.site import load_site
from tests.support.site_files import TZ, faults_and_warnings, write_site


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("people.csv", "id,name,phone,attributes.note\nli,李,1990001,nan\n", "2:14: attributes.note: nan is no value"),
        ("people.csv", "id,name,phone\nli,李,12ab\n", "2:6: phone: '12ab' is not a phone number"),
        ("people.csv", "id,name\nli,李\nli,王\n", "3:1: id: stands twice (first in line 2)"),
        ("people.csv", 'id,name\nli,"李\n', "2:1: not CSV"),
        ("people.csv", "id,name,name\nli,李,王\n", "1:9: name: stands twice"),
        ("places.csv", "id,name,level,lon\nh1,101,household,1040\n", "2:18: lon: Input should be less than"),
        ("places.csv", "id,name,level,lat\nh1,101,household,x\n", "2:18: lat: 'x' is not a number"),
        ("places.csv", "id,name,level,parent\nh 1,101,household,\n", "2:1: id: 'h 1' cannot be an id"),
        ("places.csv", "id,name,level,parent\na,A,unit,b\nb,B,unit,a\n", "2:10: parent: a is above itself"),
        ("duties.csv", "id,cell,role,person,rank\n1,street,worker,li,0.5\n", "2:20: rank: '0.5' is not a whole"),
        ("duties.csv", "id,cell,role,person,absent\n1,street,worker,li,ja\n", "2:20: absent: 'ja' is neither"),
        ("duties.csv", "id,cell,role,person,weekdays\n1,street,worker,li,18\n", "2:20: weekdays: '18': write"),
        ("duties.csv", "id,cell,role,person,since\n1,street,worker,li,soon\n", "2:20: since: not a time: 'soon'"),
        (
            "duties.csv",
            "id,cell,role,person,since,until\n1,street,worker,li,2026-12-02T00:00:00Z,2026-12-01T00:00:00Z\n",
            "2:41: until: is not after since",
        ),
        ("devices.csv", "id,kind\ng,gas_alarm\ng,water_meter\n", "3:3: kind: 'water_meter' is 'gas_alarm' in line 2"),
    ],
)
def test_a_row_that_the_api_would_refuse_is_refused_in_a_file(
    tmp_path: Path, name: str, row: str, message: str
) -> None:
    faults, _ = faults_and_warnings(write_site(tmp_path, **{name.replace(".", "_"): row}))
    assert any(f"{name}:{message}" in fault for fault in faults), faults


def test_not_a_number_in_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text("- {id: g1, kind: gas_alarm, attributes: {note: .nan}}\n")
    with pytest.raises(ConfigError, match=r"new\.yaml:1:42: .*note: nan is no value"):
        read_devices(tmp_path / "new.yaml", {"gas_alarm": 1})


def test_a_phone_with_country_code_and_a_time_in_the_sites_zone_are_accepted_from_a_file(tmp_path: Path) -> None:
    people = "id,name,phone\nli,李伟,+8619900000001\nchen,陈芳,19900000002\n"
    duties = "id,cell,role,person,since,from,to\n1,street,worker,li,2026-11-01T00:00:00,8:00,20:00:00\n"
    folder = load_site(write_site(tmp_path, people_csv=people, duties_csv=duties))
    assert folder.people[0].phone == "+8619900000001"
    assert folder.duties[0].since == datetime(2026, 11, 1, tzinfo=TZ).timestamp() * 1000
    assert (folder.duties[0].from_minute, folder.duties[0].to_minute) == (480, 1200)
