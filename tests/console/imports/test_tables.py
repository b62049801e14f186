"""Rows as records: the names that offices write, every fault at its cell, and the same records as the site's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.config.catalog import load_roles
from app.config.registry_files import read_records
from console import import_messages_zh as words
from console.imports.cells import parse_day_types, parse_instant, parse_names, parse_rank, parse_weekdays, parse_yes
from console.imports.names import Names
from console.imports.sheets import BadTable, read_rows
from console.imports.tables import TableReader
from domain import Duty, Person
from domain.people import community
from tests.support.console_harness import CELLS, DUTIES, PEOPLE, PLACES, SHANGHAI

TOWN = community(PLACES, CELLS, (*PEOPLE, Person("r-li", "李四"), Person("x-1", "同名"), Person("x-2", "同名")), DUTIES)
FILES = Path(__file__).with_name("files")


def read(table: str, data: str | bytes) -> list[Any]:
    rows = read_rows(data.encode() if isinstance(data, str) else data)
    return TableReader(table, TOWN, Names(TOWN, load_roles()), SHANGHAI).records(rows)


def faults(table: str, text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(BadTable) as bad:
        read(table, text)
    return [(fault.cell, fault.field, fault.detail) for fault in bad.value.faults]


def test_a_month_of_lines_as_an_office_writes_it() -> None:
    first, second = read("duties", (FILES / "duties-openpyxl.xlsx").read_bytes())
    day = parse_instant("2026-12-01", SHANGHAI, is_end=False)
    end = parse_instant("2027-01-01", SHANGHAI, is_end=False)
    assert first == Duty(
        "grid-3-worker-w-zhang", "grid-3", "worker", "w-zhang", 0, (1, 2, 3, 4, 5), 480, 1200, since=day, until=end
    )
    assert (second.person, second.rank, second.weekdays, second.to_minute) == ("w-li", 1, (6, 7), 480)
    assert second.since == day + 510 * 60_000


def test_lines_without_an_id_get_the_same_one_each_time_and_a_second_line_its_own() -> None:
    text = "网格,岗位,人员,上班,下班\n第三网格,网格员,张三,8:00,12:00\n第三网格,网格员,张三,14:00,18:00\n"
    assert [one.id for one in read("duties", text)] == ["grid-3-worker-w-zhang", "grid-3-worker-w-zhang-2"]
    assert read("duties", text) == read("duties", text)


def test_a_person_keeps_what_the_file_has_no_column_for_and_an_empty_cell_clears() -> None:
    (wang,) = read("people", "编号,姓名,邮箱,attributes.age\nr-wang,王小明,w@example.cn,82\n")
    assert wang == Person(
        "r-wang", "王小明", "19900001111", None, "b3-402", {"lives_alone": True, "age": 82}, {"email": "w@example.cn"}
    )
    (moved,) = read("people", "编号,姓名,手机,住址,attributes.lives_alone\nr-wang,王小明,,梧桐里101,\n")
    assert (moved.phone, moved.home, moved.attributes) == (None, "court-101", {"age": 81})


def test_every_fault_stands_at_its_cell() -> None:
    text = (
        "网格,岗位,人员,星期,上班,截止,开始\n第九网格,网格员,同名,8,25:00,昨天,\n,院长,张三,,,2026-01-01,2026-02-01\n"
    )
    assert faults("duties", text) == [
        ("A2", "网格", words.UNKNOWN_CELL.format(value="第九网格")),
        ("C2", "人员", words.SAME_NAMES.format(count=2, value="同名", ids="x-1、x-2")),
        ("D2", "星期", words.BAD_WEEKDAYS.format(value="8")),
        ("F2", "截止", words.BAD_TIME.format(value="昨天")),
        ("A3", "网格", words.CELL_EMPTY),
        ("B3", "岗位", words.UNKNOWN_ROLE.format(value="院长", known="、".join(r.zh for r in load_roles().values()))),
    ]
    later = "网格,岗位,人员,上班,截止,开始\n第三网格,worker,张三,25:00,2026-01-01,2026-02-01\n"
    assert [(cell, field) for cell, field, _ in faults("duties", later)] == [("D2", "上班"), ("E2", "截止")]
    people = "编号,姓名,手机,邮箱\nw 1,王,12,x\nw-2,王,,,多\nw-2,王,,\n"
    assert [(cell, field) for cell, field, _ in faults("people", people)] == [
        ("A2", "编号"), ("C2", "手机"), ("D2", "邮箱"), ("E3", ""),
    ]  # fmt: skip
    assert faults("people", "编号,姓名\nw-2,王\nw-2,王\n") == [("A3", "编号", words.TWICE.format(line=2))]


def test_faults_of_the_column_names_come_first_and_alone() -> None:
    found = faults("duties", "网格,网格,工资\n第九网格,x,x\n")
    assert [(cell, field) for cell, field, _ in found] == [("B1", "网格"), ("C1", "工资"), ("", "岗位"), ("", "人员")]


def test_of_several_of_one_name_the_one_on_the_roster_is_meant() -> None:
    (line,) = read("duties", "网格,岗位,人员\n第四网格,网格长,李四\n")
    assert line.person == "w-li"


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            "people",
            "id,name,phone,wecom,home,email,attributes.age,attributes.code\n"
            "p-1,王,19900000001,wang,b3,w@x.cn,81,007\n",
        ),
        (
            "duties",
            "id,cell,role,person,rank,weekdays,from,to,since,until,absent,hazards,days\n"
            "d-9,grid-3,worker,w-li,1,123,8:00,20:00,2026-12-01 08:00,2026-12-24T08:00:00+08:00,,fire gas,workday\n"
            "d-8,grid-3,worker,w-li,,,,24:00,,,true,,\n",
        ),
    ],
)  # fmt: skip
def test_a_file_of_a_site_is_read_as_the_site_reads_it(table: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"{table}.csv"
    path.write_text(text, "utf-8")
    assert read(table, text) == read_records(path, table, SHANGHAI)


def test_cells_of_an_office() -> None:
    assert (parse_rank("替补"), parse_rank("0"), parse_yes("是"), parse_names("fire、gas")) == (
        1,
        0,
        True,
        ["fire", "gas"],
    )
    assert parse_day_types("工作日 holiday") == ["workday", "holiday"]
    assert parse_weekdays("星期天") == [7]
    assert parse_instant("2026年12月1日 8:00", ZoneInfo("UTC"), is_end=True) == 1_796_112_000_000
    for parse, text in ((parse_rank, "一"), (parse_yes, "也许"), (parse_day_types, "周末"), (parse_weekdays, "5-1")):
        with pytest.raises(ValueError, match=text):
            parse(text)
