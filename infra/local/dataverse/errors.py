"""How Dataverse refuses: an HTTP status, a code and a sentence.

Codes and wordings are those of the Web API where they are known (web service error codes of Microsoft's documentation
and public captures). A refusal that only this server has - something real that it does not do - says so in its
sentence and carries 0x80060888, the code of a request that OData does not understand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NOT_UNDERSTOOD = "0x80060888"


@dataclass
class DataverseError(Exception):
    """A refusal: ``{"error": {"code": …, "message": …}}`` with an HTTP status."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Give the sentence."""
        return f"{self.code}: {self.message}"


def not_understood(message: str, code: str = NOT_UNDERSTOOD) -> DataverseError:
    """Give the refusal of a request that the Web API can't read."""
    return DataverseError(400, code, message)


def unknown_property(name: str, table: str) -> DataverseError:
    """Give the refusal of a column or navigation property that the table doesn't have."""
    return not_understood(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'.")


def bad_payload(set_name: str, reason: str) -> DataverseError:
    """Give the refusal of a body that doesn't fit the table."""
    return not_understood(
        f"Error identified in Payload provided by the user for Entity :'{set_name}', For more information on this "
        "error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : "
        f"Microsoft.OData.ODataException: {reason}",
        "0x80048d19",
    )


def unknown_segment(name: str) -> DataverseError:
    """Give the refusal of an address that names nothing."""
    return DataverseError(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def does_not_exist(table: str, row_id: str) -> DataverseError:
    """Give the refusal of an id without a row."""
    return DataverseError(404, "0x80040217", f"Entity '{table}' With Id = {row_id} Does Not Exist")


def no_such_key(table: str) -> DataverseError:
    """Give the refusal of an alternate key value without a row."""
    return DataverseError(404, "0x80060891", f"A record with the specified key values does not exist in {table} entity")


def version_mismatch() -> DataverseError:
    """Give the refusal of an If-Match whose version is not the row's."""
    return DataverseError(
        412,
        "0x80060882",
        "The version of the existing record doesn't match the RowVersion property provided.",
    )


def duplicate_record() -> DataverseError:
    """Give the refusal of a second row with one id, or of a creation that If-None-Match forbids."""
    return DataverseError(412, "0x80040237", "A record with matching key values already exists.")


def duplicate_key(label: str, value: str, key: str) -> DataverseError:
    """Give the refusal of a second row with one alternate key."""
    return DataverseError(
        412,
        "0x80060892",
        f"A record that has the attribute values {label}: {value} already exists. The entity key {key} requires that "
        "this set of attributes contains unique values. Select unique values and try again.",
    )


def too_long(column: str, table: str, maximum: int) -> DataverseError:
    """Give the refusal of a text that is longer than its column."""
    return DataverseError(
        400,
        "0x80044331",
        f"A validation error occurred.  The length of the '{column}' attribute of the '{table}' entity exceeded the "
        f"maximum allowed length of '{maximum}'.",
    )


def out_of_range(value: object, column: str, table: str, accepted: str, code: str = "0x80044330") -> DataverseError:
    """Give the refusal of a number or option outside its column's range."""
    return DataverseError(
        400,
        code,
        f"A validation error occurred. The value {value} of '{column}' on record of type '{table}' is outside the "
        f"valid range. Accepted Values: {accepted}",
    )


def missing(column: str, table: str) -> DataverseError:
    """Give the refusal of a creation without a column that the system requires."""
    return DataverseError(400, "0x80040203", f"The required attribute '{column}' of the '{table}' entity is missing.")


def invalid_argument(message: str) -> DataverseError:
    """Give the refusal of values that contradict each other."""
    return DataverseError(400, "0x80040203", message)


def too_many_requests(code: str, message: str, seconds: int) -> DataverseError:
    """Give the refusal of the service protection limits; ``seconds`` goes into Retry-After."""
    return DataverseError(429, code, message, {"Retry-After": str(seconds)})
