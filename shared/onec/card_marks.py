"""The mark in a card's Комментарий: by it an accountant's edit of what the bridge wrote is told from ours. Pure.

``CRM 1`` and three characters for each value that was written, in a fixed order. A person may write around it. Where it
is gone, whatever stands in the card counts as the accountant's.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping

_MARK = re.compile(r"CRM 1(?P<prints>(?:[\w-]{3})+)(?![\w-])", re.ASCII)


def digest(*values: str) -> str:
    """Give three characters that stand for some values."""
    return base64.urlsafe_b64encode(hashlib.sha256("\n".join(values).encode()).digest())[:3].decode()


def mark(values: Iterable[str]) -> str:
    """Give the text by which these values are recognised later."""
    return "CRM 1" + "".join(digest(value) for value in values)


def untouched(comment: object, held: Mapping[str, str]) -> frozenset[str]:
    """Name the values that are as the bridge wrote them; none where the mark is gone, or is made of others."""
    prints = _prints(comment)
    if len(prints) != len(held):
        return frozenset()
    return frozenset(
        name for print_, (name, value) in zip(prints, held.items(), strict=True) if digest(value) == print_
    )


def remarked(comment: object, held: Mapping[str, str], written: Mapping[str, str]) -> str:
    """Put the prints of what is written now into the mark; the others, and what a person wrote around it, stay."""
    pairs = zip(_prints(comment), held, strict=True)
    prints = "".join(digest(written[name]) if name in written else print_ for print_, name in pairs)
    return _MARK.sub(f"CRM 1{prints}", str(comment), count=1)


def _prints(comment: object) -> list[str]:
    found = _MARK.search(comment) if isinstance(comment, str) else None
    text = found["prints"] if found else ""
    return [text[place : place + 3] for place in range(0, len(text), 3)]
