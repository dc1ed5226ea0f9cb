"""Shop layer 4: the API bench. A fixed list of requests, sent to this very app, with every answer explained.

Nothing of a request comes from the visitor. The product that they are about is made by one of them and deleted by
another, and in any case at the end.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field, replace
from typing import Any

from wsgiapp import App
from wsgiapp.shop.settings import api_token

TOKEN = "$API_TOKEN"  # noqa: S105  # what the page shows in the token's place
LAMP = {"name": "Reading lamp", "category": "light", "price_cents": 4900, "stock": 3}
MERGE = "application/merge-patch+json"

# What the lines of an answer's head mean.
MEANINGS = {
    "Accept-Patch": "the formats in which a PATCH may say its changes",
    "Allow": "the methods that this address answers",
    "Cache-Control": "whether, and how long, a copy may be kept; no-cache: ask before each use",
    "Content-Location": "the address whose content this body is",
    "Content-Length": "how many bytes the body has",
    "Content-Security-Policy": "tells a browser from where it may load scripts, styles and pictures",
    "Content-Type": "what the body is",
    "Cross-Origin-Opener-Policy": "keeps windows of other sites apart from this one",
    "Cross-Origin-Resource-Policy": "forbids other sites to load this answer",
    "Date": "when the answer was made",
    "ETag": "a name for this state of the thing; send it in If-Match, and your change hits no other state",
    "Location": "where the new thing is",
    "Referrer-Policy": "how much of this address a browser tells the next site",
    "Server-Timing": "how long the server took; the network panel of a browser draws it",
    "Vary": "which headers of the request the answer depends on",
    "WWW-Authenticate": "how to say who you are",
    "X-Content-Type-Options": "nosniff: the browser must believe Content-Type, and not guess",
    "X-Frame-Options": "forbids other sites to show this answer inside theirs",
    "X-Xray": "where the X-ray of this request is",
}


@dataclass(frozen=True)
class Call:
    """One request of the list; ``{id}`` and ``{etag}`` stand for what an earlier answer said."""

    method: str
    path: str
    status: int
    says: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    token: bool = True

    def head(self) -> dict[str, str]:
        """The headers, with a stand-in for the token."""
        own = {"Authorization": f"Bearer {TOKEN}"} if self.token else {}
        kind = {"Content-Type": "application/json"} if self.body is not None else {}
        return {**own, **kind, **self.headers}

    def filled(self, known: dict[str, str]) -> Call:
        """The request as it is sent, with what is known by now in its places."""
        headers = {name: value.replace("{etag}", known["etag"]) for name, value in self.headers.items()}
        return replace(self, path=self.path.replace("{id}", known["id"]), headers=headers)

    def text(self, host: str) -> str:
        """The request as it goes over the network."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.head().items()]
        return "\n".join([*lines, "", "" if self.body is None else json.dumps(self.body)]).rstrip()

    def curl(self, base: str) -> str:
        """The request as a command; the token is read from a variable of the shell."""
        words = ["curl", "-i"] + ([] if self.method == "GET" else ["-X", self.method])
        for name, value in self.head().items():
            words += ["-H", f'"{name}: {value}"' if TOKEN in value else shlex.quote(f"{name}: {value}")]
        if self.body is not None:
            words += ["-d", shlex.quote(json.dumps(self.body))]
        return " ".join([*words, shlex.quote(base.rstrip("/") + self.path)])


@dataclass(frozen=True)
class Exchange:
    """A request with its answer."""

    call: Call
    status: str
    headers: list[tuple[str, str, str]]
    body: str
    trace: str


ITEM = "/api/products/{id}"
CALLS = [
    Call("OPTIONS", "/api/products/5", 204, "What can be done with a product?", token=False),
    Call("GET", "/api/products/5", 200, "Read one. Reading needs no token.", token=False),
    Call("POST", "/api/products", 401, "Create one, without saying who you are: refused.", LAMP, token=False),
    Call("POST", "/api/products", 201, "Create one. The server chooses the address and tells it in Location.", LAMP),
    Call("PUT", ITEM, 200, "Replace all of it, if it is still in the state that you know. What is left out, here the"
         " stock, goes back to its default.", {"name": "Lamp", "category": "light", "price_cents": 4500},
         {"If-Match": "{etag}"}),
    Call("PUT", ITEM, 412, "The same once more, with the old state in If-Match: somebody has changed it meanwhile.",
         {"name": "Lamp", "category": "light", "price_cents": 4000}, {"If-Match": "{etag}"}),
    Call("PATCH", ITEM, 200, "Change the stock alone; the rest stays.", {"stock": 8}, {"Content-Type": MERGE}),
    Call("PATCH", ITEM, 422, "Change it to what is not allowed: the answer names the field.", {"stock": -1},
         {"Content-Type": MERGE}),
    Call("DELETE", ITEM, 204, "Delete it. The answer has no body: there is nothing left to tell of."),
    Call("GET", ITEM, 404, "Read it again: it is gone.", token=False),
]  # fmt: skip


def perform(app: App, base: str) -> list[Exchange]:
    """Send every request of the list to ``app``, whose own address is ``base``, and return the answers."""
    client = app.test_client(use_cookies=False)
    known = {"id": "0", "etag": ""}
    made = None
    done = []
    try:
        for call in CALLS:
            filled = call.filled(known)
            response = send(client, app, base, filled)
            if response.status_code == 201:
                made = response.headers["Location"]
                known = {"id": made.rpartition("/")[2], "etag": response.headers["ETag"]}
            done.append(exchange(filled, response))
    finally:
        if made and len(done) < len(CALLS):
            send(client, app, base, Call("DELETE", made, 204, ""))
    return done


def send(client: Any, app: App, base: str, call: Call) -> Any:
    """Send one request in this process, and return the response."""
    headers = call.head()
    if call.token:
        headers["Authorization"] = f"Bearer {api_token(app)}"
    body = None if call.body is None else json.dumps(call.body)
    return client.open(call.path, method=call.method, base_url=base, headers=headers, data=body)


def exchange(call: Call, response: Any) -> Exchange:
    """Return the request with its answer, each line of whose head has its meaning."""
    headers = [(name, value, MEANINGS.get(name, "")) for name, value in response.headers]
    return Exchange(call, response.status, headers, response.text, response.headers.get("X-Xray", ""))
