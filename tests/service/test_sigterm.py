"""SIGTERM under load: not ready at once, all that was acknowledged is stored, exit code 0."""

import asyncio
import json
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientWebSocketResponse
from browser.hub import until
from prometheus_client.parser import text_string_to_metric_families

from .alone import Alone, alone, service_environment
from .hub_standin import hub_standin
from .made import start
from .postgres import Cluster

STUDENTS = [f"student-{number}" for number in range(8)]


@dataclass
class Load:
    """What students have sent, and what became of it."""

    service: Alone
    acknowledged: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)
    half_answered: list[Exception] = field(default_factory=list)
    number: int = 0

    async def send(self, student: str) -> None:
        """Batch after batch, until the service takes no connection any more."""
        while True:
            self.number += 1
            runs = [f"{self.number}-{n}" for n in range(20)]
            events = [start(student, run=run, event_id=run) for run in runs]
            body = json.dumps({"events": events}).encode()
            try:
                response, answer = await self.service.call(
                    "POST", "events", f"token-{student}", data=body
                )
            except ClientError:
                return
            except ValueError as error:  # an answer that breaks off in its midst is no JSON
                self.half_answered.append(error)
                return
            self.statuses.append(response.status)
            for result in answer.get("results", []):
                assert result["status"] == "stored"
                self.acknowledged.add(result["event_id"])


def stored_runs(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT execution_label FROM cell_executions")
        return {label for (label,) in rows}


async def open_socket(service: Alone) -> ClientWebSocketResponse:
    headers = {"Authorization": f"token token-{STUDENTS[0]}"}
    socket = await service.session.ws_connect(service.url + "ws", headers=headers)
    await socket.receive_json()
    return socket


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    while not socket.closed:
        await socket.receive(timeout=60)
    return socket.close_code


@pytest.mark.parametrize("turn", range(5))
async def test_under_load_it_stops_in_order(turn: int, tmp_path: Path) -> None:
    """Each time: nothing acknowledged is missing, nothing is half answered, sockets get 1012."""
    database = tmp_path / "own.sqlite"
    async with hub_standin() as hub:
        environment = service_environment(hub, f"sqlite:///{database}", "the service's own")
        async with alone(environment, tmp_path) as service:
            load, socket = Load(service), await open_socket(service)
            senders = [asyncio.create_task(load.send(name)) for name in STUDENTS]
            await until(lambda: len(load.acknowledged) > 100 * (turn + 1))
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            assert await close_code(socket) == 1012
            assert await service.exit_code() == 0
            # Ten seconds for what waits, and the process's own end.
            assert time.monotonic() - began < 60
            await asyncio.gather(*senders)
    assert load.half_answered == []
    assert set(load.statuses) <= {200, 503}
    assert load.acknowledged <= stored_runs(database)
    assert "Traceback" not in service.log.read_text()


@asynccontextmanager
async def stopped(cluster: Cluster) -> AsyncIterator[None]:
    """PostgreSQL takes connections and never answers."""
    pids = cluster.pids()
    try:
        for pid in pids:
            _send(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            _send(pid, signal.SIGCONT)


def _send(pid: int, number: signal.Signals) -> None:
    # One that served a connection may have ended meanwhile.
    with suppress(ProcessLookupError):
        os.kill(pid, number)


async def bytes_under_way(service: Alone) -> float:
    """What the service has taken and not answered."""
    async with service.session.get(service.url + "metrics") as response:
        text = await response.text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return float(families["cell_monitor_in_flight_bytes"].samples[0].value)


async def test_while_it_stops_it_is_live_and_not_ready(
    postgres: Cluster, own_postgres_url: str, tmp_path: Path
) -> None:
    """For as long as the database holds what waits, and for no more than ten seconds."""
    async with hub_standin() as hub:
        environment = service_environment(hub, own_postgres_url, "the service's own")
        async with alone(environment, tmp_path) as service, stopped(postgres):
            send = service.call("POST", "events", f"token-{STUDENTS[0]}", json=start(STUDENTS[0]))
            held = asyncio.create_task(send)
            while not await bytes_under_way(service):  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # another process: nothing tells of it
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            # The signal may come a moment after the first question.
            while "stopping" not in (body := (await service.call("GET", "health"))[1])["reasons"]:
                assert time.monotonic() - began < 60
            assert (body["live"], body["ready"]) == (True, False)
            assert (await service.call("GET", "health"))[0].status == 503
            response, body = await service.call("POST", "events", "token-ken", data=b"{}")
            assert (response.status, body["code"]) == (503, "unavailable")
            assert await service.exit_code() == 0
            assert time.monotonic() - began < 60
            response, body = await held
            assert (response.status, body["code"]) == (503, "unavailable")
