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
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import uvloop
from msgspec import Struct
from msgspec.structs import replace

from app.clock import Clock
from app.config.addresses import (
    MQTT_PASSWORD,
    MQTT_USER,
    InvalidAddress,
    ListenAddress,
    is_url,
    parse_broker_url,
    parse_listen_address,
)
from app.config.site import SiteConfig, load_site
from app.datadir.credentials import admin_token, signing_key
from app.datadir.lock import lock_data_dir
from app.datadir.stores import open_stores
from app.server import http as serving
from app.server.channels import build_channels, http_client
from app.server.console import build_app
from app.server.demo import Demo
from app.server.exchange import build_exchange_config, photo_links
from app.server.mosquitto import Mosquitto, mosquitto_binary
from app.server.rumqttd import LIMITATIONS, Rumqttd
from app.server.service import Service
from app.server.service_config import ServiceConfig
from ingest.mqtt.broker_address import BrokerAddress

GC_THRESHOLDS = (50_000, 50, 100)
_NOT_IN_LOGIN_FILE = ":\r\n"
"""Mosquitto's password file has one `user:password` a line, and mosquitto_passwd cuts a password at a colon."""


class Options(Struct, frozen=True):
    """The command line of `up`."""

    data: Path | None
    http: str
    mqtt: str
    site: Path | None
    demo: bool


def run(options: Options) -> int:
    """Run the service until a signal; returns the exit code."""
    os.umask(0o077)  # DIR holds names, phone numbers and readings from homes
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for verbose in ("apscheduler", "httpx2", "alembic", "uvicorn"):
        logging.getLogger(verbose).setLevel(logging.WARNING)
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
        demo = await stack.enter_async_context(Demo(options.data)) if options.demo else None
        site = load_site(demo.site_folder if demo and not options.site else options.site, any_kind=True)
        data = demo.data if demo else (options.data or Path("data"))
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack.enter_context(lock_data_dir(data))
        if demo:
            site = await demo.start_providers(site, parse_listen_address(options.http, "--http"), Clock())
        await serve(stack, options, site, data, demo, stop)


async def serve(
    stack: contextlib.AsyncExitStack,
    options: Options,
    site: SiteConfig,
    data: Path,
    demo: Demo | None,
    stop: asyncio.Event,
) -> None:
    clock, environ = Clock(), {**os.environ, **(demo.environ if demo else {})}
    http = parse_listen_address(options.http, "--http")
    serving.check_port_free(http)
    token, is_new = admin_token(data, environ)
    broker, keep_alive = await stack.enter_async_context(open_broker(options.mqtt, data, environ))
    stores = open_stores(data, site.settings.history, site.kinds)
    stack.push_async_callback(stores.close)
    client = await stack.enter_async_context(http_client())
    endpoints = build_channels(site.settings, client, environ, clock)
    exchange = build_exchange_config(site, client, environ, photo_links(site.settings.public_url, signing_key(data)))
    config = ServiceConfig(site, data, broker, token, signing_key(data), exchange)
    service = Service(config, stores, endpoints, clock)
    await service.load_state()
    stack.push_async_callback(service.close)
    freeze_gc()
    tasks = service.background_tasks() | ({"broker": keep_alive} if keep_alive else {})
    stack.callback(lambda: [work.close() for work in tasks.values()])
    app = demo.app(build_app(service)) if demo else build_app(service)
    stack.callback(reload_on_sighup(service.reload))
    async with (
        serving.serve(app, http, data, token, site.settings.http.trusted_proxies),
        supervise(tasks, stop) as failed,
    ):
        print_startup_banner(http, broker, token, is_new, data, demo)
        if demo:
            await demo.start_devices(broker, site, clock)
        await stop.wait()
        if demo:
            await demo.stop()
        if not failed:
            await service.stop_intake()
    if failed:
        raise failed[0]


def reload_on_sighup(reload: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], bool]:
    """Reload codecs and definitions on SIGHUP. Returns a function that ends that."""
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def start() -> None:
        task = asyncio.ensure_future(reload())
        running.add(task)
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, start)
    return lambda: loop.remove_signal_handler(signal.SIGHUP)


def freeze_gc() -> None:
    """Exclude what is loaded now from garbage collection: scanning 300,000 devices would stop the loop for a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


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


@contextlib.asynccontextmanager
async def open_broker(
    option: str, data: Path, environ: Mapping[str, str]
) -> AsyncIterator[tuple[BrokerAddress, Coroutine[Any, Any, None] | None]]:
    """The broker of `--mqtt`: its address, and a coroutine that restarts it if this process started it (else None)."""
    user, password = environ.get(MQTT_USER, ""), environ.get(MQTT_PASSWORD, "")
    if is_url(option):
        yield parse_broker_url(option, (user, password)), None
        return
    at = parse_listen_address(option, "--mqtt")
    if not at.is_loopback and not (user and password):
        raise InvalidAddress(
            f"--mqtt {option}: a broker that others can reach needs credentials; set {MQTT_USER} and {MQTT_PASSWORD}, "
            "or listen on 127.0.0.1"
        )
    if set(user + password) & set(_NOT_IN_LOGIN_FILE):
        raise InvalidAddress(
            f"--mqtt {option}: {MQTT_USER} and {MQTT_PASSWORD} of a broker that is started here must not contain ':' "
            "or a line break"
        )
    credentials = (user, password) if user and password else None
    process, port = _local_broker(at, data, credentials)
    await process.start()
    try:
        host = "127.0.0.1" if at.host in ("0.0.0.0", "::") else at.host  # noqa: S104 (compared, not bound)
        address = BrokerAddress(host, port, tls=False)
        if credentials:
            address = replace(address, username=user, password=password.encode())
        yield address, process.keep_alive()
    finally:
        await process.stop()


def _local_broker(
    at: ListenAddress, data: Path, credentials: tuple[str, str] | None
) -> tuple[Mosquitto | Rumqttd, int]:
    if mosquitto_binary() or credentials:
        return Mosquitto(data / "broker", at.host, at.port, credentials), at.port
    print(LIMITATIONS, file=sys.stderr)
    rumqttd = Rumqttd(data / "broker", at.host, at.port)
    return rumqttd, rumqttd.port_v5


def print_startup_banner(
    http: ListenAddress, broker: BrokerAddress, token: str, is_new: bool, data: Path, demo: Demo | None
) -> None:
    """Print where the service listens. The token is printed when it is new, and always in the demo."""
    print(f"枫哨 is up: http://{http.host}:{http.port}/   broker: {broker.without_password}   data: {data}")
    if is_new or demo:
        print(f"administrator's token: {token}")
    if demo:
        print(f"what happens in the demo: http://{http.host}:{http.port}/demo")
        print(f"phones of the demo: http://{http.host}:{http.port}/demo/phones   Ctrl-C stops")
    sys.stdout.flush()
