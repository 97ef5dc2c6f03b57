"""The voice catalogue: who is meant by Twilio's and Somleng's names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.speech.voice_map import VoiceMap
from ari_app.speech.voices import Voice, polly_for, resolve


@pytest.mark.parametrize(
    ("voice", "language", "expected"),
    [
        ("", "", Voice("basic", "man", "man", "en-US")),
        ("woman", "fr-FR", Voice("basic", "woman", "woman", "fr-FR")),
        ("alice", "en_GB", Voice("basic", "alice", "woman", "en-GB")),
        ("Basic.Kal", "", Voice("basic", "Basic.Kal", "man", "en-US")),
        ("basic.slt", "", Voice("basic", "Basic.Slt", "woman", "en-US")),
        ("Polly.Hans", "", Voice("polly", "Hans", "man", "de-DE")),
        ("polly.joanna-neural", "en-US", Voice("polly", "Joanna", "woman", "en-US", "neural")),
        ("Polly.Ruth-Long-Form", "", Voice("polly", "Ruth", "woman", "en-US", "long-form")),
        (
            "Google.es-US-Chirp3-HD-Charon",
            "es-US",
            Voice("google", "es-US-Chirp3-HD-Charon", "man", "es-US", "chirp3-hd"),
        ),
        (
            "google.EN-gb-Standard-A",
            "",
            Voice("google", "EN-GB-Standard-A", "woman", "EN-GB", "standard"),
        ),
    ],
)
def test_names_of_the_documents(voice: str, language: str, expected: Voice) -> None:
    found, warnings = resolve(voice, language)
    assert (found, warnings) == (expected, ())


@pytest.mark.parametrize(
    ("voice", "language", "codes", "spoken"),
    [
        ("bob", "", [13511], "en-US"),
        ("Polly.Nobody", "de-DE", [13511], "de-DE"),
        ("Polly.Joanna-Turbo", "", [13511], "en-US"),
        ("Polly.Joanna", "de-DE", [13512], "en-US"),
        ("Polly.Joanna", "en-GB", [], "en-US"),
        ("man", "not a tag", [13512], "en-US"),
        ("bob", "x" * 500, [13511, 13512], "en-US"),
    ],
)
def test_what_is_not_known_is_told(
    voice: str, language: str, codes: list[int], spoken: str
) -> None:
    found, warnings = resolve(voice, language)
    assert [code for code, _ in warnings] == codes
    assert found.language == spoken
    assert all(len(text) < 300 for _, text in warnings)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_names_resolve(voice: str, language: str) -> None:
    assert resolve(voice, language)[0].gender in ("man", "woman")


@pytest.mark.parametrize("name", ["Polly.Joanna", "Polly.Ruth-Long-form", "Google.de-DE-Studio-B"])
def test_names_are_written_as_they_were_read(name: str) -> None:
    assert resolve(name, "")[0].full_name == name


@pytest.mark.parametrize(
    ("language", "gender", "name"),
    [
        ("en-GB", "woman", "Amy"),
        ("en-NG", "man", "Russell"),
        ("zh-CN", "man", "Zhiyu"),
        ("pt-BR", "man", "Ricardo"),
    ],
)
def test_polly_has_somebody_for_a_language(language: str, gender: str, name: str) -> None:
    found = polly_for(language, "man" if gender == "man" else "woman")
    assert found is not None
    assert found.name == name


def test_polly_has_nobody_for_some() -> None:
    assert polly_for("sw-KE", "man") is None


def test_the_operators_table_takes_the_most_telling_row() -> None:
    table = VoiceMap(
        {
            "Polly.Joanna-Neural": "a",
            "polly.joanna": "b",
            "es-MX/woman": "c",
            "es-MX": "d",
            "ES": "e",
            "man": "f",
            "woman": "g",
            "alice": "h",
        }
    )

    def found(voice: str, language: str = "") -> str:
        return table.find(resolve(voice, language)[0])

    assert [found("Polly.Joanna-Neural"), found("Polly.Joanna-Generative")] == ["a", "b"]
    assert [found("woman", "es-MX"), found("man", "es-MX"), found("man", "es-AR")] == list("cde")
    assert [found("man"), found("woman"), found("Polly.Matthew"), found("alice")] == list("fgfh")
    assert VoiceMap({}).find(resolve("man", "")[0]) == ""
