"""README.txt of a file: what is inside, how it is loaded, what a second load does. Pure; in Russian and English."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.files.enterprise_extras import holds_due_dates
from shared.refusals import Language
from shared.routes import Route


@dataclass(frozen=True)
class Contents:
    """What a folder of the ZIP holds."""

    route: Route
    kind: str
    """services or invoices"""
    since: date
    until: date
    created: datetime
    documents: int
    refused: int
    files: Sequence[str]
    version: str
    """of EnterpriseData"""
    left_behind: Sequence[str] = ()
    """properties that FIELD_MAP names for 1C, and the format has no place for"""


NOT_TRIED = {
    "en": "Nobody has yet loaded such a file into a live base: try it in a copy first, and compare the totals.",
    "ru": "Такой файл ещё никто не загружал в рабочую базу: сначала попробуйте в копии и сверьте суммы.",
}
KINDS = {
    "services": {"en": "fulfilled orders (services rendered)", "ru": "выполненные заказы (оказанные услуги)"},
    "invoices": {"en": "issued invoices", "ru": "выставленные счета"},
}
LOADING = {
    ("onec", "en"): """HOW TO LOAD IT INTO 1C
1. Make a backup of the base.
2. Administration - Data synchronization - Import of EnterpriseData (Администрирование - Синхронизация данных -
   Загрузка данных EnterpriseData); choose enterprise_data.xml.
3. The format is EnterpriseData {version}. A base that does not know this version says «Не определен Менеджер
   конвертации»: update it, or have the administrator change ENTERPRISE_DATA_VERSION. VAT of 22, 5 and 7 % exists from
   version 1.17 on.
4. Check the documents: number (empty in the file where 1C counts), contract, exchange rate of a foreign currency,
   ledger accounts, totals. Post them.

WHAT IS NOT IN THE FILE
{missing}

WHAT A SECOND LOAD DOES
Each element has a permanent identifier, the one that the automatic exchange would use. A document that was loaded
before is not doubled: it is overwritten with what the file says. What you changed in it, in a counterparty, contract or
item of the file is lost, and a posted document may be unposted. Do not load a file again over documents that you have
corrected, or in a closed period. Objects that your base has no rule for are skipped without a message.
""",
    ("onec", "ru"): """КАК ЗАГРУЗИТЬ В 1С
1. Сделайте резервную копию базы.
2. Администрирование - Синхронизация данных - Загрузка данных EnterpriseData; выберите enterprise_data.xml.
3. Формат - EnterpriseData {version}. База, которая этой версии не знает, ответит «Не определен Менеджер конвертации»:
   обновите её, либо пусть администратор изменит ENTERPRISE_DATA_VERSION. Ставки НДС 22, 5 и 7 % есть с версии 1.17.
4. Проверьте документы: номер (пуст в файле, если нумерует 1С), договор, курс валюты, счета учёта, суммы. Проведите их.

ЧЕГО В ФАЙЛЕ НЕТ
{missing}

ЧТО БУДЕТ ПРИ ПОВТОРНОЙ ЗАГРУЗКЕ
У каждого элемента постоянный идентификатор, тот же, что у автоматической выгрузки. Загруженный ранее документ не
задваивается, а перезаписывается тем, что в файле. Ваши правки в нём, в контрагенте, договоре и номенклатуре из файла
пропадут, а проведённый документ может оказаться не проведён. Не загружайте файл повторно поверх исправленных вами
документов и в закрытом периоде. Объекты, для которых в базе нет правила, пропускаются без сообщения.
""",
    ("sapb1", "en"): """HOW TO IMPORT IT INTO SAP BUSINESS ONE
1. Make a backup of the company.
2. Data Transfer Workbench, Add New Data, in the order of the numbers: items (OITM), business partners (OCRD with CRD1),
   then the documents (with their lines, and with freight where there is a file of it). The separator is the comma. The
   first row holds the names that Workbench knows and must not be changed; the second one is for people.
3. Items and partners that are there already give an error in Workbench: leave them out, they need no import.
4. Check the totals: tax and rounding are Business One's own.

WHAT A SECOND IMPORT DOES
It doubles the documents. NumAtCard (Customer Ref. No.) holds a permanent key of each document: before a second run look
for it in Business One, and import only what is not there. Business One can also be told to refuse a reference number
that is used already (Administration - System Initialization - Document Settings).

A text that a spreadsheet would compute begins with an apostrophe in these files.
""",
    ("sapb1", "ru"): """КАК ЗАГРУЗИТЬ В SAP BUSINESS ONE
1. Сделайте резервную копию компании.
2. Data Transfer Workbench, Add New Data, по порядку номеров: номенклатура (OITM), бизнес-партнёры (OCRD вместе с CRD1),
   затем документы (вместе со строками и, если есть такой файл, с доставкой). Разделитель - запятая. В первой строке
   имена, известные Workbench, менять их нельзя; вторая - для людей.
3. На номенклатуру и партнёров, которые уже есть, Workbench выдаст ошибку: исключите их, загружать их не нужно.
4. Сверьте суммы: налог и округление Business One считает сам.

ЧТО БУДЕТ ПРИ ПОВТОРНОЙ ЗАГРУЗКЕ
Документы задвоятся. В NumAtCard (ссылочный номер клиента) стоит постоянный ключ документа: перед повторной загрузкой
поищите его в Business One и загружайте только то, чего там нет. Business One может и сам отклонять уже использованный
ссылочный номер (Администрирование - Инициализация системы - Настройки документов).

Текст, который таблица стала бы вычислять, в этих файлах начинается с апострофа.
""",
}


MISSING = {
    "schet_faktura": ("a счёт-фактура", "счета-фактуры"),
    "rate": ("the exchange rate of a foreign currency", "курс валюты"),
    "due": ("the due date of a счёт", "срок оплаты счёта"),
    "email": ("e-mail of counterparties (the route's email_kind)", "почта контрагентов (email_kind маршрута)"),
    "phone": ("their telephone (phone_kind)", "их телефон (phone_kind)"),
    "address": ("addresses of counterparties", "адреса контрагентов"),
    "head": (
        "the head of a branch: name it in the branch's card (ГоловнойКонтрагент, ОбособленноеПодразделение)",
        "головная организация обособленного подразделения: укажите её в карточке подразделения",
    ),
}
"""What EnterpriseData has no place for, or the CRM does not know; English, Russian."""


def missing(contents: Contents, language: Language) -> str:
    """List what a file for 1C does not hold, one a line."""
    books = contents.route.onec_books
    there = {
        "due": books.due_dates and holds_due_dates(contents.version),
        "email": books.email_kind is not None,
        "phone": books.phone_kind is not None,
    }
    lines = [words[language == "ru"] for name, words in MISSING.items() if not there.get(name)]
    if contents.left_behind:
        own = {"en": "fields of FIELD_MAP", "ru": "поля из FIELD_MAP"}[language]
        lines.append(f"{own}: {', '.join(contents.left_behind)}")
    return "\n".join(f"  {line}" for line in lines)


def readme(contents: Contents, language: Language) -> str:
    """Give the text."""
    period = f"{contents.since} - {contents.until}"
    created = f"{contents.created.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    files = "\n".join(f"  {name}" for name in contents.files)
    kind = KINDS[contents.kind][language]
    loading = LOADING[contents.route.target, language]
    if contents.route.target == "onec":
        loading = loading.format(version=contents.version, missing=missing(contents, language))
    if language == "ru":
        inside = f"""ЧТО ВНУТРИ
Маршрут {contents.route.name}: {kind} за период {period}. Создан {created}.
Документов: {contents.documents}. Не вошли: {contents.refused} (причины в refused.csv).
{files}"""
    else:
        inside = f"""WHAT IS INSIDE
Route {contents.route.name}: {kind} of {period}. Created on {created}.
Documents: {contents.documents}. Left out: {contents.refused} (the reasons are in refused.csv).
{files}"""
    return f"{inside}\n\n{NOT_TRIED[language]}\n\n{loading}".replace("\n", "\r\n")
