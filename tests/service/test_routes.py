"""Every route: its answer, whom it refuses, and what it says to bad input."""

from typing import Any

import pytest

from jupyter_cell_monitor_server.service.handlers.base import BaseHandler
from jupyter_cell_monitor_server.service.handlers.routes import routes

from .answers import CLASS_ROUTES, OWN_ROUTES, TEACHER_ROUTES, Nothing, assert_safe, problem
from .app import Service
from .made import CLASS, PATH, at, end, failed, opened, start


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


async def test_times_of_other_zones_are_the_same_moment(service: Service) -> None:
    """`+09:00`, escaped as it must be in a query."""
    await service.post(start(run="a", second=1), start(run="b", second=3))
    for since in ("2026-11-23T12:00:02+09:00", "2026-11-23T03:00:02Z", at(2)):
        _, body = await service.call("GET", "executions", query={"since": since})
        assert [run["execution_id"] for run in body["executions"]] == ["b"]
