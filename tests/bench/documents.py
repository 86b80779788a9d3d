"""The invoices that are measured with: of both sample companies in turns, of many customers, of so many lines each."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import cycle

from infra.demo.company import (
    EUROPEAN,
    ISSUED_FROM,
    RUSSIAN,
    Company,
    SampleCustomer,
    SampleLine,
    SampleSale,
    inn,
    invoices,
)

DAYS = 10
"""Over how many days the documents are spread."""
CUSTOMERS = 40
"""of each company: enough for the lanes to be used alike"""


def customers() -> list[SampleCustomer]:
    """Give customers that accounting does not know yet, in turns of one company and the other."""
    made = []
    for serial in range(CUSTOMERS):
        tax_number = inn(f"60{serial:07d}")
        russian = SampleCustomer(
            RUSSIAN, "account", f"ООО «Счёт {serial}»", "", tax_number, "602701001", "Псков", "Россия"
        )
        number = f"B{serial:04d}"
        made += [
            russian,
            SampleCustomer(
                EUROPEAN, "account", f"Bench {serial} d.o.o.", number, f"SI9{serial:07d}", "", "Koper", "SI"
            ),
        ]
    return made


def sales(count: int, lines: int, prefix: str) -> list[SampleSale]:
    """Give invoices that no other prefix has; they name the customers in turns, and have no discount of the header."""
    generator = random.Random(count)  # noqa: S311 -- sample data
    drawn = [sale for sale in invoices(400) if not sale.discount]
    pools = {company.code: _lines(drawn, company) for company in (RUSSIAN, EUROPEAN)}
    turns = cycle(customers())
    made = []
    for serial in range(count):
        customer = next(turns)
        sample = next(sale for sale in drawn if sale.company == customer.company)
        made.append(
            replace(
                sample,
                number=f"{customer.company.code}-{prefix}{serial:05d}",
                customer=customer,
                currency=customer.company.currencies[0],
                dated=ISSUED_FROM + timedelta(days=serial % DAYS),
                lines=tuple(generator.choices(pools[customer.company.code], k=lines)),
            )
        )
    return made


def _lines(drawn: Iterable[SampleSale], company: Company) -> list[SampleLine]:
    return [line for sale in drawn if sale.company == company for line in sale.lines]
