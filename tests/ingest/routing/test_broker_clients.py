"""Who may speak for whom: from a registry, whatever stands in its identities."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pipeline.device_gateways import assign_gateways
from domain import Device, Identity
from ingest.routing.broker_clients import (
    BrokerClient,
    BrokerClients,
    ClientRules,
    broker_clients,
    unusable,
    user_name_fault,
)
from ingest.routing.routes import Routes
from ingest.routing.topic_access import ACCESS
from ingest.topics import filter_fault, filter_matches

ROUTES = Routes({"esphome": ["+/+/+/state", "+/status"], "shelly": ["shellies/#", "+/events/rpc", "+/status/+"]})


def device(id: str, platform: str = "", identity: str = "", kind: str = "gas_alarm", **attributes: str) -> Device:
    identities = (Identity(platform, identity),) if platform else ()
    return Device(id, kind, identities=identities, attributes=dict(attributes))


def clients_of(*devices: Device, routes: Routes = ROUTES, rules: ClientRules | None = None) -> BrokerClients:
    return broker_clients(assign_gateways(devices), routes, rules)


def client(found: BrokerClients, user: str) -> BrokerClient:
    return next(one for one in found.clients if one.user == user)


def test_a_native_device_speaks_on_its_three_topics_and_reads_its_commands() -> None:
    found = clients_of(device("gas-1"))
    assert client(found, "gas-1") == BrokerClient(
        "gas-1",
        "device",
        ("fengshao/v1/gas-1/up", "fengshao/v1/gas-1/alarm", "fengshao/v1/gas-1/status"),
        ("fengshao/v1/gas-1/down",),
    )


def test_the_service_alone_reads_all_and_publishes_commands_and_its_own_self_test() -> None:
    rules = ClientRules("sentry", ("fengshao/v1/fengshao-canary/up",), frozenset({"fengshao-canary"}))
    found = clients_of(device("fengshao-canary"), device("gas-1"), rules=rules)
    service = found.clients[0]
    assert (service.user, service.subscribe) == ("sentry", ("#", "$SYS/#", "$oc/#"))
    assert service.publish == ("fengshao/v1/+/down", "spBv1.0/+/NCMD/+", "fengshao/v1/fengshao-canary/up")
    assert [one.user for one in found.clients] == ["sentry", "gas-1"]


def test_the_user_of_exercises_publishes_exercises_and_reads_nothing() -> None:
    found = clients_of(device("gas-1"), device("drill"), rules=ClientRules(exercise="drill"))
    assert client(found, "drill") == BrokerClient("drill", "exercise", ("fengshao/v1/+/exercise",), ())
    assert [one.device for one in found.omitted] == ["drill"], "no device has its name"


def test_a_gateway_speaks_for_the_devices_behind_it_and_for_no_others() -> None:
    found = clients_of(
        device("gw-1", kind="gateway"),
        device("kitchen", "zigbee2mqtt", "0x00158d0000000001", gateway="gw-1"),
        device("cellar", "zigbee2mqtt", "0x00158d0000000002"),
        device("child", "alink", "pk/child", gateway="gw-2"),
        device("gw-2", "alink", "pk/gw", kind="gateway"),
    )
    publish = client(found, "gw-1").publish
    assert "zigbee2mqtt/0x00158d0000000001" in publish
    assert "zigbee2mqtt/bridge/#" in publish
    assert not any(filter_matches(pattern, "zigbee2mqtt/0x00158d0000000002") for pattern in publish)
    assert {"/sys/pk/child/thing/event/+/post", "/sys/pk/gw/thing/topo/#"} <= set(client(found, "gw-2").publish)
    assert not any("topo" in pattern for pattern in client(found, "child").publish)
    assert client(found, "zigbee2mqtt").role == "bridge"  # for the cellar, whose bridge is not registered


def test_an_edge_node_speaks_for_its_devices_and_announces_its_death() -> None:
    found = clients_of(
        device("edge", "sparkplug", "ward/edge1", kind="gateway"),
        device("lamp", "sparkplug", "ward/edge1/lamp1"),
        device("panel", "sparkplug", "ward/edge2/panel"),
        device("odd", "sparkplug", "a/b/c/d", gateway="edge"),
    )
    assert set(client(found, "edge").publish) == {
        "spBv1.0/ward/NBIRTH/edge1",
        "spBv1.0/ward/NDATA/edge1",
        "spBv1.0/ward/NDEATH/edge1",
        "spBv1.0/ward/DBIRTH/edge1/lamp1",
        "spBv1.0/ward/DDATA/edge1/lamp1",
        "spBv1.0/ward/DDEATH/edge1/lamp1",
    }
    assert client(found, "sparkplug").publish == ("spBv1.0/#",)
    assert "spBv1.0/+/NCMD/+" in client(found, "sparkplug").subscribe
    assert [(one.device, one.reason) for one in found.omitted] == [
        ("odd", "sparkplug identity 'a/b/c/d': it has 4 levels instead of 3")
    ]


def test_a_native_gateway_carries_sparkplug_devices_of_an_edge_that_is_not_registered() -> None:
    found = clients_of(device("gw-1", kind="gateway"), device("lamp", "sparkplug", "ward/e/lamp", gateway="gw-1"))
    assert {"spBv1.0/ward/NDEATH/e", "spBv1.0/ward/DDATA/e/lamp"} <= set(client(found, "gw-1").publish)


def test_a_platform_that_names_devices_in_the_payload_needs_the_whole_of_its_topics() -> None:
    found = clients_of(
        device("gw-1", kind="gateway"),
        device("watch", "setracker", "8613", gateway="gw-1"),
        device("mn", "hj212", "010"),
    )
    assert "setracker/#" in client(found, "gw-1").publish
    assert client(found, "hj212") == BrokerClient("hj212", "bridge", ("hj212/#",), ("hj212/#",))


def test_a_site_s_own_topics_are_those_of_its_acl() -> None:
    routes = Routes({"zigbee2mqtt": ["zigbee2mqtt/#", "z2m-b4/#"], "tasmota": ["+/tele/#"], "hj212": []})
    found = clients_of(
        device("b4", "zigbee2mqtt", "z2m-b4/bridge", kind="gateway"),
        device("kitchen", "zigbee2mqtt", "z2m-b4/kitchen"),
        device("plug", "tasmota", "plug"),
        routes=routes,
    )
    assert {"z2m-b4/bridge/#", "z2m-b4/kitchen"} <= set(client(found, "b4").publish)
    assert "z2m-b4/kitchen/set" in client(found, "b4").subscribe
    assert client(found, "plug").publish == ("plug/tele/+",)
    assert client(found, "plug").subscribe == ("plug/cmnd/+",)


def test_definitions_of_home_assistant_are_published_only_where_the_site_allows_it() -> None:
    node, bridge = device("node", "esphome", "node"), device("z", "zigbee2mqtt", "kitchen")
    refused = clients_of(node, bridge)
    allowed = clients_of(node, bridge, rules=ClientRules(discovery=True))
    assert not any("homeassistant" in pattern for one in refused.clients for pattern in one.publish)
    assert "homeassistant/+/node/+/config" in client(allowed, "node").publish
    assert "homeassistant/#" in client(allowed, "zigbee2mqtt").publish


def test_a_token_of_thingsboard_is_in_no_file() -> None:
    found = clients_of(device("meter", "thingsboard", "A1_TEST_TOKEN"))
    assert client(found, "meter").publish == ("v1/devices/me/telemetry", "v1/devices/me/attributes")
    assert "TOKEN" not in str(found)


def test_a_shelly_may_write_its_address_in_capitals() -> None:
    assert (
        "shellies/shellygas-10521CF29E99/+"
        in client(clients_of(device("s", "shelly", "shellygas-10521cf29e99")), "s").publish
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            device("chirpstack"),
            "its id cannot be a user name of a broker: it is the name of the service or of a bridge",
        ),
        (device("fengshao"), "its id cannot be a user name of a broker: it is the name of the service or of a bridge"),
        (device("a:b"), "its id cannot be a user name of a broker: it contains ':'"),
        (device("门" * 22), "its id cannot be a user name of a broker: it has more than 64 bytes"),
        (device("x", "iotda", "a/b"), "iotda identity 'a/b': it has 2 levels instead of 1"),
        (device("x", "iotda", "+"), "iotda identity '+': it contains '+'"),
        (device("x", "alink", "pk/#"), "alink identity 'pk/#': it contains '#'"),
        (device("x", "iotda", "${username}"), "iotda identity '${username}': it contains '$'"),
        (
            device("x", "esphome", "a\nuser b"),
            "esphome identity 'a\\nuser b': it contains a character that cannot be printed",
        ),
        (
            device("x", "shelly", "b3/status"),
            "shelly identity 'b3/status': the level 'status' is a word of the platform: rename it there",
        ),
        (device("x", "fax", "7"), "the platform 'fax' has no topics over MQTT"),
    ],
)
def test_what_would_widen_the_acl_is_omitted_with_a_reason(wrong: Device, reason: str) -> None:
    found = clients_of(wrong, device("gas-1"))
    assert [(one.device, one.reason) for one in found.omitted] == [(wrong.id, reason)]
    assert [one.user for one in found.clients] == ["fengshao", "gas-1"]


def test_an_identity_that_looks_like_another_platform_s_topics_gives_no_permission() -> None:
    """A node named `fengshao/v1` would speak for every native device whose last will it could forge."""
    site = Routes({"esphome": ["+/status", "+/+/+/status"]})
    found = clients_of(device("node", "esphome", "fengshao/v1/gas-2"), routes=site)
    assert client(found, "node").publish == ()


@pytest.mark.parametrize(
    "path", ["{}/properties/report", "{}/event/alarm", "{}/offline", "other/child/{}/properties/report"]
)
def test_a_stolen_gateway_of_jetlinks_speaks_for_the_devices_behind_it_only(path: str) -> None:
    """A report below `child` is decoded as one of the child, whichever gateway publishes it."""
    found = clients_of(
        device("gw", "jetlinks", "g1", "gateway"),
        device("behind", "jetlinks", "d1", gateway="gw"),
        device("alone", "jetlinks", "d2"),
    )

    def may_publish(topic: str) -> bool:
        return any(filter_matches(pattern, topic) for pattern in client(found, "gw").publish)

    assert [may_publish("/p/g1/child/" + path.format(child)) for child in ("d1", "d2")] == [True, False]
    assert may_publish("/p/g1/child/new/register"), "a device that is added at the gateway can be claimed"


NAMES = st.text(st.sampled_from("ab/+#$%{}\n :set") | st.characters(), min_size=1, max_size=12)
REGISTRIES = st.lists(
    st.builds(
        device,
        NAMES,
        st.sampled_from(["", *sorted(ACCESS)]),
        NAMES,
        st.sampled_from(["gas_alarm", "gateway"]),
    ),
    max_size=5,
    unique_by=lambda one: one.id,
)


@given(REGISTRIES)
@example([device("a", "jetlinks", "pk"), device("b", "alink", "pk/dn")])
@example([device("a", "shelly", "b3"), device("b", "shelly", "b3/status")])
@example([device("a", "esphome", "shellies"), device("b", "shelly", "x")])
def test_no_device_may_publish_on_a_topic_of_another(devices: list[Device]) -> None:
    """Whatever the identities hold: every topic that is another device's own is refused to this one."""
    owners: dict[tuple[str, str], set[str]] = {}
    for one in devices:
        for identity in one.identities or (Identity("native", one.id),):
            owners.setdefault((identity.platform, identity.id.lower()), set()).add(one.id)
    shared = {id for ids in owners.values() if len(ids) > 1 for id in ids}
    found = [one for one in clients_of(*devices).clients if one.role == "device" and one.user not in shared]
    for one in found:
        for other in found:
            if one is not other and not _share_payload_topics(one, other):
                overlaps = [(a, b) for a in one.publish for b in other.publish if _overlap(a.split("/"), b.split("/"))]
                assert overlaps == [], (one.user, other.user)


def _overlap(one: list[str], other: list[str]) -> bool:
    """Whether some topic is covered by both filters."""
    if not one or not other or "#" in (one[0], other[0]):
        return one == other or "#" in (*one[:1], *other[:1])
    return (one[0] == other[0] or "+" in (one[0], other[0])) and _overlap(one[1:], other[1:])


def _share_payload_topics(one: BrokerClient, other: BrokerClient) -> bool:
    """ThingsBoard's topics have no name of a device."""
    return bool({*one.publish} & {*other.publish} & {"v1/devices/me/telemetry"})


@given(REGISTRIES)
def test_every_filter_is_valid_and_holds_nothing_that_a_file_could_misread(devices: list[Device]) -> None:
    for one in clients_of(*devices).clients[1:]:
        assert user_name_fault(one.user) is None
        for pattern in (*one.publish, *one.subscribe):
            assert filter_fault(pattern) is None
            assert pattern.isprintable()
            assert not set('"\\%{}') & set(pattern) or "{" in str(devices)
            assert "$" not in pattern.removeprefix("$oc/")


@given(NAMES)
def test_a_usable_part_is_one_level_of_text(part: str) -> None:
    if unusable(part) is None:
        assert part == part.strip()
        assert part.isprintable()
        assert not set("+#") & set(part)


def test_the_password_of_a_device_whose_record_is_faulty_is_kept_until_it_is_corrected() -> None:
    found = clients_of(device("gas-1"), device("bad", "tasmota", "a/#"))
    assert {"gas-1", "bad"} <= found.password_owners
