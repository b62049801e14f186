"""The site and the outside systems of benchmarks/delivery_crash.py: two SMS providers and a 12345 platform.

Each round has a cell of its own with two households, a worker and a deputy. The outside systems run in a thread of the
command, so that they outlive the service.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from app.cli.provider_templates import template_lines
from app.config.catalog import load_wording
from app.config.settings import ChannelSettings, SiteSettings
from app.server.demo import registered_templates
from benchmarks.detect_to_send import phone
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.hotline.server import HotlineServer
from simulators.providers.tencent.sms import TencentSmsServer

T = TypeVar("T")

SIGN: Final = "枫树社区"
CALLBACK_SECRET: Final = "c" * 43
SECRET: Final = "s" * 43
ENVIRON: Final = {
    "FENGSHAO_ALIYUN_KEY_ID": "key",
    "FENGSHAO_ALIYUN_KEY_SECRET": SECRET,
    "FENGSHAO_ALIYUN_CALLBACK_SECRET": CALLBACK_SECRET,
    "FENGSHAO_TENCENT_SECRET_ID": "AKID",
    "FENGSHAO_TENCENT_SECRET_KEY": SECRET,
    "FENGSHAO_TENCENT_CALLBACK_SECRET": CALLBACK_SECRET,
    "HOTLINE_OUT": SECRET,
    "HOTLINE_IN": SECRET,
}
_DAILY: Final = [{"count": 50, "within": "1d"}]


class Outside:
    """The simulated outside systems, on an event loop in a thread of their own."""

    def __init__(self) -> None:
        self._loop, self._started = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)
        self.filed = _filed_at_tencent()
        self._thread.start()
        self._started.wait(10)

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        self.aliyun = AliyunSmsServer(
            access_keys={"key": SECRET},
            templates=registered_templates(load_wording(None)),
            clock=_now,
            delivery_s=0.02,
        )
        self.tencent = TencentSmsServer(
            keys={"AKID": SECRET},
            app_id="1400",
            templates=dict(self.filed.values()),
            clock=_now,
            signs=[SIGN],
            per_number_per_day=50,
        )
        self.hotline = HotlineServer(secret=SECRET, push_secret=SECRET, clock=_now)
        async with AsyncExitStack() as stack:
            for server in (self.aliyun, self.tencent, self.hotline):
                await stack.enter_async_context(server)
            self._started.set()
            await self._stop.wait()

    def connect(self, http: int) -> None:
        """The address at which the service is called back."""
        root = f"http://127.0.0.1:{http}/api/v1"
        self.aliyun.callback_url = f"{root}/callbacks/sms/{CALLBACK_SECRET}"
        self.tencent.callback_url = f"{root}/callbacks/sms-tencent/{CALLBACK_SECRET}"
        self.hotline.push_url = f"{root}/exchange/hotline"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of an outside system, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def texts(self, number: str) -> list[str]:
        """The texts on a phone, from both providers."""
        return [text.text for server in (self.aliyun, self.tencent) for text in server.phones.texts_of(number)]

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        self._loop.close()


def write_site(folder: Path, outside: Outside, rounds: int) -> None:
    """A cell for each round: households `h` and `i`, a gas alarm in each, the worker `w` and the deputy `d`."""
    aliyun = {"type": "aliyun", "base_url": outside.aliyun.url}
    ids = {name: number for name, (number, _) in outside.filed.items() if name != "fixed"}
    tencent = {
        "type": "tencent", "app_id": "1400", "base_url": outside.tencent.url, "templates": ids, "limits": _DAILY
    }  # fmt: skip
    hotline = {
        "mapping": "hotline12345", "url": outside.hotline.url, "secret_env": "HOTLINE_OUT",
        "push_secret_env": "HOTLINE_IN",
    }  # fmt: skip
    site = {
        "sign": SIGN,
        "channels": {"sms": {"providers": [aliyun, tencent]}},
        "exchange": {"networks": ["127.0.0.0/8"], "systems": {"hotline": hotline}},
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(site, allow_unicode=True), "utf-8")
    numbers = range(rounds)
    tables: dict[str, list[list[str]]] = {
        "cells.csv": [[f"c{n},第{n}网格,grid"] for n in numbers],
        "places.csv": [[f"{kind}{n},{n}号院{kind},household,c{n}" for kind in "hi"] for n in numbers],
        "people.csv": [[f"w{n},测试{n},{worker(n)}", f"d{n},替班{n},{deputy(n)}"] for n in numbers],
        "duties.csv": [[f"w{n},c{n},worker,w{n},0", f"d{n},c{n},worker,d{n},1"] for n in numbers],
        "devices.csv": [[f"gas-{kind}{n},gas_alarm,{kind}{n}" for kind in "hi"] for n in numbers],
    }
    heads = {
        "cells.csv": "id,name,level",
        "places.csv": "id,name,level,cell",
        "people.csv": "id,name,phone",
        "duties.csv": "id,cell,role,person,rank",
        "devices.csv": "id,kind,place",
    }
    for name, rows in tables.items():
        lines = [heads[name], *(line for row in rows for line in row)]
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")


def worker(number: int) -> str:
    """The phone of the worker of a round."""
    return phone(number)


def deputy(number: int) -> str:
    """The phone of the deputy of a round."""
    return phone(10_000 + number)


def _filed_at_tencent() -> dict[str, tuple[str, str]]:
    """What `fengshao check --templates` prints, as filed by an operator: name -> (id, text)."""
    channels = ChannelSettings.model_validate({"sms": {"providers": [{"type": "tencent", "app_id": "1"}]}})
    filed: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(template_lines(load_wording(), SiteSettings(sign=SIGN, channels=channels)), 1000):
        _, _, name, text = line.split("\t")
        filed[name] = (str(number), text)
    return filed


def _now() -> int:
    return int(time.time() * 1000)
