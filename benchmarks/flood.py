"""What one user's flood does to all others: their answers' p99 with it and without.

The students post small batches at a steady pace through the real service on SQLite. In each
round they do so twice: alone, and beside one more student who sends gzip batches of 100 on 16
connections as fast as they are answered and heeds no `Retry-After`.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from statistics import median

import aiohttp

from .figures import middle, parser, percentile, report
from .hub import ROOT, Hub, Service, running_hub
from .load import Request, gzip_batches


@dataclass(frozen=True)
class Size:
    """How much is measured. `pause_s`: between two batches of a student."""

    students: int = 30
    batches_each: int = 20
    batch_events: int = 3
    pause_s: float = 1.0
    rounds: int = 3


@dataclass
class Figures:
    """One value for each round."""

    alone_p99_ms: list[float] = field(default_factory=list)
    beside_p99_ms: list[float] = field(default_factory=list)
    alone_p50_ms: list[float] = field(default_factory=list)
    beside_p50_ms: list[float] = field(default_factory=list)
    alone_cpu_share: list[float] = field(default_factory=list)
    beside_cpu_share: list[float] = field(default_factory=list)
    flood_taken: list[float] = field(default_factory=list)
    flood_refused: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """The medians, and the ratio of the p99 beside the flood to that alone."""
        pairs = zip(self.beside_p99_ms, self.alone_p99_ms, strict=True)
        ratio = median(beside / alone for beside, alone in pairs)
        return {name: median(values) for name, values in vars(self).items()} | {"p99_ratio": ratio}


async def measure(size: Size) -> Figures:
    """Run all rounds. Raises `RuntimeError` where a student's batch is not stored."""
    figures = Figures()
    async with running_hub(size.students + 1) as hub:
        for number in range(size.rounds):
            await _round(hub, size, number, figures)
    return figures


async def _round(hub: Hub, size: Size, number: int, figures: Figures) -> None:
    *names, flooder = hub.student_tokens
    events_each = 2 * size.batches_each * size.batch_events
    requests = gzip_batches(names, events_each, size.batch_events, seed=number)
    half = size.batches_each
    halves = [{n: own[h : h + half] for n, own in requests.items()} for h in (0, half)]
    async with hub.service(hub.folder / f"flood-{number}.sqlite") as service:
        await hub.warm_up(service.url)
        url = f"{service.url}api/v1/events"
        with _processor_share(service, figures.alone_cpu_share):
            alone = await _steady(url, hub, halves[0], size.pause_s)
        async with _flood(url, flooder, hub.student_tokens[flooder]) as answers:
            with _processor_share(service, figures.beside_cpu_share):
                beside = await _steady(url, hub, halves[1], size.pause_s)
    figures.alone_p50_ms.append(percentile(alone, 0.5))
    figures.beside_p50_ms.append(percentile(beside, 0.5))
    figures.alone_p99_ms.append(percentile(alone, 0.99))
    figures.beside_p99_ms.append(percentile(beside, 0.99))
    figures.flood_taken.append(answers.get("200", 0))
    figures.flood_refused.append(sum(answers.values()) - answers.get("200", 0))


@contextmanager
def _processor_share(service: Service, shares: list[float]) -> Iterator[None]:
    """Adds the service's share of a processor in the meantime."""
    began, before_s = time.perf_counter(), service.cpu_s()
    yield
    shares.append((service.cpu_s() - before_s) / (time.perf_counter() - began))


async def _steady(
    url: str, hub: Hub, requests: dict[str, list[Request]], pause_s: float
) -> list[float]:
    """Milliseconds that each answer took; each student sends at the same pace, whatever it took."""
    took_ms: list[float] = []

    async def work(http: aiohttp.ClientSession, name: str, own: list[Request]) -> None:
        headers = {"Authorization": f"token {hub.student_tokens[name]}"}
        due = time.perf_counter() + random.random() * pause_s
        for request in own:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began = max(due, time.perf_counter())
            due += pause_s
            async with http.post(
                url, data=request.body, headers={**request.headers, **headers}
            ) as answer:
                text = await answer.text()
                if answer.status != 200:
                    raise RuntimeError(f"The service answered {answer.status}: {text}")
            took_ms.append((time.perf_counter() - began) * 1000)

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(work(http, name, own) for name, own in requests.items()))
    return took_ms


@asynccontextmanager
async def _flood(url: str, name: str, token: str) -> AsyncIterator[dict[str, int]]:
    """A flood for as long as it is entered; then the number of answers with each status."""
    answers: dict[str, int] = {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.flooding", url, name),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{token}\n".encode())
    try:
        # Its burst is taken at first; what is measured is what comes then.
        await process.stdout.readline()
        yield answers
    finally:
        process.stdin.close()
        said, _ = await process.communicate()
        answers.update(json.loads(said))


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__).parse_args()
    figures = asyncio.run(measure(Size(rounds=arguments.rounds)))
    summary = figures.summary()
    report(
        [
            f"Milliseconds until a student's batch is answered ({arguments.rounds} rounds)",
            f"  alone:            p50 {middle(figures.alone_p50_ms)}, "
            f"p99 {middle(figures.alone_p99_ms)}",
            f"  beside a flood:   p50 {middle(figures.beside_p50_ms)}, "
            f"p99 {middle(figures.beside_p99_ms)}",
            f"Ratio of the p99: {summary['p99_ratio']:.2f}",
            "The service's share of a processor: "
            f"{middle(figures.alone_cpu_share)} alone, {middle(figures.beside_cpu_share)} beside",
            f"Of the flood's batches of 100 were taken {summary['flood_taken']:.0f}, "
            f"refused {summary['flood_refused']:.0f}",
        ],
        {"benchmark": "flood", **summary, "rounds": vars(figures)},
        arguments.json,
    )


if __name__ == "__main__":
    main()
