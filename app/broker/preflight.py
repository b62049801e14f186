"""Asks a broker whether the service could work with it: reachable, TLS, credentials, subscriptions, clock.

Every fault is one sentence with what to mend. One command is published, to the device of the self-test, to see whether
it comes back: Mosquitto grants every subscription and withholds what the user may not read. The service's own sessions
are not touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

import aiomqtt
from msgspec import Struct
from paho.mqtt.reasoncodes import ReasonCode

from alerts.cases.canary import CANARY_DEVICE
from app.mqtt_client import MqttClient, mqtt_client
from domain import MINUTE, SECOND, Instant
from domain.times import parse_rfc3339
from ingest.mqtt.broker_address import BrokerAddress
from ingest.mqtt.broker_drops import DROP_COUNTER_TOPICS

CLOCK_TOPIC: Final = "$SYS/brokers/+/datetime"
"""EMQX tells its time there once a minute; Mosquitto and NanoMQ do not tell theirs."""
CLOCK_DIFFERENCE_MAX_MS: Final = 2 * MINUTE
"""As of a device's clock (design.md section 7)."""
CLOCK_WAIT_S: Final = 2.0
ECHO_TOPIC: Final = f"fengshao/v1/{CANARY_DEVICE}/down"
ECHO_WAIT_S: Final = 15.0
TIMEOUT_S: Final = 30.0
_REFUSED_MIN: Final = 0x80
_UNSUPPORTED_VERSION: Final = 0x84
_CREDENTIALS: Final = frozenset({0x86, 0x87, 0x8C})
"""CONNACK reason codes: bad user name or password, not authorized, bad authentication method."""


class BrokerPreflight(Struct, frozen=True):
    """What was found: what works, in the order in which it was tried, and what does not."""

    passed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


async def check_broker(
    address: BrokerAddress, filters: Sequence[str], clock: Callable[[], Instant], timeout_s: float = TIMEOUT_S
) -> BrokerPreflight:
    """Connect, subscribe to the service's filters and its drop counters, look at the broker's clock, disconnect."""
    client_id = f"fengshao-check-{secrets.token_hex(4)}"
    options: Mapping[str, Any] = {"identifier": client_id, "protocol": aiomqtt.ProtocolVersion.V5, "timeout": timeout_s}
    client = mqtt_client(address, **options)
    try:
        async with client:
            connected = [f"reached {address.without_password}", *_credentials(address)]
            return await _check_session(client, connected, filters, clock)
    except (aiomqtt.MqttError, OSError) as error:
        return BrokerPreflight(faults=(_connection_fault(address, error),))


def _credentials(address: BrokerAddress) -> Iterator[str]:
    if address.tls:
        yield "the certificate of the broker is valid"
    if address.username:
        yield f"the password of {address.username} is accepted"


async def _check_session(
    client: MqttClient, connected: Sequence[str], filters: Sequence[str], clock: Callable[[], Instant]
) -> BrokerPreflight:
    counters = [*DROP_COUNTER_TOPICS, CLOCK_TOPIC]
    wanted = [*filters, *counters]
    answers: Any = await client.subscribe([(pattern, 1) for pattern in wanted])
    codes = [code.value if isinstance(code, ReasonCode) else int(code) for code in answers]
    refused = [pattern for pattern, code in zip(wanted, codes, strict=True) if code >= _REFUSED_MIN]
    faults = [f"{pattern}: the broker refuses the subscription; allow it in its ACL" for pattern in refused]
    granted = len(wanted) - len(refused)
    passed = [*connected, f"{granted} of {len(wanted)} subscriptions are granted"]
    further = [await _echo_fault(client), await _clock_fault(client, clock)]
    return BrokerPreflight(tuple(passed), (*faults, *(fault for fault in further if fault)))


async def _echo_fault(client: MqttClient) -> str | None:
    """Publish one command and wait until it is heard; None when it is."""
    payload = secrets.token_hex(8).encode("ascii")
    try:
        async with asyncio.timeout(ECHO_WAIT_S):
            await client.publish(ECHO_TOPIC, payload, qos=1)
            async for message in client.messages:
                if message.payload == payload:
                    return None
    except TimeoutError:
        pass
    return (
        f"a message to {ECHO_TOPIC} is not heard, although the subscription is granted: the ACL of the broker must let "
        "this user read all and publish commands (`fengshao broker acl`)"
    )


async def _clock_fault(client: MqttClient, clock: Callable[[], Instant]) -> str | None:
    """What is wrong with the clocks; None when they agree, and when the broker does not tell its time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOCK_WAIT_S):
            async for message in client.messages:
                if str(message.topic).endswith("/datetime") and isinstance(message.payload, bytes):
                    return clock_fault(message.payload.decode("ascii", "replace"), clock())
    return None


def clock_fault(text: str, now: Instant) -> str | None:
    """What is wrong with this time of the broker (RFC 3339), compared with ours.

    >>> clock_fault("2026-11-29T13:00:00.000+08:00", 1_795_928_400_000)
    >>> clock_fault("2026-11-29T13:10:00.000+08:00", 1_795_928_400_000)
    "the broker's clock is 600 s ahead of ours: one of the two machines needs NTP"
    """
    try:
        ahead_ms = parse_rfc3339(text, UTC) - now
    except ValueError:
        return None
    if abs(ahead_ms) <= CLOCK_DIFFERENCE_MAX_MS:
        return None
    side = "ahead of" if ahead_ms > 0 else "behind"
    return f"the broker's clock is {abs(ahead_ms) // SECOND} s {side} ours: one of the two machines needs NTP"


def _connection_fault(address: BrokerAddress, error: BaseException) -> str:
    """One sentence for what went wrong, by the innermost error."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
        if isinstance(cause, ssl.SSLError):
            break
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"{address}: its certificate is not trusted: {cause.verify_message}; see mqtt.tls (ca_file, server_name)"
    if isinstance(cause, ssl.SSLError):
        return (
            f"{address}: TLS fails: {cause.reason or cause}; does it speak TLS, and does it want a client certificate?"
        )
    code = getattr(getattr(error, "rc", None), "value", getattr(error, "rc", None))
    if code in _CREDENTIALS:
        login = "FENGSHAO_MQTT_USER and FENGSHAO_MQTT_PASSWORD"
        return f"{address.without_password}: user or password is refused: set {login}"
    if code == _UNSUPPORTED_VERSION or code == 1:
        return f"{address}: speaks no MQTT 5, which the service needs; devices may use 3.1.1"
    return f"{address}: cannot be reached: {error}"
