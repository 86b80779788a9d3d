"""What people read in the CRM, in the organization's own base language: Russian where it is that, else English.

Dataverse takes a label in the base language and no other until a language is added, so the set-up asks which it is.
"""

from typing import Any

from shared import state_words

RUSSIAN = 1049

_RUSSIAN = {
    "Accounting export": "Выгрузка в учёт",
    "Accounting exports": "Выгрузки в учёт",
    "Sync checkpoint": "Точка синхронизации",
    "Sync checkpoints": "Точки синхронизации",
    "Key (target:table:id)": "Ключ (система:таблица:id)",
    "Key": "Ключ",
    "Name": "Название",
    "Accounting system": "Учётная система",
    "State": "Состояние",
    "Accounting number": "Номер в учёте",
    "Accounting id": "Идентификатор в учёте",
    "Link": "Ссылка",
    "Message": "Сообщение",
    "Version": "Версия",
    "Hash of the content": "Хеш содержимого",
    "Hash of what was last written": "Хеш записанного",
    "Generation": "Поколение",
    "Attempts": "Попытки",
    "State since": "Состояние с",
    "Posted on": "Проведено",
    "Next attempt": "Следующая попытка",
    "Total in accounting": "Сумма в учёте",
    "Currency": "Валюта",
    "Paid amount": "Оплачено",
    "Hangs on (JSON)": "Зависит от (JSON)",
    "Exported line ids (JSON)": "Выгруженные строки (JSON)",
    "Correlation id": "Идентификатор корреляции",
    "Retry": "Повторить",
    "Invoice": "Счёт",
    "Order": "Заказ",
    "Account": "Организация",
    "Contact": "Контакт",
    "Product": "Продукт",
    "Delta or next link": "Ссылка продолжения",
    "Saved on": "Сохранено",
    "Yes": "Да",
    "No": "Нет",
    "Documents in accounting": "Документы в учёте",
    "Needs attention": "Требует внимания",
    **{state.value: russian for state, russian in state_words.RUSSIAN.items()},
}


def text(english: str, language: int) -> str:
    """Give a label's text in the organization's language."""
    return _RUSSIAN.get(english, english) if language == RUSSIAN else english


def label(english: str, language: int) -> dict[str, Any]:
    """Give a Label of the Web API."""
    return {
        "@odata.type": "Microsoft.Dynamics.CRM.Label",
        "LocalizedLabels": [
            {
                "@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel",
                "Label": text(english, language),
                "LanguageCode": language,
            }
        ],
    }
