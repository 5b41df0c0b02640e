"""What is shipped and what is promised: the licence, the types, the dependencies."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info

ROOT = Path(__file__).parent.parent


def project() -> dict[str, Any]:
    """The `project` table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def test_the_licence_is_in_the_package_and_so_in_the_wheel() -> None:
    (name,) = project()["license-files"]
    text = (ROOT / name).read_text(encoding="utf-8")
    assert Path(name).parts[0] == "mmtriage"
    assert text.split()[:8] == ["GNU", "GENERAL", "PUBLIC", "LICENSE", "Version", "3,", "29", "June"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "mmtriage" / "py.typed").read_bytes() == b""


def test_no_address_is_invented() -> None:
    assert "urls" not in project()


def test_the_threads_of_blas_can_be_limited() -> None:
    """threadpoolctl before 3.5 does not know the OpenBLAS that NumPy and SciPy bring, and limits nothing."""
    assert scipy.linalg.cholesky(np.eye(2)).shape == (2, 2)  # both are loaded
    assert [library["user_api"] for library in threadpool_info()].count("blas") >= 1
