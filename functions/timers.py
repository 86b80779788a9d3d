"""A timer's function: its schedule is a setting, and its work is done in the host's trace."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.settings import schedule
from shared.telemetry import invocation

Work = Callable[[], Awaitable[None]]


def by_timer(blueprint: func.Blueprint, name: str, setting: str) -> Callable[[Work], Work]:
    """Register work as the function ``name``; ``setting`` holds its schedule."""

    def register(work: Work) -> Work:
        @blueprint.function_name(name)
        @blueprint.timer_trigger(arg_name="timer", schedule=schedule(setting))
        async def run(
            timer: func.TimerRequest,  # noqa: ARG001 -- the host passes it by this name
            context: func.Context,
        ) -> None:
            with invocation(context):
                await work()

        return work

    return register
