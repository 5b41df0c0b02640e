"""`mmtriage init`: a model is added to a project, with its first report and a workflow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmtriage.command.complaints import refuse_extra_arguments
from mmtriage.command.completion import completed
from mmtriage.command.flags import flags, read
from mmtriage.command.screen import show
from mmtriage.data.reading import Reading
from mmtriage.errors import ConfigError, MmtriageError, OptionError, UnjudgedError
from mmtriage.option_values import Option, Text
from mmtriage.options import OPTIONS, TriageOptions
from mmtriage.project.toml_entry import entry
from mmtriage.system.whole_files import write_whole

if TYPE_CHECKING:
    from mmtriage.report.baseline_file import Kept

CONFIG, REPORTS = Path("pyproject.toml"), Path("reports")
WORKFLOW = Path(".github/workflows/mmtriage.yml")
TEMPLATE = Path(__file__).parents[1] / "project" / "workflow.yml"
FIT = Option(
    meaning=Text(),
    default=None,
    help="A fit made elsewhere, in place of DATA and FORMULA (`mmtriage explain judge`).",
    name="fit",
    key="fit",
    metavar="FILE",
    completion="file",
)
NAME = Option(
    meaning=Text(),
    default=None,
    help="What the model is called (default: as its file).",
    name="name",
    key="name",
    metavar="NAME",
)


@click.command(context_settings={"allow_extra_args": True})
@click.argument("data", required=False, shell_complete=completed("file"))
@click.argument("formula", required=False)
@flags([NAME, FIT, *OPTIONS])
def init(data: str | None, formula: str | None, name: str | None, fit: str | None, **given: Any) -> int:
    """Add a model to the project of this directory, to be checked from now on.

    It becomes an entry of pyproject.toml, its report (whatever that finds) the first baseline in reports/,
    and .github/workflows/mmtriage.yml checks it on pull requests. What exists is added to, or left alone.

    \b
      mmtriage init data/sleepstudy.csv "Reaction ~ Days + (Days | Subject)"
      mmtriage init --fit fits/model.json
    """
    refuse_extra_arguments(click.get_current_context().args)
    about = _about(data, formula, name, fit)
    before = _configuration()
    text = _with_entry(before or "", entry(about, read(Reading, given), read(TriageOptions, given)))
    try:
        write_whole(CONFIG, text)
        kept = _with_report_or_as_before(about["name"], before)
        workflow = _workflow()
    except OSError as error:
        raise UnjudgedError(f"`{error.filename}` cannot be written: {error.strerror}") from None
    said = [f"{CONFIG}: model `{about['name']}` added", f"{kept.path}: the report as it is today"]
    said += [f"{WORKFLOW}: {workflow}"]
    said += ["From now on `mmtriage check --baseline reports` fails where something is new."]
    show("\n".join(said) + "\n")
    return 0


def _about(data: str | None, formula: str | None, name: str | None, fit: str | None) -> dict[str, str]:
    """The keys that say what the model is."""
    if fit is not None:
        if formula is not None:
            raise OptionError("a fit has its formula", where="option --fit", hint="Leave FORMULA out.")
        table = {} if data is None else {"data": _relative(data)}
        return {"name": name or Path(fit).stem, **table, "fit": _relative(fit)}
    if data is None or formula is None:
        missing = "DATA" if data is None else "FORMULA"
        hint = 'For example: mmtriage init data.csv "y ~ x + (1 | g)", or mmtriage init --fit fit.json'
        raise OptionError(f"{missing} is missing", hint=hint)
    if data == "-":
        raise OptionError("a model cannot be read from standard input", hint="Name a file.")
    return {"name": name or Path(data).name.split(".")[0], "data": _relative(data), "formula": formula}


def _relative(path: str) -> str:
    """The path as seen from here, where it can be: a configuration is for other machines, too."""
    place = Path(path).expanduser()
    if place.is_absolute() and place.is_relative_to(Path.cwd()):
        place = place.relative_to(Path.cwd())
    return place.as_posix()


def _configuration() -> str | None:
    """What stands in the configuration; None where there is none yet."""
    from mmtriage.check.config import config_text

    return config_text(CONFIG, where="this directory") if CONFIG.exists() else None


def _with_report_or_as_before(name: str, before: str | None) -> Kept:
    """The first report of the new model; where there is none, the configuration is put back."""
    try:
        return _first_report(name)
    except BaseException:
        if before is None:
            CONFIG.unlink()
        else:
            write_whole(CONFIG, before)
        raise


def _with_entry(before: str, added: str) -> str:
    """The configuration with one more model."""
    from mmtriage.check.config import parsed

    text = f"{before.rstrip()}\n\n{added}" if before.strip() else added
    try:
        parsed(text, str(CONFIG))
    except ConfigError as error:
        raise ConfigError(
            f"no model can be added: {error.message}",
            where=error.where,
            hint=f"Mend it, or add by hand:\n{added}",
            text=error.text,
            span=error.span,
        ) from None
    return text


def _first_report(name: str) -> Kept:
    """Triage the model and put its report into the directory of baselines."""
    from mmtriage.check.baselines import keep_each, open_baselines
    from mmtriage.check.config import chosen, read_config
    from mmtriage.check.triage_all import check_models

    config = chosen(read_config(CONFIG), [name])
    summary = check_models(config, jobs=1)
    (model,) = summary.models
    if model.traceback:
        sys.stderr.write(model.traceback)
    if isinstance(model.outcome, MmtriageError):
        raise model.outcome
    baselines = open_baselines(REPORTS, [name], update=True)
    _, (kept,) = keep_each(summary, baselines)
    if not kept.is_kept:
        problem = "there is no verdict to keep" if kept.outcome == "no_verdict" else str(kept.refusal)
        raise UnjudgedError(f"no baseline was written: {problem}", where=str(kept.path))
    return kept


def _workflow() -> str:
    """Write the workflow unless there is one."""
    if WORKFLOW.exists():
        return "left as it is"
    WORKFLOW.parent.mkdir(parents=True, exist_ok=True)
    write_whole(WORKFLOW, TEMPLATE.read_text(encoding="utf-8"))
    return "written; put the address of mmtriage into it"
