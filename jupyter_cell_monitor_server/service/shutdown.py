"""The end of the service: nothing new begins, what was begun is finished, the sockets are told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tornado.httpserver import HTTPServer
from tornado.web import Application

from .handlers import ws
from .handlers.answers import UNANSWERED
from .handlers.base import State

log = logging.getLogger(__name__)
# Of the time to stop: what the writer leaves to the answers, the sockets and the database.
_AFTER_WRITING_S = 2.0
_POLL_S = 0.02


async def shut_down(
    state: State, server: HTTPServer, application: Application, within_s: float
) -> None:
    """Stop within `within_s` seconds: what is acknowledged by then is stored.

    Until all is written the port stays open, so that whoever asks learns that the service is not
    ready any more.
    """
    log.info("Stopping")
    clock = asyncio.get_running_loop().time
    end_s = clock() + within_s
    state.stopping = True
    await state.writer.close(max(0.0, within_s - _AFTER_WRITING_S))
    await _until(lambda: not application.settings[UNANSWERED], end_s - clock() - 1)
    server.stop()
    sockets = application.settings["sockets"]
    for socket in list(sockets):
        socket.close(ws.RESTARTING, "the service restarts")
    await _until(lambda: not sockets, end_s - clock() - 0.5)
    await _at_most(server.close_all_connections(), 0.5)
    await state.readiness.close()
    await state.roster.close()
    await state.identity.hub_auth.questions.close()
    await _at_most(asyncio.to_thread(state.store.close), max(0.5, end_s - clock()))
    await _at_most(state.engine.dispose(), 1.0)


async def _until(condition: Callable[[], bool], timeout_s: float) -> None:
    """Wait for clients, who tell nothing here."""
    clock = asyncio.get_running_loop().time
    end_s = clock() + timeout_s
    while not condition() and clock() < end_s:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_S)


async def _at_most(work: Awaitable[None], seconds: float) -> None:
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        log.warning("Something did not end in time")
