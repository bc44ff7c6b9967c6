"""Events stored a second: gzip batches of 100 through the real service, on SQLite.

Beside it, on the same machine in the same rounds: the standard `sqlite3` writing the very rows
that the service stored (the raw limit), and one JSON event in each request (the seed's way).
"""

import asyncio
from dataclasses import dataclass, field
from statistics import median

from .database import RAW_GROUP_ROWS, TableRows, check_runs, read_rows, write_raw_s
from .figures import middle, parser, report
from .hub import Hub, running_hub
from .load import Request, Sent, gzip_batches, send_all, single_events

BATCH_EVENTS = 100


@dataclass(frozen=True)
class Size:
    """How much is measured. The three counts of events are for one student and one round."""

    students: int = 40
    batch_events_each: int = 500
    single_events_each: int = 50
    senders: int = 16
    rounds: int = 3


@dataclass
class Figures:
    """One value for each round."""

    events_per_s: list[float] = field(default_factory=list)
    single_events_per_s: list[float] = field(default_factory=list)
    raw_events_per_s: list[float] = field(default_factory=list)
    raw_rows_per_s: list[float] = field(default_factory=list)
    raw_runs_per_s: list[float] = field(default_factory=list)
    runs_per_s: list[float] = field(default_factory=list)
    cpu_us_per_event: list[float] = field(default_factory=list)
    single_cpu_us_per_event: list[float] = field(default_factory=list)

    def ratio(self, of: str, to: str) -> float:
        """The median of the rounds' ratios: what slows a whole round slows both."""
        values: dict[str, list[float]] = vars(self)
        pairs = zip(values[of], values[to], strict=True)
        return median(mine / other for mine, other in pairs)

    def summary(self) -> dict[str, float]:
        """The medians and the ratios."""
        medians = {name: median(values) for name, values in vars(self).items()}
        return medians | {
            "ratio_to_raw": self.ratio("events_per_s", "raw_events_per_s"),
            "ratio_to_raw_runs": self.ratio("runs_per_s", "raw_runs_per_s"),
            "ratio_to_single": self.ratio("events_per_s", "single_events_per_s"),
        }


async def measure(size: Size) -> Figures:
    """Run all rounds. Raises `RuntimeError` where not exactly what was acknowledged is stored."""
    figures = Figures()
    async with running_hub(size.students) as hub:
        for number in range(size.rounds):
            await _round(hub, size, number, figures)
    return figures


async def _round(hub: Hub, size: Size, number: int, figures: Figures) -> None:
    names = list(hub.student_tokens)
    batches = gzip_batches(names, size.batch_events_each, BATCH_EVENTS, seed=number)
    sent, runs, rows = await _through_service(hub, f"batch-{number}", batches, size.senders)
    figures.events_per_s.append(sent.events_per_s)
    figures.runs_per_s.append(runs / sent.took_s)
    figures.cpu_us_per_event.append(sent.cpu_s * 1e6 / len(sent.events))
    singles = single_events(names, size.single_events_each, seed=number)
    alone, _, _ = await _through_service(hub, f"single-{number}", singles, size.senders)
    figures.single_events_per_s.append(alone.events_per_s)
    figures.single_cpu_us_per_event.append(alone.cpu_s * 1e6 / len(alone.events))
    schema = hub.folder / f"batch-{number}.sqlite"
    took_s = write_raw_s(schema, hub.folder / f"raw-{number}.sqlite", rows)
    figures.raw_events_per_s.append(len(sent.events) / took_s)
    figures.raw_rows_per_s.append(sum(map(len, rows.values())) / took_s)
    only_runs = {"cell_executions": rows["cell_executions"]}
    took_s = write_raw_s(schema, hub.folder / f"raw-runs-{number}.sqlite", only_runs)
    figures.raw_runs_per_s.append(runs / took_s)


async def _through_service(
    hub: Hub, name: str, requests: dict[str, list[Request]], senders: int
) -> tuple[Sent, int, TableRows]:
    database = hub.folder / f"{name}.sqlite"
    async with hub.service(database) as service:
        await hub.warm_up(service.url)
        before_s = service.cpu_s()
        sent = await send_all(service.url, hub.student_tokens, requests, senders)
        sent.cpu_s = service.cpu_s() - before_s
    return sent, check_runs(database, sent.events), read_rows(database)


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__).parse_args()
    figures = asyncio.run(measure(Size(rounds=arguments.rounds)))
    summary = figures.summary()
    report(
        [
            f"Events stored a second (median and range of {arguments.rounds} rounds)",
            f"  gzip batches of {BATCH_EVENTS}:      {middle(figures.events_per_s)}",
            f"  one event a request:      {middle(figures.single_events_per_s)}",
            f"  sqlite3, the same rows:   {middle(figures.raw_events_per_s)}"
            f"   ({summary['raw_rows_per_s']:,.0f} rows a second in groups of {RAW_GROUP_ROWS})",
            "Microseconds of the service's processor time for each event",
            f"  gzip batches of {BATCH_EVENTS}:      {middle(figures.cpu_us_per_event)}",
            f"  one event a request:      {middle(figures.single_cpu_us_per_event)}",
            f"Ratio to sqlite3 writing the same rows: {summary['ratio_to_raw']:.3f}",
            f"Ratio of runs to sqlite3 writing only their rows: {summary['ratio_to_raw_runs']:.3f}",
            f"Ratio to one event a request: {summary['ratio_to_single']:.1f}",
        ],
        {"benchmark": "ingest", **summary, "rounds": vars(figures)},
        arguments.json,
    )


if __name__ == "__main__":
    main()
