"""Logging in, creating, reading, changing and deleting rows."""

from decimal import Decimal

from tests.integration.dataverse.conftest import Client, Goods, Organization, Serve

READ = (
    "invoices?$select=invoiceid,invoicenumber,totalamount,statecode,versionnumber&$filter="
    "Microsoft.Dynamics.CRM.In(PropertyName='invoiceid',PropertyValues=[{ids}])&$expand="
    "invoice_details($select=quantity,priceperunit,extendedamount;"
    "$expand=productid($select=name,productnumber),uomid($select=name)),"
    "customerid_account($select=name,acx_taxnumber),customerid_contact($select=fullname),"
    "transactioncurrencyid($select=isocurrencycode,currencyprecision),"
    "acx_invoice_accountingexports($select=acx_key,acx_state)"
)


async def test_without_a_token_or_with_an_expired_one_nothing_is_answered(serve: Serve) -> None:
    organization = await serve(token_seconds=60)
    nobody = await organization.http.get(organization.root + "WhoAmI")
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
    client = await organization.client()
    assert (await client.send("GET", "WhoAmI")).status_code == 200
    await organization.http.post(organization.line["url"] + "/_local/clock", json={"shift_seconds": 61})
    assert (await client.send("GET", "WhoAmI")).status_code == 401


async def test_the_token_endpoint_checks_secret_and_scope(organization: Organization) -> None:
    line = organization.line
    form = {
        "grant_type": "client_credentials",
        "client_id": line["client_id"],
        "client_secret": line["client_secret"],
        "scope": line["url"] + "/.default",
    }
    wrong_secret = await organization.http.post(line["token_url"], data=form | {"client_secret": "x"})
    assert (wrong_secret.status_code, wrong_secret.json()["error"]) == (401, "invalid_client")
    wrong_scope = await organization.http.post(line["token_url"], data=form | {"scope": "https://other/.default"})
    assert (wrong_scope.status_code, wrong_scope.json()["error"]) == (400, "invalid_scope")


async def test_who_am_i_names_the_user_and_the_organization(serve: Serve) -> None:
    chosen = "7f1a9d4e-41c5-4b3e-9d80-0a1b2c3d4e5f"
    organization = await serve(organization_id=chosen)
    answer = await (await organization.client()).get("WhoAmI")
    assert answer["OrganizationId"] == chosen == organization.line["organization_id"]
    assert answer["UserId"] == organization.line["user_id"]


async def test_the_read_of_the_export(admin: Client, bridge: Client, goods: Goods) -> None:
    invoices = [
        await admin.create("invoices", goods.invoice(goods.line(), goods.line(tax=Decimal("4.00")))) for _ in range(3)
    ]
    await bridge.create(
        "acx_accountingexports",
        {"acx_key": "onec:invoice:1", "acx_name": "1", "acx_invoiceid@odata.bind": f"/invoices({invoices[0]})"},
    )
    ids = ",".join(f"'{row_id}'" for row_id in invoices[:2])
    rows = {row["invoiceid"]: row for row in (await bridge.get(READ.format(ids=ids)))["value"]}
    assert set(rows) == set(invoices[:2])
    row = rows[invoices[0]]
    assert row["totalamount"] == Decimal("44.0000")
    assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'
    assert row["customerid_account"]["name"] == "Vector LLC"
    assert row["customerid_contact"] is None
    assert row["transactioncurrencyid"]["isocurrencycode"] == "EUR"
    assert [export["acx_key"] for export in row["acx_invoice_accountingexports"]] == ["onec:invoice:1"]
    assert len(row["invoice_details"]) == 2
    assert {line["productid"]["productnumber"] for line in row["invoice_details"]} == {"B-1"}
    assert {line["uomid"]["name"] for line in row["invoice_details"]} == {"piece"}
    assert row["invoicenumber"].startswith("INV-")
