"""Route templates."""

import pytest

from infra.local.host.bindings import Function, HttpTrigger
from infra.local.host.errors import HostError
from infra.local.host.routes import build_routes, find


def function(route: str, *methods: str, disabled: bool = False) -> Function:
    trigger = HttpTrigger("req", route, "anonymous", frozenset(methods or ("GET",)))
    return Function(route, route, trigger, None, disabled=disabled, bindings=())


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("health", "api/health", {}),
        ("health", "API/Health", {}),
        ("health", "api/health/", None),
        ("a/{id}", "api/a/7", {"id": "7"}),
        ("a/{id}", "api/a", None),
        ("a/{id?}", "api/a", {}),
        ("a/{id:int}", "api/a/7", {"id": "7"}),
        ("a/{id:int}", "api/a/x", None),
        ("a/{id:guid}", "api/a/6f9619ff-8b86-d011-b42d-00cf4fc964ff", {"id": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}),
        ("a/{*rest}", "api/a/b/c", {"rest": "b/c"}),
        ("a.b", "api/axb", None),
    ],
)
def test_template_matches_whole_paths(template: str, path: str, parameters: dict[str, str] | None) -> None:
    found = find(build_routes([function(template)], "api"), "GET", path)
    assert (found and found[1]) == parameters


def test_more_literal_route_wins() -> None:
    routes = build_routes([function("{*all}"), function("a/{id}"), function("a/{id:int}"), function("a/new")], "api")
    names = [
        found[0].function.name
        for path in ("api/a/new", "api/a/7", "api/a/x", "api/b")
        if (found := find(routes, "GET", path))
    ]
    assert names == ["a/new", "a/{id:int}", "a/{id}", "{*all}"]


def test_same_route_for_two_methods() -> None:
    routes = build_routes([function("a", "GET"), function("a", "POST", "PUT")], "api")
    assert [bool(find(routes, method, "api/a")) for method in ("GET", "POST", "DELETE")] == [True, True, False]


def test_disabled_function_is_not_found() -> None:
    assert find(build_routes([function("a", disabled=True)], "api"), "GET", "api/a") is None


@pytest.mark.parametrize(("route", "prefix"), [("a/{id:odd}", "api"), ("a/x{id}", "api"), ("admin/a", "")])
def test_route_the_host_would_not_serve_is_refused(route: str, prefix: str) -> None:
    with pytest.raises(HostError, match="function"):
        build_routes([function(route)], prefix)
