"""Adapters between rooms that may not know each other; used by ``ari_app.main`` alone."""
