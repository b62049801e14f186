"""`fengshao devices doctor`: runs the doctor in the running service, or in this process without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from app.clock import Clock
from app.config.addresses import MQTT_PASSWORD, MQTT_USER, is_url, parse_broker_url
from app.config.catalog import load_kinds, load_mappings
from app.config.site import load_site
from app.datadir.control_socket import ServiceNotRunning, request
from app.datadir.stores import existing_database
from app.doctor.doctor import DoctorInputs, run_doctor
from app.doctor.text import report_lines
from app.errors import UserError
from domain import Device
from store.database import registry

SERVICE_SECONDS_MAX: Final = 60
EXIT_ALL_DECODED, EXIT_LINES_TO_ADD, EXIT_NO_MESSAGES = 0, 3, 4
"""Exit codes; 1: the broker could not be reached."""


def run(
    data: Path,
    site: Path | None,
    mqtt: str | None,
    seconds: int,
    as_json: bool,
    echo: Callable[[str], Any],
    environ: Mapping[str, str],
) -> int:
    """Print the report and return the exit code. `mqtt` None: the running service's broker, else the local one."""
    report = _from_service(data, seconds) if mqtt is None else None
    if report is None:
        address = mqtt or environ.get("FENGSHAO_MQTT") or "127.0.0.1:1883"
        report = _capture_locally(data, site, address, seconds, environ)
    if as_json:
        echo(json.dumps(report, ensure_ascii=False))
    else:
        for line in report_lines(report, load_kinds(site)):
            echo(line)
    return EXIT_NO_MESSAGES if not report["speakers"] else EXIT_ALL_DECODED if report["well"] else EXIT_LINES_TO_ADD


def _from_service(data: Path, seconds: int) -> dict[str, Any] | None:
    """The report of the running service, which has the broker's credentials and the present registry."""
    try:
        if seconds > SERVICE_SECONDS_MAX:
            request(data, "GET", "/api/v1/kinds")
            raise UserError(
                f"the service running on {data} listens for {SERVICE_SECONDS_MAX} s at most: write --seconds "
                f"{SERVICE_SECONDS_MAX}, or name the broker with --mqtt"
            )
        body = {"seconds": seconds}
        return dict(request(data, "POST", "/api/v1/devices/doctor", body, timeout_s=seconds + 60))
    except ServiceNotRunning:
        return None


def _capture_locally(
    data: Path, site: Path | None, mqtt: str, seconds: int, environ: Mapping[str, str]
) -> dict[str, Any]:
    login = environ.get(MQTT_USER, ""), environ.get(MQTT_PASSWORD, "")
    broker = parse_broker_url(mqtt if is_url(mqtt) else f"mqtt://{mqtt}", login)
    config, kinds = load_site(site), load_kinds(site)
    devices = _registered_devices(data) or config.devices
    inputs = DoctorInputs(kinds, load_mappings(kinds, site), devices, config.settings, site)
    return asyncio.run(run_doctor(broker, inputs, seconds, Clock()))


def _registered_devices(data: Path) -> Sequence[Device]:
    """The devices in the database of DIR, which is not migrated; none without a database."""
    database = existing_database(data)
    if database is None:
        return ()
    with closing(database):
        return database.write_blocking(registry.all_devices)
