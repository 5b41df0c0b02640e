"""Shell completion: what is completed, and that real shells accept the scripts that the README names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmtriage.command.group import COMMANDS
from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.model.family_names import LINKS_OF
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.render import RENDERERS
from mmtriage.report.schema import SCHEMAS

ROOT = Path(__file__).parents[2]
SLEEP = str(ROOT / "sample_data" / "sleepstudy.csv")
COMMAND = "import sys; sys.argv = ['mmtriage']; from mmtriage.command.main import main; main()"
CONFIG = '[[models]]\nname = "{}"\ndata = "d.csv"\nformula = "y ~ 1 + (1 | g)"\n'


def said(directory: Path = ROOT, **variables: str) -> str:
    """What the command prints for a shell that asks it."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def completed(line: str, directory: Path = ROOT) -> list[str]:
    """The candidates for the last word of a line, as bash asks for them: "kind,word"."""
    position = str(len(line.split(" ")) - 1)
    answer = said(directory, _MMTRIAGE_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=position)
    return [candidate for candidate in answer.splitlines() if candidate]


def plain(*words: str) -> list[str]:
    return [f"plain,{word}" for word in words]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mmtriage ", plain(*sorted(COMMANDS))),
        ("mmtriage fit ", ["file,"]),
        ("mmtriage judge ", ["file,"]),
        ("mmtriage judge fit.json d", ["file,d"]),
        ("mmtriage fit d.csv y --format ", plain(*RENDERERS)),
        ("mmtriage fit d.csv y --format ma", plain("markdown")),
        ("mmtriage fit d.csv y --family ", plain(*LINKS_OF)),
        ("mmtriage fit d.csv y --family poisson --link ", plain(*LINKS_OF["poisson"])),
        ("mmtriage fit d.csv y --optimizer ", plain(*OPTIMIZERS, "nlminbwrap")),
        ("mmtriage fit d.csv y --fail-on w", plain("warning")),
        ("mmtriage fit d.csv y --ignore ", plain(*CATALOGUE)),
        (
            "mmtriage fit d.csv y --select MM310,MM31",
            plain("MM310,MM310", "MM310,MM311", "MM310,MM312", "MM310,MM313", "MM310,MM314"),
        ),
        ("mmtriage fit d.csv y --baseline b", ["file,b"]),
        ("mmtriage fit d.csv y --update", plain("--update-baseline")),
        ("mmtriage check --baseline b", ["dir,b"]),
        ("mmtriage check --config m", ["file,m"]),
        ("mmtriage explain sing", plain("singular", "singleton-groups")),
        ("mmtriage explain MM31", plain("MM310", "MM311", "MM312", "MM313", "MM314")),
        ("mmtriage schema ", plain(*SCHEMAS)),
    ],
)
def test_what_can_be_named_is_completed(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def test_models_of_the_configuration_are_completed(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(CONFIG.format("sleep") + CONFIG.format("slope"))
    assert completed("mmtriage check --config m.toml sl", tmp_path) == plain("sleep", "slope")
    assert completed("mmtriage check --config m.toml sleep sl", tmp_path) == plain("slope")
    assert completed("mmtriage check --config none.toml sl", tmp_path) == []


# How each shell shows what it would insert, after the line of the README and a key.
SHELLS = {
    "bash": """
eval "$(_MMTRIAGE_COMPLETE=bash_source mmtriage)"
COMP_WORDS=(mmtriage explain MM31) COMP_CWORD=2
_mmtriage_completion mmtriage
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
compdef() { registered=$1 }
compadd() { print -l -- ${(P)@[-1]} }
words=(mmtriage explain MM31) CURRENT=3
eval "$(_MMTRIAGE_COMPLETE=zsh_source mmtriage)"
$registered
""",
    "fish": """
_MMTRIAGE_COMPLETE=fish_source mmtriage | source
complete -C "mmtriage explain MM31"
""",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_after_its_line_of_the_readme(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} on this machine")
    assert f"_MMTRIAGE_COMPLETE={shell}_source mmtriage" in (ROOT / "README.md").read_text(encoding="utf-8")
    command = tmp_path / "mmtriage"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mmtriage "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [program, "-c", SHELLS[shell]],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert sorted(word.split("\t")[0] for word in done.stdout.split("\n") if word) == [
        "MM310",
        "MM311",
        "MM312",
        "MM313",
        "MM314",
    ]
