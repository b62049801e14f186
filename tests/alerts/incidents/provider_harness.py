"""The alert harness with two SMS providers in order, Aliyun then Tencent, and an address that both call back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.channels.providers import ProviderChain, ProviderPlan
from alerts.channels.tencent_api import TencentAccount
from alerts.channels.tencent_sms import TencentSms, TencentSmsSettings
from alerts.messages.filed_texts import VARIABLE
from simulators.providers.local_server import LoopbackServer
from simulators.providers.tencent.sms import TencentSmsServer
from tests.alerts.conftest import SIGN, load_catalog

APP_ID = "1400000000"
FIXED_ID = "fixed"


def tencent_templates() -> dict[str, str]:
    """Every text of the catalog as Tencent files it: variables by position. The id is the name."""
    catalog = load_catalog()
    texts = {FIXED_ID: catalog.house.fixed}
    for template in catalog.sms:
        for severity in template.codes:
            text = template.text.replace("{level}", catalog.severities[severity])
            for position, name in enumerate(VARIABLE.findall(text), 1):
                text = text.replace(f"${{{name}}}", f"{{{position}}}")
            texts[f"{template.name}.{severity.value}"] = text
    assert not re.search(r"\$\{", "".join(texts.values()))
    return texts


@asynccontextmanager
async def two_providers(
    harness: Any, plans: dict[str, ProviderPlan] | None = None, **options: Any
) -> AsyncIterator[TencentSmsServer]:
    """The harness sends texts by Aliyun, else by Tencent; `harness.tencent` is the second server."""
    templates = tencent_templates()
    server = TencentSmsServer(
        keys={"AKIDT": "tsecret"}, app_id=APP_ID, templates=templates, clock=harness.clock, signs=[SIGN], **options
    )

    async def callback(request: Request) -> Response:
        provider = harness.channels["sms"].providers[request.path_params["name"]]
        body = await request.body()
        response = provider.receive(dict(request.headers), dict(request.query_params), body, harness.clock())
        await harness.service.receive(response.events, "sms")
        return Response(response.body, response.status, media_type=response.content_type)

    app = Starlette(routes=[Route("/{name}", callback, methods=["GET", "POST"])])
    async with server, LoopbackServer(app) as host:
        use_two_providers(harness, server.url, plans)
        harness.tencent = server
        harness.sms_server.callback_url, server.callback_url = f"{host.url}/aliyun", f"{host.url}/tencent"
        harness.stop()
        harness.start()
        yield server


def use_two_providers(harness: Any, tencent_url: str, plans: dict[str, ProviderPlan] | None = None) -> None:
    """Texts go by the harness's Aliyun server, else by the Tencent server at this address."""
    account = TencentAccount("AKIDT", "tsecret", tencent_url)
    settings = TencentSmsSettings(account, APP_ID, SIGN, {name: name for name in tencent_templates()}, FIXED_ID)
    providers = {"aliyun": harness.sms(), "tencent": TencentSms(harness.client, settings)}
    harness.channels["sms"] = ProviderChain("sms", providers, plans or {})


async def send(harness: Any) -> None:
    """Send what is due, and wait until both providers have delivered it."""
    await harness.send()
    await harness.tencent.wait_until_idle()
