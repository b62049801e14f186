"""Every platform declares who may publish for its devices, and what it declares is what its adapter reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain import Device, Identity
from ingest.adapters import ADAPTERS, FILTERS
from ingest.routing.broker_clients import broker_clients
from ingest.routing.routes import Routes
from ingest.routing.topic_access import ACCESS
from ingest.topics import filter_covers, filter_matches

ADAPTERS_FOLDER = Path("ingest/adapters")


def test_every_platform_declares_its_topics() -> None:
    assert set(ACCESS) == set(FILTERS) == set(ADAPTERS)


def test_the_service_hears_what_devices_may_publish() -> None:
    """Elsewhere a permission would be to speak where nobody listens. Below a node's own name a site needs a filter."""
    unheard = [
        template
        for platform, access in ACCESS.items()
        for template in (*access.publish, *access.gateway_publish)
        if not template.startswith("{id}/") and not any(_covers(filter, template) for filter in FILTERS[platform])
    ]
    assert unheard == []


def _covers(pattern: str, template: str) -> bool:
    return filter_covers(pattern, "/".join("x" if "{" in level else level for level in template.split("/")))


@pytest.mark.parametrize("platform", sorted(ACCESS))
def test_a_device_may_publish_what_its_platform_documents_for_it(platform: str) -> None:
    """Or its bridge or gateway may, where the platform has no client for each device."""
    site = Routes(
        {
            "esphome": ["+/+/+/state", "home/+/+/+/state", "home/b3/+/+/+/state", "+/status", "+/debug"],
            "shelly": ["shellies/#", "+/events/rpc", "+/status/+", "+/+/events/rpc", "+/+/status/+"],
        }
    )
    refused = [
        topic for identity, topic in documented_topics(platform) if not _may_publish(platform, identity, topic, site)
    ]
    assert refused == []


SPEAKER: dict[str, Callable[[list[str]], str]] = {
    "alink": lambda levels: "/".join(levels[2:4]),
    "iotda": lambda levels: levels[2],
    "jetlinks": lambda levels: levels[2],
    "tasmota": lambda levels: levels[1],
    "shelly": lambda levels: levels[1] if levels[0] == "shellies" else "/".join(levels[:-2]),
    "esphome": lambda levels: "/".join(levels[: -1 if levels[-1] in ("status", "debug") else -3]),
    "sparkplug": lambda levels: f"{levels[1]}/{levels[3]}",
}
"""Who is named by the levels of a topic: a gateway's messages have the name of a sub-device in the payload."""


def _may_publish(platform: str, identity: str, topic: str, site: Routes) -> bool:
    """Whether the client of the device may, or that of the gateway whose name is in the topic."""
    speaker = SPEAKER[platform](topic.split("/")) if platform in SPEAKER else identity
    gateway = Device("gw", "gateway", identities=(Identity(platform, speaker),))
    attributes = {"gateway": "gw"} if platform in SPEAKER else {}
    device = Device("dev", "gas_alarm", None, None, (Identity(platform, identity),), attributes)
    clients = broker_clients([gateway, device], site).clients[1:]
    return any(filter_matches(pattern, topic) for client in clients for pattern in client.publish)


def documented_topics(platform: str) -> list[tuple[str, str]]:
    """Identity and topic of each message that the adapter's evidence attributes to one device."""
    evidence: Any = yaml.safe_load((ADAPTERS_FOLDER / f"{platform}.yaml").read_text("utf-8"))
    found = [
        (one["device"]["identity"], one["topic"].replace("%topic%", "bridge"))
        for one in evidence["read"]
        if "device" in one
        and not one.get("topic", "v1/devices/").startswith(NOT_OF_A_CLIENT)
        and one["device"]["identity"] != "Kitchen"  # its topic has its address: that has to be registered as well
    ]
    assert found
    return found


NOT_OF_A_CLIENT = ("v1/devices/", "spBv1.0/STATE/", "$oc/bridges/")
"""What a rule of the broker has rewritten from `v1/devices/me`, what a host application says of itself, what Huawei's
bridge forwards."""
