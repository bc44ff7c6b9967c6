"""A full disk is an outage like another: 503, nothing lost, and on it goes when there is room."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from browser.hub import PATIENCE_S, until

from .checker import Checker
from .ledger import Ledger
from .small_disk import SmallDisk, small_disk
from .stack import Stack
from .stopped_database import Sending
from .stored import read_stored

pytestmark = pytest.mark.asyncio(loop_scope="package")
STUDENT = "wire-1"
FULL_AFTER_REFUSALS = 5


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as disk:
        yield disk


@pytest_asyncio.fixture(loop_scope="package")
async def url(stack: Stack, disk: SmallDisk) -> AsyncIterator[str]:
    """The service's database there."""
    url = f"sqlite:///{disk.folder}/cell-monitor.sqlite"
    good = stack.service
    good.kill()
    stack.service = stack.service_with("faults", url=url)
    stack.service.command[:0] = disk.prefix
    await stack.heal()
    yield url
    stack.service.kill()
    stack.service = good


async def lies(url: str, ledger: Ledger) -> list[str]:
    """Events that were acknowledged and are not stored."""
    stored = await read_stored(url, ledger.sessions, ledger.begun)
    found = Checker(ledger, stored).violations()
    return [line for line in found if line.startswith("acknowledged")]


async def test_a_full_disk_loses_nothing(
    stack: Stack, disk: SmallDisk, url: str, record_property: Callable[[str, object], None]
) -> None:
    """SQLite on one MiB: what does not fit gets 503, what got 200 is there, and later all is."""
    record_property("disk", disk.kind)
    ledger = Ledger()
    sending = Sending(stack, ledger)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        tasks = []
        # A refusal may also be that of a machine that stood still: what it was of goes through.
        while sending.refused < FULL_AFTER_REFUSALS:
            tasks.append(asyncio.create_task(sending.send(http, STUDENT)))
            refused = sending.refused
            await until(lambda: tasks[-1].done() or sending.refused > refused)  # noqa: B023
        assert set(sending.statuses) - {0} == {200, 503}, sending.statuses
        assert await lies(url, ledger) == []
        assert len(ledger.acknowledged) < len(ledger.kept)

        process = stack.service.running()
        assert process is not None, "the service has survived"
        disk.grow(process.pid)
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
    stored = await read_stored(url, ledger.sessions, ledger.begun)
    assert Checker(ledger, stored).violations() == []
    assert ledger.acknowledged == ledger.kept
