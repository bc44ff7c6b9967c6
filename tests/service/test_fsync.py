"""Before a student's browser is told `stored`, the database has its log on the disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from .alone import Alone, alone, service_environment
from .hub_standin import hub_standin
from .made import start
from .postgres import Cluster
from .trace import answered_before_synced, traced

MARKS = [f"mark-{number:04}" for number in range(10)]


@asynccontextmanager
async def running(url: str, folder: Path) -> AsyncIterator[Alone]:
    """The service on this database."""
    async with (
        hub_standin() as hub,
        alone(service_environment(hub, url, "secret"), folder) as found,
    ):
        yield found


async def post(service: Alone, mark: str) -> None:
    """One event, stored, whose id stands in the request and in the answer."""
    response, answer = await service.call(
        "POST", "events", "token-ai", json=start(run=mark, event_id=mark)
    )
    assert (response.status, answer) == (200, {"results": [{"event_id": mark, "status": "stored"}]})


def processes(pid: int) -> list[int]:
    """A process and those that it started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


async def test_the_log_of_sqlite_is_on_the_disk_before_the_answer(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Each batch's own: `synchronous=FULL`."""
    async with running(sqlite_url, tmp_path) as service:
        await post(service, "first")
        async with traced([service.process.pid], tmp_path) as trace:
            for mark in MARKS:
                await post(service, mark)
        lines = trace.read_text(errors="replace").splitlines()
    assert answered_before_synced(lines, MARKS, "test.sqlite-wal") == []


async def test_the_log_of_postgresql_is_on_the_disk_before_the_answer(
    postgres: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    """With PostgreSQL's own settings, whichever of its processes does it."""
    async with running(postgres_url, tmp_path) as service:
        await post(service, "first")
        pids = [*processes(service.process.pid), *processes(postgres.pid)]
        async with traced(pids, tmp_path) as trace:
            for mark in MARKS:
                await post(service, mark)
        lines = trace.read_text(errors="replace").splitlines()
    assert answered_before_synced(lines, MARKS, "/pg_wal/") == []


ASKED = r'7 recvfrom(9<socket:[1]>, "POST /events {\"event_id\": \"m\"}", 65536) = 40'
ANSWERED = r'7 sendto(9<socket:[1]>, "HTTP/1.1 200 OK\r\n\r\n{\"event_id\":\"m\"}", 40) = 40'
SYNCED = "8 fdatasync(5</x/a.sqlite-wal>) = 0"
BEGUN, RESUMED = "8 fdatasync(5</x/a.sqlite-wal> <unfinished ...>", "8 <... fdatasync resumed>) = 0"
FAILED = "8 fdatasync(5</x/a.sqlite-wal>) = -1 EIO (Input/output error)"


@pytest.mark.parametrize(
    ("lines", "is_early"),
    [
        ([ASKED, SYNCED, ANSWERED], False),
        ([ASKED, BEGUN, RESUMED, ANSWERED], False),
        ([BEGUN, ASKED, RESUMED, ANSWERED], True),
        ([ASKED, ANSWERED], True),
        ([SYNCED, ASKED, ANSWERED], True),
        ([ASKED, ANSWERED, SYNCED], True),
        ([ASKED, BEGUN, ANSWERED, RESUMED], True),
        ([ASKED, FAILED, ANSWERED], True),
        ([ASKED, SYNCED.replace("a.sqlite", "b.sqlite"), ANSWERED], True),
    ],
)
def test_an_answer_that_is_too_early_is_seen(lines: list[str], *, is_early: bool) -> None:
    """So that the tests above can fail."""
    assert answered_before_synced(lines, ["m"], "a.sqlite-wal") == (["m"] if is_early else [])
