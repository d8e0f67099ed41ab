"""A Playwright trace without a person in it: two raw recordings become one that may be kept.

1. The first recording tells the actions of the whole run, the second holds one snapshot of the
   failing page, taken after the page was masked. They are of one browser context: same clock, same
   names, so that they are one trace when put one behind the other.
2. What is kept is chosen by name, and what is not named here is dropped: values that were typed,
   arguments and answers of scripts, headers, cookies, bodies. A new field of a new Playwright is
   dropped too, until somebody has looked at it.
3. Every text that is kept goes through the mask as well.
4. Requests are told by our own short notes (method, address without query, status, times):
   Playwright's would record what was sent.
5. A raw recording that is too large is not read; the evidence then has no trace.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from runner.evidence.exchange import Exchange, entry
from runner.evidence.mask import DOTS, Mask

# The raw events of a run are some 0.5 MB; ten times that is a run that went wild.
MAX_RAW = 10 * 1024 * 1024
# A script's source is told by its beginning.
MAX_TEXT = 400
# The innermost places in the code tell which step it was.
MAX_FRAMES = 8

# What the second recording's one action evaluates, so that it is known again.
SHOWN = "'the masked page'"

Event = dict[str, Any]

_PLAIN = frozenset(
    {
        *("state", "strict", "timeout", "trial", "force", "delay", "button", "clickCount", "key"),
        *("waitUntil", "noWaitAfter", "isFunction", "type", "fullPage", "position", "modifiers"),
    }
)
_TOLD = frozenset({"selector", "expression", "name", "title", "event"})
_ADDRESSES = frozenset({"url"})
# Keys and characters that were pressed are what was typed.
_PRESSED = ("keyboard", "press", "type", "insertText")
_OPTIONS = ("viewport", "deviceScaleFactor", "isMobile")
_HEAD = (
    *("version", "type", "origin", "browserName", "channel", "platform", "playwrightVersion"),
    *("wallTime", "monotonicTime", "sdkLanguage", "contextId", "testIdAttributeName"),
)


def merge(
    raws: Sequence[Path], exchanges: Iterable[Exchange], mask: Mask, title: str
) -> bytes | None:
    """One trace.zip without personal data; None if there was no readable recording."""
    head: Event | None = None
    events: list[Event] = []
    stacks: bytes | None = None
    for raw in raws:
        with zipfile.ZipFile(raw) as packed:
            for told in _lines(packed, "trace.trace"):
                if told.get("type") == "context-options":
                    head = head or told
                elif kept := _event(told, mask):
                    events.append(kept)
            stacks = stacks or _stacks(packed)
    if head is None:
        return None
    _fail(events, title)
    first = _first(head, title)
    network = [entry(one, first, mask) for one in exchanges]
    return _pack([first, *events], network, stacks)


def _pack(events: list[Event], network: list[Event], stacks: bytes | None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("trace.trace", _text(events))
        packed.writestr("trace.network", _text(network))
        if stacks is not None:
            packed.writestr("trace.stacks", stacks)
    return target.getvalue()


def _fail(events: list[Event], title: str) -> None:
    """The failure stands at the last action, which is where the viewer shows it."""
    for event in reversed(events):
        if event["type"] == "after":
            event.setdefault("error", {"name": "Failure", "message": title})
            return


def _text(events: list[Event]) -> str:
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def _read(packed: zipfile.ZipFile, name: str) -> bytes:
    try:
        if packed.getinfo(name).file_size > MAX_RAW:
            raise ValueError("the recording is too large")
        return packed.read(name)
    except KeyError:
        return b""


def _lines(packed: zipfile.ZipFile, name: str) -> Iterator[Event]:
    for line in _read(packed, name).splitlines():
        told = json.loads(line)
        if isinstance(told, dict):
            yield told


def _first(head: Event, title: str) -> Event:
    options = {name: head.get("options", {}).get(name) for name in _OPTIONS}
    return {**_some(head, _HEAD), "title": title, "options": options}


def _event(told: Event, mask: Mask) -> Event | None:
    """What is kept of one event; None if nothing is."""
    match told.get("type"):
        case "before":
            return _before(told, mask)
        case "input":
            return _some(told, ("type", "callId", "point", "box"))
        case "log":
            return {**_some(told, ("type", "callId", "time")), "message": _said(told, mask)}
        case "after":
            return _after(told, mask)
        case "console":
            return _console(told, mask)
        case "event":
            return _happened(told, mask)
        case "frame-snapshot":
            return _snapshot(told, mask)
    return None


def _before(told: Event, mask: Mask) -> Event:
    named = ("type", "callId", "startTime", "class", "method", "pageId", "parentId", "stepId")
    method = str(told.get("method", ""))
    params = told.get("params")
    kept = _params(params if isinstance(params, Mapping) else {}, method, mask)
    shown = isinstance(params, Mapping) and params.get("expression") == SHOWN
    title = {"title": "The failing page, masked"} if shown else {}
    return {**_some(told, named), **title, "params": kept}


def _params(params: Mapping[str, Any], method: str, mask: Mask) -> Event:
    kept: Event = {}
    pressed = method.startswith(_PRESSED)
    for name, value in params.items():
        if name in _ADDRESSES:
            kept[name] = mask.url(str(value))
        elif name in _TOLD:
            kept[name] = _short(mask.told(str(value)))
        elif name in _PLAIN and not (pressed and isinstance(value, str)):
            kept[name] = value
        elif isinstance(value, str):
            # That there was something is told: `Fill "•••"`.
            kept[name] = DOTS
    return kept


def _after(told: Event, mask: Mask) -> Event:
    kept = _some(told, ("type", "callId", "endTime", "point"))
    error = told.get("error")
    if isinstance(error, Mapping):
        message = _short(mask.told(str(error.get("message", ""))))
        kept["error"] = {"name": str(error.get("name", "Error")), "message": message}
    return kept


def _console(told: Event, mask: Mask) -> Event:
    location = told.get("location")
    place = location if isinstance(location, Mapping) else {}
    return {
        **_some(told, ("type", "messageType", "time", "pageId")),
        "text": _short(mask.told(str(told.get("text", "")))),
        "args": [],
        "location": {**_numbers(place), "url": mask.url(str(place.get("url", "")))},
    }


def _happened(told: Event, mask: Mask) -> Event:
    kept = _some(told, ("type", "time", "class", "method", "pageId"))
    params = told.get("params")
    params = params if isinstance(params, Mapping) else {}
    kept["params"] = _some(params, ("pageId", "openerPageId"))
    if "error" in params:
        found = re.search(r"\"message\":\s*(\"(?:[^\"\\]|\\.)*\")", json.dumps(params["error"]))
        message = json.loads(found[1]) if found else ""
        said = {"name": "Error", "message": _short(mask.told(message)), "stack": ""}
        location = {"url": "", "line": 0, "column": 0}
        kept["params"] = {"error": {"error": said}, "location": location}
    return kept


def _snapshot(told: Event, mask: Mask) -> Event:
    named = (
        *("callId", "phase", "pageId", "frameId", "doctype", "viewport", "timestamp"),
        *("wallTime", "collectionTime", "isMainFrame"),
    )
    shot = told["snapshot"]
    kept = {
        **_some(shot, named),
        "frameUrl": mask.url(str(shot.get("frameUrl", ""))),
        "html": _html(shot.get("html"), mask),
        "resourceOverrides": [],
    }
    return {"type": "frame-snapshot", "snapshot": kept}


def _html(node: Any, mask: Mask) -> Any:
    """A node is a text, a reference of numbers, or [name, attributes, child …]."""
    if isinstance(node, str):
        return mask.page(node)
    if not isinstance(node, list) or not node or not isinstance(node[0], str):
        return node
    name, *rest = node
    attributes = (
        [{key: _attribute(key, value, mask) for key, value in rest[0].items()}]
        if (rest and isinstance(rest[0], dict))
        else []
    )
    children = rest[len(attributes) :]
    if name == "LINK":
        # Who looks at evidence must not ask the site for anything.
        return [name, {}]
    if name == "STYLE":
        return [name, *attributes, *children]
    return [name, *attributes, *(_html(child, mask) for child in children)]


def _attribute(name: str, value: Any, mask: Mask) -> Any:
    if name == "__playwright_value_":
        return DOTS if value else value
    if name in ("href", "src", "action") and isinstance(value, str) and "?" in value:
        value = value.partition("?")[0]
    return mask.page(value) if isinstance(value, str) else value


def _stacks(packed: zipfile.ZipFile) -> bytes | None:
    """Which line of the flow did what; of a file's path only what names the module."""
    try:
        told = json.loads(_read(packed, "trace.stacks"))
        files = ["/".join(PurePath(name).parts[-3:]) for name in told["files"]]
        stacks = [[call, frames[:MAX_FRAMES]] for call, frames in told["stacks"]]
    except (ValueError, KeyError, TypeError):
        return None
    return json.dumps({"files": files, "stacks": stacks}).encode()


def _said(told: Event, mask: Mask) -> str:
    return _short(mask.told(str(told.get("message", ""))))


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " …"


def _some(told: Mapping[str, Any], names: Iterable[str]) -> Event:
    return {name: told[name] for name in names if name in told}


def _numbers(told: Mapping[str, Any]) -> Event:
    return {name: value for name, value in told.items() if isinstance(value, int | float)}
