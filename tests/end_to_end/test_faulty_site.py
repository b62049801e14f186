"""A restart at night on faulty files: the service starts, a leak calls the worker, maintenance hears file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiomqtt

from app.datadir.site_in_force import site_in_force
from simulators.providers.aliyun.server import AliyunSmsServer
from tests.conftest import Broker
from tests.end_to_end.test_crash import Process, eventually, provider, write_site

__all__ = ["provider"]
DAMAGED = {
    "site.yaml": "sign: 枫树社区\nchannels: {aliyun_sms: {base_url: [}}\n",
    "devices.csv": "id,kind,place\ngas-1,gas_alarm,nowhere\n",
    "ladders.yaml": "ladders: soon\n",
    "rules/gas.yaml": "hazard: gas\nversion: soon\nrules: []\n",
    "kinds/gas_alarm.yaml": "kind: gas_alarm\nquantities: 7\n",
    "mappings/native.yaml": "platform: [\n",
    "codecs.d/bindings.yaml": "bindings: 5\n",
}


async def test_a_leak_calls_the_worker_although_every_file_is_damaged(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int], provider: AliyunSmsServer
) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    site.mkdir()
    data.mkdir()
    write_site(site, provider.url)
    assert site_in_force(site, data).faults == ()
    for name, text in DAMAGED.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text, "utf-8")
    environ = {
        "FENGSHAO_ALIYUN_KEY_ID": "key",
        "FENGSHAO_ALIYUN_KEY_SECRET": "secret",
        "FENGSHAO_ALIYUN_CALLBACK_SECRET": "c" * 43,
    }
    service = Process(site, data, broker, free_port(), environ)
    try:
        await service.start()
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.publish("fengshao/v1/gas-1/alarm", '{"alarm": true, "seq": 1}', qos=1)

        async def text_sent() -> bool:
            return any("3栋402" in text.text for text in provider.phones.texts_of("19900000001"))

        await eventually(text_sent, "the text about the leak")

        async def both_reported() -> bool:
            items = await service.items("/api/v1/alerts?ledger=health")
            return {"site-refused", "rulebook-refused"} <= {alert["rule"] for alert in items}

        await eventually(both_reported, "the alerts for maintenance")
        alerts = await service.items("/api/v1/alerts?ledger=health")
        (refused,) = [alert["id"] for alert in alerts if alert["rule"] == "site-refused"]
        detail = (await service.api.get(f"/api/v1/alerts/{refused}")).text
        log = (tmp_path / "up.log").read_text("utf-8")
        for name, line in (("site.yaml", 2), ("devices.csv", 2), ("ladders.yaml", 1)):
            assert f"{site / name}:{line}:" in log
            assert name in detail
        for name in DAMAGED:
            assert str(site / name) in log, name
    finally:
        service.kill()
        await service.api.aclose()
