"""LocalFlink: a job manager and task managers on 127.0.0.1 from the distribution in PyFlink's wheel."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cluster.processes import ROOT, TOOLS, Server, free_ports, wait_until

CONFIG = """\
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.heap.size: 160m
jobmanager.memory.off-heap.size: 128m
jobmanager.memory.jvm-metaspace.size: 192m
jobmanager.memory.jvm-overhead.min: 192m
jobmanager.memory.jvm-overhead.max: 192m
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: {rest}
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.numberOfTaskSlots: {slots}
taskmanager.memory.framework.heap.size: 96m
taskmanager.memory.framework.off-heap.size: 64m
taskmanager.cpu.cores: {slots}
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.task.heap.size: {heap_mb}m
taskmanager.memory.managed.size: 32m
taskmanager.memory.network.min: 48m
taskmanager.memory.network.max: 48m
taskmanager.memory.jvm-metaspace.size: 192m
taskmanager.memory.jvm-overhead.min: 128m
taskmanager.memory.jvm-overhead.max: 128m
external-resources: none
heartbeat.interval: 2000
heartbeat.timeout: 10000
state.backend.type: hashmap
execution.checkpointing.storage: filesystem
execution.checkpointing.dir: file://{folder}/checkpoints
execution.checkpointing.savepoint-dir: file://{folder}/savepoints
execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
execution.checkpointing.num-retained: 3
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 2147483647
restart-strategy.fixed-delay.delay: 1s
python.executable: {python}
python.client.executable: {python}
"""
JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
CLIENT = "org.apache.flink.client.cli.CliFrontend"
PACKAGES = (
    "java.base/java.lang", "java.base/java.net", "java.base/java.io", "java.base/java.nio", "java.base/sun.nio.ch",
    "java.base/java.lang.reflect", "java.base/java.text", "java.base/java.time", "java.base/java.util",
    "java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic", "java.base/java.util.concurrent.locks",
)  # fmt: skip
LOGGING = """\
rootLogger.level = {level}
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{{yyyy-MM-dd HH:mm:ss,SSS}} %-5p %-40c{{1.}} - %m%n
"""


class LocalFlink:
    """A cluster; `submit` starts a job of `rules.hosts.flink`."""

    def __init__(self, folder: Path, task_managers: int = 2, slots: int = 1, heap_mb: int = 256) -> None:
        self._folder, config = folder, folder / "conf"
        config.mkdir(parents=True, exist_ok=True)
        rpc, self.rest_port = free_ports(2)
        python = TOOLS / "venv" / "bin" / "python"
        self._home = next((TOOLS / "venv" / "lib").glob("python3.*")) / "site-packages" / "pyflink"
        text = CONFIG.format(rpc=rpc, rest=self.rest_port, slots=slots, heap_mb=heap_mb, folder=folder, python=python)
        (config / "config.yaml").write_text(text)
        for name in ("log4j-console.properties", "log4j.properties", "log4j-cli.properties"):
            level = "WARN" if name == "log4j-cli.properties" else "INFO"
            (config / name).write_text(LOGGING.format(level=level))
        self.env = {
            "FLINK_HOME": str(self._home), "FLINK_CONF_DIR": str(config), "FLINK_LOG_DIR": str(folder),
            "FLINK_OPT_DIR": str(self._home / "opt"),
            "FLINK_LIB_DIR": str(self._home / "lib"), "FLINK_PLUGINS_DIR": str(self._home / "plugins"),
            "PYTHONPATH": str(ROOT), "PATH": f"{python.parent}:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "",
        }  # fmt: skip
        self._python = str(python)
        self.job_manager = self._server("jobmanager", JOB_MANAGER, 160)
        self.task_managers = [
            self._server(f"taskmanager-{one}", TASK_MANAGER, heap_mb + 96) for one in range(task_managers)
        ]

    def _server(self, name: str, main: str, heap_mb: int) -> Server:
        command = [*self._java("log4j-console.properties", heap_mb), main, "--configDir", f"{self._folder}/conf"]
        return Server(name, command, self._folder, self.env)

    def _java(self, logging: str, heap_mb: int) -> list[str]:
        """Java with Flink, PyFlink's part of it and the connector in its class path. The scripts in the wheel would
        start two more processes for each server to compute what is written down here.
        """
        jars = [self._home / "lib" / "*", *(self._home / "opt").glob("flink-python*.jar")]
        jars += sorted((TOOLS / "connector").glob("*.jar"))
        opens = [f"--add-opens={package}=ALL-UNNAMED" for package in PACKAGES]
        return [
            "java", f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", *opens,
            f"-Dlog4j.configurationFile=file:{self._folder}/conf/{logging}", "-cp", ":".join(map(str, jars)),
        ]  # fmt: skip

    def start(self) -> None:
        """Starts all processes and waits until every task manager has registered."""
        self.start_processes()
        self.wait_until_complete()

    def start_processes(self) -> None:
        """Starts all processes."""
        for server in (self.job_manager, *self.task_managers):
            server.start()

    def wait_until_complete(self) -> None:
        """Waits until every task manager has registered. Raises TimeoutError."""
        wait_until(self._is_complete, "Flink")

    def _is_complete(self) -> bool:
        for server in (self.job_manager, *self.task_managers):
            server.check()
        overview = self.get("overview")
        return overview is not None and overview["taskmanagers"] == len(self.task_managers)

    def get(self, path: str) -> Any:
        """An answer of the job manager's REST API; None while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rest_port}/{path}", timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None

    def submit(self, arguments: Sequence[str], resume: bool = False, savepoint: str | None = None) -> str:
        """Starts the job; its id. `resume`: from its newest checkpoint, as after the loss of the job manager.
        `savepoint`: from this one, as `stop` gave it.
        """
        newest = self.newest_checkpoint() if resume else None
        state = [] if newest is None else ["-s", f"file://{newest}"]
        state = state if savepoint is None else ["-s", savepoint]
        done = subprocess.run(
            [
                *self._java("log4j-cli.properties", 128), CLIENT, "run", "-d", "-m", f"127.0.0.1:{self.rest_port}",
                *state, "-pyclientexec", self._python, "-pym", "rules.hosts.flink.job", *arguments,
            ],
            env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"job refused: {done.stdout} {done.stderr[-2000:]}")
        job = next(line.split()[-1] for line in done.stdout.splitlines() if "has been submitted with JobID" in line)
        wait_until(lambda: self._runs(job), "the job")
        return job

    def _runs(self, job: str) -> bool:
        answer = self.get(f"jobs/{job}")
        if answer is None:
            return False
        failures = (self.get(f"jobs/{job}/exceptions") or {}).get("exceptionHistory", {}).get("entries", [])
        if answer["state"] in ("FAILED", "CANCELED") or failures:
            raise RuntimeError(f"job {answer['state']}: {failures[0]['stacktrace'] if failures else ''}")
        tasks = [vertex["status"] for vertex in answer["vertices"]]
        return answer["state"] == "RUNNING" and all(status == "RUNNING" for status in tasks)

    def stop_job(self, job: str) -> str:
        """Stops the job with a savepoint; where it is."""
        request = self._post(f"jobs/{job}/stop", {"drain": False})["request-id"]
        answer: dict[str, Any] = {}

        def complete() -> bool:
            answer.update(self.get(f"jobs/{job}/savepoints/{request}") or {})
            return bool(answer) and answer["status"]["id"] == "COMPLETED"

        wait_until(complete, "the savepoint")
        if "location" not in answer["operation"]:
            raise RuntimeError(f"no savepoint: {answer['operation']}")
        return str(answer["operation"]["location"])

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.rest_port}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def newest_checkpoint(self) -> Path | None:
        """The folder of the newest complete checkpoint of any job; None without one."""
        complete = list((self._folder / "checkpoints").glob("*/chk-*/_metadata"))
        return max(complete, key=lambda file: file.stat().st_mtime).parent if complete else None

    def wait_until_running(self, job: str) -> None:
        """Waits until every task of the job runs again. Raises TimeoutError."""
        wait_until(lambda: self.all_tasks_run(job), "the job after a recovery")

    def all_tasks_run(self, job: str) -> bool:
        """Whether every task of the job runs."""
        answer = self.get(f"jobs/{job}")
        return answer is not None and all(vertex["status"] == "RUNNING" for vertex in answer.get("vertices", ()))

    def stop(self) -> None:
        """Ends all processes at once."""
        for server in (*self.task_managers, self.job_manager):
            server.kill()
