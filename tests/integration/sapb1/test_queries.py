"""Reading: keys, filters, order, pages, projections, and what is refused."""

import pytest

from infra.local.sapb1 import company
from tests.integration.sapb1.client import Client, document, line


@pytest.fixture
async def filled(prepared: Client) -> Client:
    """Three invoices: 100, 200 and 300 net."""
    for number in (1, 2, 3):
        await prepared.add(
            "Invoices",
            document(
                line(price=number * 100),
                NumAtCard=f"INV-{number}",
                U_ACX_Key=f"key-{number}",
                DocDate=f"2026-03-0{number}",
                Comments=None if number == 2 else f"it's {number}",
            ),
        )
    await prepared.call("POST", "Invoices(3)/Cancel")
    return prepared


@pytest.mark.parametrize(
    ("condition", "entries"),
    [
        ("U_ACX_Key eq 'key-2'", [2]),
        ("U_ACX_Key eq 'key-3'", [3, 4]),
        ("U_ACX_Key eq 'key-3' and CancelStatus eq 'csNo'", []),
        ("U_ACX_Key eq 'key-2' and CancelStatus eq 'csNo'", [2]),
        ("CancelStatus eq 'C'", [4]),
        ("CancelStatus ne SAPB1.CancelStatusEnum'csNo'", [3, 4]),
        ("DocTotal gt 122", [2, 3, 4]),
        ("DocTotal ge 122 and DocTotal le 244", [1, 2]),
        ("DocTotal lt 244.0", [1]),
        ("DocDate ge '2026-03-02' and DocDate lt '2026-03-03'", [2]),
        ("DocDate eq 2026-03-01", [1]),
        ("UpdateDate ge '2026-03-10'", [1, 2, 3, 4]),
        ("contains(NumAtCard,'V-2') or startswith(NumAtCard, 'INV-1')", [1, 2]),
        ("endswith(NumAtCard,'-1')", [1]),
        ("not (DocEntry eq 1) and not contains(NumAtCard,'3')", [2]),
        ("Comments eq null", [2]),
        ("Comments ne null and DocEntry lt 3", [1]),
        ("Comments eq 'it''s 1'", [1]),
        ("numatcard eq 'INV-1'", None),
        ("NumAtCard eq 'inv-1'", []),
        ("(DocEntry eq 1 or DocEntry eq 2) and DocTotal gt 122", [2]),
    ],
)
async def test_a_filter_finds(filled: Client, condition: str, entries: list[int] | None) -> None:
    reply = await filled.call("GET", "Invoices", params={"$filter": condition, "$select": "DocEntry"})
    if entries is None:
        assert reply.error == (400, "201", "Property 'numatcard' is invalid")
    else:
        assert [row["DocEntry"] for row in reply.body["value"]] == entries


@pytest.mark.parametrize(
    "condition",
    [
        "DocTotal eq 'many'",
        "CancelStatus eq true",
        "CancelStatus eq 'csMaybe'",
        "DocEntry eq",
        "DocEntry",
        "DocEntry eq 1 and",
        "(DocEntry eq 1",
        "DocEntry eq 1)",
        "DocEntry is 1",
        "DocDate gt null",
        "tolower(NumAtCard) eq 'inv-1'",
        "DocumentLines/any(l:l/ItemCode eq 'A')",
        "DocumentLines eq null",
        "DocEntry eq #",
    ],
)
async def test_a_filter_that_is_not_understood_is_refused(filled: Client, condition: str) -> None:
    assert (await filled.call("GET", "Invoices", params={"$filter": condition})).status == 400


async def test_rows_can_be_ordered(filled: Client) -> None:
    rows = (await filled.get("Invoices", orderby="CancelStatus desc,DocTotal desc", select="DocEntry"))["value"]
    assert [row["DocEntry"] for row in rows] == [3, 2, 1, 4]


async def test_pages_are_followed_to_the_end(b1: Client) -> None:
    for number in range(45):
        await b1.add("BusinessPartners", {"CardCode": f"P{number:03}", "CardName": f"Partner {number}"})
    codes: list[str] = []
    link = "BusinessPartners?$filter=startswith(CardCode,'P')&$select=CardCode"
    sizes = []
    while link:
        page = (await b1.call("GET", link)).body
        sizes.append(len(page["value"]))
        codes += [row["CardCode"] for row in page["value"]]
        link = page.get("@odata.nextLink", "")
    assert sizes == [20, 20, 5]
    assert codes == [f"P{number:03}" for number in range(45)]


async def test_the_page_size_is_a_preference(b1: Client) -> None:
    reply = await b1.call("GET", "VatGroups", headers={"Prefer": "odata.maxpagesize=2"})
    assert reply.headers["Preference-Applied"] == "odata.maxpagesize=2"
    assert len(reply.body["value"]) == 2
    assert reply.body["@odata.nextLink"] == "VatGroups?$skip=2"
    everything = await b1.call("GET", "VatGroups", headers={"Prefer": "odata.maxpagesize=0"})
    assert "@odata.nextLink" not in everything.body
    assert len(everything.body["value"]) == len(company.VAT_GROUPS) + 1


async def test_top_within_a_page_gives_no_link(b1: Client) -> None:
    page = await b1.get("VatGroups", top="2", skip="1", orderby="Code")
    assert [row["Code"] for row in page["value"]] == ["S0", "S10"]
    assert "@odata.nextLink" not in page


async def test_top_beyond_a_page_is_carried_on(b1: Client) -> None:
    reply = await b1.call("GET", "VatGroups?$top=3&$orderby=Code", headers={"Prefer": "odata.maxpagesize=2"})
    link = reply.body["@odata.nextLink"]
    rest = await b1.call("GET", link, headers={"Prefer": "odata.maxpagesize=2"})
    assert [row["Code"] for row in reply.body["value"] + rest.body["value"]] == ["P22", "S0", "S10"]
    assert "@odata.nextLink" not in rest.body


async def test_counting(filled: Client) -> None:
    assert (await filled.call("GET", "Invoices/$count")).body == "4"
    assert (await filled.call("GET", "Invoices/$count?$filter=DocTotal gt 200")).body == "3"
    assert (await filled.get("Invoices", count="true", top="1"))["@odata.count"] == 4
    assert (await filled.get("Invoices", inlinecount="allpages", top="1"))["@odata.count"] == 4
    assert "@odata.count" not in await filled.get("Invoices", count="false")


async def test_a_projection_has_a_frozen_etag_and_no_header(filled: Client) -> None:
    whole = await filled.call("GET", "Invoices(3)")
    assert whole.headers["ETag"] == whole.body["@odata.etag"] == 'W/"DA4B9237BACCCDF19C0760CAB7AEC4A8359010B0"'
    part = await filled.call("GET", "Invoices(3)?$select=DocNum,U_ACX_Key")
    assert "ETag" not in part.headers
    assert part.body["@odata.etag"] == 'W/"356A192B7913B04C54574D18C28D46E6395428AB"'
    assert set(part.body) == {"@odata.context", "@odata.etag", "DocNum", "U_ACX_Key"}


async def test_an_unchanged_row_is_not_sent_twice(filled: Client) -> None:
    tag = (await filled.call("GET", "Invoices(1)")).headers["ETag"]
    assert (await filled.call("GET", "Invoices(1)", headers={"If-None-Match": tag})).status == 304


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Invoices(99)", 404, "-2028"),
        ("BusinessPartners('NOBODY')", 404, "-2028"),
        ("U_NOTHING", 400, "200"),
        ("Quotations", 400, "200"),
        ("Invoices('1')", 400, "200"),
        ("BusinessPartners(1)", 400, "200"),
        ("Invoices(1)/DocumentLines", 400, "200"),
        ("Invoices?$expand=BusinessPartner", 400, "-1000"),
        ("Invoices?$apply=x", 400, "-1000"),
        ("Invoices?page=2", 400, "-1000"),
        ("Invoices?$top=two", 400, "201"),
        ("Invoices?$select=DocStatus", 400, "-1000"),
        ("Invoices?$orderby=DocStatus", 400, "-1000"),
        ("Invoices(1)?$filter=DocEntry eq 1", 400, "-1000"),
    ],
)
async def test_an_address_that_is_not_known_is_refused(filled: Client, path: str, status: int, code: str) -> None:
    assert (await filled.call("GET", path)).error[:2] == (status, code)


async def test_an_unknown_preference_is_refused(b1: Client) -> None:
    reply = await b1.call("POST", "Invoices", document(), headers={"Prefer": "return=minimal"})
    assert reply.error == (400, "-1000", "Preference 'return' is not supported by the local company")


async def test_keys_with_awkward_letters(b1: Client) -> None:
    for code in ("O'Hara", "A/B", "C&D", "Ж 1"):
        reply = await b1.call("POST", "BusinessPartners", {"CardCode": code, "CardName": code})
        assert reply.status == 201
        row = await b1.call("GET", reply.headers["Location"].removeprefix(f"{b1.root}/b1s/v2/"))
        assert row.body["CardCode"] == code


async def test_v1_has_its_own_annotations_and_dates(b1: Client) -> None:
    session = b1.http.cookies["B1SESSION"]
    await b1.add("Invoices", document())
    headers = {"Cookie": f"B1SESSION={session}", "Prefer": "odata.maxpagesize=1"}
    page = await b1.call("GET", "Invoices?$inlinecount=allpages", version="v1", headers=headers)
    assert page.body["odata.metadata"].endswith("/b1s/v1/$metadata#Invoices")
    assert page.body["odata.count"] == 1
    assert page.body["value"][0]["DocDate"] == "2026-03-10"


async def test_the_companys_functions(b1: Client) -> None:
    assert (await b1.call("GET", "SBOBobService_GetLocalCurrency")).body == "EUR"
    info = await b1.get("CompanyService_GetCompanyInfo")
    assert (info["CompanyName"], info["GroupLinesInVATCalculation"]) == (company.COMPANY_NAME, "tNO")
    rate = {"Currency": "USD", "Date": "2026-03-10"}
    assert (await b1.call("POST", "SBOBobService_GetCurrencyRate", rate)).body == "0.92"
    missing = {"Currency": "GBP", "Date": "20260310"}
    assert (await b1.refused("SBOBobService_GetCurrencyRate", missing))[1] == "-4006"
    assert (await b1.refused("SBOBobService_GetCurrencyRate", {**rate, "X": 1}))[1] == "-1000"
    assert (
        await b1.refused("SBOBobService_SetCurrencyRate", {"Currency": "USD", "RateDate": "20260310", "Rate": "x"})
    )[1] == "-1004"


async def test_what_was_asked_is_counted(b1: Client) -> None:
    await b1.local("DELETE", "stats")
    await b1.get("VatGroups")
    await b1.add("Invoices", document())
    assert await b1.local("GET", "stats") == {"GET VatGroups": 1, "POST Invoices": 1}
