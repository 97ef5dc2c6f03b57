"""``/Accounts`` (Twilio: Account resource): apps fetch it to test their credentials."""

from __future__ import annotations

from aiohttp import web

from ari_app.api.context import ACCOUNT
from ari_app.api.errors import json_response
from ari_app.api.paging import list_response, page_request
from ari_app.api.params import query_params
from ari_app.api.present import account_json
from ari_app.model import Page


async def fetch(request: web.Request) -> web.Response:
    """``GET /Accounts/{sid}``."""
    return json_response(account_json(request[ACCOUNT]))


async def list_(request: web.Request) -> web.Response:
    """``GET /Accounts``: the account that asks, there are no sub-accounts."""
    wanted = page_request(query_params(request))
    account = request[ACCOUNT]
    name = request.query.get("FriendlyName", account.friendly_name)
    status = request.query.get("Status", account.status)
    shown = wanted.number == 0 and name == account.friendly_name and status == account.status
    page = Page(items=(account,) if shown else (), number=wanted.number, size=wanted.size)
    return list_response(request, "accounts", page, account_json)
