"""What is wrong with bytes that never become a request of the application, and the answer to them."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from search_api.web.guard import MAX_BODY_BYTES, MAX_URL_BYTES, SECURITY_HEADERS
from search_api.web.problems import problem

MAX_HEADER_BYTES = 32 * 1024
MAX_HEADERS = 100


class Fault(NamedTuple):
    """Why a request is refused; as `problem` takes it."""

    status: HTTPStatus
    code: str
    detail: str

    def reply(self) -> bytes:
        """The whole answer, after which the connection is closed."""
        response = problem(*self, headers=SECURITY_HEADERS | {"Connection": "close"})
        head = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in response.raw_headers)
        line = f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
        return f"{line}{head}\r\n".encode() + bytes(response.body)


UNREADABLE = Fault(HTTPStatus.BAD_REQUEST, "bad_request", "this is no HTTP request that can be read")
URL = Fault(
    HTTPStatus.REQUEST_URI_TOO_LONG,
    "url_too_long",
    f"the address is longer than {MAX_URL_BYTES // 1024} KiB; ask a shorter question",
)
HEADERS = Fault(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    f"the headers are more than {MAX_HEADERS}, or larger than {MAX_HEADER_BYTES // 1024} KiB together; send fewer",
)
BODY = Fault(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", f"the body is larger than {MAX_BODY_BYTES // 1024} KiB"
)
PIPELINED = Fault(HTTPStatus.BAD_REQUEST, "too_many_requests", "too many requests at once; wait for the answers")
LATE = Fault(HTTPStatus.REQUEST_TIMEOUT, "timeout", "the request took too long to arrive; send it again")
VERSION = Fault(HTTPStatus.BAD_REQUEST, "bad_request", "only HTTP/1.1 and HTTP/1.0 are spoken here")
TARGET = Fault(HTTPStatus.BAD_REQUEST, "bad_request", "the request line must name a path, such as /search")
CODING = Fault(
    HTTPStatus.BAD_REQUEST, "bad_request", "a body needs a Content-Length, or Transfer-Encoding: chunked in HTTP/1.1"
)
EXPECTATION = Fault(HTTPStatus.EXPECTATION_FAILED, "expectation_failed", "nothing but 100-continue can be expected")
UPGRADE = Fault(HTTPStatus.BAD_REQUEST, "upgrade_refused", "only plain HTTP/1.1 is spoken here; leave Upgrade out")
CROWDED = Fault(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "busy",
    "too many connections are being served at this moment; come again in a second",
)
