"""PostgreSQL stands still while browsers send three times as much as a class does."""

import asyncio
import gzip
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psutil

from .checker import Checker
from .ledger import Ledger
from .stack import Stack
from .stored import read_stored

# A class of 40 runs a cell each 10 s at most: 8 events a second.
CLASS_EVENTS_PER_S = 8
TIMES = 3
BATCH_EVENTS = 6
CODE = "x = 1\n" * 200


@dataclass
class Growth:
    """Resident memory of the service, in MiB: before, at most while stopped, and what was lost."""

    before_mib: float
    worst_mib: float
    refused: int
    violations: list[str] = field(default_factory=list)

    @property
    def mib(self) -> float:
        """How much it grew at most."""
        return self.worst_mib - self.before_mib

    def __str__(self) -> str:
        return (
            f"database stopped: memory {self.before_mib:.0f} MiB, at most {self.mib:+.1f} MiB; "
            f"{self.refused} requests refused or not answered; {len(self.violations)} lost"
        )


class Sending:
    """Browsers that send each batch again and again until it is acknowledged."""

    def __init__(self, stack: Stack, ledger: Ledger) -> None:
        self._stack = stack
        self._ledger = ledger
        self._session = str(uuid.uuid4())
        self._seqs: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()

    @property
    def refused(self) -> int:
        """Requests that were not answered with 200; 0 stands for those not answered at all."""
        return self.statuses.total() - self.statuses[200]

    def batch(self, student: str) -> list[dict[str, Any]]:
        """New runs of a student, as their starts."""
        now = datetime.now(UTC).isoformat()
        made: list[dict[str, Any]] = []
        for _ in range(BATCH_EVENTS):
            made.append(
                {
                    "event_type": "cell_execution_start",
                    "event_id": str(uuid.uuid4()),
                    "student_id": student,
                    "session_id": f"{self._session}-{student}",
                    "seq": self._seqs[student],
                    "notebook_path": "assignments/python-intro/stopped/nb.ipynb",
                    "cell_id": "cell",
                    "execution_id": str(uuid.uuid4()),
                    "execution_count": self._seqs[student],
                    "code": CODE,
                    "timestamp": now,
                    "started_at": now,
                }
            )
            self._seqs[student] += 1
        bodies = list(map(json.dumps, made))
        self._ledger.begin(bodies)
        self._ledger.keep(event["event_id"] for event in made)
        return made

    async def send(self, http: aiohttp.ClientSession, student: str) -> None:
        """One batch, until it is acknowledged."""
        body = gzip.compress(json.dumps({"events": self.batch(student)}).encode())
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        headers["Authorization"] = f"token {self._stack.tokens[student]}"
        url = f"{self._stack.url}user/{student}/api/v1/events"
        while True:
            try:
                async with http.post(url, data=body, headers=headers) as answer:
                    self.statuses[answer.status] += 1
                    if answer.status == 200:
                        results = (await answer.json())["results"]
                        told = [(result["event_id"], result["status"]) for result in results]
                        self._ledger.answer(told)
                        return
            except (aiohttp.ClientError, TimeoutError):
                self.statuses[0] += 1
            await asyncio.sleep(0.5)


async def stop_the_database(stack: Stack, seconds: float) -> Growth:
    """Stop it for so long, let it go on, and wait until all is acknowledged."""
    ledger = Ledger()
    sending = Sending(stack, ledger)
    names = sorted(stack.tokens)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        for name in names:
            await sending.send(http, name)
        process = stack.service.running()
        assert process is not None
        growth = Growth(mib_of(process), 0, 0)
        stack.database.suspend()
        tasks = []
        for number in range(int(seconds * CLASS_EVENTS_PER_S * TIMES / BATCH_EVENTS)):
            tasks.append(asyncio.create_task(sending.send(http, names[number % len(names)])))
            growth.worst_mib = max(growth.worst_mib, mib_of(process))
            # The load is so many events a second.
            await asyncio.sleep(BATCH_EVENTS / (CLASS_EVENTS_PER_S * TIMES))
        stack.database.resume()
        async with asyncio.timeout(120):
            await asyncio.gather(*tasks)
        growth.worst_mib = max(growth.worst_mib, mib_of(process))
    stored = await read_stored(stack.database_url(), ledger.sessions, ledger.begun)
    growth.refused, growth.violations = sending.refused, Checker(ledger, stored).violations()
    return growth


def mib_of(process: psutil.Process) -> float:
    """A process's resident memory."""
    return float(process.memory_info().rss) / 2**20
