"""The OpenAPI document: all routes and nothing else, schemas as exact as the service is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from tornado.web import RequestHandler

from jupyter_cell_monitor_server.contract.events import RejectedEvent, parse_event
from jupyter_cell_monitor_server.contract.paths import FieldError, clean_path
from jupyter_cell_monitor_server.contract.problems import PROBLEM_TYPE
from jupyter_cell_monitor_server.service.handlers.base import NotFoundHandler
from jupyter_cell_monitor_server.service.handlers.described import API
from jupyter_cell_monitor_server.service.handlers.described_problems import PROBLEMS
from jupyter_cell_monitor_server.service.handlers.routes import routes
from jupyter_cell_monitor_server.service.openapi_schemas import PATH_PATTERN

from .answers import Nothing
from .app import Service
from .made import CLASS, NOON, PATH, end, failed, opened, start
from .openapi import Json, named, the_document, validator

CONTRACT = Path(__file__).parent.parent / "contract"
API_RULE = re.compile(r"/api/v1/(?P<path>.+)\$")


def served() -> Iterator[tuple[str, str]]:
    """Path and method of each route of the API, as the web framework knows them."""
    for rule in routes(Nothing()):  # type: ignore[arg-type]
        found = API_RULE.fullmatch(rule.regex.pattern)
        handler: Any = rule.handler_class
        if not found or handler is NotFoundHandler:
            continue
        path = "/" + found["path"].replace("([^/]+)", "{class_id}").replace("\\", "")
        for method in RequestHandler.SUPPORTED_METHODS:
            name = method.lower()
            if getattr(handler, name) is not getattr(RequestHandler, name):
                yield path, name


def operations() -> Iterator[tuple[str, str, Json]]:
    for path, methods in the_document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def contents(found: Any) -> Iterator[Json]:
    """Each media type's content within, a schema with its examples."""
    if isinstance(found, dict):
        if "schema" in found and "examples" in found and "in" not in found:
            yield found
        for value in found.values():
            yield from contents(value)
    elif isinstance(found, list):
        for value in found:
            yield from contents(value)


def test_every_route_is_described_and_nothing_else() -> None:
    """Path by path, method by method."""
    described = [(path, method) for path, method, _ in operations()]
    assert len(API.operations) == len(described)
    assert sorted(described) == sorted(served())


def test_the_document_is_valid() -> None:
    """By the specification's own schema; every reference leads somewhere."""
    assert list(OpenAPIV31SpecValidator(the_document()).iter_errors()) == []


def test_each_operation_has_its_own_name_and_a_summary() -> None:
    """Programs that are generated from the document name functions after them."""
    found = [operation for _, _, operation in operations()]
    assert len({operation["operationId"] for operation in found}) == len(found)
    assert all(operation["summary"] for operation in found)


def test_every_example_fits_its_schema() -> None:
    """Those of bodies, and those of problems."""
    found = list(contents(the_document()))
    assert len(found) >= 1 + len(PROBLEMS)
    for content in found:
        for one in content["examples"].values():
            validator(content["schema"]).validate(one["value"])


def test_who_must_be_logged_in_is_told_so() -> None:
    """401 and 403 stand on exactly the routes that have a login; classes want the teach scope."""
    for path, _, operation in operations():
        is_open = path in {"/health", "/metrics", "/openapi.json"}
        assert is_open == (operation["security"] == []), path
        assert is_open == (not {"401", "403"} & operation["responses"].keys()), path
        scopes = {
            role for login in operation["security"] for roles in login.values() for role in roles
        }
        assert bool(scopes) == path.startswith("/classes"), path


def test_a_base_and_its_edits_belong_together() -> None:
    """As the parser has it; an edit has three parts."""
    sha256 = "0" * 64
    changed = {"sha256": sha256, "base_sha256": sha256, "edits": [[0, 1, "x"]]}
    schema = named("ReducedEvent")
    event = {"event_id": "e", "session_id": "s", "sha256": sha256}
    for piece in ("text", {"sha256": sha256}, changed):
        schema.validate({**event, "pieces": [piece]})
    for name in ("base_sha256", "edits"):
        alone = {key: value for key, value in changed.items() if key != name}
        assert not schema.is_valid({**event, "pieces": [alone]})
    assert not schema.is_valid({**event, "pieces": [{**changed, "edits": [[0, 1]]}]})
    assert not schema.is_valid({**event, "pieces": []})


async def test_anyone_may_read_the_document(service: Service) -> None:
    """With the address that it is served at."""
    for who in ("ai", None):
        response, body = await service.call("GET", "openapi.json", who)
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        assert body["openapi"] == "3.1.0"
        assert service.url.endswith(body["servers"][0]["url"].removesuffix("api/v1"))
        assert body["paths"] == the_document()["paths"]


async def test_answers_fit_their_schemas(service: Service) -> None:
    """Those with something in them."""
    await service.post(opened(), start(), failed(), start("ai", "2"))
    asked = {
        "/me": ("me", "ai"),
        "/executions": ("executions", "ai"),
        "/progress": ("progress", "ai"),
        "/classes": ("classes", "sensei"),
        "/classes/{class_id}": (f"classes/{CLASS}", "sensei"),
        "/classes/{class_id}/students": (f"classes/{CLASS}/students", "sensei"),
        "/classes/{class_id}/progress": (
            f"classes/{CLASS}/progress?notebook_key={PATH}",
            "sensei",
        ),
        "/classes/{class_id}/errors": (f"classes/{CLASS}/errors", "sensei"),
        "/health": ("health", None),
        "/openapi.json": ("openapi.json", None),
    }
    for path, method, operation in operations():
        if method != "get" or path not in asked:
            continue
        response, body = await service.call("GET", *asked.pop(path))
        assert response.status == 200, path
        validator(operation["responses"]["200"]["content"]["application/json"]["schema"]).validate(
            body
        )
    assert asked == {}


async def test_problems_fit_their_schemas(service: Service) -> None:
    """With the headers that are promised."""
    service.people.is_hub_away = True
    response, body = await service.call("GET", "me")
    described = the_document()["components"]["responses"]["503"]
    validator(described["content"][PROBLEM_TYPE]["schema"]).validate(body)
    assert described["headers"].keys() <= response.headers.keys()


async def test_messages_fit_their_schemas(service: Service) -> None:
    """Every message of a class's day, by the schema of its own kind."""
    socket = await service.socket("sensei")
    await socket.send_json({"subscribe": f"class:{CLASS}"})
    await socket.send_json({"subscribe": "class:none"})
    schema, kinds = named("ServerMessage"), list[str]()
    while "error_alert" not in kinds:
        message = await socket.receive_json(timeout=10)
        schema.validate(message)
        kinds.append(message["event"])
        if message["event"] == "refused":
            await service.post(opened(), start(), failed())
    assert kinds[:3] == ["hello", "subscribed", "refused"]
    assert {"notebook_opened", "execution_update"} <= set(kinds)


def test_a_message_of_another_kind_fits_no_schema() -> None:
    """So that the test above can fail."""
    message = {"event": "subscribed", "channel": "class:x"}
    assert not named("ServerMessage").is_valid(message)
    assert named("ServerMessage").is_valid({**message, "cursor": 1})


def contract_events() -> list[Any]:
    found = json.loads((CONTRACT / "events.json").read_text("utf-8"))
    return [pytest.param(one, id=one["name"]) for one in found]


@pytest.mark.parametrize("one", contract_events())
def test_the_schema_takes_what_the_parser_takes(one: Json) -> None:
    """Each of the contract's examples; that a time lies in our century no schema can say."""
    raw = json.dumps(one["event"], ensure_ascii=False).encode()
    is_taken = not isinstance(parse_event(raw, NOON), RejectedEvent)
    assert named("Event").is_valid(one["event"]) == (is_taken or "before 2000" in one["name"])


CHANGES: list[tuple[Json, str, Any]] = [
    *((start(), name, None) for name in ("student_id", "timestamp", "cell_id", "code")),
    (start(), "execution_count", 2**31),
    (start(), "execution_count", "1"),
    (start(), "seq", -1),
    (start(), "cell_id", "x" * 101),
    (start(), "notebook_path", "../x"),
    (start(), "timestamp", "2026-11-23 03:00"),
    (end(), "output", "text"),
    (end(), "output", ["text"]),
    (end(), "status", "error"),
    (failed(), "error", {"name": "E"}),
    (failed(), "error", {"name": "", "message": ""}),
    (opened(), "cells", [{"cell_id": "c"}]),
    (opened(), "cells", {}),
]


@pytest.mark.parametrize(("event", "name", "value"), CHANGES)
def test_the_schema_refuses_what_the_parser_refuses(event: Json, name: str, value: Any) -> None:
    """One field at a time."""
    changed = {**event, name: value}
    assert named("Event").is_valid(event)
    assert isinstance(parse_event(json.dumps(changed).encode(), NOON), RejectedEvent)
    assert not named("Event").is_valid(changed)


@settings(deadline=None)
@given(
    st.text(alphabet=st.sampled_from("a/.\\\x00\x1f\x7f\x85 あ"), max_size=8) | st.text(max_size=20)
)
@example("a/..")
@example("..a/b")
@example("/a")
@example("//a")
@example("a\n")
def test_the_pattern_of_paths_is_the_rule_of_paths(path: str) -> None:
    """Neither stricter nor laxer."""
    try:
        clean_path(path)
        is_clean = True
    except FieldError:
        is_clean = False
    assert (re.search(PATH_PATTERN, path) is not None) == is_clean
