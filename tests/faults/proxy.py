"""A TCP proxy between two hops that breaks the connection in the ways that networks do."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from enum import StrEnum

HOST = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
SLOWEST_S = 0.3


class Fault(StrEnum):
    """What a proxy does to the connections through it."""

    PASS = "pass"
    LATENCY = "latency"
    """Each piece comes up to 0.3 s later."""
    RESET_REQUEST = "reset_request"
    """Part of a request passes, then both sides get a reset."""
    RESET_ANSWER = "reset_answer"
    """The request passes whole; part of its answer passes, then both sides get a reset."""
    DROP_ANSWER = "drop_answer"
    """The request passes whole; its answer is thrown away and the connection cut."""
    SILENT = "silent"
    """Connections are accepted and never answered."""
    STALL = "stall"
    """Nothing passes any more on any connection, none is closed."""
    TRICKLE = "trickle"
    """One byte a second."""
    REFUSE = "refuse"
    """New connections are reset at once, and those that are open."""


ONCE = {Fault.RESET_REQUEST, Fault.RESET_ANSWER, Fault.DROP_ANSWER}


class FaultProxy:
    """Listens on `port` and passes everything to `target_port`, until a fault is set.

    `marker` are the bytes that begin a request of interest: the `ONCE` faults hit only a request
    that holds it, and there only what follows `head_end`. The pieces' places come from `seed`.
    """

    def __init__(
        self, target_port: int, *, marker: bytes, head_end: bytes = b"", seed: int = 0
    ) -> None:
        self.target_port = target_port
        self.marker = marker
        self.head_end = head_end
        self.random = random.Random(seed)
        self.port = 0
        self.fault = Fault.PASS
        self.hits = 0
        self._left: int | None = None
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        """Begin to listen, on a free port where none is given."""
        self._server = await asyncio.start_server(self._accept, HOST, port)
        self.port = self._server.sockets[0].getsockname()[1]

    def set(self, fault: Fault, times: int | None = None) -> None:
        """From now on do this; a `ONCE` fault so many times, and then pass again."""
        self.fault, self._left, self.hits = fault, times, 0
        if fault is Fault.REFUSE:
            self._cut(lambda connection: True)
        for connection in self._open:
            connection.forget()

    def heal(self) -> None:
        """Pass everything, and cut the connections that a fault has spoiled."""
        self.set(Fault.PASS)
        self._cut(lambda connection: connection.is_spoiled)

    def hit(self) -> None:
        """A fault has struck."""
        self.hits += 1
        if self._left is not None and self.fault in ONCE:
            self._left -= 1
            if self._left <= 0:
                self.fault = Fault.PASS

    async def close(self) -> None:
        """Cut all connections and listen no more."""
        assert self._server is not None
        self._server.close()
        self._cut(lambda connection: True)
        while self._open:  # noqa: ASYNC110  (each ends by itself within a turn of the loop)
            await asyncio.sleep(0)
        await self._server.wait_closed()

    def _cut(self, which: Callable[["_Connection"], bool]) -> None:
        for connection in list(self._open):
            if which(connection):
                connection.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)


class _Connection:
    """One connection of a client and, unless it is kept waiting, one to the target."""

    def __init__(
        self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._to_target: asyncio.StreamWriter | None = None
        self._end = asyncio.Event()
        self._tail = b""
        self._is_marked = False
        self.is_spoiled = False

    async def run(self) -> None:
        """Pass both ways until one side closes or the proxy cuts it."""
        if self._proxy.fault is Fault.REFUSE:
            self._proxy.hit()
        elif self._proxy.fault is Fault.SILENT:
            self._spoil()
            await self._end.wait()
        else:
            await self._connect()
        self.reset()

    def reset(self) -> None:
        """Close both sides with a reset."""
        for writer in (self._writer, self._to_target):
            if writer is not None and not writer.transport.is_closing():
                _reset(writer)
        self._end.set()

    def forget(self) -> None:
        """The fault has changed: a request that was marked for the last one is no more."""
        self._is_marked, self._tail = False, b""

    def _spoil(self) -> None:
        if not self.is_spoiled:
            self._proxy.hit()
        self.is_spoiled = True

    async def _connect(self) -> None:
        try:
            answers, self._to_target = await asyncio.open_connection(HOST, self._proxy.target_port)
        except OSError:
            return
        ends = [
            asyncio.create_task(self._pump(self._reader, self._to_target, self._request)),
            asyncio.create_task(self._pump(answers, self._writer, self._answer)),
            asyncio.create_task(self._end.wait()),
        ]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        change: Callable[[bytes], bytes | None],
    ) -> None:
        try:
            while data := await reader.read(CHUNK_BYTES):
                passed = change(data)
                await self._slowly(writer, data if passed is None else passed)
                if passed is not None:
                    self._proxy.hit()
                    return
            writer.close()
            await writer.wait_closed()
        except OSError:
            return

    async def _slowly(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        fault = self._proxy.fault
        if fault is Fault.STALL:
            self._spoil()
            await self._end.wait()
        elif fault is Fault.LATENCY:
            self._proxy.hit()
            await asyncio.sleep(self._proxy.random.uniform(0, SLOWEST_S))
        elif fault is Fault.TRICKLE:
            self._spoil()
            for byte in data:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
            return
        writer.write(data)
        await writer.drain()

    def _request(self, data: bytes) -> bytes | None:
        """What of `data` passes before the connection is cut; None where it is not."""
        fault = self._proxy.fault
        if fault not in ONCE:
            return None
        start = self._body_start(data)
        if start is None or fault is not Fault.RESET_REQUEST:
            return None
        return data[: self._proxy.random.randrange(start, len(data))] if start < len(data) else None

    def _body_start(self, data: bytes) -> int | None:
        """Where in `data` the part of a marked request begins that may be cut off."""
        if self._is_marked:
            return 0
        seen = self._tail + data
        found = seen.find(self._proxy.marker)
        head = seen.find(self._proxy.head_end, found) if found >= 0 else -1
        if found < 0 or head < 0:
            # A marker or the end of a head may be split between two pieces.
            self._tail = seen[-4096:]
            return None
        self._is_marked = True
        return max(0, head + len(self._proxy.head_end) - len(self._tail))

    def _answer(self, data: bytes) -> bytes | None:
        if not self._is_marked:
            return None
        if self._proxy.fault is Fault.DROP_ANSWER:
            return b""
        if self._proxy.fault is Fault.RESET_ANSWER:
            return data[: self._proxy.random.randrange(len(data))]
        return None


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    # No lingering: the kernel sends a reset instead of an orderly end.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
