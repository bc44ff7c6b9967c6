"""`POST /events`: which bodies are taken, and how the others are refused."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from io import BytesIO
from urllib.parse import urlsplit

import pytest

from jupyter_cell_monitor_server.contract.fields import MAX_BODY_BYTES

from .answers import problem
from .app import PREFIX, Service
from .made import start


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
