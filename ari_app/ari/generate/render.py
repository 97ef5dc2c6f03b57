"""The description as Python source, one file a resource."""

from __future__ import annotations

import re
import subprocess
import sys

from ari_app.ari.generate.description import Description, Field, Operation, Parameter, snake

HEADER = '''"""{role}

Written by `python -m ari_app.ari.generate`; do not edit.
"""
# ruff: noqa: A002, ASYNC109

from __future__ import annotations

'''

ERRORS = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    422: "Unprocessable",
}

# Operations on channels fill two files: those about audio are a base class of their own.
CHANNEL_MEDIA = re.compile(
    r"/(play|record|moh|silence|snoop|mute|hold|dtmf|externalMedia|rtp_statistics)\b"
)

# What a scalar is when Asterisk leaves it out although its description promises it. Losing a
# StasisStart over a missing account code would be the greater evil.
DEFAULTS = {"str": '""', "int": "0", "float": "0.0", "bool": "False"}


def render(description: Description) -> dict[str, str]:
    """All generated files: path below `ari_app/ari` → formatted source."""
    files = {"models.py": _models(description), "events.py": _events(description)}
    classes: dict[str, str] = {}
    for resource, operations in description.operations.items():
        module, name = snake(resource), resource[0].upper() + resource[1:]
        classes[module] = name
        base = "Operations"
        if resource == "channels":
            media = [op for op in operations if CHANNEL_MEDIA.search(op.path)]
            operations = [op for op in operations if op not in media]
            base = "ChannelsMedia"
            files["operations/channels_media.py"] = _resource(
                "Requests to `/channels` about audio.", base, "Operations", media, description
            )
        files[f"operations/{module}.py"] = _resource(
            f"Requests to `/{operations[0].path.split('/')[1]}`.",
            name,
            base,
            operations,
            description,
        )
    files["operations/__init__.py"] = _package(classes)
    return {name: _format(text) for name, text in files.items()}


def _format(source: str) -> str:
    """Sort imports and lay out as `make lint` wants it."""
    # Our own folder is named: ruff otherwise looks which files exist already.
    ours = 'lint.isort.known-first-party=["ari_app"]'
    for command in (["check", "--fix-only", "-q", "--config", ours], ["format", "-q"]):
        source = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", "ari_app/ari/x.py", "-"],
            input=source,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return source


def _field(field: Field) -> str:
    """One member; optional ones may be absent or null."""
    kind, default = field.type, DEFAULTS.get(field.type)
    if not field.required:
        kind, default = f"{kind} | None", "None"
    elif kind.startswith("list["):
        default = "[]"
    elif kind.startswith("dict["):
        default = "{}"
    if field.name != field.wire:
        arguments = f"name={field.wire!r}" + (f", default={default}" if default else "")
        default = f"msgspec.field({arguments})"
    return f"    {field.name}: {kind}" + (f" = {default}" if default else "") + "\n"


def _struct(name: str, base: str, options: str, doc: str, fields: list[Field]) -> str:
    body = "".join(map(_field, fields))
    return f'class {name}({base}, {options}):\n    """{doc}"""\n\n{body}\n\n'


def _models(description: Description) -> str:
    out = HEADER.format(role="What ARI's requests answer and its events carry.")
    out += "from typing import Any\n\nimport msgspec\n\n\n"
    for name, fields in description.models.items():
        options = "kw_only=True, frozen=True"
        out += _struct(name, "msgspec.Struct", options, f"ARI model {name}.", fields)
    return out


def _events(description: Description) -> str:
    out = HEADER.format(role="ARI's events, told apart by their `type`.")
    models = ", ".join(description.models)
    out += "from typing import Any\n\nimport msgspec\n\n"
    out += f"from ari_app.ari.models import {models}\n\n\n"
    out += (
        _struct(
            "Event", "msgspec.Struct", "kw_only=True, frozen=True", "What every event carries.", []
        ).rstrip()
        + "\n\n"
        + "".join(map(_field, description.event_base))
    )
    out += (
        "\n    @property\n    def type(self) -> str:\n"
        '        """ARI\'s name of the event."""\n        return self.__class__.__name__\n\n\n'
    )
    for name, fields in description.events.items():
        options = "tag=True, kw_only=True, frozen=True"
        out += _struct(name, "Event", options, f"ARI event {name}.", fields)
    out += f"AnyEvent = {' | '.join(description.events)}\n"
    return out


def _package(classes: dict[str, str]) -> str:
    out = HEADER.format(role="ARI's operations, one class a resource.")
    out += "from ari_app.ari.operations.base import Operations, Requester\n"
    for module, name in classes.items():
        out += f"from ari_app.ari.operations.{module} import {name}\n"
    out += "\n\nclass Resources:\n"
    out += '    """All resources as attributes: `client.channels.answer(…)`."""\n\n'
    out += "    def __init__(self, requester: Requester) -> None:\n"
    for module, name in classes.items():
        out += f"        self.{module} = {name}(requester)\n"
    names = ["Operations", "Requester", "Resources", *classes.values()]
    return out + f"\n\n__all__ = {sorted(names)!r}\n"


def _resource(
    role: str, name: str, base: str, operations: list[Operation], description: Description
) -> str:
    out = HEADER.format(role=role)
    out += "from collections.abc import Mapping, Sequence\nfrom typing import Any\n\n"
    out += f"from ari_app.ari.models import {', '.join(description.models)}\n"
    module = "base" if base == "Operations" else "channels_media"
    out += "from ari_app.ari.operations.base import Operations, path\n"
    if base != "Operations":
        out += f"from ari_app.ari.operations.{module} import {base}\n"
    out += f'\n\nclass {name}({base}):\n    """{role}"""\n\n'
    return out + "\n".join(map(_method, operations))


def _argument(parameter: Parameter) -> str:
    kind = "str | Sequence[str]" if parameter.many else parameter.type
    if parameter.required:
        return f"{parameter.name}: {kind}"
    return f"{parameter.name}: {kind} | None = None"


def _method(op: Operation) -> str:
    in_path = [p for p in op.parameters if p.where == "path"]
    named = [p for p in op.parameters if p.where != "path"]
    signature = ["self", *map(_argument, in_path)]
    if named:
        signature += ["*", *map(_argument, sorted(named, key=lambda p: not p.required))]

    errors = ", ".join(ERRORS[code] for code in op.errors)
    doc = f"{op.method} {op.path}" + (f"; raises {errors}." if errors else ".")
    if len(doc) > 85:
        doc = doc.replace("; raises ", ".\n\n        Raises ") + "\n        "
    # A method called `list` hides the type inside its class, so answers are Sequences.
    returns = re.sub(r"^list\[", "Sequence[", op.result)
    template = re.sub(r"\{(\w+)\}", lambda found: "{" + snake(found[1]) + "}", op.path)
    names = "".join(f", {p.name}={p.name}" for p in in_path)
    where = f'path("{template}"{names})' if in_path else f'"{template}"'

    arguments = [f'"{op.method}"', where]
    if op.result != "None":
        arguments.insert(0, op.result)
    if query := [p for p in named if p.where == "query"]:
        arguments.append("query={" + ", ".join(f'"{p.wire}": {p.name}' for p in query) + "}")
    for p in named:
        if p.where == "body":
            # `containers` is one key of the body, `object` is the body itself.
            whole = p.type.startswith("dict")
            arguments.append(f"body={p.name}" if whole else f'body={{"{p.wire}": {p.name}}}')
    call = {"None": "await self._send", "bytes": "return await self._download"}.get(
        op.result, "return await self._fetch"
    )
    if op.result == "bytes":
        arguments.pop(0)
    return (
        f"    async def {op.name}({', '.join(signature)}) -> {returns}:\n"
        f'        """{doc}"""\n'
        f"        {call}({', '.join(arguments)})\n"
    )
