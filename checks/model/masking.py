"""National IDs inside text, and how they are masked: for findings, logs, and whatever else people read.

Imports nothing of the data libraries: the log's formatter masks with it too.
"""

import re

#: What may be a national ID inside other text: two leading characters, eight more digits, in either resident form;
#: in full-width characters too, as input methods write them.
ID_IN_TEXT = re.compile(
    r"(?P<head>[A-Za-zＡ-Ｚａ-ｚ][A-Da-d1289Ａ-Ｄａ-ｄ１２８９][0-9０-９])[0-9０-９]{4}(?P<tail>[0-9０-９]{3})"
)

#: Characters of a national ID; the ends of shorter text would give it away.
ID_LENGTH = 10
LONG_ENOUGH = 3

#: A digest or UUID as systems make keys of: one in ten has ten characters somewhere that look like a national ID, and
#: masked it would name no record.  Half of a real one's characters or so are no digits; an ID has one letter or two.
DIGEST = (
    r"^(?:[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{40}|[0-9A-F]{40}|[0-9a-f]{64}"
    r"|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})$"
)
LETTERS_OF_A_DIGEST = 5


def mask_person_id(person_id: str) -> str:
    """`A123456789` → `A12****789`; of anything else at most the first and last character survive.

    Of what is not ASCII, the first alone: a name in the wrong column has three characters.
    """
    if len(person_id) == ID_LENGTH:
        return f"{person_id[:3]}****{person_id[-3:]}"
    if len(person_id) >= LONG_ENOUGH and not person_id.isascii():
        return f"{person_id[:1]}****"
    return f"{person_id[:1]}****{person_id[-1:]}" if len(person_id) >= LONG_ENOUGH else "****"


def mask_ids_in(text: str) -> str:
    """The text with whatever looks like a national ID masked; a digest or UUID is no text and stays."""
    if _is_digest(text):
        return text
    return ID_IN_TEXT.sub(lambda found: mask_person_id(found.group()), text)


def _is_digest(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    return letters >= LETTERS_OF_A_DIGEST and re.fullmatch(DIGEST, text) is not None
