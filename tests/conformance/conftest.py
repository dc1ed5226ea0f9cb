"""What both conformance modules start from: environments that say so when there is no network."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import sandbox
import suites
from sandbox import Environment, Workshop

from servers import lack, require


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    """Makes environments; without a network the test ends as `servers.lack` says."""
    require("pip")
    require("hatchling")

    def make(name: str, requirements: Iterable[str], sources: Iterable[str], alias: bool) -> Environment:
        try:
            with sandbox.alone():
                environment = sandbox.make_environment(name, requirements, alias)
                sandbox.fetch(sources, environment)
        except sandbox.NoNetworkError:
            lack("needs a network: pip reaches no package index, and the cache lacks what this test installs")
            raise
        return environment

    return make


@pytest.fixture(scope="session")
def alias_environment(workshop: Workshop) -> Environment:
    """Every extension of the table, what Flask's own tests need, and wsgiapp."""
    return workshop("suites", suites.REQUIREMENTS, suites.SOURCES, alias=True)
