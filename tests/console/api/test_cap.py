"""`/cap`: permissions and the feed."""

from __future__ import annotations

import pytest
from defusedxml.ElementTree import fromstring

from tests.support.console_harness import Client, ConsoleHarness

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


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
    assert (await admin.get(str(link.get("href")))).status_code == 200
    assert (await admin.get("/cap/alerts/99.xml")).status_code == 404
    assert (await admin.get(f"/cap/alerts/{number}.pdf")).status_code == 404
