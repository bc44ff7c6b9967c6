"""`python -m jupyter_cell_monitor_server.demo.simulated_students`: a class at work."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import aiohttp

from .behaviour import student_events
from .client import ClientProblem, StudentClient, Tally, Tokens

TOKEN_VARIABLE = "CELL_MONITOR_DEMO_TOKEN"  # the variable's name, no secret
STATUS_INTERVAL_S = 30.0
LAST_SENDING_S = 5.0
REQUEST_TIMEOUT_S = 30.0
POLL_S = 0.05


def main() -> None:
    """Let students work until Ctrl-C, then say what was sent."""
    arguments = _parse()
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        sys.exit(f"{TOKEN_VARIABLE} is not set: it holds a Hub API token with the scope `tokens`.")
    tally = Tally()
    try:
        asyncio.run(_class(arguments, token, tally))
    except ClientProblem as problem:
        sys.exit(str(problem))
    finally:
        print(f"Ended. {_summary(tally)}", flush=True)
    if tally.rejected:
        sys.exit(f"The first rejected event: {tally.rejections[0]}")


async def _class(arguments: argparse.Namespace, token: str, tally: Tally) -> None:
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        tokens = Tokens(http, arguments.hub_api_url, token)
        start = datetime.now(UTC)
        names = [f"student-{number:02}" for number in range(1, arguments.students + 1)]
        clients = {
            name: StudentClient(name, http, tokens, arguments.service_url, tally) for name in names
        }
        making = [
            client.make(student_events(name, arguments.seed, start, arguments.speed))
            for name, client in clients.items()
        ]
        sending = [client.send() for client in clients.values()]
        await _until(ending, making, sending, tally)


async def _until(
    ending: asyncio.Event,
    making: list[Coroutine[Any, Any, None]],
    sending: list[Coroutine[Any, Any, None]],
    tally: Tally,
) -> None:
    """Run all until `ending`, then let what is made be sent. Raises what one of them raises."""
    makers = [asyncio.create_task(work) for work in making]
    senders = [asyncio.create_task(work) for work in sending]
    others = [asyncio.create_task(ending.wait()), asyncio.create_task(_report(tally))]
    tasks = [*makers, *senders, *others]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        for task in makers:
            task.cancel()
        await _sent(tally, senders)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sent(tally: Tally, senders: list[asyncio.Task[None]]) -> None:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + LAST_SENDING_S
    while tally.waiting and loop.time() < give_up:
        await asyncio.wait(senders, timeout=POLL_S)


async def _report(tally: Tally) -> None:
    while True:
        await asyncio.sleep(STATUS_INTERVAL_S)
        print(_summary(tally), flush=True)


def _summary(tally: Tally) -> str:
    trouble = f" Latest trouble: {tally.trouble}." if tally.trouble else ""
    return (
        f"{tally.made} events made, {tally.acknowledged} acknowledged, {tally.waiting} waiting, "
        f"{tally.rejected} rejected, {tally.retried_requests} requests sent again.{trouble}"
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m jupyter_cell_monitor_server.demo.simulated_students",
        description="Students student-01 … that work through the demo course until Ctrl-C.",
        epilog=f"{TOKEN_VARIABLE} in the environment: a Hub API token with the scope `tokens`.",
    )
    parser.add_argument("--students", type=_count, default=30, help="how many (30)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same class (1)")
    parser.add_argument("--speed", type=_factor, default=1.0, help="10: ten times as fast (1)")
    parser.add_argument("--hub-api-url", default="http://127.0.0.1:8081/hub/api")
    parser.add_argument("--service-url", default="http://127.0.0.1:8000/services/cell-monitor/")
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one student")
    return number


def _factor(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError("more than 0, at most 1000")
    return number


if __name__ == "__main__":
    main()
