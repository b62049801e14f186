"""Messages on members' screens: the rate limit and single-use response codes."""

from __future__ import annotations

from domain import DAY, MINUTE
from simulators.providers.wecom.inbox import Inboxes, Notice


def notice(userid: str = "wang", msgid: str = "m1", at: int = 0) -> Notice:
    body = {"main_title": {"title": "燃气泄漏"}, "button_list": [{"text": "接警", "key": "ack:1"}]}
    return Notice(userid, msgid, "template_card", body, at)


async def test_the_thirty_first_message_within_a_minute_is_dropped() -> None:
    inboxes = Inboxes()
    for number in range(31):
        await inboxes.put(notice(at=number))
    await inboxes.put(notice("li"))
    await inboxes.put(notice(at=MINUTE + 31))
    assert (len(inboxes.notices_of("wang")), len(inboxes.dropped), len(inboxes.notices_of("li"))) == (31, 1, 1)


async def test_a_response_code_replaces_buttons_once_and_for_three_days() -> None:
    inboxes = Inboxes()
    for userid in ("wang", "li"):
        await inboxes.put(notice(userid))
    first, late = inboxes.issue_code("m1", 0), inboxes.issue_code("m1", 0)
    assert inboxes.replace_buttons(first, ["wang"], "已接警", 3 * DAY)
    assert not inboxes.replace_buttons(first, ["li"], "已接警", 1)
    assert not inboxes.replace_buttons(late, ["li"], "已接警", 3 * DAY + 1)
    assert [inboxes.notices_of(name)[0].replaced for name in ("wang", "li")] == ["已接警", None]
    assert inboxes.notices_of("wang")[0].buttons == {}
    assert inboxes.notices_of("li")[0].text == "燃气泄漏 接警 ack:1"
