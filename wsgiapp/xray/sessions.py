"""What became of the session of a request, told from a recording."""

from __future__ import annotations

from .record.recording import Recording
from .trace import Cookie, Session


def session_of(recording: Recording) -> Session:
    """How the session of a request was read, changed and saved."""
    before, after = recording.cookies
    accepted = before is not None and before.signature == "valid"
    old = before.data if accepted and before is not None and isinstance(before.data, dict) else {}
    new = after.data if after is not None and isinstance(after.data, dict) else {}
    changed: dict[str, tuple[str, ...]] = {}
    if after is not None:
        changed = {
            "added": tuple(sorted(new.keys() - old.keys())),
            "changed": tuple(sorted(key for key in new.keys() & old.keys() if new[key] != old[key])),
            "removed": tuple(sorted(old.keys() - new.keys())),
        }
    return Session(
        interface=recording.interface,
        before=before,
        after=after,
        opened=recording.opened,
        changed=changed,
        note=what_became(recording),
        own=recording.own_session,
    )


def what_became(recording: Recording) -> str:
    """What became of the session, in a sentence or two."""
    after = recording.cookies[1]
    if recording.own_session:
        kept = f"{recording.interface} keeps sessions in a way of its own"
        return f"{kept}, and set a cookie." if after is not None else f"{kept}; no session cookie was set."
    return _what_became_of_a_cookie(recording) + _too_large(after)


def _too_large(after: Cookie | None) -> str:
    if after is None or after.size <= after.limit:
        return ""
    return f" With its {after.size:,} bytes it is larger than the {after.limit:,} that browsers keep: they may drop it."


def _what_became_of_a_cookie(recording: Recording) -> str:
    before, after = recording.cookies
    refused = before is not None and before.signature in ("forged", "expired", "unreadable")
    if after is not None and not after.size:
        return "The session is empty: its cookie was deleted."
    if after is not None and before is not None and refused:
        return f"A session began, for the cookie that came in was not accepted ({before.signature}): a new one was set."
    if after is not None:
        return "A new cookie was set for the session." if before else "A session began: its cookie was set."
    if recording.modified:
        return "The session was changed, but no cookie was set."
    if recording.opened:
        return "The session was touched and left as it was: no cookie was set."
    if before is None:
        return "No session cookie came in, and nobody touched the session."
    if _was_opened(recording):
        return "A session cookie came in; it was opened, and then nobody touched the session."
    return "A session cookie came in; nobody touched the session, so the app never opened it."


def _was_opened(recording: Recording) -> bool:
    return any(event[4] == "SessionInterface.open_session" for event in recording.events)


def opened(recording: Recording) -> str:
    """How the session was opened, in a sentence."""
    before = recording.cookies[0]
    if recording.own_session:
        return f"{recording.interface} opened it."
    return f"The cookie {before.name!r} came in: {before.signature}." if before else "No cookie came in: it is new."
