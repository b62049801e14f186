"""The daily self-test on a whole service: broker, journal, rules, alert, outbox, provider, receipt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alerts.cases.canary import CanaryResult, canary_problem
from domain import SECOND
from tests.conftest import Broker
from tests.support.service_harness import START, running_service
from tests.support.timeouts import LONG_TIMEOUT_S

DUTY = {"cell": "street", "role": "canary", "person": "zhao"}


async def test_a_self_test_reaches_its_recipient_through_the_provider_and_disturbs_nothing(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with running_service(tmp_path / "data", broker.port, free_port()) as harness:
        assert (await harness.api.get("/api/v1/canary")).status_code == 404
        refused = await harness.api.post("/api/v1/canary")
        assert refused.status_code == 409
        assert "自检接收" in refused.json()["detail"]
        assert await harness.service.canary.run(START) == "no self-test: nobody is on duty in the role canary"

        assert (await harness.api.post("/api/v1/rosters", json={"id": "d-canary", **DUTY})).status_code == 201
        done = (await harness.api.post("/api/v1/canary", timeout=LONG_TIMEOUT_S)).json()
        assert (done["problem"], done["channel"]) == ("", "sms")
        assert done["steps_ms"] == {"received": 0, "opened": 0, "sent": 0, "delivered": 0}
        assert (await harness.phone("赵敏").expects_sms("系统自检")).startswith("【枫树社区】演练：低危：系统自检")
        assert harness.phone("李伟").texts == []

        (alert,) = await harness.items("/api/v1/alerts")
        assert (alert["state"], alert["source"], alert["exercise"]) == ("closed", "system", True)
        found = await harness.get("/api/v1/statistics")
        assert found["cases"]["opened"] == found["exercises"]["opened"] == found["load"]["alarms"] == 0
        assert (await harness.get("/api/v1/canary")) == done
        metrics = (await harness.api.get("/metrics")).text
        assert 'fengshao_canary_seconds{step="delivered"} 0' in metrics
        assert "fengshao_canary_passed 1" in metrics
        status = harness.service.status()
        assert status["canary"]["problem"] == ""

        await harness.stop()
        await harness.start()
        assert (await harness.get("/api/v1/canary")) == done


def test_a_self_test_fails_by_the_first_step_that_is_missing_or_when_it_is_slow() -> None:
    assert canary_problem(CanaryResult(START)) == "not received"
    assert canary_problem(CanaryResult(START, 1, 2)) == "not sent"
    assert canary_problem(CanaryResult(START, 1, 2, 90 * SECOND)) == "sent after 90 s"
    assert canary_problem(CanaryResult(START, 1, 2, 3)) == ""
