"""Idempotency keys: a request that is sent again because its answer was lost is carried out only once.

The client chooses a key for the request. A second request with the same key and the same content gets the first answer
again; 409 while the first is still running; 422 if its content is different. A request that was refused did nothing:
its key is forgotten, and can be sent again. Each client has keys of its own: nobody gets the answer to another client's
request.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Response, request

from .problems import Problem

HEADER = "Idempotency-Key"
MAX_KEY = 200
KEY = re.compile(f"[!-~]{{1,{MAX_KEY}}}")
KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Content-Location", "Preference-Applied")


@dataclass(frozen=True)
class Kept:
    """What is known of a key: the request that had it, and its answer once there is one."""

    fingerprint: str
    answer: str | None = None


class Keys(Protocol):
    """Where keys are kept. All processes of an app must share one."""

    def begin(self, key: str, fingerprint: str) -> Kept | None:
        """Return what is known of ``key``; None, and from then on this request, when nothing is."""
        ...

    def finish(self, key: str, answer: str | None) -> None:
        """Keep the answer to the request of ``key``; None forgets the key, so that the request can be repeated."""
        ...


@dataclass
class MemoryKeys:
    """Keeps keys in the memory of one process: for an app that has but one, for tests and lessons.

    :param seconds: how long an answer is kept.
    :param most: how many are kept; the oldest go first.
    """

    seconds: float = 86_400
    most: int = 10_000
    _kept: OrderedDict[str, tuple[float, Kept]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self, key: str, fingerprint: str) -> Kept | None:
        """Return what is known of ``key``; None, and from then on this request, when nothing is."""
        now = time.monotonic()
        with self._lock:
            while self._kept and (len(self._kept) >= self.most or next(iter(self._kept.values()))[0] < now):
                self._kept.popitem(last=False)
            if key in self._kept:
                return self._kept[key][1]
            self._kept[key] = (now + self.seconds, Kept(fingerprint))
            return None

    def finish(self, key: str, answer: str | None) -> None:
        """Keep the answer to the request of ``key``, or forget the key."""
        with self._lock:
            if answer is None:
                self._kept.pop(key, None)
            elif key in self._kept:
                until, kept = self._kept[key]
                self._kept[key] = (until, Kept(kept.fingerprint, answer))


def credentials() -> str:
    """Return all by which an app could know who sends this request: its ``Authorization`` and its cookies.

    It takes one sender for two when a cookie has changed, which only means that a key is new again; never two for one.
    """
    return json.dumps([request.headers.getlist("Authorization"), request.headers.getlist("Cookie")])


def once(
    keys: Keys | None, work: Callable[[], BaseResponse], *, required: bool = False, who: Callable[[], str] = credentials
) -> BaseResponse:
    """Return the answer of ``work``, which is done once for each key.

    :param who: returns who sends this request; the same key of another one is another key.
    :raises Problem: 400 for a key that is none, or none where one is ``required``; 409 while the first request is at
        work; 422 for another request.
    """
    sent = request.headers.get(HEADER)
    if required and sent is None:
        raise Problem(400, f"Send {HEADER}, such as a random UUID, so that a request that is sent again is done once.")
    if keys is None or sent is None:
        return work()
    if not KEY.fullmatch(sent):
        raise Problem(400, f"{HEADER} is 1 to {MAX_KEY} visible ASCII characters, such as a random UUID.")
    key = _digest(request.path, who(), sent)
    known = keys.begin(key, fingerprint := _digest(request.method, request.mimetype, request.get_data()))
    if known is not None:
        return _again(known, fingerprint)
    answer = None
    try:
        response = work()
        answer = _packed(response)
    finally:
        keys.finish(key, answer)
    return response


def _again(known: Kept, fingerprint: str) -> BaseResponse:
    if known.fingerprint != fingerprint:
        raise Problem(422, f"This {HEADER} was sent with another request. Use a new one.")
    if known.answer is None:
        raise Problem(409, "The first request with this key is still at work.", headers={"Retry-After": "1"})
    status, headers, body = json.loads(known.answer)
    return Response(body, status, headers)


def _packed(response: BaseResponse) -> str:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return json.dumps([response.status_code, headers, response.get_data(as_text=True)])


def _digest(*parts: Any) -> str:
    mixed = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        mixed.update(len(data).to_bytes(8, "big") + data)
    return mixed.hexdigest()
