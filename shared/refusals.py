"""The catalogue of refusals: why a document is not in the books, in a sentence for a person, in Russian and English.

A sentence names the record, the field and the value (never a personal one), says what accounting holds now, and ends
with what to do and who does it. All stand together, however many, so that they can be read and translated as one text.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["ru", "en"]
HANDED_OUT: dict[Language, str] = {
    "en": "what the file says, once it is imported",
    "ru": "то, что в файле, когда он загружен",
}
"""What accounting holds of a document that was handed out: nobody reports back what became of a file."""
RATES, DAYS = frozenset({"rate", "known", "fitting"}), frozenset({"date", "start_date"})
"""Placeholders that stand for tax rates, as ``rates.rate_name`` names them, and for days (ISO 8601)"""
WITHOUT_VAT: dict[Language, str] = {"en": "without VAT", "ru": "без НДС"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NOUNS = {"invoice": ("Invoice", "Счёт"), "salesorder": ("Order", "Заказ")}


@dataclass(frozen=True)
class Sentence:
    """What is wrong and what to do, in both languages; the same ``{placeholders}`` in each."""

    en: str
    en_do: str
    ru: str
    ru_do: str


class Refusal(BaseModel):
    """A reason, by its code in the catalogue, with the values for its placeholders."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    code: str
    values: dict[str, str] = {}

    def text(self, language: Language, table: str, record: str, holds: str) -> str:
        """Give the sentence.

        ``table`` and ``record`` (its number) say which document; ``holds`` what accounting has (empty: nothing).
        """
        problem, do = self.words(language)
        if language == "ru":
            lead, has = f"{NOUNS[table][1]} {record}", f"В учёте: {holds or 'ничего'}."
        else:
            lead, has = f"{NOUNS[table][0]} {record}", f"In accounting: {holds or 'nothing'}."
        return f"{lead}: {problem} {has} {do}"

    def words(self, language: Language) -> tuple[str, str]:
        """Give what is wrong, and what to do and who."""
        sentence = CATALOGUE[self.code]
        problem, do = (sentence.ru, sentence.ru_do) if language == "ru" else (sentence.en, sentence.en_do)
        shown = {name: _shown(name, value, language) for name, value in self.values.items()}
        return problem.format(**shown), do.format(**shown)


def holding(language: Language, named: str, dated: str, total: str, currency: str) -> str:
    """Say what accounting holds: its number or id, its date (ISO 8601) and its sum, as far as they are known."""
    if not named:
        return ""
    on = date.fromisoformat(dated) if dated else None
    of = "" if on is None else f" от {on:%d.%m.%Y}" if language == "ru" else f" of {on.isoformat()}"
    return f"{named}{of}" + (f", {_sum(total)} {currency}".rstrip() if total else "")


def _sum(total: str) -> str:
    amount = Decimal(total).normalize()
    return f"{max(amount, amount.quantize(Decimal('0.01')), key=_digits):f}"


def _digits(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)


def _shown(name: str, value: str, language: Language) -> str:
    """Write a value as people do: rates with their sign, and a day as the rest of the sentence has it."""
    if name in RATES:
        return ", ".join(_rate(rate, language) for rate in value.split(", "))
    if name in DAYS and language == "ru" and _DAY.fullmatch(value):
        return f"{date.fromisoformat(value):%d.%m.%Y}"
    return value


def _rate(name: str, language: Language) -> str:
    if name == "none":
        return WITHOUT_VAT[language]
    return f"{name} %" if name.replace(".", "", 1).isdecimal() else name


def refusal(code: str, **values: object) -> Refusal:
    """Make a refusal; a code that the catalogue lacks or a placeholder without a value is an error of ours."""
    sentence = CATALOGUE[code]
    made = Refusal(code=code, values={name: str(value) for name, value in values.items()})
    (sentence.en + sentence.en_do + sentence.ru + sentence.ru_do).format(**made.values)
    return made


CATALOGUE: dict[str, Sentence] = {
    # --- the document in the CRM
    "date_missing": Sentence(
        "the date in “{field}” is empty.",
        "Manager: fill it in on the document.",
        "не заполнена дата в поле «{field}».",
        "Менеджер: заполните её в документе.",
    ),
    "customer_missing": Sentence(
        "it has no customer.",
        "Manager: choose an account or a contact in “customerid”.",
        "не указан клиент.",
        "Менеджер: выберите организацию или контакт в поле «customerid».",
    ),
    "customer_name_missing": Sentence(
        "the customer's name is empty.",
        "Manager: fill in the name in the customer's card.",
        "у клиента не заполнено наименование.",
        "Менеджер: заполните наименование в карточке клиента.",
    ),
    "customer_inactive": Sentence(
        "its customer is inactive in the CRM.",
        "Manager: activate the customer or choose another one.",
        "клиент в CRM неактивен.",
        "Менеджер: активируйте клиента или выберите другого.",
    ),
    "currency_missing": Sentence(
        "it has no currency.",
        "Manager: choose a currency in “transactioncurrencyid”.",
        "не указана валюта.",
        "Менеджер: выберите валюту в поле «transactioncurrencyid».",
    ),
    "no_lines": Sentence(
        "it has no lines.",
        "Manager: add the products or services to the document.",
        "в нём нет строк.",
        "Менеджер: добавьте в документ товары или услуги.",
    ),
    "line_without_product": Sentence(
        "line {line} has neither a product nor a description.",
        "Manager: choose a product or write a description.",
        "в строке {line} нет ни продукта, ни описания.",
        "Менеджер: выберите продукт или заполните описание.",
    ),
    "quantity_not_positive": Sentence(
        "line {line} has the quantity {value}; only a positive one can be exported.",
        "Manager: correct the quantity. A return is the accountant's correction document, not a line.",
        "в строке {line} количество {value}; выгружается только положительное.",
        "Менеджер: исправьте количество. Возврат оформляет бухгалтер корректировкой, а не строкой.",
    ),
    "amount_negative": Sentence(
        "line {line} has the amount {value}; a negative one can't be exported.",
        "Manager: correct the price or the discount. A return is the accountant's correction document.",
        "в строке {line} сумма {value}; отрицательная не выгружается.",
        "Менеджер: исправьте цену или скидку. Возврат оформляет бухгалтер корректировкой.",
    ),
    "precision": Sentence(
        "line {line}, “{field}”: {value} has more than {digits} digits after the point.",
        "Manager: round the value in the document.",
        "строка {line}, поле «{field}»: в значении {value} больше {digits} знаков после запятой.",
        "Менеджер: округлите значение в документе.",
    ),
    "value_missing": Sentence(
        "line {line}: “{field}” is empty.",
        "Manager: fill it in.",
        "строка {line}: поле «{field}» не заполнено.",
        "Менеджер: заполните его.",
    ),
    "freight": Sentence(
        "the freight amount {value} stands outside the lines, and its tax rate is not known.",
        "Manager: put freight on a line of its own and clear “freightamount”; "
        "or administrator: set “freight_rate” of the route.",
        "сумма доставки {value} указана вне строк, и её ставка НДС неизвестна.",
        "Менеджер: добавьте доставку отдельной строкой и очистите поле «freightamount»; "
        "либо администратор: укажите «freight_rate» маршрута.",
    ),
    "amount_precision": Sentence(
        "“{field}”: {value} has more than {digits} digits after the point.",
        "Manager: round the amount.",
        "поле «{field}»: в сумме {value} больше {digits} знаков после запятой.",
        "Менеджер: округлите сумму.",
    ),
    "line_arithmetic": Sentence(
        "line {line}: “{field}” says {stated}, but price, quantity and discounts give {expected}: "
        "the difference is {difference} (discount calculation method: {method}).",
        "Manager: recalculate the document; if it stays, tell the administrator.",
        "строка {line}: в поле «{field}» {stated}, а цена, количество и скидки дают {expected}: "
        "расхождение {difference} (способ расчёта скидки: {method}).",
        "Менеджер: пересчитайте документ; если не поможет, сообщите администратору.",
    ),
    "discount_differs": Sentence(
        "“totaldiscountamount” says {stated}, but {amount} and {percentage} % of {lines} give {expected}: "
        "the difference is {difference}.",
        "Manager: recalculate the document; if it stays, tell the administrator.",
        "в поле «totaldiscountamount» {stated}, а {amount} и {percentage} % от {lines} дают {expected}: "
        "расхождение {difference}.",
        "Менеджер: пересчитайте документ; если не поможет, сообщите администратору.",
    ),
    "bundle_without_price": Sentence(
        "line {line}: neither the bundle nor a required product of it has a price, so it can't be told what was sold.",
        "Manager: give the bundle its price, or replace it by its products.",
        "строка {line}: ни у набора, ни у его обязательных продуктов нет цены: нельзя понять, что продано.",
        "Менеджер: укажите цену набора или замените его отдельными продуктами.",
    ),
    "bundle_incomplete": Sentence(
        "line {line} is a required product of a bundle that the document does not have.",
        "Manager: add the bundle, or enter the product as a line of its own.",
        "строка {line} — обязательный продукт набора, которого в документе нет.",
        "Менеджер: добавьте набор или введите продукт отдельной строкой.",
    ),
    "product_inactive": Sentence(
        "line {line}: the product “{value}” is not active in the CRM (retired or a draft).",
        "Manager: choose an active product, or activate this one.",
        "строка {line}: продукт «{value}» в CRM не активен (выведен или черновик).",
        "Менеджер: выберите действующий продукт или активируйте этот.",
    ),
    "contact_of_company": Sentence(
        "its customer is a contact of a company and has no tax number, so it can't be told who buys.",
        "Manager: choose the company as customer; or, where the person buys, "
        "clear the company in the contact's card or fill in the person's tax number.",
        "клиент — контакт организации без ИНН: нельзя понять, кто покупает.",
        "Менеджер: выберите клиентом организацию; а если покупает человек, "
        "очистите организацию в карточке контакта или заполните его ИНН.",
    ),
    "merged_differently": Sentence(
        "its customer was merged with others in the CRM that are different records in accounting: {matches}.",
        "Accountant: say which one stays; administrator: remove the bindings of the others.",
        "клиент объединён в CRM с другими, а в учёте это разные записи: {matches}.",
        "Бухгалтер: решите, какая остаётся; администратор: снимите привязки остальных.",
    ),
    "rate_unknown": Sentence(
        "line {line}: prices include the tax, and neither its rate nor its amount is given; in use are {known}.",
        "Manager: choose the tax rate of the line.",
        "строка {line}: цены включают НДС, но ни ставка, ни сумма налога не указаны; применяются: {known}.",
        "Менеджер: укажите ставку НДС строки.",
    ),
    "sum_differs": Sentence(
        "the lines add up to {lines}, but “{field}” says {header}: the difference is {difference}.",
        "Manager: recalculate the document; if it stays, tell the administrator.",
        "сумма по строкам {lines}, а в поле «{field}» — {header}: расхождение {difference}.",
        "Менеджер: пересчитайте документ; если не поможет, сообщите администратору.",
    ),
    "rate_unreadable": Sentence(
        "line {line}: “{value}” in “{field}” is not a tax rate.",
        "Manager: choose one of {known}.",
        "строка {line}: «{value}» в поле «{field}» — не ставка НДС.",
        "Менеджер: выберите одну из: {known}.",
    ),
    "rate_not_allowed": Sentence(
        "line {line}: the tax rate “{rate}” is not in use on {date}; in use are {known}.",
        "Manager: correct the rate of the line.",
        "строка {line}: ставка НДС «{rate}» на {date} не применяется; применяются: {known}.",
        "Менеджер: исправьте ставку в строке.",
    ),
    "rate_not_derivable": Sentence(
        "line {line}: the tax {tax} on {net} fits no single rate ({fitting}).",
        "Manager: choose the rate of the line or correct the tax.",
        "строка {line}: налог {tax} с суммы {net} не даёт одной ставки ({fitting}).",
        "Менеджер: укажите ставку строки или исправьте налог.",
    ),
    "tax_differs": Sentence(
        "line {line}: the tax {tax} on {net} is not that of the rate “{rate}”; expected {expected}, the difference is "
        "{difference}.",
        "Manager: correct the tax or the rate of the line.",
        "строка {line}: налог {tax} с суммы {net} не соответствует ставке «{rate}»; ожидается {expected}, расхождение "
        "{difference}.",
        "Менеджер: исправьте налог или ставку строки.",
    ),
    "too_large": Sentence(
        "it is too large to be carried ({size} KB of {limit} KB).",
        "Manager: split it into several documents.",
        "он слишком велик для передачи ({size} КБ из {limit} КБ).",
        "Менеджер: разделите его на несколько документов.",
    ),
    "fulfilled_partly": Sentence(
        "it is fulfilled in part; only a completely fulfilled order is exported whole.",
        "Manager: fulfil the rest, or split the order; accountant: enter the act with the actual quantities.",
        "он выполнен частично; целиком выгружается только полностью выполненный заказ.",
        "Менеджер: выполните остальное или разделите заказ; бухгалтер: введите акт с фактическим количеством.",
    ),
    "changed_after_export": Sentence(
        "it was changed in the CRM after it had been exported; the document in accounting was left as it is.",
        "Accountant: check the document and correct it there, a posted one by a credit memo.",
        "он изменён в CRM после выгрузки; документ в учёте оставлен без изменений.",
        "Бухгалтер: проверьте документ и исправьте его в учёте, проведённый — кредит-нотой (корректировкой).",
    ),
    "cancelled_after_export": Sentence(
        "it was cancelled in the CRM after it had been exported; the document in accounting was left as it is.",
        "Accountant: cancel the document there.",
        "он отменён в CRM после выгрузки; документ в учёте оставлен без изменений.",
        "Бухгалтер: отмените документ в учёте.",
    ),
    "not_issued_after_export": Sentence(
        "it is not issued in the CRM any more, but it had been exported; the document in accounting was left as it is.",
        "Manager: issue it again; accountant: else cancel the document there.",
        "он больше не выставлен в CRM, но уже выгружен; документ в учёте оставлен без изменений.",
        "Менеджер: выставьте его снова; иначе бухгалтер: отмените документ в учёте.",
    ),
    "deleted_after_export": Sentence(
        "it was deleted in the CRM after it had been exported; the document in accounting was left as it is.",
        "Accountant: cancel the document there, if it was deleted on purpose.",
        "он удалён в CRM после выгрузки; документ в учёте оставлен без изменений.",
        "Бухгалтер: если он удалён намеренно, отмените документ в учёте.",
    ),
    "in_both_books": Sentence(
        "it was given to another legal entity while it was on its way into these books, and is in {system} as {number} "
        "as well.",
        "Accountant: cancel it here, unless it belongs in both books.",
        "он передан другому юридическому лицу, пока выгружался в этот учёт, и есть также в {system} под номером "
        "{number}.",
        "Бухгалтер: отмените его здесь, если он не должен быть в обоих учётах.",
    ),
    "perhaps_held": Sentence(
        "an attempt to write it had no answer when its route was changed to hand out files, so accounting may have it.",
        "Accountant: look for it there; administrator: enter its id in its journal row, or 0 as the attempts if it is "
        "not there.",
        "попытка записать его осталась без ответа, когда маршрут переключили на выдачу файлов, поэтому он может быть в "
        "учёте.",
        "Бухгалтер: поищите его в учёте; администратор: внесите его идентификатор в строку журнала, а если его там "
        "нет — 0 в число попыток.",
    ),
    # --- not refused, but not in the books yet
    "cancelled_before_export": Sentence(
        "it was cancelled in the CRM before it was exported.",
        "Nobody has to do anything: it stays out of the books.",
        "он отменён в CRM до выгрузки.",
        "Делать ничего не нужно: в учёт он не попадёт.",
    ),
    "not_issued_before_export": Sentence(
        "it is not issued in the CRM any more.",
        "Manager: issue it when it is ready; it is then exported by itself.",
        "он больше не выставлен в CRM.",
        "Менеджер: выставьте его, когда он будет готов, и он выгрузится сам.",
    ),
    "deleted_before_export": Sentence(
        "it was deleted in the CRM before it was exported.",
        "Nobody has to do anything: it stays out of the books.",
        "он удалён в CRM до выгрузки.",
        "Делать ничего не нужно: в учёт он не попадёт.",
    ),
    "before_start": Sentence(
        "it is dated {date}, before {start_date}, when this export begins.",
        "Accountant: such documents are entered by hand; nothing else will happen.",
        "он датирован {date}, раньше начала выгрузки {start_date}.",
        "Бухгалтер: такие документы вводятся вручную; больше ничего не произойдёт.",
    ),
    "paused": Sentence(
        "the export of route “{route}” is paused.",
        "Nobody has to do anything: it goes on by itself when the pause ends.",
        "выгрузка по маршруту «{route}» приостановлена.",
        "Делать ничего не нужно: после снятия паузы он выгрузится сам.",
    ),
    "restored": Sentence(
        "the CRM was restored from a backup, and nothing is exported until it is known which accounting documents the "
        "CRM lost.",
        "Administrator: list those documents (python -m infra.restore), go through them with the accountant, then set "
        "EPOCH_SEEN to EPOCH; after that it goes on by itself.",
        "CRM восстановлена из копии, и выгрузка ждёт, пока не станет ясно, каких документов учёта в CRM больше нет.",
        "Администратор: получите список этих документов (python -m infra.restore), разберите его с бухгалтером и "
        "установите EPOCH_SEEN равным EPOCH; дальше он выгрузится сам.",
    ),
    "handed_out": Sentence(
        "it was handed out in the file {file} on {at}.",
        "Accountant: import the file; nothing else writes this document.",
        "он выгружен в файл {file} {at}.",
        "Бухгалтер: загрузите файл; никак иначе этот документ в учёт не попадёт.",
    ),
    "handed_out_again": Sentence(
        "it was handed out once more, in the file {file} on {at}; the time before was on {before}.",
        "Accountant: see README.txt in the file before it is imported a second time.",
        "он выгружен ещё раз, в файл {file} {at}; предыдущий раз — {before}.",
        "Бухгалтер: прежде чем загружать повторно, прочтите README.txt в файле.",
    ),
    "code_like_formula": Sentence(
        "line {line}: the product number “{value}” begins like a spreadsheet's formula, so it can't stand in a file.",
        "Administrator: change the product number; or accountant: enter the document by hand.",
        "строка {line}: номер продукта «{value}» начинается как формула таблицы, поэтому в файл он не может попасть.",
        "Администратор: измените номер продукта; либо бухгалтер: введите документ вручную.",
    ),
    "retrying": Sentence(
        "it waits, because a system did not answer as it should ({cause}).",
        "Nobody has to do anything: it is tried again by itself.",
        "он ждёт: одна из систем не ответила как должно ({cause}).",
        "Делать ничего не нужно: попытка повторится сама.",
    ),
    "tax_number_missing": Sentence(
        "its customer has no tax number, and a company is never matched or created without one.",
        "Manager: fill in the tax number in the customer's card.",
        "у клиента не заполнен ИНН; организация без него не сопоставляется и не создаётся.",
        "Менеджер: заполните ИНН в карточке клиента.",
    ),
    "tax_number_invalid": Sentence(
        "the customer's tax number is not an ИНН: 10 digits for a company, 12 for a person, with right check digits.",
        "Manager: correct it in the customer's card; for a foreign customer fill in the country too.",
        "ИНН клиента неверен: нужно 10 цифр для организации, 12 для человека, и верные контрольные цифры.",
        "Менеджер: исправьте ИНН в карточке клиента; для иностранного клиента заполните и страну.",
    ),
    "kpp_invalid": Sentence(
        "the customer's КПП is wrong: 9 characters for a company, none for a sole trader.",
        "Manager: correct it in the customer's card.",
        "КПП клиента неверен: 9 знаков у организации, у предпринимателя его нет.",
        "Менеджер: исправьте КПП в карточке клиента.",
    ),
    # --- in accounting, with something to know
    "changed_in_accounting": Sentence(
        "it was changed in accounting after the export ({fields}); that was left as it is.",
        "Accountant: make sure that the change is meant.",
        "он изменён в учёте после выгрузки ({fields}); изменение оставлено.",
        "Бухгалтер: убедитесь, что так и задумано.",
    ),
    "unposted_in_accounting": Sentence(
        "its posting was taken back in accounting; that was left as it is.",
        "Accountant: post it again when it is right.",
        "его проведение отменено в учёте; это оставлено.",
        "Бухгалтер: проведите его, когда всё будет верно.",
    ),
    "draft_waits": Sentence(
        "it waits in accounting for approval, as draft {draft}.",
        "Accountant: approve it.",
        "он ждёт утверждения в учёте, черновик {draft}.",
        "Бухгалтер: утвердите его.",
    ),
    "second_draft": Sentence(
        "it stands in accounting in a second draft too: {drafts}.",
        "Accountant: remove that draft.",
        "в учёте есть ещё один его черновик: {drafts}.",
        "Бухгалтер: удалите этот черновик.",
    ),
    # --- what accounting lacks or says
    "several_matches": Sentence(
        "several records in accounting fit its customer: {matches}.",
        "Accountant: leave one of them, or mark the others for deletion.",
        "клиенту соответствуют несколько записей в учёте: {matches}.",
        "Бухгалтер: оставьте одну из них или пометьте остальные на удаление.",
    ),
    "kpp_unknown": Sentence(
        "accounting has its customer's ИНН without a КПП ({matches}), so it can't be told whether it is the same.",
        "Accountant: fill in the КПП there.",
        "в учёте есть контрагент с ИНН клиента, но без КПП ({matches}): нельзя понять, тот ли это.",
        "Бухгалтер: заполните КПП в карточке контрагента.",
    ),
    "foreign_customer": Sentence(
        "its customer is foreign, and accounting has no counterparty of its country with that tax number "
        "(НалоговыйНомер).",
        "Accountant: create the counterparty with its country and tax number; the document then finds it.",
        "клиент иностранный, а в учёте нет контрагента из его страны с таким налоговым номером.",
        "Бухгалтер: заведите контрагента с его страной и налоговым номером, и документ найдёт его.",
    ),
    "customer_deleted": Sentence(
        "its customer was deleted or marked for deletion in accounting.",
        "Accountant: restore the record, or have the administrator remove the binding.",
        "клиент в учёте удалён или помечен на удаление.",
        "Бухгалтер: восстановите запись, либо администратор снимет привязку.",
    ),
    "item_deleted": Sentence(
        "line {line}: the item “{value}” was deleted or marked for deletion in accounting.",
        "Accountant: restore the item, or have the administrator remove the binding.",
        "строка {line}: позиция «{value}» в учёте удалена или помечена на удаление.",
        "Бухгалтер: восстановите позицию, либо администратор снимет привязку.",
    ),
    "customer_differs": Sentence(
        "accounting has its customer's card under other numbers (ИНН, КПП): {matches}.",
        "Accountant: correct the card there; manager: check the numbers in the CRM.",
        "в учёте карточка клиента с другими ИНН или КПП: {matches}.",
        "Бухгалтер: исправьте карточку; менеджер: проверьте номера в CRM.",
    ),
    "contract_unusable": Sentence(
        "the customer's contract {contract} was closed, has ended or was marked for deletion, and no other one fits.",
        "Accountant: reopen the contract, or enter the one that is in force.",
        "договор {contract} закрыт, истёк или помечен на удаление, а другого подходящего нет.",
        "Бухгалтер: откройте договор или заведите действующий.",
    ),
    "contract_agent_vat": Sentence(
        "the customer's contract {contract} makes the buyer a tax agent, which takes the tax off its lines.",
        "Accountant: write this document by hand, or correct the contract.",
        "по договору {contract} покупатель — налоговый агент, и НДС строк обнулится.",
        "Бухгалтер: оформите документ вручную или исправьте договор.",
    ),
    "number_too_large": Sentence(
        "line {line}, “{field}”: {value} is larger than accounting can hold.",
        "Manager: correct the value, or split the line.",
        "строка {line}, поле «{field}»: значение {value} больше, чем вмещает учёт.",
        "Менеджер: исправьте значение или разделите строку.",
    ),
    "several_items": Sentence(
        "line {line}: several items in accounting have the number “{value}”: {matches}.",
        "Accountant: leave one of them, or mark the others for deletion.",
        "строка {line}: в учёте несколько позиций с артикулом «{value}»: {matches}.",
        "Бухгалтер: оставьте одну из них или пометьте остальные на удаление.",
    ),
    "several_contracts": Sentence(
        "the customer has several contracts that fit: {matches}.",
        "Accountant: leave one contract for this organisation and currency.",
        "у контрагента несколько подходящих договоров: {matches}.",
        "Бухгалтер: оставьте один договор для этой организации и валюты.",
    ),
    "product_number_missing": Sentence(
        "line {line}: its product has no “productnumber”.",
        "Manager: fill in the number in the product's card.",
        "строка {line}: у продукта не заполнен «productnumber».",
        "Менеджер: заполните номер в карточке продукта.",
    ),
    "too_long": Sentence(
        "“{field}” is longer than the {limit} characters that accounting takes.",
        "Manager: shorten it.",
        "поле «{field}» длиннее {limit} знаков, которые принимает учёт.",
        "Менеджер: сократите его.",
    ),
    "unit_unknown": Sentence(
        "line {line}: accounting has no unit “{value}”.",
        "Accountant: add the unit to the classifier; administrator: set its code in the CRM.",
        "строка {line}: в учёте нет единицы измерения «{value}».",
        "Бухгалтер: добавьте единицу в классификатор; администратор: укажите её код в CRM.",
    ),
    "currency_unknown": Sentence(
        "accounting has no currency {value}.",
        "Accountant: add the currency.",
        "в учёте нет валюты {value}.",
        "Бухгалтер: добавьте валюту.",
    ),
    "exchange_rate_missing": Sentence(
        "accounting has no exchange rate of {value} for {date}.",
        "Accountant: enter the rate; it then goes through by itself.",
        "в учёте нет курса {value} на {date}.",
        "Бухгалтер: введите курс, и он пройдёт сам.",
    ),
    "rate_not_mapped": Sentence(
        "line {line}: the tax rate “{rate}” has no tax code in the settings of route “{route}”.",
        "Administrator: add the rate to “vat_groups” of the route.",
        "строка {line}: для ставки НДС «{rate}» нет кода в настройках маршрута «{route}».",
        "Администратор: добавьте ставку в «vat_groups» маршрута.",
    ),
    "total_not_reachable": Sentence(
        "accounting would compute {accounting} where the CRM has {crm} ({field}): the difference is {difference}.",
        "Manager: correct prices or tax; accountant: say which rounding applies.",
        "учёт вычислит {accounting}, а в CRM {crm} ({field}): расхождение {difference}.",
        "Менеджер: исправьте цены или налог; бухгалтер: уточните правило округления.",
    ),
    "accounting_refused": Sentence(
        "accounting refused it: “{message}”.",
        "Accountant: remove the cause; the administrator can then press Retry.",
        "учёт отказал: «{message}».",
        "Бухгалтер: устраните причину; затем нажмите «Повторить».",
    ),
    "not_posted": Sentence(
        "accounting keeps it as {number}, but did not post it: “{message}”.",
        "Accountant: remove the cause and post the document; or press Retry afterwards.",
        "в учёте он записан под номером {number}, но не проведён: «{message}».",
        "Бухгалтер: устраните причину и проведите документ, либо затем нажмите «Повторить».",
    ),
    "written_otherwise": Sentence(
        "accounting already holds this document with other content ({fields}).",
        "Accountant: check the document and correct it there.",
        "в учёте уже есть этот документ с другим содержанием ({fields}).",
        "Бухгалтер: проверьте документ и исправьте его в учёте.",
    ),
    "deleted_in_accounting": Sentence(
        "the document was deleted or marked for deletion in accounting.",
        "Accountant: restore it, or let the administrator export it anew.",
        "документ в учёте удалён или помечен на удаление.",
        "Бухгалтер: восстановите его, либо администратор выгрузит его заново.",
    ),
    "value_not_mapped": Sentence(
        "the value “{value}” of “{field}” has no counterpart in the settings for “{to}”.",
        "Administrator: add it to FIELD_MAP; or manager: choose another value.",
        "для значения «{value}» поля «{field}» в настройках нет соответствия для «{to}».",
        "Администратор: добавьте его в FIELD_MAP; или менеджер: выберите другое значение.",
    ),
    "write_in_unset": Sentence(
        "line {line} is a write-in, and route “{route}” names no item to write it on.",
        "Administrator: set “write_in_item” of the route; or manager: choose a product.",
        "строка {line} введена вручную, а в маршруте «{route}» не указано, на какую позицию её записать.",
        "Администратор: укажите «write_in_item» маршрута; или менеджер: выберите продукт.",
    ),
    "setup_missing": Sentence(
        "accounting lacks what the settings of route “{route}” name: {what}.",
        "Administrator: correct the setting or add it to accounting.",
        "в учёте нет того, что указано в настройках маршрута «{route}»: {what}.",
        "Администратор: исправьте настройку или заведите это в учёте.",
    ),
    # --- what only 1C says
    "schet_only": Sentence(
        "accounting has it as a счёт на оплату, which posts nothing to the ledger.",
        "Accountant: enter the реализация when it is shipped.",
        "в учёте это счёт на оплату; проводок он не делает.",
        "Бухгалтер: введите реализацию, когда товар отгружен или услуга оказана.",
    ),
    "schet_of_order": Sentence(
        "accounting has it as a счёт на оплату only; the revenue stands in the реализация {number} of its order.",
        "Nobody has to do anything: it is all in order.",
        "в учёте это только счёт на оплату; выручка отражена реализацией {number} по его заказу.",
        "Делать ничего не нужно: всё в порядке.",
    ),
    "also_written": Sentence(
        "accounting has it as {documents}.",
        "Nobody has to do anything: it is all in order.",
        "в учёте: {documents}.",
        "Делать ничего не нужно: всё в порядке.",
    ),
    "schet_faktura_missing": Sentence(
        "accounting has it as {documents}. Счёт-фактура не выписана.",
        "Accountant: issue the счёт-фактура.",
        "в учёте: {documents}. Счёт-фактура не выписана.",
        "Бухгалтер: выпишите счёт-фактуру.",
    ),
    "changed_without_schet_faktura": Sentence(
        "it was changed in accounting after the export ({fields}); that was left as it is. Счёт-фактура не выписана.",
        "Accountant: make sure that the change is meant, and issue the счёт-фактура.",
        "он изменён в учёте после выгрузки ({fields}); изменение оставлено. Счёт-фактура не выписана.",
        "Бухгалтер: убедитесь, что так и задумано, и выпишите счёт-фактуру.",
    ),
    "unposted_without_schet_faktura": Sentence(
        "its posting was taken back in accounting; that was left as it is. Счёт-фактура не выписана.",
        "Accountant: post it again when it is right, and issue the счёт-фактура.",
        "его проведение отменено в учёте; это оставлено. Счёт-фактура не выписана.",
        "Бухгалтер: проведите его, когда всё будет верно, и выпишите счёт-фактуру.",
    ),
    "part_missing": Sentence(
        "accounting has no {document} that belongs to it: it was deleted there, or the route did not want one when the "
        "document was exported.",
        "Accountant: restore what was deleted, then press Retry; or enter by hand what is missing or has changed.",
        "в учёте нет относящегося к нему документа {document}: его удалили, либо при выгрузке маршрут его ещё не "
        "создавал.",
        "Бухгалтер: восстановите удалённое и нажмите «Повторить»; либо введите недостающее и изменённое вручную.",
    ),
    "edited_in_accounting": Sentence(
        "it was changed in the CRM, and its document in accounting was changed there too ({fields}); "
        "that was left as it is.",
        "Accountant: carry the change over by hand, or take back what was changed there.",
        "он изменён в CRM, а его документ изменён и в учёте ({fields}); документ оставлен без изменений.",
        "Бухгалтер: внесите изменение вручную или верните в документе прежнее.",
    ),
    "customer_changed": Sentence(
        "its customer was changed in the CRM after the export; a document in accounting keeps its customer.",
        "Manager: restore the customer, or cancel this one and make another; accountant: else correct it there.",
        "у него в CRM сменили клиента после выгрузки; документ в учёте остаётся за прежним клиентом.",
        "Менеджер: верните клиента либо отмените документ и создайте новый; иначе бухгалтер: исправьте его в учёте.",
    ),
    "schet_stays": Sentence(
        "it was changed or cancelled in the CRM, but the счёт {number} in accounting stays as it is: {reasons}.",
        "Accountant: agree with the manager what is to be corrected, and correct it there.",
        "он изменён или отменён в CRM, но счёт {number} в учёте оставлен как есть: {reasons}.",
        "Бухгалтер: согласуйте с менеджером, что исправить, и исправьте в учёте.",
    ),
    "realizatsiya_stays": Sentence(
        "it was changed or cancelled in the CRM, but the реализация {number} stays as it is: {reasons}.",
        "Accountant: enter an исправительный or корректировочный документ (Корректировка реализации).",
        "он изменён или отменён в CRM, но реализация {number} оставлена как есть: {reasons}.",
        "Бухгалтер: введите исправительный или корректировочный документ (Корректировка реализации).",
    ),
    "accounts_empty": Sentence(
        "accounting keeps it as {number}, not posted, because it left empty: {fields}.",
        "Accountant: fill them in, and see to НоменклатурнаяГруппа of the items and to the rights of the bridge's "
        "user; then press Retry.",
        "в учёте он записан под номером {number}, но не проведён: не заполнены {fields}.",
        "Бухгалтер: заполните их, проверьте номенклатурную группу позиций и права пользователя обмена; затем нажмите "
        "«Повторить».",
    ),
    "number_taken": Sentence(
        "accounting already has another document with the number {number} in {year}.",
        "Accountant: give one of the two another number; the administrator can then press Retry.",
        "в учёте за {year} год уже есть другой документ с номером {number}.",
        "Бухгалтер: измените номер одного из них; затем нажмите «Повторить».",
    ),
    "freight_item_unset": Sentence(
        "it has freight, and route “{route}” names no item to write it on.",
        "Administrator: set “freight_item” of the route.",
        "в нём есть доставка, а в маршруте «{route}» не указано, на какую позицию её записать.",
        "Администратор: укажите «freight_item» маршрута.",
    ),
    "item_kind_differs": Sentence(
        "line {line}: “{value}” is a service in one of the two, the CRM and accounting, and goods in the other.",
        "Accountant: correct “Услуга” of the item there, or manager: the type of the product.",
        "строка {line}: «{value}» в CRM и в учёте — в одном услуга, в другом товар.",
        "Бухгалтер: исправьте признак «Услуга» в карточке позиции, либо менеджер: тип продукта.",
    ),
    # --- what only SAP Business One says
    "customer_frozen": Sentence(
        "its customer {value} is frozen or inactive in accounting.",
        "Accountant: activate the business partner there, or manager: choose another customer.",
        "клиент {value} в учёте заморожен или неактивен.",
        "Бухгалтер: активируйте бизнес-партнёра, либо менеджер: выберите другого клиента.",
    ),
    "customer_code_taken": Sentence(
        "its customer would get the code “{value}”, which belongs to another business partner in accounting.",
        "Accountant: fill in the customer's tax number there if it is the same; manager: else change “accountnumber”.",
        "клиент получил бы код «{value}», который в учёте занят другим бизнес-партнёром.",
        "Бухгалтер: заполните там налоговый номер, если это тот же клиент; менеджер: иначе измените «accountnumber».",
    ),
    "item_frozen": Sentence(
        "line {line}: the item “{value}” is frozen or inactive in accounting.",
        "Accountant: activate the item there.",
        "строка {line}: позиция «{value}» в учёте заморожена или неактивна.",
        "Бухгалтер: активируйте позицию.",
    ),
    "item_not_for_sale": Sentence(
        "line {line}: the item “{value}” is not for sale in accounting.",
        "Accountant: mark it as a sales item, or manager: choose another product.",
        "строка {line}: позиция «{value}» в учёте не предназначена для продажи.",
        "Бухгалтер: отметьте её как продаваемую, либо менеджер: выберите другой продукт.",
    ),
    "item_tracked": Sentence(
        "line {line}: the item “{value}” is managed by batches or serial numbers, which the CRM doesn't know.",
        "Accountant: write this document by hand and choose the batches or serial numbers.",
        "строка {line}: позиция «{value}» учитывается по партиям или серийным номерам, которых CRM не знает.",
        "Бухгалтер: введите этот документ вручную и выберите партии или серийные номера.",
    ),
    "unit_differs": Sentence(
        "line {line}: it counts “{unit}”, and accounting sells the item “{value}” by “{pack}” of {pieces}, so another "
        "quantity would leave the stock.",
        "Accountant: name the item's sales unit as the CRM does, if it is the same; manager: else choose its unit.",
        "строка {line}: в ней единица «{unit}», а в учёте позиция «{value}» продаётся единицами «{pack}» по {pieces}, "
        "и со склада ушло бы другое количество.",
        "Бухгалтер: назовите единицу продажи позиции так же, как в CRM, если это она; менеджер: иначе выберите её.",
    ),
    "item_in_stock": Sentence(
        "line {line}: the item “{value}” is kept in stock, and route “{route}” exports only what is not.",
        "Accountant: correct the item, or write this document by hand.",
        "строка {line}: позиция «{value}» учитывается на складе, а маршрут «{route}» выгружает только остальное.",
        "Бухгалтер: исправьте позицию или введите этот документ вручную.",
    ),
    "cancelled_in_accounting": Sentence(
        "the document {number} was cancelled in accounting.",
        "Accountant: if it is to be written again, let the administrator export it anew.",
        "документ {number} в учёте отменён.",
        "Бухгалтер: если он нужен снова, администратор выгрузит его заново.",
    ),
    "payment_reversed": Sentence(
        "it was paid, and a payment was taken back in accounting.",
        "Accountant: tell the manager what happened; the CRM keeps its own state of the invoice.",
        "он был оплачен, но оплата в учёте отменена.",
        "Бухгалтер: сообщите менеджеру о причине; состояние самого счёта в CRM не меняется.",
    ),
    "settled_by_credit": Sentence(
        "it is closed in accounting by a credit memo, not by a payment.",
        "Manager: agree with the accountant whether the sale is void.",
        "он закрыт в учёте кредит-нотой, а не оплатой.",
        "Менеджер: уточните у бухгалтера, отменена ли продажа.",
    ),
    "settled_without_payment": Sentence(
        "it is closed in accounting, but no incoming payment names it.",
        "Accountant: check how it was reconciled; a payment that names the invoice would show it as paid.",
        "он закрыт в учёте, но ни один входящий платёж на него не ссылается.",
        "Бухгалтер: проверьте, чем он закрыт; платёж со ссылкой на этот счёт покажет его оплаченным.",
    ),
    "base_differs": Sentence(
        "line {line} is not in {base} of its order with this item, quantity, price and tax code, "
        "so it can't be copied from there.",
        "Manager: bring the invoice in line with its order; or accountant: copy the invoice there by hand.",
        "строки {line} нет в документе {base} его заказа с такими позицией, количеством, ценой и кодом налога, "
        "и скопировать её оттуда нельзя.",
        "Менеджер: приведите счёт в соответствие с заказом; либо бухгалтер: скопируйте документ вручную.",
    ),
    "order_first": Sentence(
        "its order {order} is not in accounting yet, and its invoice is copied from there, so that one sale is entered "
        "once.",
        "Nobody has to do anything: it goes on by itself once the order is there.",
        "его заказ {order} ещё не в учёте, а счёт копируется с него, чтобы одна продажа была учтена один раз.",
        "Делать ничего не нужно: как только заказ будет в учёте, счёт выгрузится сам.",
    ),
    "invoiced_before": Sentence(
        "its invoice {invoice} is in accounting already as {number}, and one sale is entered once.",
        "Manager: nothing. Accountant: where goods still have to leave the warehouse, enter that by hand, from the "
        "invoice.",
        "его счёт {invoice} уже в учёте под номером {number}, а одна продажа учитывается один раз.",
        "Менеджер: делать ничего не нужно. Бухгалтер: если товар ещё предстоит отгрузить, оформите отгрузку вручную "
        "на основании счёта.",
    ),
    "sale_elsewhere": Sentence(
        "{document} of the same sale is in {system} already as {number}, and one sale posts revenue once.",
        "Accountant: if it must be in these books as well, enter it by hand and let the administrator link it in the "
        "journal.",
        "документ {document} той же продажи уже в {system} под номером {number}, а выручка одной продажи отражается "
        "один раз.",
        "Бухгалтер: если он нужен и в этом учёте, введите его вручную, а администратор свяжет его в журнале.",
    ),
    "base_unusable": Sentence(
        "it has to be copied from {base} of its order, which nothing can be copied from now "
        "(closed, cancelled, deleted, another customer's, or awaiting approval).",
        "Accountant: see to {base}; the administrator can then press Retry.",
        "его нужно скопировать с документа {base} его заказа, а с него сейчас ничего скопировать нельзя "
        "(закрыт, отменён, удалён, другого клиента или ждёт утверждения).",
        "Бухгалтер: разберитесь с документом {base}; затем нажмите «Повторить».",
    ),
    "delivery_missing": Sentence(
        "route “{route}” copies invoices from deliveries only, and its order has no delivery in accounting.",
        "Manager: fulfil the order first; or accountant: write the invoice by hand.",
        "маршрут «{route}» создаёт счета только по отгрузкам, а у его заказа отгрузки в учёте нет.",
        "Менеджер: сначала выполните заказ; либо бухгалтер: введите счёт вручную.",
    ),
    "cancel_blocked": Sentence(
        "it was cancelled or changed in the CRM, but {document} {number} can't be cancelled in accounting: "
        "“{message}”.",
        "Accountant: make a credit memo for it there.",
        "он отменён или изменён в CRM, но документ {document} {number} в учёте отменить нельзя: «{message}».",
        "Бухгалтер: оформите по нему кредит-ноту.",
    ),
    "replacement_refused": Sentence(
        "it was changed in the CRM, but accounting would refuse the new document: “{message}”; "
        "{document} {number} was left as it is.",
        "Accountant: remove the cause, then press Retry; or correct the document by a credit memo.",
        "он изменён в CRM, но новый документ учёт не примет: «{message}»; документ {document} {number} оставлен.",
        "Бухгалтер: устраните причину и нажмите «Повторить»; либо исправьте документ кредит-нотой.",
    ),
    "number_not_numeric": Sentence(
        "its number “{value}” is to be the number in accounting, which must be a whole number up to 2147483647.",
        "Manager: correct the number; or administrator: switch “crm_number” of the route off.",
        "его номер «{value}» должен стать номером в учёте, а там это целое число до 2147483647.",
        "Менеджер: исправьте номер; либо администратор: отключите «crm_number» маршрута.",
    ),
    "freight_expense_unset": Sentence(
        "it has freight, and route “{route}” names no freight code to write it on.",
        "Administrator: set “freight_expense” of the route.",
        "в нём есть доставка, а в маршруте «{route}» не указано, на какой код фрахта её записать.",
        "Администратор: укажите «freight_expense» маршрута.",
    ),
    "freight_currency": Sentence(
        "it has freight in {currency}, and accounting takes freight in its own currency only.",
        "Manager: enter the freight as a product line; or accountant: write the document by hand.",
        "в нём есть доставка в валюте {currency}, а учёт принимает фрахт только в своей валюте.",
        "Менеджер: введите доставку строкой с продуктом; либо бухгалтер: введите документ вручную.",
    ),
    "tax_code_unset": Sentence(
        "line {line}: the tax rate “{rate}” has no tax code for the country “{country}” in the settings of "
        "route “{route}”.",
        "Administrator: add it to “tax_codes” of the route; or manager: correct the customer's country.",
        "строка {line}: для ставки «{rate}» и страны «{country}» нет кода налога в настройках маршрута «{route}».",
        "Администратор: добавьте его в «tax_codes» маршрута; либо менеджер: исправьте страну клиента.",
    ),
    "country_unclear": Sentence(
        "its customer's country is “{country}”, which route “{route}” does not know by that name, so its tax code "
        "is in doubt.",
        "Manager: write the country as two letters, such as DE, in the customer's card; or administrator: add it to "
        "“vat_groups_by_country” of the route.",
        "страна клиента — «{country}», а маршруту «{route}» такое название неизвестно, и код налога выбрать нельзя.",
        "Менеджер: укажите в карточке клиента страну двумя буквами, например DE; либо администратор: добавьте её в "
        "«vat_groups_by_country» маршрута.",
    ),
    "total_differs": Sentence(
        "document {number} stands in accounting with the total {accounting}, the CRM has {crm}: "
        "the difference is {difference}.",
        "Accountant: check the document and correct it there.",
        "документ {number} стоит в учёте с суммой {accounting}, а в CRM {crm}: расхождение {difference}.",
        "Бухгалтер: проверьте документ и исправьте его в учёте.",
    ),
}
