"""What the service tells of itself: figures that name nobody, and why it is not ready."""

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jupyter_cell_monitor_server.contract.results import EventResult
from jupyter_cell_monitor_server.service.bounds import Bounds
from jupyter_cell_monitor_server.service.db.engine import DatabaseUnavailable
from jupyter_cell_monitor_server.service.metrics import Metrics
from jupyter_cell_monitor_server.service.quota import Quota
from jupyter_cell_monitor_server.service.readiness import Readiness
from jupyter_cell_monitor_server.service.writer import WriterLimits

from .app import Service, serving
from .database import Database
from .made import opened, start
from .writing import HeldStore

Labels = dict[str, str]


async def samples(service: Service) -> dict[str, list[tuple[Labels, float]]]:
    """All samples by name, as a Prometheus would read them."""
    response, body = await service.call("GET", "metrics", None)
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    found: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


async def value(service: Service, name: str, **labels: str) -> float:
    """One value; 0 where nothing was counted yet."""
    found = (await samples(service)).get(f"cell_monitor_{name}", [])
    return sum(value for own, value in found if own == labels)


async def test_events_are_counted_by_type_and_by_what_became_of_them(service: Service) -> None:
    """A type that is not known, and what cannot be read at all, is `other`."""
    unknown = {**opened(), "event_type": "by-somebody-else-4711", "event_id": "e"}
    await service.post(opened(), start(), start(), unknown, 5, start("ken"))
    counted = {
        (labels["type"], labels["status"]): value
        for labels, value in (await samples(service))["cell_monitor_events_total"]
    }
    assert counted == {
        ("notebook_opened", "stored"): 1,
        ("cell_execution_start", "stored"): 1,
        ("cell_execution_start", "duplicate"): 1,
        ("other", "stored"): 1,
        ("other", "rejected"): 2,
    }


async def test_no_name_of_anybody_is_in_the_figures(service: Service) -> None:
    """Nor a notebook, a class, or what a client has made up."""
    await service.post(opened(), start(), {**start(), "event_type": "made-up-type"})
    await service.call("GET", "classes/made-up-class", "sensei")
    socket = await service.socket("ken")
    await socket.receive_json()
    _, body = await service.call("GET", "metrics", None)
    for name in (b"ai", b"ken", b"sensei", b"hello.ipynb", b"python-intro", b"made-up"):
        assert b'"' + name not in body
        assert name not in body or name == b"ai"


def test_what_is_kept_for_the_administrator_is_counted() -> None:
    metrics = Metrics()
    for code in ("quarantined", "id_conflict", "invalid", None):
        metrics.event("other", EventResult(event_id=None, status="rejected", code=code))
    assert b"cell_monitor_quarantined_events_total 2.0" in metrics.text()


async def test_what_waits_and_what_is_under_way_can_be_seen(
    sqlite_url: str, tmp_path: Path
) -> None:
    """While it does; and each transaction's time after it."""
    store, database = HeldStore(), Database(sqlite_url)
    limits = WriterLimits(1000, 1)
    async with serving(database, tmp_path, store=store, writer_limits=limits) as service:
        sent = [asyncio.create_task(service.post(start(run=f"{n}"))) for n in range(3)]
        async with asyncio.timeout(60):
            while await value(service, "waiting_events") != 2:
                pass
        assert await value(service, "in_flight_bytes") == service.state.bounds.in_flight.bytes > 0
        store.may_commit.set()
        await asyncio.gather(*sent)
        assert await value(service, "waiting_events") == 0
        assert await value(service, "in_flight_bytes") == 0
        assert await value(service, "transaction_seconds_count") == 3
    await database.close()


async def test_refused_requests_are_counted_by_their_reason(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Each once; what is answered as it should be is not among them."""
    database = Database(sqlite_url)
    bounds = Bounds(quota=Quota(1.0, 1.0, clock=lambda: 0.0))
    async with serving(database, tmp_path, bounds=bounds) as service:
        await service.post(start())
        await service.post(start())
        await service.call("POST", "events", "ken", data=BytesIO(b" " * 2_000_000))
        service.people.is_hub_away = True
        await service.call("GET", "me")
        service.people.is_hub_away = False
        await service.call("GET", "me")
        await service.call("GET", "nope")
        found = (await samples(service))["cell_monitor_refused_requests_total"]
        assert {labels["reason"]: value for labels, value in found} == {
            "quota": 1,
            "too_large": 1,
            "hub_away": 1,
        }
    await database.close()


async def there() -> None:
    """A database that answers."""


async def away() -> None:
    raise DatabaseUnavailable("away")


@pytest.mark.parametrize(
    ("ping", "has_room", "is_hub_away", "is_stopping", "reasons"),
    [
        (there, True, False, False, []),
        (there, True, True, False, ["hub_away"]),
        (there, False, False, False, ["queue_full"]),
        (away, True, False, False, ["database_away"]),
        (away, False, True, True, ["stopping", "database_away", "queue_full", "hub_away"]),
    ],
)
async def test_every_reason_is_told(
    ping: Any, *, has_room: bool, is_hub_away: bool, is_stopping: bool, reasons: list[str]
) -> None:
    """The weightiest first."""
    readiness = Readiness(ping, lambda: has_room, lambda: is_hub_away)
    assert await readiness.reasons(is_stopping=is_stopping) == reasons
    await readiness.close()


async def test_a_database_that_does_not_answer_is_away_and_is_asked_once() -> None:
    """However many ask, and nobody waits for long."""
    asked = []

    async def hangs() -> None:
        asked.append(1)
        await asyncio.Event().wait()

    readiness = Readiness(hangs, lambda: True, lambda: False, patience_s=0.05)
    found = await asyncio.gather(*(readiness.reasons(is_stopping=False) for _ in range(50)))
    assert found == [["database_away"]] * 50
    assert await asyncio.wait_for(readiness.reasons(is_stopping=False), 60) == ["database_away"]
    assert len(asked) == 1
    await readiness.close()


async def test_health_is_ready_while_the_hub_is_away_and_says_so(service: Service) -> None:
    """Who is known is served on."""
    service.people.is_hub_away = True
    response, body = await service.call("GET", "health", None)
    assert response.status == 200
    assert body == {"live": True, "ready": True, "reason": None, "reasons": ["hub_away"]}
    service.state.stopping = True
    response, body = await service.call("GET", "health", None)
    assert response.status == 503
    assert body["reasons"] == ["stopping", "hub_away"]
    assert body["reason"] == "The service is stopping."
    assert body["live"]
