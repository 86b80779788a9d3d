"""``$filter``: parsed once into a predicate over rows, with the index that can answer it where there is one.

The grammar is the part of OData that Dataverse documents: comparison with eq, ne, gt, ge, lt, le; and, or, not;
contains, startswith, endswith; null; columns of single-valued navigation properties by path; any and all over
collections; and the query functions ``Microsoft.Dynamics.CRM.In`` and ``NotIn``. Texts are compared without regard to
case, as the database does, and ``ne`` is true of an empty column.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.dataverse.conditions import (
    Condition,
    Predicate,
    Token,
    both,
    either,
    equal,
    in_value,
    items_of,
    reader,
    tokens_of,
    unquoted,
    value_of,
)
from infra.local.dataverse.errors import DataverseError, not_understood, unknown_property
from infra.local.dataverse.schema import TEXTS, Column, Kind, Table
from infra.local.dataverse.store import Row, Store
from infra.local.dataverse.values import edm_type

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_TEXT_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_IN = {"Microsoft.Dynamics.CRM.In": True, "Microsoft.Dynamics.CRM.NotIn": False}


class FilterParser:
    """Reads one ``$filter`` for one table."""

    def __init__(self, store: Store, table: Table, text: str, aliases: Mapping[str, str]) -> None:
        self._store = store
        self._table = table
        self._text = text
        self._aliases = aliases
        self._tokens = tokens_of(text)
        self._at = 0
        self._variables: dict[str, Table] = {}

    def parse(self) -> Condition:
        """Give the condition; DataverseError where it is not one."""
        condition = self._or(self._table)
        if self._at != len(self._tokens):
            raise self._syntax()
        return condition

    def _syntax(self) -> DataverseError:
        return not_understood(f"Syntax error at token {self._at + 1} in '{self._text}'.")

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token("end", "")

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        if self._peek().kind != "text" and self._peek().text == text:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._syntax()

    def _or(self, table: Table) -> Condition:
        terms = [self._and(table)]
        while self._take("or"):
            terms.append(self._and(table))
        return either(terms)

    def _and(self, table: Table) -> Condition:
        terms = [self._not(table)]
        while self._take("and"):
            terms.append(self._not(table))
        return both(terms)

    def _not(self, table: Table) -> Condition:
        if self._take("not"):
            inner = self._not(table).test
            return Condition(lambda row: not inner(row))
        if self._take("("):
            inner_condition = self._or(table)
            self._expect(")")
            return inner_condition
        return self._term(table)

    def _term(self, table: Table) -> Condition:
        token = self._next()
        if token.kind != "name":
            raise self._syntax()
        if token.text in _IN:
            return self._in(table, wanted=_IN[token.text])
        if token.text in _TEXT_FUNCTIONS and self._take("("):
            return self._text_function(table, token.text)
        if "." in token.text or self._peek().text == "(":
            raise not_understood(f"An unknown function with name '{token.text}' was found.")
        return self._path(table, token.text)

    def _path(self, table: Table, name: str) -> Condition:
        if name in self._variables:
            self._expect("/")
            return self._path(self._variables[name], self._next().text)
        navigation = table.navigations.get(name)
        if navigation is not None and self._take("/"):
            other = self._other(navigation.table)
            following = self._next().text
            if not navigation.many:
                inner = self._path(other, following)
                return self._through(navigation.column, other, inner.test)
            if following in {"any", "all"}:
                return self._over(table, other, navigation.column, following)
            raise self._syntax()
        column = table.wire.get(name)
        if column is None or column.secret:
            raise unknown_property(name, table.name)
        return self._comparison(table, column)

    def _other(self, name: str) -> Table:
        if name not in self._store.schema:
            raise not_understood(f"The table '{name}' is not served by this local server.")
        return self._store.schema[name]

    def _through(self, column: str, other: Table, inner: Predicate) -> Condition:
        rows = self._store.tables[other.name]
        absent: Row = {}

        def test(row: Row) -> bool:
            ref = row.get(column)
            return inner(rows.get(ref.id, absent) if ref is not None and ref.table == other.name else absent)

        return Condition(test)

    def _over(self, table: Table, other: Table, column: str, quantifier: str) -> Condition:
        self._expect("(")
        variable = self._next().text
        self._expect(":")
        self._variables[variable] = other
        inner = self._or(other).test
        del self._variables[variable]
        self._expect(")")
        check = any if quantifier == "any" else all
        return Condition(lambda row: check(map(inner, self._store.referring(other.name, column, row[table.key]))))

    def _comparison(self, table: Table, column: Column) -> Condition:
        word = self._next().text
        if word not in _COMPARE:
            raise self._syntax()
        literal = self._literal(column, word)
        compare, read = _COMPARE[word], reader(column)
        if word == "eq" and literal is not None:
            return equal(table, column, literal, read)
        if literal is None:
            if word not in {"eq", "ne"}:
                raise self._incompatible(column, "null", word)
            return Condition(lambda row: compare(read(row), None))
        if word == "ne":
            return Condition(lambda row: read(row) != literal)
        return Condition(lambda row: (value := read(row)) is not None and compare(value, literal))

    def _incompatible(self, column: Column, found: str, word: str) -> DataverseError:
        return not_understood(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{edm_type(column)}' and '{found}' for operator kind '{word}'."
        )

    def _literal(self, column: Column, word: str) -> Any:
        token = self._next()
        if token.kind == "name" and token.text.startswith("@"):
            token = tokens_of(self._alias(token.text))[0]
        if token.kind == "name" and token.text == "null":
            return None
        value = value_of(column, token)
        if value is None:
            raise self._incompatible(column, token.text, word)
        return value

    def _alias(self, name: str) -> str:
        if name not in self._aliases:
            raise not_understood(f"The parameter alias '{name}' has no value.")
        return self._aliases[name]

    def _text_function(self, table: Table, function: str) -> Condition:
        name = self._next().text
        column = table.wire.get(name)
        if column is None or column.secret:
            raise unknown_property(name, table.name)
        self._expect(",")
        token = self._next()
        self._expect(")")
        if column.kind not in TEXTS or token.kind != "text":
            raise not_understood(f"No function signature for the function with name '{function}' matches.")
        part, check, key = unquoted(token.text).casefold(), _TEXT_FUNCTIONS[function], column.name
        return Condition(lambda row: (value := row.get(key)) is not None and check(value.casefold(), part))

    def _in(self, table: Table, *, wanted: bool) -> Condition:
        given: dict[str, str] = {}
        self._expect("(")
        while not self._take(")"):
            name = self._next().text
            self._expect("=")
            token = self._next()
            given[name] = self._alias(token.text) if token.text.startswith("@") else token.text
            self._take(",")
        if set(given) != {"PropertyName", "PropertyValues"}:
            raise not_understood("The function In takes PropertyName and PropertyValues.")
        name = unquoted(given["PropertyName"])
        column = table.wire.get(name) or table.columns.get(name)
        if column is None or column.secret:
            raise unknown_property(name, table.name)
        values = frozenset(in_value(column, text) for text in items_of(given["PropertyValues"]))
        read = reader(column)
        if not wanted:
            return Condition(lambda row: read(row) not in values)
        if name == table.key:
            return Condition(lambda row: read(row) in values, ids=values)
        lookup = (column.name, values) if column.kind is Kind.LOOKUP else None
        return Condition(lambda row: read(row) in values, lookup=lookup)
