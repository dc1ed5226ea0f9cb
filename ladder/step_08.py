"""Step 8: A cookie.

What Flask shows you: ``request.cookies["name"]`` and ``response.set_cookie("name", "Ada")``.

What is underneath: HTTP forgets. Two requests of one visitor have nothing in common. So a server asks the browser to
keep a small text, with the header ``Set-Cookie: name=Ada``. The browser sends it back with each later request to this
server, in the header ``Cookie: name=Ada``. It is used for preferences, for a login, or to follow what people do. Three
attributes make it safer. ``HttpOnly`` hides it from scripts in the page. ``SameSite=Lax`` keeps it out of forms that
other sites send here. ``Max-Age`` says when it ends. A site on HTTPS adds ``Secure``.

What is new in this step: the guestbook remembers the name of the visitor who signed. A header ends with its line. So a
value with a line break in it could add a header of its own, which is called header injection. Werkzeug's ``set_cookie``
puts such characters into a form that does no harm. Never write a header by joining texts.

Try this::

    curl -i -d "name=Grace" -d "text=Hello." http://127.0.0.1:8000/sign
    # 303: Set-Cookie: name=Grace; … HttpOnly … SameSite=Lax
    curl -b "name=Grace" http://127.0.0.1:8000/
    # 200: Welcome back, Grace.
    curl -b "name=Ada" http://127.0.0.1:8000/
    # 200: Welcome back, Ada.

The last one lies, and the guestbook believes it: the visitor can change a cookie.

Share of the list in ladder/README.md that runs at this step: 29 %.
"""

# From the steps before: App, html_pages, pages (7).

from functools import partial

from step_07 import *


def known(request):
    """What the pages can know of the visitor: the name that the browser has kept."""
    return {"name": request.cookies.get("name", "")}


def remember(request, response, name):
    """Ask the browser to keep *name* for thirty days."""
    response.set_cookie("name", name, max_age=30 * 24 * 3600, httponly=True, samesite="Lax")


pages = [*pages, partial(html_pages, known=known, remember=remember)]

if __name__ == "__main__":
    App().run(pages)
