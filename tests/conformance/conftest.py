"""What both conformance modules start from: wsgiapp's wheel, and environments that say so when there is no network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import sandbox
from sandbox import Environment, Workshop

from servers import lack, require


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """wsgiapp's wheel, built from this checkout."""
    require("pip")
    require("hatchling")
    return sandbox.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def workshop(wheel: Path) -> Workshop:
    """Makes environments; without a network the test ends as `servers.lack` says."""

    def make(name: str, requirements: Iterable[str], sources: Iterable[str], alias: bool) -> Environment:
        try:
            environment = sandbox.make_environment(name, requirements, wheel if alias else None)
            sandbox.fetch(sources, environment)
        except sandbox.NoNetworkError:
            lack("needs a network: pip reaches no package index, and the cache lacks what this test installs")
            raise
        return environment

    return make
