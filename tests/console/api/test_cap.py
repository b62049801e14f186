"""`/cap`: permissions and the feed."""

from __future__ import annotations

import pytest
from defusedxml.ElementTree import fromstring

from tests.support.cap_messages import CAP, valid_message
from tests.support.console_harness import Client, ConsoleHarness

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize("path", ["/cap/alerts/1.xml", "/cap/feed.xml"])
async def test_cap_needs_a_token(anyone: Client, path: str) -> None:
    assert (await anyone.get(path)).status_code == 401


async def test_the_feed_lists_dangers_with_the_url_of_each_message(harness: ConsoleHarness, admin: Client) -> None:
    empty = fromstring((await admin.get("/cap/feed.xml")).content)
    number = await harness.alert()
    response = await admin.get("/cap/feed.xml")
    entries = fromstring(response.content).findall(f"{ATOM}entry")

    assert empty.findtext(f"{ATOM}updated") == "2026-11-21T22:05:00+08:00"
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["紧急：燃气泄漏"]
    link = entries[0].find(f"{ATOM}link")
    assert link is not None
    message = valid_message((await admin.get(str(link.get("href")))).text)
    assert message.findtext(f"{CAP}incidents") == f"fengshao-{number}"
    assert (await admin.get("/cap/alerts/99.xml")).status_code == 404
    assert (await admin.get(f"/cap/alerts/{number}.pdf")).status_code == 404


async def test_a_feed_has_pages_and_the_last_change_stands_first(harness: ConsoleHarness, admin: Client) -> None:
    numbers = []
    for second in range(3):
        harness.now += 1_000
        numbers.append(await harness.alert(f"d{second}", f"rule-{second}", place=f"p{second}"))
    harness.now += 1_000
    await admin.post(f"/api/v1/alerts/{numbers[0]}/acknowledge", json={"person": "w-zhang"})
    seen, address = [], "/cap/feed.xml?limit=2"
    while address:
        page = fromstring((await admin.get(address)).content)
        alternate = f"{ATOM}entry/{ATOM}link[@rel='alternate']"
        seen += [str(link.get("href")).removeprefix("/cap/alerts/")[:-4] for link in page.iterfind(alternate)]
        following = page.find(f"{ATOM}link[@rel='next']")
        address = "" if following is None else f"{following.get('href')}&limit=2"

    assert seen == [numbers[0], numbers[2], numbers[1]]
    assert (await admin.get("/cap/feed.xml?next=forged")).status_code == 422


async def test_an_unchanged_document_is_not_sent_again(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    for path in ("/cap/feed.xml", f"/cap/alerts/{number}.xml"):
        first = await admin.get(path)
        tag = {"if-none-match": first.headers["etag"]}
        again = await admin.get(path, headers=tag)
        harness.now += 1_000
        await admin.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-zhang"})
        changed = await admin.get(path, headers=tag)
        await admin.post(f"/api/v1/alerts/{number}/reopen", json={"person": "w-zhang", "reason": "x"})

        assert (first.status_code, again.status_code, again.content, changed.status_code) == (200, 304, b"", 200)
        assert first.headers["cache-control"] == "private, no-cache"
        assert (await admin.get(path, headers={"if-none-match": "*"})).status_code == 304
