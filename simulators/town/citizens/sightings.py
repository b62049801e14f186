"""What residents report of: incidents that devices measure too, and hazards that no device measures.

Categories are those of docs/reports.md. Shares and delays are ours; the hazards are those that the reports of 锦江 and
other communities name (docs/town.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domain import HOUR, MINUTE
from simulators.events import Incident

NOTIFY_LIFE_MS: Final = 3 * MINUTE
"""A report of danger to life calls the worker at once: from the report until the message is there."""
NOTIFY_OTHER_MS: Final = 36 * HOUR
"""All other reports wait for the morning."""


class Sighting(Struct, frozen=True):
    """How residents notice an incident: which share of them, as what, in what words, how long after its begin."""

    share: float
    category: str
    texts: tuple[str, ...]
    within_ms: int = 10 * MINUTE


_GAS: Final = Sighting(0.25, "gas", ("楼道里有很重的燃气味", "隔壁好像煤气漏了，味道大", "厨房旁边闻到天然气味"))
_FIRE: Final = Sighting(0.6, "fire", ("有户窗户在冒黑烟", "楼道里有烟，看到火光", "楼上着火了"), 5 * MINUTE)
_LAMP: Final = Sighting(0.4, "lamp", ("路灯灭了好几天", "灯杆歪了", "路灯不亮，晚上看不见"), 4 * HOUR)
SEEN: Final[Mapping[str, Sighting]] = {
    "riser_leak": _GAS,
    "catering_leak": _GAS,
    "kitchen_leak": Sighting(0.1, "gas", _GAS.texts),
    "gas_explosion": Sighting(0.9, "gas", ("煤气炸了，窗户都震碎了", "听到爆炸，一股煤气味"), 3 * MINUTE),
    "flaming_fire": _FIRE,
    "ebike_fire": _FIRE,
    "wandering": Sighting(0.3, "elder", ("有位老人在路边转来转去，像是走失了",), 2 * HOUR),
    "bin_overflow": Sighting(0.5, "waste", ("垃圾桶满了，垃圾堆到地上", "垃圾没人清，臭得很"), 12 * HOUR),
    "lamp_tilted": _LAMP,
    "lamp_dark": _LAMP,
    "falling_object": Sighting(0.4, "falling", ("有人从楼上扔东西下来", "楼上掉下来一个花盆"), 10 * MINUTE),
    "ebike_in_lift": Sighting(0.3, "ebike", ("有人推电动车进电梯", "电瓶车又上楼了"), 5 * MINUTE),
}
"""Kind of incident -> how residents notice it. The models of water and of sewers report their own."""
MISTAKEN_SHARE: Final = 0.08
"""Of the reports about incidents that devices measure: a hasty resident chooses another category."""
AGAIN_SHARE: Final = 0.25
"""Of the incidents that are reported: by a second resident too."""
_CONFUSED: Final[Mapping[str, str]] = {
    "gas": "other", "fire": "gas", "lamp": "other", "waste": "other", "falling": "other", "ebike": "exit",
    "elder": "person",
}  # fmt: skip


class Unmeasured(Struct, frozen=True):
    """A hazard that only residents notice. `levels` are those of the places where it may be."""

    kind: str
    title: str
    hazard: str
    category: str
    texts: tuple[str, ...]
    levels: tuple[str, ...]
    hours: tuple[int, int] = (7, 22)
    life_safety: bool = False
    nuisance: bool = False


_UNITS, _ROADS = ("unit",), ("road",)
UNMEASURED: Final = (
    Unmeasured("exit_blocked", "消防通道占用", "fire", "exit", ("消防通道停满了车", "安全出口堆了杂物"), _UNITS),
    Unmeasured("ebike_charging", "飞线充电", "fire", "ebike", ("有人从楼上拉线给电动车充电",), _UNITS),
    Unmeasured("bare_wire", "电线裸露", "street", "wire", ("电线掉下来了，露着铜芯",), _ROADS, life_safety=True),
    Unmeasured("road_broken", "路面破损", "street", "road", ("路面塌了一块", "地砖松动绊人"), _ROADS),
    Unmeasured("rubbish_dumped", "垃圾乱堆", "street", "waste", ("装修垃圾堆在路边",), _ROADS),
    Unmeasured("person_hurt", "路人受伤", "person", "person", ("有人晕倒在路边",), _ROADS, life_safety=True),
    Unmeasured("gas_smell", "楼道燃气异味", "gas", "gas", _GAS.texts, _UNITS, life_safety=True),
    Unmeasured("cover_missing", "无监测井盖缺失", "manhole", "manhole", ("井盖没了",), _ROADS, life_safety=True),
    Unmeasured("smell_of_paint", "油漆味误报", "gas", "gas", ("有股怪味，怕是煤气",), _UNITS, nuisance=True),
)


def confused(category: str) -> str:
    """The category that a hasty resident chooses instead."""
    return _CONFUSED.get(category, "other")


def sighting_of(incident: Incident) -> Sighting | None:
    """How residents notice it; None when only devices do, and for what is no danger."""
    return None if incident.notify_by is None else SEEN.get(incident.kind)
