"""Arbitrary bytes as a body: an answer that says what is wrong, and never an error of ours."""

import gzip
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_cell_monitor_server.contract.batches import BatchError
from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service.inflating import BodyTooLarge

from .app import Service
from .corpora import json_test_suite
from .database import person
from .made import Json, end, failed, opened, start
from .taking import Kept, taking

REDUCED: Json = {
    "event_id": "e",
    "session_id": "s",
    "sha256": "0" * 64,
    "pieces": ["x", {"sha256": "0" * 64, "base_sha256": "1" * 64, "edits": [[0, 0, "あ"]]}],
}
SEEDS = [
    json.dumps(document, ensure_ascii=False).encode()
    for document in (
        start(),
        {"events": [start(code="x" * 200), end(), failed(), opened()], "contents": True},
        {"events": [REDUCED, start()], "sent_at": "2026-11-23T03:00:00Z", "contents": True},
        {"events": [{"event_type": "later", "student_id": "ai", "timestamp": "x"}], "more": {}},
    )
]
SPLICES = [
    *(b"\\ud800", b"\\u0000", b"\x00", b"\xff", b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":"),
    *(b"NaN", b"1e400", b"9" * 30, b'"events":[', b'"pieces":[', "\ue001".encode(), b"null"),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A body that has been cut, doubled and written over here and there."""
    body = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(body)))
        end_at = min(len(body), at + draw(st.integers(0, 20)))
        splice = draw(st.sampled_from(SPLICES) | st.binary(max_size=6))
        body = body[:at] + splice + body[end_at:]
    return body


BODIES = st.one_of(st.binary(max_size=300), mutated())


async def results_of(body: bytes) -> list[EventResult] | None:
    """The results, or None for a body that is refused as a whole."""
    async with taking(Kept()) as ingest:
        try:
            return await ingest.take(person(), body)
        except (BatchError, BodyTooLarge):
            return None


@settings(max_examples=600, deadline=None)
@given(BODIES)
async def test_any_bytes_are_answered(body: bytes) -> None:
    """Refused as a whole, or with one result for each event, each with its reason."""
    for result in await results_of(body) or ():
        assert result.status in {"stored", "rejected", "retry"}
        if result.status == "rejected":
            assert result.code in {"invalid", "too_large", "too_old", "wrong_student"}
            assert result.detail


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(start())), JSON)
async def test_any_value_of_a_field_is_taken_or_refused_alone(field: str, value: Any) -> None:
    """Its neighbours are stored."""
    beside = [start(run=f"beside {n}", event_id=f"beside {n}") for n in range(2)]
    events = [beside[0], start() | {field: value}, beside[1]]
    found = await results_of(json.dumps({"events": events}).encode())
    assert found is not None
    assert (found[0].status, found[2].status) == ("stored", "stored")
    assert found[1].status == "stored" or found[1].detail


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BODIES, st.booleans())
async def test_any_bytes_are_answered_by_the_route(
    service: Service, body: bytes, is_zipped: bool
) -> None:
    """200, 400 or 413."""
    headers = {"Content-Encoding": "gzip"} if is_zipped else {}
    data = gzip.compress(body) if is_zipped and len(body) % 3 else body
    response, answer = await service.call("POST", "events", data=data, headers=headers)
    assert response.status in {200, 400, 413}
    assert answer.get("detail") or answer["results"] is not None


async def test_the_suite_of_json_is_answered_by_the_route(service: Service) -> None:
    """Each case as a whole body."""
    for name, case in json_test_suite().items():
        response, answer = await service.call("POST", "events", data=case)
        assert response.status in {200, 400, 413}, name
        assert answer.get("detail") or [r["code"] for r in answer["results"]] == ["invalid"], name
