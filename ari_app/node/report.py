"""What the command line prints of a node."""

from __future__ import annotations

import asyncio
import json

from ari_app.node import health, rest
from ari_app.node.errors import NodeError
from ari_app.node.stack import Stack
from ari_app.settings import Settings


def sip_address(settings: Settings, number: str | None = None) -> str:
    """Return the SIP URI of this node, or of a number on it."""
    user = f"{number}@" if number else ""
    return f"sip:{user}{settings.host}:{settings.sip_port}"


def how_to_call(stack: Stack) -> str:
    """Tell everything that a first call needs; holds the auth token."""
    settings = stack.settings
    token = settings.auth_token.get_secret_value() if settings.auth_token else ""
    try:
        numbers = asyncio.run(rest.list_numbers(settings))
    except NodeError:
        numbers = []
    lines = [
        "ariswitch is up already." if stack.already else "ariswitch is up.",
        "",
        f"  SIP address   {sip_address(settings)}  (UDP and TCP)",
        f"  API URL       {settings.api_url}",
        f"  Account SID   {settings.account_sid}",
        f"  Auth token    {token}",
        f"  State, logs   {settings.state_dir}",
        "",
    ]
    if numbers:
        lines.append("Numbers:")
        for item in numbers:
            uri = sip_address(settings, item["phone_number"])
            lines.append(f"  {item['phone_number']:<14}{uri:<44} {item['friendly_name']}".rstrip())
        first = sip_address(settings, numbers[0]["phone_number"])
        lines += ["", f"Call one with any softphone, no registration: {first}"]
    lines += [
        "Hear the echo bot without a phone:  make demo",
        "Point a number at your own bot:",
        f"  curl -u {settings.account_sid}:{token} \\",
        f"    {settings.api_url}/2010-04-01/Accounts/{settings.account_sid}"
        "/IncomingPhoneNumbers.json \\",
        "    -d PhoneNumber=+15550001111 -d VoiceUrl=http://127.0.0.1:5000/voice",
        "",
        "make status · make logs · make down",
    ]
    return "\n".join(lines)


def status(stack: Stack) -> tuple[str, bool]:
    """Tell of each process and each part of `/health`; the flag is whether all is well."""
    processes = stack.supervisor.processes()
    answer = health.ask(stack.settings)
    lines = [f"{p.name:<12}{p.state.lower():<10}{p.detail}" for p in processes]
    parts = json.dumps(answer.parts) if answer.parts else "no answer"
    lines.append(f"{'health':<12}{answer.status or '-':<10}{parts}")
    return "\n".join(lines), answer.ok and all(p.running for p in processes)
