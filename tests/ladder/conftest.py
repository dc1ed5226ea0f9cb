"""The ladder's own modules, and the workshop of the conformance tests, by their plain names."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE.parent / "conformance", HERE.parent.parent / "ladder"):
    sys.path.append(str(folder))
