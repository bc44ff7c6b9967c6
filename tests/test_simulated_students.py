"""Simulated students behave like real ones, the same for a seed, and lose nothing."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_cell_monitor_server.contract.events import ParsedEvent, parse_event
from jupyter_cell_monitor_server.contract.fields import MAX_BATCH_EVENTS
from jupyter_cell_monitor_server.demo.simulated_students import lessons
from jupyter_cell_monitor_server.demo.simulated_students.behaviour import student_events
from jupyter_cell_monitor_server.demo.simulated_students.client import (
    ClientProblem,
    StudentClient,
    Tally,
    Tokens,
)
from jupyter_cell_monitor_server.demo.simulated_students.lessons import Run, recordings
from jupyter_cell_monitor_server.demo.simulated_students.session import TimedEvent

START = datetime(2026, 4, 13, 0, 50, tzinfo=UTC)
RECORD = "jupyter_cell_monitor_server.demo.simulated_students.record"
TOKEN_SCOPES = ["access:services!service=cell-monitor"]


def some_events(count: int, seed: int = 1, name: str = "student-01") -> list[TimedEvent]:
    return list(islice(student_events(name, seed, START), count))


def class_events(count: int) -> list[dict[str, Any]]:
    """`count` events of each of 30 students."""
    names = [f"student-{number:02}" for number in range(1, 31)]
    return [event for name in names for _, event in some_events(count, name=name)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), number=st.integers(1, 99))
def test_every_event_is_valid_and_has_no_unknown_field(seed: int, number: int) -> None:
    for delay_s, event in some_events(150, seed, f"student-{number:02}"):
        assert delay_s >= 0
        parsed = parse_event(json.dumps(event, ensure_ascii=False).encode(), START)
        assert isinstance(parsed, ParsedEvent), parsed
        assert parsed.extra == {}
        assert "In[@" not in str(event)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_each_run_starts_and_ends_once_and_sequences_have_no_gap(seed: int) -> None:
    events = [event for _, event in some_events(200, seed)]
    sequences: dict[str, list[int]] = {}
    runs: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        sequences.setdefault(event["session_id"], []).append(event["seq"])
        if "execution_id" in event:
            runs.setdefault(event["execution_id"], []).append(event)
    assert all(numbers == list(range(len(numbers))) for numbers in sequences.values())
    *complete, _ = runs.values()  # the last one may have been cut off
    for start, end in complete:
        assert start["event_type"] == "cell_execution_start"
        assert end["event_type"] in {"cell_execution_complete", "cell_execution_error"}
        assert start["started_at"] == end["started_at"]
        assert end.get("ended_at", end["timestamp"]) > end["started_at"]
        assert start["execution_count"] == end["execution_count"]
    assert len({event["event_id"] for event in events}) == len(events)
    assert all(uuid.UUID(event["event_id"]).version == 7 for event in events)


def test_the_same_seed_gives_the_same_class_and_another_seed_another() -> None:
    assert some_events(200) == some_events(200)
    assert some_events(200, seed=2) != some_events(200)
    assert some_events(50, name="student-02") != some_events(50)


def test_speed_shortens_all_pauses() -> None:
    slow = some_events(200)
    fast = list(islice(student_events("student-01", 1, START, speed=10), 200))
    assert [event["event_type"] for _, event in fast] == [e["event_type"] for _, e in slow]
    ratio = sum(delay_s for delay_s, _ in slow) / sum(delay_s for delay_s, _ in fast)
    assert ratio == pytest.approx(10, rel=0.001)


def test_a_class_makes_the_errors_of_a_real_one() -> None:
    events = class_events(200)
    errors = [event["error"] for event in events if "error" in event]
    names = Counter(error["name"] for error in errors)
    assert {"SyntaxError", "NameError", "TypeError", "IndentationError"} <= set(names)
    assert {"ZeroDivisionError", "AssertionError", "KeyboardInterrupt"} <= set(names)
    assert 0.1 < len(errors) / len(events) * 2 < 0.4
    assert all("\x1b[31m" in "".join(error["traceback"]) for error in errors)
    assert any(event.get("status") == "unknown" for event in events)  # a restart in mid-run


def test_students_differ_in_speed_and_some_are_stuck() -> None:
    took = []
    most_failures = []
    for number in range(1, 31):
        events = some_events(150, name=f"student-{number:02}")
        took.append(sum(delay_s for delay_s, _ in events))
        failures = Counter(event["cell_id"] for _, event in events if "error" in event)
        most_failures.append(max(failures.values(), default=0))
    assert max(took) > 2 * min(took)
    assert sum(count >= 5 for count in most_failures) in range(1, 20)


def test_recordings_are_what_a_real_kernel_answers(tmp_path: Path) -> None:
    def runs(answers: dict[str, Any]) -> list[tuple[str, str | None, Any]]:
        found: list[tuple[str, str | None, Any]] = []
        for cell_id, run in answers["cells"].items():
            found.append((cell_id, None, run))
        for cell_id, exercise in answers["exercises"].items():
            for kind in ("stub", "wrong", "right", "endless"):
                for attempt in exercise.get(kind, []):
                    found.append((cell_id, attempt["code"], attempt))
                    found.append((cell_id, attempt["code"], attempt["check"]))
        return found + [("scratch", attempt["code"], attempt) for attempt in answers["scratch"]]

    def outcome(run: Any) -> Any:
        # Messages differ a little between versions of Python.
        return run and (run["error"] and run["error"]["name"], run["output"])

    kept = json.loads(Path(lessons.__file__).with_name("recordings.json").read_text("utf-8"))
    # Its own process, as the kernel's client leaves an event loop behind.
    subprocess.run([sys.executable, "-m", RECORD, str(tmp_path / "now.json")], check=True)
    answered_now = json.loads((tmp_path / "now.json").read_text("utf-8"))
    for (*cell, run), (*cell_now, run_now) in zip(runs(kept), runs(answered_now), strict=True):
        assert (cell, outcome(run)) == (cell_now, outcome(run_now))


def test_right_answers_pass_and_wrong_ones_do_not() -> None:
    def passes(run: Run | None) -> bool:
        return run is not None and run.error is None

    for exercise in recordings().exercises.values():
        assert all(passes(attempt) and passes(attempt.check) for attempt in exercise.right)
        assert not any(passes(a) and passes(a.check) for a in exercise.wrong + exercise.stub)
        assert all(a.error and a.error.name == "KeyboardInterrupt" for a in exercise.endless)


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
    assert [len(events) for events in stand_in.requests] == [1, MAX_BATCH_EVENTS, MAX_BATCH_EVENTS]
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
    await asyncio.wait_for(stand_in.busy.wait(), 30)
    process.send_signal(signal.SIGINT)
    printed, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    stored = len(stand_in.stored)
    assert f"{stored} events made, {stored} acknowledged, 0 waiting" in printed.decode()
