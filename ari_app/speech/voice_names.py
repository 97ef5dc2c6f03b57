"""The tables behind the voice catalogue: who speaks which language, and as what.

Sources: Amazon Polly, "Available voices"; Google Cloud Text-to-Speech, "Chirp 3: HD voices".
"""

from __future__ import annotations

from collections.abc import Iterator

POLLY_WOMEN = """
    da-DK Naja Sofie | nl-NL Lotte Laura | nl-BE Lisa | en-AU Nicole Olivia | en-GB Amy Emma
    en-IN Raveena Aditi Kajal | en-IE Niamh | en-NZ Aria | en-ZA Ayanda | en-SG Jasmine
    en-US Joanna Ivy Kendra Kimberly Salli Danielle Ruth | fr-FR Celine Lea | fr-BE Isabelle
    fr-CA Chantal Gabrielle | fi-FI Suvi | de-DE Marlene Vicki | de-AT Hannah | de-CH Sabrina
    is-IS Dora | it-IT Carla Bianca | ja-JP Mizuki Kazuha Tomoko | ko-KR Seoyeon Jihye
    nb-NO Liv Ida | pl-PL Ewa Maja Ola | pt-BR Camila Vitoria | pt-PT Ines | ro-RO Carmen
    ru-RU Tatyana | es-ES Conchita Lucia | es-MX Mia | es-US Lupe Penelope | sv-SE Astrid Elin
    tr-TR Filiz Burcu | cy-GB Gwyneth | arb Zeina | ar-AE Hala | ca-ES Arlet | cmn-CN Zhiyu
    yue-CN Hiujin | cs-CZ Jitka
"""
POLLY_MEN = """
    da-DK Mads | nl-NL Ruben | en-AU Russell | en-GB Brian Arthur | en-GB-WLS Geraint
    en-US Joey Justin Kevin Matthew Gregory Stephen Patrick | fr-FR Mathieu Remi | fr-CA Liam
    de-DE Hans Daniel | is-IS Karl | it-IT Giorgio Adriano | ja-JP Takumi | pl-PL Jacek Jan
    pt-BR Ricardo Thiago | pt-PT Cristiano | ru-RU Maxim | es-ES Enrique Sergio | es-MX Andres
    es-US Miguel Pedro | ar-AE Zayd
"""
_POLLY_NEURAL_ONLY = """
    adriano andres aria arlet arthur ayanda burcu daniel danielle elin gabrielle gregory hala
    hannah hiujin ida isabelle jasmine jihye jitka kajal kazuha laura liam lisa niamh ola
    olivia patrick pedro remi ruth sabrina sergio sofie stephen suvi thiago tomoko zayd kevin
"""
_GOOGLE_MEN = """
    achird algenib algieba alnilam charon enceladus fenrir iapetus orus puck rasalgethi
    sadachbia sadaltager schedar umbriel zubenelgenubi
"""
#: Polly's voices that have no "standard" engine: asked for without one, they speak "neural".
POLLY_NEURAL_ONLY = frozenset(_POLLY_NEURAL_ONLY.split())
GOOGLE_MEN = frozenset(_GOOGLE_MEN.split())


def entries(table: str) -> Iterator[tuple[str, str]]:
    """Yield language and name of each voice of a table."""
    language = ""
    for word in table.replace("|", " ").split():
        if "-" in word or word == "arb":
            language = word
        else:
            yield language, word
