"""Sends one student's events over HTTP, and loses none: kept until each is acknowledged."""

import asyncio
import gzip
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp

from jupyter_cell_monitor_server.contract.fields import MAX_BATCH_EVENTS

from .session import Event, TimedEvent

BATCH_INTERVAL_S = 0.25
MAX_WAITING = 1000
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
SHORTEST_RETRY_S = 0.05
TOKEN_LIFETIME_S = 7 * 24 * 3600
SERVICE_SCOPE = "access:services!service=cell-monitor"


class ClientProblem(Exception):
    """It makes no sense to go on; the message is one sentence for a person."""


@dataclass
class Tally:
    """What all students together made, and what became of it. `trouble`: the latest."""

    made: int = 0
    acknowledged: int = 0
    rejected: int = 0
    retried_requests: int = 0
    rejections: list[dict[str, Any]] = field(default_factory=list)
    trouble: str = ""

    @property
    def waiting(self) -> int:
        """Events that the service has not answered for."""
        return self.made - self.acknowledged - self.rejected


class Tokens:
    """Asks the Hub for students' tokens, a few at a time."""

    def __init__(self, http: aiohttp.ClientSession, hub_api_url: str, token: str) -> None:
        self._http = http
        self._url = hub_api_url.rstrip("/")
        self._headers = {"Authorization": f"token {token}"}
        self._turns = asyncio.Semaphore(4)

    async def new(self, name: str, scopes: Sequence[str] = (SERVICE_SCOPE,)) -> str:
        """A token of the user `name`; without `scopes` it may just reach the service.

        Raises `ClientProblem` where the Hub refuses, `aiohttp.ClientError` where it is away.
        """
        wanted = {
            "note": "simulated student",
            "expires_in": TOKEN_LIFETIME_S,
            "scopes": list(scopes),
        }
        url = f"{self._url}/users/{name}/tokens"
        async with self._turns, self._http.post(url, json=wanted, headers=self._headers) as answer:
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                answer.raise_for_status()
            if not answer.ok:
                raise ClientProblem(
                    f"The Hub gives no token for {name} ({answer.status}): {await answer.text()}"
                )
            return str((await answer.json())["token"])


class StudentClient:
    """One student's browser: makes events in their time and sends them."""

    def __init__(
        self,
        name: str,
        http: aiohttp.ClientSession,
        tokens: Tokens,
        service_url: str,
        tally: Tally,
    ) -> None:
        self._name = name
        self._http = http
        self._tokens = tokens
        self._url = f"{service_url.rstrip('/')}/api/v1/events"
        self._tally = tally
        self._token: str | None = None
        # Full only after a long outage; then the student pauses, as nothing may be dropped.
        self._queue: asyncio.Queue[Event] = asyncio.Queue(MAX_WAITING)
        self._retry_s = FIRST_RETRY_S
        self._random = random.Random(name)

    async def make(self, events: Iterable[TimedEvent]) -> None:
        """Put each event into the queue when its time has come."""
        due = time.monotonic()
        for delay_s, event in events:
            due += delay_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._queue.put(event)
            self._tally.made += 1

    async def send(self) -> None:
        """Send what waits, without end: the first event at once, then a batch each 250 ms."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < MAX_BATCH_EVENTS and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            while batch:
                batch = await self._send(batch)
            await asyncio.sleep(BATCH_INTERVAL_S)

    async def _send(self, batch: list[Event]) -> list[Event]:
        """Send `batch` once and return what must be sent again."""
        try:
            if self._token is None:
                self._token = await self._tokens.new(self._name)
            answer = await self.post(batch)
        except (aiohttp.ClientError, TimeoutError) as error:
            self._tally.trouble = f"{type(error).__name__} {error}"
            await self._back_off(None)
            return batch
        if isinstance(answer, list):
            return await self._sort(batch, answer)
        await self._back_off(answer)
        return batch

    async def post(self, batch: list[Event]) -> list[dict[str, Any]] | str | None:
        """Send once: the results, or else the `Retry-After` of an answer that says to try again.

        Raises `ClientProblem` for any other answer.
        """
        body = gzip.compress(json.dumps({"events": batch}, ensure_ascii=False).encode(), 6)
        headers = {
            "Authorization": f"token {self._token}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        async with self._http.post(self._url, data=body, headers=headers) as answer:
            if answer.status == HTTPStatus.OK:
                results: list[dict[str, Any]] = (await answer.json())["results"]
                return results
            self._tally.trouble = f"{answer.status} {answer.reason}"
            if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                self._token = None
            elif answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and (
                answer.status != HTTPStatus.TOO_MANY_REQUESTS
            ):
                raise ClientProblem(
                    f"The service refuses events ({answer.status}): {await answer.text()}"
                )
            return answer.headers.get("Retry-After")

    async def _sort(self, batch: list[Event], results: list[dict[str, Any]]) -> list[Event]:
        again = []
        for event, result in zip(batch, results, strict=True):
            if result["status"] in {"stored", "duplicate"}:
                self._tally.acknowledged += 1
            elif result["status"] == "rejected":
                self._tally.rejected += 1
                self._tally.rejections.append(result)
            else:
                again.append(event)
        if again:
            await self._back_off(None)
        else:
            self._retry_s = FIRST_RETRY_S
        return again

    async def _back_off(self, retry_after: str | None) -> None:
        self._tally.retried_requests += 1
        wanted_s = float(retry_after) if retry_after and retry_after.isdigit() else self._retry_s
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)
        # Not all at the same moment.
        await asyncio.sleep(max(wanted_s, SHORTEST_RETRY_S) * self._random.uniform(1.0, 1.3))
