"""The fault proxy breaks what it is told to break, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from browser.hub import until

from .proxy import HOST, Fault, FaultProxy

HEAD = b"POST /events\r\n\r\n"
BODY = b"x" * 200 + b"\n"
ANSWER = b"stored" * 20 + b"\n"


@dataclass
class Target:
    """A server that reads a head and a line, and answers with a line."""

    port: int = 0
    whole: list[bytes] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.whole.append(head + await reader.readline())
                writer.write(ANSWER)
                await writer.drain()
        except asyncio.IncompleteReadError as error:
            self.parts.append(error.partial)
        except OSError as error:
            self.parts.append(str(error).encode())
        writer.close()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    target = Target()
    server = await asyncio.start_server(target.serve, HOST)
    target.port = server.sockets[0].getsockname()[1]
    yield target
    server.close()


@pytest.fixture
async def proxy(target: Target) -> AsyncIterator[FaultProxy]:
    proxy = FaultProxy(target.port, marker=b"POST /events", head_end=b"\r\n\r\n", seed=1)
    await proxy.start()
    yield proxy
    await proxy.close()


class Client:
    """One connection through the proxy."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy

    async def open(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection(HOST, self._proxy.port)
        return self

    async def ask(self, request: bytes = HEAD + BODY) -> bytes:
        """The answer's line, or what there was of it before the connection broke."""
        try:
            self.writer.write(request)
            return await self.reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            return error.partial
        except OSError as error:
            return type(error).__name__.encode()

    def close(self) -> None:
        self.writer.transport.abort()


@pytest.fixture
async def client(proxy: FaultProxy) -> AsyncIterator[Client]:
    client = await Client(proxy).open()
    yield client
    client.close()


async def test_passes_both_ways(client: Client, target: Target) -> None:
    """Without a fault the proxy changes nothing, on one connection as often as asked."""
    assert [await client.ask(), await client.ask()] == [ANSWER, ANSWER]
    assert target.whole == [HEAD + BODY] * 2


async def test_drops_the_answer_after_the_request_has_arrived(
    proxy: FaultProxy, client: Client, target: Target
) -> None:
    """The target has the whole request; the client reads nothing of the answer."""
    proxy.set(Fault.DROP_ANSWER, times=1)
    assert await client.ask() in (b"", b"ConnectionResetError")
    assert target.whole == [HEAD + BODY]
    assert (proxy.hits, proxy.fault) == (1, Fault.PASS)


async def test_a_request_without_the_marker_is_left_alone(
    proxy: FaultProxy, client: Client
) -> None:
    """A fault that hits once is kept for the request that it is meant for."""
    proxy.set(Fault.DROP_ANSWER, times=1)
    assert await client.ask(b"GET /page\r\n\r\n\n") == ANSWER
    assert await client.ask() != ANSWER
    again = await Client(proxy).open()
    assert await again.ask() == ANSWER
    again.close()


async def test_cuts_a_request_in_its_middle(
    proxy: FaultProxy, client: Client, target: Target
) -> None:
    """The target never has the whole body, and reads a reset instead of an end."""
    proxy.set(Fault.RESET_REQUEST, times=1)
    assert await client.ask() in (b"", b"ConnectionResetError")
    await until(lambda: bool(target.parts))
    assert target.whole == []


async def test_cuts_an_answer_in_its_middle(
    proxy: FaultProxy, client: Client, target: Target
) -> None:
    """The target has answered; the client has a part of it at most."""
    proxy.set(Fault.RESET_ANSWER, times=1)
    assert await client.ask() != ANSWER
    assert target.whole == [HEAD + BODY]


async def test_finds_a_marker_that_comes_in_two_pieces(
    proxy: FaultProxy, client: Client, target: Target
) -> None:
    """How a request is cut into packets makes no difference."""
    proxy.set(Fault.DROP_ANSWER, times=1)
    client.writer.write(HEAD[:7])
    await client.writer.drain()
    await asyncio.sleep(0.01)
    assert await client.ask(HEAD[7:] + BODY) != ANSWER
    assert target.whole == [HEAD + BODY]


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.STALL])
async def test_holds_a_connection_without_an_answer_until_it_is_healed(
    proxy: FaultProxy, target: Target, fault: Fault
) -> None:
    """Half-open: accepted, not answered, not closed; healing breaks it, and a new one works."""
    proxy.set(fault)
    client = await Client(proxy).open()
    asking = asyncio.create_task(client.ask())
    await until(lambda: proxy.hits > 0)
    assert not asking.done()
    proxy.heal()
    assert await asking != ANSWER
    assert target.whole == []
    client.close()
    client = await Client(proxy).open()
    assert await client.ask() == ANSWER
    client.close()


async def test_stalls_connections_that_are_open(proxy: FaultProxy, client: Client) -> None:
    """A stall stops also what was passing before."""
    assert await client.ask() == ANSWER
    proxy.set(Fault.STALL)
    asking = asyncio.create_task(client.ask())
    await until(lambda: proxy.hits > 0)
    assert not asking.done()
    proxy.heal()
    assert await asking != ANSWER


async def test_trickles_a_byte_a_second(proxy: FaultProxy, client: Client, target: Target) -> None:
    """After a second no more than two bytes have come through."""
    proxy.set(Fault.TRICKLE)
    asking = asyncio.create_task(client.ask())
    await asyncio.sleep(1.1)
    assert not asking.done()
    proxy.heal()
    assert await asking != ANSWER
    await until(lambda: bool(target.parts))
    assert len(target.parts[0]) <= 2 or b"reset" in target.parts[0]


async def test_delays_and_loses_nothing(proxy: FaultProxy, client: Client, target: Target) -> None:
    """Latency changes when a request comes, not what."""
    proxy.set(Fault.LATENCY)
    began = time.monotonic()
    assert await client.ask() == ANSWER
    assert time.monotonic() - began > 0.01
    proxy.heal()
    assert await client.ask() == ANSWER, "a slow connection is no broken one"
    assert target.whole == [HEAD + BODY] * 2


async def test_refuses(proxy: FaultProxy, client: Client) -> None:
    """Open connections break, new ones are cut."""
    proxy.set(Fault.REFUSE)
    assert await client.ask() != ANSWER
    again = Client(proxy)
    try:
        await again.open()
        assert await again.ask() != ANSWER
        again.close()
    except OSError:
        pass


async def test_a_target_that_is_away_looks_like_one(target: Target) -> None:
    """Where nothing listens behind the proxy, the client's connection breaks."""
    proxy = FaultProxy(1, marker=b"POST")
    await proxy.start()
    client = await Client(proxy).open()
    assert await client.ask() != ANSWER
    client.close()
    await proxy.close()
