"""Is the bridge able to do its work?"""

from shared.errors import Misconfigured, Unavailable
from shared.wiring import Wiring


async def check(wiring: Wiring) -> list[str]:
    """Give the problems, one sentence each: settings first, then whether the right Dataverse organization answers.

    And whether it has the columns that the settings name.
    """
    problems: list[str] = []
    try:
        _ = wiring.bus
    except Misconfigured as error:
        problems += error.problems
    try:
        await wiring.dataverse.check_organization()
        await wiring.own_columns.check()
    except Misconfigured as error:
        problems += error.problems
    except Unavailable as error:
        problems.append(str(error))
    return problems
