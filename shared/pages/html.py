"""HTML without a template engine: every value is escaped unless it is markup of ours."""

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping
from typing import Protocol

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --bad: #c62828; --good: #2e7d32; --note: #b26a00 }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
h3 { font-size: 1rem; margin: 1rem 0 .25rem }
nav a { margin-right: 1rem }
a:focus-visible, button:focus-visible, summary:focus-visible { outline: 3px solid; outline-offset: 2px }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top }
td { overflow-wrap: break-word } .fields td { overflow-wrap: anywhere }
th { font-weight: 600 } .number { font-variant-numeric: tabular-nums; text-align: right }
.bad { color: var(--bad) } .good { color: var(--good) } .note { color: var(--note) }
.mark { font-weight: 600 } td .mark { white-space: nowrap }
blockquote { background: var(--soft); border-left: .3rem solid var(--line); margin: .5rem 0; padding: .5rem .8rem }
details { margin: .5rem 0 } summary { cursor: pointer } code { overflow-wrap: anywhere }
form { display: inline } button, input { font: inherit; padding: .2rem .7rem } .field { margin-right: .7rem }
@media (min-width: 40rem) { .fields td:first-child { min-width: 18rem } }
@media (max-width: 40rem) {
  .cards thead { position: absolute; left: -200vw }
  .cards, .cards tbody { display: block }
  .cards tr { border-bottom: 1px solid var(--line); display: block; padding: .5rem 0 }
  .cards td { border: 0; display: block; padding: .1rem 0; text-align: left }
  .cards td::before { content: attr(data-name) ": "; font-weight: 600 } .cards td:empty { display: none }
}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Of every page: no script runs, whatever a name in the CRM says; the address, which may hold a key, goes nowhere."""


class Address(Protocol):
    """Gives the addresses of our own functions, for whoever opened a page."""

    def __call__(self, name: str, query: Mapping[str, str] | None = None) -> str:
        """Give the address of a function by its route, such as ``preview/invoice/…``."""
        ...


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def markup(template: str, **values: object) -> Markup:
    """Fill a template of ours; every value that is no Markup is escaped."""
    return Markup(template.format(**{name: escaped(value) for name, value in values.items()}))


def escaped(value: object) -> Markup:
    """Make text safe, inside an element or a quoted attribute."""
    return value if isinstance(value, Markup) else Markup(html.escape("" if value is None else str(value)))


def joined(parts: Iterable[Markup]) -> Markup:
    """Put pieces one after the other."""
    return Markup("".join(parts))


def page(language: str, title: str, body: Markup) -> str:
    """Give a whole document."""
    return markup(
        '<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        "<style>{style}</style></head><body>{body}</body></html>",
        language=language,
        title=title,
        style=Markup(STYLE),
        body=body,
    )


def table(names: Iterable[str], rows: Iterable[Iterable[object]], kind: str = "cards") -> Markup:
    """Give a table; on a phone each row of ``cards`` becomes a block whose cells are named."""
    headings = list(names)
    head = joined(markup("<th scope='col'>{name}</th>", name=name) for name in headings)
    lines = joined(
        markup(
            "<tr>{cells}</tr>",
            cells=joined(
                markup("<td data-name='{name}'>{cell}</td>", name=name, cell=cell)
                for name, cell in zip(headings, row, strict=True)
            ),
        )
        for row in rows
    )
    return markup(
        "<div class='scroll'><table class='{kind}'><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>",
        kind=kind,
        head=head,
        lines=lines,
    )


def number_link(number: str, address: str | None) -> Markup:
    """Show a document's number, as a link where its address is one; the CRM's column may hold anything."""
    return link(address, number) if number and address and address.startswith("https://") else escaped(number)


def link(address: str, text: str) -> Markup:
    """Give a link."""
    return markup("<a href='{address}'>{text}</a>", address=address, text=text)
