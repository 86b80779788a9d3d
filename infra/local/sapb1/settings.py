"""What can be told to the local company at start (``--set KEY=VALUE``) and, by tests, while it runs."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from infra.local.sapb1 import company


class Settings(BaseModel):
    """How this company is set up. Flags are 0 or 1; an unknown name is an error at start."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    password: str = Field(default=company.PASSWORD, min_length=1)
    """Of the one user; sessions that are open survive a change."""
    session_minutes: int = Field(default=30, ge=1)
    """SessionTimeout: minutes without a request after which a session is gone."""
    nodes: int = Field(default=1, ge=1)
    """Service Layer nodes behind the balancer; with more than one, a request without its ROUTEID finds no session."""
    page_size: int = Field(default=20, ge=0)
    require_restart: bool = False
    """New user-defined fields and tables are usable only after Service Layer has been restarted."""
    changeset_atomic: bool = True
    """False: a changeset that fails leaves what its earlier operations did. A broken system, to be found by a probe."""
    approval: bool = False
    """An approval procedure for A/R invoices: they are stored as drafts, and the answer is -2028."""
    approval_draft_survives_changeset: bool = True
    """Whether that draft stays when its changeset is rolled back. Unverified in reality; True is the harder case."""
    negative_stock: Literal["block", "allow"] = "block"
    amounts: int = Field(default=2, ge=0, le=6)
    """Decimals of amounts (AdminInfo.TotalsAccuracy)."""
    prices: int = Field(default=6, ge=0, le=6)
    """Decimals of prices (AdminInfo.PriceAccuracy)."""
    vat_by: Literal["line", "group"] = "line"
    """Tax rounded line by line, or once per VAT group (CompanyInfo.GroupLinesInVATCalculation)."""
    tax_system: Literal["vat", "sales_tax"] = "vat"
    """Whether lines name a VatGroup (Europe) or a TaxCode (sales tax countries)."""
    branches: bool = False
    """Multi-branch: documents must say BPL_IDAssignedToInvoice (AdminInfo.EnableBranches)."""
    unique_name: bool = True
    """Whether Name of a user table is unique as Code is. Unverified for every version; True is the harder case."""
    payment_bumps_update_date: bool = False
    """Whether a payment changes the invoice's UpdateDate. Unverified in reality; False is the harder case."""
    now: str | None = None
    """An ISO date and time from which the company's clock starts; the machine's own clock otherwise."""

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "Settings":
        """Parse ``--set`` values. ValidationError names the setting that is wrong."""
        return cls.model_validate(dict(values))
