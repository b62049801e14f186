"""One token for all senders: fetched once, refreshed early, and dropped by the first that was refused."""

from __future__ import annotations

import asyncio

from alerts.channels.access_token import AccessToken, FetchedToken

NOW = 1_767_333_900_000


class Fetches:
    """A provider that counts the fetches and gives a new token for each."""

    def __init__(self, *answers: FetchedToken) -> None:
        self.count, self.now, self._answers = 0, NOW, list(answers)

    async def fetch(self) -> FetchedToken:
        self.count += 1
        await asyncio.sleep(0)
        return self._answers.pop(0) if self._answers else FetchedToken(f"T{self.count}", 7200)

    def token(self) -> AccessToken:
        return AccessToken(self.fetch, lambda: self.now)


async def test_concurrent_senders_wait_for_one_fetch() -> None:
    fetches = Fetches()
    token = fetches.token()
    held = await asyncio.gather(*(token.get() for _ in range(8)))
    assert {one.value for one in held} == {"T1"}
    # All eight were refused with the same token: only one of them causes a fetch.
    for one in held:
        token.drop(one.value)
        assert (await token.get()).value == "T2"
    assert fetches.count == 2


async def test_a_token_is_refreshed_before_it_expires() -> None:
    fetches = Fetches(FetchedToken("T1", 7200), FetchedToken("T2", 300))
    token = fetches.token()
    assert (await token.get()).value == "T1"
    fetches.now += 6600 * 1000 - 1
    assert (await token.get()).value == "T1"
    fetches.now += 1
    assert (await token.get()).value == "T2"
    fetches.now += 150_000
    assert (await token.get()).value == "T3", "a short life is used to its half"


async def test_a_refused_fetch_is_repeated_at_the_next_message() -> None:
    fetches = Fetches(FetchedToken(errcode=40001))
    token = fetches.token()
    assert (await token.get()).errcode == 40001
    assert (await token.get()).value == "T2"
