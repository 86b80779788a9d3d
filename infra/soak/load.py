"""What people do in the CRM meanwhile: documents are issued and changed, one after the other, as fast as told."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import count

from infra.demo.company import ISSUED_FROM, SampleLine, SampleSale, invoices, orders
from infra.demo.crm import Crm
from shared.errors import Unavailable
from shared.money import rounded

CENT = Decimal("0.01")
DAYS = 60
"""Over how many days the documents are spread: the books are open for them."""


def documents(choice: random.Random) -> Iterator[SampleSale]:
    """Give ever new documents without a discount of the header, so that a line can be changed by itself."""
    for serial in count(1):
        draw = orders if serial % 3 == 0 else invoices
        drawn = draw(2, choice.randint(0, 10**6))[serial % 2]
        yield replace(
            drawn,
            number=f"{drawn.company.code}-S{serial:06d}",
            dated=ISSUED_FROM + timedelta(days=serial % DAYS),
            lines=drawn.lines[:6],
        )


class Load:
    """Issues documents and changes some that were issued before; people try again while Dataverse is away."""

    def __init__(self, crm: Crm, choice: random.Random, a_second: float) -> None:
        """``a_second`` is how many documents are issued."""
        self._crm = crm
        crm.repeats = True
        self._choice = choice
        self._pause = 1 / a_second
        self.issued: list[SampleSale] = []
        self.changes = 0

    async def run(self) -> None:
        """Go on until cancelled."""
        for document in documents(self._choice):
            await self._until_done(partial(self._crm.enter, [document]))
            await self._until_done(partial(self._crm.issue, [document]))
            self.issued.append(document)
            if self._choice.random() < 0.15:
                await self._change(self._choice.choice(self.issued))
            await asyncio.sleep(self._pause)

    async def _change(self, document: SampleSale) -> None:
        line = document.lines[0]
        quantity = Decimal(self._choice.randint(13, 40))
        changes = {"quantity": quantity, "tax": _tax(line, quantity)}
        await self._until_done(partial(self._crm.correct_line, document, 1, changes))
        self.changes += 1

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something in the CRM, again and again while it is away."""
        while True:
            try:
                await work()
            except Unavailable:
                await asyncio.sleep(self._pause)
            else:
                return


def _tax(line: SampleLine, quantity: Decimal) -> Decimal:
    net = quantity * line.price - line.discount
    return Decimal(0) if line.rate == "none" else rounded(net * Decimal(line.rate) / 100, CENT)
