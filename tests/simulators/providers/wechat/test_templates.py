"""What a keyword of each type may contain."""

from __future__ import annotations

import pytest

from simulators.providers.wechat.templates import data_fault, keywords

CONTENT = "告警：{{thing1.DATA}}\n时间：{{time2.DATA}}\n编号：{{character_string3.DATA}}"


def test_the_keywords_of_a_template() -> None:
    assert keywords(CONTENT) == ["thing1", "time2", "character_string3"]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("thing1", "静安里6号楼2单元302", "一" * 21),
        ("thing1", "one", "two\nlines"),
        ("number1", "12.5", "12a"),
        ("letter1", "SOS", "S1"),
        ("symbol1", "!!", "abc"),
        ("character_string1", "a31-s1", "编号31"),
        ("time1", "2026年1月2日 14:05", "14:05（迟报3分钟）"),
        ("time1", "2026-01-02 14:05", "25:05"),
        ("date1", "2026-01-02", "yesterday"),
        ("amount1", "￥12.00", "about 12"),
        ("phone_number1", "+86-10-110", "110（警）"),
        ("car_number1", "粤A8Z888", "粤A8Z88888"),
        ("name1", "王芳", "王芳等二十三位居民代表们"),
        ("phrase1", "待处理", "已于昨日处理"),
        ("const1", "紧急", ""),
        ("unheard_of1", None, "x"),
    ],
)
def test_a_value_of_another_shape_is_refused(name: str, right: str | None, wrong: str) -> None:
    content = f"x：{{{{{name}.DATA}}}}"
    if right is not None:
        assert data_fault(content, {name: {"value": right}}) is None
    assert name in (data_fault(content, {name: {"value": wrong}}) or "")


def test_a_missing_keyword_is_refused() -> None:
    assert "thing1" in (data_fault(CONTENT, {}) or "")
