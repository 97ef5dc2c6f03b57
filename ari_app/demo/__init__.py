"""Numbers one can call at once: an echo bot, spoken documents, a tune, and a caller for them."""

from __future__ import annotations

from ari_app.demo.numbers import DEMO_NUMBERS, demo_numbers
from ari_app.demo.routes import demo_routes

__all__ = ["DEMO_NUMBERS", "demo_numbers", "demo_routes"]
