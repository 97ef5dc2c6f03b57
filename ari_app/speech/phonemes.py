"""Phonetic spelling for espeak-ng: IPA and X-SAMPA to its own mnemonics, for English.

Sources: espeak-ng, docs/phonemes.md; J. C. Wells, X-SAMPA.
"""

from __future__ import annotations

_IPA = {
    "tʃ": "tS",
    "dʒ": "dZ",
    "iː": "i:",
    "uː": "u:",
    "ɑː": "A:",
    "ɔː": "O:",
    "ɜː": "3:",
    "oʊ": "oU",
    "əʊ": "oU",
    "eɪ": "eI",
    "aɪ": "aI",
    "aʊ": "aU",
    "ɔɪ": "OI",
    "ɪə": "i@",
    "eə": "e@",
    "ʊə": "U@",
    "i": "i:",
    "u": "u:",
    "ɑ": "A:",
    "ɒ": "0",
    "ɔ": "O:",
    "ɜ": "3:",
    "ɝ": "3:",
    "ɚ": "3",
    "æ": "a",
    "a": "a",
    "ə": "@",
    "ʌ": "V",
    "ɛ": "E",
    "e": "E",
    "ɪ": "I",
    "ʊ": "U",
    "o": "oU",
    "ɐ": "a#",
    "ɹ": "r",
    "r": "r",
    "ɾ": "t#",
    "θ": "T",
    "ð": "D",
    "ʃ": "S",
    "ʒ": "Z",
    "ŋ": "N",
    "ɡ": "g",
    "g": "g",
    "ʔ": "?",
    "j": "j",
    "ˈ": "'",
    "ˌ": ",",
    "ː": ":",
    ".": "",
    "ˑ": "",
    "‿": "",
    **{one: one for one in "bdfhklmnpstvwxz"},
}
_XSAMPA = {
    "tS": "tS",
    "dZ": "dZ",
    "i:": "i:",
    "u:": "u:",
    "A:": "A:",
    "O:": "O:",
    "3:": "3:",
    "oU": "oU",
    "@U": "oU",
    "eI": "eI",
    "aI": "aI",
    "aU": "aU",
    "OI": "OI",
    "r\\": "r",
    "@`": "3",
    "3`": "3:",
    '"': "'",
    "%": ",",
    "{": "a",
    "Q": "0",
    "4": "t#",
    "6": "a#",
    "A": "A:",
    "O": "O:",
    "i": "i:",
    "u": "u:",
    "e": "E",
    ".": "",
    **{one: one for one in "EIUV@TDSZN?jabdfghklmnprstvwxz3"},
}
_TABLES = {"ipa": _IPA, "x-sampa": _XSAMPA}


def mnemonics(spelling: str, alphabet: str) -> str:
    """Return espeak-ng's mnemonics, empty when there is a sign that its English has not.

    The result has letters of our tables only, never ``[`` or ``]``.
    """
    table = _TABLES.get(alphabet, {})
    found = []
    at = 0
    while at < len(spelling):
        if spelling[at].isspace():
            at += 1
            continue
        for width in (2, 1):
            sign = spelling[at : at + width]
            if len(sign) == width and sign in table:
                found.append(table[sign])
                at += width
                break
        else:
            return ""
    return "".join(found)
