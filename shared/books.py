"""What a company must name and decide for its accounting system: the parts ``onec`` and ``sapb1`` of a route.

A decision that an accountant must take has no default: the company decides, the product never guesses.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.rates import RateName

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Setting(BaseModel):
    """Base of everything inside ROUTES: closed, immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


NOT_NAMED = UUID(int=0)
"""In the place of a Ref_Key that a route does not name."""
AUTOMATIC_ONLY = ("bank_account", "goods_kind", "services_kind", "item_group", "country")
"""Fields of 1C that every automatic route must name; a file does not refer to them."""

SchetFaktura = Literal["create", "accountant", "not_required"]
"""Who makes the счёт-фактура of a реализация: the bridge, the accountant (the journal reminds), or nobody has to"""


class OnecFile(Setting):
    """What a file for 1С:Бухгалтерия says beside the keys, exactly as the base says it: loading replaces it there."""

    organization_name: Text
    """Наименование of the organisation"""
    organization_inn: Annotated[str, StringConstraints(pattern=r"^(\d{10}|\d{12})$")]
    organization_kpp: Annotated[str, StringConstraints(pattern=r"^(\d{4}[\dA-Z]{2}\d{3})?$")] = ""
    """empty for a sole trader"""
    write_in_item_name: Text
    """Наименование of ``write_in_item``"""
    freight_item_name: Text | None = None
    """Наименование of ``freight_item``, where that is named"""
    warehouse_name: Text | None = None
    """Наименование of ``warehouse``, where that is named"""


class OnecBooks(Setting):
    """What a company must name in 1С:Бухгалтерия; each UUID is a Ref_Key."""

    organization: UUID
    """Catalog_Организации"""
    file: OnecFile | None = None
    """required for the ways by hand (1A, 1B)"""
    bank_account: UUID = NOT_NAMED
    """Catalog_БанковскиеСчета: the account that customers pay to"""
    goods_kind: UUID = NOT_NAMED
    """Catalog_ВидыНоменклатуры for goods that we create"""
    services_kind: UUID = NOT_NAMED
    """Catalog_ВидыНоменклатуры for services that we create"""
    item_group: UUID = NOT_NAMED
    """Catalog_НоменклатурныеГруппы for items that we create"""
    write_in_item: UUID
    """Catalog_Номенклатура: the service that write-in lines are written on"""
    country: UUID = NOT_NAMED
    """Catalog_СтраныМира: СтранаРегистрации of counterparties that we create"""
    warehouse: UUID | None = None
    """Catalog_Склады; required where a реализация ships goods"""
    freight_item: UUID | None = None
    """Catalog_Номенклатура: the service that freight is written on"""
    realizatsiya: bool = False
    """2B: an issued invoice also gives a РеализацияТоваровУслуг, which posts revenue (2A always writes one)"""
    schet_faktura: SchetFaktura | None = None
    """required where a реализация is written"""
    upd: bool = False
    """реализация: ЭтоУниверсальныйДокумент"""
    rewrite_schet: bool = True
    """an unpaid счёт that nothing was shipped against is rewritten when the CRM changes"""
    rewrite_realizatsiya: bool = False
    """a реализация is rewritten or cancelled when the CRM changes; off: refused, the accountant corrects"""
    vat_closed_until: date | None = None
    """no реализация dated on or before this day is rewritten or cancelled"""
    due_dates: bool = False
    """the due date of a счёт is written to СрокиОплатыДокументов: one call more for each; by hand, to ЭтапыОплаты from
    version 1.20 of EnterpriseData on"""
    email_kind: UUID | None = None
    """Catalog_ВидыКонтактнойИнформации: the counterparty's e-mail; without it none is written, as with the next two"""
    phone_kind: UUID | None = None
    address_kind: UUID | None = None


class DtwColumn(Setting):
    """One column of a file for Data Transfer Workbench."""

    name: Text
    """the DI API property: the first heading row"""
    title: str = ""
    """the second heading row, for people; the name where it is empty"""
    source: Text | None = Field(default=None, alias="from")
    """the property that the automatic way would write, where it is called otherwise"""
    constant: str | None = None
    """what stands in every row, instead"""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.source is not None and self.constant is not None:
            raise ValueError("needs not both from and constant")
        return self


DtwFile = Literal["documents", "lines", "expenses", "partners", "addresses", "items"]
DtwEncoding = Literal["utf-8-sig", "utf-8", "utf-16"]


class Sapb1File(Setting):
    """What the files for Data Transfer Workbench need, which the automatic way asks Service Layer for."""

    local_currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    amount_decimals: int = Field(ge=0, le=6)
    """decimals of amounts, as in General Settings; the next two likewise"""
    price_decimals: int = Field(ge=0, le=6)
    quantity_decimals: int = Field(ge=0, le=6)
    tax_by_group: bool
    """the company rounds its tax once a VAT group, not once a line"""
    encoding: DtwEncoding = "utf-8-sig"
    """of the files: UTF-8 with or without its byte order mark, or UTF-16"""
    columns: dict[DtwFile, tuple[DtwColumn, ...]] = Field(default_factory=dict)
    """file → its columns, in the place of those that ``shared/files/dtw_columns.py`` names"""


Stock = Literal["invoice_issues", "reserve_invoice", "from_delivery", "non_inventory_only"]


class Sapb1Books(Setting):
    """What a company must name in SAP Business One."""

    stock: Stock
    """what an A/R invoice does to stock: issues it, reserves it, was issued by its delivery, or has no stock items"""
    warehouse: Text
    file: Sapb1File | None = None
    """required for the ways by hand (1A, 1B)"""
    vat_groups: dict[RateName, Text] = Field(default_factory=dict)
    """tax rate (percent, or ``none``) → VatGroup"""
    vat_groups_by_country: dict[Text, dict[RateName, Text]] = Field(default_factory=dict)
    """country of the customer → tax rate → VatGroup, where it is another one than in ``vat_groups`` (EU, export).

    A country is written as the CRM has it, two letters or a name; ``{}`` stands for one that has no other groups.
    """
    tax_codes: dict[Text, dict[RateName, Text]] = Field(default_factory=dict)
    """for sales-tax localizations: country of the customer (``*``: any other) → tax rate → TaxCode"""
    write_in_item: Text | None = None
    """ItemCode that write-in lines are written on"""
    write_in_account: Text | None = None
    """AccountCode: a document whose lines are all write-ins becomes a service document on this account"""
    items_group: int
    """ItemsGroupCode of items that we create"""
    customers_group: int | None = None
    series: int | None = None
    """of the A/R invoice"""
    base_series: int | None = None
    """of the delivery or order that a fulfilled order becomes"""
    branch: int | None = None
    """BPL_IDAssignedToInvoice"""
    payment_terms: int | None = None
    """PaymentGroupCode"""
    cost_center: Text | None = None
    """CostingCode"""
    sales_person: int | None = None
    ship_to: Text | None = None
    """ShipToCode: the name of the address that every customer has for it; without it each one's default"""
    pay_to: Text | None = None
    """PayToCode, likewise"""
    freight_expense: int | None = None
    """ExpenseCode that freight is written on"""
    services_document: Literal["delivery", "order"] | None = None
    """2A: what a fulfilled order becomes; required there"""
    cancel: bool = False
    """a cancelled document is cancelled in SAP; off: refused, the accountant makes a credit memo"""
    recreate: bool = False
    """a changed document is cancelled in SAP and created anew; off: refused"""
    cancellation_date: Literal["document", "today"] | None = None
    """the date of a cancellation; required with cancel or recreate"""
    tolerance: Decimal = Field(default=Decimal(0), ge=0, le=1)
    """how much SAP's total may differ from the CRM's"""
