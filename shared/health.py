"""Is the bridge able to do its work?"""

from shared.errors import Misconfigured, Unavailable
from shared.wiring import Wiring


async def check(wiring: Wiring) -> list[str]:
    """Give the problems, one sentence each: settings first, then whether the right Dataverse organization answers."""
    try:
        await wiring.dataverse.check_organization()
    except Misconfigured as error:
        return list(error.problems)
    except Unavailable as error:
        return [str(error)]
    return []
