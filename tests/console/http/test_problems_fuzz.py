"""Whatever is asked, well formed or not: no operation breaks, and every refusal is a problem document (RFC 9457).

Schemathesis makes the cases_of from the API's own document; the same ones in every run.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from console.events import EventHub
from console.rule_tools_interface import RuleJob
from store.database.database import Database, sqlite_url
from store.history.duckdb.history import DuckDbHistory
from tests.support.api_sweep import ENDLESS
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness, client_of
from tests.support.documented_responses import document
from tests.support.long_form import examples

EXAMPLES = examples(3, short=1)
"""Of each operation, well formed and otherwise."""

TIMES = [
    "2026-11-21T22:05:00+08:00",
    "1900-01-01T00:00:00Z",
    "0001-01-01",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59.999999Z",
    "1899-12-31T23:59:59+08:00",
    "2026-02-30T00:00:00Z",
    "2026-11-21T22:05:00+99:99",
    "-1",
    "9" * 40,
    "NaN",
    "Infinity",
    "٢٠٢٦-١١-٢١T22:05:00Z",
]
"""Instants within the calendar, at its ends and beyond them, and what is none."""

SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [
    found.ok()
    for found in SCHEMA.get_all_operations()
    if found.ok().path not in ENDLESS and (found.ok().method, found.ok().path) != ("delete", "/api/v1/session")
]


OPERATIONS = [
    (operation, mode)
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or list(operation.body) or list(operation.query)  # else no way is wrong
]

KNOWN = {
    "alert_id": ["1"],
    "device_id": ["gas-402"],
    "row_id": ["b3", "grid-3", "w-zhang", "d-1"],
    "name": ["gas-alarm"],
    "device": ["gas-402"],
    "alert": ["1"],
    "kind": ["gas_alarm"],
    "platform": ["native"],
    **dict.fromkeys(("at", "from", "to", "since", "until"), TIMES),
    "step": ["1s", "400d", "9" * 30, "9" * 5000, "1000000000000h", "-1s", "0", "NaN"],
    "limit": ["0", "-1", "1001", "9" * 30, "1e3", "NaN"],
}
"""What stands for a random value now and then: a question about what is there goes further."""


@st.composite
def cases_of(draw: st.DrawFn, operation: Any, mode: GenerationMode) -> Any:
    """One case, in which some values are known ones."""
    case = draw(operation.as_strategy(generation_mode=mode))
    for values, declared in ((case.path_parameters, operation.path_parameters), (case.query, operation.query)):
        for name in [one.name for one in declared if one.name in KNOWN and values is not None]:
            if draw(st.integers(0, 2)):
                values[name] = draw(st.sampled_from(KNOWN[name]))
    return case


@dataclass
class FuzzClient:
    """A harness with an event loop of its own: Hypothesis asks from outside of one."""

    runner: asyncio.Runner
    harness: ConsoleHarness
    client: Client

    def send(self, case: Any) -> Any:
        return self.runner.run(self._ask(case))

    async def _ask(self, case: Any) -> Any:
        sent = case.as_transport_kwargs(base_url="http://console")
        headers = {**sent["headers"], "authorization": f"Bearer {ADMIN}"}
        known = {name: sent[name] for name in ("params", "json", "data") if sent.get(name) is not None}
        if isinstance(known.get("data"), bytes | str):
            known["content"] = known.pop("data")
        return await self.client.request(sent["method"], sent["url"], headers=headers, **known)


class Tools:
    """Answers like the safety office's tools, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        plain = {"jobs": [], "job": None, "schema": {}, "template": {}}
        if name in plain:
            return lambda *_: plain[name]

        async def work(*_: Any, **__: Any) -> Any:
            job = RuleJob("j-1", "running", 0.0, "t-1", T0)
            answers = {
                "backtest": job,
                "score": job,
                "cancel": None,
                "reload": {"added": [], "removed": [], "changed": []},
                "test": {"passed": 0, "failed": 0, "results": []},
                "explain": {"device": "gas-402", "rule": "gas-alarm", "known": False, "at": T0},
            }
            return answers.get(name, {})

        return work


@pytest.fixture(scope="module")
def fuzz_client(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> Iterator[FuzzClient]:
    folder = shutil.copytree(blank, tmp_path_factory.mktemp("fuzz_client") / "data")
    with asyncio.Runner() as runner:

        async def open_harness() -> ConsoleHarness:
            harness = ConsoleHarness(
                Database(sqlite_url(folder / "ledger.db")), DuckDbHistory(folder / "history.duckdb"), EventHub(T0)
            )
            await harness.load_community()
            await harness.alert()
            return harness

        harness = runner.run(open_harness())
        client = client_of(harness.app_with(rules={"tools": Tools()}))
        yield FuzzClient(runner, harness, client)
        runner.run(client.aclose())
        runner.run(harness.history.close())
        harness.database.close()


@pytest.mark.long_form
@pytest.mark.parametrize(("operation", "mode"), OPERATIONS, ids=lambda value: getattr(value, "label", str(value)))
def test_no_request_breaks_an_operation(fuzz_client: FuzzClient, operation: Any, mode: GenerationMode) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases_of(operation, mode))
    def check_response(case: Any) -> None:
        response = fuzz_client.send(case)
        assert response.status_code != 500, (case.method, case.formatted_path, case.query, case.body, response.text)
        if response.status_code >= 400 and not operation.path.startswith("/api/v1/callbacks"):
            assert response.headers["content-type"] == "application/problem+json"
            problem = response.json()
            assert problem["status"] == response.status_code
            assert problem["title"]
            assert problem["detail"]
            assert all(fault["detail"] for fault in problem.get("errors", ()))

    check_response()
