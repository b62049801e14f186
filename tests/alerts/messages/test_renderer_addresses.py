"""Texts end with the right door on any tree of places, and name the person in need where the site allows it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from alerts.alert import Alert
from alerts.message import PERSONAL_KINDS, MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.renderer import MessageContext, MessageRenderer
from alerts.service import AlertService
from domain import Cell, Duty, Ledger, Person, Place, Severity, Subject
from domain.addresses import shortened
from domain.care import CARE, matters, neediest
from domain.people import Community, community
from store.database.alerts.transactions import Transactions
from tests.alerts.conftest import PEOPLE, SHANGHAI, SIGN, START, AlertHarness, gas_finding, load_catalog, load_policy
from tests.support.long_form import share_of
from tests.support.many_cases import many_cases

LONGEST_TREES = (
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
"""Six real trees of communities, each with the longest names of its registry."""
TITLES = ("燃气泄漏", "一氧化碳浓度超标", "求救", "久未用水且未开门", "井盖打开", "电动车进电梯", "同楼多处燃气报警")
CONTENTS = [
    *((title, 0, "") for title in TITLES),
    *product(("求救", "久未用水且未开门", "同楼多处燃气报警"), (0, 12 * 60_000), ("欧阳桂芳等3人",)),
    ("同楼多处燃气报警", 12 * 60_000, ""),
]
"""Title, lateness and name: each title, and the shortest and the longest ones with all that a text may have besides."""


def registry_of(tree: tuple[tuple[str, str], ...]) -> Community:
    places = [Place(str(n), name, level, str(n - 1) if n else None) for n, (name, level) in enumerate(tree)]
    return community(places)


ADDRESSES = tuple(registry_of(tree).address(str(len(tree) - 1)) for tree in LONGEST_TREES)


def test_the_longest_real_addresses_are_complete() -> None:
    assert ADDRESSES == (
        "望泉西里南一社区88号楼4单元28层2804室",
        "枫林苑小区三期南组团13号楼2单元1402",
        "市南小区88栋257单元31002号",
        "明珠路一百二十八号商业广场负一层美食城老王重庆老灶火锅店",
        "李家湾村第十三村民小组128号后院厨房",
        "行署路与凯旋东路交叉口东南角雨水检查井Y0128号",
    )


MESSAGES = [
    *((kind, "") for kind in MessageKind if kind not in (MessageKind.ADDED, MessageKind.SUMMARY, *PERSONAL_KINDS)),
    *((MessageKind.ADDED, variant) for variant in ("owner", "called", "many-owner", "many-called")),
    *((MessageKind.SUMMARY, variant) for variant in ("calls", "news")),
]


def alert_with(**changes: Any) -> Alert:
    defaults: dict[str, Any] = {
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
    return Alert(**{**defaults, **changes})


def context(kind: MessageKind = MessageKind.ALERT, **changes: Any) -> MessageContext:
    return MessageContext(
        **{"kind": kind, "now": START, "limit_ms": 600_000, "number": 12, "name": "欧阳建国", **changes}
    )


@pytest.mark.long_form
@many_cases(
    ("hazard", "severity", "message"),
    list(product(("gas", "fire", "person", "water", "manhole", "device", "service"), Severity, MESSAGES)),
)
def test_every_template_is_one_segment_with_the_longest_real_address_and_ends_at_the_door(
    catalog: Any, hazard: str, severity: Severity, message: tuple[MessageKind, str]
) -> None:
    renderer = MessageRenderer(catalog, SIGN, SHANGHAI)
    contents = share_of(list(product(ADDRESSES, CONTENTS)), (len(hazard) + MESSAGES.index(message)) % 3, 3)
    for address, (title, late, affected_name) in contents:
        alert = alert_with(hazard=hazard, severity=severity, address=address, title=title, late_ms=late)
        text = renderer.sms(alert, context(message[0], variant=message[1], affected_name=affected_name))

        assert len(text.text) <= 70
        assert all(1 <= len(value) <= 35 for value in text.params.values())
        place, comma, name = text.params["place"].partition("，")
        assert (name == affected_name) if comma else True
        assert address.endswith(place)
        assert place[-4:] == address[-4:]
        assert not comma or place == address, "the name goes before the place is cut"


def test_the_name_follows_the_address_where_there_is_room(catalog: Any) -> None:
    text = MessageRenderer(catalog, SIGN, SHANGHAI).sms(
        alert_with(address="枫林苑3栋2单元402"), context(affected_name="王桂芳")
    )

    assert text.text == (
        "【枫树社区】紧急：求救，14:05，枫林苑3栋2单元402，王桂芳。请10分钟内上门查看。回复121接警，122无法到场。"
    )


def test_the_name_is_dropped_before_the_address_and_the_second_code(catalog: Any) -> None:
    text = MessageRenderer(catalog, SIGN, SHANGHAI).sms(
        alert_with(title="久未用水且未开门"), context(affected_name="欧阳桂芳等3人")
    )

    assert "望泉西里南一社区88号楼4单元28层2804室。" in text.text
    assert "欧阳" not in text.text


def test_a_shortened_address_never_names_another_building(catalog: Any) -> None:
    """13号楼 without its first digit is 3号楼, another building."""
    for max_length in range(4, 22):
        shortened_address = shortened("枫林苑小区三期南组团13号楼2单元1402", max_length)
        assert shortened_address.startswith(
            ("枫", "林", "苑", "小", "区", "三期", "期", "南", "组", "团", "13", "楼", "2单", "元", "1402")
        ), shortened_address


@given(st.text(alphabet="枫林苑栋单元0123十-A", max_size=40), st.integers(1, 40))
def test_a_shortened_address_is_a_suffix_within_the_limit(address: str, max_length: int) -> None:
    shortened_address = shortened(address, max_length)

    assert len(shortened_address) <= max_length
    assert address.endswith(shortened_address)
    assert bool(shortened_address) == bool(address)


def test_a_card_names_the_person_in_need(catalog: Any) -> None:
    card: Any = CardRenderer(MessageRenderer(catalog, SIGN, SHANGHAI)).call_card(
        alert_with(), context(affected_name="王桂芳"), "task"
    )

    assert {"keyname": "需帮助", "value": "王桂芳"} in card["horizontal_content_list"]


ELDER = Person("elder", "王桂芳", home="402", attributes={"age": 82, "lives_alone": True, "illness": "糖尿病"})
SON = Person("son", "王建国", home="402", attributes={"age": 51, "lives_alone": False, "care": ""})


def test_false_and_empty_attributes_are_not_shown() -> None:
    assert matters(ELDER, CARE) == [("age", 82), ("illness", "糖尿病"), ("lives_alone", True)]
    assert matters(SON, CARE) == [("age", 51)]
    assert matters(Person("baby", "宝宝", attributes={"age": 0}), CARE) == [("age", 0)]


def test_of_several_residents_the_one_most_in_need_is_named(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, SIGN, SHANGHAI)

    assert renderer.affected_name((SON, ELDER), tuple(CARE)) == "王桂芳等2人"
    assert (renderer.affected_name((SON,), ()), renderer.affected_name((), ())) == ("王建国", "")
    assert neediest((), ()) is None


def allow_names(harness: AlertHarness, allowed: bool) -> None:
    """Replaces the alert service by one of a site that allows names in texts, or does not."""
    settings = structs.replace(harness.settings, person_name=allowed, care=tuple(CARE))
    harness.people = community(
        [*harness.people.places.values()],
        harness.people.cells.values(),
        [*PEOPLE.values(), ELDER, SON],
        harness.people.duties,
    )

    def affected(alert: Alert) -> tuple[Person, ...]:
        return harness.people.concerned(alert.subject, None, alert.place)

    harness.service = AlertService(
        Transactions(harness.database),
        load_policy(),
        load_catalog(),
        settings,
        lambda: harness.people,
        harness.clock,
        on_outbox=harness.sender.wake,
        affected=affected,
    )


@pytest.mark.parametrize("allowed", [True, False])
async def test_the_text_of_an_sos_names_the_elder_only_where_the_site_allows_it(
    harness: AlertHarness, allowed: bool
) -> None:
    allow_names(harness, allowed)
    sos = gas_finding(
        id="sos@1/person:elder/1",
        rule="sos",
        hazard="person",
        title="求救",
        subject=Subject("person", "elder"),
        device="b",
    )
    await harness.service.process_findings([sos])
    await harness.send()

    (text,) = harness.texts("wang")
    assert ("枫林苑3栋2单元402，王桂芳。" in text) is allowed
    assert "枫林苑3栋2单元402" in text


async def test_a_leak_names_the_residents_and_a_repair_does_not(harness: AlertHarness) -> None:
    allow_names(harness, True)
    fault = gas_finding(
        id="fault@1/gas-1/1",
        rule="gas-fault",
        hazard="device",
        severity=Severity.HIGH,
        ledger=Ledger.HEALTH,
        title="故障",
    )
    await harness.service.process_findings([gas_finding(), fault])
    await harness.send()

    assert "王桂芳等2人" in harness.texts("wang")[0]
    assert "王" not in "".join(harness.texts("fix"))


async def test_a_manhole_and_a_flat_of_any_tree_are_named_by_their_address(harness: AlertHarness) -> None:
    """Manholes had the text 位置未登记, and so had every flat of a 楼栋/单元/户 tree."""
    harness.people = community(
        [
            Place("c", "市南小区", "community", cell="grid"),
            Place("road", "人民路", "road", "c"),
            Place("b", "1号楼", "楼栋", "c"),
            Place("u", "1单元", "单元", "b"),
            Place("f", "101", "户", "u"),
        ],
        [Cell("grid", "网格", "grid")],
        PEOPLE.values(),
        [Duty("1", "grid", "worker", "wang")],
    )
    manhole = gas_finding(
        id="m@1/m/1", rule="manhole-open", hazard="manhole", title="井盖打开", device="m", place="road"
    )
    await harness.service.process_findings([manhole, gas_finding(place="f")])
    await harness.send()

    assert [("人民路" in text, "市南小区1号楼1单元101" in text) for text in harness.texts("wang")] == [
        (True, False),
        (False, True),
    ]
    assert (harness.alert(1).building, harness.alert(2).building) == (None, "b")


async def test_leaks_in_flats_of_a_loudong_join_as_one_building(harness: AlertHarness) -> None:
    """Lesser findings of one building join one alert also where the level of the building is 楼栋."""
    harness.people = community(
        [Place("b", "1号楼", "楼栋", cell="grid"), *(Place(f"f{n}", f"{n}01", "户", "b") for n in range(5))],
        [Cell("grid", "网格", "grid")],
        PEOPLE.values(),
        [Duty("1", "grid", "worker", "wang")],
    )
    leaks = [
        gas_finding(
            id=f"w@1/w{n}/1",
            rule="leak",
            severity=Severity.MEDIUM,
            device=f"w{n}",
            subject=Subject("device", f"w{n}"),
            place=f"f{n}",
        )
        for n in range(5)
    ]
    outcomes = await harness.service.process_findings(leaks)

    assert [outcome.disposition.value for outcome in outcomes] == ["opened"] * 3 + ["joined"] * 2
