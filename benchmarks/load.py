"""Requests made of simulated students' events before the clock starts, and their sending."""

import asyncio
import gzip
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

import aiohttp

from jupyter_cell_monitor_server.demo.simulated_students.behaviour import student_events

Item = TypeVar("Item")
# So that all that a student sends in a long day has a time in the past.
LESSON_WAS_AGO = timedelta(hours=20)


@dataclass(frozen=True)
class Request:
    """One body to post. `events`: the events in it."""

    body: bytes
    headers: Mapping[str, str]
    events: list[dict[str, Any]]


@dataclass
class Sent:
    """What was acknowledged, how many seconds it took, and how many of the service's processor."""

    events: list[dict[str, Any]] = field(default_factory=list)
    took_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def events_per_s(self) -> float:
        """Events acknowledged for each second."""
        return len(self.events) / self.took_s


def gzip_batches(
    names: Iterable[str], events_each: int, batch_events: int, seed: int
) -> dict[str, list[Request]]:
    """Gzip batches as the lab sends them, in each student's order."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return {
        name: [
            Request(gzip.compress(_json({"events": batch}), 6), headers, batch)
            for batch in groups(events_of(name, events_each, seed), batch_events)
        ]
        for name in names
    }


def single_events(names: Iterable[str], events_each: int, seed: int) -> dict[str, list[Request]]:
    """One plain JSON event in each request."""
    headers = {"Content-Type": "application/json"}
    return {
        name: [
            Request(_json(event), headers, [event]) for event in events_of(name, events_each, seed)
        ]
        for name in names
    }


def events_of(name: str, count: int, seed: int) -> list[dict[str, Any]]:
    """The first events of a simulated student's day."""
    start = datetime.now(UTC) - LESSON_WAS_AGO
    return [event for _, event in islice(student_events(name, seed, start), count)]


def groups(items: list[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`; the last may be shorter."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


async def send_all(
    service_url: str,
    tokens: Mapping[str, str],
    requests: Mapping[str, list[Request]],
    senders: int,
) -> Sent:
    """Post everything, `senders` requests at a time, each student's in order.

    Raises `RuntimeError` where an event is not stored.
    """
    students: asyncio.Queue[tuple[str, list[Request]]] = asyncio.Queue()
    for name, own in requests.items():
        students.put_nowait((name, list(own)))
    sent = Sent()

    async def work(http: aiohttp.ClientSession) -> None:
        while not students.empty():
            name, own = students.get_nowait()
            await _post(http, f"{service_url}api/v1/events", tokens[name], own.pop(0), sent)
            if own:
                students.put_nowait((name, own))

    async with aiohttp.ClientSession() as http:
        began = time.perf_counter()
        await asyncio.gather(*(work(http) for _ in range(senders)))
        sent.took_s = time.perf_counter() - began
    return sent


async def _post(
    http: aiohttp.ClientSession, url: str, token: str, request: Request, sent: Sent
) -> None:
    headers = {**request.headers, "Authorization": f"token {token}"}
    async with http.post(url, data=request.body, headers=headers) as answer:
        text = await answer.text()
        if answer.status != 200:
            raise RuntimeError(f"The service answered {answer.status}: {text}")
    statuses = {result["status"] for result in json.loads(text)["results"]}
    # A notebook that is opened again as it was is a duplicate.
    if not statuses <= {"stored", "duplicate"}:
        raise RuntimeError(f"Not everything was stored: {text[:1000]}")
    sent.events.extend(request.events)
