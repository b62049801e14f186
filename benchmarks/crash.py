"""kill -9 at random instants while numbered readings come in at full rate: checks that each is in the history exactly
once, and that the findings are those of a run without kills.

    python -m benchmarks.crash [--kills 50] [--readings 40000] [--seed 1]

`--readings` is how many are published around each kill. Each device has an alarm every 150 readings, 40 readings long,
with a gas concentration; every second device publishes it on its urgent topic. The findings are also compared with the
number of alarms: each must begin and end once.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from benchmarks.flood import connect, publish
from benchmarks.intake import device_list
from benchmarks.service import Service, service
from store.history.duckdb.history import DuckDbHistory

DEVICES = 200
STEP_MS = 1_000
PERIOD, ALARM_LASTS, TAIL = 150, 40, 120
"""PERIOD readings of a device contain ALARM_LASTS readings of an alarm; the last TAIL contain none, so that all end."""
DRAINED_WITHIN_S = 120.0
AT_START = 0.2
"""The share of kills that hit a service that is not ready yet."""


class Numbers:
    """The readings: number, device, instant and whether it begins or ends an alarm."""

    def __init__(self, count: int, now: int, devices: int = DEVICES) -> None:
        self.count, self.devices = count, devices
        self.base = now - 3_600_000 - count // devices * STEP_MS

    def device(self, number: int) -> str:
        return f"gas-{number % self.devices:06d}"

    def at(self, number: int) -> int:
        return self.base + number // self.devices * STEP_MS

    def packet(self, number: int) -> bytes:
        is_alarm = self.is_alarm(number)
        lel_pct = 30 if is_alarm else number % 7 / 10
        payload = {"ts": self.at(number), "seq": number // self.devices, "alarm": is_alarm, "lel_pct": lel_pct}
        lane = "alarm" if is_alarm and number % 2 else "up"
        return publish(f"fengshao/v1/{self.device(number)}/{lane}".encode(), number % 65_000 + 1, payload)

    def is_alarm(self, number: int) -> bool:
        step, device = divmod(number, self.devices)
        return step < self.count // self.devices - TAIL and (step + device * 37) % PERIOD < ALARM_LASTS

    def alarms(self) -> int:
        """The number of alarms that begin."""
        return sum(
            self.is_alarm(number) and (number < self.devices or not self.is_alarm(number - self.devices))
            for number in range(self.count)
        )

    def expected(self) -> Counter[tuple[str, int]]:
        return Counter((self.device(number), self.at(number)) for number in range(self.count))


def send(port: int, numbers: Numbers, first: int, last: int) -> None:
    """Publishes at full rate; returns when the broker has acknowledged all."""
    connection, acked = connect(port), 0
    packets = [numbers.packet(number) for number in range(first, last)]
    for start in range(0, len(packets), 500):
        connection.sendall(b"".join(packets[start : start + 500]))
        while start - acked > 10_000:
            acked += len(connection.recv(65_536)) // 4
    received = acked * 4
    while received < 4 * len(packets):
        received += len(connection.recv(65_536))
    connection.close()


class Findings:
    """The findings by id and phase, and the readings in the history, compared with the numbers."""

    def __init__(self, data: Path, numbers: Numbers) -> None:
        with contextlib.closing(sqlite3.connect(data / "ledger.db")) as ledger:
            self.findings = set(ledger.execute("SELECT finding, phase FROM alert_findings"))
        begins_and_ends = Counter(phase for finding, phase in self.findings if finding.startswith("gas-alarm@"))
        self.missing_alarms = numbers.alarms() - min(begins_and_ends["began"], begins_and_ends["ended"])
        history = DuckDbHistory(data / "history.duckdb")
        try:
            found = Counter((reading.device, reading.at) for reading in history.sorted_replay(0, 2**52))
        finally:
            history._connection.close()
        expected = numbers.expected()
        self.lost, self.repeated = (expected - found).total(), (found - expected).total()


def run_with_and_without_kills(
    kills: int, readings_per_kill: int, seed: int, log: bool = True, devices: int = DEVICES
) -> tuple[Findings, Findings]:
    """Runs the same readings with kills and without."""
    chance, numbers = random.Random(seed), Numbers(readings_per_kill * (kills + 1), int(time.time() * 1000), devices)
    return _run(numbers, readings_per_kill, chance, log), _run(numbers, readings_per_kill, None, log)


def _run(numbers: Numbers, readings_per_kill: int, chance: random.Random | None, log: bool) -> Findings:
    with (
        tempfile.TemporaryDirectory() as folder,
        service(devices=device_list(Path(folder), numbers.devices)) as running,
    ):
        for first in range(0, numbers.count, readings_per_kill):
            sender = threading.Thread(target=send, args=(running.mqtt, numbers, first, first + readings_per_kill))
            sender.start()
            if chance is not None and first + readings_per_kill < numbers.count:
                _kill(running, chance)
            sender.join()
            if chance is not None and log:
                print(f"{first + readings_per_kill} published", file=sys.stderr)
        _drain(running, numbers)
        running.stop()
        return Findings(running.data, numbers)


def _kill(running: Service, chance: random.Random) -> None:
    """Kills after a short time of work, and sometimes again during the start."""
    time.sleep(chance.uniform(0.02, 1.0))
    running.kill()
    while chance.random() < AT_START:
        running.launch()
        time.sleep(chance.uniform(0.1, 2.0))
        running.kill()
    running.start()


def _drain(running: Service, numbers: Numbers) -> None:
    """Waits until the last number is in the history and the backlog is empty."""
    last, deadline = numbers.count - 1, time.time() + DRAINED_WITHIN_S
    since = datetime.fromtimestamp((numbers.at(last) - 1) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    path = f"/api/v1/devices/{numbers.device(last)}/readings?quantity=lel_pct&from={since}"
    while time.time() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            items = running.get(path)["items"]
            ats = {round(datetime.fromisoformat(item["at"]).timestamp() * 1000) for item in items}
            if numbers.at(last) in ats and running.sample("fengshao_backlog_entries") == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("the last reading did not come")


def _report(kills: int, with_kills: Findings, without: Findings) -> Iterator[str]:
    yield f"{kills} kills: {with_kills.lost} readings lost, {with_kills.repeated} twice"
    yield f"without kills: {without.lost} lost, {without.repeated} twice"
    missing, extra = without.findings - with_kills.findings, with_kills.findings - without.findings
    yield f"alarms not begun and ended: {with_kills.missing_alarms} with kills, {without.missing_alarms} without"
    undisturbed = len(without.findings)
    yield f"findings: {undisturbed} undisturbed; {len(missing)} missing, {len(extra)} too many after the kills"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--readings", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with_kills, without = run_with_and_without_kills(arguments.kills, arguments.readings, arguments.seed)
    print("\n".join(_report(arguments.kills, with_kills, without)))
    same_findings = with_kills.findings == without.findings
    faults = [findings.lost + findings.repeated + findings.missing_alarms for findings in (with_kills, without)]
    return 0 if same_findings and not any(faults) else 1


if __name__ == "__main__":
    sys.exit(main())
