"""Rows of text that spreadsheets open and Data Transfer Workbench imports. Pure.

A cell that a spreadsheet would take for a formula begins with an apostrophe. Numbers and telephone numbers stay what
they are: a sign and digits compute nothing. A Russian or German Excel ends a cell at a semicolon, whatever the file
means: what follows one counts as a cell too.
"""

import csv
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from io import TextIOBase

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_AFTER_SEMICOLON = re.compile(r"\s*(?:[=@＝＠]|[+\-＋－].*(?:\w\(|\|))")
"""A list of works has a dash there and is left alone; only what calls something could do harm."""
_ONLY_DIGITS = re.compile(r"\s*[+-]?[\d\s().,-]*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Tab and line breaks too: a cell is one line."""


def like_formula(text: str) -> bool:
    """Say whether a spreadsheet may compute a text, or a part of it, instead of showing it."""
    return _harmless(text) != text


def _harmless(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet may compute."""
    first, *others = text.split(";")
    parts = [first, *(f"'{part}" if _AFTER_SEMICOLON.match(part) else part for part in others)]
    computed = _FORMULA.match(text) is not None and _ONLY_DIGITS.fullmatch(text) is None
    return ("'" if computed else "") + ";".join(parts)


def cell(value: object) -> str:
    """Write a value: numbers without an exponent, days as YYYYMMDD, yes and no as SAP calls them, texts harmless."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "tYES" if value else "tNO"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    return _harmless(_CONTROLS.sub(" ", str(value)).encode(errors="replace").decode().strip())


class Sheet:
    """A file of comma-separated rows."""

    def __init__(self, out: TextIOBase, *headings: Iterable[str]) -> None:
        """``out`` is opened with ``newline=""``."""
        self._rows = csv.writer(out, lineterminator="\r\n")
        for heading in headings:
            self._rows.writerow(list(heading))
        self.count = 0

    def add(self, values: Iterable[object]) -> None:
        """Write a row."""
        self._rows.writerow([cell(value) for value in values])
        self.count += 1
