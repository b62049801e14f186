"""`fengshao devices doctor`: beside a running service it asks that one, without one it listens itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.clock import Clock
from app.config.addresses import MQTT_PASSWORD, MQTT_USER, broker_url, is_url
from app.config.catalog import load_kinds, load_mappings
from app.config.site import read_site
from app.datadir.control_socket import Answered, NotRunning, ask
from app.datadir.stores import LEDGER
from app.doctor.doctor import Knowledge, examine
from app.doctor.text import lines
from domain import Device
from ingest.mqtt.broker_address import parse_broker_address
from store.database import registry
from store.database.database import Ledger, sqlite_url

SERVICE_MOST_S: Final = 60
WELL, SOMETHING_TO_ADD, NOTHING_HEARD = 0, 3, 4
"""Exit codes; 1 is: could not listen."""


def doctor(
    data: Path,
    site: Path | None,
    mqtt: str | None,
    seconds: int,
    as_json: bool,
    say: Callable[[str], Any],
    environ: Mapping[str, str],
) -> int:
    """Says the report and returns the exit code. `mqtt` None: the running service's broker, else the local one."""
    found = _from_service(data, seconds) if mqtt is None else None
    if found is None:
        found = _listened(data, site, mqtt or environ.get("FENGSHAO_MQTT") or "127.0.0.1:1883", seconds, environ)
    if as_json:
        say(json.dumps(found, ensure_ascii=False))
    else:
        for line in lines(found, load_kinds(site)):
            say(line)
    return NOTHING_HEARD if not found["speakers"] else WELL if found["well"] else SOMETHING_TO_ADD


def _from_service(data: Path, seconds: int) -> dict[str, Any] | None:
    """The service knows its broker, and the registry as it is now."""
    try:
        if seconds > SERVICE_MOST_S:
            ask(data, "GET", "/api/v1/kinds")
            raise Answered(
                f"the service running on {data} listens for {SERVICE_MOST_S} s at most: write --seconds "
                f"{SERVICE_MOST_S}, or name the broker with --mqtt"
            )
        found: dict[str, Any] = ask(data, "POST", "/api/v1/devices/doctor", {"seconds": seconds}, wait_s=seconds + 60)
    except NotRunning:
        return None
    return found


def _listened(data: Path, site: Path | None, mqtt: str, seconds: int, environ: Mapping[str, str]) -> dict[str, Any]:
    written = mqtt if is_url(mqtt) else f"mqtt://{mqtt}"
    login = environ.get(MQTT_USER, ""), environ.get(MQTT_PASSWORD, "")
    broker = parse_broker_address(broker_url(written, login))
    folder, kinds = read_site(site), load_kinds(site)
    known = Knowledge(kinds, load_mappings(kinds, site), _registered(data) or folder.devices, folder.settings, site)
    return asyncio.run(examine(broker, known, seconds, Clock()))


def _registered(data: Path) -> Sequence[Device]:
    """The registry of a DIR, only read."""
    file = data / LEDGER
    if not file.exists():
        return ()
    ledger = Ledger(sqlite_url(file))
    try:
        return ledger.run_now(registry.devices)
    finally:
        ledger.close()
