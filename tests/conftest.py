"""Options and fixtures that all tests share."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits
from xdist.scheduler import LoadScopeScheduling

from tests.contradictions import assert_one_story
from tests.golden_cases import HEAVY, HEAVY_STRUCTURES
from tests.kernels import hangs_on_kernels

Snapshot = Callable[[str, str], None]
TOGETHER = HEAVY | HEAVY_STRUCTURES


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots", action="store_true", help="write what the renderers print instead of comparing"
    )
    parser.addoption(
        "--refresh-reports",
        action="store_true",
        help="run the commands of tests/real_reports anew and keep them",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--refresh-reports") and not hasattr(config, "workerinput"):
        from tests.real_reports.commands import refresh  # before any test module reads the files

        refresh()


class HeavyTogether(LoadScopeScheduling):  # type: ignore[misc]
    """One worker has all tests of a heavy golden case, whatever file they are in: it triages it once.

    The groups of `--dist loadgroup` are names of tests with a suffix, which pytest 9.2 no longer hands on.
    """

    def _split_scope(self, nodeid: str) -> str:
        return min(TOGETHER.intersection(_words_of(nodeid)), default=nodeid)


def _words_of(nodeid: str) -> list[str]:
    """The parameters of a test among whatever else its name is made of."""
    return re.split(r"[\[\]-]", nodeid)


@pytest.hookimpl(optionalhook=True)  # of xdist's
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> HeavyTogether:
    return HeavyTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what hangs on kernels, and what is a heavy golden case."""
    for item in items:
        if TOGETHER.intersection(_words_of(item.nodeid)):
            item.add_marker(pytest.mark.heavy)
        dear = any(item.get_closest_marker(name) for name in ("slow", "long"))
        if hangs_on_kernels(item.path) and not dear:
            item.add_marker(pytest.mark.kernels)


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    """On small matrices BLAS threads wait for each other, a hundred times over on a busy machine."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture(autouse=True, scope="session")
def every_report_is_one_story() -> Iterator[None]:
    """Whatever a test triages, what is said of it must be true together."""
    from mmtriage import triage_table as story
    from mmtriage.report.document import report_document

    told = story._triage

    def checked(*args: Any) -> Any:
        report = told(*args)
        assert_one_story(report_document(report))
        return report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "_triage", checked)
        yield


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard() -> Iterator[None]:
    """A background job of a shell ignores SIGINT and hands that on: tests that send one waited for ever."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Compare a text with the file of that name in `snapshots/` beside the test, for reviewers to read."""
    directory = Path(request.path).parent / "snapshots"
    is_update = request.config.getoption("--update-snapshots")

    def compare(name: str, text: str) -> None:
        path = directory / name
        if is_update:
            directory.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no snapshot {path}; write it with pytest --update-snapshots"
        assert text == path.read_text(encoding="utf-8")

    return compare
