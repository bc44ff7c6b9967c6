"""A request reaches the service as it came, and so does its answer."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from .conftest import OWNERS_TOKEN, Lab
from .service_standin import StandIn

READS = ["me", "executions", "progress"]
StartLab = Callable[..., Lab]


def problem(response: HTTPResponse) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(response.body)
    assert body["status"] == response.code
    return body


@pytest.mark.parametrize("route", READS)
async def test_a_read_is_passed_on_with_the_owners_hub_token(
    lab: Lab, standin: StandIn, route: str
) -> None:
    """Path, query and answer stay as they are; the login to this server does not travel."""
    response = await lab.fetch(f"{route}?cell_id=a%20b&cell_id=%E3%81%82&limit=5")
    assert (response.code, response.body) == (200, b'{"ok": true}')
    assert response.headers["Content-Type"] == "application/json"
    [seen] = standin.seen
    assert (seen.method, seen.path) == ("GET", f"/services/cell-monitor/api/v1/{route}")
    assert seen.query == "cell_id=a%20b&cell_id=%E3%81%82&limit=5"
    assert seen.headers["Authorization"] == f"token {OWNERS_TOKEN}"
    assert "Cookie" not in seen.headers


async def test_a_login_in_the_query_is_not_passed_on(lab: Lab, standin: StandIn) -> None:
    """Somebody's token for this server would else stand in the service's log."""
    await lab.fetch("progress?token=student-01-login&limit=5", user=None)
    assert [seen.query for seen in standin.seen] == ["limit=5"]


@pytest.mark.parametrize("encoding", ["gzip", "dictionary-deflate"])
async def test_a_compressed_body_is_passed_on_unopened(
    lab: Lab, standin: StandIn, encoding: str
) -> None:
    """The bytes that the browser compressed reach the service with their two headers."""
    body = gzip.compress(b'{"events": []}')
    response = await lab.post(body, headers={"Content-Encoding": encoding, "X-Other": "1"})
    assert response.code == 200
    [seen] = standin.seen
    assert (seen.method, seen.body) == ("POST", body)
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Content-Encoding"] == encoding
    assert "X-Other" not in seen.headers


async def test_a_body_that_is_no_json_is_the_services_to_refuse(lab: Lab, standin: StandIn) -> None:
    """The relay reads no body."""
    standin.status, standin.body = 400, b'{"code": "invalid"}'
    standin.headers = {"Content-Type": "application/problem+json"}
    response = await lab.post(b"{not json", headers={"Content-Type": "text/plain"})
    assert (response.code, response.body) == (400, b'{"code": "invalid"}')
    assert [seen.body for seen in standin.seen] == [b"{not json"]


@pytest.mark.parametrize("status", [401, 409, 413, 429, 500, 503])
async def test_what_the_service_answers_is_answered(
    lab: Lab, standin: StandIn, status: int
) -> None:
    """Status, body, type and Retry-After come back, and no other header of the service."""
    standin.status, standin.body = status, b'{"code": "of the service"}'
    standin.headers = {
        "Content-Type": "application/problem+json",
        "Retry-After": "17",
        "Set-Cookie": "a=b",
        "X-Service": "1",
    }
    response = await lab.post(b"{}")
    assert (response.code, response.body) == (status, b'{"code": "of the service"}')
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == "17"
    assert "X-Service" not in response.headers
    assert "a=b" not in response.headers.get("Set-Cookie", "")


@pytest.mark.parametrize(("status", "type_"), [(503, "text/html"), (302, "text/html"), (200, "")])
async def test_an_answer_that_is_no_json_is_not_the_services(
    lab: Lab, standin: StandIn, status: int, type_: str
) -> None:
    """The Hub's proxy answers a page where the service is away: 503, come again."""
    standin.status, standin.body = status, b"<html>"
    standin.headers = {"Content-Type": type_, "Location": f"{standin.url}api/v1/other"}
    response = await lab.fetch("me")
    assert (response.code, problem(response)["code"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert len(standin.seen) == 1


async def test_a_service_that_is_away_gives_503_until_it_is_back(
    lab: Lab, standin: StandIn
) -> None:
    """A refused connection is told as `unavailable` with `Retry-After`."""
    await standin.stop()
    for response in (await lab.fetch("me"), await lab.post(b"{}")):
        assert (response.code, problem(response)["code"]) == (503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0


async def test_a_slow_service_is_given_up(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    """After `request_timeout_s` the browser hears 503 and keeps its events."""
    lab = start_lab(request_timeout_s=0.2)
    standin.may_answer.clear()
    response = await lab.post(b"{}")
    assert (response.code, problem(response)["code"]) == (503, "unavailable")
    assert "Retry-After" in response.headers


async def test_a_huge_body_is_refused_before_it_is_read(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    """The announced length is enough for a 413."""
    lab = start_lab(max_body_bytes=1000)
    assert (await lab.post(b"x" * 1000)).code == 200
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.port)
    writer.write(_head("Content-Length: 1001"))
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert len(standin.seen) == 1


async def test_a_huge_body_without_a_length_is_refused(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    """A chunked body is counted while it comes."""
    lab = start_lab(max_body_bytes=1000)

    async def body(write: Callable[[bytes], Any]) -> None:
        for _ in range(3):
            await write(b"x" * 500)

    response = await lab.fetch("events", method="POST", body_producer=body)
    assert (response.code, problem(response)["code"]) == (413, "too_large")
    assert standin.seen == []


async def test_a_half_sent_body_reaches_nobody(lab: Lab, standin: StandIn) -> None:
    """A browser that goes away in the middle has sent nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", lab.port)
    writer.write(_head("Content-Length: 100") + b'{"events"')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await lab.post(b"whole")).code == 200
    assert [seen.body for seen in standin.seen] == [b"whole"]


async def test_a_huge_answer_is_not_taken(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    """More than `max_response_bytes` is an error that no retry would heal."""
    lab = start_lab(max_response_bytes=100)
    standin.body = b"x" * 101
    response = await lab.fetch("executions")
    assert (response.code, problem(response)["code"]) == (500, "internal")
    assert "101 bytes" in problem(response)["detail"]


async def test_too_many_requests_at_once_are_sent_away(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    """Beyond `max_requests` nothing queues up: 503 with `Retry-After`."""
    lab = start_lab(max_requests=1, connect_timeout_s=60, request_timeout_s=60)
    standin.may_answer.clear()
    first = asyncio.ensure_future(lab.fetch("me"))
    await standin.until(lambda: len(standin.seen) == 1)
    second = await lab.fetch("progress")
    assert (second.code, problem(second)["code"]) == (503, "unavailable")
    assert "Retry-After" in second.headers
    standin.may_answer.set()
    assert (await first).code == 200
    assert (await lab.fetch("progress")).code == 200


async def test_recording_does_not_keep_a_server_alive(lab: Lab) -> None:
    """Only kernels count as activity, so that an idle server can be culled."""
    before = lab.app.web_app.settings.get("api_last_activity")
    await lab.post(b"{}")
    assert lab.app.web_app.settings.get("api_last_activity") == before


def _head(length: str) -> bytes:
    lines = [
        "POST /a%40b/api/v1/events HTTP/1.1",
        "Host: 127.0.0.1",
        "Authorization: token student-01-login",
        "Content-Type: application/json",
        length,
    ]
    return "\r\n".join([*lines, "", ""]).encode()
