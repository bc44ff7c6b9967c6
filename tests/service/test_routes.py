"""Every route: its answer, whom it refuses, and what it says to bad input."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from jupyter_cell_monitor_server.contract.fields import MAX_BODY_BYTES
from jupyter_cell_monitor_server.contract.problems import PROBLEM_TYPE
from jupyter_cell_monitor_server.service.handlers.answers import SECURITY_HEADERS
from jupyter_cell_monitor_server.service.handlers.base import BaseHandler
from jupyter_cell_monitor_server.service.handlers.routes import routes

from .app import PREFIX, Service, serving
from .database import Database
from .made import CLASS, PATH, at, end, failed, opened, start
from .test_writer import HeldStore

CLASS_ROUTES = [
    f"classes/{CLASS}",
    *(f"classes/{CLASS}/{p}" for p in ("students", "progress", "errors")),
]
TEACHER_ROUTES = ["classes", *CLASS_ROUTES]
OWN_ROUTES = ["me", "executions", "progress"]


@pytest.fixture
async def service(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    database = Database(sqlite_url)
    async with serving(database, tmp_path) as found:
        yield found
    await database.close()


def problem(response: Any, body: Any, status: int, code: str) -> str:
    """The detail of a problem document, which must be one."""
    assert (response.status, body.get("status"), body.get("code")) == (status, status, code)
    assert response.headers["Content-Type"] == PROBLEM_TYPE
    assert body["title"]
    assert_safe(response)
    return str(body["detail"])


def assert_safe(response: Any) -> None:
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
        assert response.headers[name] == SECURITY_HEADERS[name], name
    assert "Cache-Control" in response.headers


@pytest.mark.parametrize("route", OWN_ROUTES)
async def test_a_student_reads_their_own_work(service: Service, route: str) -> None:
    """As JSON that no cache keeps."""
    await service.post(opened(), start(), end(), failed(run="2", cell_id="c1"))
    response, body = await service.call("GET", route)
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert_safe(response)
    if route == "me":
        assert (body["name"], body["may_teach"]) == ("ai", True)
        assert body["classes"] == [{"class_id": CLASS, "title": CLASS, "role": "student"}]
        assert body["limits"]["batch_events"] == 100
    elif route == "executions":
        assert [run["status"] for run in body["executions"]] == ["completed", "error"]
        assert body["executions"][1]["error"]["traceback"] == ["a", "b"]
    else:
        assert [(p["completed_cells"], p["total_cells"]) for p in body["progress"]] == [(1, 3)]


async def test_a_teacher_reads_their_class(service: Service) -> None:
    """Its notebooks, students, grid, errors and runs."""
    await service.post(opened(), start(), failed())
    _, classes = await service.call("GET", "classes", "sensei")
    assert [(c["class_id"], c["student_count"]) for c in classes["classes"]] == [(CLASS, 2)]
    _, detail = await service.call("GET", f"classes/{CLASS}", "sensei")
    assert [n["notebook_key"] for n in detail["notebooks"]] == [PATH]
    _, students = await service.call("GET", f"classes/{CLASS}/students", "sensei")
    assert [s["student_id"] for s in students["students"]] == ["ai", "ken"]
    _, grid = await service.call(
        "GET", f"classes/{CLASS}/progress", "sensei", query={"notebook_key": PATH}
    )
    assert [row["cells"].get("c0", {}).get("status") for row in grid["students"]] == ["error", None]
    assert len(grid["columns"]) == 3
    _, errors = await service.call("GET", f"classes/{CLASS}/errors", "sensei")
    assert [e["error"]["name"] for e in errors["errors"]] == ["NameError"]
    query = {"class_id": CLASS, "student_id": "ai", "notebook_key": PATH}
    _, runs = await service.call("GET", "executions", "sensei", query=query)
    assert len(runs["executions"]) == 1
    assert detail["cursor"] == grid["cursor"] == errors["cursor"] == 3


@pytest.mark.parametrize("who", [None, "nobody"])
@pytest.mark.parametrize("route", [*OWN_ROUTES, *TEACHER_ROUTES, "ws"])
async def test_without_a_login_every_route_is_401(
    service: Service, route: str, who: str | None
) -> None:
    """Without a token, and with a wrong one."""
    response, body = await service.call("GET", route, who)
    problem(response, body, 401, "not_signed_in")
    response, body = await service.call("POST", "events", who, data=b"{}")
    problem(response, body, 401, "not_signed_in")


@pytest.mark.parametrize("route", TEACHER_ROUTES)
async def test_a_token_without_the_teach_scope_reads_no_class(service: Service, route: str) -> None:
    """A teacher's own server too: 403 before it is said whether the class is there."""
    response, body = await service.call("GET", route, "senseis-server")
    problem(response, body, 403, "forbidden")


@pytest.mark.parametrize("who", ["ai", "kocho"])
@pytest.mark.parametrize("route", [*CLASS_ROUTES, f"executions?class_id={CLASS}"])
async def test_a_class_that_is_not_ones_own_is_not_there(
    service: Service, route: str, who: str
) -> None:
    """For its students, and for another class's teacher; the same as one that does not exist."""
    await service.post(opened(), start())
    response, body = await service.call("GET", route, who)
    detail = problem(response, body, 404, "not_found")
    response, body = await service.call("GET", route.replace(CLASS, "no-such-class"), who)
    assert problem(response, body, 404, "not_found") == detail


async def test_a_student_reads_no_other_students_runs(service: Service) -> None:
    """Whether the other exists or not; their own name is no obstacle."""
    for name, status in (("ken", 403), ("nobody", 403), ("ai", 200)):
        response, _ = await service.call("GET", "executions", query={"student_id": name})
        assert response.status == status


BAD_QUERIES = [
    *(
        ("executions", name, value)
        for name in ("since", "until")
        for value in (
            "yesterday",
            "2026-11-23",
            "2026-11-23T00:00:00",
            "20261123T000000Z",
            "2026-W48-1T00:00:00Z",
            "",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "\x00",
        )
    ),
    *(("executions", "limit", value) for value in ("", "0", "-1", "501", "x", "1.5", "9" * 5000)),
    *(
        ("executions", "cursor", value)
        for value in (
            "",
            "x",
            "~~~",
            "2026-11-23T00:00:00Z~x~1~y",
            "2026-11-23T00:00:00Z~00000000-0000-0000-0000-000000000000~99999999999999999999~"
            "00000000-0000-0000-0000-000000000000",
            "0001-01-01T00:00:00+14:00~00000000-0000-0000-0000-000000000000~1~"
            "00000000-0000-0000-0000-000000000000",
        )
    ),
    *(
        ("executions", "notebook_path", value)
        for value in ("../x", "a\\b", "/", "a\x1cb", "a\x00", "x" * 501)
    ),
    *(("progress", "notebook_path", value) for value in ("", "../x", "/")),
    *((f"classes/{CLASS}/students", "limit", value) for value in ("0", "1001", "x")),
    *((f"classes/{CLASS}/progress", name, "x") for name in ("since", "until")),
    *(
        (f"classes/{CLASS}/errors", name, value)
        for name, value in (
            ("since", "x"),
            ("cursor", ""),
            ("cursor", "x"),
            ("cursor", "0"),
            ("cursor", str(2**63)),
            ("limit", "201"),
        )
    ),
]


@pytest.mark.parametrize(("route", "name", "value"), BAD_QUERIES)
async def test_a_bad_query_argument_is_400_and_named(
    service: Service, route: str, name: str, value: str
) -> None:
    """Never an error of the service."""
    who = "sensei" if route.startswith("classes") else "ai"
    response, body = await service.call("GET", route, who, query={name: value})
    assert name in problem(response, body, 400, "invalid")


@pytest.mark.parametrize("query", ["since=%ff", "notebook_path=%ed%a0%80", "cell_id=%80"])
async def test_a_query_that_is_no_utf8_is_400(service: Service, query: str) -> None:
    """As a problem document too."""
    response, body = await service.call("GET", f"executions?{query}")
    problem(response, body, 400, "invalid")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upgrade": "websocket"},
        {"Upgrade": "websocket", "Connection": "keep-alive"},
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "x" * 24},
    ],
)
async def test_half_a_handshake_is_400(service: Service, headers: dict[str, str]) -> None:
    """As a problem document, whatever the framework would say."""
    response, body = await service.call("GET", "ws", headers=headers)
    problem(response, body, 400, "invalid")


async def test_a_name_with_spaces_at_its_ends_is_found(service: Service) -> None:
    """Query arguments are taken as they are."""
    await service.post(start(notebook_path=" a .ipynb ", cell_id=" c "))
    for name, value in (("notebook_path", " a .ipynb "), ("cell_id", " c ")):
        _, body = await service.call("GET", "executions", query={name: value})
        assert len(body["executions"]) == 1, name
        _, body = await service.call("GET", "executions", query={name: value.strip()})
        assert body["executions"] == []


async def test_the_pages_of_a_list_join(service: Service) -> None:
    """`next_cursor` of one is `cursor` of the next."""
    await service.post(*(start(run=f"r{n}", second=n) for n in range(5)))
    found, query = [], {"limit": "2"}
    while True:
        _, body = await service.call("GET", "executions", query=query)
        found += [run["execution_id"] for run in body["executions"]]
        if not body["next_cursor"]:
            break
        query = {"limit": "2", "cursor": body["next_cursor"]}
    assert found == [f"r{n}" for n in range(5)]


async def test_a_gzip_batch_is_stored(service: Service) -> None:
    """A result for each event, in the order sent."""
    body = gzip.compress(json.dumps({"events": [start(event_id="e"), start("ken"), 5]}).encode())
    response, answer = await service.call(
        "POST", "events", data=body, headers={"Content-Encoding": "gzip"}
    )
    assert response.status == 200
    assert [r["status"] for r in answer["results"]] == ["stored", "rejected", "rejected"]
    assert answer["results"][0] == {"event_id": "e", "status": "stored"}
    assert answer["results"][1]["code"] == "wrong_student"


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"{", None, 400, "invalid"),
        (b"", None, 400, "invalid"),
        (b"\xff", "identity", 400, "invalid"),
        (json.dumps({"events": [0] * 101}).encode(), None, 413, "too_large"),
        (b"{}", "br", 400, "invalid"),
        (b"{}", "gzip", 400, "invalid"),
        (gzip.compress(b"{}")[:-2], "gzip", 400, "invalid"),
        (gzip.compress(b" " * 9_000_000 + b"{}"), "gzip", 413, "too_large"),
        (b" " * (MAX_BODY_BYTES + 1), None, 413, "too_large"),
        (b" " * 3 * MAX_BODY_BYTES, None, 413, "too_large"),
    ],
)
async def test_a_bad_body_is_refused_whole(
    service: Service, body: bytes, encoding: str | None, *, status: int, code: str
) -> None:
    """As a problem document, and the service goes on."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    response, answer = await service.call("POST", "events", data=BytesIO(body), headers=headers)
    problem(response, answer, status, code)
    assert (await service.post(start()))[0].status == 200


async def test_a_body_of_exactly_the_limit_is_taken(service: Service) -> None:
    """1 MiB on the wire."""
    event = json.dumps(start()).encode()
    response, answer = await service.call(
        "POST", "events", data=BytesIO(event.ljust(MAX_BODY_BYTES))
    )
    assert (response.status, answer["results"][0]["status"]) == (200, "rejected")
    assert answer["results"][0]["code"] == "too_large"
    many = json.dumps({"events": [start(run=str(n)) for n in range(100)]}).encode()
    response, answer = await service.call(
        "POST", "events", data=BytesIO(many[:-2].ljust(MAX_BODY_BYTES - 2) + many[-2:])
    )
    assert [r["status"] for r in answer["results"]] == ["stored"] * 100


async def chunks(size: int, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * size


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Length: ²", 400),
        ("Content-Length: -5", 400),
        (f"Content-Length: {'9' * 5000}", 413),
        ("Transfer-Encoding: chunked\r\n\r\nffffffffffff", 400),
    ],
)
async def test_a_length_that_is_none_is_refused(
    service: Service, caplog: pytest.LogCaptureFixture, header: str, status: int
) -> None:
    """Never an error of the service, whoever speaks HTTP by hand."""
    head = f"POST {PREFIX}api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: token ai"
    address = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"{head}\r\n{header}\r\n\r\n".encode("latin1"))
    assert (await reader.readline()).split()[1] == str(status).encode()
    writer.close()
    await writer.wait_closed()
    assert "Traceback" not in caplog.text


async def test_a_refusal_is_read_by_who_still_sends(service: Service) -> None:
    """Also by somebody without a login, with a body that fills all buffers on the way."""
    for who, status in ((None, 401), ("ai", 413)):
        body = BytesIO(b" " * (3 * MAX_BODY_BYTES))
        response, _ = await service.call("POST", "events", who, data=body)
        assert response.status == status


async def test_a_chunked_body_is_counted_too(service: Service) -> None:
    """It announces no length."""
    response, answer = await service.call("POST", "events", data=chunks(64 * 1024, 17))
    problem(response, answer, 413, "too_large")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST", "GET"])
@pytest.mark.parametrize("route", [*OWN_ROUTES, *CLASS_ROUTES, "events"])
async def test_another_method_is_405(service: Service, route: str, method: str) -> None:
    """With the ones that are allowed."""
    allowed = "POST" if route == "events" else "GET"
    if method == allowed:
        return
    response, body = await service.call(method, route, "sensei")
    problem(response, body, 405, "not_allowed")
    assert response.headers["Allow"] == allowed


@pytest.mark.parametrize("route", ["", "nope", "classes/", "classes/a/b", "events/1", "me/"])
async def test_a_route_that_is_not_there_is_404(service: Service, route: str) -> None:
    """With or without a login, below the API and beside the service."""
    for who in ("ai", None):
        response, body = await service.call("GET", route, who)
        problem(response, body, 404, "not_found")
    async with service.session.get(service.url.replace("/services/", "/elsewhere/")) as response:
        problem(response, await response.json(content_type=None), 404, "not_found")


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
            await asyncio.wait(sent, timeout=0.02)
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


def test_every_handler_requires_a_login_but_these() -> None:
    """Walks the rules, so that a new route cannot forget it."""
    without = set()
    for rule in routes(Nothing()):  # type: ignore[arg-type]
        handler: Any = rule.handler_class
        if not issubclass(handler, BaseHandler) or "prepare" in vars(handler):
            without.add(handler.__name__)
    assert without == {
        "HealthHandler",
        "MetricsHandler",
        "OpenApiHandler",
        "NotFoundHandler",
        "AssetHandler",
        "CallbackHandler",
        "SlashHandler",  # tells nothing, leads to the page
        "EventsHandler",  # asks for the login in its own `prepare`, tested above
    }


class Nothing:
    """What the routes are told where nobody asks anything."""

    prefix = "/"
    hub_auth = None

    @property
    def identity(self) -> "Nothing":
        return self


async def test_times_of_other_zones_are_the_same_moment(service: Service) -> None:
    """`+09:00`, escaped as it must be in a query."""
    await service.post(start(run="a", second=1), start(run="b", second=3))
    for since in ("2026-11-23T12:00:02+09:00", "2026-11-23T03:00:02Z", at(2)):
        _, body = await service.call("GET", "executions", query={"since": since})
        assert [run["execution_id"] for run in body["executions"]] == ["b"]
