"""Places are found by words of their address, within the place of whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.console_harness import Client, ConsoleHarness

PATH = "/api/v1/places/directory"


async def test_places_are_found_by_words_of_their_address_the_outer_ones_first(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    await harness.load_community()

    async def found(query: str, client: Client = admin) -> list[tuple[str, str]]:
        return [(one["id"], one["address"]) for one in (await client.get(PATH, params={"q": query})).json()["items"]]

    everywhere = await found("3栋")
    assert len(everywhere) > 1
    assert len(everywhere[0][1]) <= len(everywhere[-1][1])
    assert all("3栋" in address for _, address in everywhere)
    assert await found("") == await found("没有这个地方") == []
    place = everywhere[-1][0]
    limited = await bearer("operator", place=place)
    assert [one for one, _ in await found("3栋", limited)] == [place]
