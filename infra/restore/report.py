"""How what is missing is told: a table for the terminal, a list for a spreadsheet. Both languages; nothing personal."""

from collections import Counter
from io import TextIOBase

from rich.table import Table

from infra.findings import Both
from infra.restore.comparing import Lack, Missing
from shared.files.sheets import Sheet
from shared.refusals import Language

SHOWN = 200
"""Documents that the table lists; the file lists all."""

COLUMNS = (
    *("target", "routes", "document", "number", "date", "total", "currency", "customer", "key"),
    *("crm_number", "table", "id", "missing", "sentence", "do"),
)
HEADS = (
    Both("Routes", "Маршруты"),
    Both("Document", "Документ"),
    Both("Number", "Номер"),
    Both("Date", "Дата"),
    Both("Sum", "Сумма"),
    Both("CRM number", "Номер в CRM"),
    Both("CRM record", "Запись CRM"),
    Both("Missing", "Чего нет"),
)
SENTENCES = {
    Lack.RECORD: Both("the CRM has no such record", "такой записи в CRM нет"),
    Lack.JOURNAL: Both(
        "the record is there, the journal does not know it", "запись есть, но журнал не знает этого документа"
    ),
    Lack.DOCUMENT: Both("the journal knows another document", "журнал знает другой документ"),
    Lack.VERSION: Both("the journal holds an older version", "в журнале более старая версия"),
}
REMEDIES = {
    Lack.RECORD: Both(
        "Manager and accountant: decide about each. Entered anew in the CRM it is a new sale and is written again:"
        " cancel the document in accounting before that, or keep it and do not enter the sale again.",
        "Менеджер и бухгалтер: решите по каждому. Введённая в CRM заново продажа считается новой и будет выгружена ещё"
        " раз: до этого отмените документ в учёте либо оставьте его и продажу больше не вводите.",
    ),
    Lack.JOURNAL: Both(
        "Manager: see that the record says what the document says. Issued or fulfilled, it then finds its document by"
        " itself. Otherwise issue it, or let the accountant cancel the document.",
        "Менеджер: проверьте, что в записи то же, что в документе. Выставленная или выполненная, она затем сама найдёт"
        " свой документ. Иначе выставите её либо попросите бухгалтера отменить документ.",
    ),
    Lack.DOCUMENT: Both(
        "Accountant: compare this document with the one that the journal names, and cancel the one that must not stand."
        " Manager: see that the record says what the other one says.",
        "Бухгалтер: сравните этот документ с тем, что назван в журнале, и отмените лишний. Менеджер: проверьте, что в"
        " записи то же, что в оставшемся.",
    ),
    Lack.VERSION: Both(
        "Manager: make the record say again what the document says. Until then CRM and books differ, and the next"
        " change of the record is written over the document, or refused.",
        "Менеджер: снова приведите запись к тому, что в документе. До этого CRM и учёт расходятся, а следующее"
        " изменение записи ляжет поверх документа или будет отклонено.",
    ),
}
_NOTHING = Both(
    "Accounting holds no document of the bridge in this period that the CRM does not know.",
    "В учёте за этот период нет документов моста, которых не знает CRM.",
)
_MORE = Both("more: list them with --csv", "ещё: список — с ключом --csv")
_COUNT = Both("documents", "документов")
_READ_ONLY = Both("Nothing was written.", "Ничего не записано.")


class Report:
    """Gathers what is missing; the file is written as it comes."""

    def __init__(self, language: Language, csv: TextIOBase | None) -> None:
        """``csv`` is opened with ``newline=""``."""
        self._language = language
        self._sheet = Sheet(csv, COLUMNS) if csv else None
        self._table = Table(*(head.said(language) for head in HEADS))
        self.counts: Counter[Lack] = Counter()

    def add(self, missing: Missing) -> None:
        """Take one document."""
        self.counts[missing.lack] += 1
        if self._sheet is not None:
            self._sheet.add(self._cells(missing))
        if self.counts.total() <= SHOWN:
            held = missing.held
            amount = " ".join(part for part in ("" if held.total is None else f"{held.total:f}", held.currency) if part)
            sentence = SENTENCES[missing.lack].said(self._language)
            record = f"{missing.record.table} {missing.record.id}" if missing.record else ""
            named = (held.routes, held.kind, held.number, str(held.dated or ""), amount)
            self._table.add_row(*named, held.crm_number, record, sentence)

    def lines(self) -> list[object]:
        """Give what is printed: the table, then for each thing that is missing how often, and what to do."""
        if not self.counts:
            return [self._said(_NOTHING), self._said(_READ_ONLY)]
        found: list[object] = [self._table]
        if (hidden := self.counts.total() - SHOWN) > 0:
            found.append(f"… {hidden} {self._said(_MORE)}")
        for lack in (lack for lack in Lack if lack in self.counts):
            sentence, remedy = self._said(SENTENCES[lack]), self._said(REMEDIES[lack])
            found.append(f"{sentence}: {self.counts[lack]}\n  → {remedy}")
        found.append(f"{self.counts.total()} {self._said(_COUNT)}. {self._said(_READ_ONLY)}")
        return found

    def _said(self, text: Both) -> str:
        return text.said(self._language)

    def _cells(self, missing: Missing) -> tuple[object, ...]:
        held, record = missing.held, missing.record
        return (
            *(held.target, held.routes, held.kind, held.number, str(held.dated or ""), held.total, held.currency),
            *(held.customer, str(held.key), held.crm_number),
            *((record.table, str(record.id)) if record else ("", "")),
            *(missing.lack.value, self._said(SENTENCES[missing.lack]), self._said(REMEDIES[missing.lack])),
        )
