"""What the tests of the X-ray share: the templates of its pages, compiled once."""

from collections.abc import Iterator

import pytest

from compiled import Compiled
from wsgiapp.xray.show.pages import PagesApp


@pytest.fixture(scope="session", autouse=True)
def compiled_pages() -> Iterator[None]:
    """Compile each template of the X-ray's pages once a process, not once for each app that a test watches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PagesApp, "jinja_options", {"bytecode_cache": Compiled()})
        yield
