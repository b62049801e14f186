"""One service of the demo's town and one Chromium for all tests of this folder in a worker.

All tests of this folder run in one event loop, that of the session. They share what the service holds: a test takes a
device without an open alert (`town.unused_detector()`, `town.leak()`); alerts that are open at its end are closed.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.conftest import running_broker
from tests.support.browser_pages import CHROMIUM_ARGUMENTS, OpenPages, chromium_path, save_picture
from tests.support.demo_town import DemoTown

HERE = str(Path(__file__).parent)
Pictured = Callable[[Page, str], Awaitable[None]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder runs in the loop of the session, and is one of the tests that need a browser."""
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.browser)
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_town(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> AsyncIterator[DemoTown]:
    folder = tmp_path_factory.mktemp("town")
    with running_broker(folder / "broker", free_port()) as broker:
        async with DemoTown(folder, broker.port, free_port()) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="session")
async def town(shared_town: DemoTown) -> AsyncIterator[DemoTown]:
    """The running service. What a test leaves, even if it fails, is ended: alerts, leave, covers, silences."""
    yield shared_town
    await shared_town.withdraw_entries()
    await shared_town.close_alerts()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(town: DemoTown, chromium: Browser) -> AsyncIterator[OpenPages]:
    """Opens pages of the service; the test fails when one of them had a fault."""
    pages = OpenPages(chromium, town)
    yield pages
    await pages.close()


@pytest.fixture
def pictured(request: pytest.FixtureRequest) -> Pictured:
    """Saves a page as docs/pictures/NAME.png, with the option --pictures (`make picture`).

    A test that only takes a picture begins with `takes_picture`.
    """

    async def save(page: Page, name: str) -> None:
        if request.config.getoption("--pictures"):
            await save_picture(page, name)

    return save


@pytest.fixture
def takes_picture(request: pytest.FixtureRequest) -> None:
    """Skips the test without the option --pictures."""
    if not request.config.getoption("--pictures"):
        pytest.skip("takes a picture: run `make picture`")
