"""`fengshao devices doctor`: beside a running service it asks that one, without one it listens itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.clock import Clock
from app.config.addresses import MQTT_PASSWORD, MQTT_USER, is_url, parse_broker_url
from app.config.catalog import load_kinds, load_mappings
from app.config.site import load_site
from app.datadir.control_socket import ServiceNotRunning, request
from app.datadir.stores import DATABASE_FILE
from app.doctor.doctor import DoctorInputs, run_doctor
from app.doctor.text import report_lines
from app.errors import UserError
from domain import Device
from store.database import registry
from store.database.database import Database, sqlite_url

SERVICE_SECONDS_MAX: Final = 60
EXIT_ALL_DECODED, EXIT_LINES_TO_ADD, EXIT_NO_MESSAGES = 0, 3, 4
"""Exit codes; 1 is: could not listen."""


def run(
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
        found = _capture_locally(data, site, mqtt or environ.get("FENGSHAO_MQTT") or "127.0.0.1:1883", seconds, environ)
    if as_json:
        say(json.dumps(found, ensure_ascii=False))
    else:
        for line in report_lines(found, load_kinds(site)):
            say(line)
    return EXIT_NO_MESSAGES if not found["speakers"] else EXIT_ALL_DECODED if found["well"] else EXIT_LINES_TO_ADD


def _from_service(data: Path, seconds: int) -> dict[str, Any] | None:
    """The service knows its broker, and the registry as it is now."""
    try:
        if seconds > SERVICE_SECONDS_MAX:
            request(data, "GET", "/api/v1/kinds")
            raise UserError(
                f"the service running on {data} listens for {SERVICE_SECONDS_MAX} s at most: write --seconds "
                f"{SERVICE_SECONDS_MAX}, or name the broker with --mqtt"
            )
        found: dict[str, Any] = request(
            data, "POST", "/api/v1/devices/doctor", {"seconds": seconds}, timeout_s=seconds + 60
        )
    except ServiceNotRunning:
        return None
    return found


def _capture_locally(
    data: Path, site: Path | None, mqtt: str, seconds: int, environ: Mapping[str, str]
) -> dict[str, Any]:
    written = mqtt if is_url(mqtt) else f"mqtt://{mqtt}"
    login = environ.get(MQTT_USER, ""), environ.get(MQTT_PASSWORD, "")
    broker = parse_broker_url(written, login)
    folder, kinds = load_site(site), load_kinds(site)
    known = DoctorInputs(
        kinds, load_mappings(kinds, site), _registered_devices(data) or folder.devices, folder.settings, site
    )
    return asyncio.run(run_doctor(broker, known, seconds, Clock()))


def _registered_devices(data: Path) -> Sequence[Device]:
    """The registry of a DIR, only read."""
    file = data / DATABASE_FILE
    if not file.exists():
        return ()
    ledger = Database(sqlite_url(file))
    try:
        return ledger.write_blocking(registry.all_devices)
    finally:
        ledger.close()
