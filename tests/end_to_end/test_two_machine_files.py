"""Two real services on one ledger, each with a site folder of its own: what one had, the other has after kill -9."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from benchmarks.takeover import TAKEOVER_WITHIN_S, Trial, two_machines
from tests.support.photos import jpeg
from tests.support.postgresql import PostgresServer


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_photos_and_published_rules_are_there_after_a_takeover_and_the_system_page_names_both(
    postgres: PostgresServer,
) -> None:
    del postgres  # skips where PostgreSQL is not installed
    with two_machines(rounds=1, own_sites=True) as trial:
        first, second = trial.active, trial.standby
        second.wait_for("standby")
        photo = _photo_of_an_alert(trial)
        sent = first.client.get(f"/api/v1/photos/{photo}", timeout=60).content
        book = first.client.get("/api/v1/rules/books/gas", timeout=60)
        text = f"# Checked in November.\n{book.json()['text']}"
        body = {"text": text, "trials": book.json()["trials"], "reason": "标注检查时间"}
        published = first.client.put(
            "/api/v1/rules/books/gas", json=body, headers={"If-Match": book.headers["etag"]}, timeout=120
        )
        assert published.status_code == 200, published.text
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(60)
        second.wait_for("active")
        answer = second.client.get(f"/api/v1/photos/{photo}", timeout=60)
        assert (answer.status_code, answer.content) == (200, sent)
        assert second.client.get("/api/v1/rules/books/gas", timeout=60).json()["text"] == text
        assert not (first.data / "blobs").exists()
        machines = second.client.get("/api/v1/system", timeout=60).json()["machines"]
        assert sorted((machine["role"], machine["version"]) for machine in machines) == [("active", "0.1.0")] * 2
        assert machines[0]["address"].endswith(f":{second.http}"), "the machine that was seen last comes first"


def _photo_of_an_alert(trial: Trial) -> str:
    """A photo that was sent to an alert of the active machine."""
    trial.leaks()
    client = trial.active.client
    end = time.monotonic() + TAKEOVER_WITHIN_S
    alerts: list[Any] = []
    while not alerts and time.monotonic() < end:
        alerts = client.get("/api/v1/alerts", timeout=60).json()["items"]
    files = {"photos": ("scene.jpg", jpeg(), "image/jpeg")}
    answer = client.post(f"/api/v1/alerts/{alerts[0]['id']}/photos", files=files, timeout=120)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["items"][0]["id"])
