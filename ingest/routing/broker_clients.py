"""The clients of a broker by the registry, and the topics that each may publish and read: what an ACL is written from.

A device publishes as itself, a gateway for the devices connected through it, a bridge for the devices of its platform
that name no gateway, and the service reads all. A part of an identity that a broker could read as a wildcard, a
placeholder or a new line is in no topic: such an identity is omitted, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain import Device, Identity
from domain.identities import canonical, shown
from ingest.routing.routes import NATIVE, Routes
from ingest.routing.topic_access import ACCESS, TopicAccess
from ingest.topics import filter_fault

GATEWAY: Final = "gateway"
"""The attribute by which a device names its gateway, and the kind of gateways."""
NAME_BYTES_MAX: Final = 64
"""Of a user name: the common name of a certificate has no more characters (RFC 5280, ub-common-name)."""
_FORBIDDEN: Final = frozenset('+#$%"\\\x00')
"""Wildcards; `$` and `%` begin placeholders of brokers (`${username}`, `%u`); the rest ends a text in their files."""
_FORBIDDEN_IN_NAMES: Final = _FORBIDDEN | {":", "/", ","}
"""A password file has one `user:hash` a line, EMQX' import file columns with commas."""
ZIGBEE_BRIDGE: Final = Identity("zigbee2mqtt", "bridge")
SERVICE_SUBSCRIBE: Final = ("#", "$SYS/#", "$oc/#")
"""`#` contains no topic that begins with a dollar (MQTT 5, section 4.7.2)."""
SERVICE_PUBLISH: Final = ("fengshao/v1/+/down", "spBv1.0/+/NCMD/+")
EXERCISE_PUBLISH: Final = ("fengshao/v1/+/exercise",)


class BrokerClient(Struct, frozen=True):
    """One user. `publish` and `subscribe` are topic filters; `role` is service, exercise, device or bridge."""

    user: str
    role: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


class Omission(Struct, frozen=True):
    """A device, or one of its identities, that no client may speak for, and what to write instead."""

    device: str
    reason: str


class BrokerClients(Struct, frozen=True):
    """All clients of a broker: the service, that of exercises, devices in registry order, then bridges by name."""

    clients: tuple[BrokerClient, ...]
    omitted: tuple[Omission, ...] = ()

    @property
    def password_owners(self) -> set[str]:
        """Users whose passwords are kept: also those of devices that are omitted until their record is corrected."""
        return {client.user for client in self.clients} | {omission.device for omission in self.omitted}


class ClientRules(Struct, frozen=True):
    """What a site decides: the service's user, topics that it publishes on besides its own, bridges that may connect
    before a device of theirs is registered, whether devices may define topics (Home Assistant discovery), and the user
    of exercises (none: empty)."""

    service: str = "fengshao"
    service_publish: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    bridges: tuple[str, ...] = ()
    discovery: bool = False
    exercise: str = ""


def broker_clients(devices: Iterable[Device], routes: Routes, rules: ClientRules | None = None) -> BrokerClients:
    """The clients of these devices. Their attribute `gateway` must be set where their identity names one."""
    rules = rules or ClientRules()
    builder = _Builder([device for device in devices if device.id not in rules.ignored], routes, rules)
    return builder.build()


def unusable(part: str, forbidden: Collection[str] = _FORBIDDEN) -> str | None:
    """Why this text may not be part of a topic filter or a user name; None when it may.

    >>> unusable("gas-001"), unusable("gas/+")
    (None, "it contains '+'")
    >>> unusable("a\\nuser root"), unusable(" a")
    ('it contains a character that cannot be printed', 'it is empty, or begins or ends with a space')
    """
    if part != part.strip() or not part:
        return "it is empty, or begins or ends with a space"
    wrong = next((character for character in part if character in forbidden), None)
    if wrong is not None and wrong.isprintable():
        return f"it contains {wrong!r}"
    return None if part.isprintable() else "it contains a character that cannot be printed"


def user_name_fault(name: str) -> str | None:
    """Why this cannot be a user name of a broker; None when it can."""
    if len(name.encode("utf-8", "replace")) > NAME_BYTES_MAX:
        return f"it has more than {NAME_BYTES_MAX} bytes"
    return unusable(name, _FORBIDDEN_IN_NAMES)


class _Builder:
    """Collects topics by user."""

    def __init__(self, devices: Sequence[Device], routes: Routes, rules: ClientRules) -> None:
        self._devices, self._routes, self._rules = devices, routes, rules
        self._by_id = {device.id: device for device in devices}
        self._gateways = {str(device.attributes.get(GATEWAY, "")) for device in devices}
        self._reserved = {rules.service, rules.exercise, *ACCESS}
        self._publish: dict[str, dict[str, None]] = {}
        self._subscribe: dict[str, dict[str, None]] = {}
        self._bridges = dict.fromkeys(rules.bridges)
        self._omitted: dict[Omission, None] = {}

    def build(self) -> BrokerClients:
        service = BrokerClient(
            self._rules.service, "service", (*SERVICE_PUBLISH, *self._rules.service_publish), SERVICE_SUBSCRIBE
        )
        for device in self._devices:
            self._add_device(device)
        users = [device.id for device in self._devices if device.id in self._publish or device.id in self._subscribe]
        clients = [
            BrokerClient(user, "device", tuple(self._publish.get(user, ())), tuple(self._subscribe.get(user, ())))
            for user in users
        ]
        bridges = [self._bridge(platform) for platform in sorted(self._bridges)]
        user = self._rules.exercise
        exercise = [BrokerClient(user, "exercise", EXERCISE_PUBLISH, ())] if user else []
        return BrokerClients((service, *exercise, *clients, *bridges), tuple(self._omitted))

    # -- devices --------------------------------------------------------------------------------------------------

    def _add_device(self, device: Device) -> None:
        for identity in device.identities or (Identity(NATIVE, device.id),):
            access = ACCESS.get(identity.platform)
            if access is None:
                self._omit(device, f"the platform {identity.platform!r} has no topics over MQTT")
                continue
            self._add_identity(device, identity, access)

    def _add_identity(self, device: Device, identity: Identity, access: TopicAccess) -> None:
        is_gateway = self._is_gateway(device, identity, access)
        gateway = self._by_id.get(str(device.attributes.get(GATEWAY, "")))
        carriers = [device] if access.connects or is_gateway else []
        carriers += [gateway] if gateway is not None and gateway is not device else []
        if not carriers:
            self._bridges[identity.platform] = None
            return
        fault = self._identity_fault(identity, access, is_gateway)
        if fault is not None:
            self._omit(device, f"{identity.platform} identity {shown(identity.platform, identity.id)!r}: {fault}")
            return
        for carrier in carriers:
            if self._has_valid_name(carrier):
                self._grant(carrier, device, identity, access, is_gateway)

    def _is_gateway(self, device: Device, identity: Identity, access: TopicAccess) -> bool:
        """Whether others are connected through it, or its identity is one that only a gateway has."""
        if identity.platform == ZIGBEE_BRIDGE.platform:
            return identity.id.rpartition("/")[2] == ZIGBEE_BRIDGE.id
        if access.gateway_levels is not None:
            return identity.id.count("/") + 1 == access.gateway_levels
        return device.kind == GATEWAY or device.id in self._gateways

    def _identity_fault(self, identity: Identity, access: TopicAccess, is_gateway: bool) -> str | None:
        """Why this identity can be in no topic of its own."""
        if not any("{id" in template for template in access.publish):
            return None
        levels = identity.id.split("/")
        count = access.gateway_levels if is_gateway and access.gateway_levels else access.identity_levels
        if count and len(levels) != count:
            return f"it has {len(levels)} levels instead of {count}"
        own_levels = levels[:-1] if is_gateway and identity.platform == ZIGBEE_BRIDGE.platform else levels
        keyword = next((level for level in own_levels if level in access.keywords), None)
        if keyword is not None:
            return f"the level {keyword!r} is a word of the platform: rename it there"
        return next((fault for level in levels if (fault := unusable(level)) is not None), None)

    def _has_valid_name(self, carrier: Device) -> bool:
        fault = user_name_fault(carrier.id)
        if carrier.id in self._reserved:
            fault = "it is the name of the service or of a bridge"
        if fault is not None:
            self._omit(carrier, f"its id cannot be a user name of a broker: {fault}")
        return fault is None

    def _omit(self, device: Device, reason: str) -> None:
        self._omitted[Omission(device.id, reason)] = None

    def _grant(
        self, carrier: Device, device: Device, identity: Identity, access: TopicAccess, is_gateway: bool
    ) -> None:
        platform = identity.platform
        if not access.publish:
            self._add(self._publish, carrier, self._routes.filters[platform])
            return
        publish, subscribe = list(access.publish), list(access.subscribe)
        if is_gateway:
            own = access.gateway_levels is None and platform != ZIGBEE_BRIDGE.platform
            publish = [*(publish if own else ()), *access.gateway_publish]
            subscribe = [*(subscribe if own else ()), *access.gateway_subscribe]
        if self._rules.discovery:
            publish += access.discovery
        for spelling in _spellings(identity):
            self._add(self._publish, carrier, self._site_filters(platform, publish, spelling, received=True))
            self._add(self._subscribe, carrier, self._site_filters(platform, subscribe, spelling, received=False))
        if carrier is not device:
            self._grant_gateway_topics(carrier, identity, access)

    def _grant_gateway_topics(self, carrier: Device, identity: Identity, access: TopicAccess) -> None:
        """What a gateway publishes itself on the platform of a device behind it."""
        platform, publish, subscribe = identity.platform, access.gateway_publish, access.gateway_subscribe
        own_names = [one.id for one in carrier.identities if one.platform == platform]
        children = [
            template.replace("{gateway}", name)
            for template in access.child_publish
            for name in own_names
            if self._identity_fault(Identity(platform, name), access, False) is None
        ]
        for spelling in _spellings(identity):
            self._add(self._publish, carrier, self._site_filters(platform, children, spelling, received=True))
        implied = ZIGBEE_BRIDGE if platform == ZIGBEE_BRIDGE.platform else None
        if platform == "sparkplug":
            implied = Identity(platform, identity.id.rpartition("/")[0])
        if own_names or implied is None:
            return
        self._add(self._publish, carrier, self._site_filters(platform, publish, implied.id, received=True))
        self._add(self._subscribe, carrier, self._site_filters(platform, subscribe, implied.id, received=False))

    def _site_filters(self, platform: str, templates: Iterable[str], name: str, *, received: bool) -> Iterator[str]:
        for template in templates:
            topic = _fill(template, name)
            owner = "homeassistant" if topic.startswith("homeassistant/") else platform
            for pattern in self._routes.site_filters(owner, topic, received=received):
                if filter_fault(pattern) is None and (not received or self._belongs_to(owner, pattern)):
                    yield pattern

    def _belongs_to(self, platform: str, pattern: str) -> bool:
        """Whether a message there is decoded as one of this platform: an identity may look like another's topics."""
        return self._routes.platform_of(pattern.replace("+", "x").replace("#", "x")) == platform

    @staticmethod
    def _add(topics: dict[str, dict[str, None]], carrier: Device, patterns: Iterable[str]) -> None:
        topics.setdefault(carrier.id, {}).update(dict.fromkeys(patterns))

    # -- bridges --------------------------------------------------------------------------------------------------

    def _bridge(self, platform: str) -> BrokerClient:
        """A bridge publishes on every topic of its platform, and reads the commands to its devices."""
        access = ACCESS[platform]
        publish = dict.fromkeys(self._routes.filters[platform])
        if self._rules.discovery and access.discovery:
            publish |= dict.fromkeys(self._routes.filters["homeassistant"])
        any_name = {1: "+", 2: "+/+", 3: "+/+/+"}.get(access.identity_levels)
        commands: Iterable[str] = publish
        if any_name is not None:
            any_gateway = "/".join("+" * (access.gateway_levels or access.identity_levels))
            names = [(access.subscribe, any_name), (access.gateway_subscribe, any_gateway)]
            commands = [
                pattern
                for templates, name in names
                for template in templates
                for pattern in self._routes.site_filters(platform, _fill(template, name), received=False)
            ]
        return BrokerClient(platform, "bridge", tuple(publish), tuple(dict.fromkeys(commands)))


def _fill(template: str, name: str) -> str:
    """The template with the identity in it. No `str.format`: a name may contain braces.

    >>> _fill("spBv1.0/{id[0]}/NDEATH/{id[1]}", "ward/edge1"), _fill("tele/{id}/+", "{id[0]}")
    ('spBv1.0/ward/NDEATH/edge1', 'tele/{id[0]}/+')
    """
    parts: Mapping[str, str] = {"{id}": name, **{f"{{id[{n}]}}": part for n, part in enumerate(name.split("/"))}}
    return "/".join(parts.get(level, level) for level in template.split("/"))


def _spellings(identity: Identity) -> list[str]:
    """How the identity may be written in topics, which are case-sensitive: as registered, in lower case, and a Shelly's
    with its address in upper case, as the first generation writes it; a Zigbee address of Tasmota also without `0x`."""
    name = identity.id
    spellings = [name, canonical(identity.platform, name)]
    if identity.platform == "shelly":
        head, dash, tail = name.rpartition("-")
        spellings.append(f"{head}{dash}{tail.upper()}")
    if identity.platform == "tasmota" and name.startswith("0x"):
        spellings.append(name.removeprefix("0x"))
    return list(dict.fromkeys(spellings))
