"""Problem details: their titles."""

import pytest
import werkzeug.http

from wsgiapp.rest.problems import title_of


def test_reason_phrases_come_from_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next Werkzeug's table of them warns when it is read; warnings are errors here."""
    monkeypatch.delattr(werkzeug.http, "HTTP_STATUS_CODES")
    assert [title_of(status) for status in (404, 413, 799)] == ["Not Found", "Content Too Large", "Error"]
