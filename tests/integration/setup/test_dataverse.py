"""``python -m infra.dataverse`` against an organization in which nothing was ever set up."""

from infra.findings import Outcome
from tests.integration.setup.conftest import Bare, faults_of


async def test_the_first_run_creates_and_the_second_does_nothing(bare: Bare) -> None:
    first = await bare.set_up()
    assert faults_of(first) == {}
    assert bare.workshop.writes > 20
    state = await bare.organization.client("admin_")
    steps = await state.get("sdkmessageprocessingsteps?$select=name,modifiedon,versionnumber")
    bare.workshop.writes = 0
    second = await bare.set_up()
    assert faults_of(second) == {}
    assert {each.outcome for each in second} == {Outcome.RIGHT}
    assert bare.workshop.writes == 0
    assert await state.get("sdkmessageprocessingsteps?$select=name,modifiedon,versionnumber") == steps


async def test_a_check_of_an_empty_organization_says_what_is_missing_and_changes_nothing(bare: Bare) -> None:
    wrong = faults_of(await bare.set_up(check=True))
    assert "publisher accountingbridge" in wrong
    assert "change tracking of invoice" in wrong
    assert "run python -m infra.dataverse without --check" in wrong["publisher accountingbridge"]
    assert bare.workshop.writes == 0


async def test_with_its_role_the_bridges_own_user_can_check_everything(bare: Bare) -> None:
    await bare.set_up()
    bare.workshop = bare.sign_in()
    assert faults_of(await bare.set_up(check=True)) == {}
