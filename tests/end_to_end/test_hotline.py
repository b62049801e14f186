"""Row 16: a 12345 platform and a running service, over real HTTP, with text messages at a real provider server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.hotline.server import HotlineServer
from tests.conftest import Broker
from tests.support.community_harness import SITE, CommunityHarness

REPORTS, PUSHES = "reports-are-signed-with-this-secret", "pushes-are-signed-with-this-secret!"
SYSTEMS = """
exchange:
  networks: [127.0.0.0/8]
  systems:
    hotline: {{mapping: hotline12345, url: "{url}", secret_env: REPORTS, push_secret_env: PUSHES}}
"""


@pytest.fixture
async def hotline() -> AsyncIterator[HotlineServer]:
    async with HotlineServer(secret=REPORTS, push_secret=PUSHES, clock=lambda: 0) as server:
        yield server


@pytest.fixture
async def service(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int], hotline: HotlineServer
) -> AsyncIterator[CommunityHarness]:
    files = {"site.yaml": (SITE / "site.yaml").read_text("utf-8") + SYSTEMS.format(url=hotline.url)}
    running = CommunityHarness(tmp_path, broker.port, free_port(), files)
    running.environ |= {"REPORTS": REPORTS, "PUSHES": PUSHES}
    hotline.clock = running.clock
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
    for action in ("verify", "close"):
        done = await service.api.post(
            f"/api/v1/alerts/{alert}/{action}", json={"person": "zhao", "disposition": "real"}
        )
        assert done.status_code == 200, done.text
    for _ in range(3):
        service.clock.now += 60_000
        service.service.alerting.exchange.sender.wake()
        await service.until(lambda: not hotline.faults.next(), "the platform is up again")
    await service.until(lambda: len(hotline.reports) >= 6, "all states at the platform")

    assert [response.status_code for response in pushed] == [201, 200]
    assert hotline.states_of("GD-1") == ["受理", "派遣", "处置", "反馈", "核查", "结案"]
