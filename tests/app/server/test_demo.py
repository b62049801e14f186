"""The demo's providers behind the console."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from msgspec.structs import replace

from app.clock import Clock
from app.config.addresses import ListenAddress
from app.config.site import load_site
from app.server.demo import Demo

HTTP = ListenAddress("127.0.0.1", 8080)


@pytest.mark.parametrize("with_wecom", [True, False])
async def test_pages_of_the_providers_are_behind_the_console_also_for_a_site_without_wecom(
    tmp_path: Path, with_wecom: bool
) -> None:
    """A site of one's own without WeCom: its inbox was a server error."""
    async with Demo(tmp_path) as demo:
        site = load_site(demo.site_folder)
        if not with_wecom:
            channels = site.settings.channels.model_copy(update={"wecom": None})
            site = replace(site, settings=site.settings.model_copy(update={"channels": channels}))
        redirected = await demo.start_providers(site, HTTP, Clock())
        assert redirected.settings.channels.aliyun_sms is not None
        assert redirected.settings.channels.aliyun_sms.base_url.startswith("http://127.0.0.1:")
        assert (redirected.settings.channels.wecom is not None) is with_wecom

        assert redirected.settings.exchange.systems["hotline"].url, "a case can be handed to 12345"

        console = FastAPI()
        console.get("/other")(lambda: "console")
        transport = httpx2.ASGITransport(app=demo.app(console))
        async with httpx2.AsyncClient(transport=transport, base_url="http://demo") as browser:
            assert (await browser.get("/demo/phones")).status_code == 200
            assert (await browser.get("/other")).json() == "console"
            inbox = await browser.get("/demo/inbox/wang")
            assert inbox.status_code < 500
            assert (await browser.get("/demo/day")).json() == {"items": []}
            assert "Nothing has happened yet" in (await browser.get("/demo")).text
