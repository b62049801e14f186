"""The Atom feed of CAP messages: pages, links, validators."""

from __future__ import annotations

from defusedxml.ElementTree import fromstring

from console.views.cap_feed import feed, validator
from tests.console.views.test_cap import view
from tests.support.console_harness import SHANGHAI, T0

ATOM = "{http://www.w3.org/2005/Atom}"


def test_a_page_names_itself_the_first_and_the_next() -> None:
    page = fromstring(feed([view(title="x\x00<")], "枫树 <社区>", SHANGHAI, T0, "cursor-_.x"))
    links = {link.get("rel"): link.get("href") for link in page.iterfind(f"{ATOM}link")}

    assert links == {
        "self": "/cap/feed.xml", "first": "/cap/feed.xml", "next": "/cap/feed.xml?next=cursor-_.x"
    }  # fmt: skip
    assert page.findtext(f"{ATOM}entry/{ATOM}title") == "紧急：x<"
    assert page.find(f"{ATOM}entry/{ATOM}link").get("href") == "/cap/alerts/31.xml"  # type: ignore[union-attr]
    assert "next" not in {link.get("rel") for link in fromstring(feed([], "站", SHANGHAI, T0)).iterfind(f"{ATOM}link")}


def test_a_validator_changes_with_each_part_and_its_border() -> None:
    tags = {validator(parts) for parts in ([], ["a"], ["a", "b"], ["ab"], ["\ud800"], [None])}

    assert len(tags) == 6
    assert validator(["a"]) == validator(["a"])
