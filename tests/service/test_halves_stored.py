"""Halves of surrogate pairs, NUL and the marks that stand for them: given back as sent."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.json_text import MARK, encode_json

from .app import Service, serving
from .database import Database
from .made import CLASS, PATH, Json, at, failed, opened, start

TEXTS = {
    "a high half": "a\ud83db",
    "a low half": "a\udc00b",
    "the halves in the wrong order": "\ude00\ud83d",
    "a half beside a pair": "\ud83d😀\ude00",
    "a half behind a backslash": "\\\ud83d\\",
    "the mark": f"{MARK} {MARK}{MARK}e001",
    "the mark with a half's digits": f"{MARK}d800",
    "the database's mark": "\ue000 \ue0000 \ue0001",
    "nul": "\x00",
    "all of them": f"\x00\ud800\ue000{MARK}\udfff\x00",
}


@pytest.fixture
async def service(db: Database, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(db, tmp_path) as found:
        yield found


def event_with(text: str) -> Json:
    """An event that holds the text wherever a student's program can put one."""
    return failed(
        code=text,
        output=[{"output_type": "stream", text: {"text/plain": [text]}}],
        error={
            "name": text[:20],
            "message": text,
            "traceback": [text, f"{text}\n"],
            "context": {"variables": [{"name": "x", "type": "str", "value": text}]},
        },
    )


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_what_a_program_wrote_is_given_back(service: Service, text: str) -> None:
    """In every answer and message that holds it, on both databases."""
    socket = await service.socket("sensei")
    await socket.receive_json()
    await socket.send_json({"subscribe": f"class:{CLASS}"})
    await socket.receive_json()
    sent = event_with(text)
    _, answer = await service.post(opened(), sent)
    assert [result["status"] for result in answer["results"]] == ["stored", "stored"]
    alert = await message(socket, "error_alert")
    assert alert["error"] == {"name": text[:20], "message": text}
    _, read = await service.call("GET", "executions")
    [run] = read["executions"]
    assert {name: run[name] for name in ("code", "output")} == {
        name: sent[name] for name in ("code", "output")
    }
    assert run["error"] == sent["error"]
    _, errors = await service.call("GET", f"classes/{CLASS}/errors", "sensei")
    assert errors["errors"][0]["error"] == alert["error"]
    _, answer = await service.post(sent)
    assert answer["results"][0]["status"] == "duplicate"


async def message(socket: Any, event: str) -> Json:
    while True:
        found: Json = await socket.receive_json()
        if found["event"] == event:
            return found


LABELS = [text for name, text in TEXTS.items() if name != "nul"]


@pytest.mark.parametrize("text", LABELS)
async def test_names_and_ids_are_given_back(service: Service, text: str) -> None:
    """Also where they are keys."""
    ids: Json = dict.fromkeys(("event_id", "execution_id", "session_id", "cell_id"), text)
    _, answer = await service.post(start(**ids, kernel_id=text))
    assert answer["results"] == [{"event_id": text, "status": "stored"}]
    _, read = await service.call("GET", "executions")
    assert read["executions"][0]["cell_id"] == text


@pytest.mark.parametrize("name", ["\ud800.ipynb", f"{MARK}.ipynb", f"{MARK}dc00 \ue000.ipynb"])
async def test_a_path_is_given_back_and_found(service: Service, name: str) -> None:
    """As the neighbour of a plain one."""
    path = PATH.replace("01-hello.ipynb", name)
    beside = start(run="r2", session_id="session-2")
    await service.post(opened(notebook_path=path), start(notebook_path=path), beside)
    _, read = await service.call("GET", "executions")
    assert {run["notebook_path"] for run in read["executions"]} == {path, PATH}
    if "\ud800" not in path:
        _, read = await service.call("GET", "executions", query={"notebook_path": path})
        assert [run["notebook_path"] for run in read["executions"]] == [path]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_an_unknown_event_and_unknown_fields_keep_it(service: Service, text: str) -> None:
    """As keys and as values."""
    other: Json = {"event_type": "later", "student_id": "ai", "timestamp": at(0), text: [text]}
    _, answer = await service.post(other, start() | {f"new {text}": {text: text}})
    assert [result["status"] for result in answer["results"]] == ["stored", "stored"]
    stored = (await service.database.row("other_events"))["payload"]
    assert as_sent(stored) == other
    extra = (await service.database.row("cell_executions"))["extra"]
    assert as_sent(extra) == {f"new {text}": {text: text}}


def as_sent(value: Any) -> Any:
    """What a reader of this value would get."""
    return json.loads(encode_json(value))


async def test_a_refusal_that_quotes_a_half_can_be_read(service: Service) -> None:
    """A key that stands twice."""
    raw = json.dumps(start(event_id="e")).replace("{", '{"\\ud800":1,"\\uD800":2,', 1)
    response, answer = await service.call("POST", "events", data=raw.encode())
    assert response.status == 200
    assert answer["results"][0]["code"] == "invalid"
    assert answer["results"][0]["field"] == "\ud800"
