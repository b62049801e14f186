"""ACL files of three brokers say the same, and nothing in a name or topic changes their meaning."""

from __future__ import annotations

import json
import re

from hypothesis import given

from app.broker.acl_files import ACL_FORMATS, BLOCKS_MAX, emqx_acl, mosquitto_acl, nanomq_acl
from domain import Device, Identity
from ingest.routing.broker_clients import BrokerClient, broker_clients
from ingest.routing.routes import Routes
from tests.ingest.routing.test_broker_clients import REGISTRIES

CLIENTS = [
    BrokerClient("fengshao", "service", ("fengshao/v1/+/down",), ("#",)),
    BrokerClient("燃气-1", "device", ("fengshao/v1/燃气-1/up", "a b"), ("a b",)),
    BrokerClient("silent", "device", (), ()),
]


def test_mosquitto_has_a_block_for_each_user_and_each_filter_once() -> None:
    lines = mosquitto_acl(CLIENTS).splitlines()
    assert lines[1:] == [
        "",
        "user fengshao",
        "topic write fengshao/v1/+/down",
        "topic read #",
        "",
        "user 燃气-1",
        "topic readwrite a b",
        "topic write fengshao/v1/燃气-1/up",
        "",
        "user silent",
    ]


def test_mosquitto_has_patterns_for_the_native_devices_of_a_large_site() -> None:
    """It compares every line with every user: the blocks of 34,000 users kept it from listening for 40 s."""
    many = [Device(f"gas-{number}", "gas_alarm") for number in range(BLOCKS_MAX)]
    meter = Device("meter", "water_meter", identities=(Identity("iotda", "m-1"),))
    lines = mosquitto_acl(broker_clients([*many, meter], Routes()).clients).splitlines()
    assert [line for line in lines if line.startswith("pattern")] == [
        "pattern write fengshao/v1/%u/up",
        "pattern write fengshao/v1/%u/alarm",
        "pattern write fengshao/v1/%u/status",
        "pattern read fengshao/v1/%u/down",
    ]
    assert [line for line in lines if line.startswith("user")] == ["user fengshao", "user meter"]


GAS = r'<<"\x{71c3}\x{6c14}'
DEVICE = r'<<"fengshao/v1/\x{71c3}\x{6c14}-1'


def test_emqx_refuses_what_no_rule_allows() -> None:
    lines = emqx_acl(CLIENTS).splitlines()
    assert lines[1:] == [
        '{allow, {username, "fengshao"}, publish, ["fengshao/v1/+/down"]}.',
        '{allow, {username, "fengshao"}, subscribe, ["#"]}.',
        f'{{allow, {{username, {GAS}-1"/utf8>>}}, publish, [{DEVICE}/up"/utf8>>, "a b"]}}.',
        f'{{allow, {{username, {GAS}-1"/utf8>>}}, subscribe, ["a b"]}}.',
        '{deny, all, all, ["$SYS/#", "$oc/#", "$share/#"]}.',
        "{deny, all}.",
    ]


def test_nanomq_s_rules_end_with_a_refusal() -> None:
    text = nanomq_acl(CLIENTS)
    rules = [json.loads(line) for line in text.splitlines() if line.startswith("  ")]
    assert rules[0] == {
        "permit": "allow",
        "username": "fengshao",
        "action": "publish",
        "topics": ["fengshao/v1/+/down"],
    }
    assert rules[-1] == {"permit": "deny"}


@given(REGISTRIES)
def test_no_registry_adds_a_line_or_a_rule(devices: list[Device]) -> None:
    """A line break, a quote or a wildcard in an id must not become a rule of its own."""
    clients = broker_clients(devices, Routes()).clients
    topics = sum(len({*one.publish, *one.subscribe}) for one in clients)
    rules = sum(bool(one.publish) + bool(one.subscribe) for one in clients)
    lines = re.split(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", mosquitto_acl(clients))
    assert sum(line.startswith("user ") for line in lines) == len(clients)
    assert sum(line.startswith("topic ") for line in lines) == topics
    assert len(emqx_acl(clients).splitlines()) == rules + 3
    assert len(nanomq_acl(clients).splitlines()) == rules + 4
    assert set(ACL_FORMATS) == {"mosquitto", "emqx", "nanomq"}
