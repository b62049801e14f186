"""The simulated WeCom service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from defusedxml import ElementTree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer, loopback_client
from simulators.providers.wecom.callback import CallbackFailed
from simulators.providers.wecom.crypto import Envelopes
from simulators.providers.wecom.server import WeComServer

TOKEN, AES_KEY, CORP = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"


AGENT = 1000002


def envelopes() -> Envelopes:
    return Envelopes(TOKEN, AES_KEY, CORP)


class Application:
    """Our side of the callback, written from the vendor's page: greys the clicker's buttons."""

    def __init__(self) -> None:
        self.events: list[dict[str, str]] = []
        self.fail, self.empty, self.spoil = 0, False, False

    async def check(self, request: Request) -> Response:
        query = request.query_params
        text = envelopes().open(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"])
        return Response(f'"{text}"' if self.spoil else text)

    async def hear(self, request: Request) -> Response:
        if self.fail:
            self.fail -= 1
            return Response("busy", status_code=503)
        query = request.query_params
        sealed = ElementTree.fromstring(await request.body()).findtext("Encrypt", "")
        event = ElementTree.fromstring(
            envelopes().open(query["msg_signature"], query["timestamp"], query["nonce"], sealed)
        )
        self.events.append({child.tag: child.text or "" for child in event})
        if self.empty:
            return Response("")
        button = "<Button><ReplaceName>已接警 14:06</ReplaceName></Button>"
        inner = f"<xml><MsgType><![CDATA[update_button]]></MsgType>{button}</xml>"
        reply = envelopes().seal(inner, bytes(16))
        signature = "0" * 40 if self.spoil else envelopes().sign("1", "2", reply)
        return Response(
            f"<xml><Encrypt>{reply}</Encrypt><MsgSignature>{signature}</MsgSignature>"
            "<TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>"
        )


class Clock:
    def __init__(self) -> None:
        self.now = 1_767_323_045_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def application() -> AsyncIterator[tuple[Application, str]]:
    app = Application()
    routes = [Route("/cb", app.check, methods=["GET"]), Route("/cb", app.hear, methods=["POST"])]
    async with LoopbackServer(Starlette(routes=routes)) as host:
        yield app, f"{host.url}/cb"


@pytest.fixture
async def vendor(application: tuple[Application, str]) -> AsyncIterator[WeComServer]:
    server = WeComServer(
        corp_id=CORP,
        secret="SECRET",
        agent_id=AGENT,
        token=TOKEN,
        aes_key=AES_KEY,
        members={"zhangsan", "lisi", "wangwu"},
        unlicensed={"wangwu"},
        clock=Clock(),
        callback_url=application[1],
    )
    async with server:
        yield server


class Caller:
    def __init__(self, url: str) -> None:
        self.url, self.token, self.sent = url, "", 0
        self.client = loopback_client()

    async def get_token(self, corp: str = CORP, secret: str = "SECRET") -> Any:
        params = {"corpid": corp, "corpsecret": secret}
        answer = (await self.client.get(f"{self.url}/cgi-bin/gettoken", params=params)).json()
        self.token = answer.get("access_token", "")
        return answer

    async def post(self, path: str, body: Any) -> httpx2.Response:
        url = f"{self.url}/cgi-bin/message/{path}?access_token={self.token}"
        if isinstance(body, bytes):
            return await self.client.post(url, content=body)
        return await self.client.post(url, json=body)

    async def send(self, touser: str = "zhangsan", **changed: Any) -> Any:
        self.sent += 1
        return (await self.post("send", card(touser, f"a31-{self.sent}", **changed))).json()


def card(touser: str, task: str, **changed: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "touser": touser,
        "agentid": AGENT,
        "msgtype": "template_card",
        "template_card": {
            "card_type": "button_interaction",
            "task_id": task,
            "source": {"desc": "枫树社区安全预警", "desc_color": 2},
            "main_title": {"title": "紧急 · 燃气泄漏", "desc": "枫林苑3栋2单元402"},
            "horizontal_content_list": [{"keyname": "时间", "value": "14:05"}],
            "button_list": [
                {"text": "我去处理", "style": 1, "key": "ack:31"},
                {"text": "无法到场", "style": 4, "key": "pass:31"},
            ],
        },
    }
    outer = {name: value for name, value in changed.items() if name in body or name.startswith("enable")}
    body |= outer
    body["template_card"] |= {name: value for name, value in changed.items() if name not in outer}
    return body


@pytest.fixture
async def caller(vendor: WeComServer) -> AsyncIterator[Caller]:
    made = Caller(vendor.url)
    await made.get_token()
    yield made
    await made.client.aclose()


async def test_a_card_reaches_its_member_and_a_press_comes_back_encrypted(
    vendor: WeComServer, caller: Caller, application: tuple[Application, str]
) -> None:
    answer = await caller.send()
    assert (answer["errcode"], answer["invaliduser"]) == (0, "")
    await vendor.inboxes.expect("zhangsan", "燃气泄漏", "402")
    notice = await vendor.press("zhangsan", "ack:31")
    event = application[0].events[0]
    assert (event["FromUserName"], event["Event"], event["EventKey"]) == ("zhangsan", "template_card_event", "ack:31")
    assert (event["TaskId"], event["AgentID"]) == ("a31-1", str(AGENT))
    assert (notice.replaced, notice.buttons) == ("已接警 14:06", {})
    with pytest.raises(LookupError, match="sees no button"):
        await vendor.press("zhangsan", "ack:31")
    async with loopback_client() as browser:
        again = await browser.post(f"{vendor.url}/demo/inbox/zhangsan/press", json={"key": "ack:31"})
    assert again.status_code == 404


async def test_the_buttons_of_the_others_are_replaced_by_their_response_code_once(
    vendor: WeComServer, caller: Caller
) -> None:
    sent = await caller.send("lisi")
    body = {"userids": ["lisi"], "agentid": AGENT, "response_code": sent["response_code"]}
    body |= {"button": {"replace_name": "已由张三接警"}}
    assert (await caller.post("update_template_card", body)).json()["errcode"] == 0
    assert (await vendor.inboxes.expect("lisi", "已由张三接警")).buttons == {}
    assert (await caller.post("update_template_card", body)).json()["errcode"] == 40035


async def test_a_response_code_expires_after_three_days(vendor: WeComServer, caller: Caller) -> None:
    sent = await caller.send("lisi")
    assert isinstance(vendor.clock, Clock)
    vendor.clock.now += 73 * 3_600_000
    await caller.get_token()
    body = {"userids": ["lisi"], "agentid": AGENT, "response_code": sent["response_code"], "button": {}}
    assert (await caller.post("update_template_card", body)).json()["errcode"] == 40035


async def test_tokens_are_refused_when_wrong_invalidated_or_expired(vendor: WeComServer, caller: Caller) -> None:
    assert (await caller.get_token(secret="no"))["errcode"] == 40001
    assert (await caller.get_token(corp="no"))["errcode"] == 40013
    assert (await caller.send())["errcode"] == 40014
    assert (await caller.get_token())["expires_in"] == 7200
    vendor.spoil_tokens()
    assert (await caller.send())["errcode"] == 40014
    await caller.get_token()
    assert isinstance(vendor.clock, Clock)
    vendor.clock.now += 7_200_000
    assert (await caller.send())["errcode"] == 42001
    assert vendor.tokens_given == 3


async def test_members_who_cannot_be_reached_are_named(caller: Caller) -> None:
    answer = await caller.send("zhangsan|nobody|wangwu")
    assert (answer["errcode"], answer["invaliduser"], answer["unlicenseduser"]) == (0, "nobody", "wangwu")
    assert (await caller.send("nobody"))["errcode"] == 81013


async def test_the_same_body_within_the_interval_is_one_message(vendor: WeComServer, caller: Caller) -> None:
    body = card("zhangsan", "one", enable_duplicate_check=1)
    first = (await caller.post("send", body)).json()
    assert (await caller.post("send", body)).json() == first
    assert len(vendor.inboxes.notices_of("zhangsan")) == 1
    assert isinstance(vendor.clock, Clock)
    vendor.clock.now += 1_801_000
    assert (await caller.post("send", body)).json()["errcode"] == 42014


async def test_the_thirty_first_message_in_a_minute_vanishes_without_an_error(
    vendor: WeComServer, caller: Caller
) -> None:
    codes = {(await caller.send())["errcode"] for _ in range(31)}
    assert codes == {0}
    assert (len(vendor.inboxes.notices_of("zhangsan")), len(vendor.inboxes.dropped)) == (30, 1)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"agentid": 7}, 40056),
        ({"msgtype": "image"}, 40058),
        ({"card_type": "text_notice"}, 40058),
        ({"task_id": "有中文"}, 42014),
        ({"main_title": {}}, 44004),
        ({"main_title": {"title": "长" * 37}}, 45002),
        ({"source": {"desc": "长" * 21}}, 45002),
        ({"sub_title_text": "长" * 161}, 45002),
        ({"horizontal_content_list": [{"keyname": "六个字的名称", "value": "x"}]}, 45002),
        ({"horizontal_content_list": [{"keyname": "一", "value": "x"}] * 7}, 45002),
        ({"button_list": []}, 44004),
        ({"button_list": [{"text": "长" * 11, "key": "a"}]}, 45002),
        ({"button_list": [{"text": "好", "key": ""}]}, 40058),
        ({"button_list": [{"text": "好", "key": "a", "style": 9}]}, 40058),
    ],
)
async def test_a_message_over_the_limits_is_refused(
    vendor: WeComServer, caller: Caller, changed: dict[str, Any], code: int
) -> None:
    assert (await caller.send(**changed))["errcode"] == code
    assert not vendor.inboxes.notices


async def test_plain_text_is_shown_and_its_length_counted(vendor: WeComServer, caller: Caller) -> None:
    body = {"touser": "lisi", "agentid": AGENT, "msgtype": "text", "text": {"content": "演练"}}
    assert (await caller.post("send", body)).json()["errcode"] == 0
    await vendor.inboxes.expect("lisi", "演练")
    for content, code in (("", 44004), ("长" * 700, 45002)):
        answer = await caller.post("send", body | {"text": {"content": content}})
        assert answer.json()["errcode"] == code
    assert (await caller.post("send", b"{")).json()["errcode"] == 40035


async def test_without_a_callback_no_card_with_buttons_is_taken(vendor: WeComServer, caller: Caller) -> None:
    vendor.callback_url = None
    assert (await caller.send())["errcode"] == 40058
    with pytest.raises(CallbackFailed, match="no callback"):
        await vendor.verify_callback()


async def test_a_used_task_id_is_refused(caller: Caller) -> None:
    await caller.send(task_id="same")
    assert (await caller.send(task_id="same"))["errcode"] == 42014


async def test_faults_come_as_scheduled(vendor: WeComServer, caller: Caller) -> None:
    vendor.faults.schedule(Fault(FaultKind.REJECT, "45009"))
    vendor.faults.schedule(Fault(FaultKind.HTTP, status=502))
    vendor.faults.schedule(Fault(FaultKind.HTTP, status=500, accepted=True))
    vendor.faults.schedule(Fault(FaultKind.SILENT))
    assert (await caller.send())["errcode"] == 45009
    for task, status in (("b1", 502), ("b2", 500)):
        assert (await caller.post("send", card("zhangsan", task))).status_code == status
    with pytest.raises(httpx2.ReadTimeout):
        await caller.post("send", card("zhangsan", "b3"))
    assert [notice.task_id for notice in vendor.inboxes.notices] == ["b2", "b3"]
    vendor.faults.schedule(Fault(FaultKind.REJECT, "-1"))
    assert (await caller.post("update_template_card", {"agentid": AGENT})).json()["errcode"] == -1
    vendor.faults.schedule(Fault(FaultKind.REJECT, "-1"))
    vendor.faults.clear()
    assert (await caller.send())["errcode"] == 0


async def test_url_verification_requires_the_exact_text(
    vendor: WeComServer, application: tuple[Application, str]
) -> None:
    await vendor.verify_callback()
    application[0].spoil = True
    with pytest.raises(CallbackFailed, match="echostr"):
        await vendor.verify_callback()


async def test_an_event_is_tried_three_times_and_may_be_answered_with_nothing(
    vendor: WeComServer, caller: Caller, application: tuple[Application, str]
) -> None:
    await caller.send()
    application[0].fail, application[0].empty = 2, True
    assert (await vendor.press("zhangsan", "ack:31")).replaced is None
    application[0].fail = 3
    with pytest.raises(CallbackFailed, match="503"):
        await vendor.press("zhangsan", "ack:31")
    await vendor.press("zhangsan", "ack:31", times=2)
    assert application[0].events[-1] == application[0].events[-2]


async def test_a_badly_encrypted_passive_reply_is_detected(
    vendor: WeComServer, caller: Caller, application: tuple[Application, str]
) -> None:
    await caller.send()
    application[0].spoil = True
    with pytest.raises(CallbackFailed, match="bad signature"):
        await vendor.press("zhangsan", "ack:31")


async def test_an_inbox_can_be_read_and_pressed_over_http(vendor: WeComServer, caller: Caller) -> None:
    await caller.send()
    items = (await caller.client.get(f"{vendor.url}/demo/inbox/zhangsan")).json()["items"]
    assert items[0]["buttons"] == {"ack:31": "我去处理", "pass:31": "无法到场"}
    answer = await caller.client.post(f"{vendor.url}/demo/inbox/zhangsan/press", json={"key": "ack:31"})
    assert answer.json() == {"replaced": "已接警 14:06"}


async def test_waiting_for_a_card_that_never_comes_says_what_is_shown(vendor: WeComServer) -> None:
    with pytest.raises(AssertionError, match="sees nothing"):
        await vendor.inboxes.expect("lisi", "燃气", within_s=0.01)
