"""A real Hub that is stopped and killed under the service: whom it serves on, and whom not."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import ClientWebSocketResponse
from browser.hub import Hub, Visitor, start_hub

from jupyter_cell_monitor_server.demo import processes
from jupyter_cell_monitor_server.demo.settings import MARK_VARIABLE

from .alone import PREFIX, Alone, alone
from .made import Json, start

CACHE_S, AWAY_S, TIMEOUT_S = 1, 15, 5
SETTINGS = [
    f"--CellMonitorService.hub_cache_s={CACHE_S}",
    f"--CellMonitorService.hub_away_s={AWAY_S}",
    f"--CellMonitorService.hub_timeout_s={TIMEOUT_S}",
    "--CellMonitorService.recheck_s=0.2",
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    found = start_hub(Path(tmp_path_factory.mktemp("hub")).resolve())
    yield found
    found.stop()


@asynccontextmanager
async def service_of(hub: Hub, folder: Path) -> AsyncIterator[Alone]:
    """A service of this Hub with short times, beside the Hub's own."""
    process = hub.service()
    assert process is not None
    environment = process.environ()
    # Else the launcher would end it with the Hub.
    del environment[MARK_VARIABLE]
    database = Path(process.cwd()) / "cell-monitor.sqlite"
    environment["CELL_MONITOR_DATABASE_URL"] = f"sqlite:///{database}"
    async with alone(environment, folder, *SETTINGS) as service:
        yield service


def hub_process(hub: Hub) -> psutil.Process:
    for process in processes.of_demo(str(hub.folder)):
        if any(part.endswith("jupyterhub") for part in process.cmdline()):
            return process
    raise AssertionError("the Hub does not run")


@contextmanager
def stopped(hub: Hub) -> Iterator[None]:
    """The Hub takes connections and never answers."""
    process = hub_process(hub)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


async def post(service: Alone, token: str, *events: Json) -> tuple[Any, Any]:
    return await service.call("POST", "events", token, data=json.dumps({"events": events}).encode())


async def open_socket(service: Alone, token: str) -> ClientWebSocketResponse:
    headers = {"Authorization": f"token {token}"}
    socket = await service.session.ws_connect(service.url + "ws", headers=headers)
    assert (await socket.receive_json())["event"] == "hello"
    return socket


async def status(service: Alone, token: str, route: str = "me") -> int:
    return int((await service.call("GET", route, token))[0].status)


async def test_while_the_hub_is_stopped_the_known_are_served_and_nothing_blocks(
    hub: Hub, tmp_path: Path
) -> None:
    """`/me`, `/events` and open sockets go on; strangers get 503; then the known do too."""
    async with hub.signed_in("student-03") as visitor, service_of(hub, tmp_path) as service:
        known, unknown = await visitor.token(), await visitor.token()
        socket = await open_socket(service, known)
        with stopped(hub):
            began = time.monotonic()
            stranger = asyncio.create_task(service.call("GET", "me", unknown))
            await asyncio.sleep(CACHE_S)
            assert await status(service, known) == 200
            response, body = await post(service, known, start("student-03", event_id="e"))
            assert (response.status, body["results"][0]["status"]) == (200, "stored")
            assert (await socket.receive_json(timeout=60))["event"] == "execution_update"
            asked = time.monotonic()
            response, body = await service.call("GET", "health")
            assert (response.status, body["ready"]) == (200, True)
            assert time.monotonic() - asked < TIMEOUT_S
            response, body = await stranger
            assert (response.status, body["code"]) == (503, "unavailable")
            assert int(response.headers["Retry-After"]) > 0
            while await status(service, known) == 200:
                assert time.monotonic() - began < 2 * AWAY_S + TIMEOUT_S
            assert time.monotonic() - began > AWAY_S
            assert await status(service, known) == 503
            assert not socket.closed
        assert await status(service, known) == 200
        assert await status(service, unknown) == 200


async def test_what_the_hub_says_when_it_is_back_counts_at_once(hub: Hub, tmp_path: Path) -> None:
    """A token that was withdrawn is refused, and its open socket closed with 1008."""
    async with hub.signed_in("student-04") as visitor, service_of(hub, tmp_path) as service:
        response = await visitor.api("POST", "users/student-04/tokens", json={"note": "a test"})
        made = await response.json()
        socket = await open_socket(service, made["token"])
        with stopped(hub):
            await asyncio.sleep(CACHE_S)
            assert await status(service, made["token"]) == 200
        response = await visitor.api("DELETE", f"users/student-04/tokens/{made['id']}")
        assert response.status == 204
        async with asyncio.timeout(60):
            # An answer that the Hub gave a moment before may still count for a while.
            while await status(service, made["token"]) != 401:  # noqa: ASYNC110
                await asyncio.sleep(CACHE_S)
        while (await socket.receive(timeout=60)).data is not None and not socket.closed:
            pass
        assert socket.close_code == 1008


async def cookie_status(visitor: Visitor, service: Alone) -> int:
    """The teacher page's request: the cookie, and its header against other sites."""
    cookies = [cookie for cookie in visitor.session.cookie_jar if cookie["path"] == PREFIX]
    token = next(cookie.value for cookie in cookies if cookie.key == "_xsrf")
    headers = {"X-XSRFToken": token, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    async with visitor.session.get(service.url + "me", headers=headers) as response:
        return response.status


async def test_a_login_by_cookie_is_served_on_too_and_a_killed_hub_is_no_other(
    hub: Hub, tmp_path: Path
) -> None:
    """A refused connection is known at once."""
    async with hub.signed_in("sensei") as visitor, service_of(hub, tmp_path) as service:
        token = await visitor.token()
        async with visitor.session.get(hub.service_url) as response:
            assert response.status == 200
        assert await cookie_status(visitor, service) == 200
        with stopped(hub):
            await asyncio.sleep(CACHE_S)
            assert await cookie_status(visitor, service) == 200
        assert await cookie_status(visitor, service) == 200
        hub_process(hub).kill()
        await asyncio.sleep(CACHE_S)
        asked = time.monotonic()
        for _ in range(10):
            assert await cookie_status(visitor, service) == 200
            assert await status(service, token) == 503
        assert time.monotonic() - asked < 2 * TIMEOUT_S
        began = time.monotonic()
        while await cookie_status(visitor, service) == 200:
            assert time.monotonic() - began < 2 * AWAY_S
        assert await cookie_status(visitor, service) == 503
