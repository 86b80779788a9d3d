"""Without its fence the bridge writes nothing; the set-up builds it and proves it."""

import pytest

from infra.findings import Outcome, all_right
from infra.sapb1 import __main__ as command
from infra.sapb1.set_up import set_up
from shared.errors import Misconfigured
from shared.messages import State
from shared.sapb1 import fence
from tests.integration.sapb1_connector.conftest import Bridge, Company
from tests.unit.sapb1.examples import document

FIELDS = [f"field OINV.U_{name}" for name in ("ACX_Key", "ACX_Version", "ACX_Hash")]
MADE = ["table @ACX_CLAIM", *FIELDS]
SEEN, ATOMIC = "Service Layer knows the table and the fields", "a changeset is atomic"


async def run(company: Company, *, check: bool = False) -> list[tuple[str, Outcome, str]]:
    """Run the set-up; give what it found, without what to do."""
    findings = await set_up(company.client(), check=check)
    return [(each.check.en, each.outcome, each.result.en) for each in findings]


def right(*checks: str, result: str = "in order") -> list[tuple[str, Outcome, str]]:
    return [(check, Outcome.RIGHT, result) for check in checks]


async def test_a_company_without_the_fence_is_refused_until_it_is_set_up(bare: Company) -> None:
    bridge = Bridge(bare, bare.connector())
    with pytest.raises(Misconfigured) as raised:
        await bridge.export(document())
    text = str(raised.value)
    assert all(name in text for name in (fence.CLAIMS, "U_ACX_Key", "python -m infra.sapb1"))
    assert await bare.rows("BusinessPartners") == [
        row for row in await bare.rows("BusinessPartners") if row["CardCode"] != "N-100"
    ]
    assert all_right(await set_up(bare.client(), check=False))
    assert (await bridge.export(document())).state is State.POSTED


async def test_the_set_up_can_be_repeated_and_leaves_nothing_behind(bare: Company) -> None:
    created = [(check, Outcome.DONE, "created now") for check in MADE]
    assert await run(bare) == [*created, *right(SEEN, ATOMIC)]
    assert await run(bare) == right(*MADE, SEEN, ATOMIC)
    assert await bare.rows(fence.CLAIMS) == []
    assert await bare.invoices() == []


async def test_a_check_creates_nothing(bare: Company) -> None:
    assert await run(bare, check=True) == [(check, Outcome.WRONG, "missing") for check in MADE]
    assert await bare.rows("UserTablesMD") == []


async def test_a_check_of_what_is_set_up_writes_nothing_either(company: Company) -> None:
    await company.fault("status", "^(POST|PATCH|PUT|DELETE) (?!.*Login)", times=100)
    found = await run(company, check=True)
    assert found == [*right(*MADE, SEEN), *right(ATOMIC, result="not tried: that would write")]


async def test_a_changeset_that_is_not_atomic_is_found(bare: Company) -> None:
    await bare.turn(changeset_atomic=False)
    wrong = [each for each in await run(bare) if each[1] is Outcome.WRONG]
    sentence = "the claim stayed when the document was refused"
    sets = ("Invoices", "DeliveryNotes", "Orders")
    assert wrong == [(ATOMIC, Outcome.WRONG, f"{name}: {sentence}") for name in sets]
    assert await bare.rows(fence.CLAIMS) == []


async def test_service_layer_must_be_restarted_to_see_new_fields(bare: Company) -> None:
    await bare.turn(require_restart=True)
    last = (await set_up(bare.client(), check=False))[-1]
    assert (last.check.en, last.outcome) == (SEEN, Outcome.WRONG)
    assert last.remedy.en == "restart Service Layer, then run this again"
    with pytest.raises(Misconfigured, match="restart Service Layer"):
        await Bridge(bare, bare.connector()).export(document())
    await bare.tell("restart")
    assert all_right(await set_up(bare.client(), check=False))


async def test_a_field_that_is_too_short_is_named(bare: Company) -> None:
    short = {"Name": "ACX_Hash", "Type": "db_Alpha", "Size": 10, "Description": "Hash", "TableName": "OINV"}
    await bare.client().create("UserFieldsMD", short)
    found = await run(bare)
    assert found[-1] == ("field OINV.U_ACX_Hash", Outcome.WRONG, "is not text of 64 characters or more")


async def test_a_user_without_the_right_is_told_who_must_run_it(bare: Company) -> None:
    await bare.fault("status", "POST .*UserTablesMD", status=403)
    findings = {each.check.en: each for each in await set_up(bare.client(), check=False)}
    table = findings["table @ACX_CLAIM"]
    assert table.outcome is Outcome.WRONG
    assert "a right or an entity is missing" in table.result.en
    assert table.remedy.en.startswith("run it as a user who may create")
    assert table.remedy.ru.startswith("выполнить под пользователем")


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


async def test_it_speaks_russian_where_the_language_is_russian(
    bare: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {f"SAPB1_{name.upper()}": bare.login[name] for name in ("url", "company", "username", "password")}
    russian = settings | {"LANGUAGE": "ru"}
    assert await command.run({"LANGUAGE": "ru"}, check=False) == 2
    assert await command.run(russian, check=True) == 1
    assert await command.run(russian, check=False) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"не задано: {', '.join(settings)}"
    assert said[1] == "!! таблица @ACX_CLAIM: отсутствует → выполнить python -m infra.sapb1 без --check"
    assert said[-1] == "ok набор изменений атомарен: в порядке"
