"""A rulebook is edited over the API: read, published with a reason, refused, gone back to; the files of the site are
what is in force."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Broker
from tests.support.rulebook_harness import GAS, RulebookHarness
from tests.support.timeouts import LONG_TIMEOUT_S

LOWER = GAS.replace("when: lel_pct >= 10", "when: lel_pct >= 8").replace("version: 1", "version: 2")

SHOP = """\
hazard: gas
version: 1
rules:
- name: gas-shop
  title: {zh: 店铺燃气, en: Gas in a shop}
  kind: gas_alarm
  severity: high
  when: lel_pct >= 5
  clear: lel_pct < 3
  only_if: not finding.gas_low
  source: our default (unverified)
"""


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def put(harness: RulebookHarness, book: str, etag: str | None, **body: Any) -> Any:
    headers = {} if etag is None else {"If-Match": f'"{etag}"'}
    body = {"reason": "三起误报", **body}
    return await harness.api.put(f"/api/v1/rules/books/{book}", json=body, headers=headers, timeout=LONG_TIMEOUT_S)


def condition(harness: RulebookHarness, rule: str) -> str:
    books = harness.service.engine.books
    return next(str(one.when) for book in books for one in book.rules if one.name == rule)


async def test_a_threshold_is_moved_and_moved_back(harness: RulebookHarness) -> None:
    books = {book["name"]: book for book in await harness.items("/api/v1/rules/books")}
    assert (books["gas"]["origin"], books["gas"]["has_trials"], "gas-low" in books["gas"]["rules"]) == (
        "built_in",
        True,
        True,
    )
    gas = await harness.get("/api/v1/rules/books/gas")
    assert (gas["text"], gas["delivered"]) == (GAS, GAS)

    answer = await put(harness, "gas", gas["etag"], text=LOWER, person="li")
    assert answer.status_code == 200, answer.text
    assert answer.json()["changes"]["changed"]
    assert (condition(harness, "gas-low"), (harness.rules / "gas.yaml").read_text("utf-8")) == ("lel_pct >= 8", LOWER)
    assert [file.name for file in harness.rules.iterdir()] == ["gas.yaml"]  # no draft is left behind

    newest, found = await harness.items("/api/v1/rules/books/gas/versions")
    assert (newest["action"], newest["by_name"], newest["reason"], newest["in_force"]) == (
        "published",
        "李伟",
        "三起误报",
        True,
    )
    assert (found["action"], found["in_force"]) == ("found", False)
    version = await harness.get(f"/api/v1/rules/books/gas/versions/{found['number']}")
    assert (version["text"], version["trials"]) == (GAS, gas["trials"])
    assert (await harness.items("/api/v1/audit"))[0]["action"] == "rulebook published"

    etag, path = answer.json()["etag"], "/api/v1/rules/books/gas/remove"
    stale = await harness.api.post(path, json={"reason": "改回"}, headers={"If-Match": f'"{gas["etag"]}"'})
    assert stale.status_code == 412
    removed = await harness.api.post(
        path, json={"reason": "改回出厂规则"}, headers={"If-Match": f'"{etag}"'}, timeout=60
    )
    assert removed.status_code == 200, removed.text
    assert (condition(harness, "gas-low"), list(harness.rules.iterdir())) == ("lel_pct >= 10", [])
    again = await harness.api.post(path, json={"reason": "再来"}, headers={"If-Match": f'"{removed.json()["etag"]}"'})
    assert again.status_code == 409  # a delivered file is not ours to remove


async def test_what_cannot_be_used_is_refused_with_its_place_and_changes_nothing(
    harness: RulebookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = (await harness.get("/api/v1/rules/books/gas"))["etag"]
    line = next(number for number, text in enumerate(GAS.splitlines(), 1) if "lel_pct >= 25" in text)
    faulty = await put(harness, "gas", etag, text=GAS.replace("lel_pct >= 25", "lel_pt >= 25"))
    assert faulty.status_code == 422
    assert faulty.json()["errors"][0]["field"].startswith(f"gas.yaml:{line}:")

    trial = "trials:\n- name: 低浓度不报\n  rule: gas-low\n  every: 10s\n  readings: {lel_pct: 9x9}\n  expect: []\n"
    failing = await put(harness, "gas", etag, text=LOWER, trials=trial)
    assert (failing.status_code, "低浓度不报" in failing.json()["errors"][0]["field"]) == (422, True)

    # Another rulebook requires this rule: the fault is in that file, which this change would put out of force.
    created = await put(harness, "shop", None, text=SHOP)
    assert created.status_code == 200, created.text
    outside = await put(harness, "gas", etag, text=GAS.replace("gas-low", "gas-raised"))
    assert (outside.status_code, [file.name for file in harness.rules.iterdir()]) == (422, ["shop.yaml"])
    assert outside.json()["errors"][0]["field"].startswith("shop.yaml")
    assert condition(harness, "gas-low") == "lel_pct >= 10"

    assert (await put(harness, "gas", None, text=LOWER)).status_code == 412
    assert (await put(harness, "gas", "0" * 32, text=LOWER)).status_code == 412
    assert (await put(harness, "gas", etag, text=LOWER, reason="")).status_code == 422
    # The trials of a rulebook are no rulebook: they would be replaced without their entity tag.
    assert (await put(harness, "gas_test", None, text=trial)).status_code == 409
    assert not (harness.rules / "gas_test.yaml").exists()

    # Saved on disk while the checks run, which takes seconds: that change is not overwritten.
    check, saved = harness.service.rule_tools.check, GAS.replace("version: 1", "version: 7")

    async def check_and_save(books: Any) -> Any:
        harness.save_file(saved)
        return await check(books)

    monkeypatch.setattr(harness.service.rule_tools, "check", check_and_save)
    assert (await put(harness, "gas", etag, text=LOWER)).status_code == 412
    assert (harness.rules / "gas.yaml").read_text("utf-8") == saved
    monkeypatch.undo()
    (harness.rules / "gas.yaml").unlink()

    published = await put(harness, "gas", etag, text=LOWER, trials=trial, failing_trials=True)
    assert published.status_code == 200, published.text
    source = await harness.get("/api/v1/rules/books/gas")
    assert (source["origin"], source["trials"]) == ("replaced", trial)
