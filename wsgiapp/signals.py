"""The ten signals, on blinker.

The sender is always the app. Code that sends one checks ``signal.receivers`` first, so that a signal without receivers
costs one attribute look-up and no call.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: Before the hooks of a request run; its context is current.
request_started = _signals.signal("request-started")
#: When a request has its response, before that is sent. Arguments: ``response``.
request_finished = _signals.signal("request-finished")
#: When a request's context ends, also after an error. Arguments: ``exc``, the error or None.
request_tearing_down = _signals.signal("request-tearing-down")
#: When a request raises what no error handler answers. Arguments: ``exception``.
got_request_exception = _signals.signal("got-request-exception")
#: Before a template is rendered. Arguments: ``template``, ``context``.
before_render_template = _signals.signal("before-render-template")
#: When a template was rendered. Arguments: ``template``, ``context``.
template_rendered = _signals.signal("template-rendered")
#: When a message is flashed. Arguments: ``message``, ``category``.
message_flashed = _signals.signal("message-flashed")
#: When an app context becomes current.
appcontext_pushed = _signals.signal("appcontext-pushed")
#: When an app context is no longer current.
appcontext_popped = _signals.signal("appcontext-popped")
#: When an app context ends, also after an error. Arguments: ``exc``, the error or None.
appcontext_tearing_down = _signals.signal("appcontext-tearing-down")
