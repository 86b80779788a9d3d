"""The words of the pages, in both languages. Sentences about documents come from the catalogue of refusals."""

from shared.refusals import Language

_WORDS: dict[str, tuple[str, str]] = {
    "preview": ("Dry run", "Пробный прогон"),
    "nothing_written": ("Nothing was written to show this.", "Чтобы это показать, ничего не записано."),
    "operations": ("Operations", "Состояние обмена"),
    "verdict": ("What an export would do now", "Что сделала бы выгрузка сейчас"),
    "verdict_nothing": ("Nothing: {why}.", "Ничего: {why}."),
    "verdict_created": ("A new document would be created.", "Был бы создан новый документ."),
    "verdict_changed": ("The document in accounting would be changed.", "Документ в учёте был бы изменён."),
    "verdict_same": (
        "Accounting has it as it is; nothing would change.",
        "В учёте всё так же; ничего бы не изменилось.",
    ),
    "verdict_cancelled": ("The document in accounting would be taken back.", "Документ в учёте был бы отменён."),
    "verdict_by_file": (
        "It would be handed out in a file, which the accountant imports.",
        "Документ попал бы в файл, который загружает бухгалтер.",
    ),
    "verdict_waits": ("It would wait.", "Документ ждал бы."),
    "verdict_refused": ("It would be refused.", "Был бы отказ."),
    "verdict_unknown": ("That can't be said now.", "Сейчас этого сказать нельзя."),
    "route": ("Route", "Маршрут"),
    "no_route": ("none", "нет"),
    "state_now": ("In the journal", "В журнале"),
    "number_now": ("Number in accounting now", "Номер в учёте сейчас"),
    "lines": ("Lines, tax and total", "Строки, налог и итог"),
    "line": ("Line", "Строка"),
    "item": ("Item", "Номенклатура"),
    "quantity": ("Quantity", "Количество"),
    "net": ("Net", "Без НДС"),
    "rate": ("Tax rate", "Ставка"),
    "tax": ("Tax", "НДС"),
    "total": ("Total", "Всего"),
    "without_vat": ("without VAT", "без НДС"),
    "calls": ("Calls that would change accounting", "Вызовы, которые изменили бы учёт"),
    "no_calls": ("None.", "Нет."),
    "parts": ("What the file would hold of it", "Что было бы о нём в файле"),
    "day_file": ("Take the file of this day", "Получить файл за этот день"),
    "field": ("Field", "Поле"),
    "value": ("Would be written", "Было бы записано"),
    "held": ("Accounting holds now", "Сейчас в учёте"),
    "mark": ("Difference", "Отличие"),
    "mark_created": ("new", "новое"),
    "mark_changed": ("changed", "изменено"),
    "mark_same": ("same", "так же"),
    "rows": ("The CRM's row, as it was read", "Запись CRM, как она прочитана"),
    "open_crm": ("Open in the CRM", "Открыть в CRM"),
    "health": ("Health", "Исправность"),
    "system": ("System", "Система"),
    "result": ("Result", "Итог"),
    "Settings": ("Settings", "Настройки"),
    "Settings, Dataverse": ("Settings, Dataverse", "Настройки, Dataverse"),
    "works": ("works", "работает"),
    "waiting": ("Waits or is tried again", "Ждёт или повторяется"),
    "refused": ("Refused", "Отказы"),
    "dead": ("Set aside: poison and dead letters", "Отложено: нечитаемые и недоставленные сообщения"),
    "none": ("Nothing.", "Ничего."),
    "shown": ("The latest {shown} of {count}.", "Последние {shown} из {count}."),
    "document": ("Document", "Документ"),
    "target": ("Accounting", "Учёт"),
    "state": ("State", "Состояние"),
    "since": ("Since", "С какого времени"),
    "sentence": ("Sentence", "Пояснение"),
    "look": ("Look", "Посмотреть"),
    "files": ("Files to import by hand", "Файлы для загрузки вручную"),
    "services": ("orders", "заказы"),
    "invoices": ("invoices", "счета"),
    "from": ("from", "с"),
    "to": ("to", "по"),
    "take": ("Take the file", "Получить файл"),
    "queue": ("Queue", "Очередь"),
    "poison": ("poison", "нечитаемое"),
    "dead letter": ("dead letter", "недоставленное"),
    "reason": ("Reason", "Причина"),
    "age": ("Age", "Возраст"),
    "again": ("Send again", "Отправить снова"),
    "again_all": ("Send all of {queue} again", "Отправить снова всё из {queue}"),
    "sent": ("Sent again: {sent}.", "Отправлено снова: {sent}."),
    "looked_at_again": ("It is looked at again now.", "Документ будет рассмотрен снова."),
    "more": ("More are left; press again.", "Остались ещё; нажмите снова."),
    "not_there": ("It is not there any more.", "Этого сообщения там уже нет."),
    "settings": ("Settings in force", "Действующие настройки"),
    "show": ("Show", "Показать"),
    "invoice": ("Invoice", "Счёт"),
    "salesorder": ("Order", "Заказ"),
    "account": ("Account", "Организация"),
    "contact": ("Contact", "Контакт"),
    "product": ("Product", "Продукт"),
    "invoicedetail": ("Line of an invoice", "Строка счёта"),
    "salesorderdetail": ("Line of an order", "Строка заказа"),
    "acx_accountingexport": ("Journal row", "Строка журнала"),
    "setting": ("Setting", "Настройка"),
    "value_now": ("Value", "Значение"),
    "unset": ("(not set)", "(не задано)"),
    "minutes": ("{number} min", "{number} мин"),
    "hours": ("{number} h", "{number} ч"),
    "days": ("{number} d", "{number} дн"),
    "now": ("just now", "только что"),
}


def word(language: Language, name: str, **values: object) -> str:
    """Give a word or sentence of the pages. KeyError for one that is not there."""
    english, russian = _WORDS[name]
    return (russian if language == "ru" else english).format(**values)


def known_word(language: Language, name: str) -> str:
    """Give the word for a name, and the name itself where it is called the same in both languages."""
    return word(language, name) if name in _WORDS else name


def age(language: Language, seconds: float | None) -> str:
    """Say how long ago something was."""
    if seconds is None:
        return ""
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= size:
            return word(language, name, number=int(seconds // size))
    return word(language, "now")
