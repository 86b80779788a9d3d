"""What hardly changes in a base, read once, then remembered: currencies, rates, units, what the settings name."""

from collections.abc import Mapping
from datetime import date, datetime, time
from uuid import UUID

from shared.cache import Cache
from shared.documents import Currency, Unit
from shared.errors import Parked, Refused
from shared.onec import names, odata
from shared.onec.client import OnecClient
from shared.onec.currencies import NUMERIC, ROUBLE
from shared.onec.mapping import Settlement
from shared.onec.odata import Row
from shared.refusals import refusal

REMEMBER_SECONDS = 15 * 60.0
"""How long what a base holds is taken for granted."""

COUNTRY_CODES = ("КодАльфа2", "КодАльфа3")
NO_RATE = "1980-01-01T00:00:00"
"""Period under which 1C itself enters a rate of 1 for a currency whose rates nobody has loaded."""


class Classifiers:
    """Look-ups with a cache each. Methods raise Refused where the base lacks something, and what the client raises."""

    def __init__(self, client: OnecClient) -> None:
        self._client = client
        self._currencies: Cache[UUID] = Cache(64, REMEMBER_SECONDS)
        self._settlements: Cache[Settlement] = Cache(512, REMEMBER_SECONDS)
        self._units: Cache[UUID] = Cache(512, REMEMBER_SECONDS)
        self._present: Cache[bool] = Cache(256, REMEMBER_SECONDS)

    async def require(self, route: str, wanted: Mapping[str, tuple[str, UUID]]) -> None:
        """Check that what the settings name stands in the base, unmarked. Refused: setup_missing.

        ``wanted``: the setting's name → the entity and the key.
        """
        for setting, (entity, key) in wanted.items():
            place = odata.instance(entity, key)
            if self._present.get(place):
                continue
            row = await self._client.find(entity, key, select=("Ref_Key", "DeletionMark"))
            if row is None or row.get("DeletionMark") is not False:
                raise Refused(refusal("setup_missing", route=route, what=f"onec.{setting} = {entity}({key})"))
            self._present.put(place, value=True)

    async def settlement(self, currency: Currency, day: date) -> Settlement:
        """Give a currency of the base and its rate on a day.

        Refused: currency_unknown. Parked: exchange_rate_missing.
        """
        code = currency.code
        key = self._currencies.get(code)
        if key is None:
            key = await self._currency(code)
            self._currencies.put(code, key)
        if code == ROUBLE:
            return Settlement(key)
        place = f"{code} {day}"
        settlement = self._settlements.get(place)
        if settlement is None:
            settlement = await self._settlement(code, key, day)
            self._settlements.put(place, settlement)
        return settlement

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

    async def _settlement(self, code: str, currency: UUID, day: date) -> Settlement:
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
            raise Parked(refusal("exchange_rate_missing", value=code, date=day))
        return Settlement(currency, rate, int(multiplicity))

    async def country(self, name: str) -> UUID | None:
        """Find a country by its name or its letters; None where the base has none, or several, that are called so."""
        value = odata.text(name)
        called = " or ".join(f"{column} eq {value}" for column in ("Description", "НаименованиеПолное", *COUNTRY_CODES))
        found = await self._client.rows(
            names.COUNTRIES, select=("Ref_Key",), where=f"DeletionMark eq false and ({called})", top=2
        )
        return odata.reference(found[0]) if len(found) == 1 else None

    async def unit(self, unit: Unit | None, line: int) -> UUID:
        """Give the unit of a line: by its ОКЕИ code, else by its name. Refused: value_missing, unit_unknown."""
        if unit is None or not (unit.okei or unit.name):
            raise Refused(refusal("value_missing", line=line, field="uomid"))
        column, value = ("Code", unit.okei) if unit.okei else ("Description", unit.name)
        key = self._units.get(f"{column} {value}")
        if key is None:
            key = await self._unit(column, value, line)
            self._units.put(f"{column} {value}", key)
        return key

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
