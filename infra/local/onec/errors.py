"""What 1C answers when it refuses: an inner code, an HTTP status, a sentence.

The codes are the vendor's (guide to the platform 8.3, chapter on the standard OData interface). The guide doesn't tie
each of them to an HTTP status; where it is silent the status here follows what open clients report.
"""

from enum import IntEnum


class Code(IntEnum):
    """The inner code of a refusal. ``HANDLER`` is an exception in the configuration's own code."""

    HANDLER = -1
    NOT_SUPPORTED = 0
    CANNOT_PARSE = 1
    BAD_REQUEST = 2
    BAD_REPRESENTATION = 3
    BAD_VALUE = 4
    REQUIRED_MISSING = 5
    BAD_URL = 6
    KEY_INCOMPLETE = 7
    NO_SUCH_TYPE = 8
    NO_SUCH_INSTANCE = 9
    NO_SUCH_PROPERTY = 10
    NO_SUCH_METHOD = 11
    ROWS_NOT_WRITABLE = 13
    BAD_OPTION = 14
    KEY_EXISTS = 15
    LOAD_MODE_REFUSED = 17
    METHOD_FORBIDDEN = 19
    NO_RIGHTS = 20
    BAD_FUNCTION = 21


STATUS = {
    Code.HANDLER: 500,
    Code.NOT_SUPPORTED: 501,
    Code.BAD_REPRESENTATION: 406,
    Code.BAD_URL: 404,
    Code.NO_SUCH_TYPE: 404,
    Code.NO_SUCH_INSTANCE: 404,
    Code.NO_SUCH_METHOD: 404,
    Code.METHOD_FORBIDDEN: 405,
    Code.NO_RIGHTS: 403,
}
"""Every other code answers 400."""


class OneCError(Exception):
    """A refusal on its way to the client."""

    def __init__(self, code: Code, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status if status is not None else STATUS.get(code, 400)

    def body(self) -> dict[str, object]:
        """Give the JSON body in 1C's shape."""
        return {"odata.error": {"code": str(int(self.code)), "message": {"lang": "ru", "value": self.text}}}


def handler_failed(text: str) -> OneCError:
    """Give what an exception in the configuration's code looks like from outside: HTTP 500, code -1."""
    return OneCError(Code.HANDLER, text)
