"""Who may connect to the broker that `up` started: written from the registry, again after each of its changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from app.broker.clients import client_rules
from app.server.service_config import ServiceConfig
from domain import Device
from ingest.routing.broker_clients import BrokerClients, ClientRules, Omission, broker_clients
from ingest.routing.routes import Routes

log = logging.getLogger("fengshao.broker_access")
NAMED_MAX = 10


class BrokerAccess:
    """Gives the broker its clients. `write` is None where the broker is not ours; nothing is computed then."""

    def __init__(
        self,
        devices: Callable[[], Mapping[str, Device]],
        routes: Routes,
        rules: ClientRules,
        write: Callable[[BrokerClients], None] | None,
    ) -> None:
        self._devices, self._routes, self._rules, self._write = devices, routes, rules, write
        self._lock = asyncio.Lock()
        self._logged: Sequence[Omission] = ()

    async def update(self) -> None:
        """Write the clients of the present registry; one update at a time, so that an older one never comes last."""
        if self._write is None:
            return
        async with self._lock:
            devices = self._devices().values()
            clients = await asyncio.to_thread(broker_clients, devices, self._routes, self._rules)
            try:
                await asyncio.to_thread(self._write, clients)
            except OSError as error:
                # A full disk keeps the former access; the rest of the registry's change has effect all the same.
                log.error("access to the broker not written, the former one stays: %s", error)
        if clients.omitted != self._logged:
            self._logged = clients.omitted
            for omission in clients.omitted[:NAMED_MAX]:
                log.warning("no access to the broker for %s: %s", omission.device, omission.reason)
            if len(clients.omitted) > NAMED_MAX:
                log.warning(
                    "%d devices more without access: see `fengshao check --broker`", len(clients.omitted) - NAMED_MAX
                )


def broker_access(config: ServiceConfig, devices: Callable[[], Mapping[str, Device]]) -> BrokerAccess:
    """The access of a service's registry to the broker that was started with it."""
    settings = config.site.settings
    rules = client_rules(settings.mqtt, config.broker.username)
    return BrokerAccess(devices, Routes(settings.intake.filters), rules, config.set_broker_clients)
