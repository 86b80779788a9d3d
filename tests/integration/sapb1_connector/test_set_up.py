"""Without its fence the bridge writes nothing; the set-up builds it and proves it."""

import pytest

from infra.sapb1 import __main__ as command
from infra.sapb1.set_up import set_up
from shared.errors import Misconfigured
from shared.messages import State
from shared.sapb1 import fence
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import document


async def run(company: Company, *, check: bool = False) -> tuple[bool, list[str]]:
    """Run the set-up; give whether all is well, and what it said."""
    said: list[str] = []
    return await set_up(company.client(), check=check, say=said.append), said


async def test_a_company_without_the_fence_is_refused_until_it_is_set_up(bare: Company) -> None:
    bridge = Bridge(bare, bare.connector())
    with pytest.raises(Misconfigured) as raised:
        await bridge.export(document())
    text = str(raised.value)
    assert all(name in text for name in (fence.CLAIMS, "U_ACX_Key", "python -m infra.sapb1"))
    assert await bare.rows("BusinessPartners") == [
        row for row in await bare.rows("BusinessPartners") if row["CardCode"] != "N-100"
    ]
    assert (await run(bare))[0]
    assert (await bridge.export(document())).state is State.POSTED


async def test_the_set_up_can_be_repeated_and_leaves_nothing_behind(bare: Company) -> None:
    assert await run(bare) == (
        True,
        [
            "created: ACX_CLAIM",
            "created: ACX_Key",
            "created: ACX_Version",
            "created: ACX_Hash",
            "the claim table and the fields are there, and a changeset is atomic",
        ],
    )
    all_is_well = (True, ["the claim table and the fields are there, and a changeset is atomic"])
    assert await run(bare) == all_is_well
    assert await run(bare, check=True) == all_is_well
    assert await bare.rows(fence.CLAIMS) == []
    assert await bare.invoices() == []


async def test_a_check_creates_nothing(bare: Company) -> None:
    well, said = await run(bare, check=True)
    assert not well
    assert said == [f"missing: {name}" for name in ("ACX_CLAIM", "ACX_Key", "ACX_Version", "ACX_Hash")]
    assert await bare.rows("UserTablesMD") == []


async def test_a_changeset_that_is_not_atomic_is_found(bare: Company) -> None:
    await bare.turn(changeset_atomic=False)
    well, said = await run(bare)
    assert not well
    sentence = "a changeset is not atomic: the claim stayed when it was refused"
    assert said[-3:] == [f"{name}: {sentence}" for name in ("Invoices", "DeliveryNotes", "Orders")]
    assert await bare.rows(fence.CLAIMS) == []


async def test_service_layer_must_be_restarted_to_see_new_fields(bare: Company) -> None:
    await bare.turn(require_restart=True)
    well, said = await run(bare)
    assert not well
    assert said[-1].endswith("restart Service Layer, then run this again")
    with pytest.raises(Misconfigured, match="restart Service Layer"):
        await Bridge(bare, bare.connector()).export(document())
    await bare.tell("restart")
    assert (await run(bare))[0]


async def test_a_field_that_is_too_short_is_named(bare: Company) -> None:
    short = {"Name": "ACX_Hash", "Type": "db_Alpha", "Size": 10, "Description": "Hash", "TableName": "OINV"}
    await bare.client().create("UserFieldsMD", short)
    well, said = await run(bare)
    assert not well
    assert "OINV.U_ACX_Hash is not text of 64 characters or more" in said


async def test_the_command_says_what_is_not_set(bare: Company, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {
        "SAPB1_URL": bare.login["url"],
        "SAPB1_COMPANY": bare.login["company"],
        "SAPB1_USERNAME": bare.login["username"],
        "SAPB1_PASSWORD": bare.login["password"],
    }
    assert await command.run({}, check=False) == 2
    assert capsys.readouterr().out == f"not set: {', '.join(settings)}\n"
    assert await command.run(settings, check=True) == 1
    assert await command.run(settings, check=False) == 0
    assert await command.run(settings | {"SAPB1_PASSWORD": "wrong"}, check=True) == 1
    said = capsys.readouterr().out
    assert "the log-in was refused" in said
    assert "wrong" not in said
