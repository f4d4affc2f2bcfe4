"""What holds for every test: nobody's git settings, approvals or locale, and properties that never fail for want of time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest

from verifyd.doors.ci_other_hosts import HOSTS

CI_HOSTS = ("CI", "GITHUB_", "GITLAB_", "RUNNER_", *(host.marker for host in HOSTS))
"""How the variables begin by which a CI host is known; a gate of verifyd has the first of them too."""

hypothesis.settings.register_profile("usual", deadline=None, max_examples=40)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "usual"))


@pytest.fixture(scope="session", autouse=True)
def nobodys_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the user's git settings or the CI host it runs on, nor writes an approval where verifyd would look for it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GIT_", "VERIFYD", *CI_HOSTS))]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def unchanged_environment(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that changes the environment puts it back."""
    before = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    yield
    after = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    assert after == before, f"{request.node.nodeid} left another environment behind"


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of the daemon and its clients; a test that plays with the clock has its own."""
    return "asyncio"
