"""Who has which token."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from stratumproxy.config.control import Api
from stratumproxy.config.hosting import Tenant
from stratumproxy.web.tokens import Tokens
from stratumproxy.web.viewer import Viewer

SECRET = b"a secret of some length"


def tokens(folder: Path, *shared: str, **secrets: str) -> Tokens:
    """Those of the file, of three named ones and of two tenants; `shared` have one secret."""
    files = {}
    for name in ("file", "look", "act", "own", "acme", "beta"):
        files[name] = str(folder / name)
        secret = "shared by several tokens" if name in shared else f"the secret of {name}"
        (folder / name).write_text(secrets.get(name, secret))
    named: list[dict[str, Any]] = [
        {"name": "look", "file": files["look"]},
        {"name": "act", "file": files["act"], "role": "operate"},
        {"name": "own", "file": files["own"], "role": "operate", "tenant": "acme"},
    ]
    api = Api.model_validate({"token_file": files["file"], "token": named})
    tenants = [
        Tenant(name=name, workers=["*"], token_file=files[name]) for name in ("acme", "beta")
    ]
    return Tokens(api, tenants)


def test_each_has_its_viewer(tmp_path: Path) -> None:
    some = tokens(tmp_path)
    assert {
        name: some.viewer(f"the secret of {name}".encode())
        for name in ("file", "look", "act", "own", "acme", "beta")
    } == {
        "file": Viewer("", may_act=True),
        "look": Viewer("look"),
        "act": Viewer("act", may_act=True),
        "own": Viewer("own", may_act=True, tenant="acme"),
        "acme": Viewer("tenant acme", tenant="acme"),
        "beta": Viewer("tenant beta", tenant="beta"),
    }
    for wrong in (b"", b"the secret of", b"the secret of acme ", b"\xff", b"acme"):
        assert some.viewer(wrong) is None


def test_without_any_there_are_none() -> None:
    assert not Tokens(Api())
    assert Tokens(Api()).viewer(b"") is None


@pytest.mark.parametrize(
    ("shared", "opens"),
    [
        (("file", "look"), Viewer("look")),
        (("act", "own"), Viewer("own", may_act=True, tenant="acme")),
        (("own", "acme"), Viewer("tenant acme", tenant="acme")),
        (("file", "beta", "look"), Viewer("tenant beta", tenant="beta")),
        (("acme", "beta"), None),
        (("own", "beta"), None),
        (("file", "acme", "beta"), None),
        (("look", "own", "acme", "beta"), None),
    ],
)
def test_a_secret_of_two_opens_what_the_lesser_may_and_of_two_customers_nothing(
    tmp_path: Path, shared: tuple[str, ...], opens: Viewer | None
) -> None:
    with capture_logs() as logs:
        some = tokens(tmp_path, *shared)
    assert some.viewer(b"shared by several tokens") == opens
    assert (some.session(b"shared by several tokens", 100) is None) == (opens is None)
    assert len(logs) == len(shared) - 1


def test_a_session_is_its_tokens_alone(tmp_path: Path) -> None:
    some = tokens(tmp_path)
    cookie = some.session(b"the secret of acme", 100)
    other = some.session(b"the secret of beta", 100)
    assert some.session(b"the secret of nobody", 100) is None
    assert cookie is not None
    assert other is not None
    assert some.of_session(cookie, 99) == Viewer("tenant acme", tenant="acme")
    assert some.of_session(cookie, 100) is None
    until, id, signature = cookie.split(".")
    other_id = other.split(".")[1]
    for made_up in (f"{until}.{other_id}.{signature}", f"101.{id}.{signature}", f"{until}.{id}."):
        assert some.of_session(made_up, 0) is None


def test_a_session_outlives_a_restart_but_not_its_token(tmp_path: Path) -> None:
    cookie = tokens(tmp_path).session(b"the secret of acme", 100)
    assert cookie is not None
    assert tokens(tmp_path).of_session(cookie, 0) == Viewer("tenant acme", tenant="acme")
    assert tokens(tmp_path, acme="another secret than before").of_session(cookie, 0) is None
