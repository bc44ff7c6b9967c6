"""The checker catches builds that break a promise on purpose."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser.hub import until

from .proxy import Fault
from .schedule import Schedule, Step, Trouble
from .stack import Stack
from .verdict import Verdict
from .wire import WireRun

pytestmark = pytest.mark.asyncio(loop_scope="package")
MOVES = 8


class AnsweredRun(WireRun):
    """Kills the service only when it has said `stored` of what came after the database stood."""

    async def begin(self, trouble: Trouble) -> None:
        """Note what was there before the first, and wait before the second."""
        if trouble.what == "kill":
            await until(lambda: bool(self.ledger.acknowledged - self._before), what="an answer")
        await super().begin(trouble)
        self._before = set(self.ledger.kept)


@asynccontextmanager
async def broken(stack: Stack, variant: str) -> AsyncIterator[None]:
    """The service broken in one way, with a database of its own."""
    await stack.new_database(variant)
    good = stack.service
    good.kill()
    stack.service = stack.service_with(variant, ("-m", "faults.broken_service", variant))
    try:
        await stack.heal()
        yield
    finally:
        stack.service.kill()
        stack.service = good


def schedule(*troubles: Trouble, at: int = 1) -> Schedule:
    """One student works through these troubles, and sends in the plainest way."""
    steps = [Step(trouble, at=at, moves=MOVES, heals=False) for trouble in troubles]
    return Schedule(0, tuple(steps), ({"batch_events": 5},))


async def run(
    stack: Stack, folder: Path, plan: Schedule, database: str = "faults", **habits: object
) -> Verdict:
    return await WireRun(stack, plan, folder, **habits).run(database)


def said(verdict: Verdict, words: str) -> bool:
    return any(line.startswith(words) for line in verdict.violations)


async def test_an_acknowledgement_before_the_commit_is_caught(stack: Stack, tmp_path: Path) -> None:
    """The database stands still, the service says `stored` and is killed."""
    plan = schedule(Trouble("suspend", "database"), Trouble("kill", "service"))
    async with broken(stack, "acknowledge_before_commit"):
        verdict = await AnsweredRun(stack, plan, tmp_path).run("acknowledge_before_commit")
    assert said(verdict, "acknowledged and not stored"), verdict
    assert said(verdict, "lost"), verdict


async def test_a_missing_unique_key_is_caught(stack: Stack, tmp_path: Path) -> None:
    """An answer is lost after the commit, and what is sent again makes a second row."""
    # Refused at first, so that there are runs in what is lost, however fast they are sent.
    faults = (Fault.REFUSE, Fault.DROP_ANSWER)
    plan = schedule(*(Trouble(fault, "server-service") for fault in faults))
    async with broken(stack, "no_unique_key"):
        verdict = await run(stack, tmp_path, plan, "no_unique_key")
    assert said(verdict, "twice in cell_executions"), verdict
    assert said(verdict, "an event stored twice"), verdict


async def test_a_deletion_before_the_acknowledgement_is_caught(
    stack: Stack, tmp_path: Path
) -> None:
    """A browser deletes what it sends, and the request is cut in its middle."""
    # Before anything is sent, however fast that goes.
    plan = schedule(Trouble(Fault.RESET_REQUEST, "browser-hub_proxy"), at=0)
    verdict = await run(stack, tmp_path, plan, careless=True)
    assert said(verdict, "lost"), verdict


async def test_the_same_schedules_find_nothing_in_the_product(stack: Stack, tmp_path: Path) -> None:
    """What the checker catches is what was broken, not the schedule."""
    plan = schedule(
        Trouble("suspend", "database"),
        Trouble("kill", "service"),
        Trouble(Fault.DROP_ANSWER, "server-service"),
        Trouble(Fault.RESET_REQUEST, "browser-hub_proxy"),
    )
    verdict = await run(stack, tmp_path, plan)
    assert verdict.violations == []
