"""What a test has left current: the context variables of both frameworks. A module, so that any test can import it."""

import sys
from typing import Any

FRAMEWORKS = ("wsgiapp", "flask")
CONTEXT_VARIABLES = ("_cv_request", "_cv_app")


def bound_contexts() -> list[tuple[str, Any]]:
    """Name and value of each context variable of either framework that is bound at this moment."""
    bound = []
    for name in FRAMEWORKS:
        module = sys.modules.get(f"{name}.globals")
        for variable in CONTEXT_VARIABLES if module else ():
            context = getattr(module, variable).get(None)
            if context is not None:
                bound.append((f"{name}.globals.{variable}", context))
    return bound
