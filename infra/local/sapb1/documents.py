"""Marketing documents: computed, numbered, checked and posted by the company's own rules."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from infra.local.sapb1 import company
from infra.local.sapb1.amounts import Taxed, total
from infra.local.sapb1.books import amount, key_text
from infra.local.sapb1.context import Context
from infra.local.sapb1.edm import Body
from infra.local.sapb1.errors import SapError, unsupported
from infra.local.sapb1.flow import Flow
from infra.local.sapb1.keys import check_unique_keys
from infra.local.sapb1.kinds import BY_NAME, DRAFTS, INVOICES, ORDERS, DocumentKind
from infra.local.sapb1.lines import Heading, Lines
from infra.local.sapb1.writing import due_date, write_amounts

ROUNDING = {
    "rsNoRounding": None,
    "rsRoundToFiveHundredth": Decimal("0.05"),
    "rsRoundToTenHundredth": Decimal("0.1"),
    "rsRoundToOne": Decimal(1),
    "rsRoundToTen": Decimal(10),
}
"""Currencies.Rounding"""


class ApprovalPending(SapError):
    """The document became a draft that waits for approval, and Service Layer answers as if nothing were found.

    ``draft`` is what has to be stored once the failed operation has been rolled back.
    """

    def __init__(self, draft: Body) -> None:
        super().__init__(-2028, "No matching records found (ODBC -2028)")
        self.draft = draft


class Documents:
    """Creates documents and recomputes open ones."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lines = Lines(context)
        self._flow = Flow(context)

    def create(self, kind: DocumentKind, sent: Body, *, approved: bool = False) -> Body:
        """Post a document; give it as stored. SapError where the company refuses.

        ``approved``: it comes out of a draft that no approval procedure holds up any more.
        """
        document = self.compute(kind, sent)
        self._check_mandatory(document)
        if self._context.settings.approval and kind is INVOICES and not approved:
            raise ApprovalPending({**document, "AuthorizationStatus": "dasPending"})
        check_unique_keys(self._context, kind.table, document)
        self._number(kind, document)
        entry = self._context.books.next(f"entry {kind.set}")
        document["DocEntry"] = entry
        document["TransNum"] = self._context.books.next("transaction") if kind is not ORDERS else None
        for line in document["DocumentLines"]:
            line["DocEntry"] = entry
        self._flow.post(kind, document)
        self._context.books.insert(kind.set, key_text(entry), document, entry)
        return document

    def create_draft(self, sent: Body) -> Body:
        """Compute a document and keep it as a draft, which posts nothing."""
        if not sent.get("DocObjectCode"):
            raise SapError(-5002, "Enter the type of the document  [ODRF.ObjType]")
        kind = BY_NAME[sent["DocObjectCode"]]
        document = self.compute(kind, sent)
        self._check_mandatory(document)
        return self.store_draft(document)

    def store_draft(self, document: Body) -> Body:
        """Keep a computed document as a draft."""
        entry = self._context.books.next(f"entry {DRAFTS}")
        draft = {**document, "DocEntry": entry}
        kind = BY_NAME[draft["DocObjectCode"]]
        draft["Series"] = draft.get("Series") or _usual_series(kind)
        # A draft shows the number that would come next; the document gets its own when it is posted.
        series = self._context.books.get("_series", key_text(draft["Series"]))
        draft["DocNum"] = draft.get("DocNum") or (series or {}).get("NextNumber")
        for line in draft["DocumentLines"]:
            line["DocEntry"] = entry
        self._context.books.insert(DRAFTS, key_text(entry), draft, entry)
        return draft

    def compute(self, kind: DocumentKind, sent: Body) -> Body:
        """Check a document and compute it: everything but its numbers."""
        document: Body = {**sent, "DocObjectCode": kind.object_name}
        partner = self._partner(kind, document)
        self._dates(kind, document, partner)
        heading = self._heading(kind, document, partner)
        built = [
            self._lines.build(heading, line, position) for position, line in enumerate(sent.get("DocumentLines") or [])
        ]
        if not built:
            # Captured: what a document without lines is told.
            raise SapError(-5002, "Document total value must be zero or greater than zero")
        expenses = [
            self._expense(heading, one, n) for n, one in enumerate(sent.get("DocumentAdditionalExpenses") or [])
        ]
        totals = total(
            self._context.precision_of(heading.currency),
            [line.tax for line in built] + [taxed for _, taxed in expenses],
            *self._discount(sent, partner),
            step=self._rounding(heading),
        )
        if totals.total < 0:
            raise SapError(-5002, "Document total value must be zero or greater than zero")
        write_amounts(
            self._context.precision,
            document=document,
            heading=heading,
            built=built,
            expenses=expenses,
            totals=totals,
        )
        document |= {
            "HandWritten": sent.get("HandWritten") or "tNO",
            "DocumentStatus": "bost_Open",
            "Cancelled": "tNO",
            "CancelStatus": "csNo",
            "AuthorizationStatus": "dasWithout",
            "CreationDate": self._context.clock.today(),
            "DocTime": self._context.clock.time_of_day(),
        }
        self._context.stamp(document)
        return document

    def _discount(self, sent: Body, partner: Body) -> tuple[Decimal | None, Decimal | None]:
        """Give the header's discount; where it says none, the business partner's own is taken."""
        percent, value = sent.get("DiscountPercent"), sent.get("TotalDiscount")
        if percent is None and value is None:
            percent = partner.get("DiscountPercent")
        return percent, value

    def _refuse(self, kind: DocumentKind, sentence: str, column: str, code: int = -5002) -> SapError:
        return SapError(code, f"{sentence} [{kind.table}.{column}]")

    def _partner(self, kind: DocumentKind, document: Body) -> Body:
        code = document.get("CardCode")
        if not code:
            raise SapError(-2028, "Customer record not found")  # captured
        invalid = SapError(-5002, f"Invalid BP code [{kind.table}.CardCode] , '{code}'")  # captured
        partner = self._context.require("BusinessPartners", code, invalid)
        if partner["CardType"] == "cSupplier" or (partner["CardType"] == "cLid" and kind is not ORDERS):
            raise invalid
        if self._context.inactive(partner, document.get("DocDate") or self._context.clock.today()):
            raise self._refuse(kind, f"Business partner '{code}' is inactive ", "CardCode")
        for name, kind_of_address, usual in (
            ("ShipToCode", "bo_ShipTo", "ShipToDefault"),
            ("PayToCode", "bo_BillTo", "BilltoDefault"),
        ):
            addresses = {one["AddressName"] for one in partner["BPAddresses"] if one["AddressType"] == kind_of_address}
            if document.get(name) and document[name] not in addresses:
                raise self._refuse(kind, "Enter a valid address ", name)
            document[name] = document.get(name) or partner.get(usual)
        contacts = {one.get("InternalCode") for one in partner["ContactEmployees"]}
        if document.get("ContactPersonCode") is not None and document["ContactPersonCode"] not in contacts:
            raise self._refuse(kind, "Enter a valid contact person ", "CntctCode")
        document["CardName"] = document.get("CardName") or partner.get("CardName")
        document["FederalTaxID"] = document.get("FederalTaxID") or partner.get("FederalTaxID")
        return partner

    def _dates(self, kind: DocumentKind, document: Body, partner: Body) -> None:
        day = document.get("DocDate") or self._context.clock.today()
        document["DocDate"] = day
        document["TaxDate"] = document.get("TaxDate") or day
        document["VatDate"] = document.get("VatDate") or day
        period = self._context.check_period(day, kind.table)
        document["FinancialPeriod"] = period["entry"]
        document["PeriodIndicator"] = "Default"
        terms_code = document.get("PaymentGroupCode")
        if terms_code is None:
            terms_code = partner.get("PayTermsGrpCode", company.CASH_TERMS)
        terms = self._context.require("PaymentTermsTypes", terms_code, self._refuse(kind, "Invalid value ", "GroupNum"))
        document["PaymentGroupCode"] = terms_code
        if not document.get("DocDueDate"):
            if kind is ORDERS:
                raise self._refuse(kind, "Enter due date ", "DocDueDate")
            document["DocDueDate"] = due_date(day, terms)

    def _heading(self, kind: DocumentKind, document: Body, partner: Body) -> Heading:
        document["DocType"] = document.get("DocType") or "dDocument_Items"
        wanted = partner.get("Currency") or company.LOCAL_CURRENCY
        usual = company.LOCAL_CURRENCY if wanted == company.ALL_CURRENCIES else wanted
        currency = document.get("DocCurrency") or usual
        self._context.require("Currencies", currency, self._refuse(kind, "Enter a valid currency ", "DocCur"))
        if wanted not in {company.ALL_CURRENCIES, currency}:
            raise self._refuse(kind, "Currency is not the business partner's ", "DocCur")
        rate = Decimal(1)
        if currency != company.LOCAL_CURRENCY:
            rate = document.get("DocRate") or self._context.rate(currency, document["DocDate"])
        document |= {"DocCurrency": currency, "DocRate": rate}
        sales_person = document.get("SalesPersonCode")
        document["SalesPersonCode"] = -1 if sales_person is None else sales_person
        self._context.require(
            "SalesPersons", document["SalesPersonCode"], self._refuse(kind, "Invalid value ", "SlpCode")
        )
        return Heading(
            kind=kind,
            service=document["DocType"] == "dDocument_Service",
            partner=partner,
            currency=currency,
            rate=rate,
            day=document["DocDate"],
            tax_date=document["VatDate"],
            branch=self._branch(kind, document),
        )

    def _rounding(self, heading: Heading) -> Decimal | None:
        """Give what totals in the document's currency are rounded to."""
        row = self._context.require("Currencies", heading.currency, SapError(-2028, "Currency not found"))
        return ROUNDING[row["Rounding"]]

    def _branch(self, kind: DocumentKind, document: Body) -> int | None:
        code: int | None = document.get("BPL_IDAssignedToInvoice")
        if not self._context.settings.branches:
            if code is not None:
                raise self._refuse(kind, "Branches are not enabled in this company ", "BPLId")
            return None
        inactive = self._refuse(kind, "Specify an active branch", "BPLId")  # captured
        branch = self._context.require("BusinessPlaces", code, inactive)
        if branch.get("Disabled") == "tYES":
            raise inactive
        document["BPLName"] = branch["BPLName"]
        return code

    def _expense(self, heading: Heading, sent: Mapping[str, Any], position: int) -> tuple[Body, Taxed]:
        expense: Body = {**sent, "LineNum": position}
        kind = heading.kind
        definition = self._context.require(
            "AdditionalExpenses",
            sent.get("ExpenseCode"),
            self._refuse(kind, "Enter a valid freight code ", "ExpnsCode"),
        )
        if sent.get("LineTotal" if heading.foreign else "LineTotalFC"):
            raise unsupported(
                "A freight total in another currency than the document's (LineTotal local, LineTotalFC foreign)"
            )
        precision = self._context.precision_of(heading.currency)
        value = precision.amount(amount(sent, "LineTotalFC" if heading.foreign else "LineTotal"))
        usual = definition.get("OutputVATGroup") or company.DEFAULT_VAT_GROUP
        code, rate = self._lines.tax_of(
            heading, expense, usual, lambda column: self._refuse(kind, "Enter a valid tax code for freight ", column)
        )
        return expense, Taxed(value, code, rate, discountable=False)

    def _number(self, kind: DocumentKind, document: Body) -> None:
        invalid = self._refuse(kind, "Invalid series ", "Series")
        if document["HandWritten"] == "tYES":
            if not document.get("DocNum"):
                raise self._refuse(kind, "Enter a document number ", "DocNum")
            document["Series"] = company.MANUAL_SERIES
            if any(row["DocNum"] == document["DocNum"] for _, _, row in self._context.books.rows(kind.set)):
                raise SapError(-2035, "This entry already exists in the following tables (ODBC -2035)")
            return
        code = document.get("Series") or _usual_series(kind)
        series = self._context.require("_series", code, invalid)
        if series["Document"] != str(kind.object_code) or series["Locked"] == "tYES":
            raise invalid
        number = series["NextNumber"]
        document |= {"Series": code, "DocNum": number}
        self._context.books.update("_series", key_text(code), {**series, "NextNumber": number + 1})

    def _check_mandatory(self, document: Body) -> None:
        for _, _, row in self._context.books.rows("UserFieldsMD"):
            if row["TableName"] == "OINV" and row.get("Mandatory") == "tYES":
                name = f"U_{row['Name']}"
                if document.get(name) is None and row.get("DefaultValue") is None:
                    raise SapError(-5002, f"Enter a value in the mandatory field [OINV.{name}]")


def _usual_series(kind: DocumentKind) -> int:
    return next(seed.series for seed in company.SERIES if seed.document == kind.object_code)
