"""Invented names of people, compounds, communities and shops."""

from __future__ import annotations

from random import Random
from typing import Final

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
SHOP_NAMES: Final = (
    "巷口面馆", "陈记豆花饭", "蜀味小炒", "阿婆汤圆", "社区食堂", "老街火锅",
    "清真拉面", "王氏抄手", "早安包子铺", "川香钵钵鸡", "李家烧腊", "红油米线",
)  # fmt: skip
NUMERALS: Final = "〇一二三四五六七八九"

_TREES: Final = "枫桂榕柳杏桃梅竹松槐樱桐荷兰楠棠"
_SECOND: Final = "林丹溪叶湖香园泉桥江岭坪"
_NEW_ENDS: Final = ("苑", "花园", "雅苑", "新居", "华庭", "名邸")
_OLD_ENDS: Final = ("小区", "院", "里", "巷", "新村")


def numeral(number: int) -> str:
    """A number below 100 in Chinese numerals.

    >>> numeral(3), numeral(10), numeral(13), numeral(48)
    ('三', '十', '十三', '四十八')
    """
    tens, ones = divmod(number, 10)
    unit = NUMERALS[ones] if ones else ""
    if tens == 0:
        return NUMERALS[ones]
    return ("" if tens == 1 else NUMERALS[tens]) + "十" + unit


def person_name(random: Random, age: int) -> str:
    """A full name; given names go by the age."""
    return random.choice(SURNAMES) + random.choice(OLD_NAMES if age >= 60 else YOUNG_NAMES)


def compound_name(index: int, is_old: bool) -> str:
    """The name of the compound with this index in the town. No two indexes below 1,900 of one age have one name.

    >>> compound_name(0, is_old=False), compound_name(1, is_old=True)
    ('枫林苑', '桂丹小区')
    """
    ends = _OLD_ENDS if is_old else _NEW_ENDS
    tree, rest = index % len(_TREES), index // len(_TREES)
    second, end = rest % len(_SECOND), rest // len(_SECOND)
    name = f"{_TREES[tree]}{_SECOND[(second + tree) % len(_SECOND)]}{ends[end % len(ends)]}"
    again = end // len(ends)
    return f"{name}{numeral(again + 1)}区" if again else name


def community_name(index: int) -> str:
    """The name of the community with this index in the town.

    >>> community_name(0), community_name(16)
    ('枫树社区', '枫溪社区')
    """
    tree, rest = index % len(_TREES), index // len(_TREES)
    return f"{_TREES[tree]}{'树' if not rest else _SECOND[(rest + 1) % len(_SECOND)]}社区"


def street_name(index: int) -> str:
    """The name of the street office with this index in the town."""
    return f"{_TREES[index % len(_TREES)]}溪街道"
