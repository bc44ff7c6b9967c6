"""`GET /ws`: sends updates to whoever may see them."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from ...contract.json_text import encode_json
from ...contract.updates import (
    Hello,
    Refused,
    SnapshotNeeded,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Update,
    class_channel,
    notifications_channel,
    progress_channel,
)
from ..auth import NotAllowed
from ..bounds import Busy
from ..bus import Announcement
from ..db.engine import DatabaseUnavailable, reading
from ..db.missed import read_missed
from ..db.reads import newest_cursors
from ..hub_questions import HubUnavailable
from ..people import Person
from ..quota import TooMany
from .answers import ApiError
from .base import BaseHandler

log = logging.getLogger(__name__)
LOGIN_GONE, RESTARTING, TOO_SLOW, INVALID = 1008, 1012, 1013, 1007
USER_RETRY_AFTER_S = 5.0
_CLIENT = msgspec.json.Decoder(dict[str, Any])


def allowed_channels(person: Person) -> set[str]:
    """The channels that somebody may follow: their own, and those of the classes they teach."""
    own = {progress_channel(person.name), notifications_channel(person.name)}
    return own | {class_channel(c) for c in person.classes if person.teaches(c)}


class SocketHandler(BaseHandler, WebSocketHandler):
    """One open socket, with a bounded queue of what it still has to be sent."""

    def check_origin(self, origin: str) -> bool:
        """The exact origin of the page; a token in the header comes from no page."""
        if getattr(self, "_token_authenticated", False):
            return True
        sent = urlsplit(origin)
        return sent.netloc == self.request.host and sent.scheme == self._scheme()

    def _scheme(self) -> str:
        # Each proxy on the way adds its own: the browser's is the first.
        headers = self.request.headers
        forwarded = headers.get("X-Scheme") or headers.get("X-Forwarded-Proto", "")
        schemes = (scheme.strip() for scheme in forwarded.split(","))
        return next(filter(None, schemes), self.request.protocol)

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Upgrade. A cookie alone, without an Origin, opens no socket."""
        self.refuse_while_stopping()
        self._require_handshake()
        # Tornado would ask `check_origin` only of another host.
        if not self.check_origin(self.request.headers.get("Origin", "")):
            raise ApiError(403, "forbidden", "A login by cookie needs the page's own Origin.")
        self._check_room()
        self.settings["sockets"].add(self)
        try:
            await super().get(*args, **kwargs)
        finally:
            if self.ws_connection is None:
                self.settings["sockets"].discard(self)

    def _check_room(self) -> None:
        bounds, sockets = self.state.bounds, self.settings["sockets"]
        if len(sockets) >= bounds.max_sockets:
            raise Busy("sockets", "Too many pages follow the updates. Try again.")
        own = sum(socket.person.name == self.person.name for socket in sockets)
        if own >= bounds.max_sockets_per_user:
            detail = "Too many pages of yours follow the updates."
            raise TooMany("user_sockets", USER_RETRY_AFTER_S, detail)

    def _require_handshake(self) -> None:
        headers = self.request.headers
        connection = {word.strip().lower() for word in headers.get("Connection", "").split(",")}
        is_upgrade = headers.get("Upgrade", "").lower() == "websocket" and "upgrade" in connection
        if not is_upgrade or "Sec-WebSocket-Key" not in headers:
            raise ApiError(400, "invalid", "This route is a WebSocket.")
        if headers.get("Sec-WebSocket-Version") != "13":
            raise ApiError(400, "invalid", "The version of the WebSocket protocol is 13.")

    async def open(self, *_args: str, **_kwargs: str) -> None:
        """Say hello, follow the person's own channels, and begin to send."""
        self._queue: asyncio.Queue[str] = asyncio.Queue(self.state.max_socket_messages)
        self._last: dict[str, int] = {}
        self.forget()
        allowed = allowed_channels(self.person)
        for channel in self._own_channels():
            self._follow(channel)
        try:
            async with reading(self.state.engine) as connection:
                cursors = await newest_cursors(connection, sorted(allowed))
        except DatabaseUnavailable:
            self.close(RESTARTING, "the database is not available")
            return
        for channel in self._own_channels():
            self._last[channel] = cursors[channel]
        await self._write(encode_json(Hello(cursors=cursors)).decode())
        self._tasks = [
            asyncio.create_task(self._send_queued()),
            asyncio.create_task(self._recheck()),
        ]

    def _own_channels(self) -> list[str]:
        return [progress_channel(self.person.name), notifications_channel(self.person.name)]

    def _follow(self, channel: str) -> None:
        self.state.bus.leave(channel, self._take)
        self.state.bus.follow(channel, self._take)

    def _take(self, announcement: Announcement) -> None:
        if announcement.cursor <= self._last.get(announcement.channel, -1):
            return
        try:
            self._queue.put_nowait(announcement.message)
        except asyncio.QueueFull:
            self.close(TOO_SLOW, "too slow: reconnect and catch up")

    async def _send_queued(self) -> None:
        while True:
            await self._write(await self._queue.get())

    async def _write(self, message: str) -> None:
        with contextlib.suppress(WebSocketClosedError):
            await self.write_message(message)

    async def on_message(self, message: str | bytes) -> None:
        """A client subscribes or leaves."""
        try:
            sent = _CLIENT.decode(message)
            wanted: Subscribe | Unsubscribe
            if "subscribe" in sent:
                wanted = msgspec.convert(sent, Subscribe)
            else:
                wanted = msgspec.convert(sent, Unsubscribe)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.close(INVALID, "not understood")
            return
        if isinstance(wanted, Unsubscribe):
            self.state.bus.leave(wanted.unsubscribe, self._take)
            return
        try:
            await self._subscribe(wanted)
        except DatabaseUnavailable:
            self.close(RESTARTING, "the database is not available")

    async def _subscribe(self, wanted: Subscribe) -> None:
        channel = wanted.subscribe
        if channel not in allowed_channels(self.person):
            await self._answer(_refusal(channel, self.person))
            return
        held: deque[Announcement] = deque(maxlen=self.state.max_socket_messages)
        self.state.bus.leave(channel, self._take)
        self.state.bus.follow(channel, held.append)
        try:
            cursor = await self._catch_up(channel, wanted.cursor)
        finally:
            self.state.bus.leave(channel, held.append)
        if len(held) == held.maxlen:
            self.close(TOO_SLOW, "too slow: reconnect and catch up")
            return
        if channel not in allowed_channels(self.person):
            return  # the role was lost while this was read
        self._last[channel] = cursor
        for announcement in held:
            self._take(announcement)
        self._follow(channel)

    async def _catch_up(self, channel: str, since: int | None) -> int:
        """Send what was missed, and then where the channel stands."""
        async with reading(self.state.engine) as connection:
            newest = (await newest_cursors(connection, [channel]))[channel]
            missed: Sequence[Update] | None = None
            if since == newest or since is None:
                missed = []
            elif channel.startswith("class:") and 0 <= since < newest:
                missed = await read_missed(
                    connection, channel[len("class:") :], since, self.state.max_missed_updates
                )
        if missed is None:
            await self._answer(SnapshotNeeded(channel=channel, cursor=newest))
            return newest
        for update in missed:
            await self._answer(update)
        await self._answer(Subscribed(channel=channel, cursor=newest))
        return newest

    async def _answer(self, answer: msgspec.Struct) -> None:
        await self._write(encode_json(answer).decode())

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(self.state.recheck_s)
            try:
                person = await self.state.identity.recheck(self)
            except HubUnavailable:
                continue
            except NotAllowed:
                person = None
            if person is None:
                self.close(LOGIN_GONE, "sign in again")
                return
            self.person = person
            for channel in self._last.keys() - allowed_channels(person):
                del self._last[channel]
                self.state.bus.leave(channel, self._take)
                await self._answer(_refusal(channel, person))

    def on_close(self) -> None:
        """Follow nothing more."""
        self.settings["sockets"].discard(self)
        for channel in [*self._own_channels(), *self._last]:
            self.state.bus.leave(channel, self._take)
        for task in getattr(self, "_tasks", ()):
            task.cancel()


def _refusal(channel: str, person: Person) -> Refused:
    if channel.startswith("class:") and person.may_teach:
        return Refused(channel=channel, code="not_found", detail="There is no such class of yours.")
    return Refused(channel=channel, code="forbidden", detail="You may not follow this channel.")
