"""A resident's report from the photo to the rating: called, verified by community and street, answered, reopened."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.cases.categories import ReportCategories
from alerts.cases.report import ANSWER_WITHIN_MS, PhotoPurpose, PlaceSource, Report, ReportLimits
from alerts.cases.report_desk import NoSuchReport, ReportDesk
from alerts.cases.report_steps import NewPhoto, ReportLimited, ReportNotNow, ReportRefusal, ReportRequest
from domain import DAY, HOUR, MINUTE
from store.database.alerts.repository import SqlAlertStore
from store.database.reports import photos, retention
from store.database.reports.repository import ReportTransactions, SqlReportStore
from tests.alerts.conftest import ALERTS_FOLDER, AlertHarness

CATEGORIES = ReportCategories(**yaml.safe_load((ALERTS_FOLDER / "cases" / "categories.yaml").read_text("utf-8")))
PHONE = "19911112222"
NIGHT_MS = 9 * HOUR
"""From 14:05, where the tests begin, to 23:05."""


def desk_of(harness: AlertHarness, **limits: int) -> ReportDesk:
    return ReportDesk(
        ReportTransactions(harness.database),
        harness.service.cases,
        CATEGORIES,
        ReportLimits(**limits),
        harness.clock,
        harness.changed.append,
        harness.sender.wake,
    )


def request(category: str = "exit", **changes: Any) -> ReportRequest:
    chosen = CATEGORIES.get(category)
    assert chosen is not None
    values: dict[str, Any] = {"text": "电动车堵住了通道", "client": "c1", "place": "b3", "place_source": PlaceSource.QR}
    return ReportRequest(category=chosen, **{**values, **changes})


def person(name: str, principal: str = "") -> Actor:
    return Actor(name, name, ResponseSource.SCREEN, principal=principal)


def photo(digest: str = "ab" * 32) -> NewPhoto:
    return NewPhoto(digest, 320, 240, 9_000)


async def settle(harness: AlertHarness, alert: int = 1) -> None:
    for action in ("arrive", "resolve"):
        await harness.service.perform(alert, action, person("wang"))


async def verified(harness: AlertHarness, desk: ReportDesk, report: int = 1) -> None:
    await settle(harness)
    await harness.service.perform(1, "verify", person("chen"))
    await desk.verify(report, person("sun"))


async def test_a_gas_smell_at_night_calls_the_worker_at_once(harness: AlertHarness) -> None:
    harness.clock.now += NIGHT_MS
    await desk_of(harness).submit(request("gas", text="楼道有味道", place="402"))
    await harness.send()
    assert harness.texts("wang") == [
        "【枫树社区】紧急：居民报燃气异味，23:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"
    ]


@pytest.mark.parametrize("category", ["exit", "lamp"])
async def test_a_report_without_danger_to_life_waits_for_the_morning(harness: AlertHarness, category: str) -> None:
    harness.clock.now += NIGHT_MS
    await desk_of(harness).submit(request(category))
    await harness.advance_time(8 * 3600)  # 07:05
    assert not any(harness.texts(name) for name in ("wang", "li", "chen", "sun"))
    assert await harness.service.audit(harness.clock.now) == []
    await harness.advance_time(3600)  # 08:05
    assert "居民报" in harness.texts("wang")[0]


async def test_a_report_is_verified_by_community_and_street_and_answered(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    submitted = await desk.submit(request(phone=PHONE, photos=[photo()]))
    assert (submitted.report.number, harness.alert().reference) == ("2601020001", "2601020001")
    with pytest.raises(ReportNotNow) as early:
        await desk.verify(1, person("sun"))
    assert early.value.refusal is ReportRefusal.NOT_SETTLED
    await settle(harness)
    with pytest.raises(ReportNotNow) as first:
        await desk.verify(1, person("sun"))
    assert first.value.refusal is ReportRefusal.NOT_VERIFIED_BY_COMMUNITY
    await harness.service.perform(1, "verify", person("chen"))
    for same in (person("chen"), person("wang"), person("other", principal="chen")):
        with pytest.raises(ReportNotNow) as again:
            await desk.verify(1, same)
        assert again.value.refusal is ReportRefusal.SAME_PERSON
    with pytest.raises(ReportNotNow) as unverified:
        await desk.answer(1, person("chen"), "已清理")
    assert unverified.value.refusal is ReportRefusal.NOT_VERIFIED_BY_STREET
    done = await desk.verify(1, person("sun"))
    assert (done.community_by, done.street_by) == ("chen", "sun")
    with pytest.raises(ReportNotNow) as twice:
        await desk.verify(1, person("li"))
    assert twice.value.refusal is ReportRefusal.ALREADY_VERIFIED
    await desk.answer(1, person("chen"), "通道已清理", [photo("cd" * 32)])
    await harness.send()
    assert harness.alert().state is State.CLOSED
    assert [text.text for text in harness.sms_server.phones.texts_of(PHONE)] == [
        "【枫树社区】您上报的消防通道占用已办结：枫林苑3栋。答复请看上报时保存的链接。"
    ]
    assert harness.timeline()[-1].startswith("已用短信答复 居民")
    assert {"居民上传照片1张", "sun（街道）核查通过", "已答复上报人：通道已清理"} <= set(harness.timeline())
    with pytest.raises(ReportNotNow):
        await desk.answer(1, person("chen"), "再答一次")
    shown = harness.database.write_blocking(lambda tx: photos.photos_for_reporter(tx, 1))
    assert [one.purpose for one in shown] == [PhotoPurpose.REPORT, PhotoPurpose.ANSWER]


async def test_an_answer_at_night_is_texted_in_the_morning(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request(phone=PHONE))
    await verified(harness, desk)
    harness.clock.now += NIGHT_MS
    await desk.answer(1, person("chen"), "已清理")
    await harness.send()
    assert harness.sms_server.phones.texts_of(PHONE) == []
    harness.clock.now += 9 * HOUR
    await harness.send()
    assert len(harness.sms_server.phones.texts_of(PHONE)) == 1


async def test_a_dissatisfied_reporter_opens_it_again_once(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request(phone=PHONE))
    with pytest.raises(ReportNotNow) as early:
        await desk.rate(1, True, "")
    assert early.value.refusal is ReportRefusal.NOT_ANSWERED
    await verified(harness, desk)
    await desk.answer(1, person("chen"), "已清理")
    harness.clock.now += MINUTE
    reopened = await desk.rate(1, False, "还是堵着")
    assert (harness.alert().state, reopened.answered_at, reopened.street_at) == (State.OPEN, None, None)
    assert "上报人评价不满意：还是堵着" in harness.timeline()
    harness.clock.now += MINUTE
    await verified(harness, desk)
    await desk.answer(1, person("chen"), "已装隔离桩")
    harness.clock.now += MINUTE
    rated = await desk.rate(1, False, "")
    assert (rated.satisfied, harness.alert().state) == (False, State.CLOSED)
    assert rated.answered_at == harness.clock.now - MINUTE
    with pytest.raises(ReportNotNow) as again:
        await desk.rate(1, True, "")
    assert again.value.refusal is ReportRefusal.ALREADY_RATED


async def test_a_satisfied_reporter_changes_nothing_else(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request(phone=None))
    await verified(harness, desk)
    await desk.answer(1, person("chen"), "已清理")
    rated = await desk.rate(1, True, "很快")
    assert (rated.satisfied, rated.feedback, harness.alert().state) == (True, "很快", State.CLOSED)
    assert "上报人评价满意：很快" in harness.timeline()


async def test_a_report_closed_without_verification_is_verified_twice_afterwards(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request("lamp"))
    await settle(harness)
    await harness.service.perform(1, "close", person("li"), disposition="real")
    with pytest.raises(ReportNotNow):
        await desk.verify(1, person("wang"))
    first = await desk.verify(1, person("chen"))
    second = await desk.verify(1, person("sun"))
    assert (first.community_by, first.street_by, second.street_by) == ("chen", None, "sun")
    assert "chen（社区）核查通过" in harness.timeline()
    await desk.answer(1, person("li"), "已修好")
    await harness.service.perform(1, "reopen", person("li"))
    reopened = await desk.rate(1, False, "")
    assert (harness.alert().state, reopened.reopened_at) == (State.OPEN, harness.clock.now)


async def test_an_overdue_answer_is_the_standard_text(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request(phone=PHONE))
    await settle(harness)
    await harness.service.perform(1, "close", person("li"), disposition="real")
    assert await desk.answer_overdue(harness.clock.now + ANSWER_WITHIN_MS) == 0
    harness.clock.now += ANSWER_WITHIN_MS + 1
    assert await desk.answer_overdue(harness.clock.now) == 1
    assert await desk.answer_overdue(harness.clock.now + DAY) == 0
    await harness.send()
    assert len(harness.sms_server.phones.texts_of(PHONE)) == 1


async def test_a_phone_that_tries_again_makes_one_report(harness: AlertHarness) -> None:
    desk = desk_of(harness, client_hour=1)
    first = await desk.submit(request(key="key-of-this-phone-1"))
    again = await desk.submit(request(key="key-of-this-phone-1", text="再次"))
    assert (again.is_new, again.report) == (False, first.report)
    assert harness.changed == ["1"]


@pytest.mark.parametrize(
    ("limits", "changes", "name"),
    [
        ({"client_hour": 1}, {"place": "402"}, "client"),
        ({"client_day": 1}, {"place": "402"}, "client"),
        ({"place_hour": 1}, {"client": "c2"}, "place"),
        ({"phone_day": 1}, {"client": "c2", "place": "402", "phone": PHONE}, "phone"),
        ({"site_hour": 1}, {"client": "c2", "place": "402"}, "site"),
    ],
)
async def test_too_many_reports_are_refused_also_after_a_restart(
    harness: AlertHarness, limits: dict[str, int], changes: dict[str, Any], name: str
) -> None:
    await desk_of(harness, **limits).submit(request(phone=PHONE))
    harness.stop()
    harness.start()
    desk = desk_of(harness, **limits)
    with pytest.raises(ReportLimited) as refused:
        await desk.check_limits(request(**changes))
    with pytest.raises(ReportLimited):
        await desk.submit(request(**changes))
    assert (refused.value.limit, 0 < refused.value.wait_ms <= DAY) == (name, True)
    harness.clock.now += refused.value.wait_ms
    assert (await desk.submit(request(**changes))).is_new


async def test_neighbours_who_report_one_gas_leak_are_not_refused(harness: AlertHarness) -> None:
    desk = desk_of(harness, place_hour=1)
    for number in range(3):
        assert (await desk.submit(request("gas", client=f"c{number}"))).is_new


async def test_the_data_of_a_reporter_are_erased(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request(phone=PHONE, text="我家门口，张先生", lat=30.0, lon=104.0, photos=[photo()]))
    await desk.submit(request(phone=None, client="c2"))
    await verified(harness, desk)
    await desk.answer(1, person("chen"), "已清理")
    assert (await desk.erase(PHONE), await desk.erase(PHONE)) == (1, 0)

    def stored(tx: Any) -> Report | None:
        return SqlReportStore(tx).report(1)

    report = harness.database.write_blocking(stored)
    assert report is not None
    assert (report.phone, report.lat, report.text, report.category) == (None, None, CATEGORIES.erased, "exit")
    assert harness.alert().description == CATEGORIES.erased
    assert [row.address for row in harness.deliveries() if row.person == "reporter:1"] == [""]
    assert harness.database.write_blocking(lambda tx: photos.photos_of_alert(tx, 1)) == []


async def test_photos_of_the_worker_and_a_pair_kept_apart(harness: AlertHarness, finding: Any) -> None:
    desk = desk_of(harness)
    await harness.service.process_findings([finding()])
    await desk.add_photos(1, [photo(), photo("cd" * 32)], person("wang"), "已关阀")
    await desk.submit(request("gas"))
    await desk.keep_apart(2, 1, person("li"))
    await desk.keep_apart(1, 2, person("li"))
    assert "wang：已关阀（照片2张）" in harness.timeline(1)
    assert "li确认与告警1不是同一件事" in harness.timeline(2)


async def test_an_unknown_report_is_no_report(harness: AlertHarness) -> None:
    with pytest.raises(NoSuchReport):
        await desk_of(harness).verify(7, person("sun"))


async def test_reports_and_photos_go_with_their_alert(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request(photos=[photo()]))
    await desk.submit(request("gas", client="c2"))
    await desk.keep_apart(1, 2, person("li"))

    def work(tx: Any) -> tuple[int, Any, set[str]]:
        assert photos.delete_expired(tx, harness.clock.now + 1, 9) == 0  # its alert is open
        forgotten = retention.forget_clients(tx, harness.clock.now + 2 * DAY)
        retention.delete_of_alerts(tx, [1])
        return forgotten, SqlReportStore(tx).report(1), photos.referenced_digests(tx, [photo().digest])

    assert harness.database.write_blocking(work) == (2, None, set())


async def test_while_people_are_on_their_way_the_words_for_the_place_stay(harness: AlertHarness) -> None:
    desk = desk_of(harness)
    await desk.submit(request("gas", phone=PHONE, text="厨房有味道", address="三号门岗亭旁"))
    written = harness.alert().address
    assert await desk.erase(PHONE) == 1
    assert (harness.alert().address, harness.alert().description) == (written, CATEGORIES.erased)


async def test_a_report_of_an_earlier_version_is_verified_without_a_deadline_for_the_street(
    harness: AlertHarness,
) -> None:
    desk = desk_of(harness)
    await desk.submit(request("lamp"))
    await settle(harness)
    await harness.service.perform(1, "close", person("li"), disposition="real")

    def forget_second_check(tx: Any) -> None:
        store = SqlAlertStore(tx)
        alert = store.alert(1)
        assert alert is not None
        store.save_alert(structs.replace(alert, second_check=None))
        store.flush()

    harness.database.write_blocking(forget_second_check)
    assert (await desk.verify(1, person("chen"))).community_by == "chen"
    assert harness.alert().second_check is None
    with pytest.raises(ReportNotNow) as behalf:
        await desk.verify(1, structs.replace(person("sun"), on_behalf=True))
    assert behalf.value.refusal is ReportRefusal.ON_BEHALF
    assert (await desk.verify(1, person("sun"))).street_by == "sun"
