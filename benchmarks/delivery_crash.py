"""kill -9 at any step of a running service: is every worker notified, nobody twice, and nothing done by half?

    python -m benchmarks.delivery_crash [--story all] [--kills 30] [--seed 1]

Stories (benchmarks/kill_stories.py, kill_case_stories.py): a leak, a failover between two SMS providers, a merge,
orders and states of a 12345 platform, a swap of a roster.

In each round the service is killed before or after a random transaction or request, or before a random SQL statement
within a transaction; now and then again while it works off what was left. Everything is real but the other ends:
`fengshao up`, its broker and files; simulated Aliyun, Tencent and a platform, over HTTP.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.kill_case_stories import STORIES
from benchmarks.kill_points import BOUNDARY, FILE, STATEMENT, arm
from benchmarks.kill_site import ENVIRON, Outside, write_site
from benchmarks.kill_stories import Story
from benchmarks.service import Service, service

DIES_WITHIN_S = 6.0
SECOND_KILL_SHARE = 0.2


def play(running: Service, story: Story, kills: int, chance: random.Random, file: Path) -> Counter[str]:
    """Kill around each round; returns how often the process died where."""
    ends: Counter[str] = Counter()
    for number in range(kills):
        story.prepare(number)
        arm(file, *_point(story, chance))
        story.play(number)
        ends[_end(running)] += 1
        file.unlink(missing_ok=True)
        if chance.random() < SECOND_KILL_SHARE:
            arm(file, BOUNDARY, chance.randint(1, story.boundaries))
            ends["again, working off what was left"] += _dies_at_start(running)
        file.unlink(missing_ok=True)
        if running.process.poll() is not None:
            running.start()
        story.repeat(number)
    return ends


def _point(story: Story, chance: random.Random) -> tuple[str, int]:
    if chance.random() < 0.5:
        return BOUNDARY, chance.randint(1, story.boundaries)
    return STATEMENT, chance.randint(1, story.statements)


def _end(running: Service) -> str:
    """Waits until the process has died at its point; kills it when it does not come there."""
    try:
        code = running.process.wait(DIES_WITHIN_S)
    except subprocess.TimeoutExpired:
        running.kill()
        return "idle"
    if code != -signal.SIGKILL:
        raise RuntimeError(f"the service ended with {code}; see {running.data / 'up.log'}")
    return "at its point"


def _dies_at_start(running: Service) -> bool:
    with suppress(RuntimeError):
        running.start()
    with suppress(subprocess.TimeoutExpired):
        running.process.wait(DIES_WITHIN_S / 2)
    return running.process.poll() == -signal.SIGKILL


def run(name: str, kills: int, seed: int) -> list[str]:
    """One story; prints its figures and returns its faults."""
    chance = random.Random(f"{name} {seed}")
    command = [sys.executable, "-c", "from benchmarks.kill_points import main; main()"]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        outside = Outside()
        stack.callback(outside.stop)
        write_site(Path(folder), outside, kills)
        file = Path(folder) / "kill"
        running = stack.enter_context(service(site=Path(folder), environ={**ENVIRON, FILE: str(file)}))
        outside.connect(running.http)
        token = running.client.post("/api/v1/tokens", json={"role": "exchange", "platform": "hotline"})
        outside.hotline.token = token.json()["token"]
        running._command = [*command, *running._command[1:]]
        running.restart()
        story = STORIES[name](running, outside, kills, chance)
        ends = play(running, story, kills, chance, file)
        faults = story.faults()
    for fault in faults:
        print("  ", fault)
    figures = ", ".join(f"{what}: {count}" for what, count in sorted(story.tally.items()))
    wrong = sum(not fault.startswith("(") for fault in faults)
    print(f"{name}: {kills} rounds, killed {dict(ends)}; {wrong} wrong{'; ' if figures else ''}{figures}", flush=True)
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--story", choices=[*STORIES, "all"], default="all")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = list(STORIES) if arguments.story == "all" else [arguments.story]
    faults = [run(name, arguments.kills, arguments.seed) for name in names]
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
