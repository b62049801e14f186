"""Rows 6, 7 and 16: a 12345 platform, a city platform and a care platform beside a running service, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.hotline.server import HotlineServer
from simulators.providers.webhook import WebhookReceiver
from tests.conftest import Broker
from tests.support.community_harness import SITE, CommunityHarness

REPORTS, PUSHES = "reports-are-signed-with-this-secret", "pushes-are-signed-with-this-secret!"
SYSTEMS = """
exchange:
  networks: [127.0.0.0/8]
  systems:
    hotline: {{mapping: hotline12345, url: "{url}", secret_env: REPORTS, push_secret_env: PUSHES}}
  subscribers:
    city: {{url: "{city}", secret_env: CITY, topics: [cases], severity: high}}
    care: {{url: "{care}", secret_env: CITY, topics: [care]}}
"""
CITY = "whsec_c2VjcmV0LW9mLXRoZS1jaXR5LXBsYXRmb3Jt"


@pytest.fixture
async def hotline() -> AsyncIterator[HotlineServer]:
    async with HotlineServer(secret=REPORTS, push_secret=PUSHES, clock=lambda: 0) as server:
        yield server


@pytest.fixture
async def city() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver(secret=CITY, clock=lambda: 0) as receiver:
        yield receiver


@pytest.fixture
async def care() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver(secret=CITY, clock=lambda: 0) as receiver:
        yield receiver


@pytest.fixture
async def service(
    tmp_path: Path,
    broker: Broker,
    free_port: Callable[[], int],
    hotline: HotlineServer,
    city: WebhookReceiver,
    care: WebhookReceiver,
) -> AsyncIterator[CommunityHarness]:
    systems = SYSTEMS.format(url=hotline.url, city=city.url, care=care.url)
    people = (SITE / "people.csv").read_text("utf-8").replace("attributes.consent", "attributes.care_consent")
    files = {
        "site.yaml": (SITE / "site.yaml").read_text("utf-8") + systems,
        "people.csv": people.replace("true,82,,", "true,82,,true"),
    }
    running = CommunityHarness(tmp_path, broker.port, free_port(), files)
    running.environ |= {"REPORTS": REPORTS, "PUSHES": PUSHES, "CITY": CITY}
    hotline.clock = city.clock = care.clock = running.clock
    async with running:
        token = await running.api.post("/api/v1/tokens", json={"role": "exchange", "platform": "hotline"})
        hotline.token = token.json()["token"]
        hotline.push_url = f"{running.api.base_url}/api/v1/exchange/hotline".replace("//api", "/api")
        yield running


async def test_an_order_of_the_hotline_is_dealt_with_by_text_and_each_state_returns_once(
    service: CommunityHarness, hotline: HotlineServer
) -> None:
    hotline.faults.schedule(Fault(FaultKind.HTTP, status=503), 2)
    order = {"诉求类型": "燃气泄漏", "诉求内容": "楼道有燃气味", "诉求地址": "枫林苑3栋2单元402", "紧急程度": "紧急"}
    pushed = [await hotline.push_order("GD-1", **order) for _ in range(2)]
    alert = pushed[0].json()["alert"]
    worker = service.phone("李伟")
    await worker.expects_sms("燃气泄漏", "枫林苑3栋2单元402")
    for reply, state in (("11", "acknowledged"), ("13", "on_site"), ("14", "resolved")):
        await worker.replies(reply)
        await service.until_state(alert, state)
    token = (await service.api.post("/api/v1/tokens", json={"role": "dispatcher", "person": "zhao"})).json()["token"]
    for action in ("verify", "close"):
        done = await service.api.post(
            f"/api/v1/alerts/{alert}/{action}",
            json={"disposition": "real"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert done.status_code == 200, done.text
    for _ in range(3):
        service.clock.now += 60_000
        service.service.alerting.exchange.sender.wake()
        await service.until(lambda: not hotline.faults.next(), "the platform is up again")
    await service.until(lambda: len(hotline.reports) >= 6, "all states at the platform")

    assert [response.status_code for response in pushed] == [201, 200]
    assert hotline.states_of("GD-1") == ["受理", "派遣", "处置", "反馈", "核查", "结案"]


async def test_an_alarm_is_at_the_city_platform_and_a_call_for_help_at_the_care_platform(
    service: CommunityHarness, city: WebhookReceiver, care: WebhookReceiver
) -> None:
    await service.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 31})
    await service.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await service.until(lambda: len(city.events) >= 2 and len(care.events) >= 1, "events at both platforms")
    opened = {received.event["data"]["hazard"]: received.event for received in city.events}
    (help_call,) = [received.event["data"] for received in care.events]

    assert opened["gas"]["type"] == "cn.fengshao.case.opened.v1"
    location = opened["gas"]["data"]["location"]
    assert (location["address"], location["latitude"], location["datum"]) == ("枫林苑3栋2单元402", 36.0673, "WGS-84")
    assert (help_call["person_id"], help_call["event_type"], help_call["status"]) == ("elder", "sos", "open")
    assert "王奶奶" not in f"{city.events}{care.events}"
