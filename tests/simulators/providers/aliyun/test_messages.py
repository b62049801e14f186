"""Template review and billed segments."""

from __future__ import annotations

import pytest

from simulators.providers.aliyun.messages import segments, template_fault
from simulators.providers.aliyun.server import AliyunSmsServer

NOW = 1_767_323_045_000  # 2026-01-02 11:04:05 in Beijing


@pytest.mark.parametrize(
    "text",
    [
        "",
        "【枫树】${a}",
        "${a}和${a}",
        "${a}${b}",
        "${a}",
        "看 https://a.cn/${a}",
        "看 ${a}.a.cn",
        "打13800138000，${a}",
        "$place 到场",
    ],
)
def test_a_template_the_reviewer_would_refuse_is_refused_at_the_start(text: str) -> None:
    assert template_fault(text) is not None
    with pytest.raises(ValueError, match="would not be filed"):
        AliyunSmsServer(access_keys={}, templates={"SMS_1": text}, clock=lambda: NOW)


def test_a_link_that_never_changes_may_stand_in_a_template() -> None:
    assert template_fault("答复请打开https://fs.example.cn/s输入${code}") is None


def test_seventy_characters_are_one_message_and_more_are_cut_at_sixty_seven() -> None:
    assert [segments("字" * n) for n in (70, 71, 134, 135)] == [1, 2, 2, 3]
