"""What a standby machine answers."""

from __future__ import annotations

from types import SimpleNamespace

from starlette.testclient import TestClient

from console.http.standby import standby_app


def test_a_standby_lives_is_not_ready_and_names_the_active_machine() -> None:
    client = TestClient(standby_app(lambda: SimpleNamespace(holder="box-<a>", address="http://a")))
    assert client.get("/healthz").json() == {"status": "ok", "role": "standby"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["role"], ready.json()["active"]) == (503, "standby", "http://a")
    assert "\nfengshao_active 0\n" in client.get("/metrics").text
    page = client.post("/api/v1/alerts/1/acknowledge")
    assert page.status_code == 503
    assert "box-&lt;a&gt;" in page.text
    assert "备机" in page.text


def test_a_standby_answers_while_the_ledger_does_not() -> None:
    def no_answer() -> None:
        raise ConnectionError

    client = TestClient(standby_app(no_answer))
    assert client.get("/readyz").json()["active"] is None
    assert "未知" in client.get("/").text
