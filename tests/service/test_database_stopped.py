"""A PostgreSQL that hangs under three times the load: nobody waits for ever, nothing grows."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientError
from sqlalchemy import text

from jupyter_cell_monitor_server.service.db.engine import (
    DatabaseUnavailable,
    Engine,
    create_engine,
    reading,
)

from .alone import Alone, alone, service_environment
from .database import Database
from .hub_standin import hub_standin
from .made import start
from .postgres import Cluster
from .test_sigterm import stopped

SETTINGS = [
    "--CellMonitorService.database_timeout_s=1",
    "--CellMonitorService.answer_timeout_s=2",
    "--CellMonitorService.max_waiting_events=2000",
    f"--CellMonitorService.max_in_flight_bytes={8 * 2**20}",
]
STOPPED_S = 8
SENDERS = 24
MORE_MIB = 48
"""Room for the bytes under way, what they are parsed into, and the allocator's."""


@dataclass
class Student:
    """One browser: it sends a batch until it is acknowledged, and only then the next."""

    name: str
    service: Alone
    made: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    slowest_s: float = 0.0
    refused: int = 0

    async def work(self, goes_on: asyncio.Event) -> None:
        while goes_on.is_set():
            runs = [f"{self.name}-{len(self.made)}-{n}" for n in range(50)]
            self.made.update(runs)
            events = [start(self.name, run=r, event_id=r, code="x" * 2000) for r in runs]
            body = json.dumps({"events": events}).encode()
            while not await self._is_taken(body):
                self.refused += 1
                await asyncio.sleep(0.05)

    async def _is_taken(self, body: bytes) -> bool:
        began = time.monotonic()
        try:
            response, answer = await self.service.call(
                "POST", "events", f"token-{self.name}", data=body
            )
        except ClientError:
            return False
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        if response.status != 200:
            assert response.status in {429, 503}
            assert int(response.headers["Retry-After"]) > 0
            return False
        statuses = {result["status"] for result in answer["results"]}
        assert statuses <= {"stored", "duplicate"}
        self.acknowledged.update(result["event_id"] for result in answer["results"])
        return True


async def test_while_it_hangs_memory_is_flat_and_then_all_is_stored_once(
    postgres: Cluster, own_postgres_url: str, tmp_path: Path
) -> None:
    """Each request is answered in a bounded time, the loop goes on, and no retry stores twice."""
    async with hub_standin() as hub:
        environment = service_environment(hub, own_postgres_url, "the service's own")
        async with alone(environment, tmp_path, *SETTINGS) as service:
            goes_on = asyncio.Event()
            goes_on.set()
            students = [Student(f"student-{n}", service) for n in range(SENDERS)]
            working = [asyncio.create_task(student.work(goes_on)) for student in students]
            while not all(student.acknowledged for student in students):  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # another process: nothing tells of it
            before_mib = service.rss_mib
            async with stopped(postgres):
                most_mib = await the_most_memory(service, STOPPED_S)
                response, body = await service.call("GET", "health")
                assert (response.status, body["reasons"][0]) == (503, "database_away")
            goes_on.clear()
            await asyncio.wait_for(asyncio.gather(*working), 180)
    assert sum(student.refused for student in students) > SENDERS
    assert max(student.slowest_s for student in students) < 30
    assert most_mib - before_mib < MORE_MIB, (before_mib, most_mib)
    database = Database(own_postgres_url)
    stored = [row["execution_label"] for row in await database.rows("cell_executions")]
    assert len(stored) == len(set(stored))
    assert set(stored) == {run for student in students for run in student.made}
    assert all(student.acknowledged == student.made for student in students)
    assert await database.rows("quarantined_events") == []
    await database.close()


async def test_a_question_to_a_database_that_hangs_is_given_up(
    postgres: Cluster, own_postgres_url: str
) -> None:
    """On a connection that is open, and on one that must be opened; then it works again."""
    opened, unopened = (create_engine(own_postgres_url, timeout_s=5) for _ in range(2))
    await ask(opened)
    async with stopped(postgres):
        for engine in (opened, unopened):
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await ask(engine)
            assert time.monotonic() - began < 60
    for engine in (opened, unopened):
        await ask(engine)
        await engine.dispose()


async def ask(engine: Engine) -> None:
    async with reading(engine) as connection:
        await connection.execute(text("SELECT 1"))


async def the_most_memory(service: Alone, seconds: float) -> float:
    """In MiB, while the service goes on to answer who asks for nothing of the database."""
    most, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        asked = time.monotonic()
        response, _ = await service.call("GET", "me", "token-student-0")
        assert response.status == 200
        assert time.monotonic() - asked < 30
        most = max(most, service.rss_mib)
        await asyncio.sleep(0.1)
    return most
