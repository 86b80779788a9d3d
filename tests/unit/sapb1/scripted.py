"""A Service Layer that answers from a script, for what no well-behaved server would answer."""

from collections.abc import Callable

import httpx

URL = "https://sap.example/b1s/v2"
Handler = Callable[[httpx.Request], httpx.Response]


def error(status: int, code: str, message: str = "") -> httpx.Response:
    """Give an error of v2."""
    return httpx.Response(status, json={"error": {"code": code, "message": message}})


def batch_of(*parts: tuple[int, int, str]) -> httpx.Response:
    """Give a batch answer: (Content-ID, status, body) for each part of its changeset."""
    lines = ["--o", "Content-Type: multipart/mixed; boundary=i", ""]
    for content_id, status, body in parts:
        lines += ["--i", "Content-Type: application/http", "Content-Transfer-Encoding: binary"]
        lines += [f"Content-ID: {content_id}", "", f"HTTP/1.1 {status} X", "Content-Type: application/json", "", body]
    lines += ["--i--", "--o--", ""]
    content_type = "multipart/mixed; boundary=o"
    return httpx.Response(200, content="\r\n".join(lines).encode(), headers={"Content-Type": content_type})


class Scripted:
    """A Service Layer that logs in and out by itself and answers the rest from a script."""

    def __init__(self, *answers: httpx.Response | Exception | Handler) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.logins = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/Login"):
            self.logins += 1
            cookies = [
                ("Set-Cookie", f"B1SESSION=s{self.logins};HttpOnly;Secure;SameSite=None"),
                ("Set-Cookie", "ROUTEID=.node2; path=/b1s"),
            ]
            return httpx.Response(200, json={"SessionId": f"s{self.logins}", "SessionTimeout": 30}, headers=cookies)
        if request.url.path.endswith("/Logout"):
            self.requests.append(request)
            return httpx.Response(204)
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)
