"""Wait in a queue (Twilio: <Enqueue>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.messages import cut
from twiml.model import Unsupported, Verb
from twiml.schema import Attribute, Reader, Spec, Values, VerbSpec
from twiml.values import Method, link, method, string, url, whole
from twiml.verbs.unsupported import TASK_ROUTER, UNSUPPORTED_VERB

NAME_TOO_SHORT = 14204
NAME_TOO_LONG = 14205
#: Characters of a queue's name, callers in a queue (Twilio: <Enqueue>).
MAX_NAME = 64
DEFAULT_SIZE = 1000
MAX_SIZE = 5000

WORKFLOW: Attribute[str | None] = Attribute(
    "workflowSid", string, None, status="rejected", note=TASK_ROUTER
)


@dataclass(frozen=True, slots=True)
class Enqueue(Verb):
    """Wait in the queue ``name`` until somebody dials it.

    ``wait_url`` None: the built-in music, '': silence. ``action`` None: the next verb.
    ``max_queue_size`` None: the queue's own.
    """

    name: str
    action: str | None = None
    method: Method = "POST"
    max_queue_size: int | None = None
    wait_url: str | None = None
    wait_url_method: Method = "POST"


def build(element: Element, values: Values, reader: Reader) -> Verb | None:
    """Make the verb; one for TaskRouter is not available."""
    name = element.text
    if values[WORKFLOW] is not None:
        if not name:
            return Unsupported("Enqueue/Task", TASK_ROUTER, line=element.line)
        reader.warn(UNSUPPORTED_VERB, f"<Enqueue> workflowSid: {TASK_ROUTER}", element.line)
    if not 0 < len(name) <= MAX_NAME:
        reader.warn(
            NAME_TOO_LONG if name else NAME_TOO_SHORT,
            f"<Enqueue> {cut(name, 30)!r}: a queue's name has 1 to {MAX_NAME} characters",
            element.line,
        )
        return None
    return Enqueue(name, **values.fields(), line=element.line)


SPEC = VerbSpec(
    "Enqueue",
    (
        Attribute("action", link, None, 14203, "without it the next verb runs"),
        Attribute("method", method, "POST", 14201),
        Attribute(
            "maxQueueSize",
            whole(1, MAX_SIZE),
            None,
            14207,
            f"at most {MAX_SIZE}",
            shown=f"`{DEFAULT_SIZE}`",
        ),
        Attribute("waitUrl", url, None, 14202, "empty: silence", shown="built-in music"),
        Attribute("waitUrlMethod", method, "POST", 14206),
        WORKFLOW,
    ),
    text=f"the queue's name, at most {MAX_NAME} characters",
    children=(Spec("Task", children=None, note=TASK_ROUTER, status="rejected"),),
    note="waits until somebody dials the queue; answers the call",
    build=build,
)
