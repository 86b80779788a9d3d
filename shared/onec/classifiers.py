"""What hardly changes in a base, read once, then remembered: currencies, rates, units, what the settings name."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from shared.documents import Currency, Unit
from shared.errors import Refused
from shared.onec import names, odata
from shared.onec.cache import Cache
from shared.onec.client import OnecClient
from shared.onec.currencies import NUMERIC, ROUBLE
from shared.onec.mapping import Settlement
from shared.onec.odata import Row
from shared.refusals import refusal

NO_RATE = "1980-01-01T00:00:00"
"""Period under which 1C itself enters a rate of 1 for a currency whose rates nobody has loaded."""


class Classifiers:
    """Look-ups with a cache each. Methods raise Refused where the base lacks something, and what the client raises."""

    def __init__(self, client: OnecClient) -> None:
        self._client = client
        self._currencies: Cache[str, UUID] = Cache(64)
        self._rates: Cache[tuple[str, date], tuple[Decimal, int]] = Cache(512)
        self._units: Cache[tuple[str, str], UUID] = Cache(512)
        self._present: Cache[tuple[str, UUID], bool] = Cache(256)

    async def require(self, route: str, wanted: Mapping[str, tuple[str, UUID]]) -> None:
        """Check that what the settings name stands in the base, unmarked. Refused: setup_missing.

        ``wanted``: the setting's name → the entity and the key.
        """
        for setting, (entity, key) in wanted.items():
            if self._present.get((entity, key)):
                continue
            row = await self._client.find(entity, key, select=("Ref_Key", "DeletionMark"))
            if row is None or row.get("DeletionMark") is not False:
                raise Refused(refusal("setup_missing", route=route, what=f"onec.{setting} = {entity}({key})"))
            self._present.put((entity, key), value=True)

    async def settlement(self, currency: Currency, day: date) -> Settlement:
        """Give a currency of the base and its rate on a day. Refused: currency_unknown, exchange_rate_missing."""
        key = self._currencies.get(currency.code) or self._currencies.put(
            currency.code, await self._currency(currency.code)
        )
        if currency.code == ROUBLE:
            return Settlement(key)
        place = (currency.code, day)
        rate = self._rates.get(place) or self._rates.put(place, await self._rate(currency.code, key, day))
        return Settlement(key, *rate)

    async def _currency(self, code: str) -> UUID:
        number = NUMERIC.get(code)
        by = f"Code eq {odata.text(number)}" if number else f"Description eq {odata.text(code)}"
        found = await self._client.rows(
            names.CURRENCIES,
            select=("Ref_Key", "Code", "Description"),
            where=f"DeletionMark eq false and {by}",
            top=2,
        )
        if len(found) != 1:
            raise Refused(refusal("currency_unknown", value=code))
        return odata.reference(found[0])

    async def _rate(self, code: str, currency: UUID, day: date) -> tuple[Decimal, int]:
        # 1C's own rule (SliceLast): the last rate entered up to the day holds. Banks set none on holidays.
        found = await self._client.rows(
            names.RATES,
            select=("Period", "Курс", "Кратность"),
            where=f"Валюта_Key eq {odata.guid(currency)} and Period le {odata.moment(datetime.combine(day, time.max))}",
            order_by="Period desc",
            top=1,
        )
        row: Row = found[0] if found else {}
        rate, multiplicity = odata.number(row, "Курс"), odata.number(row, "Кратность")
        if not rate or not multiplicity or row["Period"] == NO_RATE:
            raise Refused(refusal("exchange_rate_missing", value=code, date=day))
        return rate, int(multiplicity)

    async def unit(self, unit: Unit | None, line: int) -> UUID:
        """Give the unit of a line: by its ОКЕИ code, else by its name. Refused: value_missing, unit_unknown."""
        if unit is None or not (unit.okei or unit.name):
            raise Refused(refusal("value_missing", line=line, field="uomid"))
        place = ("Code", unit.okei) if unit.okei else ("Description", unit.name)
        return self._units.get(place) or self._units.put(place, await self._unit(*place, line))

    async def _unit(self, column: str, value: str, line: int) -> UUID:
        found = await self._client.rows(
            names.UNITS,
            select=("Ref_Key", column),
            where=f"DeletionMark eq false and {column} eq {odata.text(value)}",
            top=2,
        )
        if len(found) != 1:
            raise Refused(refusal("unit_unknown", line=line, value=value))
        return odata.reference(found[0])
