"""Photos of an alert from the worker's phone: kept with their comment, shown by role, never dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.security.auth import sign_worker_link
from tests.console.api.test_report_intake import files, stored_files
from tests.support.console_harness import Client, ConsoleHarness, client_of
from tests.support.photos import encoded, jpeg, picture

KEY = b"signing-key-of-this-test"


async def test_a_worker_sends_photos_by_his_link(harness: ConsoleHarness, admin: Client, anyone: Client) -> None:
    first, second = await harness.alert(), await harness.alert(device="band-101", rule="band-sos", hazard="person")
    link = sign_worker_link(KEY, first, "w-zhang", harness.now)
    assert (await anyone.post("/api/v1/session", json={"link": link})).status_code == 200
    sent = await anyone.post(
        f"/api/v1/alerts/{first}/photos",
        data={"comment": "已关阀"},
        files=files(jpeg(), encoded(picture(), "HEIF")),
        headers={"x-fengshao": "1"},
    )
    assert sent.status_code == 201, sent.text
    paths = [photo["path"] for photo in sent.json()["items"]]
    assert (len(paths), len(stored_files(harness))) == (2, 2)
    assert (await anyone.get(paths[0])).headers["content-type"] == "image/jpeg"
    detail = (await admin.get(f"/api/v1/alerts/{first}")).json()
    assert [(line["text"], len(line["photos"])) for line in detail["timeline"] if line["kind"] == "photos"] == [
        ("张三：已关阀（照片2张）", 2)
    ]
    other = await admin.post(f"/api/v1/alerts/{second}/photos", files=files(encoded(picture(), "PNG")))
    assert (await anyone.get(other.json()["items"][0]["path"])).status_code == 403
    assert (await anyone.get("/api/v1/photos/999")).status_code == 403


async def test_a_photo_in_a_comment_is_refused_and_not_dropped(harness: ConsoleHarness, admin: Client) -> None:
    alert = await harness.alert()
    for field in ("photo", "photos"):
        body = {"comment": "现场照片", "person": "w-li", field: "data:image/jpeg;base64,AAAA"}
        refused = await admin.post(f"/api/v1/alerts/{alert}/comment", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
        assert "/photos" in refused.json()["errors"][0]["detail"]
    timeline = (await admin.get(f"/api/v1/alerts/{alert}")).json()["timeline"]
    assert not [line for line in timeline if line["kind"] == "comment"]


async def test_photos_are_refused_by_name(harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]) -> None:
    path = f"/api/v1/alerts/{await harness.alert()}/photos"
    assert (await (await bearer("viewer")).post(path, files=files(jpeg()))).status_code == 403
    assert (await admin.post(path, json={"photos": []})).status_code == 415
    assert (await admin.post(path, data={"comment": "x"}, files={"other": b""})).status_code == 422
    mixed = await admin.post(path, files=files(jpeg(), b"no photo"))
    assert (mixed.status_code, [error["field"] for error in mixed.json()["errors"]]) == (422, ["photos[1]"])
    assert (await admin.post("/api/v1/alerts/99/photos", files=files(jpeg()))).status_code == 404
    assert (await admin.get("/api/v1/photos/99")).status_code == 404
    assert (await admin.get("/api/v1/photos/x")).status_code == 404


async def test_a_file_that_expired_is_not_found(harness: ConsoleHarness, admin: Client) -> None:
    alert = await harness.alert()
    sent = await admin.post(f"/api/v1/alerts/{alert}/photos", files=files(jpeg()))
    stored_files(harness)[0].unlink()
    assert (await admin.get(sent.json()["items"][0]["path"])).status_code == 404


async def test_a_full_disk_keeps_the_report_and_names_the_photo(harness: ConsoleHarness) -> None:
    from store.blobs import BlobStore

    full = BlobStore(harness.blob_folder, free_bytes_min=1 << 60)
    async with client_of(harness.app_with(reports={"blobs": full})) as client:
        made = await client.post(
            "/api/v1/report", data={"category": "exit", "text": "堵了", "place": "b3"}, files=files(jpeg())
        )
    assert (made.status_code, made.json()["photos_refused"][0]["reason"]) == (201, "no_space")


async def test_too_many_uploads_at_a_time_are_asked_to_wait(harness: ConsoleHarness, anyone: Client) -> None:
    slots = harness.app.state.upload_slots
    free, slots.free = slots.free, 0
    refused = await anyone.post("/api/v1/report/position", files=files(jpeg()))
    slots.free = free
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert (await anyone.post("/api/v1/report/position", files=files(jpeg()))).status_code == 200
    assert slots.free == free
