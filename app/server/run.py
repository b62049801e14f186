"""`fengshao up`: opens the data directory, starts broker, stores and service, waits for a signal, closes in order.

A part that fails unexpectedly ends the process with a message: a service that runs in part is worse than none.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvloop
from msgspec import Struct

from app.backup.restore import refuse_unfinished_restore
from app.clock import Clock
from app.config.addresses import ListenAddress, parse_listen_address
from app.config.faults import ConfigFault
from app.config.site import SiteConfig
from app.config.unusable_settings import UnusableSettings
from app.datadir.copied_journal import CopiedJournal
from app.datadir.credentials import SECRETS_TO_FILES, admin_token, shown_secrets, signing_key
from app.datadir.lock import lock_for_start
from app.datadir.site_in_force import site_in_force
from app.datadir.stores import open_stores
from app.pipeline.retry import retry_until_writable
from app.server import http as serving
from app.server import systemd
from app.server.access import FIRST_USER, build_access, create_first_user
from app.server.broker import Broker, open_broker
from app.server.channels import build_channels, http_client
from app.server.console import build_app
from app.server.exchange import build_exchange_config, photo_links
from app.server.garbage import freeze_gc, loading
from app.server.logs import start_logging, use_format
from app.server.redaction import Redaction, named_secrets, secret_values
from app.server.restored import wait_for_takeover
from app.server.service import Service
from app.server.service_config import ServiceConfig
from app.server.shared_files import start_moving_photos, take_over_site
from app.server.two_machines import AloneOnLedger, become_active, keep_leading, leadership_of, may_connect, renewing
from console.http.standby import standby_app
from ingest.mqtt.broker_address import BrokerAddress
from store.database.leadership import Leadership

if TYPE_CHECKING:
    from app.server.demo import Demo

SWITCH_INTERVAL_S: Final = 0.001
"""In place of 5 ms: a transaction of the ledger may wait for the event loop after each of some twenty statements."""
STANDBY = "READY=1\nWATCHDOG=1"
"""A standby has started, and lives."""


class Options(Struct, frozen=True):
    """The command line of `up`."""

    data: Path | None
    http: str
    mqtt: str
    site: Path | None
    demo: bool
    findings: str = ""
    """Kafka's bootstrap servers, where the rules are evaluated elsewhere."""


def run(options: Options) -> int:
    """Returns the exit code, after a signal."""
    os.umask(0o077)  # DIR holds names, phone numbers and readings from homes
    start_logging(Redaction(secret_values(os.environ)))
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(start(options))
        finally:
            gc.unfreeze()  # frozen objects may be freed now; else DuckDB reports them as leaked after Ctrl-C
    return 0


async def start(options: Options) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        demo = await stack.enter_async_context(_demo(options.data)) if options.demo else None
        data = demo.data if demo else (options.data or Path("data"))
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack.enter_context(await asyncio.to_thread(lock_for_start, data))
        refuse_unfinished_restore(data)
        with loading():
            found = site_in_force(demo.site_folder if demo and not options.site else options.site, data)
        site = found.config
        if demo:
            site = await demo.start_providers(site, parse_listen_address(options.http, "--http"), Clock())
        await serve(stack, options, site, data, demo, stop, found.faults)


def _demo(data: Path | None) -> Demo:
    """Imported here: a service that hears real devices needs no simulated ones."""
    from app.server.demo import Demo

    return Demo(data)


async def serve(  # noqa: PLR0915 - the order of the start, line by line
    stack: contextlib.AsyncExitStack,
    options: Options,
    site: SiteConfig,
    data: Path,
    demo: Demo | None,
    stop: asyncio.Event,
    faults: Sequence[ConfigFault] = (),
) -> None:
    """Runs the service until `stop`; `faults` of the site's files are those for which others are in force."""
    manager = systemd.take_environment(os.environ)
    clock, environ = Clock(), {**os.environ, **(demo.environ if demo else {})}
    http = parse_listen_address(options.http, "--http")
    serving.check_port_free(http)
    unusable = UnusableSettings()
    token, is_new = admin_token(data, environ, unusable)
    proxies, alive = site.settings.http.trusted_proxies, partial(systemd.notify, STANDBY, manager)
    notice = partial(serving.serve, at=http, data=data, token=token, proxies=proxies)
    was_copy = await wait_for_takeover(data, notice, stop, alive)
    leadership = None if stop.is_set() else await lead(stack, http, token, site, data, stop, alive)
    if stop.is_set():
        return
    loads = stack.enter_context(contextlib.ExitStack())
    loads.enter_context(renewing(leadership))
    if (was_copy or leadership is not None) and not demo:  # the files may have changed in the weeks of waiting
        with loading():
            found = await asyncio.to_thread(take_over_site, site, data, clock)
        site, faults = found.config, found.faults
    broker = await stack.enter_async_context(
        open_broker(options.mqtt, data, environ, site.settings.mqtt, site.folder_now or Path(), unusable)
    )
    if keep_alive := broker.keep_alive:
        stack.callback(keep_alive.close)  # it is never awaited where a setting is refused below
    with loading():
        service = await open_service(
            stack, site, data, broker, token, environ, clock, unusable, options.findings, leadership
        )
        service.report_site_faults([str(fault) for fault in faults])
        freeze_gc()
    await asyncio.to_thread(loads.close)
    to_systemd = {"systemd": systemd.keep_alive(service.vitals.why_stalled, manager)}
    tasks = service.background_tasks() | to_systemd | ({"broker": keep_alive} if keep_alive else {})
    consumer = service.consumer
    tasks |= {"lease": keep_leading(leadership, lambda: consumer.may_connect() or consumer.ready)} if leadership else {}
    tasks |= {"announcement": announce(service, options, (token, is_new), demo)}
    stack.callback(lambda: [work.close() for work in tasks.values()])
    app = demo.app(build_app(service)) if demo else build_app(service)
    stack.callback(reload_on_sighup(service.reload))
    async with (
        serving.serve(app, http, data, token, proxies),
        supervise(tasks, stop) as failed,
    ):
        if demo:
            await demo.start_devices(broker.address, site, clock)
        systemd.notify("READY=1", manager)
        await stop.wait()
        systemd.notify("STOPPING=1", manager)
        if demo:
            await demo.stop()
        if not failed:
            await service.stop_intake()
    if failed:
        raise failed[0]


def redacted_log(site: SiteConfig, environ: Mapping[str, str], *own: str) -> Redaction:
    """Log in the format of the site, without its secrets and `own` ones."""
    named = named_secrets(site.settings.model_dump(), environ)
    redact = Redaction([*secret_values(environ), *named, site.settings.watchdog.url, *own])
    use_format(site.settings.logs.format, redact)
    return redact


async def announce(service: Service, options: Options, token: tuple[str, bool], demo: Demo | None) -> None:
    """Create the first user where there is none, and print where the service listens. A ledger that does not answer at
    this moment is waited for: the service hears and tells already."""
    database, passwords = service.stores.database, service.config.access.passwords
    first_user = partial(create_first_user, database, passwords, service.clock(), demo=bool(demo))
    password = await retry_until_writable(first_user, "first user")
    shown, is_new = token
    if not demo and os.environ.get(SECRETS_TO_FILES):
        shown, password = shown_secrets(service.config.data, password)
    http = parse_listen_address(options.http, "--http")
    print_startup_banner(http, service.config.broker, shown, is_new, service.config.data, demo, password)


async def lead(
    stack: contextlib.AsyncExitStack,
    http: ListenAddress,
    token: str,
    site: SiteConfig,
    data: Path,
    stop: asyncio.Event,
    alive: Callable[[], object],
) -> Leadership | None:
    """With a ledger on a server: returns once this machine is active, or `stop` is set. None for one in a file."""
    ledger = site.settings.ledger
    leadership = await asyncio.to_thread(leadership_of, data, ledger, f"http://{http.host}:{http.port}")
    if leadership is not None:
        stack.callback(leadership.release)
        start_moving_photos(stack, data, ledger, Clock())
        app = standby_app(leadership.active)
        standby = partial(serving.serve, app, http, data, token, site.settings.http.trusted_proxies)
        await become_active(leadership, data, ledger, Clock(), stop, standby, alive)
    return leadership


async def open_service(
    stack: contextlib.AsyncExitStack,
    site: SiteConfig,
    data: Path,
    broker: Broker,
    token: str,
    environ: Mapping[str, str],
    clock: Clock,
    unusable: UnusableSettings,
    findings_from: str = "",
    leadership: Leadership | None = None,
) -> Service:
    """The service on its stores with its state loaded; `stack` closes them."""
    settings = site.settings
    stores = open_stores(data, settings.history, site.kinds, clock, settings.ledger, unusable, migrate_apart=True)
    stack.push_async_callback(stores.close)
    if leadership is not None and leadership.token is not None:
        stores.database.fence(leadership.token)
    alone = AloneOnLedger(leadership)
    client, key = await stack.enter_async_context(http_client()), signing_key(data)
    exchange = build_exchange_config(site, client, environ, photo_links(site.settings.public_url, key), unusable)
    access = build_access(site.settings.access, site.settings.public_url, client, environ, unusable)
    channels = build_channels(site.settings, client, environ, clock, unusable)
    config = ServiceConfig(
        site, data, broker.address, token, key, exchange, access, is_own_broker=broker.is_own,
        set_broker_clients=broker.set_clients, unusable=unusable, findings_from=findings_from, may_send_alone=alone,
        may_send=leadership.is_valid if leadership else lambda: True, leadership=leadership,
    )  # fmt: skip
    service = Service(config, stores, channels, clock)
    alone.holds_session = lambda: service.consumer.ready
    if leadership is not None:
        service.consumer.may_connect = partial(may_connect, leadership)
    if isinstance(stores.journal, CopiedJournal):
        stores.journal.is_alone = alone
    redacted_log(site, environ, token, key).follow(service.registry.current_community, service.registry.names)
    await service.load_state()
    stack.push_async_callback(service.close)
    return service


def reload_on_sighup(reload: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], bool]:
    """Reload codecs and definitions on SIGHUP. Returns a function that ends that."""
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def start() -> None:
        task = asyncio.ensure_future(reload())
        running.add(task)
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, start)
    return lambda: loop.remove_signal_handler(signal.SIGHUP)


@contextlib.asynccontextmanager
async def supervise(
    tasks: Mapping[str, Coroutine[Any, Any, None]], stop: asyncio.Event
) -> AsyncIterator[list[Exception]]:
    """Run the tasks; the first one that fails sets `stop`. Yields the list of errors."""
    failed: list[Exception] = []

    async def guard(name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            logging.getLogger("fengshao").exception("%s failed: stopping", name)
            failed.append(error)
            stop.set()

    running = [asyncio.create_task(guard(name, work), name=name) for name, work in tasks.items()]
    try:
        yield failed
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def print_startup_banner(
    http: ListenAddress,
    broker: BrokerAddress,
    token: str,
    is_new: bool,
    data: Path,
    demo: Demo | None,
    password: str | None,
) -> None:
    """Print where the service listens. The token is printed when it is new, and always in the demo; the password of the
    first user when he was created now."""
    print(f"枫哨 is up: http://{http.host}:{http.port}/   broker: {broker.without_password}   data: {data}")
    if is_new or demo:
        print(f"administrator's token: {token}")
    if password is not None:
        hint = "" if demo else " (to be changed at the first sign-in)"
        print(f"first user: {FIRST_USER}   password: {password}{hint}")
    if demo:
        print(f"what happens in the demo: http://{http.host}:{http.port}/demo")
        print(f"phones of the demo: http://{http.host}:{http.port}/demo/phones   Ctrl-C stops")
    sys.stdout.flush()
