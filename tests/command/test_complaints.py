"""Words that make no command: every message is read whole."""

from __future__ import annotations

import pytest

from mmtriage.command import main
from mmtriage.command.group import COMMANDS
from mmtriage.model.family_names import LINKS_OF
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.render import RENDERERS
from tests.command.running import EXAMPLE, Run

KNOWN = ", ".join(RENDERERS)


HELP = "`mmtriage fit --help` says how it is used."


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["fit"], f"Error: DATA is missing\n  For example: {EXAMPLE}\n"),
        (["fit", "DATA"], f"Error: FORMULA is missing\n  For example: {EXAMPLE}\n"),
        (["fti", "DATA"], "Error: `fti` is not a command\n  Did you mean `fit`?\n"),
        (["zzz"], f"Error: `zzz` is not a command\n  The commands are: {', '.join(COMMANDS)}.\n"),
        (
            ["DATA", "y~x"],
            'Error: `DATA` is not a command\n  To triage a model: mmtriage fit DATA "FORMULA"\n',
        ),
        (
            ["fit", "DATA", "y", "x"],
            f"Error: `x` is one argument too many\n  Put the formula in quotes. For example: {EXAMPLE}\n",
        ),
        (
            ["fit", "DATA", "y", "--optimzer", "x"],
            "Error: there is no option `--optimzer`\n  Did you mean `--optimizer`?\n",
        ),
        (
            ["fit", "DATA", "y", "--zzz"],
            "Error: there is no option `--zzz`\n  `mmtriage fit --help` lists them.\n",
        ),
        (["-x"], "Error: there is no option `-x`\n  `mmtriage --help` lists them.\n"),
        (["--verson"], "Error: there is no option `--verson`\n  Did you mean `--version`?\n"),
        (["explain", "--hlep"], "Error: there is no option `--hlep`\n  Did you mean `--help`?\n"),
        (["check", "--confg", "x"], "Error: there is no option `--confg`\n  Did you mean `--config`?\n"),
        (
            ["explain", "rescal"],
            "Error: there is no page on `rescal`\n"
            "  Did you mean `rescale`? `mmtriage explain` lists all topics.\n",
        ),
        (
            ["fit", "DATA", "y", "--ignore", "zero-varience"],
            "Error in option --ignore: `zero-varience` is no code of a finding\n"
            "  Did you mean `zero-variance`? `mmtriage explain` lists all findings; "
            "MM3 stands for all that begin with it.\n",
        ),
        (
            ["fit", "DATA", "y", "--family", "binomial", "--link", "porbit"],
            "Error in option --link: the family binomial has no link `porbit`\n"
            "  Did you mean `probit`? It has: logit, probit, cloglog, cauchit, log, identity.\n",
        ),
        (["fit", "DATA", "y", "--sep"], f"Error: option '--sep' requires an argument\n  {HELP}\n"),
        (["fit", "DATA", "y", "--ml=3"], f"Error: option '--ml' does not take a value\n  {HELP}\n"),
        (
            ["fit", "DATA.cvs", "y ~ x + (1 | g)"],
            "Error: there is no file `DATA.cvs`\n  Did you mean `d.csv`?\n",
        ),
        (
            ["fit", "DATA", "y", "--optimizer", "bobyka"],
            "Error in option --optimizer: `bobyka` is not known\n"
            f"  Did you mean `bobyqa`? Known are: {', '.join(OPTIMIZERS)}, nlminbwrap.\n",
        ),
        (
            ["fit", "DATA", "y", "--format", "jsn"],
            f"Error in option --format: `jsn` is not known\n  Did you mean `json`? Known are: {KNOWN}.\n",
        ),
        (
            ["fit", "DATA", "y", "--fail-on", "warn"],
            "Error in option --fail-on: `warn` is not known\n"
            "  Did you mean `warning`? Known are: error, warning, info, never.\n",
        ),
        (
            ["fit", "DATA", "y", "--family", "Gausian"],
            "Error in option --family: `Gausian` is not known\n"
            f"  Did you mean `gaussian`? Known are: {', '.join(LINKS_OF)}.\n",
        ),
        (
            ["fit", "DATA", "y", "--contrasts", "f"],
            "Error in option --contrasts: `f` does not say which column gets which coding\n"
            "  Write COL=CODING with one of: treatment, sum, helmert, poly.\n",
        ),
        (
            ["fit", "DATA", "y", "--contrasts", "f=summ"],
            "Error in option --contrasts: `summ` is not known\n"
            "  Did you mean `sum`? Known are: treatment, sum, helmert, poly.\n",
        ),
        (
            ["fit", "DATA", "y", "--contrasts", "f=sum", "--contrasts", "f=poly"],
            "Error in option --contrasts: the column `f` is given twice\n  Give it once.\n",
        ),
        (
            ["fit", "DATA", "y", "--factor", "=a"],
            "Error in option --factor: `=a` names no column\n"
            "  Write COL, or COL=lev1,lev2 with the reference level first.\n",
        ),
        (
            ["fit", "DATA", "y", "--factor", "f="],
            "Error in option --factor: `f=` names no levels\n"
            "  Write COL, or COL=lev1,lev2 with the reference level first.\n",
        ),
        (
            ["fit", "DATA", "y ~ x + (1 | g)", "--factor", "Subjct"],
            "Error in option --factor: there is no column `Subjct`\n  Did you mean `Subject`?\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "report.json"],
            "Error in option --output: `report.json` is not FORMAT:PATH\n"
            "  Write FORMAT:PATH, such as json:report.json. For stdout use --format.\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "jso:x"],
            "Error in option --output: `jso` is not known\n"
            f"  Did you mean `json`? Known are: {KNOWN}, svg.\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "json:/nowhere/x"],
            "Error in option --output: `/nowhere/x` is in a directory that does not exist\n"
            "  Make `/nowhere` first, or name another file.\n",
        ),
        (  # once a traceback, as in a circle of links
            ["fit", "DATA", "y", "--output", f"json:{'a' * 300}"],
            f"Error in option --output: `{'a' * 300}` names no file: File name too long\n",
        ),
        (
            ["fit", "DATA", "y", "--output", "json:/"],
            "Error in option --output: `/` is a directory\n  Give a file to write.\n",
        ),
        (
            ["fit", "DATA", "y", "--maxfun", "0"],
            "Error in option --maxfun: `0` is not a whole number of at least 1\n"
            "  Write it as in: --maxfun 20000\n",
        ),
        (
            ["fit", "DATA", "y", "--bootstrap", "1e3"],
            "Error in option --bootstrap: `1e3` is not a whole number of at least 0\n"
            "  Write it as in: --bootstrap 1000\n",
        ),
        (
            ["fit", "DATA", "y", "--time-budget", "soon"],
            "Error in option --time-budget: `soon` is not a positive number of seconds\n"
            "  Write it as in: --time-budget 60\n",
        ),
        (
            ["fit", "DATA", "y", "--time-budget", "-1"],
            "Error in option --time-budget: `-1` is not a positive number of seconds\n"
            "  Write it as in: --time-budget 60\n",
        ),
        (["fit", "DATA", "y", "-q", "-v"], "Error: -q and -v contradict each other\n  Give one of them.\n"),
        (
            ["schema", "reprot"],
            "Error in the name of a schema: `reprot` is not known\n"
            "  Did you mean `report`? Known are: report, check, error, fit.\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_clear_message_and_exit_code_2(
    argv: list[str], message: str, data: str, mmtriage: Run
) -> None:
    result = mmtriage(*[word.replace("DATA.cvs", f"{data[:-4]}.cvs").replace("DATA", data) for word in argv])
    shown = result.err.replace(f"{data[:-4]}.cvs", "DATA.cvs").replace(data, "DATA")
    assert (result.code, result.out) == (2, "")
    assert shown == message


def test_without_a_word_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert all(f"\n  {name} " in captured.err for name in COMMANDS)
