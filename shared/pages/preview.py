"""The page of one document's dry run."""

from decimal import Decimal
from urllib.parse import quote

from shared import jsontext
from shared.documents import Sale
from shared.files.asking import KINDS
from shared.pages.html import Address, Markup, joined, link, markup, number_link, page, table
from shared.pages.words import word
from shared.refusals import Language
from shared.rehearsal.calls import Call, Field
from shared.rehearsal.rehearse import Rehearsed
from shared.routes import NAMES
from shared.state_words import state_word

_TONES = {"refused": "bad", "unknown": "bad", "waits": "note", "created": "good", "by_file": "good", "changed": "note"}
_MARKS = {"created": "good", "changed": "note", "same": ""}


def record_address(dataverse_url: str, table_name: str, record: object) -> str:
    """Give the address of a record's form in the CRM."""
    etn, identity = quote(table_name, safe=""), quote(str(record), safe="")
    return f"{dataverse_url}/main.aspx?pagetype=entityrecord&etn={etn}&id={identity}"


def preview_page(
    seen: Rehearsed, language: Language, dataverse_url: str, address: Address, in_accounting: str | None = None
) -> str:
    """Show what an export would do."""
    title = f"{word(language, 'preview')}: {seen.record}"
    why = "" if seen.verdict == "nothing" else seen.why
    body = joined(
        [
            markup("<h1>{title}</h1>", title=title),
            markup(
                "<nav>{crm}{back}</nav><p>{nothing}</p>",
                crm=link(record_address(dataverse_url, seen.table, seen.id), word(language, "open_crm")),
                back=link(address("operations"), word(language, "operations")),
                nothing=word(language, "nothing_written"),
            ),
            markup(
                "<h2>{heading}</h2><p class='mark {tone}'>{verdict}</p>{why}<p>{route}: {name}</p>{state}{number}",
                heading=word(language, "verdict"),
                tone=_TONES.get(seen.verdict, ""),
                verdict=word(language, f"verdict_{seen.verdict}", why=seen.why),
                why=markup("<blockquote>{why}</blockquote>", why=why) if why else "",
                route=word(language, "route"),
                name=f"{seen.route} → {NAMES[seen.target]}" if seen.target else word(language, "no_route"),
                state=_state(seen, language),
                number=_number(seen, language, in_accounting),
            ),
            _amounts(seen.sale, language),
            _parts(seen, language, address) if seen.verdict == "by_file" else _calls(seen.calls, language),
            markup(
                "<h2>{heading}</h2><details><summary>JSON</summary><pre><code>{row}</code></pre></details>",
                heading=word(language, "rows"),
                row=jsontext.dumps(seen.row),
            ),
        ]
    )
    return page(language, title, body)


def _state(seen: Rehearsed, language: Language) -> Markup:
    if seen.state is None:
        return Markup()
    return markup("<p>{name}: {state}</p>", name=word(language, "state_now"), state=state_word(language, seen.state))


def _number(seen: Rehearsed, language: Language, in_accounting: str | None) -> Markup:
    journal = seen.outcome.number if seen.outcome and seen.verdict != "created" else ""
    shown = number_link(journal, in_accounting)
    return markup("<p>{name}: {number}</p>", name=word(language, "number_now"), number=shown) if journal else Markup()


def _amounts(sale: Sale | None, language: Language) -> Markup:
    if sale is None:
        return Markup()
    names = [word(language, name) for name in ("line", "item", "quantity", "net", "rate", "tax", "total")]
    rows: list[list[object]] = [
        [
            number,
            line.product.name if line.product else line.description,
            _amount(line.quantity),
            _amount(line.net),
            word(language, "without_vat") if line.rate is None else f"{_amount(line.rate)} %",
            _amount(line.tax),
            _amount(line.net + line.tax),
        ]
        for number, line in enumerate(sale.lines, 1)
    ]
    net = sum((line.net for line in sale.lines), Decimal(0))
    total = f"{_amount(sale.total)} {sale.currency.code}"
    rows.append(["", word(language, "total"), "", _amount(net), "", _amount(sale.tax), total])
    return markup("<h2>{heading}</h2>{table}", heading=word(language, "lines"), table=table(names, rows))


def _calls(calls: tuple[Call, ...], language: Language) -> Markup:
    shown = joined(_call(call, language) for call in calls)
    none = markup("<p>{none}</p>", none=word(language, "no_calls"))
    return markup("<h2>{heading}</h2>{calls}", heading=word(language, "calls"), calls=shown or none)


def _call(call: Call, language: Language) -> Markup:
    names = [word(language, name) for name in ("field", "value", "held", "mark")]
    rows = [[field.name, field.value, field.held, _mark(field, language)] for field in call.fields]
    return markup(
        "<details open><summary><code>{method} {address}</code></summary>{fields}</details>",
        method=call.method,
        address=call.address,
        fields=table(names, rows, "cards fields") if rows else "",
    )


def _parts(seen: Rehearsed, language: Language, address: Address) -> Markup:
    names = [word(language, name) for name in ("field", "value")]
    shown = joined(
        markup(
            "<details open><summary><code>{file}: {record}</code></summary>{fields}</details>",
            file=part.file,
            record=part.record,
            fields=table(names, part.fields, "cards fields"),
        )
        for part in seen.parts
    )
    return markup(
        "<h2>{heading}</h2><p>{take}</p>{shown}",
        heading=word(language, "parts"),
        take=_day_file(seen, language, address),
        shown=shown,
    )


def _day_file(seen: Rehearsed, language: Language, address: Address) -> Markup:
    if seen.sale is None:
        return Markup()
    kind = next(kind for kind, table_of in KINDS.items() if table_of.name == seen.table)
    day = str(seen.sale.document_date)
    where = address(f"files/{kind}", {"from": day, "to": day, "entity": seen.route or ""})
    return link(where, word(language, "day_file"))


def _mark(field: Field, language: Language) -> Markup:
    tone = _MARKS[field.mark]
    return markup("<span class='mark {tone}'>{mark}</span>", tone=tone, mark=word(language, f"mark_{field.mark}"))


def _amount(value: Decimal) -> str:
    """Write an amount without the zeros that only Dataverse's ten decimals brought."""
    plain = value.normalize()
    return format(plain.quantize(Decimal("0.01")) if plain == plain.quantize(Decimal("0.01")) else plain, "f")
