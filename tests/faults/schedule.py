"""What happens in one schedule: drawn from its seed, in logical steps."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .proxy import Fault

HOPS = ("browser-hub_proxy", "server-service", "service-database", "service-hub")
# Where an answer that is lost after the commit hurts, it is lost more than once.
TIMES = {Fault.DROP_ANSWER: 3, Fault.RESET_REQUEST: 3, Fault.RESET_ANSWER: 3}


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong: `what` is `kill`, `suspend` or a fault of the hop `where`."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what} {self.where}"


@dataclass(frozen=True)
class Step:
    """Students make `moves` each; after so many events (`at`) the trouble begins.

    `heals`: everything is made well again before the next step.
    """

    trouble: Trouble
    at: int
    moves: int
    heals: bool


@dataclass(frozen=True)
class Schedule:
    """A seed's steps, and how each student's browser sends."""

    seed: int
    steps: tuple[Step, ...]
    habits: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        return ", ".join(f"{s.trouble}{' | heal' if s.heals else ''}" for s in self.steps)


def troubles(students: Sequence[str]) -> list[Trouble]:
    """All that can go wrong, each once; students take turns to be the one."""
    found = [Trouble(fault, hop) for hop in HOPS for fault in Fault if fault is not Fault.PASS]
    for name in students[:1]:
        found += [Trouble("kill", f"server:{name}"), Trouble("suspend", f"server:{name}")]
    for name in students:
        found += [Trouble("kill", f"browser:{name}"), Trouble("suspend", f"browser:{name}")]
    for part in ("database", "service", "hub", "hub_proxy"):
        found += [Trouble("kill", part), Trouble("suspend", part)]
    # The worst two come more often.
    return [*found, Trouble("kill", "service"), Trouble("kill", "database")]


def draw(seed: int, students: Sequence[str], place: int, steps: int = 3) -> Schedule:
    """The schedule of a seed. Those at `place` 0, 1, 2 … go through all troubles."""
    everything = troubles(students)
    round_, place = divmod(place * steps, len(everything))
    order: list[Trouble] = []
    for number in (round_, round_ + 1):
        shuffled = list(everything)
        random.Random(f"round {number}").shuffle(shuffled)
        order += shuffled
    rng = random.Random(seed)
    chosen = [_step(trouble, rng, len(students)) for trouble in order[place : place + steps]]
    return Schedule(seed, tuple(chosen), tuple(_habits(rng) for _ in students))


def _step(trouble: Trouble, rng: random.Random, students: int) -> Step:
    moves = rng.randint(4, 12)
    return Step(trouble, rng.randint(0, moves * students), moves, rng.random() < 0.4)


def _habits(rng: random.Random) -> dict[str, Any]:
    return {
        "tabs": rng.choice([1, 1, 2, 3]),
        "shuffle": rng.choice([0.0, 0.5]),
        "repeat": rng.choice([0.0, 0.3]),
        "replay": rng.choice([0.0, 0.5]),
        "batch_events": rng.choice([3, 7, 100]),
        "queue_events": rng.choice([25, 10_000]),
        "reduces": rng.random() < 0.7,
    }
