"""`POST /report` from a resident's phone: photos, places, limits, retries; and the page of his link."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from app.server.demo import submit_report
from domain import HOUR, Place
from domain.geo import distance_m, to_gcj02
from simulators.events import CitizenReport
from store.database import registry
from tests.support.console_harness import T0, Client, ConsoleHarness
from tests.support.photos import encoded, exif_of, jpeg, picture

PATH = "/api/v1/report"
REPORT = {"category": "exit", "text": "通道被堵", "place": "b3"}
KEY = "5f0c9a52-7c1e-4f0e-9d5b-1f1f6f1d2a77"
GATE = (30.65, 104.06)


def files(*photos: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("photos", (f"{number}.jpg", photo, "image/jpeg")) for number, photo in enumerate(photos)]


async def submit(client: Client, *photos: bytes, **changes: Any) -> Any:
    fields = {name: value for name, value in {**REPORT, **changes}.items() if value is not None}
    if not photos:
        return await client.post(PATH, json=fields)
    form = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in fields.items()}
    return await client.post(PATH, data=form, files=files(*photos))


async def locate(harness: ConsoleHarness) -> None:
    """Give a gate its coordinates, and the building one far away."""
    places = [
        Place("gate", "东门", "gate", "garden", lat=GATE[0], lon=GATE[1], datum="GCJ-02"),
        Place("b3", "3栋", "building", "garden", lat=GATE[0] + 0.01, lon=GATE[1], datum="GCJ-02"),
    ]
    await harness.database.write(lambda tx: registry.put_places(tx, places, T0))
    await harness.load_community()


def stored_files(harness: ConsoleHarness) -> list[Path]:
    return sorted(harness.blob_folder.rglob("*.jpg"))


async def test_a_photo_of_a_blocked_exit_becomes_a_case_with_a_link(
    harness: ConsoleHarness, anyone: Client, admin: Client
) -> None:
    made = await submit(anyone, encoded(picture(), "JPEG", exif=exif_of()), phone="+86 199 1111 2222", consent=True)
    assert made.status_code == 201, made.text
    report = made.json()
    assert (report["photos"], report["photos_refused"], report["place"]) == (1, [], "枫林苑3栋")
    alert = (await admin.get("/api/v1/alerts/1")).json()
    assert (alert["source"], alert["reference"], alert["title"]) == ("report", report["number"], "居民报消防通道占用")
    assert (alert["description"], alert["report"], alert["next_step_at"] is not None) == ("通道被堵", "1", True)
    (entry,) = [line for line in alert["timeline"] if line["photos"]]
    assert (entry["text"], [photo["by"] for photo in entry["photos"]]) == ("居民上传照片1张", ["居民"])
    (file,) = stored_files(harness)
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        assert not image.getexif()
    status = await anyone.get(f"/api/v1/report/status/{report['path'].rpartition('/')[2]}")
    page = status.json()
    assert (page["stage"], page["sentence"]) == ("received", "已收到，正在通知网格员。")
    photo = await anyone.get(page["photos"][0]["path"])
    assert (photo.status_code, photo.headers["content-type"], photo.content) == (200, "image/jpeg", file.read_bytes())
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in photo.headers["content-security-policy"]


async def test_a_retry_after_a_lost_answer_gets_the_same_link(harness: ConsoleHarness, anyone: Client) -> None:
    first = await submit(anyone, jpeg(), key=KEY)
    harness.now += 60_000
    again = await submit(anyone, jpeg(), key=KEY)
    assert (again.status_code, again.json()["path"]) == (201, first.json()["path"])
    assert again.json()["number"] == first.json()["number"]
    assert len(stored_files(harness)) == 1


async def test_a_damaged_photo_costs_itself_and_not_the_report(anyone: Client) -> None:
    made = await submit(anyone, jpeg(), b"<svg onload=alert(1)>", jpeg(1200, 900)[:9_000])
    assert (made.status_code, made.json()["photos"]) == (201, 1)
    assert made.json()["photos_refused"] == [
        {"number": 2, "reason": "not_a_photo", "detail": "第2个文件不是照片。只收 JPEG、PNG、HEIC。"},
        {"number": 3, "reason": "damaged", "detail": "第3张照片不完整或已损坏，请重拍或重选。"},
    ]
    token = made.json()["path"].rpartition("/")[2]
    added = await anyone.post(f"/api/v1/report/status/{token}/photos", files=files(encoded(picture(), "PNG")))
    assert (added.status_code, added.json()) == (201, {"kept": 1, "refused": []})
    many = await anyone.post(f"/api/v1/report/status/{token}/photos", files=files(*[jpeg()] * 3))
    assert many.status_code == 422


FAULTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"category": "dragon"}, "category"),
    ({"text": ""}, "text"),
    ({"text": "长" * 1001}, "text"),
    ({"place": "b3-402"}, "place"),  # a flat is not for the public to name
    ({"place": "nowhere"}, "place"),
    ({"place": None}, "place"),
    ({"place": None, "lat": 30.0}, "lon"),
    ({"place": None, "lat": 91.0, "lon": 104.0}, "lat"),
    ({"place": None, "qr": "MQ.forged"}, "qr"),
    ({"phone": "123", "consent": True}, "phone"),
    ({"phone": "19911112222"}, "consent"),
    ({"website": "http://spam"}, "website"),
    ({"key": "short"}, "key"),
    ({"severity": "critical"}, "severity"),
)


async def test_a_fault_is_named_by_its_field(anyone: Client) -> None:
    for changes, field in FAULTS:
        refused = await submit(anyone, **changes)
        assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, [field]), changes


async def test_danger_to_life_needs_no_words_and_says_whom_to_call(anyone: Client) -> None:
    made = await submit(anyone, category="fire", text="")
    assert (made.status_code, made.json()["life_safety"]) == (201, True)
    assert "119" in made.json()["emergency"]


async def test_a_qr_code_names_its_place_until_it_is_revoked(admin: Client, anyone: Client) -> None:
    path = (await admin.get("/api/v1/places/b3-402/qr")).json()["path"]
    token = path.rpartition("/")[2]
    assert "b3-402" not in token
    form = (await anyone.get(PATH, params={"qr": token})).json()
    assert (form["code"], form["place"]["address"], form["place"]["id"]) == ("valid", "枫林苑3栋402", "")
    assert (await submit(anyone, place=None, qr=token)).json()["place"] == "枫林苑3栋402"
    assert (await admin.delete("/api/v1/places/b3-402/qr")).json() == {"revoked": 1}
    assert (await anyone.get(PATH, params={"qr": token})).json()["code"] == "revoked"
    assert (await submit(anyone, place=None, qr=token)).status_code == 422
    assert (await submit(anyone, qr=token)).json()["place"] == "枫林苑3栋"


async def test_a_position_means_the_nearest_place(harness: ConsoleHarness, anyone: Client) -> None:
    await locate(harness)
    near = await anyone.get(f"{PATH}/places", params={"lat": GATE[0] + 0.001, "lon": GATE[1]})
    assert [(place["id"], place["distance_m"]) for place in near.json()["items"]] == [("gate", 111)]
    made = await submit(anyone, place=None, lat=GATE[0] + 0.001, lon=GATE[1])
    assert made.json()["place"] == "枫林苑东门"
    far = await submit(anyone, place=None, lat=20.0, lon=110.0, address="高速路口")
    assert far.json()["place"] == "高速路口"


async def test_the_position_in_a_photo_is_offered_and_not_stored(harness: ConsoleHarness, anyone: Client) -> None:
    await locate(harness)
    taken_at = exif_of(lat=(30.0, 39.0, 0.0), lon=(104.0, 3.0, 36.0))
    offered = await anyone.post(f"{PATH}/position", files=files(encoded(picture(), "JPEG", exif=taken_at)[:9_000]))
    position = offered.json()
    assert distance_m((position["lat"], position["lon"]), to_gcj02((30.65, 104.06))) < 1
    assert position["place"] is None  # GCJ-02 of this WGS-84 point is half a kilometre from the gate
    without = await anyone.post(f"{PATH}/position", files=files(jpeg()))
    assert without.json() == {"lat": None, "lon": None, "place": None}
    assert (await anyone.post(f"{PATH}/position", data={"x": "y"}, files={})).status_code == 422
    assert stored_files(harness) == []


async def test_places_are_picked_from_the_compound_down_to_the_building(anyone: Client) -> None:
    top = (await anyone.get(f"{PATH}/places")).json()["items"]
    assert [(place["id"], place["leaf"]) for place in top] == [("garden", False), ("court", True)]
    below = (await anyone.get(f"{PATH}/places", params={"parent": "garden"})).json()["items"]
    assert [(place["id"], place["leaf"]) for place in below] == [("b3", True)]
    found = (await anyone.get(f"{PATH}/places", params={"text": "3"})).json()["items"]
    assert [place["id"] for place in found] == ["b3"]


async def test_one_address_cannot_flood_the_queue(harness: ConsoleHarness, anyone: Client) -> None:
    for number in range(15):
        assert (await submit(anyone, text=f"第{number}次")).status_code == 201
    refused = await submit(anyone)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert "工作人员已经知道" in refused.json()["detail"]
    for number in range(5):
        assert (await submit(anyone, category="gas", text=f"第{number}次")).status_code == 201
    flooded = await submit(anyone, category="gas")
    assert (flooded.status_code, "抢修电话" in flooded.json()["detail"]) == (429, True)
    harness.now += HOUR
    assert (await submit(anyone)).status_code == 201


async def test_a_form_of_another_site_and_too_many_photos_are_refused(anyone: Client) -> None:
    other = await anyone.post(PATH, json=REPORT, headers={"sec-fetch-site": "cross-site"})
    assert other.status_code == 403
    assert (await submit(anyone, *[jpeg()] * 5)).status_code == 422
    large = b"\xff\xd8\xff" + b"\0" * (10 << 20)
    too_large = await submit(anyone, large)
    assert (too_large.status_code, too_large.json()["detail"]) == (413, "第1张照片超过 10 MB，请压缩后再传。")
    broken = await anyone.post(PATH, content=b"no form", headers={"content-type": "multipart/form-data; boundary=x"})
    assert broken.status_code == 422


async def test_a_closed_page_does_not_exist(harness: ConsoleHarness) -> None:
    from tests.support.console_harness import client_of

    async with client_of(harness.app_with(reports={"is_open": False})) as client:
        assert (await client.get(PATH)).status_code == 404
        assert (await client.post(PATH, json=REPORT)).status_code == 404


async def test_a_forged_or_expired_link_shows_nothing(harness: ConsoleHarness, anyone: Client) -> None:
    token = (await submit(anyone)).json()["path"].rpartition("/")[2]
    assert (await anyone.get(f"/api/v1/report/status/{token[:-2]}xx")).status_code == 404
    harness.now += 900 * 24 * HOUR
    assert (await anyone.get(f"/api/v1/report/status/{token}")).status_code == 404


async def test_the_reporter_reads_the_answer_and_rates_it(
    harness: ConsoleHarness, anyone: Client, admin: Client, bearer: Callable[..., Any]
) -> None:
    path = f"/api/v1/report/status/{(await submit(anyone)).json()['path'].rpartition('/')[2]}"
    assert (await anyone.post(f"{path}/rating", json={"satisfied": True})).status_code == 409
    by = {"person": "w-zhang", "disposition": "real"}
    for action in ("arrive", "resolve", "close"):
        assert (await admin.post(f"/api/v1/alerts/1/{action}", json=by)).status_code == 200
    assert (await anyone.get(path)).json()["stage"] == "resolved"
    assert (await anyone.post(f"{path}/photos", files=files(jpeg()))).status_code == 409
    for person in ("w-li", "r-wang"):
        operator = await bearer("dispatcher", person=person)
        assert (await operator.post("/api/v1/reports/1/verify")).status_code == 200
    answered = await operator.post(
        "/api/v1/reports/1/answer", data={"text": "通道已清理"}, files=files(encoded(picture(), "PNG"))
    )
    assert answered.status_code == 200, answered.text
    page = (await anyone.get(path)).json()
    assert (page["answer"], page["can_rate"], [photo["purpose"] for photo in page["photos"]]) == (
        "通道已清理",
        True,
        ["answer"],
    )
    harness.now += 1_000
    rated = (await anyone.post(f"{path}/rating", json={"satisfied": False, "text": "还是堵"})).json()
    assert (rated["stage"], rated["can_rate"]) == ("received", False)
    figures = (await admin.get("/api/v1/statistics/reports")).json()
    assert (figures["received"], figures["dissatisfied"], figures["reopened"]) == (1, 1, 1)


async def test_the_report_of_the_demo_is_a_case_with_its_photo(anyone: Client, admin: Client, caplog: Any) -> None:
    await submit_report(anyone, "", CitizenReport("b3", "wire", "电线掉下来了，露着铜芯"), 1)
    alert = (await admin.get("/api/v1/alerts/1")).json()
    (entry,) = [line for line in alert["timeline"] if line["photos"]]
    assert (alert["title"], alert["severity"], len(entry["photos"])) == ("居民报电线裸露", "high", 1)
    await submit_report(anyone, "", CitizenReport("no-such-place", "wire", ""), 1)
    assert "was not accepted" in caplog.text
