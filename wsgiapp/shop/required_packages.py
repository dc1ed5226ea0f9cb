"""What the shop needs beside the framework; imported before all the rest of it, so that what is missing is named."""

from __future__ import annotations

try:
    import jsonpatch  # noqa: F401  # looked for, and used elsewhere
    import pydantic  # noqa: F401
    import sqlalchemy  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"The shop needs packages that the framework alone does without ({error}). Install them:"
        " pip install 'wsgiapp[shop]', or in a checkout: pip install -e '.[shop]'"
    ) from None
