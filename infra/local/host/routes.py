"""Route templates as the Functions host (ASP.NET Core) matches them.

``{name}``, ``{name?}``, ``{name:constraint}``, ``{*rest}``; literals in any case. The more literal route wins. A wrong
method is *no match* and ends as 404, as in the real host (azure-functions-host issue 10098).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from infra.local.host.bindings import Function, HttpTrigger
from infra.local.host.errors import HostError

_PARAMETER = re.compile(r"\{(\*{0,2})(\w+)((?::[^{}]+)*)(\?)?\}")
_RESERVED = ("admin", "runtime")
_CONSTRAINTS = {
    "alpha": r"[A-Za-z]+",
    "bool": r"(?i:true|false)",
    "guid": r"\{?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?",
    "int": r"[+-]?\d{1,10}",
    "long": r"[+-]?\d{1,19}",
}


@dataclass(frozen=True)
class Route:
    """One function's route."""

    function: Function
    trigger: HttpTrigger
    pattern: re.Pattern[str]
    rank: tuple[int, ...]


def build_routes(functions: Iterable[Function], prefix: str) -> list[Route]:
    """Compile the routes of the enabled HTTP functions, the most literal first.

    :raises HostError: a template this host does not understand, or one under the host's own ``admin/``.
    """
    routes = [
        _compile(function, function.trigger, prefix.strip("/"))
        for function in functions
        if isinstance(function.trigger, HttpTrigger) and not function.disabled
    ]
    return sorted(routes, key=lambda route: route.rank)


def find(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Give the route for a request and its parameters; None where nothing matches (path without the first slash)."""
    for route in routes:
        match = route.pattern.fullmatch(path)
        if match is not None and method in route.trigger.methods:
            return route, {name: value for name, value in match.groupdict().items() if value is not None}
    return None


def _compile(function: Function, trigger: HttpTrigger, prefix: str) -> Route:
    template = "/".join(part for part in (prefix, trigger.route.strip("/")) if part)
    if not prefix and template.split("/")[0].lower() in _RESERVED:
        raise HostError(f"function {function.name}: the route {trigger.route} conflicts with the host's own routes.")
    pattern, rank = "", []
    for segment in template.split("/"):
        found = _PARAMETER.fullmatch(segment)
        if found is None:
            if "{" in segment or "}" in segment:
                raise HostError(f"function {function.name}: this host does not understand {segment!r} in its route.")
            pattern += f"/(?i:{re.escape(segment)})"
            rank.append(0)
            continue
        star, name, constraints, optional = found.groups()
        value = _value(constraints, function.name)
        if star:
            pattern += f"(?:/(?P<{name}>.*))?"
            rank.append(3)
        else:
            pattern += f"(?:/(?P<{name}>{value}))" + ("?" if optional else "")
            rank.append(1 if constraints else 2)
    return Route(function, trigger, re.compile(pattern.removeprefix("/")), tuple(rank))


def _value(constraints: str, function: str) -> str:
    looks = []
    for constraint in constraints.split(":")[1:]:
        if constraint not in _CONSTRAINTS:
            raise HostError(f"function {function}: this host does not know the route constraint {constraint!r}.")
        looks.append(rf"(?={_CONSTRAINTS[constraint]}(?:/|\Z))")
    return "".join(looks) + r"[^/]+"
