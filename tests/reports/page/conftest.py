"""The browser of all tests of the page that need one: to start it takes a second."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.reports.page.test_browser import browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """For tests in the session's loop; each has contexts of its own."""
    async with browser() as started:
        yield started
