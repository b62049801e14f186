"""A channel without its secret does not keep the service from starting: the others call, and it is told loudly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from app.config.settings import WeComSettings
from app.config.site import SiteConfig
from app.config.unusable_settings import UnusableSettings
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness


class WithoutWeComSecret(ServiceHarness):
    """WeCom is configured and the worker has an account there; the environment has only the secrets of SMS."""

    unusable = UnusableSettings()

    def _site_config(self) -> SiteConfig:
        site = super()._site_config()
        channels = site.settings.channels.model_copy(update={"wecom": WeComSettings(corp_id="ww1", agent_id=7)})
        settings = site.settings.model_copy(update={"channels": channels})
        people = [structs.replace(person, wecom="li") if person.id == "li" else person for person in site.people]
        return structs.replace(site, settings=settings, people=people)


async def test_the_worker_is_called_by_sms_and_readiness_page_metrics_and_alert_name_the_channel(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with WithoutWeComSecret(tmp_path, broker.port, free_port()) as service:
        ready = await service.get("/readyz")
        assert (ready["ready"], ready["left_out"]) == (True, ["channels.wecom", "channels.wecom callbacks"])
        assert "FENGSHAO" not in str(ready), "anybody may ask"

        await service.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 31})
        await service.phone("李伟").expects_sms("3栋2单元402", "燃气")
        facts = await service.get("/api/v1/system")
        (check,) = [one for one in facts["checks"] if one["name"] == "settings"]
        assert (check["state"], check["value"]) == ("bad", 2)
        assert "channels.wecom: the environment variable FENGSHAO_WECOM_SECRET is not set" in check["detail"][0]
        await service.until(lambda: service.service.alerting.desk.outcomes.router.is_open("wecom", "wecom"), "refusal")
        metrics = (await service.api.get("/metrics")).text
        assert 'fengshao_settings_refused{part="channels.wecom"} 1.0' in metrics
        refused = 'fengshao_deliveries_total{channel="wecom",outcome="config",provider="wecom"} 1.0'
        assert refused in metrics, "counted like the refusal of a provider"

        alerts = {alert["rule"]: alert for alert in await service.items("/api/v1/alerts")}
        assert alerts["settings-refused"]["ledger"] == "health"
