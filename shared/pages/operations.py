"""The operations page: what waits, was refused or set aside, with a button to send it again; health and settings."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared.overview import Check, Entries, Entry, Overview
from shared.pages.html import Address, Markup, joined, link, markup, number_link, page, table
from shared.pages.preview import record_address
from shared.pages.words import age, known_word, word
from shared.refusals import Language
from shared.routes import NAMES, Target
from shared.state_words import state_word


def operations_page(
    seen: Overview, language: Language, dataverse_url: str, address: Address, now: datetime, *, said: str = ""
) -> str:
    """Show the overview. ``said`` is what a button that was pressed has done."""
    pages = _Page(language, dataverse_url, address, now, seen.automatic)
    body = joined(
        [
            markup("<h1>{title}</h1>", title=word(language, "operations")),
            markup("<p role='status' class='mark'>{said}</p>", said=said) if said else Markup(),
            pages.health(seen.checks),
            pages.entries("refused", seen.refused),
            pages.entries("waiting", seen.waiting),
            pages.set_aside(seen.set_aside),
            pages.files(seen.files),
            pages.settings(seen.settings),
        ]
    )
    return page(language, word(language, "operations"), body)


class _Page:
    """The parts of the page, in one language."""

    def __init__(
        self,
        language: Language,
        dataverse_url: str,
        address: Address,
        now: datetime,
        automatic: Collection[tuple[Target, str]],
    ) -> None:
        self._language = language
        self._dataverse_url = dataverse_url
        self._address = address
        self._now = now
        self._automatic = automatic

    def health(self, checks: tuple[Check, ...]) -> Markup:
        """Each system and what is wrong with it."""
        rows = [[known_word(self._language, check.system), self._result(check)] for check in checks]
        return self._section("health", table(self._words("system", "result"), rows))

    def entries(self, heading: str, by_target: Mapping[Target, Entries]) -> Markup:
        """Journal rows of a kind, each accounting system by itself."""
        there = {target: entries for target, entries in by_target.items() if entries.shown}
        shown = joined(self._entries(target, entries) for target, entries in there.items())
        return self._section(heading, shown if there else self._nothing())

    def _entries(self, target: Target, entries: Entries) -> Markup:
        names = self._words("document", "state", "since", "sentence", "look", "again")
        cut = Markup()
        if entries.count > len(entries.shown):
            text = word(self._language, "shown", shown=len(entries.shown), count=entries.count)
            cut = markup("<p>{text}</p>", text=text)
        return markup(
            "<h3>{system}: {count}</h3>{cut}{table}",
            system=NAMES[target],
            count=entries.count,
            cut=cut,
            table=table(names, [self._entry(target, entry) for entry in entries.shown]),
        )

    def set_aside(self, messages: tuple[dict[str, Any], ...]) -> Markup:
        """Poison and dead letters, each with a button."""
        if not messages:
            return self._section("dead", self._nothing())
        names = self._words("queue", "document", "reason", "age", "again")
        rows = [
            [
                f"{each['queue']} ({word(self._language, each['kind'])})",
                f"{known_word(self._language, each['table'])} {each['id']}" if each["id"] else "",
                each["reason"],
                age(self._language, each["age_seconds"]),
                self._button(word(self._language, "again"), "queue", each["queue"], str(each["sequence_number"])),
            ]
            for each in messages
        ]
        queues = sorted({each["queue"] for each in messages})
        everything = joined(
            self._button(word(self._language, "again_all", queue=queue), "queue", queue, "all") for queue in queues
        )
        return self._section("dead", joined([table(names, rows), markup("<p>{all}</p>", all=everything)]))

    def files(self, files: tuple[tuple[str, str], ...]) -> Markup:
        """For each route that hands out files, the days to ask for."""
        if not files:
            return Markup()
        return self._section("files", joined(self._file(kind, route) for kind, route in files))

    def _file(self, kind: str, route: str) -> Markup:
        """A form sends its fields instead of what follows the question mark, so the key is one of them."""
        where = urlsplit(self._address(f"files/{kind}", {"entity": route}))
        hidden = joined(
            markup("<input type='hidden' name='{name}' value='{value}'>", name=name, value=value)
            for name, value in parse_qsl(where.query)
        )
        days = joined(
            markup(
                "<label class='field'>{text} <input type='date' name='{name}' required></label>",
                text=word(self._language, name),
                name=name,
            )
            for name in ("from", "to")
        )
        return markup(
            "<p>{route} ({kind}):</p><form action='{action}'>{hidden}{days}<button>{take}</button></form>",
            route=route,
            kind=word(self._language, kind),
            action=where.path,
            hidden=hidden,
            days=days,
            take=word(self._language, "take"),
        )

    def settings(self, settings: dict[str, str]) -> Markup:
        """The settings, folded away."""
        unset = word(self._language, "unset")
        rows = [[markup("<code>{name}</code>", name=name), value or unset] for name, value in settings.items()]
        shown = table(self._words("setting", "value_now"), rows)
        return markup(
            "<h2>{heading}</h2><details><summary>{show}</summary>{shown}</details>",
            heading=word(self._language, "settings"),
            show=word(self._language, "show"),
            shown=shown,
        )

    def _entry(self, target: Target, entry: Entry) -> list[object]:
        again = (target, entry.table) in self._automatic
        seconds = (self._now - entry.changed_at).total_seconds() if entry.changed_at else None
        looks = [link(record_address(self._dataverse_url, entry.table, entry.id), "CRM")]
        if entry.table in {"invoice", "salesorder"}:
            preview = self._address(f"preview/{entry.table}/{entry.id}")
            looks += [Markup(" · "), link(preview, word(self._language, "preview"))]
        return [
            markup(
                "{table} {number}" if entry.number else "{table}",
                # Somebody may have emptied or broken the row's key: one row must not take the page along.
                table=known_word(self._language, entry.table),
                number=number_link(entry.number, entry.address),
            ),
            state_word(self._language, entry.state),
            age(self._language, seconds),
            entry.message,
            joined(looks),
            self._button(word(self._language, "again"), "table", entry.table, entry.id) if again else "",
        ]

    def _result(self, check: Check) -> Markup:
        if not check.problems:
            return markup("<span class='mark good'>{works}</span>", works=word(self._language, "works"))
        return joined(markup("<p class='bad'>{problem}</p>", problem=problem) for problem in check.problems)

    def _button(self, text: str, kind: str, where: str, which: str) -> Markup:
        """``kind``: whether ``where`` is a queue or a table."""
        return markup(
            "<form method='post' action='{action}'><input type='hidden' name='{kind}' value='{where}'>"
            "<button name='which' value='{which}'>{text}</button></form> ",
            action=self._address("operations"),
            kind=kind,
            where=where,
            which=which,
            text=text,
        )

    def _section(self, heading: str, content: Markup) -> Markup:
        return markup("<h2>{name}</h2>{content}", name=word(self._language, heading), content=content)

    def _nothing(self) -> Markup:
        return markup("<p>{none}</p>", none=word(self._language, "none"))

    def _words(self, *names: str) -> list[str]:
        return [word(self._language, name) for name in names]
