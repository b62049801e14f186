"""Incidents from finding to phone, on a real ledger and an SMS vendor that checks signatures and templates."""

from __future__ import annotations

from typing import Any

from alerts.alert import State


async def test_a_leak_reaches_the_worker_with_everything_he_needs(town: Any, finding: Any) -> None:
    await town.desk.hear([finding()])
    await town.send()
    assert town.texts("wang") == [
        "【枫树社区】紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"
    ]
    assert town.story() == [
        "紧急：燃气泄漏，枫林苑3栋2单元402",
        "呼叫网格员 王芳",
        "短信已发给 王芳（网格员）",
    ]
    assert [row.state for row in town.deliveries()] == ["accepted"]


async def test_nobody_answers_and_it_climbs_on_time(town: Any, finding: Any) -> None:
    await town.desk.hear([finding()])
    await town.send()
    await town.pass_time(59)
    assert town.texts("li") == []
    await town.pass_time(1)
    assert "1分钟无人接警" in town.texts("li")[0]
    assert len(town.texts("li")[0]) <= 70
    await town.pass_time(120)
    assert len(town.texts("chen")) == 1
    await town.pass_time(180)
    assert len(town.texts("sun")) == 1
    await town.pass_time(300)
    assert len(town.texts("zhou")) == 1


async def test_a_reply_takes_it_and_everybody_who_was_told_sees_who(town: Any, finding: Any) -> None:
    await town.desk.hear([finding()])
    await town.send()
    await town.pass_time(60)
    await town.desk.reply("19900000003", "１１接警。", town.clock.now)
    await town.send()
    assert town.alert().state is State.ACKNOWLEDGED
    assert town.alert().owner_name == "李强"
    assert town.texts("wang")[-1] == "【枫树社区】已由李强接警：燃气泄漏，枫林苑3栋2单元402。接警时间14:06，编号1。"
    assert "李强接警（短信）" in town.story()
    await town.pass_time(300)
    assert town.texts("chen") == []
