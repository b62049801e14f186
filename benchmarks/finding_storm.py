"""10,000 findings in 10 s: all recorded, and from the publish of a critical one to the request at the SMS provider.

Every twentieth device is a gas alarm with its own worker and phone (critical); the others report a leak of water, fifty
flats to a building, one worker for each. All publish on the ordinary topic. FENGSHAO_BENCH_STORM sets how many (10000).
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect as open_sqlite

from benchmarks.detect_to_send import Provider, phone
from benchmarks.flood import connect, publish
from benchmarks.result import Result
from benchmarks.service import Service, service

FINDINGS = int(os.environ.get("FENGSHAO_BENCH_STORM", "10000"))
SECONDS = 10.0
CRITICAL_EVERY = 20
FLATS = 50
RECORDED_WITHIN_S = 180.0


def is_critical(number: int) -> bool:
    return number % CRITICAL_EVERY == 0


def _own_cell(number: int) -> str:
    return f"c{number}" if is_critical(number) else ""


def write_site(folder: Path, provider_port: int) -> None:
    """Buildings of FLATS flats, each with a cell and a worker; each gas alarm has a cell and a worker of its own."""
    numbers = range(FINDINGS)
    buildings = range(0, FINDINGS, FLATS)
    gas = [number for number in numbers if is_critical(number)]
    (folder / "site.yaml").write_text(
        f"name: 测试社区\nsign: 测试社区\nchannels:\n  aliyun_sms:\n    base_url: http://127.0.0.1:{provider_port}\n"
    )
    workers = [*(f"w{n}" for n in gas), *(f"b{n}" for n in buildings)]
    cells = [*(f"c{n}" for n in gas), *(f"d{n}" for n in buildings)]
    tables = {
        "cells.csv": ["id,name,level", *(f"{cell},{cell}网格,grid" for cell in cells)],
        "places.csv": [
            "id,name,level,parent,cell",
            "y,枫林苑,compound,,",
            *(f"t{n},{n // FLATS + 1}栋,building,y,d{n}" for n in buildings),
            *(
                f"h{n},{n % FLATS + 101},household,t{n - n % FLATS},{f'c{n}' if is_critical(n) else ''}"
                for n in numbers
            ),
        ],
        "people.csv": ["id,name,phone", *(f"{who},测试{who},{phone(at)}" for at, who in enumerate(workers))],
        "duties.csv": [
            "id,cell,role,person",
            *(f"{at},{cell},worker,{who}" for at, (cell, who) in enumerate(zip(cells, workers, strict=True))),
        ],
        "devices.csv": [
            "id,kind,place",
            *(f"s{n},{'gas_alarm' if is_critical(n) else 'water_leak'},h{n}" for n in numbers),
        ],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def storm(port: int) -> list[float]:
    """Publishes one message of each device at a steady rate; returns when each was given to the broker."""
    connection = connect(port)
    sent: list[float] = []
    acks = threading.Thread(target=_read_acks, args=(connection, 4 * FINDINGS), daemon=True)
    acks.start()
    started = time.time()
    while len(sent) < FINDINGS:
        due = min(FINDINGS, int((time.time() - started) * FINDINGS / SECONDS) + 1)
        packets = [_packet(number) for number in range(len(sent), due)]
        sent += [time.time()] * len(packets)
        connection.sendall(b"".join(packets))
        time.sleep(0.005)
    acks.join(60)
    return sent


def _packet(number: int) -> bytes:
    payload = {"alarm": True, "lel_pct": 22} if is_critical(number) else {"leak": True}
    return publish(f"fengshao/v1/s{number}/up".encode(), number % 65_000 + 1, payload)


def _read_acks(connection: object, expected: int) -> None:
    received = 0
    while received < expected:
        received += len(connection.recv(65_536))  # type: ignore[attr-defined]


def recorded(running: Service) -> int:
    """The number of devices whose alarm or leak is recorded as a finding."""
    query = "SELECT count(DISTINCT device) FROM alert_findings WHERE phase = 'began' AND device LIKE 's%'"
    with closing(open_sqlite(running.data / "ledger.db")) as ledger:
        return int(ledger.execute(query).fetchone()[0])


def wait_recorded(running: Service) -> tuple[int, float]:
    """Waits until every finding is recorded; returns how many are and the seconds."""
    started = time.time()
    while (count := recorded(running)) < FINDINGS and time.time() - started < RECORDED_WITHIN_S:
        time.sleep(0.5)
    return count, time.time() - started


def run() -> Iterator[Result]:
    provider = Provider()
    with tempfile.TemporaryDirectory() as folder:
        write_site(Path(folder), provider.port)
        secrets = dict.fromkeys(("KEY_ID", "KEY_SECRET", "CALLBACK_SECRET"), "x" * 43)
        environ = {f"FENGSHAO_ALIYUN_{name}": value for name, value in secrets.items()}
        with service(site=Path(folder), environ=environ) as running:
            sent = storm(running.mqtt)
            count, rest_s = wait_recorded(running)
            time.sleep(2)
            memory_mb = running.resident_mb()
    critical = [number for number in range(FINDINGS) if is_critical(number)]
    durations_ms = sorted(
        (provider.requests[phone(at)] - sent[number]) * 1000
        for at, number in enumerate(critical)
        if phone(at) in provider.requests
    )
    value = durations_ms[min(len(durations_ms) - 1, int(len(durations_ms) * 0.99))] if durations_ms else float("nan")
    detail = {
        "findings": FINDINGS,
        "seconds": SECONDS,
        "recorded": count,
        "all_recorded_after_s": round(rest_s, 1),
        "critical": len(critical),
        "critical_never_sent": len(critical) - len(durations_ms),
        "p50_ms": round(durations_ms[len(durations_ms) // 2], 1) if durations_ms else None,
        "resident_mb": round(memory_mb),
    }
    yield Result("storm_critical_first_message_p99_ms", round(value, 1), "ms", detail)


if __name__ == "__main__":
    for result in run():
        print(result.line())
