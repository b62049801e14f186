"""`fengshao devices doctor` on a real Mosquitto on which devices speak as their platforms do, half of them where the
site does not listen: what it says, that its lines are enough, and that it disturbs nobody."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from click.testing import CliRunner

from app.cli.init import write_site_template
from app.cli.main import main
from app.config.catalog import load_kinds, load_mappings
from app.config.site import load_site
from app.doctor.capture import CaptureLimits, listen
from app.doctor.doctor import DoctorInputs, fallback_filters, run_doctor
from app.doctor.text import report_lines
from app.mqtt_client import BrokerUnavailable
from ingest.mqtt.broker_address import parse_broker_address
from ingest.routing.routes import Routes
from tests.conftest import Broker
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1_795_269_600_000
EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "devices_doctor.txt"

DEVICES = """id,kind,model,place,platform,platform_id
gas-402,gas_alarm,,,zigbee2mqtt,3栋402
cellar-leak,water_leak,,,tasmota,cellar
attic-gas,gas_alarm,,,tasmota,attic
gas-501,gas_alarm,,,shelly,shellygas-10521CF29E18
well-7,manhole,,,chirpstack,0101010101abcdef
band-9,wristband,,,setracker,8800000015
"""

MESSAGES = {
    # Where the site listens by default.
    "zigbee2mqtt/3栋402": '{"gas":false,"battery":88,"lel_raw":12,"installer":"13800138000"}',
    "tele/cellar/SENSOR": '{"Time":"2026-11-21T22:00:00","WaterLeak":false}',
    "shellies/shellygas-10521CF29E18/sensor/gas": "none",
    "application/1/device/0101010101abcdef/event/up": json.dumps(
        {
            "deviceInfo": {"devEui": "0101010101abcdef", "deviceName": "well 7"},
            "time": "2026-11-21T14:00:00Z",
            "fCnt": 7,
            "fPort": 2,
            "object": {"opened": False, "water_level_mm": 120},
        }
    ),
    "fengshao/v1/gas-new/up": '{"alarm":false,"lel_pct":3.5}',
    "homeassistant/binary_sensor/garden/config": '{"dev_cla":"moisture",'
    '"stat_t":"homeassistant/binary_sensor/garden/state"}',
    "homeassistant/binary_sensor/garden/state": "OFF",
    "fengshao/v1/band-9/up": '{"heart_rate_bpm":143,"lat":31.2,"lon":121.5,"sos":false}',
    # Where it does not.
    "attic/tele/SENSOR": '{"Time":"2026-11-21T22:00:00","MQ2":{"Gas":false}}',
    "attic/tele/LWT": "Online",
    "shellyplussmoke-a1b2c3/status/smoke:0": '{"id":0,"alarm":false,"mute":false}',
    "shellyplussmoke-a1b2c3/online": "true",
    "esp-kitchen/binary_sensor/smoke_alarm/state": "OFF",
    "esp-kitchen/status": "online",
    "meters/66778899": '{"_":"telegram","media":"water","meter":"iperl","id":"66778899","total_m3":123.4,"status":"OK",'
    '"timestamp":"2026-11-21T14:00:00Z"}',
    "z2m-b4/bridge/state": '{"state":"online"}',
    "z2m-b4/stairs/smoke": '{"smoke":false,"battery":97}',
    "weather/roof": "rain",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    write_site_template(folder)
    (folder / "devices.csv").write_text(DEVICES, "utf-8")
    return folder


def knowledge(site: Path) -> DoctorInputs:
    folder, kinds = load_site(site), load_kinds(site)
    return DoctorInputs(kinds, load_mappings(kinds, site), folder.devices, folder.settings, site)


async def published(port: int, messages: dict[str, str], *, retain: bool = True) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for topic, payload in messages.items():
            await client.publish(topic, payload, qos=1, retain=retain)


async def examined(port: int, site: Path, messages: int = len(MESSAGES)) -> dict[str, Any]:
    """Ends with the last message, not with the clock."""
    address = parse_broker_address(f"mqtt://127.0.0.1:{port}")
    return await run_doctor(address, knowledge(site), 30, lambda: NOW, CaptureLimits(messages=messages))


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {sender["device"] or sender["identity"]: sender for sender in report["speakers"]}


async def test_senders_decoded_values_and_lines_to_add_are_reported(broker: Broker, site: Path) -> None:
    await published(broker.port, MESSAGES)

    report = await examined(broker.port, site)

    senders = by_name(report)
    assert (["#", "$oc/#"], {}, len(MESSAGES), len(MESSAGES)) == tuple(
        report[name] for name in ("asked", "refused", "messages", "retained")
    )
    assert {name: sender["states"] for name, sender in senders.items()} == {
        "gas-402": ["unread"],
        "cellar-leak": ["understood"],
        "gas-501": ["understood"],
        "well-7": ["understood"],
        "band-9": ["understood"],
        "gas-new": ["unregistered"],
        "garden": ["unregistered"],
        "attic-gas": ["outside"],
        "shellyplussmoke-a1b2c3": ["outside", "unregistered"],
        "esp-kitchen": ["outside", "unregistered"],
        "66778899": ["outside", "unregistered"],
        "z2m-b4/bridge": ["outside"],
        "z2m-b4/stairs/smoke": ["outside", "unregistered"],
        "weather": ["unknown"],
    }
    assert {name: sender["kind"] for name, sender in senders.items() if sender["registration"]} == {
        "gas-new": "gas_alarm",
        "garden": "water_leak",
        "shellyplussmoke-a1b2c3": "smoke_alarm",
        "esp-kitchen": "smoke_alarm",
        "66778899": "water_meter",
        "z2m-b4/stairs/smoke": "smoke_alarm",
    }
    assert {"lel_raw", "installer"} == {field["field"] for field in senders["gas-402"]["not_understood"]}
    assert 123.4 == senders["66778899"]["last"]["values"]["volume_m3"]["value"]
    assert senders["attic-gas"]["online"] is True
    assert not report["well"]


async def test_topics_that_begin_with_a_dollar_are_captured_too(broker: Broker, site: Path) -> None:
    """A subscription to # leaves them out by the standard."""
    messages = {
        "$oc/devices/0011_gas/sys/properties/report": '{"services":[{"service_id":"gas","properties":{"alarm":true}}]}'
    }
    await published(broker.port, messages)

    report = await examined(broker.port, site, 1)

    assert {"0011_gas": "iotda"} == {sender["identity"]: sender["platform"] for sender in report["speakers"]}


async def test_personal_values_and_telephone_numbers_are_not_shown(broker: Broker, site: Path) -> None:
    await published(broker.port, MESSAGES)

    report = await examined(broker.port, site)

    values = by_name(report)["band-9"]["last"]["values"]
    assert {"***"} == {values[name]["value"] for name in ("heart_rate_bpm", "lat", "lon")}
    assert values["sos"]["value"] is False
    # Digits that are no values: a port of 31.2.. or a second of 31.2 made this test fail.
    report |= {"broker": "mqtt://broker", "bytes": 0}
    for sender in report["speakers"]:
        sender["last"] = sender["last"] and {**sender["last"], "at": "now"}
    text = json.dumps(report, ensure_ascii=False) + "\n".join(report_lines(report, load_kinds()))
    assert "138****8000" in text
    assert not any(secret in text for secret in ("13800138000", "121.5", "31.2", "143"))


async def test_the_example_in_the_documentation_is_the_actual_report(
    broker: Broker, tmp_path: Path, site: Path
) -> None:
    await published(broker.port, MESSAGES)

    report = await examined(broker.port, site)

    report |= {"broker": "mqtt://127.0.0.1:1883", "seconds": 60, "ended": "time"}
    text = "\n".join(report_lines(report, load_kinds())) + "\n"
    renewed = tmp_path / EXAMPLE.name
    renewed.write_text(text, "utf-8")
    assert EXAMPLE.read_text("utf-8") == text, f"docs/examples/{EXAMPLE.name} is no longer what it says: see {renewed}"


async def test_with_the_suggested_lines_everything_is_decoded(broker: Broker, site: Path) -> None:
    await published(broker.port, MESSAGES)
    report = await examined(broker.port, site)

    added = {addition["file"]: addition["text"] for addition in report["add"]}
    assert {"site.yaml", "devices.csv", "mappings/site-zigbee2mqtt.yaml"} == set(added)
    settings = (site / "site.yaml").read_text("utf-8")
    (site / "site.yaml").write_text(f"{settings}\n{added['site.yaml']}\n", "utf-8")
    (site / "devices.csv").write_text(DEVICES + added["devices.csv"].partition("\n")[2] + "\n", "utf-8")
    (site / "mappings").mkdir()
    rules = re.sub(r'("installer"): .*', r"\1: ignore", added["mappings/site-zigbee2mqtt.yaml"])
    (site / "mappings" / "site-zigbee2mqtt.yaml").write_text(rules + "\n", "utf-8")

    checked = CliRunner().invoke(main, ["check", "--site", str(site)])
    assert "intake" not in checked.output + checked.stderr
    assert "mappings" not in checked.stderr, checked.stderr
    again = await examined(broker.port, site)

    assert (True, []) == (again["well"], again["add"])
    states = {state for name, sender in by_name(again).items() for state in sender["states"] if name != "weather"}
    assert {"understood", "notes"} == states
    subscribed = Routes(load_site(site).settings.intake.filters)
    assert {"weather/roof"} == {topic for topic in MESSAGES if subscribed.platform_of(topic) is None}


async def test_a_message_during_the_capture_does_not_count_as_retained(broker: Broker, site: Path) -> None:
    examining = asyncio.create_task(examined(broker.port, site, 1))
    while not examining.done():
        await published(broker.port, {"zigbee2mqtt/3栋402": '{"gas":true}'}, retain=False)

    report = await examining

    assert (1, 0) == (report["messages"], report["retained"])
    assert "good" == by_name(report)["gas-402"]["last"]["values"]["alarm"]["quality"]


async def test_the_sessions_of_others_go_on_and_none_is_left_behind(
    tmp_path: Path, free_port: Callable[[], int], site: Path
) -> None:
    """A session that the service left at the broker keeps its queue and gets the messages published meanwhile."""
    with guarded(tmp_path, free_port(), lambda folder: f"persistence true\npersistence_location {folder}/\n") as server:
        await _disturb_nobody(server, site)
        server.stop()
        database = (server.folder / "mosquitto.db").read_bytes()
    assert (True, False) == (b"fengshao-abc-bulk" in database, b"fengshao-doctor" in database)


async def _disturb_nobody(broker: Broker, site: Path) -> None:
    await published(broker.port, MESSAGES)
    named = "fengshao-abc-bulk"
    first = aiomqtt.Client("127.0.0.1", broker.port, identifier=named, clean_session=False)
    async with first:
        await first.subscribe("zigbee2mqtt/late", qos=1)

    await examined(broker.port, site)
    await published(broker.port, {"zigbee2mqtt/late": "{}"}, retain=False)

    second = aiomqtt.Client("127.0.0.1", broker.port, identifier=named, clean_session=False)
    async with second, asyncio.timeout(LONG_TIMEOUT_S):
        message = await anext(aiter(second.messages))
    assert "zigbee2mqtt/late" == message.topic.value


# -- where it ends --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "ended", "count"),
    [
        (CaptureLimits(messages=3), "messages", 3),
        (CaptureLimits(bytes=40), "bytes", None),
        (CaptureLimits(message_bytes=5), "messages", 18),
    ],
)
async def test_a_capture_ends_at_its_limits(
    broker: Broker, limits: CaptureLimits, ended: str, count: int | None
) -> None:
    await published(broker.port, MESSAGES)
    limits = limits if limits.messages < 10 or limits.bytes < 100 else CaptureLimits(len(MESSAGES), limits.bytes, 5)

    caught = await listen(parse_broker_address(f"127.0.0.1:{broker.port}"), 30, (), lambda: NOW, limits)

    assert ended == caught.ended
    assert count is None or count == len(caught.frames)
    assert all(len(frame.payload) <= limits.message_bytes for frame in caught.frames)
    if limits.message_bytes == 5:
        assert all((frame.size or 0) > 5 for frame in caught.frames if len(MESSAGES[frame.topic].encode()) > 5)


async def test_a_capture_ends_with_the_time_or_keeps_what_came_when_the_broker_dies(
    tmp_path: Path, free_port: Callable[[], int], site: Path
) -> None:
    with guarded(tmp_path, free_port(), lambda _site_config: "sys_interval 1\n") as server:
        await _quiet_and_killed(server, site)


async def _quiet_and_killed(broker: Broker, site: Path) -> None:
    address = parse_broker_address(f"127.0.0.1:{broker.port}")
    quiet = await run_doctor(address, knowledge(site), 1, lambda: NOW)
    assert ("time", 0, [], False) == (quiet["ended"], quiet["messages"], quiet["speakers"], quiet["well"])
    assert quiet["silent"]["count"] == 6

    await published(broker.port, {"zigbee2mqtt/3栋402": '{"gas":true}'})
    examining = asyncio.create_task(run_doctor(address, knowledge(site), 30, lambda: NOW))
    await _two_connections(broker.port)
    broker.kill()

    report = await examining
    assert "connection" == report["ended"]
    assert "gas-402" in by_name(report)


async def _two_connections(port: int) -> None:
    """The doctor's own connection is one of those that the broker counts."""
    async with aiomqtt.Client("127.0.0.1", port) as client, asyncio.timeout(LONG_TIMEOUT_S):
        await client.subscribe("$SYS/broker/clients/connected")
        async for message in client.messages:
            if int(message.payload) >= 2:  # type: ignore[arg-type]
                return


async def test_an_unreachable_broker_is_reported_with_its_address(free_port: Callable[[], int], site: Path) -> None:
    broker = parse_broker_address(f"mqtt://me:s3cret@127.0.0.1:{free_port()}")
    with pytest.raises(BrokerUnavailable, match="is the address right"):
        await run_doctor(broker, knowledge(site), 1, lambda: NOW)


# -- brokers that do not let us hear everything ---------------------------------------------------------------------


@contextlib.contextmanager
def guarded(tmp_path: Path, port: int, config: Callable[[Path], str]) -> Iterator[Broker]:
    folder = tmp_path / "guarded"
    folder.mkdir()
    folder.chmod(0o777)
    server = Broker(folder, port)
    # Mosquitto started by root reads and writes as another user, who may not enter the folder of a test.
    base = f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\nallow_anonymous true\n"
    server.config.write_text(base + config(folder))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def refusing(folder: Path) -> str:
    """Mosquitto's dynamic security: who subscribes to what is refused with a reason code."""
    plugin = next(Path("/usr/lib").rglob("mosquitto_dynamic_security.so"))
    allowed = [("subscribePattern", "tele/#"), ("subscribePattern", "+/tele/#"), ("subscribePattern", "fengshao/v1/#")]
    rules = [{"acltype": kind, "topic": topic, "allow": True} for kind, topic in allowed]
    access = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    (folder / "security.json").write_text(
        json.dumps(
            {
                "defaultACLAccess": access,
                "roles": [{"rolename": "some", "acls": rules}],
                "groups": [{"groupname": "all", "roles": [{"rolename": "some"}]}],
                "anonymousGroup": "all",
                "clients": [],
            }
        )
    )
    (folder / "security.json").chmod(0o666)
    return f"plugin {plugin}\nplugin_opt_config_file {folder}/security.json\n"


async def test_a_broker_that_refuses_all_topics_gets_fallback_filters_and_the_report_says_so(
    tmp_path: Path, free_port: Callable[[], int], site: Path
) -> None:
    with guarded(tmp_path, free_port(), refusing) as server:
        await published(server.port, MESSAGES)
        report = await examined(server.port, site, 5)

    assert {"fengshao/v1/#", "tele/#", "+/tele/#"} == set(report["asked"])
    assert {"#", "zigbee2mqtt/#", "+/events/rpc"} <= set(report["refused"])
    assert {"cellar-leak", "attic-gas", "gas-new", "band-9"} == set(by_name(report))
    text = "\n".join(report_lines(report, load_kinds()))
    assert "代理服务器不准订阅 #、" in text


async def test_messages_that_an_access_list_hides_are_not_captured(
    tmp_path: Path, free_port: Callable[[], int], site: Path
) -> None:
    """Mosquitto's acl_file grants the subscription and keeps the messages back."""

    def hiding(folder: Path) -> str:
        (folder / "acl").write_text("topic write #\ntopic read tele/#\n")
        (folder / "acl").chmod(0o644)
        return f"acl_file {folder}/acl\n"

    with guarded(tmp_path, free_port(), hiding) as server:
        await published(server.port, MESSAGES)
        report = await examined(server.port, site, 1)

    assert (["#", "$oc/#"], {"cellar-leak"}) == (report["asked"], set(by_name(report)))


def test_fallback_filters_are_the_sites_and_those_at_which_platforms_commonly_publish() -> None:
    filters = fallback_filters({"tasmota": ["attic/tele/#"]})

    assert {"attic/tele/#", "zigbee2mqtt/#", "+/events/rpc", "+/binary_sensor/+/state"} <= set(filters)
    assert "tele/#" not in filters
    assert len(filters) == len(set(filters))


# -- the command ----------------------------------------------------------------------------------------------------


async def run(*args: str, **environ: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, main, ["devices", "doctor", *args], env=environ)


async def test_the_exit_code_tells_the_result(broker: Broker, tmp_path: Path, site: Path) -> None:
    here, nothing = f"127.0.0.1:{broker.port}", ["--data", str(tmp_path / "none"), "--seconds", "1"]

    silence = await run("--mqtt", here, *nothing)
    assert (4, True) == (silence.exit_code, "没有人说话" in silence.output)

    await published(broker.port, {"zigbee2mqtt/3栋402": '{"gas":false}'})
    well = await run("--site", str(site), *nothing, FENGSHAO_MQTT=here)
    assert (0, True) == (well.exit_code, "听到的都已登记" in well.output), well.output

    strange = await run("--mqtt", here, "--json", *nothing)
    assert 3 == strange.exit_code
    assert [["unregistered"]] == [sender["states"] for sender in json.loads(strange.output)["speakers"]]


async def test_no_password_is_printed(tmp_path: Path, free_port: Callable[[], int]) -> None:
    url = f"mqtt://me:s3cret@127.0.0.1:{free_port()}"

    failed = await run("--mqtt", url, "--data", str(tmp_path), "--seconds", "1")

    assert 1 == failed.exit_code
    assert f"mqtt://127.0.0.1:{url.rpartition(':')[2]}" in failed.output + failed.stderr
    assert "s3cret" not in failed.output + failed.stderr
