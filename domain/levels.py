"""Roles of the levels of a place tree: which level is the building, which the household, which an area.

A level may have any name. Its role is what the site declares (`levels` in site.yaml), else what its name means, else
what its position in the tree implies. Rules, alerts, screens and addresses use roles, never names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain import Place


class LevelRole(StrEnum):
    """What a level is for. An address begins below the areas; grids are in no address."""

    AREA = "area"
    """区县 街道 社区: left out of addresses, because workers know their own area."""
    GRID = "grid"
    """网格: a responsibility, not a location."""
    COMPOUND = "compound"
    """小区 院落 村: the name people use for where they live."""
    ZONE = "zone"
    """期 组团 村民小组 弄 排: a part of a compound or of a road. In the address; findings do not gather in it."""
    ROAD = "road"
    """路段 广场 公园 河: open ground. In the address; findings do not gather in it, it is too long for one case."""
    SPOT = "spot"
    """井位 灯杆 点位: a point on a road or in a compound."""
    FACILITY = "facility"
    """学校 市场 泵站 车库: premises of one operator. Findings gather in it as in a building."""
    BUILDING = "building"
    UNIT = "unit"
    FLOOR = "floor"
    HOUSEHOLD = "household"
    """户 商铺 办公室: one door with its own occupant."""
    ROOM = "room"


class Because(StrEnum):
    """How a role was found."""

    DECLARED = "declared"
    NAME = "name"
    POSITION = "position"
    UNKNOWN = "unknown"
    """Neither name nor position implies it: part of addresses (as a zone), and a fault for `check`."""


class Level(Struct, frozen=True):
    """A level's role, and how it was found."""

    role: LevelRole
    because: Because


AREAS: Final = frozenset({LevelRole.AREA, LevelRole.GRID})
"""Left out of an address that has anything below them."""
INDOOR_LEVELS: Final = frozenset(
    {LevelRole.BUILDING, LevelRole.UNIT, LevelRole.FLOOR, LevelRole.HOUSEHOLD, LevelRole.ROOM}
)
"""Their coordinates are those of the door."""
INSIDE: Final = INDOOR_LEVELS | {LevelRole.ZONE, LevelRole.SPOT}
"""Ambiguous without the name of the place around them: there is a 3栋 in every compound."""
TILES: Final = frozenset({LevelRole.BUILDING, LevelRole.FACILITY, LevelRole.ROAD, LevelRole.ZONE})
"""Shown as tiles inside a compound on the wall screen."""

_NAMES: Final[Mapping[LevelRole, str]] = {
    # 行政区划 (GB/T 2260, GB/T 10114), and the levels of self-government below them.
    LevelRole.AREA: (
        "国家 省 自治区 直辖市 市 州 盟 县 旗 区 区县 街道 街办 镇 乡 乡镇 社区 居委会 居委 村委会 开发区 新区"
        " 街区 辖区 country province state city county district subdistrict sub_district street jiedao town"
        " township zhen xiang community neighborhood neighbourhood shequ area region"
    ),
    # 网格化服务管理 (GB/T 34300): grids cut across compounds.
    LevelRole.GRID: ("网格 微网格 单元网格 责任网格 片区 责任区 包片 grid micro_grid cell sector wangge pianqu"),
    # 标准地址 (GB/T 23705, GA/T 2151): 小区, 院落, 村; then 楼栋, 单元, 层, 户/室.
    LevelRole.COMPOUND: (
        "小区 住宅区 院落 院 大院 家属院 院子 园区 校区 厂区 景区 苑 花园 公寓区 楼盘 物业区 园 产业园 自然村 村"
        " 村庄 行政村 屯 庄 寨 湾 compound estate residential_area residence complex village campus yard garden"
        " xiaoqu yuanluo cun park_estate"
    ),
    LevelRole.ZONE: (
        "期 组团 分区 苑区 组 村民组 村民小组 居民小组 小组 生产队 队 弄 巷 里 里弄 胡同 条 排 坊 段 台 塘 片"
        " zone phase block_group group team lane alley hutong row zu nong xiang_lane section"
    ),
    LevelRole.ROAD: (
        "路 路段 道路 街 大街 大道 街巷 公路 高速 桥 桥梁 隧道 河 河道 河段 渠 湖 堤 公园 广场 绿地 停车场"
        " 操场 林地 管段 管网 管廊 综合管廊 路口 岸线 road avenue highway bridge tunnel river canal lake park"
        " square plaza parking_lot crossing lu daolu gongyuan guangchang"
    ),
    LevelRole.SPOT: (
        "井 井位 井盖 点位 位置 点 灯杆 杆位 设施点 公交站 大门 门口 入口 出入口 spot point site pole manhole"
    ),
    LevelRole.FACILITY: (
        "设施 场所 公共设施 公共场所 学校 幼儿园 医院 卫生站 养老院 敬老院 福利院 市场 菜市场 商场 超市 工厂 车间"
        " 仓库 泵站 泵房 水厂 变电站 配电房 配电室 机房 锅炉房 车库 地下车库 车棚 换热站 垃圾站 公厕 食堂 宾馆"
        " 酒店 写字楼 大厦 综合体 集市 夜市 库房 影院 电影院 剧院 站 厂 馆 所 中心 场馆 单位 企业 寺 庙 祠堂"
        " facility premises school kindergarten hospital clinic nursing_home market mall factory workshop"
        " warehouse pump_station station garage canteen hotel office_building plant"
    ),
    LevelRole.BUILDING: (
        "楼 栋 幢 座 楼栋 楼幢 楼宇 楼房 楼座 栋楼 号楼 住宅楼 居民楼 单元楼 门栋 栋号 幢号 楼号 建筑 建筑物 房屋"
        " 平房 别墅 宅院 building block tower house villa lou dong zhuang loudong louzhuang louyu haolou jianzhu"
    ),
    LevelRole.UNIT: (
        "单元 门洞 楼门 门 楼道 梯 梯口 梯位 单元门 unit entrance stairwell staircase stair danyuan loudao"
    ),
    LevelRole.FLOOR: ("层 楼层 层号 层楼 floor storey story ceng louceng"),
    LevelRole.HOUSEHOLD: (
        "户 室 住户 户室 家 家庭 户号 室号 房号 门牌 门牌号 门户 房产 住宅 套 套房 公寓 农户 商户 商铺 店 店铺"
        " 门店 门面 门市 铺位 摊位 餐馆 餐饮店 饭店 办公室 household home flat apartment family dwelling"
        " residence_unit door shop store stall restaurant office suite hu shi hushi zhuhu menpai dian dianpu"
        " shanghu shangpu"
    ),
    LevelRole.ROOM: (
        "房间 房 厨房 卧室 客厅 卫生间 病房 床位 床 宿舍 教室 设备间 电梯 轿厢 room kitchen bedroom ward bed"
        " dormitory lift elevator fangjian"
    ),
}
BY_NAME: Final[Mapping[str, LevelRole]] = {name: role for role, names in _NAMES.items() for name in names.split()}
_MAX_NAME_LENGTH: Final = max(map(len, BY_NAME))


def named_role(level: str) -> LevelRole | None:
    """The role implied by the name of a level. The head of a compound word is its end: 沿街商铺 is a 商铺, `old_block`
    a block.

    >>> named_role("楼栋"), named_role("Apartment Building"), named_role("沿街商铺"), named_role("甲")
    (<LevelRole.BUILDING: 'building'>, <LevelRole.BUILDING: 'building'>, <LevelRole.HOUSEHOLD: 'household'>, None)
    """
    name = "_".join(level.casefold().replace("-", " ").replace("_", " ").split()).strip("0123456789_")
    if name in BY_NAME:
        return BY_NAME[name]
    if name.isascii():
        words = name.split("_")
        tails = ["_".join(words[start:]) for start in range(1, len(words))]
    else:
        tails = [name[start:] for start in range(max(1, len(name) - _MAX_NAME_LENGTH), len(name))]
    found = ((tail, BY_NAME[tail]) for tail in tails if tail in BY_NAME)
    # A single character does not make an area: 商业区 and 集市 are no 区 and no 市.
    return next((role for tail, role in found if len(tail) > 1 or role not in AREAS), None)


def understood(
    places: Mapping[str, Place], declared: Mapping[str, LevelRole], lived_in: Iterable[str]
) -> dict[str, Level]:
    """The role of every level of these places. `lived_in` are the places that are homes of people."""
    inside, below = _nested(places)
    found: dict[str, Level] = {}
    for level in inside:
        if level in declared:
            found[level] = Level(declared[level], Because.DECLARED)
        elif (role := named_role(level)) is not None:
            found[level] = Level(role, Because.NAME)
    for level in [level for level, known in found.items() if known == _HOUSEHOLD]:
        if any(found[one].role in _IN_BUILDINGS for one in below[level] if one in found):
            # 门牌 and 公寓 mean a door in some registers and a whole building in others.
            found[level] = Level(LevelRole.BUILDING, Because.POSITION)
    if len(found) < len(inside):
        _by_position(found, inside, below, {places[home].level for home in lived_in if home in places})
    return found


_Levels = Mapping[str, set[str]]


def _nested(places: Mapping[str, Place]) -> tuple[_Levels, _Levels]:
    """By level: the levels of what directly contains it, and of what it directly contains."""
    inside: dict[str, set[str]] = {}
    for level, parent in {(place.level, place.parent) for place in places.values()}:
        above = inside.setdefault(level, set())
        if parent is not None and parent in places:
            above.add(places[parent].level)
    below: dict[str, set[str]] = {level: set() for level in inside}
    for level, above in inside.items():
        for one in above - {level}:
            below[one].add(level)
    return inside, below


def _by_position(found: dict[str, Level], inside: _Levels, below: _Levels, homes: set[str]) -> None:
    """Roles of levels whose names imply none, from the leaves up, by the roles of what they contain."""
    unknown = [level for level in inside if level not in found]
    while unknown:
        ready = [level for level in unknown if below[level] <= found.keys()]
        if not ready:  # they contain each other
            found.update((level, _UNKNOWN) for level in unknown)
            return
        for level in ready:
            contained = [found[one] for one in below[level]]
            above = {found[one].role for one in _above(level, inside) if one in found}
            role = _containing(contained, above) if contained else _leaf(above, level in homes)
            found[level] = _UNKNOWN if role is None else Level(role, Because.POSITION)
        unknown = [level for level in unknown if level not in found]


_HOUSEHOLD: Final = Level(LevelRole.HOUSEHOLD, Because.NAME)
_UNKNOWN: Final = Level(LevelRole.ZONE, Because.UNKNOWN)
_IN_BUILDINGS: Final = frozenset({LevelRole.UNIT, LevelRole.FLOOR, LevelRole.HOUSEHOLD})


def _above(level: str, inside: Mapping[str, set[str]]) -> set[str]:
    """Every level that contains it, directly or not."""
    found, waiting = set[str](), [level]
    while waiting:
        new = inside.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found - {level}


def _containing(contained: Sequence[Level], above: set[LevelRole]) -> LevelRole:
    """The role of a level that contains these. A guess above a guess is a zone, so that addresses keep both names."""
    below = {one.role for one in contained}
    if below <= {LevelRole.ROAD, LevelRole.FACILITY}:
        return LevelRole.AREA
    if outer := [one for one in contained if one.role in AREAS or one.role is LevelRole.COMPOUND]:
        return LevelRole.ZONE if any(one.because is Because.POSITION for one in outer) else LevelRole.AREA
    if below <= {LevelRole.ROOM}:
        return LevelRole.HOUSEHOLD
    if below <= INDOOR_LEVELS - {LevelRole.BUILDING}:
        if LevelRole.BUILDING not in above:
            return LevelRole.BUILDING
        return LevelRole.UNIT if below <= {LevelRole.HOUSEHOLD, LevelRole.ROOM} else LevelRole.ZONE
    return LevelRole.ZONE if LevelRole.COMPOUND in above else LevelRole.COMPOUND


def _leaf(above: set[LevelRole], is_home: bool) -> LevelRole | None:
    """The role of a level that contains nothing; None when it is unknown."""
    if LevelRole.HOUSEHOLD in above:
        return LevelRole.ROOM
    if is_home or above & {LevelRole.BUILDING, LevelRole.UNIT, LevelRole.FLOOR}:
        return LevelRole.HOUSEHOLD
    return LevelRole.SPOT if above & {LevelRole.ROAD, LevelRole.FACILITY} else None
