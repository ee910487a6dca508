"""Each code that connectors give is explained."""

import re
from pathlib import Path

from cep.diagnostic_codes import CODES


def test_every_code_is_explained(root: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in (root / "cep" / "connectors").glob("*.py"))
    used = set(re.findall(r"CEP\d{3}", text))
    assert used == {f"CEP60{number}" for number in range(1, 10)}
    for code in used:
        assert CODES[code].title
        assert CODES[code].explanation.endswith(".")
