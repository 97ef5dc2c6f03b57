"""What stops a node from starting, in words for whoever typed the command."""

from __future__ import annotations


class NodeError(Exception):
    """A node cannot do what was asked; the message says why and what to do."""
