"""The service on a real Hub: the page's login, cookies and origins, and how it stops."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientResponse, WSServerHandshakeError
from browser.hub import Hub, Visitor, start_hub, until

from jupyter_cell_monitor_server.contract.problems import PROBLEM_TYPE
from jupyter_cell_monitor_server.service.handlers.answers import SECURITY_HEADERS

from .made import CLASS, Json, start
from .postgres import free_port

PREFIX = "/services/cell-monitor/"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    found = start_hub(Path(tmp_path_factory.mktemp("hub")).resolve())
    yield found
    found.stop()


async def open_page(visitor: Visitor, path: str = "") -> ClientResponse:
    """Follow all redirects to the page."""
    async with visitor.session.get(visitor.hub.service_url + path) as response:
        await response.read()
    return response


@pytest.fixture
async def teacher(hub: Hub) -> AsyncIterator[Visitor]:
    """A teacher in front of the page."""
    async with hub.signed_in("sensei") as visitor:
        response = await open_page(visitor)
        assert (response.status, response.url.path) == (200, PREFIX)
        yield visitor


def xsrf(visitor: Visitor) -> str:
    """What the page's script reads from its cookie."""
    cookies = [cookie for cookie in visitor.session.cookie_jar if cookie["path"] == PREFIX]
    return next(cookie.value for cookie in cookies if cookie.key == "_xsrf")


async def api(visitor: Visitor, route: str, **headers: str) -> tuple[int, Any]:
    """A request by cookie, as the page's script makes it."""
    url = f"{visitor.hub.service_url}api/v1/{route}"
    fetch = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", **headers}
    async with visitor.session.get(url, headers=fetch) as response:
        return response.status, await response.json(content_type=None)


async def test_a_stranger_is_sent_to_the_hubs_login(hub: Hub) -> None:
    """From any address of the page; its answer already has the security headers."""
    async with hub.signed_in("sensei") as visitor:
        visitor.session.cookie_jar.clear()
        for path in ("", f"classes/{CLASS}", "index.html"):
            url = hub.service_url + path
            async with visitor.session.get(url, allow_redirects=False) as response:
                assert response.status == 302
                assert response.headers["Location"].startswith("/hub/api/oauth2/authorize?")
                for name, value in SECURITY_HEADERS.items():
                    assert response.headers[name] == value
        assert (await open_page(visitor)).url.path == "/hub/login"


async def test_the_address_without_its_slash_leads_to_the_page(hub: Hub) -> None:
    async with hub.signed_in("sensei") as visitor:
        url = visitor.hub.service_url.rstrip("/")
        async with visitor.session.get(url) as response:
            assert (response.status, response.url.path) == (200, PREFIX)


async def test_after_the_login_the_page_is_told_where_it_is(teacher: Visitor) -> None:
    """Without a consent page; its files are there and may be kept for ever."""
    response = await open_page(teacher, f"classes/{CLASS}")
    html = await response.text()
    assert "__CELL_MONITOR" not in html
    assert f'content="{PREFIX}"' in html
    source = html.split('src="')[1].split('"')[0]
    assert source.startswith(f"{PREFIX}static/assets/")
    async with teacher.session.get(teacher.hub.url.rstrip("/") + source) as file:
        assert file.status == 200
        assert "immutable" in file.headers["Cache-Control"]
        assert (
            file.headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]
        )


async def test_a_cookie_counts_only_with_the_pages_own_header(teacher: Visitor) -> None:
    """Another page's script can send the cookie, but cannot read what the header must hold."""
    status, body = await api(teacher, "classes")
    assert (status, body["code"]) == (401, "not_signed_in")
    status, body = await api(teacher, "classes", **{"X-XSRFToken": "guessed"})
    assert (status, body["code"]) == (401, "not_signed_in")
    status, body = await api(teacher, "classes", **{"X-XSRFToken": xsrf(teacher)})
    assert (status, [c["class_id"] for c in body["classes"]]) == (200, [CLASS])


async def test_a_post_by_cookie_needs_that_header_too(teacher: Visitor) -> None:
    """A form of another site records nothing."""
    url = f"{teacher.hub.service_url}api/v1/events"
    body = json.dumps(start("sensei", notebook_path="forged.ipynb")).encode()
    async with teacher.session.post(url, data=body) as response:
        assert response.status == 401
        assert response.headers["Content-Type"] == PROBLEM_TYPE
    assert teacher.hub.executions("sensei", "forged.ipynb") == []


async def socket_status(visitor: Visitor, **headers: str) -> int:
    url = f"{visitor.hub.service_url}api/v1/ws"
    try:
        async with visitor.session.ws_connect(url, headers=headers) as socket:
            assert (await socket.receive_json())["event"] == "hello"
            return 101
    except WSServerHandshakeError as error:
        return error.status


async def test_a_cookie_opens_a_socket_from_the_pages_origin_only(teacher: Visitor) -> None:
    """Exactly: scheme, host and port; and not without one."""
    origin = teacher.hub.url.rstrip("/")
    assert await socket_status(teacher, Origin=origin) == 101
    others = [
        origin.replace("http:", "https:"),
        origin.replace("127.0.0.1", "localhost"),
        origin.rsplit(":", 1)[0],
        f"{origin}.example",
        "https://elsewhere.example",
        "null",
    ]
    for other in others:
        assert await socket_status(teacher, Origin=other) == 403, other
    assert await socket_status(teacher) == 403


async def test_a_token_in_the_address_is_no_login(hub: Hub) -> None:
    """Addresses end up in logs."""
    async with hub.signed_in("student-09") as visitor:
        token = await visitor.token()
        visitor.session.cookie_jar.clear()
        url = f"{hub.service_url}api/v1/me"
        async with visitor.session.get(url, params={"token": token}) as response:
            assert response.status == 401
        headers = {"Authorization": f"Bearer {token}"}
        async with visitor.session.get(url, headers=headers) as response:
            assert response.status == 200


async def test_a_service_is_nobody(hub: Hub) -> None:
    """Its token names no user."""
    process = hub.service()
    assert process is not None
    token = process.environ()["JUPYTERHUB_API_TOKEN"]
    async with hub.signed_in("student-09") as visitor:
        visitor.session.cookie_jar.clear()
        headers = {"Authorization": f"token {token}"}
        async with visitor.session.get(f"{hub.service_url}api/v1/me", headers=headers) as response:
            assert response.status == 403
            assert (await response.json(content_type=None))["code"] == "forbidden"


async def test_a_stale_login_begins_again(teacher: Visitor) -> None:
    """A callback whose state nobody remembers leads back to the page."""
    url = f"{teacher.hub.service_url}oauth_callback"
    for query in ({"code": "x", "state": "y"}, {}, {"code": "x"}):
        async with teacher.session.get(url, params=query, allow_redirects=False) as response:
            assert response.status == 302
            assert response.headers["Location"] == PREFIX


async def test_a_body_that_is_too_large_is_refused_through_the_proxy(hub: Hub) -> None:
    """And the answer arrives."""
    async with hub.signed_in("student-09") as visitor:
        headers = {"Authorization": f"token {await visitor.token()}"}
        url = f"{hub.service_url}api/v1/events"
        body = BytesIO(b" " * 2_500_000)
        async with visitor.session.post(url, data=body, headers=headers) as response:
            assert response.status == 413
            assert (await response.json(content_type=None))["code"] == "too_large"


@contextmanager
def another_service(hub: Hub) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The service once more, on a port of its own: the Hub starts its own again a minute later."""
    process = hub.service()
    assert process is not None
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "jupyter_cell_monitor_server.cli", "service"]
    environment = process.environ() | {"JUPYTERHUB_SERVICE_URL": url}
    with subprocess.Popen(command, env=environment, cwd=process.cwd()) as started:
        try:
            yield url + PREFIX, started
        finally:
            started.terminate()


async def until_ready(visitor: Visitor, url: str) -> None:
    """Ask the service until it says so."""
    async with asyncio.timeout(120):
        while True:
            try:
                async with visitor.session.get(url + "api/v1/health") as response:
                    if response.status == 200:
                        return
            except ClientConnectionError:
                await asyncio.sleep(0.05)  # another process: nothing tells of it


async def test_sigterm_says_restarting_and_the_login_outlives_it(
    hub: Hub, teacher: Visitor
) -> None:
    """Sockets close with 1012, the exit code is 0, and the page's cookie goes on counting."""
    headers = {"X-XSRFToken": xsrf(teacher)}
    for _ in range(2):
        with another_service(hub) as (url, process):
            await until_ready(teacher, url)
            async with teacher.session.get(url + "api/v1/classes", headers=headers) as response:
                assert response.status == 200
            origin = {"Origin": url.removesuffix(PREFIX)}
            async with teacher.session.ws_connect(url + "api/v1/ws", headers=origin) as socket:
                await socket.receive_json()
                process.send_signal(signal.SIGTERM)
                await socket.receive(timeout=15)
                assert socket.close_code == 1012
            assert await asyncio.to_thread(process.wait, 15) == 0


def service_lines(hub: Hub) -> list[Json]:
    """What the service itself has logged."""
    lines = (hub.folder / "hub.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def accesses(hub: Hub) -> list[str]:
    """The requests that the service has logged."""
    lines = service_lines(hub)
    return [line["message"] for line in lines if line["logger"] == "tornado.access"]


async def test_the_log_holds_no_query_no_token_and_nothing_that_was_written(
    hub: Hub, teacher: Visitor
) -> None:
    """Of the service's own lines, all tests of this file long."""
    await api(teacher, "executions?notebook_path=private.ipynb", **{"X-XSRFToken": xsrf(teacher)})
    # A request is logged after its answer.
    await until(lambda: any("/api/v1/executions (" in path for path in accesses(hub)))
    lines, paths = service_lines(hub), accesses(hub)
    assert any("/oauth_callback (" in path for path in paths)
    assert not [line for line in paths if "?" in line]
    token = process_token(hub)
    assert not [line for line in lines if token in str(line) or "print(" in str(line)]


def process_token(hub: Hub) -> str:
    process = hub.service()
    assert process is not None
    return str(process.environ()["JUPYTERHUB_API_TOKEN"])
