"""Asterisk's API description as plain records (Swagger 1.1, `/ari/api-docs`)."""

from __future__ import annotations

import base64
import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

# Swagger's scalar names; a model's name stands for itself. `Date` stays text: Asterisk writes
# 2026-01-31T12:00:00.000+0000, and nothing here computes with it.
SCALARS = {
    "string": "str",
    "Date": "str",
    "int": "int",
    "long": "int",
    "double": "float",
    "boolean": "bool",
    "object": "dict[str, Any]",
    "containers": "Mapping[str, Any]",
    "binary": "bytes",
}


@dataclass(frozen=True)
class Parameter:
    """One argument of an operation; `where` is path, query or body."""

    wire: str
    where: str
    type: str
    required: bool
    many: bool

    @property
    def name(self) -> str:
        """Python's name of it."""
        return python_name(self.wire)


@dataclass(frozen=True)
class Operation:
    """One request: method and path, arguments, type of the answer, documented errors."""

    nickname: str
    method: str
    path: str
    result: str
    parameters: tuple[Parameter, ...]
    errors: tuple[int, ...]

    @property
    def name(self) -> str:
        """Python's name of it."""
        return snake(self.nickname)


@dataclass(frozen=True)
class Field:
    """One member of a model or an event."""

    wire: str
    type: str
    required: bool

    @property
    def name(self) -> str:
        """Python's name of it."""
        return python_name(self.wire)


@dataclass(frozen=True)
class Description:
    """The whole API: operations by resource, models, events with their own fields."""

    operations: dict[str, list[Operation]]
    models: dict[str, list[Field]]
    event_base: list[Field]
    events: dict[str, list[Field]]


def snake(name: str) -> str:
    """`sendDTMF` → `send_dtmf`, `appArgs` → `app_args`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def python_name(wire: str) -> str:
    """The snake_case name; a keyword gets an underscore behind it."""
    return "from_" if wire == "from" else snake(wire)


def python_type(swagger: str) -> str:
    """`List[Channel]` → `list[Channel]`, `Date` → `str`."""
    if inner := re.fullmatch(r"List\[(\w+)\]", swagger):
        return f"list[{python_type(inner[1])}]"
    return SCALARS.get(swagger, swagger)


def read(source: str, user: str = "", password: str = "") -> Description:
    """Read all resources of a folder or URL; raises OSError or msgspec.DecodeError."""
    operations: dict[str, list[Operation]] = {}
    raw_models: dict[str, Any] = {}
    for name in _resources(source, user, password):
        doc = _load(source, f"{name}.json", user, password)
        operations[name] = [
            _operation(api["path"], op)
            for api in doc["apis"]
            for op in api["operations"]
            if op.get("upgrade") != "websocket"
        ]
        raw_models.update(doc.get("models", {}))

    event_names = {*raw_models["Event"]["subTypes"], "MissingParams"}
    fields = {name: _fields(model) for name, model in raw_models.items()}
    base = [f for f in fields.pop("Message") + fields.pop("Event") if f.wire != "type"]
    return Description(
        operations=operations,
        models={n: f for n, f in sorted(fields.items()) if n not in event_names},
        event_base=base,
        events={n: fields[n] for n in sorted(event_names)},
    )


def _resources(source: str, user: str, password: str) -> list[str]:
    index = _load(source, "resources.json", user, password)
    names = [re.search(r"/([\w-]+)\.\{format\}$", api["path"]) for api in index["apis"]]
    return sorted(found[1] for found in names if found)


def _load(source: str, name: str, user: str, password: str) -> Any:
    if not source.startswith(("http://", "https://")):
        return msgspec.json.decode((Path(source) / name).read_bytes())
    request = urllib.request.Request(f"{source.rstrip('/')}/{name}")  # noqa: S310
    if user:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        return msgspec.json.decode(response.read())


def _operation(path: str, op: dict[str, Any]) -> Operation:
    parameters = tuple(
        Parameter(
            wire=p["name"],
            where=p["paramType"],
            type=python_type(p["dataType"]),
            required=bool(p.get("required")) or p["paramType"] == "path",
            many=bool(p.get("allowMultiple")),
        )
        for p in op.get("parameters", [])
    )
    # Some codes are written as text ("404").
    errors = tuple(sorted({int(e["code"]) for e in op.get("errorResponses", [])}))
    result = "None" if op["responseClass"] == "void" else python_type(op["responseClass"])
    return Operation(op["nickname"], op["httpMethod"], path, result, parameters, errors)


def _fields(model: dict[str, Any]) -> list[Field]:
    return [
        Field(wire, python_type(spec["type"]), bool(spec.get("required")))
        for wire, spec in model["properties"].items()
    ]
