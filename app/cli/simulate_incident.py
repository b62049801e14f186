"""`fengshao simulate SCENARIO`: one incident of the library on the devices of a site, over MQTT, as an exercise."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from app.broker.tls import client_context
from app.clock import Clock
from app.config.addresses import parse_broker_url
from app.config.site import SiteConfig, load_site
from app.config.suggestions import unknown_name
from app.datadir import control_socket
from app.errors import UserError
from app.mqtt_client import mqtt_client
from app.server.demo import SITE
from domain import Instant
from domain.people import community
from ingest.mqtt.broker_address import BrokerAddress
from simulators.events import Batch, Incident, Measurement, TimedEvent
from simulators.publisher import publish_events
from simulators.town.carried import carries
from simulators.town.exercise import exercise_of
from simulators.town.incident_library import LIBRARY, NamedIncident, find_incident, play_incident
from simulators.town.named_incidents import NoSuitableDevice
from simulators.town.site_town import town_of_site
from simulators.town.town import Town
from simulators.wire import native

Echo = Callable[[str], Any]


class Order(Struct, frozen=True):
    """What is played, and how. `data` is the DIR of the service whose exercise is started; `real`: without the flag;
    `login`: user and password of the broker's user of exercises."""

    scenario: str
    broker: str
    site: Path | None
    seed: int
    speed: float
    devices: tuple[str, ...] = ()
    data: Path | None = None
    real: bool = False
    login: tuple[str, str] = ("", "")


class Played(Struct, frozen=True):
    """What is published, what always follows, and whether it is published natively on the topics of exercises."""

    events: Sequence[TimedEvent]
    closing: tuple[Measurement, ...] = ()
    on_exercise_topics: bool = False


def print_library(echo: Echo) -> None:
    """Name, Chinese title, English title and the rules of every incident."""
    for one in LIBRARY:
        how = "silence, with --real only" if one.silence else f"drill {one.drill}" if one.drill else "no drill"
        echo(f"{one.name:<17} {one.title}  {one.english} ({', '.join(one.rules)}; {how})")


def login_of(username: str, password_env: str, *, real: bool) -> tuple[str, str]:
    """User and password of the broker's user of exercises; two empty texts without one. Raises UserError."""
    if not username:
        return "", ""
    if real:
        raise UserError("--username: the user of exercises may publish exercises only: leave out --real, or --username")
    password = os.environ.get(password_env, "")
    if not password:
        raise UserError(f"--username {username}: its password is expected in the environment variable {password_env}")
    return username, password


def play_scenario(order: Order, echo: Echo) -> None:
    """Play it until it is over or Ctrl-C. Raises UserError."""
    named = find_incident(order.scenario)
    if named is None:
        raise UserError(f"SCENARIO: {unknown_name(order.scenario, [one.name for one in LIBRARY])}; --list shows all")
    if named.silence and not order.real:
        raise UserError(
            f"{named.name}: what devices do not report cannot say that it is a test. On a site whose devices are all "
            "simulated, play it with --real"
        )
    config, clock = load_site(order.site or SITE), Clock()
    broker, town = _broker(order, config), _town(order, config)
    incident, events = _incident(town, named, clock(), order)
    echo(f"{named.title} ({named.english}): {_where(config, incident)}; devices {', '.join(incident.devices)}")
    played = Played(list(events)) if order.real else _exercise(town, events, order, echo)
    if order.real:
        echo("--real: no message says that it is a test. The service calls people in earnest.")
    else:
        _start_drill(named, incident, order.data, echo)
    asyncio.run(publish(played, broker, town, order.speed, clock, echo))


def _broker(order: Order, config: SiteConfig) -> BrokerAddress:
    """With the TLS settings of the site, where one is named."""
    tls = config.settings.mqtt.tls
    context = client_context(tls, config.path or Path()) if order.site is not None else None
    return parse_broker_url(order.broker, order.login, context, has_certificate=bool(tls.certificate_file))


def _town(order: Order, config: SiteConfig) -> Town:
    """The user of exercises publishes natively for all devices, by their ids, whatever platform they speak on."""
    devices = [replace(one, identities=()) for one in config.devices] if order.login[0] else config.devices
    return town_of_site(config.places, config.cells, config.people, config.duties, devices, config.settings.timezone)


def _incident(town: Town, named: NamedIncident, begin: Instant, order: Order) -> tuple[Incident, Sequence[TimedEvent]]:
    known = {device.id for device in town.devices}
    for device in order.devices:
        if device not in known:
            raise UserError(f"--device {device}: the site has no such device")
    try:
        incident, events = _on_suitable_devices(town, named, begin, order)
    except NoSuitableDevice as error:
        raise UserError(str(error)) from None
    except (KeyError, IndexError):
        if not order.devices:
            raise
        names = ", ".join(order.devices)
        raise UserError(f"--device {names}: {named.name} is not played on a device of this kind") from None
    return incident, list(events)


def _on_suitable_devices(
    town: Town, named: NamedIncident, begin: Instant, order: Order
) -> tuple[Incident, Iterable[TimedEvent]]:
    """An exercise rather on devices whose format has a flag for a test."""
    if not (order.devices or order.real):
        flagged = replace(town, devices=tuple(device for device in town.devices if carries(device, "test")))
        with contextlib.suppress(NoSuitableDevice):
            return play_incident(flagged, named, begin, order.seed)
    return play_incident(town, named, begin, order.seed, order.devices)


def _where(config: SiteConfig, incident: Incident) -> str:
    levels = config.settings.levels
    return community(config.places, config.cells, config.people, levels=levels).address(incident.place) or "no place"


def _exercise(town: Town, events: Sequence[TimedEvent], order: Order, echo: Echo) -> Played:
    exercise = exercise_of(events, {device.id: device for device in town.devices}, order.speed)
    if exercise.unflagged:
        echo(f"not played, since their format has no flag for a test: {', '.join(exercise.unflagged)}")
    return Played(exercise.events, exercise.all_clear, on_exercise_topics=bool(order.login[0]))


def _start_drill(named: NamedIncident, incident: Incident, data: Path | None, echo: Echo) -> None:
    """The messages notify nobody, because they say that they are a test: the exercise of the service calls staff."""
    at = f" --place {incident.place}" if incident.place else ""
    if not named.drill:
        echo("exercise: the messages are stored and notify nobody; the service has no drill of this kind")
    elif data is None:
        echo(
            "exercise: the messages are stored and notify nobody. To call staff (演练, CAP status Exercise), name the "
            f"DIR of the running service by --data, or: fengshao drill start {named.drill}{at}"
        )
    else:
        body = {"scenario": named.drill, "place": incident.place, "text": f"{named.title}（模拟报文）"}
        try:
            drill = control_socket.request(data, "POST", "/api/v1/drills", body)
        except control_socket.ServiceNotRunning:
            raise UserError(f"--data {data}: no service runs there") from None
        where = drill["address"] or "no place"
        echo(f"drill {drill['id']}: {drill['title']}, {where}; to end it: fengshao drill end {drill['id']}")


async def publish(played: Played, broker: BrokerAddress, town: Town, speed: float, clock: Clock, echo: Echo) -> None:
    """Publish it until it is over, SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not played.events:
        return
    messages = [timed for timed in played.events if isinstance(timed.event, Measurement | Batch)]
    lasts_s = (played.events[-1].at - played.events[0].at) / speed / 1000
    echo(f"{len(messages)} reports in {lasts_s:.0f} s; Ctrl-C ends it")
    begin, now = played.events[0].at, clock()
    moved = [TimedEvent(now + (timed.at - begin), timed.event) for timed in played.events]
    reporting = {timed.event.device for timed in messages if isinstance(timed.event, Measurement | Batch)}
    await publish_events(
        lambda: mqtt_client(broker),
        [device for device in town.devices if device.id in reporting],
        moved,
        speed=speed,
        clock=clock,
        sleep=asyncio.sleep,
        stop=stop,
        closing=played.closing,
        readdress=native.exercise_of if played.on_exercise_topics else lambda message: message,
        on_truth=lambda _at, truth: echo(f"{truth.device}: {truth.what}"),
    )
    echo("over; every alarm was taken back" if played.closing else "over")
