"""Who somebody is, on the real Hub: nobody reads or writes what is not theirs."""

import gzip
import json
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from .hub import TEACH, Hub

ORIGIN = "https://elsewhere.example"
READS = ["me", "executions", "progress"]


RUNS = count(1)


def an_event(student_id: str, path: str = "assignments/python-intro/direct/a.ipynb") -> Any:
    """A run as the original specification describes it."""
    return {
        "event_type": "cell_execution_start",
        "event_id": str(uuid4()),
        "student_id": student_id,
        "session_id": f"sess-{student_id}",
        "notebook_path": path,
        "cell_id": "cell-1",
        "execution_count": next(RUNS),
        "timestamp": datetime.now(UTC).isoformat(),
        "code": "print(1)",
    }


class Api:
    """Calls one API as whoever holds `token`."""

    def __init__(self, session: ClientSession, base: str, token: str | None) -> None:
        self._session = session
        self.base = f"{base}api/v1/"
        self.headers = {"Authorization": f"token {token}"} if token else {}

    async def get(self, route: str) -> tuple[int, Any]:
        async with self._session.get(self.base + route, headers=self.headers) as response:
            return response.status, await response.json(content_type=None)

    async def post(self, body: Any) -> tuple[int, Any]:
        packed = gzip.compress(json.dumps(body).encode())
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        async with self._session.post(
            self.base + "events", data=packed, headers=headers | self.headers
        ) as response:
            return response.status, await response.json(content_type=None)

    async def socket(self, **headers: str) -> int:
        """The status that the WebSocket answers with; 101 is an open one."""
        try:
            async with self._session.ws_connect(
                self.base + "ws", headers=self.headers | headers
            ) as socket:
                assert (await socket.receive_json())["event"] == "hello"
                return 101
        except WSServerHandshakeError as error:
            return error.status


async def test_only_the_named_people_with_the_password_may_log_in(hub: Hub) -> None:
    """Another account of this machine gets nowhere."""
    with pytest.raises(AssertionError, match="Invalid username or password"):
        async with hub.signed_in("root"):
            pass


async def test_a_student_records_through_their_own_server(hub: Hub) -> None:
    """Relay and service together: what is acknowledged is in the database, once."""
    async with hub.signed_in("student-05") as student, ClientSession() as session:
        await student.start_server()
        api = Api(session, f"{hub.url}user/student-05/", await student.token())
        events = [an_event("student-05") | {"execution_count": n} for n in range(100)]
        for expected in ("stored", "duplicate"):
            status, answer = await api.post({"events": events})
            assert status == 200
            assert [result["status"] for result in answer["results"]] == [expected] * 100
        assert len(hub.executions("student-05")) == 100
        assert (await api.get("executions?limit=3"))[1]["executions"][2]["execution_count"] == 2


async def test_another_students_id_is_rejected_alone_and_stores_nothing(hub: Hub) -> None:
    """Code in a notebook can act as its own student only; the neighbour in the batch is stored."""
    async with hub.signed_in("student-06") as student, ClientSession() as session:
        await student.start_server()
        own = Api(session, f"{hub.url}user/student-06/", hub.server_token("student-06"))
        direct = Api(session, hub.service_url, hub.server_token("student-06"))
        for api in (own, direct):
            batch = {"events": [an_event("student-07"), an_event("student-06")]}
            status, answer = await api.post(batch)
            assert status == 200
            wrong, right = answer["results"]
            assert (wrong["status"], wrong["code"]) == ("rejected", "wrong_student")
            assert right["status"] in ("stored", "duplicate")
        assert hub.executions("student-07") == []
        assert hub.rows("SELECT * FROM sessions WHERE student_id = 'student-07'") == []
        assert len(hub.executions("student-06")) >= 1


@pytest.mark.parametrize("token", [None, "no-such-token"])
async def test_without_a_valid_token_every_route_answers_401(hub: Hub, token: str | None) -> None:
    """At the service, and at a student's server; WebSockets too."""
    async with hub.signed_in("student-06") as student, ClientSession() as session:
        await student.start_server()
        service = Api(session, hub.service_url, token)
        relay = Api(session, f"{hub.url}user/student-06/", token)
        for api in (service, relay):
            for route in READS:
                assert (await api.get(route))[0] == 401, (api.base, route)
            assert (await api.post({"events": [an_event("student-06")]}))[0] == 401
        for route in ("classes", "classes/python-intro", "classes/python-intro/students"):
            assert (await service.get(route))[0] == 401
        assert await service.socket() == 401
        assert await relay.socket() == 401


async def test_a_teacher_reads_their_own_class_and_no_other(hub: Hub) -> None:
    """A foreign class is not there: 404, the same as one that does not exist."""
    async with hub.signed_in("sensei") as teacher, ClientSession() as session:
        api = Api(session, hub.service_url, await teacher.token(TEACH))
        status, answer = await api.get("classes")
        assert status == 200
        assert [found["class_id"] for found in answer["classes"]] == ["python-intro"]
        for part in ("", "/students", "/progress", "/errors"):
            assert (await api.get(f"classes/python-intro{part}"))[0] == 200
            assert (await api.get(f"classes/statistics{part}"))[0] == 404
            assert (await api.get(f"classes/no-such-class{part}"))[0] == 404
        foreign = await api.get("executions?class_id=statistics&student_id=student-37")
        assert foreign[0] == 404


async def test_a_server_token_never_teaches(hub: Hub) -> None:
    """Not even the teacher's own: code in a notebook is nobody's authority over a class."""
    async with hub.signed_in("sensei") as teacher, ClientSession() as session:
        await teacher.start_server()
        api = Api(session, hub.service_url, hub.server_token("sensei"))
        assert (await api.get("me"))[1]["may_teach"] is False
        for route in ("classes", "classes/python-intro", "classes/statistics"):
            assert (await api.get(route))[0] == 403, route
        everybodys = "executions?class_id=python-intro&student_id=student-05"
        assert (await api.get(everybodys))[0] == 403
        async with session.ws_connect(api.base + "ws", headers=api.headers) as socket:
            await socket.receive_json()
            await socket.send_json({"subscribe": "class:python-intro"})
            assert (await socket.receive_json())["event"] == "refused"


async def test_a_server_token_makes_no_teaching_token(hub: Hub) -> None:
    """Code in a teacher's notebook cannot ask the Hub for more than it has."""
    async with hub.signed_in("sensei") as teacher, ClientSession() as session:
        await teacher.start_server()
        headers = {"Authorization": f"token {hub.server_token('sensei')}"}
        async with session.post(
            f"{hub.url}hub/api/users/sensei/tokens", headers=headers, json={"scopes": TEACH}
        ) as response:
            assert response.status in (403, 404)


async def test_a_student_with_the_teach_scope_teaches_no_class(hub: Hub) -> None:
    """Everybody may hold the scope: the group decides."""
    async with hub.signed_in("student-06") as student, ClientSession() as session:
        api = Api(session, hub.service_url, await student.token(TEACH))
        assert (await api.get("classes/python-intro"))[0] == 404
        assert (await api.get("classes"))[1].get("classes", []) == []


async def test_a_socket_of_another_origin_is_refused(hub: Hub) -> None:
    """With the cookies of a person who is logged in, at the service and at their server."""
    async with hub.signed_in("student-06") as student:
        await student.start_server()
        for base in (hub.service_url, f"{hub.url}user/student-06/"):
            async with student.session.get(base + "lab" * ("user" in base)) as page:
                assert page.status == 200
            api = Api(student.session, base, None)
            assert await api.socket(Origin=ORIGIN) == 403
            assert await api.socket() == 403
            assert await api.socket(Origin=hub.url.rstrip("/")) == 101


async def test_a_guest_in_a_students_server_records_nothing_there(hub: Hub) -> None:
    """`student-02` may use the server of `student-01`, but is not `student-01`."""
    async with (
        hub.signed_in("student-01") as owner,
        hub.signed_in("student-02") as guest,
        ClientSession() as session,
    ):
        await owner.start_server()
        server = f"{hub.url}user/student-01/"
        api = Api(session, server, await guest.token())
        async with session.get(f"{server}api/contents", headers=api.headers) as response:
            assert response.status == 200  # the guest is really let in
        before = hub.rows("SELECT count(*) AS n FROM cell_executions")
        for name in ("student-01", "student-02"):
            status, answer = await api.post({"events": [an_event(name)]})
            assert (status, answer["code"]) == (403, "forbidden")
        for route in READS:
            assert (await api.get(route))[0] == 403
        assert await api.socket() == 403
        assert hub.rows("SELECT count(*) AS n FROM cell_executions") == before
