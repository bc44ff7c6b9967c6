"""What the service answers where something is away, full or broken, and what it logs."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from .answers import OWN_ROUTES, assert_safe, problem
from .app import Service, serving
from .database import Database
from .made import start
from .writing import HeldStore


async def test_health_is_for_everybody(service: Service) -> None:
    """Live and ready; while it stops it is not ready."""
    response, body = await service.call("GET", "health", None)
    assert (response.status, body) == (
        200,
        {"live": True, "ready": True, "reason": None, "reasons": []},
    )
    assert_safe(response)
    service.state.stopping = True
    response, body = await service.call("GET", "health", None)
    assert (response.status, body["ready"]) == (503, False)


async def test_a_hub_that_is_away_is_503(service: Service) -> None:
    """With a time to come back after."""
    service.people.is_hub_away = True
    response, body = await service.call("GET", "me")
    problem(response, body, 503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0


async def test_a_full_queue_is_503_before_the_body_is_read(sqlite_url: str, tmp_path: Path) -> None:
    """Its senders keep their events, and are taken when there is room."""
    store, database = HeldStore(), Database(sqlite_url)
    async with serving(database, tmp_path, store=store) as service:
        sent: list[asyncio.Task[Any]] = []
        while service.writer.has_room() or not store.began.is_set():
            batch = [start(run=f"{len(sent)}-{n}") for n in range(100)]
            sent.append(asyncio.create_task(service.post(*batch)))
            waiting = 100 * (len(sent) - 1)
            async with asyncio.timeout(60):
                while not store.began.is_set() or service.writer.waiting_events < waiting:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # another task of the service's
        response, body = await service.call("POST", "events", data=b"not even JSON")
        problem(response, body, 503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0
        store.may_commit.set()
        assert {(await answer)[0].status for answer in sent} == {200}
        assert (await service.post(start()))[0].status == 200
    await database.close()


async def test_a_database_that_is_away_is_503(postgres_url: str, tmp_path: Path) -> None:
    """For writing, reading and health."""
    database = Database(postgres_url.replace("/shared", "/not_there"))
    async with serving(database, tmp_path) as service:
        response, body = await service.post(start())
        problem(response, body, 503, "unavailable")
        for route in OWN_ROUTES[1:]:
            response, body = await service.call("GET", route)
            problem(response, body, 503, "unavailable")
        response, body = await service.call("GET", "health", None)
        assert (response.status, body["ready"]) == (503, False)
    await database.close()


async def test_an_error_of_the_service_is_500_and_told_to_nobody(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has it."""
    service.state.me = None  # type: ignore[assignment]
    response, body = await service.call("GET", "me")
    detail = problem(response, body, 500, "internal")
    assert "None" not in detail
    assert "Traceback" in caplog.text


async def test_no_query_and_no_token_is_in_the_log(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """Of answers of every kind."""
    query = {"notebook_path": "private.ipynb", "code": "oauth-secret"}
    with caplog.at_level(logging.INFO):
        for route in ("executions", "nope", "ws", "health", "classes/x"):
            await service.call("GET", route, "sensei", query=query)
        for path in ("static/assets/nope.js", "oauth_callback", "../elsewhere"):
            async with service.session.get(service.url + path, params=query, allow_redirects=False):
                pass
    assert "GET /services/cell-monitor/api/v1/executions (" in caplog.text
    for secret in ("private", "secret", "token sensei"):
        assert secret not in caplog.text


async def test_the_files_of_the_page_stay_in_their_folder(service: Service) -> None:
    """Whatever a path says; one that is not there is a problem document too."""
    for path in (
        "static/assets/nope.js",
        "static/assets/../index.html",
        "static/assets/%2e%2e/index.html",
        "static/assets/..%2f..%2fapp.py",
        "static/assets//etc/passwd",
        "static/assets/",
    ):
        async with service.session.get(service.url + path) as response:
            body = await response.json(content_type=None)
            assert response.status in {403, 404}, path
            problem(response, body, response.status, body["code"])
