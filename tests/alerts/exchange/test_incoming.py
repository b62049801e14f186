"""Cases and states in the words of others: what they become, and how each fault is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.exchange.incoming import MappingFault, UnmappableCase, masked_reporter, read_case, read_state
from alerts.exchange.mapping import IncomingAction
from domain import Severity
from tests.alerts.exchange.builders import T0, mapping

ORDER = {
    "工单号": "GD20261121001",
    "诉求标题": "楼道有燃气味",
    "诉求内容": "3栋2单元楼道有很浓的燃气味，请回电13800138000",
    "诉求类型": "燃气泄漏",
    "诉求地址": "枫林苑3栋",
    "经度": "104.08",
    "纬度": 30.657,
    "受理时间": "2026-11-21 22:00:00",
    "办理时限": "2026-11-22T22:00:00+08:00",
    "紧急程度": "紧急",
    "诉求人": "王小明",
    "联系电话": "13800138000",
}


def faults_of(body: dict[str, Any], name: str = "hotline12345") -> dict[str, str]:
    with pytest.raises(UnmappableCase) as caught:
        read_case(mapping(name), body)
    assert str(caught.value)
    return {fault.field: f"{fault.code} {fault.detail}" for fault in caught.value.faults}


def test_an_order_of_the_hotline_is_a_case_here() -> None:
    case = read_case(mapping(), ORDER)

    assert (case.external_id, case.hazard, case.severity, case.title) == (
        "GD20261121001", "gas", Severity.CRITICAL, "楼道有燃气味"
    )  # fmt: skip
    assert (case.reported_at, case.deadline) == (T0 - 300_000, T0 + 86_100_000)
    assert case.point == (30.657, 104.08)
    assert case.advice == "勿开关电器，先通风关阀"


def test_a_caller_is_masked_everywhere() -> None:
    case = read_case(mapping(), ORDER)

    assert case.reporter == "王** 138****8000"
    assert "13800138000" not in case.text + case.title + case.address
    assert masked_reporter("李", "") == "李"


def test_a_case_of_the_city_joins_its_categories_and_address() -> None:
    case = read_case(
        mapping("cjt545"),
        {
            "任务号": 20261121,
            "问题大类": "公用设施",
            "问题小类": "井盖缺失",
            "问题描述": "路中井盖没有了",
            "所属区": "锦江区",
            "街道": "枫林街道",
            "位置描述": "枫林路12号门前",
            "X坐标": 104.08,
            "Y坐标": 30.657,
            "受理时间": "20261121220000",
            "紧急程度": "一般",
        },
    )

    assert (case.external_id, case.category, case.address) == (
        "20261121", "公用设施/井盖缺失", "锦江区枫林街道枫林路12号门前"
    )  # fmt: skip
    assert (case.severity, case.reported_at, case.deadline, case.title) == (
        Severity.CRITICAL, T0 - 300_000, None, "公用设施/井盖缺失"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"工单号": ""}, "工单号", "required external_id"),
        ({"工单号": "a b/c"}, "工单号", "identifier"),
        ({"诉求内容": None}, "诉求内容", "required text"),
        ({"诉求内容": ["x"]}, "诉求内容", "kind"),
        ({"诉求内容": "字" * 2_001}, "诉求内容", "length 2000"),
        ({"办理时限": "明天"}, "办理时限", "time"),
        ({"办理时限": "20269999999999"}, "办理时限", "time"),
        ({"经度": "东经"}, "纬度", "point"),
        ({"纬度": "91"}, "纬度", "point"),
        ({"紧急程度": "很急"}, "紧急程度", "choice 一般、加急、紧急、特急"),
        ({"紧急程度": True}, "紧急程度", "kind"),
    ],
)
def test_a_value_that_cannot_be_mapped_is_named(changes: dict[str, Any], field: str, message: str) -> None:
    found = faults_of({**ORDER, **changes})

    assert message in found[field]


def test_a_category_without_a_class_is_refused_where_no_other_is_defined() -> None:
    body = {"任务号": "1", "问题类型": "天外来客", "问题描述": "看见了"}

    assert "category 井盖缺失" in faults_of(body, "cjt545")["问题类型"]
    assert set(faults_of({}, "cjt545")) == {"任务号", "问题大类", "问题描述"}
    assert read_case(mapping(), {**ORDER, "诉求类型": "天外来客", "紧急程度": "加急"}).severity is Severity.MEDIUM


def test_the_same_content_has_the_same_digest() -> None:
    digests = {
        read_case(mapping(), body).digest
        for body in (ORDER, dict(reversed(ORDER.items())), {**ORDER, "坐席": "007"}, {**ORDER, "联系电话": "1"})
    }

    assert len(digests) == 2


@pytest.mark.parametrize(
    "at", ["2026-11-21 22:05:00", "2026/11/21 22:05:00", "20261121220500", 1795269900, "1795269900000"]
)
def test_a_state_has_a_version_or_its_time(at: Any) -> None:
    event = read_state(mapping(), {"状态": "办结", "时间": at, "说明": "已处理 13800138000"})

    assert (event.action, event.at, event.version, event.event_id) == (
        IncomingAction.RESOLVE, T0, T0, f"办结@{T0}"
    )  # fmt: skip
    assert event.reason == "已处理 ***"
    numbered = read_state(mapping(), {"状态": "办结", "时间": at, "序号": "7", "事件编号": "E-1", "工单号": "GD-9"})
    assert (numbered.version, numbered.event_id, numbered.their_id) == (7, "E-1", "GD-9")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"状态": "飞走了", "时间": "2026-11-21 22:05:00"}, "状态"),
        ({"时间": "2026-11-21 22:05:00"}, "状态"),
        ({"状态": "办结"}, "状态时间"),
        ({"状态": "办结", "时间": "刚才"}, "时间"),
        ({"状态": "办结", "时间": "2026-11-21 22:05:00", "序号": "第二"}, "序号"),
    ],
)
def test_a_state_that_cannot_be_read_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(UnmappableCase) as caught:
        read_state(mapping(), body)

    assert [fault.field for fault in caught.value.faults] == [field]


VALUES = st.none() | st.booleans() | st.text(max_size=30) | st.floats() | st.integers() | st.lists(st.integers())
NAMES = st.sampled_from([*ORDER, "状态", "时间", "序号", "其他"])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=12))
def test_whatever_is_pushed_is_read_or_refused_with_a_field(body: dict[str, Any]) -> None:
    for read in (read_case, read_state):
        faults = faults_when_read(read, body)
        assert all(isinstance(fault, MappingFault) and fault.code for fault in faults or ())
        assert faults is None or faults


def faults_when_read(read: Callable[..., object], body: dict[str, Any]) -> Sequence[MappingFault] | None:
    """The faults of a refused body; None when it was read."""
    try:
        read(mapping(), body)
    except UnmappableCase as refused:
        return refused.faults
    return None
