"""A whole installation beyond one machine on this machine, for trial (deploy/scale/trial): broker, Kafka, Flink, two
ingest workers, a desk.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from app.cli.scale_commands import write_definitions
from app.scale.records import FRAMES, REFUSALS
from benchmarks.cluster.local import LocalCluster
from benchmarks.cluster.processes import Server, free_ports, wait_until
from benchmarks.cluster.workers import ingest_worker
from rules.hosts.flink.definitions import JobDefinitions
from tests.conftest import running_broker


def main() -> None:
    """Starts everything, prints where it is, and ends it on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="deploy/scale/trial", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mqtt", type=int, default=1883)
    parser.add_argument("--http", type=int, default=8080)
    parser.add_argument("--site", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    definitions = folder / "definitions.json"
    write_definitions(definitions, options.site)
    with ExitStack() as stack:
        cluster = stack.enter_context(LocalCluster(folder, JobDefinitions.read(str(definitions))))
        cluster.kafka.create_topics({FRAMES: 2, REFUSALS: 1})
        _start(stack, cluster, folder, options)
        print(
            f"http://127.0.0.1:{options.http} (token: {folder}/data/admin.token), mqtt://127.0.0.1:{options.mqtt},"
            f" Kafka {cluster.kafka.bootstrap}, Flink http://127.0.0.1:{cluster.flink.rest_port}. Ctrl-C ends it.",
            flush=True,
        )
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping", flush=True)


def _start(stack: ExitStack, cluster: LocalCluster, folder: Path, options: argparse.Namespace) -> None:
    """The desk with its broker, then the workers: the desk makes the ledger that they read."""
    site = [] if options.site is None else ["--site", str(options.site.resolve())]
    address = f"127.0.0.1:{options.mqtt}"
    stack.enter_context(running_broker(folder / "broker", options.mqtt))
    # A broker of its own: what the desk hears itself it would evaluate itself.
    own = f"127.0.0.1:{free_ports(1)[0]}"
    command = [sys.executable, "-m", "app.cli.main", "up", "--data", str(folder / "data"), "--mqtt", own]
    desk = Server(
        "desk", [*command, "--http", f"127.0.0.1:{options.http}", "--findings", cluster.kafka.bootstrap, *site], folder
    )
    workers = [
        ingest_worker(f"worker-{n}", cluster.kafka.bootstrap, f"mqtt://{address}", folder, *site, *publishes)
        for n, publishes in ((1, ["--publish-registry"]), (2, []))
    ]
    for server, ready in ((desk, "http://127.0.0.1"), *((worker, "receiving") for worker in workers)):
        stack.callback(server.kill, signal.SIGTERM)
        server.start()
        wait_until(lambda one=server, text=ready: _has(one, text), server.name)  # type: ignore[misc]


def _has(server: Server, text: str) -> bool:
    server.check()
    return text in server.log.read_text(errors="replace")


if __name__ == "__main__":
    main()
