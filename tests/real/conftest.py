"""Real parts for tests: a whole node, and Asterisk alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from ari_app.testing.developer import Developer, Routed, developer_on
from ari_app.testing.stack import RealStack, free_sip_port, real_asterisk, real_stack
from ari_app.testing.watched import DYING, obituaries

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder as needing the real Asterisk."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test whose OpenSIPS or rtpengine died says so, whatever it failed at."""
    report = yield
    if report.failed and (news := obituaries(DYING)):
        report.sections.append(("Servers that died", news))
    return report


@pytest.fixture(autouse=True)
def _nobody_died() -> Iterator[None]:
    """No server dies unnoticed, be the test content or not."""
    yield
    assert not (news := obituaries()), news


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A whole node, started as `ariswitch up` does; one for all tests of a session."""
    with real_stack(tmp_path_factory.mktemp("node")) as running:
        yield running
        errors = running.asterisk_errors()
    assert not errors, "\n".join(errors)


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """Asterisk alone; connect to its ARI as application `ariswitch`."""
    with real_asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running
        errors = running.asterisk_errors()
    assert not errors, "\n".join(errors)


@pytest.fixture
async def dev(stack: RealStack) -> AsyncIterator[Developer]:
    """A developer on the node; nothing of the test's calls may be left in Asterisk."""
    async with developer_on(stack) as playing:
        yield playing


@pytest.fixture(scope="session")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """A second node: numbers are reached at a port, 127.0.0.1 alone may call in."""
    folder = tmp_path_factory.mktemp("routed")
    trunk, web = free_sip_port(), free_sip_port()
    config = folder / "ariswitch.toml"
    config.write_text(
        "[[numbers]]\n"
        f'phone_number = "{Routed.number}"\n'
        f'voice_url = "http://127.0.0.1:{web}/config?tenant=7"\n'
        'voice_method = "GET"\n'
    )
    settings = {
        "config": config,
        "outbound_sip_uri": f"sip:{{number}}@127.0.0.1:{trunk}",
        "sip_allow": "127.0.0.1/32",
        "ended_call_update": 200,
    }
    with real_stack(folder, **settings) as running:
        yield Routed(running, trunk, web)
        errors = running.asterisk_errors()
    assert not errors, "\n".join(errors)


@pytest.fixture
async def routed_dev(routed: Routed) -> AsyncIterator[Developer]:
    """A developer on the second node, the web server where its config file says."""
    async with developer_on(routed.stack, port=routed.web_port) as playing:
        yield playing
