"""Where packaged files are found: in place in a checkout, under ``_data`` in a wheel."""

from pathlib import Path

import pytest

from cep import packaged
from cep.errors import UsageError


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds a package ``cep`` of which ``cep.packaged`` takes itself to be a part."""
    (tmp_path / "cep").mkdir()
    monkeypatch.setattr(packaged, "__file__", str(tmp_path / "cep" / "packaged.py"))
    return tmp_path


def pack(root: Path, *names: str) -> None:
    (root / "grammar").mkdir(parents=True)
    for name in names:
        (root / "rules" / name).mkdir(parents=True)


def test_this_checkout_is_found(root: Path) -> None:
    assert packaged.data_root() == root
    assert packaged.grammar_path() == root / "grammar" / "cep.lark"
    assert packaged.grammar_path().is_file()


def test_a_wheel_prefers_its_own_files(installation: Path) -> None:
    pack(installation)
    pack(installation / "cep" / "_data")
    assert packaged.data_root() == installation.resolve() / "cep" / "_data"


def test_a_damaged_installation_says_so(installation: Path) -> None:
    with pytest.raises(FileNotFoundError, match="install the package again"):
        packaged.data_root()


def test_packs_are_the_folders_of_rules_in_order(installation: Path) -> None:
    pack(installation, "payments", "authentication", "__pycache__", ".hidden")
    (installation / "rules" / "README.md").write_text("text", "utf-8")
    assert list(packaged.rule_packs()) == ["authentication", "payments"]
    assert packaged.rule_pack("payments") == installation.resolve() / "rules" / "payments"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("autentication", "did you mean `authentication`?"),
        ("zzz", "there are: authentication, payments"),
        ("../payments", "no packaged rules named"),
        ("", "there are: authentication, payments"),
    ],
)
def test_an_unknown_pack_names_what_there_is(installation: Path, name: str, message: str) -> None:
    pack(installation, "authentication", "payments")
    with pytest.raises(UsageError) as raised:
        packaged.rule_pack(name)
    assert message in str(raised.value)


def test_no_rules_at_all(installation: Path) -> None:
    pack(installation)
    assert packaged.rule_packs() == {}
    with pytest.raises(UsageError, match="there are: none"):
        packaged.rule_pack("authentication")
