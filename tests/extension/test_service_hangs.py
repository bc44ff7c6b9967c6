"""A service that hangs: its user's Jupyter server goes on, and holds no more than its bounds."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from .conftest import OWNER, Lab
from .service_standin import StandIn
from .test_relay import problem

StartLab = Callable[..., Lab]
KIB = 1024


@asynccontextmanager
async def a_service(answer: bytes = b"", pause_s: float = 0) -> AsyncIterator[str]:
    """Takes connections and sends `answer` byte by byte, or nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for byte in answer:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(pause_s)
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/services/cell-monitor/"


async def test_the_jupyter_server_goes_on_meanwhile(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    """With as many requests open as there may be, and one more refused at once."""
    lab = start_lab(max_requests=8, request_timeout_s=60)
    standin.may_answer.clear()
    hanging = [asyncio.ensure_future(lab.post(b"x" * 100 * KIB)) for _ in range(8)]
    await standin.until(lambda: len(standin.seen) == 8)
    login = {"Authorization": f"token {OWNER}-login"}
    began = time.monotonic()
    for _ in range(20):
        status = await lab.client.fetch(f"{lab.address}api/status", headers=login)
        assert status.code == 200
    response = await lab.fetch("me")
    assert (response.code, problem(response)["code"]) == (503, "unavailable")
    assert time.monotonic() - began < 20
    standin.may_answer.set()
    assert [response.code for response in await asyncio.gather(*hanging)] == [200] * 8


@pytest.mark.parametrize("size", [60 * KIB, 60 * KIB + 1])
async def test_the_bytes_under_way_are_bounded(
    at_the_hub: None, start_lab: StartLab, standin: StandIn, size: int
) -> None:
    """What does not fit is not passed on; when the others are answered there is room again."""
    lab = start_lab(max_in_flight_bytes=100 * KIB)
    standin.may_answer.clear()
    first = asyncio.ensure_future(lab.post(b"x" * 40 * KIB))
    await standin.until(lambda: len(standin.seen) == 1)
    second = asyncio.ensure_future(lab.post(b"y" * size))
    if size > 60 * KIB:
        response = await second
        assert (response.code, problem(response)["code"]) == (503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0
        assert len(standin.seen) == 1
    else:
        await standin.until(lambda: len(standin.seen) == 2)
    standin.may_answer.set()
    assert (await first).code == 200
    assert (await second).code == (503 if size > 60 * KIB else 200)
    assert (await lab.post(b"z" * 100 * KIB)).code == 200


async def test_a_body_whose_sender_goes_holds_nothing(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    lab = start_lab(max_in_flight_bytes=100 * KIB)
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", lab.port)
        head = "POST /a%40b/api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += f"Authorization: token {OWNER}-login\r\nContent-Length: {90 * KIB}\r\n\r\n"
        writer.write(head.encode() + b"x" * 60 * KIB)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    async with asyncio.timeout(10):
        while (await lab.post(b"y" * 100 * KIB)).code != 200:
            pass


@pytest.mark.parametrize(
    ("answer", "pause_s"),
    [
        (b"", 0.0),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{", 0.0),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" * 10, 0.02),
    ],
)
async def test_an_answer_that_does_not_end_is_given_up(
    at_the_hub: None, start_lab: StartLab, answer: bytes, pause_s: float
) -> None:
    """Nothing, a part, or a byte now and then: after `request_timeout_s` it is 503."""
    async with a_service(answer, pause_s) as url:
        lab = start_lab(service_url=url, request_timeout_s=0.5)
        began = time.monotonic()
        response = await lab.post(b"{}")
        assert (response.code, problem(response)["code"]) == (503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0
        assert time.monotonic() - began < 15


async def test_a_socket_that_the_service_does_not_answer_is_given_up(
    at_the_hub: None, start_lab: StartLab
) -> None:
    """The page is told to come again."""
    async with a_service() as url:
        settings: dict[str, Any] = {"request_timeout_s": 0.5, "connect_timeout_s": 0.5}
        lab = start_lab(service_url=url, **settings)
        socket = await lab.socket()
        assert await asyncio.wait_for(socket.read_message(), 30) is None
        assert socket.close_code == 1012
        socket.close()
