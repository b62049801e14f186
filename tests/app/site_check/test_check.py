"""What `fengshao check` finds by day: files that lead nowhere, hours at which a danger reaches nobody, double lines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from app.cli.init import write_site_template
from app.cli.main import main
from app.config.catalog import load_ladders
from app.config.faults import ConfigError
from app.config.registry_files import read_devices
from app.config.site import load_site
from app.site_check.check import check_site_files
from app.site_check.escalation_coverage import EscalationCoverage
from domain import DAY, Cell, Duty, Person, Role
from domain.people import community

TZ = ZoneInfo("Asia/Shanghai")
NOW = int(datetime(2026, 11, 23, 10, tzinfo=TZ).timestamp() * 1000)
"""A Monday."""
FILES = {
    "site.yaml": "name: 社区\nsign: 社区\nlast_resort: [li]\nchannels: {aliyun_sms: {}}\n",
    "places.csv": "id,name,level,parent,cell\nh1,101,household,,grid\n",
    "cells.csv": "id,name,level,parent\nstreet,街道,street,\ngrid,网格,grid,street\n",
    "people.csv": "id,name,phone\nli,李伟,19900000001\nchen,陈芳,\n",
    "duties.csv": "id,cell,role,person\n1,street,worker,li\n2,street,community,li\n",
}


def site(folder: Path, **changes: str) -> Path:
    for name, text in {**FILES, **{key.replace("_", "."): text for key, text in changes.items()}}.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def found(folder: Path, now: int = NOW) -> tuple[list[str], list[str]]:
    examined, _ = check_site_files(folder, now)
    told = [str(fault).removeprefix(f"{folder}/") for fault in examined.faults]
    return told, [line.removeprefix(f"{folder}/") for line in examined.warnings]


# -- files and rows -------------------------------------------------------------------------------------------------


def test_an_empty_line_or_a_quoted_comma_made_check_die_or_name_another_line(tmp_path: Path) -> None:
    site(tmp_path, places_csv='name,id,level,parent\n\n"Block 1, north",p1,building,nowhere\n')
    with pytest.raises(ConfigError) as refused:
        load_site(tmp_path)
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in refused.value.faults] == [
        "places.csv:3:30: parent: 'nowhere' does not exist: add it, or correct the name"
    ]


def test_a_cell_of_several_lines_keeps_the_lines_behind_it_in_place(tmp_path: Path) -> None:
    faults, _ = found(site(tmp_path, cells_csv='id,name,level,parent\nstreet,"街\n道",street,\ngrid,网格,grid,stret\n'))
    assert faults == [
        "cells.csv:4:14: parent: 'stret' does not exist: add it, or correct the name; did you mean street?"
    ]


@pytest.mark.parametrize(
    ("name", "row", "said"),
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
def test_a_row_that_the_api_would_refuse_is_refused_in_a_file(tmp_path: Path, name: str, row: str, said: str) -> None:
    faults, _ = found(site(tmp_path, **{name.replace(".", "_"): row}))
    assert any(f"{name}:{said}" in fault for fault in faults), faults


def test_a_number_in_yaml_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text("- {id: g1, kind: gas_alarm, attributes: {note: .nan}}\n")
    with pytest.raises(ConfigError, match=r"new\.yaml:1:42: .*note: nan is no value"):
        read_devices(tmp_path / "new.yaml", {"gas_alarm": 1})


def test_a_phone_with_its_country_and_a_time_in_the_sites_zone_are_taken_from_a_file_too(tmp_path: Path) -> None:
    people = "id,name,phone\nli,李伟,+8619900000001\nchen,陈芳,19900000002\n"
    duties = "id,cell,role,person,since,from,to\n1,street,worker,li,2026-11-01T00:00:00,8:00,20:00:00\n"
    folder = load_site(site(tmp_path, people_csv=people, duties_csv=duties))
    assert folder.people[0].phone == "+8619900000001"
    assert folder.duties[0].since == datetime(2026, 11, 1, tzinfo=TZ).timestamp() * 1000
    assert (folder.duties[0].from_minute, folder.duties[0].to_minute) == (480, 1200)


def test_a_file_that_nobody_reads_because_its_name_is_misspelt_is_told(tmp_path: Path) -> None:
    site(tmp_path)
    (tmp_path / "dutys.csv").write_text("id\n")
    (tmp_path / "notes.txt").write_text("")
    assert found(tmp_path)[0] == ["dutys.csv:1:1: is read by nobody; did you mean duties.csv?"]


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    site(tmp_path, people_csv="id\nli\n", ladders_yaml="ladders: [\n", cells_csv="id,name,level\n1,2\n")
    (tmp_path / "wording.zh.yaml").write_text("late: '{tim}'\n")
    checked = CliRunner().invoke(main, ["check", "--site", str(tmp_path)])
    assert checked.exit_code == 1
    assert all(name in checked.output for name in ("people.csv:1:1", "ladders.yaml:2:1", "cells.csv:2:", "wording.zh"))


# -- whom a danger reaches ------------------------------------------------------------------------------------------


def test_a_root_cell_without_duties_passed_and_its_alarms_were_told_to_nobody(tmp_path: Path) -> None:
    bare = "id,cell,role,person\n1,grid,worker,li\n2,grid,lead,li\n"
    faults, doubts = found(site(tmp_path, duties_csv=bare))
    assert faults == []
    (strangers,) = [line for line in doubts if line.startswith("cells.csv:1:1")]
    assert "places without a cell, strangers: danger critical" in strangers
    assert strangers.endswith("until then only the last resort hears of it")

    (tmp_path / "site.yaml").write_text(FILES["site.yaml"].replace("last_resort: [li]\n", ""))
    faults, _ = found(tmp_path)
    assert any(line.startswith("site.yaml:1:1: last_resort: is missing: write the ids of people") for line in faults)
    assert any(line.startswith("cells.csv:1:1: id: places without a cell, strangers") for line in faults)
    assert CliRunner().invoke(main, ["check", "--site", str(tmp_path)]).exit_code == 1


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("[lii]", "site.yaml:3:15: last_resort.0: 'lii' does not exist: add it, or correct the name; did you mean li?"),
        ("[li, chen]", "site.yaml:3:19: last_resort.1: chen cannot be told: write a phone in people.csv"),
        ("[]", "site.yaml:3:1: last_resort: is missing: write the ids of people who are called"),
    ],
)
def test_a_last_resort_that_cannot_be_called_is_none(tmp_path: Path, named: str, said: str) -> None:
    faults, _ = found(site(tmp_path, site_yaml=FILES["site.yaml"].replace("[li]", named)))
    assert [line for line in faults if line.startswith(said)]


def test_the_site_that_init_writes_names_one(tmp_path: Path) -> None:
    write_site_template(tmp_path / "new")
    assert found(tmp_path / "new")[0] == []


PEOPLE = [Person("a", "甲", "19900000001"), Person("b", "乙", wecom="yi"), Person("c", "丙")]
CELLS = [Cell("street", "街道", "street"), Cell("grid", "网格", "grid", "street")]


def gaps(*duties: Duty, cell: str | None = "grid", channels: tuple[str, ...] = ("sms",)) -> dict[str, str]:
    """By ladder: when nobody can be reached."""
    reach = EscalationCoverage(community([], CELLS, PEOPLE, duties), channels, NOW, TZ)
    told = reach.gaps(load_ladders(), [cell])
    return {ladder: gap.hours for gap in told for ladder in gap.ladders}


def critical(*duties: Duty, cell: str | None = "grid", channels: tuple[str, ...] = ("sms",)) -> str | None:
    return gaps(*duties, cell=cell, channels=channels).get("danger critical")


def test_hours_without_a_shift_are_named() -> None:
    day = Duty("1", "grid", Role.WORKER, "a", from_minute=480, to_minute=1200)
    assert critical() == "at any hour"
    assert critical(Duty("1", "street", Role.DEPARTMENT, "a")) is None
    assert critical(Duty("1", "street", Role.DEPARTMENT, "a"), cell=None) is None
    assert critical(Duty("1", "grid", Role.WORKER, "a"), cell=None) == "at any hour"
    assert critical(day) == "every day 20:00-08:00; 2026-12-06 (Sun) 20:00-00:00"
    weekdays = Duty("1", "grid", Role.WORKER, "a", weekdays=(1, 2, 3, 4, 5))
    assert critical(weekdays) == "Sat 00:00 to Mon 00:00"
    until = Duty("1", "grid", Role.WORKER, "a", until=NOW + 3 * DAY)
    assert critical(until) == "2026-11-26 (Thu) 10:00 to Mon 00:00"


def test_somebody_who_cannot_be_told_or_is_away_hides_whoever_is_above_him() -> None:
    above, here = Duty("1", "street", Role.WORKER, "a"), Duty("2", "grid", Role.WORKER, "c")
    assert critical(above, here) == "at any hour"
    assert critical(above, Duty("2", "grid", Role.WORKER, "b")) == "at any hour"
    assert critical(above, Duty("2", "grid", Role.WORKER, "b"), channels=("sms", "wecom")) is None
    assert critical(above, here, channels=()) is None  # a logbook is everybody's where there is nothing else
    leave = Duty("3", "street", Role.LEAD, "a", since=NOW + DAY, until=NOW + 2 * DAY, absent=True)
    assert critical(above, leave) == "2026-11-24 (Tue) 10:00 to Wed 10:00"
    assert critical(above, Duty("4", "grid", Role.WORKER, "nobody")) is None


def test_many_hours_are_told_shortly() -> None:
    lines = [
        Duty(str(hour), "grid", Role.WORKER, "a", from_minute=hour * 60, to_minute=hour * 60 + 30) for hour in range(24)
    ]
    told = critical(*lines)
    assert told is not None
    assert told.endswith("more times")


def test_a_district_is_checked_in_a_moment() -> None:
    cells = [Cell(f"g{n}", "格", "grid", "street") for n in range(401)]
    people = [Person(f"p{n}", "人", f"199{n:08}") for n in range(1_308)]
    shifts = ((480, 1200), (1200, 480), (0, 1440))
    duties = [
        Duty(str(n), f"g{n % 400}", Role.WORKER, f"p{n}", from_minute=shifts[n % 3][0], to_minute=shifts[n % 3][1])
        for n in range(1_308)
    ]
    reach = EscalationCoverage(community([], [*CELLS, *cells], people, duties), ("sms",), NOW, TZ)
    told = reach.gaps(load_ladders(), [cell.id for cell in cells])
    assert [gap.cell for gap in told if "danger critical" in gap.ladders] == ["g400"]


# -- the roster itself ----------------------------------------------------------------------------------------------


def test_a_line_that_never_holds_and_one_that_says_the_same_twice_are_told(tmp_path: Path) -> None:
    duties = """\
id,cell,role,person,weekdays,from,to,since,until
1,street,worker,li,,08:00,20:00,,
2,street,worker,li,,19:00,22:00,,
3,street,lead,li,6,08:00,20:00,2026-11-23T00:00:00+08:00,2026-11-25T00:00:00+08:00
4,street,lead,li,,24:00,00:00,,
5,street,community,li,,,,,
6,street,worker,li,,20:00,08:00,,2026-12-01T00:00:00+08:00
"""
    doubts = [line for line in found(site(tmp_path, duties_csv=duties))[1] if line.startswith("duties.csv")]
    assert doubts == [
        "duties.csv:4:20: from: never holds: its hours, weekdays and dates have no minute in common",
        "duties.csv:5:19: from: never holds: its hours, weekdays and dates have no minute in common",
        "duties.csv:3:17: person: holds at hours at which line 2 has li there already",
        "duties.csv:7:17: person: holds at hours at which line 3 has li there already",
    ]


def test_the_table_of_holidays_is_renewed_before_it_ends(tmp_path: Path) -> None:
    def told(*date: int) -> bool:
        now = int(datetime(*date, tzinfo=TZ).timestamp() * 1000)  # type: ignore[arg-type, misc]
        return any("the table of public holidays ends on 2027-12-31" in line for line in found(tmp_path, now)[1])

    site(tmp_path)
    assert [told(2027, 9, 1), told(2027, 10, 10), told(2029, 1, 1)] == [False, True, True]


def test_what_may_be_a_slip_is_told_and_refuses_nothing(tmp_path: Path) -> None:
    devices = "id,kind,model,place,attributes.lives_alon\ng,gas_alarm,TBWL10,h1,true\n"
    people = "id,name,phone,attributes.lives_alon\nli,李伟,19900000001,true\nchen,陈芳,19900000002,\n"
    site(tmp_path, devices_csv=devices, people_csv=people)
    (tmp_path / "rules").mkdir()
    book = "hazard: manhol\nversion: 1\nrules:\n- {name: x, title: {zh: 盖, en: x}, kind: manhole, severity: low,"
    (tmp_path / "rules" / "x.yaml").write_text(f"{book} when: opened, source: test}}\n", "utf-8")
    faults, doubts = found(tmp_path)
    assert faults == []
    assert (
        "people.csv:1:15: attributes.lives_alon: nothing asks for 'lives_alon'; did you mean attributes.lives_alone?"
        in doubts
    )
    assert "rules/x.yaml:1:1: hazard: no text is written for 'manhol'; did you mean manhole?" in doubts


def test_a_mapping_that_says_nothing_of_a_unit_is_doubted_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    lines = ["platform: zigbee2mqtt", "version: 1", "kinds:", "  water_meter:", "    counted: volume_m3"]
    (tmp_path / "mappings" / "own.yaml").write_text("\n".join(lines), "utf-8")
    (tmp_path / "mappings" / "bad.yaml").write_text("platform: [", "utf-8")
    found, _ = check_site_files(site(tmp_path), NOW)

    (told,) = [one for one in found.warnings if "mappings" in one]
    assert told.startswith(f"{tmp_path}/mappings/own.yaml:5:5: kinds.water_meter.counted: nobody says in which unit")
    assert "write `unit: m³` (or L" in told
