"""One user who sends as much as the line takes, whatever is answered; a process of its own.

The token comes on standard input, where the command line would show it to everybody. Prints a
line at the first refusal; ends when standard input does, and prints how many requests were
answered with each status.
"""

import asyncio
import gzip
import json
import sys
from collections import Counter
from itertools import count

import aiohttp

CONNECTIONS = 16
BATCH_EVENTS = 100


def batch(name: str, number: int) -> bytes:
    """A gzip batch of runs that nobody has sent before."""
    event = {
        "event_type": "cell_execution_start",
        "student_id": name,
        "session_id": "flood",
        "notebook_path": "assignments/python-intro/flood.ipynb",
        "cell_id": "c",
        "execution_count": 1,
        "timestamp": "2026-11-23T00:00:00Z",
        "code": "while True: pass  # " + "x" * 400,
    }
    runs = [{**event, "execution_id": f"flood-{number}-{n}"} for n in range(BATCH_EVENTS)]
    return gzip.compress(json.dumps({"events": runs}).encode(), 1)


async def flood(url: str, name: str, token: str) -> Counter[int]:
    """Send until standard input ends; the number of answers with each status."""
    statuses: Counter[int] = Counter()
    bodies = [batch(name, number) for number in range(64)]
    numbers = count()
    headers = {"Authorization": f"token {token}", "Content-Encoding": "gzip"}

    async def send(http: aiohttp.ClientSession) -> None:
        while True:
            body = bodies[next(numbers) % len(bodies)]
            async with http.post(url, data=body, headers=headers) as answer:
                await answer.read()
                if answer.status == 429 and not statuses[429]:
                    print("refused", flush=True)
                statuses[answer.status] += 1

    async with aiohttp.ClientSession() as http:
        sending = [asyncio.create_task(send(http)) for _ in range(CONNECTIONS)]
        await asyncio.to_thread(sys.stdin.read)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
    return statuses


def main() -> None:
    """`URL NAME`, and the token on the first line of standard input."""
    url, name = sys.argv[1:]
    token = sys.stdin.readline().strip()
    print(json.dumps(asyncio.run(flood(url, name, token))), flush=True)


if __name__ == "__main__":
    main()
