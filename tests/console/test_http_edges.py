"""Everything around the endpoints: unknown paths, limits, headers, probes, documents, pages, pushes, callbacks."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.http import examples
from console.http.static_files import StaticPages
from domain.secret import Secret
from store.errors import CannotWrite
from tests.support.console_harness import ADMIN, T0, Client, House, client_of


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v1/dragons", "/api/v2/alerts", "/api/v1/alerts/1/2/3"])
async def test_an_unknown_address_of_the_api_is_a_problem_document(admin: Client, path: str) -> None:
    answer = await admin.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "没有找到"


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/api/v1/alerts"), ("GET", "/api/v1/alerts/1/acknowledge"), ("POST", "/api/v1/rules")],
)
async def test_a_method_that_does_not_fit_is_a_problem_document(admin: Client, method: str, path: str) -> None:
    answer = await admin.request(method, path)

    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_over_the_limit_is_refused_announced_or_not(admin: Client) -> None:
    async def unannounced() -> Any:
        for _ in range(20):
            yield b" " * 65_536

    announced = await admin.post("/api/v1/devices", content=b" " * (1 << 20) + b"{}")
    streamed = await admin.post("/api/v1/devices", content=unannounced())
    nonsense = await admin.post("/api/v1/devices", content=b"{}", headers={"content-length": "many"})

    assert (announced.status_code, streamed.status_code, nonsense.status_code) == (413, 413, 413)
    assert announced.headers["content-type"] == streamed.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/healthz", "/", "/api/v1/alerts", "/api/v1/dragons", "/docs"])
async def test_every_answer_has_the_security_headers(anyone: Client, path: str) -> None:
    headers = (await anyone.get(path)).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"


async def test_probes_and_metrics_need_no_token(house: House, anyone: Client) -> None:
    ready = await anyone.get("/readyz")
    metrics = await anyone.get("/metrics")

    assert (await anyone.get("/healthz")).json() == {"status": "ok"}
    assert (await anyone.head("/healthz")).status_code == (await anyone.head("/readyz")).status_code == 200
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "fengshao_readings_total 3.0\n" in metrics.text
    assert "fengshao_stream_listeners 0.0\n" in metrics.text


async def test_not_ready_says_what_is_missing(house: House) -> None:
    app = house.altered(monitoring={"readiness": lambda: {"journal": True, "subscriptions": False}})
    async with client_of(app) as client:
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (
        503,
        {"ready": False, "checks": {"journal": True, "subscriptions": False}},
    )


async def test_the_page_of_the_api_is_for_whoever_is_logged_in(
    house: House, anyone: Client, admin: Client, bearer: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "api.html").write_text("<title>API</title>")
    house.app.router.default = StaticPages(tmp_path)
    platform = await bearer("device")

    for client in (anyone, platform):
        answer = await client.get("/docs")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/docs")
    assert (await admin.get("/docs")).text == "<title>API</title>"
    assert (await admin.get("/api.html")).status_code == 404


async def test_a_page_of_the_api_that_is_not_built_says_so(admin: Client) -> None:
    answer = await admin.get("/docs")
    assert (answer.status_code, "openapi.json" in answer.text) == (503, True)


async def test_the_document_names_no_other_server_and_says_who_may_ask(anyone: Client) -> None:
    answer = await anyone.get("/api/v1/openapi.json")
    document = answer.json()

    for path in ("/api/v1/alerts", "/api/v1/devices/{device_id}/readings", "/api/v1/why", "/readyz"):
        assert path in document["paths"]
    assert "http://" not in answer.text
    assert [{"bearer": []}, {"session": []}] == document["security"]
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert "security" not in document["paths"]["/api/v1/alerts"]["get"]
    tagged = {tag for methods in document["paths"].values() for one in methods.values() for tag in one["tags"]}
    assert tagged == {tag["name"] for tag in document["tags"]}


async def test_the_examples_of_the_documents_are_accepted(house: House, admin: Client) -> None:
    top = {"id": "g01", "name": "一", "level": "grid"}
    compound = {"id": "c1", "name": "苑", "level": "compound"}
    flat = {"id": "c1-3-2-402", "name": "402", "level": "household", "parent": "c1-3"}
    for path, example in (
        ("cells", [top, examples.CELL]),
        ("places", [compound, examples.PLACE, flat]),
        ("people", examples.PERSON),
        ("rosters", examples.DUTY),
        ("devices", examples.DEVICE),
        ("tokens", examples.TOKEN),
    ):
        answer = await admin.post(f"/api/v1/{path}", json=example)
        assert answer.status_code == 201, answer.text
    assert (await admin.post("/api/v1/readings", json=examples.READING)).status_code == 200
    number = await house.alert()
    act = {**examples.ACTION, "to": "w-li"}
    assert (await admin.post(f"/api/v1/alerts/{number}/acknowledge", json=act)).status_code == 200
    assert (await admin.post(f"/api/v1/alerts/{number}/link", json=examples.LINK)).status_code == 201
    document = (await admin.get("/api/v1/openapi.json")).text
    assert "0x00158d0004a1b2c3" in document
    assert "acknowledge、arrive" in document


async def test_before_the_pages_are_built_a_plain_page_says_so(anyone: Client) -> None:
    answer = await anyone.get("/")

    assert answer.status_code == 503
    assert "页面还没有构建" in answer.text


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>枫哨</title>", "utf-8")
    (folder / "assets" / "main-1a2b.js").write_text("go()", "utf-8")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    return folder


async def test_the_built_pages_are_served_at_every_address_of_theirs(house: House, dist: Path) -> None:
    async with client_of(house.altered(dist=dist)) as client:
        for path in ("/", "/login", "/alerts/31", "/m/some.signed-link_x", "/desk"):
            answer = await client.get(path)
            assert (answer.status_code, answer.text) == (200, "<title>枫哨</title>")
            assert answer.headers["cache-control"] == "no-cache"
        script = await client.get("/assets/main-1a2b.js")
        assert (script.text, "immutable" in script.headers["cache-control"]) == ("go()", True)
        for path in ("/assets/none.js", "/favicon.ico", "/../secret.txt", "/%2e%2e/secret.txt", "/api/v1/none"):
            answer = await client.get(path)
            assert answer.status_code == 404, path
            assert "secret" not in answer.text
        assert (await client.post("/login")).status_code == 404
        assert (await client.head("/")).status_code == 200


async def test_pages_are_no_websocket(house: House) -> None:
    await StaticPages(None)({"type": "websocket"}, _never, _never)


async def _never(*_: Any) -> Any:
    raise AssertionError("nothing is read and nothing is sent")


async def test_a_failure_of_ours_says_little_and_is_logged_without_secrets(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("the table is gone")

    async with client_of(house.altered(rules={"summaries": broken}), authorization=f"Bearer {ADMIN}") as client:
        with caplog.at_level(logging.ERROR):
            answer = await client.get("/api/v1/rules?token=hush")

    assert (answer.status_code, answer.json()["status"]) == (500, 500)
    assert "table" not in answer.text
    assert "request failed" in caplog.text
    assert ADMIN not in caplog.text
    assert "hush" not in caplog.text


async def test_a_full_disk_is_told_as_what_it_is(house: House) -> None:
    async def full() -> None:
        raise CannotWrite("disk full")

    async with client_of(house.altered(registry={"reload": full}), authorization=f"Bearer {ADMIN}") as client:
        answer = await client.post("/api/v1/devices", json={"id": "x", "kind": "door"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_provider_comes_in_by_its_secret_only(house: House, anyone: Client) -> None:
    good = await anyone.post("/api/v1/callbacks/aliyun_sms/s3cret?x=1", content=b"[{}]")

    assert (good.status_code, good.json()) == (200, {"code": 0})
    assert house.called == [("{'x': '1'}", b"[{}]")]
    assert (await anyone.get("/api/v1/callbacks/aliyun_sms/s3cret")).status_code == 200
    for path in ("aliyun_sms/wrong", "wecom/s3cret", "wecom/", "aliyun_sms/s3cret/x"):
        assert (await anyone.post(f"/api/v1/callbacks/{path}")).status_code == 404
    big = await anyone.post("/api/v1/callbacks/aliyun_sms/s3cret", content=b"x" * 65_537)
    assert big.status_code == 413


async def test_readings_are_pushed_into_the_journal_before_the_answer(house: House, admin: Client) -> None:
    one = {"device": "gas-402", "ts": 1_795_269_900, "lel_pct": 312.407, "alarm": True}
    single = await admin.post("/api/v1/readings?platform=native", json=one)
    batch = await admin.post("/api/v1/readings", json=[one, {"device": "band-101", "worn": True}])

    assert (single.status_code, single.json(), batch.json()) == (200, {"accepted": 1}, {"accepted": 2})
    first = house.accepted[0]
    assert (first.topic, first.received, first.session) == ("fengshao/v1/gas-402/up", T0, "http")
    assert msgspec.json.decode(first.payload) == [{"ts": 1_795_269_900, "lel_pct": 312.407, "alarm": True}]
    assert [frame.topic for frame in house.accepted[1:]] == ["fengshao/v1/gas-402/up", "fengshao/v1/band-101/up"]


async def test_chirpstack_may_push_its_events(house: House, admin: Client) -> None:
    event = {"deviceInfo": {"applicationId": "app-1", "devEui": "0101010101010101"}, "object": {"gas": 1}}
    answer = await admin.post("/api/v1/readings?platform=chirpstack&event=up", json=event)

    assert answer.status_code == 200
    assert house.accepted[0].topic == "application/app-1/device/0101010101010101/event/up"
    assert (await admin.post("/api/v1/readings?platform=chirpstack", json={})).status_code == 422


async def test_a_pushing_platform_has_a_token_that_opens_nothing_else(
    house: House, admin: Client, anyone: Client, bearer: Callable[..., Any]
) -> None:
    token = (await admin.post("/api/v1/tokens", json={"role": "device"})).json()["token"]
    body = {"lel_pct": 1}

    assert (await anyone.post(f"/api/v1/readings?token={token}&device=gas-402", json=body)).status_code == 200
    assert (await anyone.post("/api/v1/readings?token=wrong&device=gas-402", json=body)).status_code == 401
    assert (await anyone.post("/api/v1/readings?device=gas-402", json=body)).status_code == 401
    assert (await (await bearer("viewer")).post("/api/v1/readings?device=gas-402", json=body)).status_code == 403
    assert (await anyone.get("/api/v1/alerts", headers={"authorization": f"Bearer {token}"})).status_code == 403


async def test_a_token_of_one_platform_cannot_speak_for_another(house: House, admin: Client, anyone: Client) -> None:
    made = await admin.post("/api/v1/tokens", json={"role": "device", "platform": "ctwing"})
    token = made.json()["token"]
    assert (201, "ctwing") == (made.status_code, made.json()["platform"])

    assert (await anyone.post(f"/api/v1/readings?platform=ctwing&token={token}", json={})).status_code == 200
    forged = await anyone.post(f"/api/v1/readings?token={token}&device=gas-402&leaf=alarm", json={"alarm": True})
    assert (forged.status_code, len(house.accepted)) == (403, 1)
    for wrong in ({"role": "viewer", "platform": "ctwing"}, {"role": "device", "platform": "smoke_signals"}):
        assert (await admin.post("/api/v1/tokens", json=wrong)).status_code == 422


async def test_a_push_that_must_be_signed_is_taken_with_its_platforms_signature_only(house: House) -> None:
    body = {"notify_data": {"header": {"device_id": "5f2_gas-402"}}, "resource": "device.property"}
    signature = hashlib.sha256(b"1767225660000a1b2our-token").hexdigest()
    headers = {"timestamp": "1767225660000", "nonce": "a1b2", "signature": signature}
    signing = house.altered(intake={"push_secrets": {"iotda": Secret("our-token")}})
    async with client_of(signing, authorization=f"Bearer {ADMIN}") as client:
        signed = await client.post("/api/v1/readings?platform=iotda", json=body, headers=headers)
        forged = await client.post("/api/v1/readings?platform=iotda", json=body, headers={**headers, "nonce": "a1b3"})
        unsigned = await client.post("/api/v1/readings?platform=iotda", json=body)

    assert [200, 401, 401] == [each.status_code for each in (signed, forged, unsigned)]
    assert ["$oc/devices/5f2_gas-402/sys/properties/report"] == [frame.topic for frame in house.accepted]


async def test_a_body_too_large_is_refused_and_counted(house: House, admin: Client) -> None:
    body = b"[" + b" " * (1 << 20) + b"]"

    async def in_pieces() -> AsyncIterator[bytes]:
        yield body[: 1 << 19]
        yield body[1 << 19 :]

    for content in (body, in_pieces()):
        answer = await admin.post("/api/v1/readings?device=gas-402", content=content)
        assert answer.status_code == 413
    assert house.accepted == []
    lines = (await admin.get("/metrics")).text.splitlines()
    assert "fengshao_http_too_large_total 2.0" in lines


@pytest.mark.parametrize(
    ("query", "body", "field"),
    [
        ("platform=smoke_signals", {"device": "a"}, "platform"),
        ("", {"lel_pct": 1}, "device"),
        ("", [{"device": "a"}, {"device": "a/b"}], "[1].device"),
        ("", [5], "[0].device"),
    ],
)
async def test_a_push_that_names_nobody_is_refused(admin: Client, query: str, body: Any, field: str) -> None:
    answer = await admin.post(f"/api/v1/readings?{query}", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_thingsboards_device_api_takes_the_token_of_a_registered_device_and_no_other(
    house: House, admin: Client, anyone: Client
) -> None:
    identity = {"platform": "thingsboard", "id": "A1_TEST_TOKEN"}
    made = await admin.post("/api/v1/devices", json={"id": "tb-1", "kind": "gas_alarm", "identities": [identity]})
    assert made.status_code == 201

    said = await anyone.post(
        "/api/v1/A1_TEST_TOKEN/telemetry", json={"ts": 1_795_269_900_000, "values": {"lel_pct": 2}}
    )
    assert (said.status_code, said.json()) == (200, {"accepted": 1})
    assert house.accepted[-1].topic == "v1/devices/A1_TEST_TOKEN/telemetry"
    assert (await anyone.post("/api/v1/STRANGER/telemetry", json={"lel_pct": 2})).status_code == 401


async def test_without_a_way_into_the_journal_there_is_no_push(house: House) -> None:
    async with client_of(house.altered(intake={"accept": None}), authorization=f"Bearer {ADMIN}") as client:
        assert (await client.post("/api/v1/readings?device=a", json={})).status_code == 404


async def test_services_show_no_secret(house: House) -> None:
    shown = repr(house.services)

    assert ADMIN not in shown
    assert "s3cret" not in shown
    assert repr(Secret("x")) == "***"
