"""Which topics the MQTT client of a device may publish and read, for each platform: the source of a broker's ACL.

Topics are those that the platform's adapter reads by default; `Routes.site_filters` applies a site's own filters. In a
template `{id}` is the identity of the device on the platform, `{id[0]}` its first level. Every platform has an entry: a
new one must declare who may speak for its devices.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class TopicAccess(Struct, frozen=True):
    """The topics of one platform.

    `publish` and `subscribe` are templates of one device's topics. `connects`: such a device is an MQTT client of its
    own; otherwise a bridge or a gateway publishes for it. A platform without `publish` names its devices in the payload
    only: who may publish there may speak for each of them.

    `gateway_publish` and `gateway_subscribe` are for a client that other devices are connected through, besides the
    topics of those devices; `{id}` is its own identity. Topics whose payload names sub-devices are among them only: a
    device that is no gateway could use them to speak for another one. `child_publish` topics have the names of both the
    gateway, `{gateway}`, and a device behind it. `discovery` topics define what other topics mean,
    so who may publish there can change the meaning of another device's messages.

    `keywords` are levels that the adapter reads as part of its own grammar: an identity with one of them cannot be told
    from another device's topic. `identity_levels` is the number of levels that an identity has, 0 for any number;
    `gateway_levels` that of a gateway's, where it differs.
    """

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    connects: bool = False
    gateway_publish: tuple[str, ...] = ()
    gateway_subscribe: tuple[str, ...] = ()
    child_publish: tuple[str, ...] = ()
    discovery: tuple[str, ...] = ()
    keywords: frozenset[str] = frozenset()
    identity_levels: int = 1
    gateway_levels: int | None = None


ACCESS: Final[dict[str, TopicAccess]] = {
    "native": TopicAccess(
        publish=("fengshao/v1/{id}/up", "fengshao/v1/{id}/alarm", "fengshao/v1/{id}/status"),
        subscribe=("fengshao/v1/{id}/down",),
        connects=True,
    ),
    "chirpstack": TopicAccess(
        publish=("application/+/device/{id}/event/+",),
        subscribe=("application/+/device/{id}/command/+",),
    ),
    "tts": TopicAccess(
        # Named one by one: `v3/+/devices/{id}/#` would contain `down/push`, a command to the device.
        publish=(
            "v3/+/devices/{id}/up",
            "v3/+/devices/{id}/join",
            "v3/+/devices/{id}/location/solved",
            "v3/+/devices/{id}/service/data",
            "v3/+/devices/{id}/down/queued",
            "v3/+/devices/{id}/down/sent",
            "v3/+/devices/{id}/down/ack",
            "v3/+/devices/{id}/down/nack",
            "v3/+/devices/{id}/down/failed",
        ),
        subscribe=("v3/+/devices/{id}/down/push", "v3/+/devices/{id}/down/replace"),
    ),
    "zigbee2mqtt": TopicAccess(
        publish=("zigbee2mqtt/{id}", "zigbee2mqtt/{id}/+"),
        subscribe=("zigbee2mqtt/{id}/set", "zigbee2mqtt/{id}/get", "zigbee2mqtt/{id}/set/+", "zigbee2mqtt/{id}/get/+"),
        gateway_publish=("zigbee2mqtt/{id}/#",),
        gateway_subscribe=("zigbee2mqtt/{id}/request/#",),
        discovery=("homeassistant/#",),
        keywords=frozenset({"bridge", "set", "get", "availability"}),
        identity_levels=0,
    ),
    "homeassistant": TopicAccess(gateway_publish=("homeassistant/#",), identity_levels=0),
    "tasmota": TopicAccess(
        publish=("tele/{id}/+", "stat/{id}/+"),
        subscribe=("cmnd/{id}/+",),
        connects=True,
        child_publish=("tele/{gateway}/{id}/+", "stat/{gateway}/{id}/+"),
        keywords=frozenset({"tele", "stat", "cmnd"}),
        identity_levels=0,
    ),
    "shelly": TopicAccess(
        publish=(
            "shellies/{id}/+",
            "shellies/{id}/+/+",
            "shellies/{id}/+/+/+",
            "{id}/events/rpc",
            "{id}/status/+",
            "{id}/online",
        ),
        subscribe=(
            "shellies/{id}/command",
            "shellies/{id}/+/command",
            "shellies/{id}/+/+/command",
            "shellies/command",
            "{id}/rpc",
            "{id}/command",
            "{id}/command/+",
        ),
        connects=True,
        keywords=frozenset({"shellies", "events", "rpc", "status", "online", "command", "announce"}),
        identity_levels=0,
    ),
    "esphome": TopicAccess(
        publish=("{id}/+/+/state", "{id}/status", "{id}/debug"),
        subscribe=("{id}/+/+/command",),
        connects=True,
        discovery=("homeassistant/+/{id}/+/config",),
        keywords=frozenset({"state", "status", "debug", "command"}),
        identity_levels=0,
    ),
    # `{id}` of a device is `group/edge/device`, of its gateway `group/edge`.
    "sparkplug": TopicAccess(
        publish=(
            "spBv1.0/{id[0]}/DBIRTH/{id[1]}/{id[2]}",
            "spBv1.0/{id[0]}/DDATA/{id[1]}/{id[2]}",
            "spBv1.0/{id[0]}/DDEATH/{id[1]}/{id[2]}",
        ),
        subscribe=("spBv1.0/{id[0]}/DCMD/{id[1]}/{id[2]}",),
        gateway_publish=(
            "spBv1.0/{id[0]}/NBIRTH/{id[1]}",
            "spBv1.0/{id[0]}/NDATA/{id[1]}",
            "spBv1.0/{id[0]}/NDEATH/{id[1]}",
        ),
        gateway_subscribe=("spBv1.0/{id[0]}/NCMD/{id[1]}", "spBv1.0/STATE/+"),
        identity_levels=3,
        gateway_levels=2,
    ),
    # Not `/sys/{id}/#`: `thing/dsltemplate/get_reply` defines the fields of the whole product.
    "alink": TopicAccess(
        publish=(
            "/sys/{id}/thing/event/post",
            "/sys/{id}/thing/event/+/post",
            "/sys/{id}/thing/property/post",
            "/sys/{id}/thing/model/up_raw",
            "/sys/{id}/thing/service/#",
            "/sys/{id}/ext/ntp/request",
        ),
        subscribe=("/sys/{id}/#",),
        connects=True,
        gateway_publish=(
            "/sys/{id}/thing/event/property/+/post",
            "/sys/{id}/thing/list/found",
            "/sys/{id}/thing/topo/#",
            "/sys/{id}/thing/sub/#",
        ),
        identity_levels=2,
    ),
    "iotda": TopicAccess(
        publish=(
            "$oc/devices/{id}/sys/properties/#",
            "$oc/devices/{id}/sys/events/#",
            "$oc/devices/{id}/sys/messages/#",
            "$oc/devices/{id}/sys/commands/#",
            "$oc/devices/{id}/sys/shadow/#",
        ),
        subscribe=("$oc/devices/{id}/#",),
        connects=True,
        gateway_publish=("$oc/devices/{id}/sys/gateway/#", "$oc/devices/{id}/sys/sub_device_manage/#"),
    ),
    "ctwing": TopicAccess(),
    # The identity is an access token, which belongs into no file; with `me` the broker's rule adds the user name.
    "thingsboard": TopicAccess(
        publish=("v1/devices/me/telemetry", "v1/devices/me/attributes"),
        connects=True,
        gateway_publish=(
            "v1/gateway/telemetry",
            "v1/gateway/attributes",
            "v1/gateway/connect",
            "v1/gateway/disconnect",
            "v1/gateway/rpc",
            "v1/gateway/provision",
        ),
        gateway_subscribe=("v1/gateway/rpc", "v1/gateway/attributes/response"),
        identity_levels=0,
    ),
    # Level by level: `/+/{id}/#` would also cover `/sys/{id}/…` of Alink, where the id is a whole product.
    "jetlinks": TopicAccess(
        publish=(
            "/+/{id}/properties/report",
            "/+/{id}/event/+",
            "/+/{id}/metadata/derived",
        ),
        subscribe=("/+/{id}/properties/read", "/+/{id}/properties/write", "/+/{id}/function/invoke"),
        connects=True,
        # By name: a report below `child` is one of the child, so with `+` a gateway would speak for every device.
        child_publish=(
            "/+/{gateway}/child/{id}/properties/report",
            "/+/{gateway}/child/{id}/properties/+/reply",
            "/+/{gateway}/child/{id}/event/+",
            "/+/{gateway}/child/{id}/+",
            "/+/{gateway}/child/+/child/{id}/properties/report",
            "/+/{gateway}/child/+/child/{id}/event/+",
        ),
        gateway_publish=("/+/{id}/child/+/register",),
        gateway_subscribe=("/+/{id}/child-reply/#",),
    ),
    "wmbusmeters": TopicAccess(identity_levels=0),
    "hj212": TopicAccess(identity_levels=0),
    "setracker": TopicAccess(identity_levels=0),
    "jftech": TopicAccess(identity_levels=0),
}
"""By platform, as ingest.adapters.FILTERS."""
