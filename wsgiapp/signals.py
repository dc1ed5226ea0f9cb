"""The ten signals, on blinker.

An app sends itself as the sender. Senders ask ``signal.receivers`` first: a signal that nobody listens to costs one
attribute look-up and no call. Nothing here knows an app.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

request_started = _signals.signal("request-started")
request_finished = _signals.signal("request-finished")
request_tearing_down = _signals.signal("request-tearing-down")
got_request_exception = _signals.signal("got-request-exception")
before_render_template = _signals.signal("before-render-template")
template_rendered = _signals.signal("template-rendered")
message_flashed = _signals.signal("message-flashed")
appcontext_pushed = _signals.signal("appcontext-pushed")
appcontext_popped = _signals.signal("appcontext-popped")
appcontext_tearing_down = _signals.signal("appcontext-tearing-down")
