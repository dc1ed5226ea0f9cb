"""Conditional requests: the entity tags that a client saw, against what is there (RFC 9110, section 13).

Tags come without quotes. What a tag is made of is the store's business.
"""

from __future__ import annotations

from werkzeug.http import remove_entity_headers
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import request

from .problems import Problem

CHANGED = "This has changed since you read it. Read it again and repeat your change."
NO_TAG = "Read this first, and send its ETag in If-Match, so that no change of somebody else is lost."


def check_write(tag: str, *, required: bool) -> None:
    """Check the preconditions of a request that changes something.

    :param tag: the entity tag of the current state.
    :param required: whether a request without ``If-Match`` is refused.
    :raises Problem: 412 when the client saw another state, 428 when it does not say which (RFC 6585, section 3).
    """
    unwanted = "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag)
    if unwanted or _unmatched(tag):
        raise Problem(412, CHANGED, headers={"ETag": f'"{tag}"'})
    if required and "If-Match" not in request.headers:
        raise Problem(428, NO_TAG)


def answer_read(response: BaseResponse) -> BaseResponse:
    """Return the answer to a request that reads: ``response``, or 304 when the client has it already.

    :raises Problem: 412 when the client asks for a state, in ``If-Match``, that is no more.
    """
    tag = response.get_etag()[0] or ""
    if _unmatched(tag):
        raise Problem(412, "This is not in the state that If-Match asks for.", headers={"ETag": f'"{tag}"'})
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag):
        response.status_code = 304
        response.set_data(b"")
        remove_entity_headers(response.headers)
    return response


def _unmatched(tag: str) -> bool:
    return "If-Match" in request.headers and not request.if_match.contains(tag)
