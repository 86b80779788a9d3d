"""The triggers of the app as the host will read them."""

from functools import cache
from typing import Any

import azure.functions as func

from function_app import rooms


@cache
def triggers() -> tuple[dict[str, Any], ...]:
    """Give every function's trigger.

    An app can be indexed once a process, so this is another one of the same blueprints.
    """
    app = func.FunctionApp()
    for room in rooms:
        app.register_functions(room.blueprint)
    return tuple(
        {name: getattr(value, "value", value) for name, value in trigger.get_dict_repr().items()}
        for trigger in (function.get_trigger() for function in app.get_functions())
        if trigger is not None
    )


def service_bus_triggers() -> list[dict[str, Any]]:
    """Give those that read a queue."""
    return [trigger for trigger in triggers() if trigger["type"] == "serviceBusTrigger"]
