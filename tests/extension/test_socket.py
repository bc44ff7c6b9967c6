"""Updates reach the browser, subscriptions reach the service, and both sides end together."""

from collections.abc import Callable

import pytest
from tornado.websocket import WebSocketClientConnection

from .conftest import OWNERS_TOKEN, Lab
from .service_standin import StandIn

HELLO = '{"event": "hello", "cursors": {}}'
StartLab = Callable[..., Lab]


async def _ended(socket: WebSocketClientConnection) -> int | None:
    """The close code, after all messages are read."""
    while await socket.read_message() is not None:
        pass
    socket.close()
    return socket.close_code


async def test_messages_pass_both_ways(lab: Lab, standin: StandIn) -> None:
    """The service's hello comes first; the token is in a header and never in the address."""
    socket = await lab.socket()
    assert await socket.read_message() == HELLO
    await socket.write_message('{"subscribe": "class:python-intro"}')
    await standin.until(lambda: bool(standin.messages))
    assert standin.messages == ['{"subscribe": "class:python-intro"}']
    await standin.sockets[0].write_message("1")
    await standin.sockets[0].write_message("2")
    assert [await socket.read_message(), await socket.read_message()] == ["1", "2"]
    assert standin.seen[0].headers["Authorization"] == f"token {OWNERS_TOKEN}"
    assert standin.seen[0].query == ""
    socket.close()
    await standin.until(lambda: bool(standin.closed_with))


async def test_the_browsers_end_ends_the_services_side(lab: Lab, standin: StandIn) -> None:
    """No socket to the service outlives its page."""
    socket = await lab.socket()
    await socket.read_message()
    socket.close(4001, "bye")
    await standin.until(lambda: standin.closed_with == [4001])


@pytest.mark.parametrize("code", [1008, 1012, 1013])
async def test_the_services_close_code_reaches_the_browser(
    lab: Lab, standin: StandIn, code: int
) -> None:
    """The lab must know whether to come again."""
    socket = await lab.socket()
    await socket.read_message()
    standin.sockets[0].close(code, "why")
    assert await _ended(socket) == code
    assert socket.close_reason == "why"


async def test_a_service_that_breaks_off_closes_with_come_again(lab: Lab, standin: StandIn) -> None:
    """A connection that just ends is told as 1012."""
    socket = await lab.socket()
    await socket.read_message()
    await standin.stop()
    assert await _ended(socket) == 1012


async def test_a_service_that_is_away_closes_with_come_again(lab: Lab, standin: StandIn) -> None:
    """The page is told 1012 and tries later."""
    await standin.stop()
    assert await _ended(await lab.socket()) == 1012


async def test_a_token_that_the_service_refuses_closes_with_login_gone(
    lab: Lab, standin: StandIn
) -> None:
    """1008 is the one code after which the lab does not come again."""
    standin.accepts_token = False
    assert await _ended(await lab.socket()) == 1008


async def test_a_socket_without_a_login_is_refused(lab: Lab, standin: StandIn) -> None:
    """Nothing reaches the service."""
    assert await lab.refused_socket(user=None) == 401
    assert standin.seen == []


async def test_a_socket_of_another_user_is_refused(lab: Lab, standin: StandIn) -> None:
    """A guest of this server does not see the owner's updates."""
    assert await lab.refused_socket(user="student-02") == 403
    assert standin.seen == []


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", None])
async def test_a_cookie_needs_this_servers_origin(
    lab: Lab, standin: StandIn, origin: str | None
) -> None:
    """A foreign page that uses the student's cookie gets no socket, nor does one that hides."""
    cookie = (await lab.fetch("me")).headers["Set-Cookie"].partition(";")[0]
    headers = {"Cookie": cookie, **({"Origin": origin} if origin else {})}
    assert await lab.refused_socket(user=None, headers=headers) == 403
    assert [seen.path.rpartition("/")[2] for seen in standin.seen] == ["me"]


async def test_a_cookie_with_this_servers_origin_is_served(lab: Lab, standin: StandIn) -> None:
    """This is how the lab's own page comes."""
    cookie = (await lab.fetch("me")).headers["Set-Cookie"].partition(";")[0]
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{lab.port}"}
    socket = await lab.socket(user=None, headers=headers)
    assert await socket.read_message() == HELLO
    socket.close()
    await standin.until(lambda: bool(standin.closed_with))


async def test_the_number_of_sockets_is_bounded(
    at_the_hub: None, start_lab: StartLab, standin: StandIn
) -> None:
    """One more than `max_sockets` is refused, and there is room again when one has closed."""
    lab = start_lab(max_sockets=1)
    first = await lab.socket()
    await first.read_message()
    assert await lab.refused_socket() == 503
    first.close()
    await standin.until(lambda: len(standin.closed_with) == 1)
    second = await lab.socket()
    assert await second.read_message() == HELLO
    second.close()
    await standin.until(lambda: len(standin.closed_with) == 2)


async def test_a_huge_message_of_the_browser_closes_the_socket(lab: Lab, standin: StandIn) -> None:
    """A subscription is small; 1009 says that this one is not."""
    socket = await lab.socket()
    await socket.read_message()
    await socket.write_message("x" * 20_000)
    assert await _ended(socket) == 1009
    assert standin.messages == []


async def test_the_servers_stop_closes_all_sockets(lab: Lab, standin: StandIn) -> None:
    """Nothing is left running when the Jupyter server has stopped."""
    sockets = [await lab.socket(), await lab.socket()]
    for socket in sockets:
        await socket.read_message()
    await lab.app.cleanup_extensions()
    assert [await _ended(socket) for socket in sockets] == [1012, 1012]
    await standin.until(lambda: len(standin.closed_with) == 2)
