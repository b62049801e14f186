"""The rows of a street office's needs, each played on a real broker with text messages at a real provider server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.config.catalog import LADDERS
from tests.conftest import Broker
from tests.support.community_harness import SITE, CommunityHarness
from tests.support.service_harness import Phone


@pytest.fixture
async def service(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[CommunityHarness]:
    async with CommunityHarness(tmp_path, broker.port, free_port()) as running:
        yield running


async def test_a_restaurant_is_named_in_the_text_and_a_worker_with_a_plain_phone_reports_arrival_and_end(
    service: CommunityHarness,
) -> None:
    """Row 1."""
    await service.publish("fengshao/v1/gas-shop/alarm", {"alarm": True, "lel_pct": 31})
    await service.phone("李伟").expects_sms("燃气泄漏", "枫林苑老张火锅店", "10分钟内到场")
    await service.phone("李伟").replies("11")
    await service.phone("李伟").expects_sms("已由李伟接警", "到场回复13", "其他14")
    await service.phone("李伟").replies("13")
    await service.until_state("1", "on_site")
    await service.phone("李伟").replies("14")
    await service.until_state("1", "resolved")


async def test_a_shelved_call_for_help_is_sent_again_at_the_next_press_and_names_the_person(
    service: CommunityHarness,
) -> None:
    """Row 2."""
    await service.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await service.phone("李伟").expects_sms("枫林苑3栋2单元402")
    (alert,) = await service.until_items("/api/v1/alerts")
    shown = await service.get(f"/api/v1/alerts/{alert['id']}")
    assert [person["name"] for person in shown["concerned"]] == ["王奶奶"]
    assert {"王丽"} <= {contact["name"] for contact in shown["contacts"]}

    until = "2026-11-21T22:30:00+08:00"
    body = {"person": "li", "reason": "已电话确认，半小时后上门", "until": until}
    shelved = await service.api.post(f"/api/v1/alerts/{alert['id']}/shelve", json=body)
    assert shelved.status_code == 200, shelved.text
    service.clock.now += 120_000
    await service.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await service.until(lambda: len(service.phone("李伟").texts) >= 2, "a text for the second press")
    assert "枫林苑3栋2单元402" in service.phone("李伟").texts[-1]


async def test_a_leak_is_taken_declined_reached_dealt_with_and_verified_by_another_person_all_by_text(
    service: CommunityHarness,
) -> None:
    """Rows 4 and 11: 1 minute to take, 10 minutes to arrive, another person verifies; plain phones only."""
    await service.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 31})
    worker, deputy, lead = service.phone("李伟"), service.phone("吴敏"), service.phone("陈芳")
    await worker.expects_sms("燃气泄漏", "10分钟内到场", "回复11接警，12无法到场")
    await worker.replies("12")
    await deputy.expects_sms("燃气泄漏", "回复11接警")
    await deputy.replies("11")
    await service.until_state("1", "acknowledged")

    await service.fast_forward(minutes=10.1)
    await lead.expects_sms("升级", "吴敏接警后未到场")
    assert any("未到场" in text for text in deputy.texts), "the owner is told that his acknowledgement expired"

    await lead.replies("11")
    await service.until_state("1", "acknowledged")
    await lead.replies("13")
    await service.until_state("1", "on_site")
    await lead.replies("14")
    await service.until_state("1", "resolved")
    service.clock.now += 60_000
    await service.publish("fengshao/v1/gas-402/up", {"alarm": False, "lel_pct": 0})
    await service.until_items("/api/v1/devices/gas-402/readings?quantity=lel_pct", 2)
    await service.fast_forward(minutes=1.1)  # the rule's release: before it, the answer would be refused
    await service.until_timeline("1", "现场数据已恢复正常，仍须有人确认")
    service.clock.now += 9 * 3_600_000  # at night nobody is asked to verify what is over
    await service.fast_forward(minutes=1)
    asked = await asked_to_verify(service)
    assert asked.number != lead.number
    await asked.replies(asked.texts[-1].partition("无险情回复")[2][:2])
    await service.until_state("1", "verified")


async def asked_to_verify(service: CommunityHarness) -> Phone:
    """The phone that is asked to verify an alert."""

    def found() -> str | None:
        return next((number for number, texts in service.texts().items() if "请核查" in texts[-1]), None)

    await service.until(found, "a text that asks to verify")
    return Phone(service, str(found()))


async def test_keys_of_one_button_call_worker_nurse_and_property_and_a_second_key_reaches_its_own(
    service: CommunityHarness,
) -> None:
    """Rows 8 and 12."""
    await service.publish("fengshao/v1/sos-402/alarm", {"sos": True, "key": 1})
    await service.phone("李伟").expects_sms("枫林苑3栋2单元402")
    service.clock.now += 5_000
    await service.publish("fengshao/v1/sos-402/alarm", {"sos": True, "key": 2})
    await service.phone("林护士").expects_sms("枫林苑3栋2单元402")
    service.clock.now += 5_000
    await service.publish("fengshao/v1/sos-402/alarm", {"sos": True, "key": 3})
    await service.phone("物业前台").expects_sms("枫林苑3栋2单元402")


async def test_a_case_is_returned_to_a_department_and_comes_back_when_it_does_not_answer(
    service: CommunityHarness,
) -> None:
    """Row 4: 退回 with reason and deadline; without an answer it is everybody's again, and supervised."""
    await service.publish("fengshao/v1/manhole-1/alarm", {"opened": True})
    await service.phone("吴敏").expects_sms("枫溪路")
    body = {"person": "wu", "reason": "井盖属排水集团", "to": "department"}
    returned = await service.api.post("/api/v1/alerts/1/return", json=body)
    assert returned.status_code == 200, returned.text
    assert (returned.json()["state"], returned.json()["returned_to"]) == ("returned", "department")
    await service.phone("周涛").expects_sms("枫溪路")
    await service.fast_forward(minutes=24 * 60)
    await service.until_state("1", "open")
    supervised = await service.items("/api/v1/supervision")
    assert [item["id"] for item in supervised] == ["1"]


async def test_worker_nurse_daughter_and_two_volunteers_are_notified_of_a_call_for_help_at_once_in_different_words(
    service: CommunityHarness,
) -> None:
    """Rows 5, 6, 14 and 17: a volunteer is asked, never instructed, and reads no door before he accepts."""
    await service.publish("fengshao/v1/band-402/alarm", {"sos": True})
    worker = await service.phone("李伟").expects_sms("枫林苑3栋2单元402", "回复11接警")
    nurse = await service.phone("林护士").expects_sms("枫林苑3栋2单元402")
    daughter = await service.phone("王丽").expects_sms("枫林苑3栋2单元402")
    volunteers = [await service.phone(name).expects_sms("枫林苑3栋") for name in ("志愿者小何", "志愿者小马")]
    assert "回复" not in daughter
    assert all("402" not in text and "内到场" not in text for text in volunteers)
    assert all(len(text) <= 70 for text in (worker, nurse, daughter, *volunteers))

    await service.phone("志愿者小何").replies("11")
    await service.phone("志愿者小何").expects_sms("感谢您前往", "402")
    await service.phone("志愿者小马").expects_sms("已有人前往")
    shown = await service.get("/api/v1/alerts/1")
    assert shown["state"] == "open", "a volunteer does not stop the escalation"
    assert [helper["name"] for helper in shown["helpers"]] == ["志愿者小何"]


async def test_a_gas_company_is_informed_of_a_leak_and_the_community_is_asked_where_an_old_person_lives_alone(
    service: CommunityHarness,
) -> None:
    """Rows 1 and 14."""
    await service.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 31})
    company = await service.phone("枫城燃气").expects_sms("燃气泄漏", "枫林苑3栋2单元402")
    assert "回复" not in company
    await service.phone("赵敏").expects_sms("燃气泄漏", "枫林苑3栋2单元402")
    await service.publish("fengshao/v1/gas-403/alarm", {"alarm": True, "lel_pct": 31})
    await service.until_items("/api/v1/alerts", 2)
    queue = await service.items("/api/v1/alerts?state=open")
    assert {item["place"]: item["vulnerability"] for item in queue} == {"h402": 5, "h403": 0}


async def test_of_two_patrols_on_duty_the_one_nearest_to_a_tilted_lamp_post_is_called_and_later_the_one_who_moved_there(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    """Row 15: the post has no address but its road; positions come by the API."""
    ladders = (LADDERS / "default.yaml").read_text("utf-8")
    once = "- {role: worker, channels: [sms, wecom], wait: 5m}"
    nearest = "- {wait: 5m, recipients: [{role: worker, channels: [sms, wecom], at_most: 1}]}"
    files = {
        "ladders.yaml": ladders.replace(once, nearest),
        "duties.csv": (SITE / "duties.csv").read_text("utf-8") + "20,g2,worker,li,0\n",
        "devices.csv": (SITE / "devices.csv").read_text("utf-8") + "lamp-1,lamp_post,road,\nlamp-2,lamp_post,road,\n",
    }
    async with CommunityHarness(tmp_path, broker.port, free_port(), files) as service:
        await locate(service, "li", 120.3826, 36.0671)
        await locate(service, "wu", 120.3899, 36.0701)
        await tilt(service, "lamp-1")
        await service.phone("吴敏").expects_sms("灯杆倾斜", "枫溪路", "30分钟内到场")
        assert service.phone("李伟").texts == []

        await locate(service, "li", 120.3900, 36.0700)
        await locate(service, "wu", 120.3700, 36.0500)
        await tilt(service, "lamp-2")
        await service.phone("李伟").expects_sms("灯杆倾斜", "枫溪路")
        assert len([text for text in service.phone("吴敏").texts if "灯杆倾斜" in text]) == 1


async def locate(service: CommunityHarness, person: str, lon: float, lat: float) -> None:
    """The phone of a worker reports where he is now."""
    attributes = {"lon": lon, "lat": lat, "datum": "WGS-84", "located_at": service.clock.now // 1000}
    answer = await service.api.patch(f"/api/v1/people/{person}", json={"attributes": attributes})
    assert answer.status_code == 200, answer.text


async def tilt(service: CommunityHarness, post: str) -> None:
    """The post leans for longer than the rule holds."""
    for _ in range(2):
        await service.publish(f"fengshao/v1/{post}/up", {"tilt_deg": 17.5})
        await service.until_items(f"/api/v1/devices/{post}/readings?quantity=tilt_deg")
        await service.fast_forward(minutes=1.1)
