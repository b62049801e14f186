"""The parts of `up` that touch the machine: broker, keys, lock, timetable, channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.config.secrets import MissingSecret
from app.config.settings import AliyunSmsSettings, ChannelSettings, SiteSettings
from app.config.settings import WeComSettings as WrittenWeCom
from app.datadir.credentials import WeakToken, admin_token, mqtt_client_id, signing_key
from app.datadir.lock import DataDirInUse, lock_data_dir
from app.mqtt_client import BrokerUnavailable
from app.server.channels import ChannelNotConfigured, build_channels, http_client
from app.server.mosquitto import Mosquitto, _alive
from app.server.rumqttd import Rumqttd
from app.server.scheduler import Job, Scheduler, StoredJob
from domain import DAY, Instant

NOW = 1_795_269_600_000
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def test_a_broker_left_behind_by_a_killed_service_is_taken_up_with_its_queue(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    first = Mosquitto(tmp_path / "broker", "127.0.0.1", port)
    await first.start()
    second = Mosquitto(tmp_path / "broker", "127.0.0.1", port)
    await second.start()

    pid = int((tmp_path / "broker" / "mosquitto.pid").read_text())
    assert _alive(pid)
    await second.stop()
    assert not _alive(pid)


async def test_a_second_service_on_a_port_in_use_does_not_drink_from_the_first_ones_broker(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Found by hand: the second took over the first one's sessions and acknowledged its gas alarms."""
    port = free_port()
    first = Mosquitto(tmp_path / "one", "127.0.0.1", port)
    await first.start()
    try:
        with pytest.raises(BrokerUnavailable, match="listens there already"):
            await Mosquitto(tmp_path / "two", "127.0.0.1", port).start()
    finally:
        await first.stop()


def test_two_services_on_one_broker_do_not_take_each_others_alarms(tmp_path: Path) -> None:
    """Found by hand: a trial run beside the real service, both named alike, swallowed its messages."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    assert mqtt_client_id(tmp_path / "one") != mqtt_client_id(tmp_path / "two")
    assert mqtt_client_id(tmp_path / "one") == mqtt_client_id(tmp_path / "one")
    assert len(mqtt_client_id(tmp_path / "one") + "-urgent") <= 23


async def test_a_broker_left_behind_is_not_taken_up_when_its_settings_have_changed(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Left open to everybody, it must not go on so once credentials are asked for."""
    import aiomqtt

    port = free_port()
    await Mosquitto(tmp_path / "broker", "127.0.0.1", port).start()
    second = Mosquitto(tmp_path / "broker", "127.0.0.1", port, ("sentry", "maple"))
    await second.start()
    try:
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port):
                pass
    finally:
        await second.stop()


async def test_a_broker_with_credentials_refuses_a_stranger(tmp_path: Path, free_port: Callable[[], int]) -> None:
    import aiomqtt

    port = free_port()
    broker = Mosquitto(tmp_path / "broker", "127.0.0.1", port, ("sentry", "maple"))
    await broker.start()
    try:
        async with aiomqtt.Client("127.0.0.1", port, username="sentry", password="maple") as client:
            await client.publish("fengshao/v1/x/up", "{}", qos=1)
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port):
                pass
        assert "maple" not in (tmp_path / "broker" / "passwords").read_text()
    finally:
        await broker.stop()


async def test_without_mosquitto_the_broker_in_a_wheel_carries_a_message(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    import aiomqtt

    broker = Rumqttd(tmp_path / "broker", "127.0.0.1", free_port())
    await broker.start()
    try:
        async with (
            aiomqtt.Client("127.0.0.1", broker.port_v5, protocol=aiomqtt.ProtocolVersion.V5) as ours,
            aiomqtt.Client("127.0.0.1", broker._port) as device,
        ):
            await ours.subscribe("fengshao/v1/#", qos=1)
            await device.publish("fengshao/v1/gas-1/up", '{"lel_pct": 1}', qos=1)
            message = await anext(aiter(ours.messages))
        assert message.payload == b'{"lel_pct": 1}'
    finally:
        await broker.stop()


def test_the_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    token, is_new = admin_token(tmp_path, {})

    assert (admin_token(tmp_path, {}), is_new) == ((token, False), True)
    assert (tmp_path / "admin.token").stat().st_mode & 0o777 == 0o600
    assert admin_token(tmp_path, {"FENGSHAO_ADMIN_TOKEN": "t" * 16}) == ("t" * 16, False)
    with pytest.raises(WeakToken):
        admin_token(tmp_path, {"FENGSHAO_ADMIN_TOKEN": "short"})
    assert signing_key(tmp_path) == signing_key(tmp_path)


def test_two_services_cannot_hold_one_dir(tmp_path: Path) -> None:
    with lock_data_dir(tmp_path), pytest.raises(DataDirInUse, match="is in use by another fengshao"):
        lock_data_dir(tmp_path)
    lock_data_dir(tmp_path).close()


class Rows:
    """A ledger's job table in memory."""

    def __init__(self, *rows: StoredJob) -> None:
        self.rows, self.ran = list(rows), list[tuple[str, Instant, str]]()

    async def load(self, defaults: Mapping[str, str]) -> list[StoredJob]:
        known = {row.name for row in self.rows}
        return [*self.rows, *(StoredJob(name, line) for name, line in defaults.items() if name not in known)]

    async def record(self, name: str, at: Instant, outcome: str) -> None:
        self.ran.append((name, at, outcome))


async def done(now: Instant) -> str:
    return "done"


async def broken(now: Instant) -> str:
    raise RuntimeError("disk full")


async def test_a_job_that_fell_due_while_we_were_down_runs_once_at_start() -> None:
    rows = Rows(
        StoredJob("retention", "40 3 * * *", True, NOW - 2 * DAY), StoredJob("off", "40 3 * * *", False, NOW - DAY)
    )
    jobs = {"retention": Job("40 3 * * *", done), "off": Job("40 3 * * *", done), "report": Job("0 8 * * *", done)}
    timetable = Scheduler(jobs, SHANGHAI, lambda: NOW, rows)
    await timetable.start()
    timetable.stop()

    assert rows.ran == [("retention", NOW, "done")]


async def test_the_schedule_in_the_ledger_wins_over_the_default() -> None:
    rows = Rows(StoredJob("report", "15 9 * * 1"))
    timetable = Scheduler({"report": Job("0 8 * * *", done)}, SHANGHAI, lambda: NOW, rows)
    await timetable.start()
    (job,) = timetable._scheduler.get_jobs()
    timetable.stop()

    assert "hour='9', minute='15'" in str(job.trigger)


async def test_a_job_that_fails_is_kept_with_its_reason() -> None:
    rows = Rows()
    timetable = Scheduler({"report": Job("0 8 * * *", broken)}, SHANGHAI, lambda: NOW, rows)
    await timetable.run("report")

    assert rows.ran == [("report", NOW, "failed: disk full")]


async def test_roster_changes_follow_the_roster() -> None:
    rows = Rows()
    timetable = Scheduler({}, SHANGHAI, lambda: NOW, rows)
    await timetable.start()
    timetable.schedule_daily("roster", [480, 1200], lambda: None)
    timetable.schedule_daily("roster", [540], lambda: None)
    names = [job.id for job in timetable._scheduler.get_jobs()]
    timetable.stop()

    assert names == ["roster 09:00"]


ENVIRON = {
    "FENGSHAO_ALIYUN_KEY_ID": "id",
    "FENGSHAO_ALIYUN_KEY_SECRET": "secret",
    "FENGSHAO_ALIYUN_CALLBACK_SECRET": "c" * 43,
    "FENGSHAO_WECOM_SECRET": "s",
    "FENGSHAO_WECOM_TOKEN": "t",
    "FENGSHAO_WECOM_AES_KEY": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "FENGSHAO_WECOM_CALLBACK_SECRET": "c" * 43,
}


async def test_channels_take_their_secrets_from_the_environment_and_name_a_missing_one() -> None:
    wecom = WrittenWeCom(corp_id="ww1", agent_id=1)
    site = SiteSettings(channels=ChannelSettings(aliyun_sms=AliyunSmsSettings(), wecom=wecom))
    async with http_client() as client:
        assert set(build_channels(site, client, ENVIRON, lambda: NOW)) == {"sms", "wecom", "logbook"}

        without = {name: value for name, value in ENVIRON.items() if name != "FENGSHAO_WECOM_TOKEN"}
        with pytest.raises(MissingSecret, match="FENGSHAO_WECOM_TOKEN is not set"):
            build_channels(site, client, without, lambda: NOW)
        with pytest.raises(ChannelNotConfigured, match="at least 32 random characters"):
            build_channels(site, client, {**ENVIRON, "FENGSHAO_ALIYUN_CALLBACK_SECRET": "guessable"}, lambda: NOW)
