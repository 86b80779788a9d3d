"""How Service Layer refuses: an HTTP status, SAP's own code, a sentence.

Codes and sentences are SAP's where public traffic shows them; where none does, the sentence is ours in SAP's
manner and the code is the one of its class (-5002: a value that a document can't take).
"""

from shared.jsontext import dumps


class SapError(Exception):
    """A refusal. ``code`` is a number in SAP's tables; v2 sends it as a string, v1 as a number."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self, version: str) -> bytes:
        """Give the JSON body in the shape of Service Layer ``v1`` or ``v2``."""
        if version == "v1":
            error: dict[str, object] = {"code": self.code, "message": {"lang": "en-us", "value": self.message}}
        else:
            error = {"code": str(self.code), "details": [{"code": "", "message": ""}], "message": self.message}
        return dumps({"error": error}).encode()


class Duplicate(Exception):
    """A row with that key is there already. Whoever stores says which SAP error that is."""


def no_such_record() -> SapError:
    """A key that names nothing (captured)."""
    return SapError(-2028, "No matching records found (ODBC -2028)", status=404)


def already_exists(tables: str = "") -> SapError:
    """A second row under a unique key (captured); ``tables`` as SAP names them, ``'@ACX_CLAIM'``."""
    named = f" {tables}" if tables else ""
    return SapError(-2035, f"This entry already exists in the following tables{named} (ODBC -2035)")


def invalid_property(name: str, type_name: str) -> SapError:
    """A property that the entity doesn't have (captured, in bodies and in $select)."""
    return SapError(-1000, f"Property '{name}' of '{type_name}' is invalid")


def too_long(name: str, type_name: str) -> SapError:
    """A string beyond the column's length (captured)."""
    return SapError(-1000, f"Value too long in property '{name}' of '{type_name}'")


def invalid_value(name: str, type_name: str) -> SapError:
    """A value of another type than the property's, or no member of its enum. The words are ours."""
    return SapError(-1004, f"Invalid value for property '{name}' of '{type_name}'")


def unsupported(what: str) -> SapError:
    """Something real that the local company doesn't do, said loudly. Ours."""
    return SapError(-1000, f"{what} is not supported by the local company")


def action_not_supported() -> SapError:
    """An operation that the object doesn't have (Service Layer manual)."""
    return SapError(-5006, "The requested action is not supported for this object.")


def stale() -> SapError:
    """An If-Match that is no longer true (Service Layer manual, chapter 5)."""
    return SapError(
        -2039,
        "Another user or another operation modified data; to continue, open the window again (ODBC -2039)",
        status=412,
    )


def not_updatable(field: str) -> SapError:
    """A field that is fixed once the object is there: ``[OINV.CardCode]``."""
    return SapError(-1029, f"Field cannot be updated (ODBC -1029) [{field}]")
