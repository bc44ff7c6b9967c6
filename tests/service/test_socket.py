"""The WebSocket: who hears what, in order and without loss, and how it ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from jupyter_cell_monitor_server.contract.updates import class_channel, progress_channel
from jupyter_cell_monitor_server.service.db.engine import create_engine
from jupyter_cell_monitor_server.service.people import Person

from .app import Service, serving
from .database import Database
from .made import CLASS, Json, end, failed, opened, start

CHANNEL = class_channel(CLASS)


async def received(socket: ClientWebSocketResponse, count: int = 1) -> list[Json]:
    """The next messages."""
    return [await socket.receive_json(timeout=60) for _ in range(count)]


async def closed(socket: ClientWebSocketResponse) -> int | None:
    """The code that the service closes with."""
    while True:
        message = await socket.receive(timeout=10)
        if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}:
            return socket.close_code


async def following(
    service: Service, who: str = "sensei", **wanted: Any
) -> ClientWebSocketResponse:
    """A socket that follows the class and has been told so."""
    socket = await service.socket(who)
    await received(socket)
    await socket.send_json({"subscribe": CHANNEL} | wanted)
    if not wanted:
        assert (await received(socket))[0]["event"] == "subscribed"
    return socket


async def until_no_follower(service: Service, channel: str = CHANNEL) -> None:
    """The service learns of an end when its socket does."""
    async with asyncio.timeout(60):
        # Another end's doing, which nothing here could be told of.
        while service.web.settings["sockets"] or channel in service.bus._followers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_hello_names_every_channel_that_one_may_follow(service: Service) -> None:
    """With its newest cursor."""
    await service.post(opened(), start())
    [hello] = await received(await service.socket("ai"))
    assert hello == {"event": "hello", "cursors": {"progress:ai": 2, "notifications:ai": 0}}
    [hello] = await received(await service.socket("sensei"))
    own = {"progress:sensei": 0, "notifications:sensei": 0}
    assert hello["cursors"] == own | {CHANNEL: 2}
    [hello] = await received(await service.socket("senseis-server"))
    assert hello["cursors"] == own


async def test_a_student_hears_of_their_own_runs_from_the_start(service: Service) -> None:
    """And of nobody else's."""
    socket = await service.socket("ai")
    await received(socket)
    await service.post(opened("ken"), start("ken"), who="ken")
    await service.post(opened(), start(), end())
    messages = await received(socket, 2)
    assert [(m["event"], m["channel"], m["student_id"]) for m in messages] == [
        ("execution_update", "progress:ai", "ai"),
        ("progress_update", "progress:ai", "ai"),
    ]
    assert messages[1]["completed_cells"] == 1


async def test_a_teacher_hears_the_class_in_the_order_of_cursors(service: Service) -> None:
    """Without a gap, from the cursor that `subscribed` names."""
    await service.post(opened())
    socket = await following(service)
    await service.post(start())
    await service.post(end(), failed(run="2"))
    messages = await received(socket, 4)
    assert [(m["cursor"], m["event"], m.get("status")) for m in messages] == [
        (2, "execution_update", "executing"),
        (3, "execution_update", "completed"),
        (4, "execution_update", "error"),
        (5, "error_alert", None),
    ]
    assert [m.get("is_new", False) for m in messages] == [True, False, True, False]


async def test_what_was_missed_comes_first_and_then_what_is_live(service: Service) -> None:
    """Each once, also what happens while it catches up."""
    await service.post(opened(), *(start(run=f"r{n}") for n in range(40)))
    socket = await following(service, cursor=1)
    live = [asyncio.create_task(service.post(start(run=f"live-{n}"))) for n in range(20)]
    messages = await received(socket, 40 + 1 + 20)
    await asyncio.gather(*live)
    cursors = [m["cursor"] for m in messages if m["event"] == "execution_update"]
    assert cursors == list(range(2, 62))
    assert sum(m["event"] == "subscribed" for m in messages) == 1


async def test_what_was_missed_is_told_up_to_a_bound(service: Service) -> None:
    """Above it, for a cursor of the future or of no channel, a fresh snapshot is needed."""
    await service.post(opened(), *(start(run=f"r{n}") for n in range(99)))
    await service.post(start(run="one more"), start(run="and another"))
    for cursor in (1, 103, 2**70, -1, -(2**70)):
        socket = await following(service, cursor=cursor)
        assert await received(socket) == [
            {"event": "snapshot_needed", "channel": CHANNEL, "cursor": 102}
        ]
    await service.post(end())
    assert (await received(socket))[0]["status"] == "completed"
    socket = await following(service, cursor=102)
    assert (await received(socket, 2))[1]["event"] == "subscribed"


@pytest.mark.parametrize(
    ("who", "channel", "code"),
    [
        ("ai", CHANNEL, "not_found"),
        ("ai", progress_channel("ken"), "forbidden"),
        ("kocho", CHANNEL, "not_found"),
        ("sensei", class_channel("no-such-class"), "not_found"),
        ("senseis-server", CHANNEL, "forbidden"),
        ("sensei", progress_channel("ai"), "forbidden"),
        ("sensei", "everything", "forbidden"),
    ],
)
async def test_a_channel_of_others_is_refused(
    service: Service, who: str, channel: str, code: str
) -> None:
    """And stays silent; the socket goes on."""
    socket = await service.socket(who)
    await received(socket)
    await socket.send_json({"subscribe": channel})
    [answer] = await received(socket)
    assert (answer["event"], answer["channel"], answer["code"]) == ("refused", channel, code)
    assert channel not in service.bus._followers
    await service.post(opened("ken"), failed("ken"), who="ken")
    await socket.send_json({"subscribe": "again"})
    assert (await received(socket))[0]["event"] == "refused"


async def test_a_channel_that_was_left_is_silent(service: Service) -> None:
    """Until it is subscribed to again."""
    socket = await following(service)
    await socket.send_json({"unsubscribe": CHANNEL})
    await socket.send_json({"subscribe": "marks the end"})
    await received(socket)
    assert CHANNEL not in service.bus._followers
    await service.post(opened())
    await socket.send_json({"subscribe": CHANNEL})
    assert await received(socket) == [{"event": "subscribed", "channel": CHANNEL, "cursor": 1}]


async def test_subscribing_twice_tells_each_update_once(service: Service) -> None:
    """A page may do so after a break."""
    socket = await following(service)
    await socket.send_json({"subscribe": CHANNEL})
    await received(socket)
    await service.post(opened(), start())
    assert [m["cursor"] for m in await received(socket, 2)] == [1, 2]


BAD_MESSAGES = [
    *("{", "5", "[]", "{}", '"subscribe"', '{"subscribe": 5}', '{"unsubscribe": null}'),
    *('{"subscribe": "x", "cursor": "y"}', '{"subscribe": "\\ud800"}', "[" * 20_000),
]


@pytest.mark.parametrize("message", BAD_MESSAGES, ids=lambda text: text[:30])
async def test_a_message_that_is_not_understood_ends_the_socket(
    service: Service, message: str
) -> None:
    """With the code of WebSocket for invalid data."""
    socket = await service.socket("ai")
    await received(socket)
    await socket.send_str(message)
    assert await closed(socket) == 1007
    await until_no_follower(service, "progress:ai")


def is_one_closing(service: Service) -> bool:
    connections = [handler.ws_connection for handler in service.web.settings["sockets"]]
    return any(connection is None or connection.is_closing() for connection in connections)


async def test_a_client_that_is_too_slow_is_closed(service: Service) -> None:
    """It gets what fitted on the way, then 1013; the others hear all."""
    slow, quick = await following(service), await following(service)
    transport: Any = slow._conn.transport  # type: ignore[union-attr]
    transport.pause_reading()
    error = {"name": "E", "message": "x" * 1_000, "traceback": []}
    last = 0
    for number in range(1_000):
        if is_one_closing(service):
            break
        runs = (failed(run=f"r{number}-{n}") | {"error": error} for n in range(20))
        _, answer = await service.post(*runs)
        assert {result["status"] for result in answer["results"]} == {"stored"}
        while last < 40 * (number + 1):
            last = (await quick.receive_json(timeout=60))["cursor"]
    transport.resume_reading()
    assert await closed(slow) == 1013
    assert not quick.closed


async def test_a_socket_that_has_gone_is_followed_by_nothing(service: Service) -> None:
    """Also one that went without a word while it caught up."""
    await service.post(opened(), *(failed(run=f"r{n}") for n in range(48)))
    socket = await following(service, cursor=0)
    transport: Any = socket._conn.transport  # type: ignore[union-attr]
    transport.abort()
    await until_no_follower(service)


async def test_a_request_that_is_no_websocket_is_told_so(service: Service) -> None:
    """As a problem document."""
    response, body = await service.call("GET", "ws")
    assert (response.status, body["code"]) == (400, "invalid")


async def test_while_the_service_stops_no_socket_opens(service: Service) -> None:
    """503, so that the client comes back later."""
    service.state.stopping = True
    with pytest.raises(WSServerHandshakeError) as refused:
        await service.socket("ai")
    assert refused.value.status == 503


async def test_a_socket_that_opens_while_the_database_is_away_leaves_nothing(
    service: Service, tmp_path: Path
) -> None:
    """It is told to come back, and is followed by nothing."""
    there, service.state.engine = (
        service.state.engine,
        create_engine(f"sqlite:///{tmp_path}/no such folder/x.sqlite"),
    )
    assert await closed(await service.socket("ai")) == 1012
    await until_no_follower(service, "progress:ai")
    service.state.engine = there
    await received(await service.socket("ai"))


async def test_open_sockets_are_checked_again(sqlite_url: str, tmp_path: Path) -> None:
    """Who teaches the class no more hears no more; who is signed out is closed with 1008."""
    database = Database(sqlite_url)
    async with serving(database, tmp_path, recheck_s=0.05) as service:
        socket = await following(service)
        service.people.known["sensei"] = Person("sensei", {}, may_teach=True)
        [refused] = await received(socket)
        assert (refused["event"], refused["channel"]) == ("refused", CHANNEL)
        assert CHANNEL not in service.bus._followers
        service.people.is_hub_away = True
        for _ in range(3):
            service.people.asked_again.clear()
            await asyncio.wait_for(service.people.asked_again.wait(), 60)
        assert len(service.web.settings["sockets"]) == 1
        service.people.is_hub_away = False
        del service.people.known["sensei"]
        assert await closed(socket) == 1008
    await database.close()
