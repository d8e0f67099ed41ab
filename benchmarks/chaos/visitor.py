"""A visitor of the product under attack: asks for a session, and reads its stream to the end.

1. A client of somebody else's making (httpx-sse), told nothing but an address.
2. It does what a page does: repeats a start that got no answer with the same key, comes back after
   every cut with the last id that it holds, and stops at the end.
3. Then it asks twice more: at its last id there must be nothing left, and from the beginning the
   same bytes must come again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError, aconnect_sse

# A ping comes every 15 s: more silence than this is a connection that is dead.
SILENCE_S = 20.0
AGAIN_S = 0.05
TYPES = ("progress", "estimate", "result", "failure")
CUT = (httpx.TransportError, SSEError)
COME_BACK = (429, 503)


@dataclass(kw_only=True)
class Story:
    """What one visitor received; `faults` names whatever was not as promised.

    `asked_at`, `times` (one an event) and `ended_at` (the terminal event's) are this process's
    steady clock.
    """

    session_id: str = ""
    events_url: str = ""
    asked_at: float = 0
    ended_at: float | None = None
    received: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    cuts: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def ending(self) -> dict[str, Any] | None:
        """The terminal event."""
        return json.loads(self.received[-1]) if self.ended_at is not None else None

    @property
    def outcome(self) -> str:
        """`cotacao`, a failure's `tipo`, or nothing."""
        data = (self.ending or {}).get("data", {})
        return str(data.get("desfecho") or data.get("tipo") or "")

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return self.ending is not None and self.ending["type"] == "error"


async def live(client: httpx.AsyncClient, api: str, answers: Mapping[str, Any], key: str) -> Story:
    """One visit, from the start to the checks behind the end."""
    story = Story(asked_at=time.monotonic())
    await visit(client, api, answers, key, story)
    return story


async def visit(
    client: httpx.AsyncClient, api: str, answers: Mapping[str, Any], key: str, story: Story
) -> None:
    """As `live`, into a story that others may look at meanwhile."""
    story.asked_at = time.monotonic()
    told = await _start(client, api, answers, key, story)
    if told is None:
        return
    story.session_id, story.events_url = told["session_id"], told["events_url"]
    while not await _read(client, story):
        story.cuts += 1
        await anyio.sleep(AGAIN_S)
    await _read_again(client, story)


async def _start(
    client: httpx.AsyncClient, api: str, answers: Mapping[str, Any], key: str, story: Story
) -> dict[str, Any] | None:
    headers = {"idempotency-key": key}
    while True:
        try:
            answer = await client.post(f"{api}/api/rpa/start", json=dict(answers), headers=headers)
        except httpx.TransportError:
            await anyio.sleep(AGAIN_S)
            continue
        if answer.status_code in COME_BACK:
            await anyio.sleep(AGAIN_S)
        elif answer.status_code in (200, 202):
            told: dict[str, Any] = answer.json()
            return told
        else:
            story.faults.append(f"start was answered {answer.status_code}: {answer.text[:200]}")
            return None


async def _read(client: httpx.AsyncClient, story: Story) -> bool:
    """Read on from the last id; True at the end, False when the connection was cut."""
    headers = {"last-event-id": str(len(story.received))} if story.received else {}
    try:
        async with aconnect_sse(client, "GET", story.events_url, headers=headers) as source:
            return await _follow(source, story)
    except CUT:
        return False


async def _follow(source: EventSource, story: Story) -> bool:
    status = source.response.status_code
    if status == 204:
        if story.ended_at is None:
            story.faults.append("204 before the end")
        return True
    if status != 200:
        # Starting, or busy: a page comes back.
        return False
    async for block in source.aiter_sse():
        if block.event == "end":
            _check_end(block, story)
            return True
        _note(block, story)
    return False


def _note(block: ServerSentEvent, story: Story) -> None:
    if block.event == "ping":
        return
    if block.event not in TYPES:
        story.faults.append(f"an unexpected event {block.event!r} at {len(story.received)}")
        return
    event = json.loads(block.data)
    expected = len(story.received) + 1
    if (event["seq"], block.id) != (expected, str(expected)):
        story.faults.append(f"seq {event['seq']} (id {block.id}) came where {expected} was due")
    if story.ended_at is not None:
        story.faults.append(f"event {event['seq']} came after the terminal one")
    story.received.append(block.data)
    story.times.append(time.monotonic())
    if event["type"] == "result" or event["data"].get("final") is True:
        story.ended_at = story.ended_at or story.times[-1]


def _check_end(block: ServerSentEvent, story: Story) -> None:
    ending = story.ending
    if ending is None:
        story.faults.append("the stream ended without a terminal event")
        return
    kind = {"cancelado": "cancelled"}.get(story.outcome, "failed")
    status = "completed" if ending["type"] == "result" else kind
    if json.loads(block.data).get("status") != status:
        story.faults.append(f"the end says {block.data}, the terminal event {status}")


async def _read_again(client: httpx.AsyncClient, story: Story) -> None:
    again = Story(events_url=story.events_url)
    while not await _read(client, again):
        await anyio.sleep(AGAIN_S)
    if again.received != story.received:
        count = f"{len(again.received)} events instead of {len(story.received)}"
        story.faults.append(f"a second reading gave other bytes ({count})")
    if await _status_at_end(client, story) != 204:
        story.faults.append("behind the end there was no 204")


async def _status_at_end(client: httpx.AsyncClient, story: Story) -> int:
    headers = {"accept": "text/event-stream", "last-event-id": str(len(story.received))}
    while True:
        try:
            answer = await client.get(story.events_url, headers=headers)
        except httpx.TransportError:
            await anyio.sleep(AGAIN_S)
            continue
        if answer.status_code not in COME_BACK:
            return answer.status_code
        await anyio.sleep(AGAIN_S)
