"""C4, C8: a text leads to the right door of any tree, and names who needs help where the site allows it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from alerts.alert import Alert
from alerts.message import MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.renderer import MessageContext, MessageRenderer
from alerts.service import AlertService
from domain import Cell, Duty, Ledger, Person, Place, Role, Severity, Subject
from domain.addresses import shortened
from domain.care import CARE, matters, neediest
from domain.people import Community, community
from store.database.alerts.repository import Transactions
from tests.alerts.conftest import PEOPLE, SHANGHAI, SIGN, START, Town, a_finding, read_ladders, read_words

LONGEST = (
    (("望泉西里南一社区", "社区"), ("88号楼", "楼栋"), ("4单元", "单元"), ("28层", "层"), ("2804室", "户")),
    (
        ("枫树社区", "社区"),
        ("枫林苑小区三期", "小区"),
        ("南组团", "组团"),
        ("13号楼", "楼"),
        ("2单元", "单元"),
        ("1402", "户"),
    ),
    (
        ("北门口社区", "社区"),
        ("市南小区", "compound"),
        ("88栋", "building"),
        ("257单元", "unit"),
        ("31002号", "household"),
    ),
    (
        ("明珠社区", "社区"),
        ("明珠路一百二十八号商业广场", "路"),
        ("负一层美食城", "层"),
        ("老王重庆老灶火锅店", "商铺"),
    ),
    (("金马街道", "街道"), ("李家湾村", "村"), ("第十三村民小组", "组"), ("128号", "农户"), ("后院厨房", "厨房")),
    (("行署路社区", "社区"), ("行署路与凯旋东路交叉口东南角", "路口"), ("雨水检查井Y0128号", "井位")),
)
"""Six real trees of communities, each with the longest names that its registers hold."""
TITLES = ("燃气泄漏", "一氧化碳浓度超标", "求救", "久未用水且未开门", "井盖打开", "电动车进电梯", "同楼多处燃气报警")


def town_of(tree: tuple[tuple[str, str], ...]) -> Community:
    places = [Place(str(n), name, level, str(n - 1) if n else None) for n, (name, level) in enumerate(tree)]
    return community(places)


ADDRESSES = tuple(town_of(tree).address(str(len(tree) - 1)) for tree in LONGEST)


def test_the_longest_real_addresses_are_spelt_whole() -> None:
    assert ADDRESSES == (
        "望泉西里南一社区88号楼4单元28层2804室",
        "枫林苑小区三期南组团13号楼2单元1402",
        "市南小区88栋257单元31002号",
        "明珠路一百二十八号商业广场负一层美食城老王重庆老灶火锅店",
        "李家湾村第十三村民小组128号后院厨房",
        "行署路与凯旋东路交叉口东南角雨水检查井Y0128号",
    )


MESSAGES = [
    *((kind, "") for kind in MessageKind if kind not in (MessageKind.ADDED, MessageKind.SUMMARY)),
    *((MessageKind.ADDED, variant) for variant in ("owner", "called", "many-owner", "many-called")),
    *((MessageKind.SUMMARY, variant) for variant in ("calls", "news")),
]


def an_alert(**changes: Any) -> Alert:
    plain: dict[str, Any] = {
        "id": 31,
        "rule": "sos",
        "title": "求救",
        "hazard": "person",
        "severity": Severity.CRITICAL,
        "ledger": Ledger.DANGER,
        "subject": Subject("person", "elder"),
        "started_at": START,
        "opened_at": START - 60_000,
        "updated_at": START,
        "state_since": START - 60_000,
        "danger_at": START,
        "ladder_rule": "sos",
        "address": ADDRESSES[0],
        "owner_name": "王芳",
    }
    return Alert(**{**plain, **changes})


def speech(kind: MessageKind = MessageKind.ALERT, **changes: Any) -> MessageContext:
    return MessageContext(
        **{"kind": kind, "now": START, "limit_ms": 600_000, "number": 12, "name": "欧阳建国", **changes}
    )


@pytest.mark.parametrize(
    ("hazard", "severity", "message"),
    list(product(("gas", "fire", "person", "water", "manhole", "device", "service"), Severity, MESSAGES)),
)
def test_every_template_is_one_segment_with_the_longest_real_address_and_ends_at_the_door(
    words: Any, hazard: str, severity: Severity, message: tuple[MessageKind, str]
) -> None:
    wording = MessageRenderer(words, SIGN, SHANGHAI)
    for address, title, late, who in product(ADDRESSES, TITLES, (0, 12 * 60_000), ("", "欧阳桂芳等3人")):
        alert = an_alert(hazard=hazard, severity=severity, address=address, title=title, late_ms=late)
        made = wording.sms(alert, speech(message[0], variant=message[1], affected_name=who))

        assert len(made.text) <= 70
        assert all(1 <= len(value) <= 35 for value in made.params.values())
        place, comma, name = made.params["place"].partition("，")
        assert (name == who) if comma else True
        assert address.endswith(place)
        assert place[-4:] == address[-4:]
        assert not comma or place == address, "the name goes before the place is cut"


def test_the_name_stands_behind_the_door_where_there_is_room(words: Any) -> None:
    made = MessageRenderer(words, SIGN, SHANGHAI).sms(
        an_alert(address="枫林苑3栋2单元402"), speech(affected_name="王桂芳")
    )

    assert made.text == (
        "【枫树社区】紧急：求救，14:05，枫林苑3栋2单元402，王桂芳。请10分钟内上门查看。回复121接警，122无法到场。"
    )


def test_the_name_is_left_out_before_the_place_is_cut_and_before_the_second_code(words: Any) -> None:
    made = MessageRenderer(words, SIGN, SHANGHAI).sms(
        an_alert(title="久未用水且未开门"), speech(affected_name="欧阳桂芳等3人")
    )

    assert "望泉西里南一社区88号楼4单元28层2804室。" in made.text
    assert "欧阳" not in made.text


def test_a_cut_never_makes_another_house_of_it(words: Any) -> None:
    """13号楼 without its first figure is 3号楼, where nobody needs help."""
    for most in range(4, 22):
        kept = shortened("枫林苑小区三期南组团13号楼2单元1402", most)
        assert kept.startswith(
            ("枫", "林", "苑", "小", "区", "三期", "期", "南", "组", "团", "13", "楼", "2单", "元", "1402")
        ), kept


@given(st.text(alphabet="枫林苑栋单元0123十-A", max_size=40), st.integers(1, 40))
def test_a_shortened_address_is_an_end_of_it_and_never_too_long(address: str, most: int) -> None:
    kept = shortened(address, most)

    assert len(kept) <= most
    assert address.endswith(kept)
    assert bool(kept) == bool(address)


def test_a_card_names_who_needs_help(words: Any) -> None:
    card: Any = CardRenderer(MessageRenderer(words, SIGN, SHANGHAI)).call_card(
        an_alert(), speech(affected_name="王桂芳"), "task"
    )

    assert {"keyname": "需帮助", "value": "王桂芳"} in card["horizontal_content_list"]


ELDER = Person("elder", "王桂芳", home="402", attributes={"age": 82, "lives_alone": True, "illness": "糖尿病"})
SON = Person("son", "王建国", home="402", attributes={"age": 51, "lives_alone": False, "care": ""})


def test_what_is_false_or_empty_tells_the_worker_nothing() -> None:
    assert matters(ELDER, CARE) == [("age", 82), ("illness", "糖尿病"), ("lives_alone", True)]
    assert matters(SON, CARE) == [("age", 51)]
    assert matters(Person("baby", "宝宝", attributes={"age": 0}), CARE) == [("age", 0)]


def test_where_several_live_the_one_who_needs_it_most_is_named(words: Any) -> None:
    wording = MessageRenderer(words, SIGN, SHANGHAI)

    assert wording.affected_name((SON, ELDER), tuple(CARE)) == "王桂芳等2人"
    assert (wording.affected_name((SON,), ()), wording.affected_name((), ())) == ("王建国", "")
    assert neediest((), ()) is None


def with_names(town: Town, allowed: bool) -> None:
    """The same desk at a site that allows names in texts, or does not."""
    settings = structs.replace(town.settings, person_name=allowed, care=tuple(CARE))
    town.people = community(
        [*town.people.places.values()],
        town.people.cells.values(),
        [*PEOPLE.values(), ELDER, SON],
        town.people.duties,
    )

    def concerned(alert: Alert) -> tuple[Person, ...]:
        return town.people.concerned(alert.subject, None, alert.place)

    town.service = AlertService(
        Transactions(town.ledger),
        read_ladders(),
        read_words(),
        settings,
        lambda: town.people,
        town.clock,
        on_outbox=town.sender.wake,
        affected=concerned,
    )


@pytest.mark.parametrize("allowed", [True, False])
async def test_the_text_of_an_sos_names_the_elder_only_where_the_site_allows_it(town: Town, allowed: bool) -> None:
    with_names(town, allowed)
    sos = a_finding(
        id="sos@1/person:elder/1",
        rule="sos",
        hazard="person",
        title="求救",
        subject=Subject("person", "elder"),
        device="b",
    )
    await town.service.process_findings([sos])
    await town.send()

    (text,) = town.texts("wang")
    assert ("枫林苑3栋2单元402，王桂芳。" in text) is allowed
    assert "枫林苑3栋2单元402" in text


async def test_a_leak_in_a_flat_names_those_who_live_there_and_a_repair_names_nobody(town: Town) -> None:
    with_names(town, True)
    broken = a_finding(
        id="fault@1/gas-1/1",
        rule="gas-fault",
        hazard="device",
        severity=Severity.HIGH,
        ledger=Ledger.HEALTH,
        title="故障",
    )
    await town.service.process_findings([a_finding(), broken])
    await town.send()

    assert "王桂芳等2人" in town.texts("wang")[0]
    assert "王" not in "".join(town.texts("fix"))


async def test_a_manhole_on_a_road_and_a_flat_of_any_tree_are_called_by_their_address(town: Town) -> None:
    """Rows 9 and 18: manholes read 位置未登记, and so did every flat of a 楼栋/单元/户 tree."""
    town.people = community(
        [
            Place("c", "市南小区", "community", cell="grid"),
            Place("road", "人民路", "road", "c"),
            Place("b", "1号楼", "楼栋", "c"),
            Place("u", "1单元", "单元", "b"),
            Place("f", "101", "户", "u"),
        ],
        [Cell("grid", "网格", "grid")],
        PEOPLE.values(),
        [Duty("1", "grid", Role.WORKER, "wang")],
    )
    manhole = a_finding(id="m@1/m/1", rule="manhole-open", hazard="manhole", title="井盖打开", device="m", place="road")
    await town.service.process_findings([manhole, a_finding(place="f")])
    await town.send()

    assert [("人民路" in text, "市南小区1号楼1单元101" in text) for text in town.texts("wang")] == [
        (True, False),
        (False, True),
    ]
    assert (town.alert(1).building, town.alert(2).building) == (None, "b")


async def test_smoke_in_three_flats_of_a_loudong_is_one_building(town: Town) -> None:
    """Lesser alerts of one building fold into one story also where the building is a 楼栋."""
    town.people = community(
        [Place("b", "1号楼", "楼栋", cell="grid"), *(Place(f"f{n}", f"{n}01", "户", "b") for n in range(5))],
        [Cell("grid", "网格", "grid")],
        PEOPLE.values(),
        [Duty("1", "grid", Role.WORKER, "wang")],
    )
    lesser = [
        a_finding(
            id=f"w@1/w{n}/1",
            rule="leak",
            severity=Severity.MEDIUM,
            device=f"w{n}",
            subject=Subject("device", f"w{n}"),
            place=f"f{n}",
        )
        for n in range(5)
    ]
    outcomes = await town.service.process_findings(lesser)

    assert [outcome.disposition.value for outcome in outcomes] == ["opened"] * 3 + ["joined"] * 2
