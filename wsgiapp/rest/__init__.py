"""REST: resources over HTTP's full semantics, for any app.

An app declares a resource from a pydantic model and a store; the answers to errors, the OpenAPI document and the pages
come with it. The modules, in reading order, each importing only from those before it:

| module | what lives there |
|---|---|
| `problems` | errors as the client prefers them: problem documents (RFC 9457) or pages |
| `jsonbody` | a parser of JSON that means one thing only |
| `models` | the strict base of models; errors with JSON pointers |
| `conditional` | entity tags: 412 and 428 |
| `patches` | merge patch (RFC 7396) and JSON Patch (RFC 6902) |
| `stores` | what a resource asks of a store; the store in memory |
| `sql` | the store in a database, by SQLAlchemy; imported by its own name, `wsgiapp.rest.sql` |
| `listing` | pages of a list by cursor, filters, order, fields |
| `idempotency` | a request that is sent twice is done once |
| `resource` | what an app declares |
| `documents` | the page on an API, with forms |
| `views` | what each method does, and in which order a request is judged |
| `openapi` | the OpenAPI 3.1 document |
| `api` | mounting it all on an app |
"""

from __future__ import annotations

from importlib.util import find_spec

for _part in ("pydantic", "jsonpatch"):
    if find_spec(_part) is None:
        raise ImportError(f"wsgiapp.rest needs {_part}. Install what it needs: pip install 'wsgiapp[rest]'", name=_part)

from .api import API as API  # noqa: E402  # what is missing is named first
from .idempotency import MemoryKeys as MemoryKeys  # noqa: E402
from .models import Model as Model  # noqa: E402
from .models import Whole as Whole  # noqa: E402
from .models import pointed_errors as pointed_errors  # noqa: E402
from .problems import Problem as Problem  # noqa: E402
from .resource import Resource as Resource  # noqa: E402
from .stores import MemoryStore as MemoryStore  # noqa: E402
from .stores import Query as Query  # noqa: E402
from .stores import Store as Store  # noqa: E402
from .stores import Stored as Stored  # noqa: E402
