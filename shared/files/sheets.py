"""Rows of text that spreadsheets open and Data Transfer Workbench imports. Pure.

A cell that a spreadsheet would take for a formula begins with an apostrophe. Numbers and telephone numbers stay what
they are: a sign and digits compute nothing.
"""

import csv
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from io import TextIOBase

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_ONLY_DIGITS = re.compile(r"\s*[+-]?[\d\s().,-]*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Tab and line breaks too: a cell is one line."""


def like_formula(text: str) -> bool:
    """Say whether a spreadsheet may compute a text instead of showing it."""
    return _FORMULA.match(text) is not None and _ONLY_DIGITS.fullmatch(text) is None


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
    text = _CONTROLS.sub(" ", str(value)).encode(errors="replace").decode().strip()
    return f"'{text}" if like_formula(text) else text


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
