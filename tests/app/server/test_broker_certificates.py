"""Maintenance is told a month before a certificate of the broker expires, with a certificate made for the test."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from app.broker.certificates import CERTIFICATE_DAYS, CertificateAuthority
from app.config.mqtt_settings import MqttSettings
from app.pipeline.self_monitoring import SelfMonitoring
from app.server.broker_certificates import watch_certificates
from domain import DAY, FindingPhase, Instant

NOW: Instant = 1_800_000_000_000


async def test_a_certificate_that_expires_opens_a_condition_that_ends_when_it_is_renewed(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    authority.create("枫树社区", NOW)
    authority.issue_client("fengshao", NOW)
    files = {"certificate_file": "clients/fengshao.crt", "key_file": "clients/fengshao.key"}
    settings = MqttSettings.model_validate({"tls": files})
    findings: list[Any] = []

    async def apply_change(change: Any) -> None:
        findings.extend(change())

    monitoring = SelfMonitoring(apply_change)
    almost_over = NOW + (CERTIFICATE_DAYS - 10) * DAY
    await watched_once(settings, tmp_path, {"broker": almost_over + DAY}, monitoring, almost_over, findings, 1)
    began = findings[0]
    assert (began.rule, began.phase, began.subject.id) == ("broker-certificate", FindingPhase.BEGAN, "broker")
    ours, shown = [str(one.value) for one in began.evidence]
    assert ours.endswith("(CN=fengshao): expires in 10 days; renew it")
    assert shown == "the certificate that the broker shows expires in 1 days; renew it"
    authority.issue_client("fengshao", almost_over)
    renewed = {"broker": almost_over + 90 * DAY}
    await watched_once(settings, tmp_path, renewed, monitoring, almost_over, findings, 2)
    assert findings[1].phase is FindingPhase.ENDED


async def watched_once(
    settings: MqttSettings,
    folder: Path,
    seen: dict[str, Instant],
    monitoring: SelfMonitoring,
    now: Instant,
    findings: list[Any],
    count: int,
) -> None:
    """Runs the watch and the monitoring until so many findings are there."""
    watch = watch_certificates(settings, folder, seen, monitoring, lambda: now)
    tasks = [asyncio.create_task(watch), asyncio.create_task(monitoring.run())]
    async with asyncio.timeout(30):
        while len(findings) < count:
            await asyncio.sleep(0.005)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
