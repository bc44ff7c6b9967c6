"""How simulated students send: like a browser, at once and then in batches, and nothing is lost."""

import asyncio
import gzip
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from simulated_events import some_events

from jupyter_cell_monitor_server.contract.fields import MAX_BATCH_EVENTS
from jupyter_cell_monitor_server.demo.simulated_students.client import (
    ClientProblem,
    StudentClient,
    Tally,
    Tokens,
)
from jupyter_cell_monitor_server.demo.simulated_students.session import TimedEvent

TOKEN_SCOPES = ["access:services!service=cell-monitor"]


class StandIn:
    """A Hub and a service that keep what they get; `answers` are given before the good one."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.stored: dict[str, dict[str, Any]] = {}
        self.answers: list[Callable[[list[dict[str, Any]]], web.Response]] = []
        self.tokens: list[str] = []
        self.busy = asyncio.Event()
        self.url = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/hub/api/users/{name}/tokens", self._token)
        app.router.add_post("/services/cell-monitor/api/v1/events", self._events)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != "token secret":
            return web.json_response({"message": "Missing scopes"}, status=403)
        assert (await request.json())["scopes"] == TOKEN_SCOPES
        self.tokens.append(request.match_info["name"])
        return web.json_response({"token": self.tokens[-1]}, status=201)

    async def _events(self, request: web.Request) -> web.Response:
        assert request.headers["Content-Encoding"] == "gzip"
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        events = json.loads(body)["events"]
        assert request.headers["Authorization"] == f"token {events[0]['student_id']}"
        self.requests.append(events)
        if self.answers:
            return self.answers.pop(0)(events)
        return web.json_response({"results": self.store(events)})

    def store(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        results = []
        for event in events:
            status = "duplicate" if event["event_id"] in self.stored else "stored"
            self.stored[event["event_id"]] = event
            results.append({"event_id": event["event_id"], "status": status})
        if len(self.stored) >= 30:
            self.busy.set()
        return results


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    runner = web.AppRunner(stand_in.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    stand_in.url = f"http://{host}:{port}"
    yield stand_in
    await runner.cleanup()


async def send_all(stand_in: StandIn, events: list[TimedEvent], token: str = "secret") -> Tally:
    tally = Tally()
    async with aiohttp.ClientSession() as http:
        tokens = Tokens(http, f"{stand_in.url}/hub/api", token)
        url = f"{stand_in.url}/services/cell-monitor/"
        client = StudentClient("student-01", http, tokens, url, tally)
        sender = asyncio.create_task(client.send())
        maker = asyncio.create_task(client.make(events))
        while not sender.done() and not (maker.done() and tally.waiting == 0):
            await asyncio.wait([sender], timeout=0.02)
        for task in (sender, maker):
            task.cancel()
        results = await asyncio.gather(sender, maker, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return tally


def at_once(count: int) -> list[TimedEvent]:
    return [(0.0, event) for _, event in some_events(count)]


def problem(status: int, **headers: str) -> Callable[[list[dict[str, Any]]], web.Response]:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.json_response({"code": "x"}, status=status, headers=headers)


async def test_the_first_event_goes_at_once_and_the_rest_in_batches(stand_in: StandIn) -> None:
    (_, first), *rest = some_events(1 + 2 * MAX_BATCH_EVENTS)
    events = [(0.0, first), *[(0.05 if not i else 0.0, event) for i, (_, event) in enumerate(rest)]]
    tally = await send_all(stand_in, events)
    sizes = [len(events) for events in stand_in.requests]
    # A maker that stood still for a moment has made one batch more.
    assert (sizes[0], max(sizes), sum(sizes)) == (1, MAX_BATCH_EVENTS, 201)
    assert len(sizes) <= 5
    assert (tally.acknowledged, tally.rejected, tally.waiting) == (201, 0, 0)
    assert list(stand_in.stored.values()) == [event for _, event in events]


@pytest.mark.parametrize("status", [503, 429, 401, 500])
async def test_what_is_refused_for_now_is_sent_again(stand_in: StandIn, status: int) -> None:
    stand_in.answers = [problem(status, Retry_After="0"), problem(status, Retry_After="0")]
    tally = await send_all(stand_in, at_once(5))
    assert tally.acknowledged == len(stand_in.stored) == 5
    assert tally.retried_requests == 2
    assert len(stand_in.tokens) == (3 if status == 401 else 1)


async def test_an_answer_lost_on_the_way_counts_once(stand_in: StandIn) -> None:
    def store_but_break(events: list[dict[str, Any]]) -> web.Response:
        assert len(stand_in.store(events)) == 1
        raise web.HTTPBadGateway

    stand_in.answers = [store_but_break]
    tally = await send_all(stand_in, at_once(5))
    assert tally.acknowledged == len(stand_in.stored) == 5


async def test_single_events_are_sent_again_or_counted_as_rejected(stand_in: StandIn) -> None:
    def whole(events: list[dict[str, Any]]) -> web.Response:
        return web.json_response({"results": stand_in.store(events)})

    def mixed(events: list[dict[str, Any]]) -> web.Response:
        assert len(events) == 5
        kept = stand_in.store(events[:1])
        again = [{"event_id": None, "status": "retry"} for _ in events[1:-1]]
        bad = {"event_id": None, "status": "rejected", "code": "invalid"}
        return web.json_response({"results": [*kept, *again, bad]})

    stand_in.answers = [whole, mixed]
    tally = await send_all(stand_in, at_once(6))
    assert (tally.acknowledged, tally.rejected, tally.waiting) == (5, 1, 0)
    assert tally.rejections[0]["code"] == "invalid"


async def test_a_token_that_may_not_make_tokens_is_one_clear_sentence(stand_in: StandIn) -> None:
    with pytest.raises(ClientProblem, match="no token for student-01"):
        await send_all(stand_in, at_once(1), token="wrong")


async def test_ctrl_c_sends_the_rest_and_says_what_was_sent(stand_in: StandIn) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jupyter_cell_monitor_server.demo.simulated_students"),
        *("--students", "3", "--speed", "200", "--hub-api-url", f"{stand_in.url}/hub/api"),
        *("--service-url", f"{stand_in.url}/services/cell-monitor/"),
        env={**os.environ, "CELL_MONITOR_DEMO_TOKEN": "secret"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(stand_in.busy.wait(), 120)
    process.send_signal(signal.SIGINT)
    printed, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    stored = len(stand_in.stored)
    assert f"{stored} events made, {stored} acknowledged, 0 waiting" in printed.decode()
