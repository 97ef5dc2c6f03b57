"""End what Start began (Twilio: <Stop>)."""

from __future__ import annotations

from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Spec, Values, VerbSpec
from twiml.values import string
from twiml.verbs import recording, stream, transcription
from twiml.verbs.start import BAD_NOUN
from twiml.verbs.unsupported import START_NOUNS, UNSUPPORTED_VERB

NAME: Attribute[str | None] = Attribute("name", string, None, shown="-")


def _stopped(spec: Spec) -> Spec:
    """Return what Stop makes of a noun of Start: the name counts, the rest is let pass."""
    rest = (
        Attribute(item.name, string, None, status="ignored")
        for item in spec.attributes
        if item.name != NAME.name
    )
    return Spec(spec.name, (NAME, *rest), children=None, status=spec.status)


SPECS = {
    spec.name: _stopped(spec) for spec in (stream.ONE_WAY_SPEC, recording.SPEC, transcription.SPEC)
}


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is to end: ``kind`` is Stream, Recording or Transcription, ``name`` as it was given."""

    kind: str
    name: str | None
    line: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Stop(Verb):
    """End ``nouns``, in order."""

    nouns: tuple[Stopped, ...]


def build(element: Element, values: Values, reader: Reader) -> Stop | None:
    """Make the verb; without a noun there is none."""
    nouns: list[Stopped] = []
    for child in element.children:
        if child.name in SPECS:
            name = reader.read(child, SPECS[child.name])[NAME]
            nouns.append(Stopped(child.name, name or None, line=child.line))
        elif child.name in START_NOUNS:
            advice = START_NOUNS[child.name]
            reader.warn(UNSUPPORTED_VERB, f"<Stop><{child.name}>: {advice}", child.line)
    if not nouns and not element.children:
        reader.warn(BAD_NOUN, "<Stop> has no noun and is ignored", element.line)
    return Stop(tuple(nouns), line=element.line) if nouns else None


SPEC = VerbSpec(
    "Stop",
    children=(
        *SPECS.values(),
        *(
            Spec(name, children=None, note=note, status="rejected")
            for name, note in START_NOUNS.items()
        ),
    ),
    note="ends what Start or REST began, by its name or SID",
    nested_code=BAD_NOUN,
    build=build,
)
