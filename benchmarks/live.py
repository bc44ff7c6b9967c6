"""Event posted → message on a teacher's WebSocket, with a class of 200 students at work.

The clock starts when a student's request begins, and stops when the teacher's socket has the
message that tells of the event: through HTTP, the transaction and its commit, the bus, the socket.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

import aiohttp

from jupyter_cell_monitor_server.demo.simulated_students.behaviour import student_events
from jupyter_cell_monitor_server.demo.simulated_students.client import (
    StudentClient,
    Tally,
    Tokens,
)
from jupyter_cell_monitor_server.demo.simulated_students.session import Event

from .database import check_runs
from .figures import parser, percentile, report
from .hub import Hub, running_hub

CHANNEL = "class:python-intro"
LAST_MESSAGES_S = 30.0
POLL_S = 0.02


@dataclass(frozen=True)
class Size:
    """How much is measured. `seconds`: of one round. `speed`: 10 is ten times a class's rate."""

    students: int = 200
    seconds: float = 30.0
    rounds: int = 3
    speeds: tuple[float, ...] = (1.0, 10.0)


@dataclass
class Round:
    """When the start and the end of each run were posted, and when the teacher heard of them."""

    posted: dict[tuple[str, bool], float] = field(default_factory=dict)
    heard: dict[tuple[str, bool], float] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    took_s: float = 0.0

    def post(self, batch: list[Event], now: float) -> None:
        """A request with these events begins."""
        for event in batch:
            if "execution_id" in event:
                is_end = event["event_type"] != "cell_execution_start"
                self.posted.setdefault((event["execution_id"], is_end), now)

    def hear(self, message: dict[str, Any], now: float) -> None:
        """The teacher's socket got a message. That of a run's end tells of its start too."""
        if message["event"] == "execution_update":
            run = message["execution_id"]
            self.heard.setdefault((run, False), now)
            if message["status"] != "executing":
                self.heard.setdefault((run, True), now)

    @property
    def latencies_ms(self) -> list[float]:
        """One for each start and end of a run. Raises `RuntimeError` where one was not heard."""
        unheard = self.posted.keys() - self.heard.keys()
        if unheard:
            raise RuntimeError(f"The teacher never heard of {len(unheard)} starts or ends of runs.")
        return [(self.heard[key] - posted) * 1000 for key, posted in self.posted.items()]


class TimedClient(StudentClient):
    """A student whose requests are timed."""

    def __init__(
        self,
        name: str,
        http: aiohttp.ClientSession,
        tokens: Tokens,
        service_url: str,
        timed: Round,
    ) -> None:
        super().__init__(name, http, tokens, service_url, timed.tally)
        self._timed = timed

    async def post(self, batch: list[Event]) -> list[dict[str, Any]] | str | None:
        """Note when the request begins, and what was acknowledged."""
        self._timed.post(batch, time.perf_counter())
        answer = await super().post(batch)
        if isinstance(answer, list):
            self._timed.events.extend(batch)
        return answer


class KnownTokens(Tokens):
    """Tokens that were got before the clock started."""

    def __init__(self, http: aiohttp.ClientSession, hub: Hub) -> None:
        super().__init__(http, hub.api_url, "")
        self._known = hub.student_tokens

    async def new(self, name: str, scopes: Sequence[str] = ()) -> str:
        """The student's token, or a new one where other scopes are wanted."""
        return await super().new(name, scopes) if scopes else self._known[name]


async def measure(size: Size) -> dict[float, list[Round]]:
    """The rounds of each speed. Raises `RuntimeError` where something was lost."""
    rounds: dict[float, list[Round]] = {speed: [] for speed in size.speeds}
    async with running_hub(size.students) as hub:
        for number in range(size.rounds):
            for speed in size.speeds:
                rounds[speed].append(await _round(hub, size, speed, number))
    return rounds


async def _round(hub: Hub, size: Size, speed: float, number: int) -> Round:
    timed = Round()
    database = hub.folder / f"live-{speed}-{number}.sqlite"
    async with hub.service(database) as service, aiohttp.ClientSession() as http:
        url = service.url
        await hub.warm_up(url)
        tokens, start = KnownTokens(http, hub), datetime.now(UTC)
        makers, senders = [], []
        for name in hub.student_tokens:
            client = TimedClient(name, http, tokens, url, timed)
            makers.append(client.make(student_events(name, number, start, speed)))
            senders.append(client.send())
        async with _listening(http, url, hub.teacher_token, timed):
            await _work(makers, senders, size.seconds, timed)
    check_runs(database, timed.events)
    return timed


@asynccontextmanager
async def _listening(
    http: aiohttp.ClientSession, url: str, token: str, timed: Round
) -> AsyncIterator[None]:
    headers = {"Authorization": f"token {token}"}
    async with http.ws_connect(f"{url}api/v1/ws", headers=headers) as socket:
        await socket.send_json({"subscribe": CHANNEL})
        while (await socket.receive_json())["event"] != "subscribed":
            pass

        async def listen() -> None:
            async for message in socket:
                timed.hear(json.loads(message.data), time.perf_counter())

        listener = asyncio.create_task(listen())
        try:
            yield
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)


async def _work(
    making: list[Coroutine[Any, Any, None]],
    sending: list[Coroutine[Any, Any, None]],
    seconds: float,
    timed: Round,
) -> None:
    makers = [asyncio.create_task(work) for work in making]
    senders = [asyncio.create_task(work) for work in sending]
    began = time.perf_counter()
    await asyncio.wait([*makers, *senders], timeout=seconds, return_when="FIRST_COMPLETED")
    for maker in makers:
        maker.cancel()
    timed.took_s = time.perf_counter() - began
    await _all_heard(senders, timed)
    for sender in senders:
        sender.cancel()
    for result in await asyncio.gather(*makers, *senders, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
    if timed.tally.waiting or timed.tally.rejected:
        raise RuntimeError(f"Not everything was stored: {timed.tally}")


async def _all_heard(senders: list[asyncio.Task[None]], timed: Round) -> None:
    give_up = time.perf_counter() + LAST_MESSAGES_S
    while timed.tally.waiting or timed.posted.keys() - timed.heard.keys():
        done, _ = await asyncio.wait(senders, timeout=POLL_S, return_when="FIRST_COMPLETED")
        if done or time.perf_counter() > give_up:
            return


def summary_of(rounds: list[Round]) -> dict[str, float]:
    """The medians of the rounds' percentiles in ms, the worst of all, and events a second."""
    latencies = [each.latencies_ms for each in rounds]
    return {
        "p50_ms": median(percentile(values, 0.50) for values in latencies),
        "p99_ms": median(percentile(values, 0.99) for values in latencies),
        "worst_ms": max(max(values) for values in latencies),
        "messages": sum(len(values) for values in latencies),
        "events_per_s": median(len(each.events) / each.took_s for each in rounds),
    }


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__).parse_args()
    size = Size(rounds=arguments.rounds)
    measured = asyncio.run(measure(size))
    lines = [
        f"Event posted → message on a teacher's socket, {size.students} students "
        f"({size.rounds} rounds of {size.seconds:.0f} s each)"
    ]
    figures: dict[str, Any] = {"benchmark": "live", "students": size.students}
    for speed, rounds in measured.items():
        summary = figures[f"speed_{speed:g}"] = summary_of(rounds)
        lines.append(
            f"  {speed:>2g} × a class's rate ({summary['events_per_s']:.0f} events a second): "
            f"p50 {summary['p50_ms']:.1f} ms, p99 {summary['p99_ms']:.1f} ms, "
            f"worst {summary['worst_ms']:.0f} ms of {summary['messages']:,.0f}"
        )
    slow, fast = (figures[f"speed_{speed:g}"] for speed in size.speeds)
    lines.append(f"Ratio of p50 at the higher rate: {fast['p50_ms'] / slow['p50_ms']:.2f}")
    report(lines, figures, arguments.json)


if __name__ == "__main__":
    main()
