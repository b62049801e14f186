"""What a restored copy answers until it takes over."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from console.http.restored_copy import restored_copy_app


def test_a_copy_lives_is_not_ready_and_names_the_command() -> None:
    client = TestClient(restored_copy_app(Path("/data/<a>"), "b.tar"))
    assert client.get("/healthz").json() == {"status": "ok", "role": "restored"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["role"], ready.json()["ready"]) == (503, "restored", False)
    page = client.get("/wall")
    assert page.status_code == 503
    assert "副本" in page.text
    assert "takeover --data /data/&lt;a&gt;" in page.text
    refused = client.post("/api/v1/alerts/1/acknowledge")
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert "不通知任何人" in refused.json()["detail"]
