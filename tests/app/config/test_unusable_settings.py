"""No missing secret, unreadable certificate or wrong address of one part keeps the service from starting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from alerts.channels.providers import ProviderChain
from alerts.channels.unusable import UnusableChannel
from app.config.addresses import MQTT_PASSWORD, MQTT_USER
from app.config.mqtt_settings import MqttListenerSettings, MqttSettings
from app.config.secrets import read_secret
from app.config.settings import HistorySettings, SiteSettings
from app.config.unusable_settings import RAISING, UnusableSettings
from app.datadir.credentials import admin_token
from app.datadir.stores import open_history
from app.errors import UserError
from app.server.access import build_access
from app.server.broker import open_broker
from app.server.channels import ChannelEndpoint, build_channels
from app.server.exchange import UnsignedRequest, build_exchange_config
from domain import Reading
from simulators.providers.local_server import loopback_client
from store.journal import Lane
from tests.app.server.test_access import OIDC
from tests.app.server.test_exchange import ENVIRON as EXCHANGE_SECRETS
from tests.app.server.test_exchange import site as exchange_site
from tests.app.server.test_message_channels import ENVIRON as MESSAGE_SECRETS
from tests.app.server.test_message_channels import SITE as MESSAGE_SITE
from tests.app.server.test_phone_channels import CHANNELS as PHONES
from tests.app.server.test_phone_channels import ENVIRON as PHONE_SECRETS

NOW = 1_795_269_600_000
SECRETS = PHONE_SECRETS | MESSAGE_SECRETS


async def channels_without(*missing: str, site: SiteSettings = MESSAGE_SITE) -> tuple[dict[str, ChannelEndpoint], Any]:
    unusable = UnusableSettings()
    environ = {name: value for name, value in SECRETS.items() if name not in missing}
    async with loopback_client() as client:
        return build_channels(site, client, environ, lambda: 0, unusable), unusable


def test_a_part_is_built_or_replaced_and_the_reason_kept() -> None:
    unusable = UnusableSettings()
    assert unusable.attempt("a", lambda: 1, lambda _reason: 2) == 1
    assert unusable.attempt("b", lambda: int(read_secret("NO", "b", {}).reveal()), lambda _reason: 2) == 2
    assert unusable.attempt("c", lambda: int("no number"), len) > 0, "an error of a library too"
    assert list(unusable.reasons) == ["b", "c"]
    assert unusable.lines[0].startswith("b: the environment variable NO is not set")
    assert unusable.lines[1].startswith("c: ValueError: ")
    with pytest.raises(UserError):
        RAISING.attempt("b", lambda: read_secret("NO", "b", {}), lambda _reason: None)


async def test_without_one_secret_every_channel_is_still_there_and_the_others_are_as_before() -> None:
    stopped = dict[str, list[str]]()
    async with loopback_client() as client:
        for variable in MESSAGE_SECRETS:
            unusable, environ = UnusableSettings(), MESSAGE_SECRETS | {variable: ""}
            built = build_channels(MESSAGE_SITE, client, environ, lambda: 0, unusable)
            assert set(built) == {"logbook", *MESSAGE_SITE.channels.configured}
            (line,) = unusable.lines
            assert variable in line
            stopped[variable] = [name for name, one in built.items() if isinstance(one.channel, UnusableChannel)]
    partly = {"FENGSHAO_WECHAT_CALLBACK_SECRET", "OLD_SECRET", "ROBOT", "CHAT"}
    assert {variable for variable, names in stopped.items() if not names} == partly, "these send all the same"
    assert max(map(len, stopped.values())) == 1


async def test_a_provider_without_its_key_stays_in_its_place_and_the_next_one_carries_the_message() -> None:
    built, unusable = await channels_without("GATEWAY", site=SiteSettings(channels=PHONES))
    chain = built["sms"].channel
    assert isinstance(chain, ProviderChain)
    assert [name for name, one in chain.providers.items() if isinstance(one, UnusableChannel)] == ["gateway"]
    assert list(unusable.reasons) == ["channels.sms.providers (gateway)"]


async def test_a_provider_without_its_callbacks_secret_cannot_be_called_back_without_one() -> None:
    variable = next(one.callback_secret_env for one in PHONES.sms.providers) if PHONES.sms else ""
    built, unusable = await channels_without(variable, site=SiteSettings(channels=PHONES))
    assert all(secret.reveal() for _, secret, _ in built["sms"].receivers("sms"))
    assert unusable.lines


async def test_a_certificate_authority_that_is_gone_ends_the_mail_and_nothing_else(tmp_path: Path) -> None:
    email = MESSAGE_SITE.channels.email
    assert email is not None
    changed = email.model_copy(update={"ca_file": str(tmp_path / "gone.pem")})
    channels = MESSAGE_SITE.channels.model_copy(update={"email": changed})
    built, unusable = await channels_without(site=MESSAGE_SITE.model_copy(update={"channels": channels}))
    assert isinstance(built["email"].channel, UnusableChannel)
    assert list(unusable.reasons) == ["channels.email"]


async def test_a_partner_without_its_secret_waits_and_its_pushes_are_not_taken_for_signed_ones() -> None:
    unusable = UnusableSettings()
    async with loopback_client() as client:
        environ = EXCHANGE_SECRETS | {"BOARD": "", "PUSHES": ""}
        config = build_exchange_config(exchange_site(), client, environ, unusable=unusable)
        whole = build_exchange_config(exchange_site(), client, EXCHANGE_SECRETS)
        assert [target.id for target in config.targets] == [target.id for target in whole.targets]
        assert set(config.push_secrets) == {"hotline"}
        assert config.push_secrets["hotline"].reveal() not in ("", EXCHANGE_SECRETS["PUSHES"])
        assert set(unusable.reasons) == {"exchange.subscribers.board", "exchange.systems.hotline pushes"}
        assert config.post is not None
        request: Any = type("Unsigned", (), {"url": "https://board.example.cn", "body": b"", "headers": {}})
        with pytest.raises(UnsignedRequest):
            await config.post(request)


async def test_without_the_identity_provider_people_log_in_by_password() -> None:
    unusable, settings = UnusableSettings(), SiteSettings().access.model_copy(update={"oidc": OIDC})
    async with httpx2.AsyncClient() as client:
        access = build_access(settings, "", client, {}, unusable)
    assert access.oidc is None
    assert list(unusable.reasons) == ["access.oidc"]


def test_a_weak_token_lets_nobody_in_and_the_one_of_the_directory_is_in_force(tmp_path: Path) -> None:
    unusable = UnusableSettings()
    token, is_new = admin_token(tmp_path, {"FENGSHAO_ADMIN_TOKEN": "short"}, unusable)
    assert (len(token) > 16, is_new) == (True, True)
    assert "short" not in "".join(unusable.lines)


@pytest.mark.parametrize("url", ["", "nonsense", "http://[::", "http://127.0.0.1:{port}", "http://127.0.0.1:99999999"])
async def test_whatever_the_history_server_is_readings_wait_on_disk(
    tmp_path: Path, url: str, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FENGSHAO_HISTORY_TOKEN", raising=False)
    unusable = UnusableSettings()
    settings = HistorySettings(type="influxdb", url=url.format(port=free_port()))
    history = open_history(tmp_path, settings, {}, unusable=unusable)
    try:
        history.append(Lane.BULK, 1, [Reading("gas-1", "gas_alarm", NOW, NOW, {"lel_pct": 1.5})])
        await history.flush()
        status = history.server_status()
        assert status is not None
        assert status.waiting_readings == 1
    finally:
        await history.close()
    assert "history" in unusable.reasons


async def test_a_listener_without_its_certificate_is_not_opened_and_the_service_starts(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    listener = MqttListenerSettings(certificate_file="gone.pem", key_file="gone.key")
    login, unusable = {MQTT_USER: "sentry", MQTT_PASSWORD: "maple"}, UnusableSettings()
    address = f"127.0.0.1:{free_port()}"
    async with contextlib.AsyncExitStack() as stack:
        opening = open_broker(address, tmp_path, login, MqttSettings(listener=listener), tmp_path, unusable)
        broker = await stack.enter_async_context(opening)
        assert broker.keep_alive is None
        assert (broker.address.tls, broker.address.username) == (True, "sentry")
    assert list(unusable.reasons) == [f"mqtt.listener ({address})"]
    assert "gone.pem" in unusable.lines[0]
