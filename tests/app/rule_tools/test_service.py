"""The safety office's tools beside a running service: over HTTP, and by commands that ask it through its socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from domain import HOUR, MINUTE, Lane, Reading
from tests.conftest import Broker
from tests.support.rulebook_harness import GAS, RulebookHarness
from tests.support.service_harness import START
from tests.support.timeouts import LONG_TIMEOUT_S

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def remembers(harness: RulebookHarness) -> None:
    """Six hours of readings every five minutes, with twenty minutes of gas at two of them."""
    past = [
        Reading("gas-402", "gas_alarm", at, at, {"lel_pct": 14 if step in (24, 25, 26, 27) else 1, "alarm": False})
        for step in range(72)
        for at in [START - 6 * HOUR + step * 5 * MINUTE]
    ]
    harness.stores.history.append(Lane.URGENT, 1_000_000, past)
    await harness.stores.history.flush()


async def command(*words: str) -> Result:
    """A command in a process of its own would see the same socket."""
    return await asyncio.to_thread(CliRunner().invoke, main, ["rules", *words])


async def post(harness: RulebookHarness, path: str, body: Any = None) -> Any:
    response = await harness.api.post(f"/api/v1/rules/{path}", json=body, timeout=LONG_TIMEOUT_S)
    return response.status_code, response.json()


async def finished(harness: RulebookHarness, job: str) -> Any:
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while (found := await harness.get(f"/api/v1/rules/jobs/{job}"))["state"] == "running":
            await asyncio.sleep(0.05)
    return found


def at(minutes: float) -> str:
    """An instant so many minutes after the beginning of what is remembered."""
    from app.cli.output import format_time

    return format_time(round(START - 6 * HOUR + minutes * MINUTE), SHANGHAI)


async def test_a_sent_rulebook_is_checked_and_its_trials_run(harness: RulebookHarness) -> None:
    faulty = GAS.replace("lel_pct >= 25", "lel_pt >= 25").replace("severity: high", "severity: hihg", 1)
    code, answer = await post(harness, "check", {"books": [{"name": "gas.yaml", "text": faulty}]})
    assert (code, {fault["file"] for fault in answer["faults"]}) == (200, {"gas.yaml"})
    assert {"file", "line", "column", "field", "message"} == set(answer["faults"][0])
    assert any("write lel_pct" in fault["message"] for fault in answer["faults"])
    assert (await post(harness, "check", {"books": [{"name": "gas.yaml", "text": GAS}]}))[1]["faults"] == []

    code, answer = await post(harness, "test", {"names": ["fire"]})
    assert (code, answer["failed"]) == (200, 0)
    assert {"file", "trial", "rule", "passed", "expected", "got"} == set(answer["results"][0])
    assert (await post(harness, "test", {"names": ["fires"]}))[0] == 422


async def test_a_backtest_runs_beside_the_service_and_leaves_nothing_behind(harness: RulebookHarness) -> None:
    await remembers(harness)
    other = GAS.replace("when: lel_pct >= 10", "when: lel_pct >= 20").replace(
        "clear: lel_pct < 6", "clear: lel_pct < 9"
    )
    body = {"book": "gas", "against": {"name": "gas.yaml", "text": other}, "since": "6h"}
    response = await harness.api.post("/api/v1/rules/backtest", json=body, timeout=LONG_TIMEOUT_S)
    assert response.status_code == 202
    assert response.headers["location"].endswith(response.json()["id"])
    job = await finished(harness, response.json()["id"])
    assert (job["state"], job["progress"]) == ("done", 1.0)
    low = next(line for line in job["result"]["rules"] if line["rule"] == "gas-low")
    assert (low["found"], low["by_hour"][18], low["places"]) == (1, 1, {"gas-402": "枫林苑3栋2单元402"})
    (only,) = job["result"]["difference"]["only_ours"]
    assert (only["rule"], only["begin"]) == ("gas-low", at(120))
    assert list((harness.data / "tmp").iterdir()) == []


async def test_a_backtest_that_cannot_run_is_refused_with_the_reason(harness: RulebookHarness) -> None:
    code, problem = await post(harness, "backtest", {"book": {"name": "gas.yaml", "text": "rules: ["}})
    assert (code, problem["errors"][0]["field"]) == (422, "gas.yaml:1:9")
    assert (await post(harness, "backtest", {"book": "nothing"}))[0] == 422
    assert (await post(harness, "backtest", {"book": "gas", "from": at(9), "to": at(3)}))[0] == 422
    assert (await post(harness, "backtest", {"book": "gas", "since": "soon"}))[0] == 422
    await remembers(harness)
    code, problem = await post(harness, "backtest", {"book": "gas", "from": at(-900), "to": at(-600)})
    assert (code, "没有历史读数" in problem["detail"]) == (422, True)
    before = await harness.get(f"/api/v1/rules/gas-low/explain?device=gas-402&at={at(-9).replace('+', '%2B')}")
    assert (before["phase"], before["heard"]) == ("quiet", None)
    assert (await harness.api.get("/api/v1/rules/jobs/none")).status_code == 404


async def test_one_backtest_runs_at_a_time_and_can_be_cancelled(harness: RulebookHarness) -> None:
    await remembers(harness)
    _, job = await post(harness, "backtest", {"book": "gas"})
    code, problem = await post(harness, "backtest", {"book": "gas"})
    assert (code, job["id"] in problem["detail"]) == (409, True)
    assert [item["id"] for item in await harness.items("/api/v1/rules/jobs")] == [job["id"]]
    ended = await harness.api.delete(f"/api/v1/rules/jobs/{job['id']}")
    assert ended.json()["state"] in ("cancelled", "done")
    assert list((harness.data / "tmp").iterdir()) == []
    assert (await post(harness, "backtest", {"book": "gas"}))[0] == 202


async def test_a_score_is_started_by_those_who_publish_and_its_process_ends_when_it_is_cancelled(
    harness: RulebookHarness,
) -> None:
    body = {"book": {"name": "gas.yaml", "text": GAS.replace("lel_pct >= 10", "lel_pct >= 12", 1)}, "days": 1}
    made = await harness.api.post("/api/v1/tokens", json={"role": "dispatcher"})
    dispatcher = {"Authorization": f"Bearer {made.json()['token']}"}
    refused = await harness.api.post("/api/v1/rules/score", json=body, headers=dispatcher)
    assert refused.status_code == 403
    code, problem = await post(harness, "score", {"book": {"name": "gas.yaml", "text": "rules: ["}})
    assert (code, problem["errors"][0]["field"]) == (422, "gas.yaml:1:9")
    assert (await post(harness, "score", {**body, "days": 8}))[0] == 422

    response = await harness.api.post("/api/v1/rules/score", json=body, timeout=LONG_TIMEOUT_S)
    assert response.status_code == 202
    job = response.json()
    assert (job["tool"], job["book"], job["text"], job["state"]) == ("score", "gas", body["book"]["text"], "running")
    assert response.headers["location"].endswith(job["id"])
    code, problem = await post(harness, "backtest", {"book": "gas"})
    assert (code, job["id"] in problem["detail"]) == (409, True)

    address = f"/api/v1/rules/jobs/{job['id']}"
    assert (await harness.api.get(address, headers=dispatcher)).status_code == 200
    assert (await harness.api.delete(address, headers=dispatcher)).status_code == 403
    assert (await harness.api.delete(address)).json()["state"] == "cancelled"
    (listed,) = await harness.items("/api/v1/rules/jobs")
    assert (listed["id"], listed["state"], listed["text"]) == (job["id"], "cancelled", "")
    assert list((harness.data / "tmp").iterdir()) == []


async def test_a_rule_explains_itself_now_and_in_the_past(harness: RulebookHarness) -> None:
    await remembers(harness)
    await harness.receives(lel_pct=12)
    now = await harness.get("/api/v1/rules/gas-low/explain?device=gas-402")
    assert (now["phase"], now["asks"]["lel_pct"]) == ("pending", 12)
    then = await harness.get(f"/api/v1/rules/gas-low/explain?device=gas-402&at={at(131).replace('+', '%2B')}")
    assert (then["phase"], then["begin"], then["asks"]["lel_pct"]) == ("firing", at(120), 14)
    assert then["reasons"][0] == "正在报"
    assert [finding["phase"] for finding in then["told"]] == ["began"]
    await harness.fast_forward(minutes=2)
    await harness.receives(lel_pct=13)
    live = await harness.get("/api/v1/rules/gas-low/explain?device=gas-402")
    harness.clock.now += 1
    past = await harness.get(f"/api/v1/rules/gas-low/explain?device=gas-402&at={at(362).replace('+', '%2B')}")
    same = ("phase", "begin", "since", "severity", "asks", "answers", "reasons", "evidence", "newest")
    assert {name: live[name] for name in same} == {name: past[name] for name in same}
    group = await harness.get(f"/api/v1/rules/gas-building/explain?device=building/b3&at={at(131).replace('+', '%2B')}")
    assert group["parts"][0]["found"] == 0
    silent = await harness.get(f"/api/v1/rules/device-offline/explain?device=gas-402&at={at(131).replace('+', '%2B')}")
    assert (silent["phase"], silent["last_heard"]) == ("quiet", at(130))
    assert (await harness.api.get("/api/v1/rules/nothing/explain?device=x")).status_code == 404


async def test_a_building_is_explained_by_all_its_devices_now_and_in_the_past(harness: RulebookHarness) -> None:
    await harness.receives(alarm=True)
    await harness.publish("fengshao/v1/gas-403/up", {"ts": harness.clock.now, "alarm": True})
    await harness.until(lambda: harness.service.processing.pipeline.counters.readings == 2, "the neighbour")
    path = "/api/v1/rules/gas-building/explain?device=building/b3"
    live = await harness.get(path)
    harness.clock.now += 2
    past = await harness.get(f"{path}&at={at(360).replace('+', '%2B')}")
    assert [member["device"] for member in live["members"]] == ["gas-402", "gas-403"]
    assert (live["parts"], live["members"], live["reasons"]) == (past["parts"], past["members"], past["reasons"])
    assert "有 2，要 3" in past["reasons"][-1]


async def test_commands_send_requests_to_the_service_that_runs_on_their_dir(
    harness: RulebookHarness, tmp_path: Path
) -> None:
    await remembers(harness)
    book = tmp_path / "gas.yaml"
    book.write_text(GAS, "utf-8")
    options = ["--since", "6h", "--until", at(360), "--data", str(harness.data)]
    result = await command("backtest", str(book), *options)
    assert result.exit_code == 0, result.output
    assert "登记设备 4 台" in result.output
    assert "gas-402（枫林苑3栋2单元402） 1 次" in result.output

    explained = ["explain", "gas-low", "--device", "gas-402", "--at", at(131), "--data", str(harness.data)]
    beside = await command(*explained, "--json")
    assert beside.exit_code == 0, beside.output
    await harness.stop()
    alone = await command(*explained, "--json")
    assert json.loads(beside.output) == json.loads(alone.output)
    await harness.start()


async def test_rulebooks_on_disk_are_reloaded_on_request(harness: RulebookHarness) -> None:
    harness.save_file(GAS.replace("when: co_ppm >= 50", "when: co_ppm >= 60"))
    taken = (await post(harness, "reload"))[1]
    assert (taken["changed"], taken["unversioned"]) == (["gas-co"], ["gas-co"])
    harness.save_file(GAS.replace("when: co_ppm >= 50", "when: co_pm >= 60"))
    code, problem = await post(harness, "reload")
    assert (code, "gas.yaml:" in problem["errors"][0]["field"]) == (422, True)


async def test_a_template_and_the_schema_are_offered(harness: RulebookHarness) -> None:
    (book, trials) = (await harness.get("/api/v1/rules/new?name=corner-shop"))["books"]
    assert [book["name"], trials["name"]] == ["corner-shop.yaml", "corner-shop_test.yaml"]
    assert (await post(harness, "test", {"books": [book, trials]}))[1]["failed"] == 0
    assert (await harness.api.get("/api/v1/rules/new?name=Shop--")).status_code == 422
    assert (await harness.get("/api/v1/rules/schema?of=trials"))["title"] == "TrialBook"
