"""Explaining ARI offline: events, members, models and operations by their names."""

from __future__ import annotations

import difflib
import functools
import inspect
import typing
from collections.abc import Iterator
from types import UnionType

import msgspec

from ari_app.ari import events, models
from ari_app.ari.operations import Resources
from ari_app.debug.explain_events import WHEN
from ari_app.debug.explain_fields import MEANING

__all__ = ["EVENTS", "MEANING", "MODELS", "WHEN", "explain", "operations", "similar"]

EVENTS: dict[str, type[events.Event]] = {
    kind.__name__: kind for kind in typing.get_args(events.AnyEvent)
}
MODELS: dict[str, type[msgspec.Struct]] = {
    name: kind
    for name, kind in vars(models).items()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct
}


def explain(word: str) -> str | None:
    """All that is known of an event, model, member or operation; None if it is none.

    Upper and lower case are the same; a member may be a path (`StasisStart.channel.caller`), an
    operation a name (`channels.answer`, `externalMedia`) or a request (`POST /channels`).
    """
    found = [text for look in (_event, _model, _member, _operation) if (text := look(word))]
    return "\n\n".join(found) or None


def similar(word: str) -> list[str]:
    """Names that may have been meant."""
    names = [*EVENTS, *MODELS, *_members(), *(name for name, _ in operations())]
    lower = {name.lower(): name for name in names}
    return [lower[one] for one in difflib.get_close_matches(word.lower(), lower, n=5, cutoff=0.55)]


@functools.cache
def operations() -> tuple[tuple[str, typing.Any], ...]:
    """Every operation as `resource.name` and its function."""
    resources = vars(Resources(_Nobody())).items()
    return tuple(found for name, one in resources for found in _of(name, type(one)))


class _Nobody:
    """Makes the operations' classes known without a connection."""

    async def request(
        self,
        method: str,
        path: str,
        query: typing.Mapping[str, str],
        body: bytes | None,
    ) -> bytes:
        """Never called."""
        raise NotImplementedError


def _of(resource: str, kind: type) -> Iterator[tuple[str, typing.Any]]:
    for name, function in inspect.getmembers(kind, inspect.iscoroutinefunction):
        if not name.startswith("_"):
            yield f"{resource}.{name}", function


def _event(word: str) -> str | None:
    name = next((one for one in EVENTS if one.lower() == word.lower()), None)
    if name is None:
        return None
    title = f"{name}  (event)"
    return "\n\n".join([title, WHEN[name], "It carries:\n" + _table(EVENTS[name])])


def _model(word: str) -> str | None:
    name = next((one for one in MODELS if one.lower() == word.lower()), None)
    if name is None:
        return None
    users = [event for event, kind in EVENTS.items() if name in _kinds(kind)]
    parts = [f"{name}  (part of events and answers)", _table(MODELS[name])]
    if users:
        parts.append("In the events: " + ", ".join(users))
    return "\n\n".join(parts)


def _member(word: str) -> str | None:
    path = word.split(".")
    if len(path) > 1:
        return _path(path)
    owners = _members().get(word.lower(), [])
    if not owners:
        return None
    parts = [f"{word.lower()}  (member)"]
    if meaning := MEANING.get(word.lower()):
        parts.append(meaning)
    kinds = {kind for _, kind in owners}
    parts.append(f"Type: {' or '.join(sorted(kinds))}")
    parts.append("In: " + ", ".join(dict.fromkeys(owner for owner, _ in owners)))
    return "\n\n".join(parts)


def _path(path: list[str]) -> str | None:
    """`StasisStart.channel.caller`: follow the types to the last member."""
    owners = {name.lower(): kind for name, kind in (*MODELS.items(), *EVENTS.items())}
    kind: type[msgspec.Struct] | None = owners.get(path[0].lower())
    for part in path[1:]:
        field = _fields(kind).get(part.lower()) if kind is not None else None
        if field is None:
            return None
        kind = _struct(field)
        shown = _type_name(field)
    parts = [f"{'.'.join(path)}  (member, {shown})"]
    if meaning := MEANING.get(path[-1].lower()):
        parts.append(meaning)
    if kind is not None:
        parts.append(_table(kind))
    return "\n\n".join(parts)


def _operation(word: str) -> str | None:
    wanted = word.lower().replace("_", "").replace(" ", "")
    found = []
    for name, function in operations():
        doc = inspect.getdoc(function) or ""
        request = doc.partition(";")[0].partition("\n")[0].rstrip(".")
        plain = name.lower().replace("_", "")
        names = (plain, plain.partition(".")[2], request.lower().replace(" ", ""))
        last = request.rpartition("/")[2].lower()
        if wanted in names or wanted == last:
            found.append(f"{name}  (operation)\n\n{doc}\n\n{_arguments(function)}".rstrip())
    return "\n\n".join(dict.fromkeys(found)) or None


def _arguments(function: typing.Any) -> str:
    lines = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        needed = parameter.default is inspect.Parameter.empty
        kind = str(parameter.annotation).replace(" | None", "").replace("typing.", "")
        lines.append(f"  {name:<24} {kind}{'' if needed else ', optional'}")
    return "\n".join(lines)


def _table(kind: type[msgspec.Struct]) -> str:
    own = kind.__annotations__
    lines = []
    for name, hint in _fields(kind).items():
        if issubclass(kind, events.Event) and name not in own:
            continue
        meaning = MEANING.get(name, "")
        first = meaning.partition(". ")[0].partition(": ")[0] if meaning else ""
        lines.append(f"  {name:<26} {_type_name(hint):<22} {first}".rstrip())
    if issubclass(kind, events.Event):
        lines.append("  and of every event: application, asterisk_id, timestamp, type")
    return "\n".join(lines)


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, typing.Any]:
    """Members by the name they have on the wire."""
    hints = typing.get_type_hints(kind)
    wire = {one.name: one.encode_name for one in msgspec.structs.fields(kind)}
    return {wire[name]: hint for name, hint in hints.items() if name in wire}


@functools.cache
def _members() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for owner, kind in (*EVENTS.items(), *MODELS.items()):
        for name, hint in _fields(kind).items():
            found.setdefault(name.lower(), []).append((owner, _type_name(hint)))
    return found


def _struct(hint: typing.Any) -> type[msgspec.Struct] | None:
    for one in (hint, *typing.get_args(hint)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _kinds(kind: type[msgspec.Struct]) -> set[str]:
    found = (_struct(hint) for hint in _fields(kind).values())
    return {one.__name__ for one in found if one is not None}


def _type_name(hint: typing.Any) -> str:
    if isinstance(hint, UnionType):
        return " or ".join(_type_name(o) for o in typing.get_args(hint) if o is not type(None))
    text = hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
    return text.replace("typing.", "").replace("ari_app.ari.models.", "").replace("str", "text")
