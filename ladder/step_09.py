"""Step 9: A signature by hand.

What Flask shows you: ``app.secret_key = "…"``, without which there is no session.

What is underneath: HMAC. It mixes a text and a key into a short number, the signature. Whoever has the key can compute
it. Whoever has not cannot guess it, however often he looks at signed texts. So the server sends the text and the
signature together. When they come back, it computes the signature again. If one letter of the text was changed, the two
do not agree. The text is signed and not hidden: everybody can read it.

What is new in this step: two functions that sign the visitor's name and read it back. The two signatures are compared
by ``hmac.compare_digest``, which always takes the same time. A plain ``==`` stops at the first wrong letter, and this
time tells an attacker how many letters were right. The key comes from the environment variable ``SECRET_KEY``, or is
made anew at each start.

Try this::

    curl -i -c jar.txt -d "name=Grace" -d "text=Hello." http://127.0.0.1:8000/sign
    # 303: Set-Cookie: name=Grace.
    curl -b jar.txt http://127.0.0.1:8000/
    # 200: Welcome back, Grace.
    curl -b "name=Ada" http://127.0.0.1:8000/
    # 200, without: Welcome back

The file ``jar.txt`` keeps the cookies. Change one letter of the name in it, and send it again.

Share of the list in ladder/README.md that runs at this step: 29 %.
"""

# From the steps before: os (1); App, html_pages (7); pages, partial (8).

import hashlib
import hmac
import secrets

from step_08 import *

SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex()


def sign_text(text, key):
    """The text and its signature, which only an owner of *key* can compute, with a dot between them."""
    return f"{text}.{hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def read_text(signed, key):
    """The text if its signature was made with *key*, and nothing if not."""
    text = signed.rpartition(".")[0]
    return text if hmac.compare_digest(signed.encode(), sign_text(text, key).encode()) else ""


def known(request):
    """The name that the browser has kept, if it was signed here."""
    return {"name": read_text(request.cookies.get("name", ""), SECRET_KEY)}


def remember(request, response, name):
    """Ask the browser to keep *name* and its signature."""
    response.set_cookie("name", sign_text(name, SECRET_KEY), max_age=30 * 24 * 3600, httponly=True, samesite="Lax")


pages = [*pages, partial(html_pages, known=known, remember=remember)]

if __name__ == "__main__":
    App().run(pages)
