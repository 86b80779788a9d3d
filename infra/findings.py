"""What a set-up or a check found, in both languages, and how it is printed. Nothing secret is ever part of it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from shared.errors import BridgeError
from shared.refusals import Language


class Both(NamedTuple):
    """A text in English and in Russian."""

    en: str
    ru: str

    def said(self, language: Language) -> str:
        """Give the text in a language."""
        return self.ru if language == "ru" else self.en


def same(text: str) -> Both:
    """Give a text that is the same in both languages: a name, an answer of a system."""
    return Both(text, text)


class Outcome(Enum):
    """How a check ended."""

    RIGHT = "ok"
    DONE = "+"
    WRONG = "!!"


OK = Both("in order", "в порядке")
CREATED = Both("created now", "создано сейчас")
MISSING = Both("missing", "отсутствует")
NOTHING = Both("", "")


@dataclass(frozen=True)
class Finding:
    """One line of a report."""

    system: str
    check: Both
    outcome: Outcome
    result: Both
    remedy: Both = NOTHING


def line(finding: Finding, language: Language) -> str:
    """Give a finding as one line."""
    remedy = finding.remedy.said(language)
    arrow = f" → {remedy}" if remedy else ""
    return f"{finding.outcome.value:<3}{finding.check.said(language)}: {finding.result.said(language)}{arrow}"


def table(findings: Sequence[Finding], language: Language) -> str:
    """Give findings as a table: system, check, result, what to do."""
    heads = [Both("System", "Система"), Both("Check", "Проверка"), Both("Result", "Итог"), Both("Do", "Что делать")]
    rows = [[head.said(language) for head in heads]]
    rows += [
        [each.system, each.check.said(language), f"{each.outcome.value} {each.result.said(language)}".strip()]
        + [each.remedy.said(language)]
        for each in findings
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def all_right(findings: Iterable[Finding]) -> bool:
    """Say whether nothing is wrong."""
    return all(finding.outcome is not Outcome.WRONG for finding in findings)


@dataclass
class Run:
    """One run of a set-up: what it found so far, and whether it may change anything."""

    system: str
    check: bool
    command: str
    """how the set-up is run, for what it advises"""
    findings: list[Finding] = field(default_factory=list)

    def right(self, what: Both, result: Both = OK) -> None:
        """Note that something is as it must be."""
        self.findings.append(Finding(self.system, what, Outcome.RIGHT, result))

    def wrong(self, what: Both, problem: Both, remedy: Both = NOTHING) -> None:
        """Note what is wrong and what to do about it."""
        self.findings.append(Finding(self.system, what, Outcome.WRONG, problem, remedy))

    async def piece(
        self,
        what: Both,
        there: bool,
        make: Callable[[], Awaitable[object]],
        problem: Both = MISSING,
        refused: Both = NOTHING,
    ) -> bool:
        """Make something that is not there, or say so; give whether it is there now.

        ``refused``: what to do where the system does not let it be made.
        """
        if there:
            self.right(what)
            return True
        if self.check:
            run = Both(f"run {self.command} without --check", f"выполнить {self.command} без --check")
            self.wrong(what, problem, run)
            return False
        try:
            await make()
        except BridgeError as error:
            self.wrong(what, same(str(error)), refused)
            return False
        self.findings.append(Finding(self.system, what, Outcome.DONE, CREATED))
        return True
