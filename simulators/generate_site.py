"""Writes deploy/site.demo: one invented community, deterministic by seed.

`python -m simulators.generate_site FOLDER`. Every name and number is invented; the numbers of the community
(7 compounds, 13 grids, 48 micro-grids, 42 gas alarms, 89 lone elders) are those of facts/communities.md row 1.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

Row = Mapping[str, object]

COMPOUNDS: Final = ("枫林苑", "枫丹里", "枫溪花园", "红枫小区", "枫叶新居", "枫湖雅苑", "老枫巷")
SPOTS: Final = ("东门主路", "中心花园", "北侧消防通道")
SHOPS: Final = (
    "巷口面馆", "陈记豆花饭", "蜀味小炒", "阿婆汤圆", "枫树社区食堂", "老街火锅",
    "清真拉面", "王氏抄手", "早安包子铺", "川香钵钵鸡", "李家烧腊", "红油米线",
)  # fmt: skip
NUMERALS: Final = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三")
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
OLD_NAMES: Final = (
    "桂英", "秀兰", "玉珍", "淑芬", "素华", "国强", "建国", "德明", "兴发", "永福", "光荣", "正清",
    "秀芳", "月娥", "凤英", "志远", "长贵", "福生", "玉兰", "惠芳", "明贵", "学文", "开元", "树清",
    "金凤", "素珍", "世荣", "春秀", "文彬", "庆云",
)  # fmt: skip
YOUNG_NAMES: Final = (
    "伟", "静", "磊", "洋", "敏", "涛", "雪梅", "晓东", "思雨", "浩然", "佳怡", "俊杰",
    "婷婷", "志强", "海燕", "文博", "欣怡", "建华", "丽娟", "鹏飞", "春梅", "立军", "小红", "永刚",
    "雅琴", "子轩", "明辉", "玉洁", "国栋", "秋月",
)  # fmt: skip

BUILDINGS_PER_COMPOUND: Final = (7, 7, 7, 7, 7, 7, 6)
LONE_ELDERS: Final = 89
HOUSEHOLDS: Final = 400
HOME_GAS_NATIVE, HOME_GAS_ZIGBEE, WATER_METERS, MANHOLES = 20, 10, 60, 20
_LON, _LAT = 104.098, 30.612


class GeneratedSite:
    """The rows of the five CSV files, in order of creation."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.places: list[Row] = []
        self.cells: list[Row] = []
        self.people: list[Row] = []
        self.duties: list[Row] = []
        self.devices: list[Row] = []
        self.homes: list[str] = []
        self.elder_homes: dict[str, str] = {}
        self.micro_cells: list[str] = []
        self._staff = 0
        self._names: set[str] = set()

    def add_place(self, id_: str, name: str, level: str, parent: str, cell: str = "", at: Sequence[float] = ()) -> str:
        lon, lat = (f"{at[0]:.5f}", f"{at[1]:.5f}") if at else ("", "")
        row = {"id": id_, "name": name, "level": level, "parent": parent, "cell": cell, "lon": lon, "lat": lat}
        self.places.append(row)
        return id_

    def new_name(self, given: Sequence[str]) -> str:
        """A full name that is not used yet."""
        while (name := self.random.choice(SURNAMES) + self.random.choice(given)) in self._names:
            pass
        self._names.add(name)
        return name

    def add_employee(self, id_: str, title: str) -> str:
        """A person with a duty, a phone number and a WeCom account; returns the id."""
        self._staff += 1
        row = {
            "id": id_,
            "name": self.new_name(YOUNG_NAMES),
            "phone": f"1990000{self._staff:04d}",
            "wecom": f"fs-{id_}",
        }
        self.people.append(row | {"attributes.title": title})
        return id_

    def add_duty(
        self, cell: str, role: str, person: str, rank: int = 0, hours: tuple[str, str] = ("00:00", "24:00")
    ) -> None:
        row = {"id": f"d{len(self.duties) + 1:03d}", "cell": cell, "role": role, "person": person, "rank": rank}
        self.duties.append(row | {"weekdays": "1234567", "from": hours[0], "to": hours[1]})

    def add_device(
        self, id_: str, kind: str, place: str, platform: str = "", platform_id: str = "", **attributes: str
    ) -> None:
        row = {"id": id_, "kind": kind, "place": place, "platform": platform, "platform_id": platform_id}
        self.devices.append(row | {f"attributes.{name}": value for name, value in attributes.items()})


def generate_site(seed: int = 20261121) -> GeneratedSite:
    """The whole community."""
    site = GeneratedSite(seed)
    _grids(site)
    _buildings(site)
    _shops_and_spots(site)
    _residents(site)
    _roster(site)
    _gas_alarms(site)
    _care_devices(site)
    _manholes(site)
    _property_and_clinic(site)
    return site


def _grids(site: GeneratedSite) -> None:
    site.cells += [
        {"id": "street", "name": "枫溪街道", "level": "street", "parent": ""},
        {"id": "community", "name": "枫树社区", "level": "community", "parent": "street"},
    ]
    number = 0
    for grid, numeral in enumerate(NUMERALS, 1):
        site.cells.append({"id": f"g{grid:02d}", "name": f"第{numeral}网格", "level": "grid", "parent": "community"})
        for part in range(1, 5 if grid <= 9 else 4):
            number += 1
            cell = f"m{number:02d}"
            name = f"第{numeral}网格{part}号微网格"
            site.cells.append({"id": cell, "name": name, "level": "micro_grid", "parent": f"g{grid:02d}"})
            site.micro_cells.append(cell)


def _buildings(site: GeneratedSite) -> None:
    site.add_place("street", "枫溪街道", "street", "", "street", (_LON, _LAT))
    site.add_place("community", "枫树社区", "community", "street", "community", (_LON, _LAT))
    cells = iter(site.micro_cells)
    units: list[str] = []
    for number, (name, count) in enumerate(zip(COMPOUNDS, BUILDINGS_PER_COMPOUND, strict=True), 1):
        centre = (_LON + (number % 3 - 1) * 0.0034, _LAT + (number // 3 - 1) * 0.0028)
        compound = site.add_place(f"c{number}", name, "compound", "community", at=centre)
        for building in range(1, count + 1):
            at = (centre[0] + (building % 3 - 1) * 0.0007, centre[1] + (building // 3 - 1) * 0.0006)
            block = site.add_place(f"{compound}-{building}", f"{building}栋", "building", compound, next(cells), at)
            units += [site.add_place(f"{block}-{unit}", f"{unit}单元", "unit", block) for unit in (1, 2)]
    _households(site, units)


def _households(site: GeneratedSite, units: Sequence[str]) -> None:
    flats = [(unit, floor * 100 + flat) for unit in units for floor in range(1, 7) for flat in (1, 2)]
    for unit, number in sorted(site.random.sample(flats, HOUSEHOLDS)):
        site.homes.append(site.add_place(f"{unit}-{number}", str(number), "household", unit))


def _shops_and_spots(site: GeneratedSite) -> None:
    for number in range(1, len(COMPOUNDS) + 1):
        cell = next(str(place["cell"]) for place in site.places if place["parent"] == f"c{number}")
        site.add_place(f"c{number}-street", "临街商铺", "building", f"c{number}", cell)
        for spot, name in enumerate(SPOTS, 1):
            site.add_place(f"c{number}-p{spot}", name, "building", f"c{number}", cell)
    for number, name in enumerate(SHOPS, 1):
        site.add_place(f"shop-{number:02d}", name, "household", f"c{(number - 1) % len(COMPOUNDS) + 1}-street")


def _residents(site: GeneratedSite) -> None:
    elders = set(site.random.sample(site.homes, LONE_ELDERS))
    for number, home in enumerate(site.homes, 1):
        alone = home in elders
        person = f"r{number:03d}"
        age = site.random.randint(70, 93) if alone else site.random.randint(24, 68)
        row: dict[str, object] = {"id": person, "name": site.new_name(OLD_NAMES if alone else YOUNG_NAMES)}
        row |= {"phone": f"1990001{number:04d}", "home": home, "attributes.age": age}
        row |= {"attributes.lives_alone": "true" if alone else "false"}
        if alone:
            site.elder_homes[home] = person
            row["attributes.care"] = site.random.choice(("行动不便", "高血压", "糖尿病", "听力下降", "低保", "无"))
        site.people.append(row)


def _roster(site: GeneratedSite) -> None:
    for grid, numeral in enumerate(NUMERALS, 1):
        cell = f"g{grid:02d}"
        site.add_duty(cell, "worker", site.add_employee(f"worker-{grid:02d}", f"第{numeral}网格网格员"))
        site.add_duty(cell, "worker", site.add_employee(f"deputy-{grid:02d}", f"第{numeral}网格副网格员"), rank=1)
        site.add_duty(cell, "lead", site.add_employee(f"lead-{grid:02d}", f"第{numeral}网格网格长"))
    day, night = ("08:00", "20:00"), ("20:00", "08:00")
    site.add_duty("community", "community", site.add_employee("community-day", "社区日班值守"), hours=day)
    site.add_duty("community", "community", site.add_employee("community-night", "社区夜班值守"), hours=night)
    site.add_duty("community", "community", site.add_employee("community-head", "社区书记"), rank=1)
    site.add_duty("street", "street", site.add_employee("street-duty", "街道值班员"))
    site.add_duty("street", "street", site.add_employee("street-head", "街道带班领导"), rank=1)
    site.add_duty("street", "department", site.add_employee("dept-emergency", "区应急局值班员"))
    site.add_duty("street", "department", site.add_employee("dept-gas", "燃气公司抢险队"), rank=1)
    site.add_duty("community", "maintenance", site.add_employee("maintenance-1", "设备维保员"))
    site.add_duty("community", "maintenance", site.add_employee("maintenance-2", "设备维保主管"), rank=1)


def _property_and_clinic(site: GeneratedSite) -> None:
    """Added last, so that the random names and homes of all others stay the same."""
    site.add_duty("community", "property", site.add_employee("property-1", "物业值班员"))
    site.add_duty("community", "clinic", site.add_employee("clinic-1", "社区卫生站护士"))
    site.add_duty("community", "service", site.add_employee("service-1", "助餐助行服务点"))


def _gas_alarms(site: GeneratedSite) -> None:
    homes = site.random.sample(site.homes, HOME_GAS_NATIVE + HOME_GAS_ZIGBEE)
    for number, home in enumerate(homes, 1):
        zigbee = number > HOME_GAS_NATIVE
        names = ("zigbee2mqtt", f"厨房燃气 {home}") if zigbee else ("", "")
        site.add_device(f"gas-{number:03d}", "gas_alarm", home, *names, use="home")
    for number in range(1, len(SHOPS) + 1):
        site.add_device(f"gas-{len(homes) + number:03d}", "gas_alarm", f"shop-{number:02d}", use="catering")


def _care_devices(site: GeneratedSite) -> None:
    for number, (home, person) in enumerate(site.elder_homes.items(), 1):
        site.add_device(f"band-{number:03d}", "wristband", home, person=person)
    for number, home in enumerate(site.random.sample(list(site.elder_homes), WATER_METERS), 1):
        person = site.elder_homes[home]
        dev_eui = f"70b3d57ed0060{number:03x}"
        site.add_device(f"meter-{number:03d}", "water_meter", home, "chirpstack", dev_eui, person=person)


def _manholes(site: GeneratedSite) -> None:
    spots = [str(place["id"]) for place in site.places if "-p" in str(place["id"])]
    for number, spot in enumerate(spots[:MANHOLES], 1):
        names = ("chirpstack", f"70b3d57ed0070{number:03x}") if number % 2 else ("", "")
        site.add_device(f"manhole-{number:03d}", "manhole", spot, *names, cover=("雨水", "污水")[number % 2])


COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "places": ("id", "name", "level", "parent", "cell", "lon", "lat"),
    "cells": ("id", "name", "level", "parent"),
    "people": (
        *("id", "name", "phone", "wecom", "home"),
        *("attributes.title", "attributes.lives_alone", "attributes.age", "attributes.care"),
    ),
    "duties": ("id", "cell", "role", "person", "rank", "weekdays", "from", "to", "since", "until", "absent"),
    "devices": (
        *("id", "kind", "model", "place", "platform", "platform_id"),
        *("attributes.use", "attributes.person", "attributes.cover"),
    ),
}


def lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[Sequence[object]]:
    """The header and the rows of a CSV file."""
    yield columns
    for row in rows:
        yield [row.get(column, "") for column in columns]


def write_site(folder: Path, site: GeneratedSite) -> None:
    """The five CSV files; site.yaml is written by hand."""
    for file, columns in COLUMNS.items():
        with (folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(lines(columns, getattr(site, file)))


if __name__ == "__main__":
    write_site(Path(sys.argv[1]), generate_site())
