"""The broker that `fengshao up` starts."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.cli.init import write_site_template
from app.config.addresses import MQTT_PASSWORD, MQTT_USER, InvalidAddress
from app.config.site import SiteConfig, load_site
from app.datadir.stores import NewerDatabase, open_database
from app.mqtt_client import mqtt_client
from app.pipeline import retry
from app.server import run
from app.server.broker import Broker, open_broker
from ingest.mqtt.broker_address import BrokerAddress
from store.errors import CannotWrite


async def test_the_password_of_a_broker_that_we_start_may_hold_characters_of_urls(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    login = {MQTT_USER: "sentry", MQTT_PASSWORD: "p@ss/w?%40#rd"}
    async with open_broker(f"127.0.0.1:{free_port()}", tmp_path, login) as broker:
        if broker.keep_alive is not None:
            broker.keep_alive.close()
        async with mqtt_client(broker.address) as connection:
            await connection.publish("fengshao/v1/gas-1/up", b"{}", qos=1)


@pytest.mark.parametrize("login", [("sentry", "ma:ple"), ("sen:try", "maple"), ("sentry", "ma\nple")])
async def test_a_password_that_mosquitto_would_cut_is_refused_before_the_broker_starts(
    tmp_path: Path, login: tuple[str, str]
) -> None:
    with pytest.raises(InvalidAddress, match="must not contain ':'"):
        async with open_broker("127.0.0.1:1", tmp_path, dict(zip((MQTT_USER, MQTT_PASSWORD), login, strict=True))):
            pass


async def test_a_start_that_fails_after_the_broker_was_opened_leaves_no_work_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    async def restart() -> None:
        """What restarts the broker, which nothing runs before the channels are built."""

    keep_alive = restart()

    @contextlib.asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Broker]:
        yield Broker(BrokerAddress("127.0.0.1", 1883, tls=False), keep_alive)

    monkeypatch.setattr(run, "open_broker", opened)
    write_site_template(site := tmp_path / "site")
    (data := tmp_path / "data").mkdir()
    open_database(data).close()
    with contextlib.closing(sqlite3.connect(data / "ledger.db")) as ledger:
        ledger.execute("UPDATE alembic_version SET version_num = '9999'")
        ledger.commit()
    options = run.Options(data, f"127.0.0.1:{free_port()}", "127.0.0.1:1883", site, demo=False)

    with pytest.raises(NewerDatabase):
        async with contextlib.AsyncExitStack() as stack:
            await run.serve(stack, options, load_site(site), data, None, asyncio.Event())

    assert inspect.getcoroutinestate(keep_alive) == inspect.CORO_CLOSED


async def test_a_standby_begins_with_the_files_of_the_hour_in_which_it_becomes_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """It may have waited for months; the site it read then would be written over people who have moved since."""
    write_site_template(site := tmp_path / "site")
    settings = site / "site.yaml"
    (data := tmp_path / "data").mkdir()

    async def wait_as_standby(*_: object) -> SimpleNamespace:
        settings.write_text(settings.read_text("utf-8").replace("name:", "name: 枫湖社区 #", 1), "utf-8")
        return SimpleNamespace(token=2, renew=lambda: True)

    class Opened(Exception):
        """How the start ends here."""

    async def open_service(_stack: object, opened: SiteConfig, *_: object) -> None:
        raise Opened(opened.settings.name)

    @contextlib.asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Broker]:
        yield Broker(BrokerAddress("127.0.0.1", 1883, tls=False), None)

    for name, stand_in in (("lead", wait_as_standby), ("open_broker", opened), ("open_service", open_service)):
        monkeypatch.setattr(run, name, stand_in)
    before = load_site(site)
    assert before.settings.name != "枫湖社区"
    options = run.Options(data, f"127.0.0.1:{free_port()}", "127.0.0.1:1883", site, demo=False)
    with pytest.raises(Opened, match=r"^枫湖社区$"):
        async with contextlib.AsyncExitStack() as stack:
            await run.serve(stack, options, before, data, None, asyncio.Event())


async def test_a_ledger_that_does_not_answer_while_the_service_starts_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[str | Exception] = [CannotWrite("the connection was lost"), "hard-to-guess"]

    async def create(*_: object, **__: object) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(run, "create_first_user", create)
    monkeypatch.setattr(retry, "RETRY_DELAY_S", 0)
    config = SimpleNamespace(
        access=SimpleNamespace(passwords=None), data=tmp_path, broker=BrokerAddress("b", 1, tls=False)
    )
    service: Any = SimpleNamespace(stores=SimpleNamespace(database=None), config=config, clock=lambda: 0)
    options = run.Options(tmp_path, "127.0.0.1:8080", "", None, False)
    await run.announce(service, options, ("t" * 32, False), None)
    assert "password: hard-to-guess" in capsys.readouterr().out
    assert answers == []
