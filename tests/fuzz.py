"""Random and mangled formulas and tables, end to end: is every answer one that the command may give?

    python -m tests.fuzz 10000 1000 2000         # formulas, tables, generalized models; 90 minutes on a core
    python -m tests.fuzz 200 0 --seed 7 --part 3/8 --deep --log /tmp/fuzz.jsonl

runs that many cases, prints how many ended how, every distinct complaint about the input and every answer
that is not sound, and exits with 1 if there is one. `--part i/n` runs every n-th case, for several processes
at a time; `--log` keeps what came of each case, its seconds and its memory, and a run that was ended goes on
where it stands; `--deep` also runs the command of every remedy. `tests/test_fuzz.py` runs a small sample.

Sound means: never a traceback; nothing in a formula or a table is run; exit 0, 1 or 3 with a report that
follows the schema, has finite numbers where a number is due, and does not contradict itself; exit 2, or 3
without a report, with a message that says what is wrong and what to do.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import io
import json
import random
import re
import shlex
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import jsonschema
from threadpoolctl import threadpool_limits

from mmtriage import deadline
from mmtriage.command import main as cli
from mmtriage.model.families import family_of
from mmtriage.model.spec import ModelSpec
from mmtriage.report.schema import schema_text
from tests.fuzz_glmm import glmm_case
from tests.fuzz_log import Entry, Log, begin_peak, peak

SAMPLES = Path(__file__).parent.parent / "sample_data"
BUDGET = 5.0  # seconds a case may take before it is reported as unjudged; `--budget` changes it
TOO_LONG = 60.0  # seconds, whatever the budget
TOO_LOW = 1e-6  # deviance units that a fit may be better than the reference: rounding
WITH_SCALE = ("gaussian", "Gamma", "inverse.gaussian")
GRAVITY = ("converged", "false_alarm", "singular", "not_converged", "unidentifiable", "undetermined")


# ---------------------------------------------------------------------------------------------- formulas


@dataclass(frozen=True, slots=True)
class Sample:
    """A table of sample_data and what its columns are good for."""

    path: str
    responses: tuple[str, ...]
    numbers: tuple[str, ...]
    factors: tuple[str, ...]  # few levels
    groups: tuple[str, ...]


SAMPLE_TABLES = tuple(
    Sample(str(SAMPLES / f"{name}.csv"), *(tuple(part.split()) for part in parts))
    for name, *parts in (
        ("sleepstudy", "Reaction", "Days", "", "Subject"),
        ("sleepstudy_year", "Reaction", "Year", "", "Subject"),
        ("sleepstudy_micro", "Reaction", "Days_micro", "", "Subject"),
        ("Dyestuff", "Yield", "", "Batch", "Batch"),
        ("Dyestuff2", "Yield", "", "Batch", "Batch"),
        ("Penicillin", "diameter", "", "sample", "plate sample"),
        ("Pastes", "strength", "", "cask batch", "batch cask sample"),
        ("Machines", "score", "", "Machine", "Worker Machine"),
        ("cbpp", "incidence size", "size period obs", "period", "herd period obs"),
        ("dose_latency", "y", "dose_mg latency_ms", "", "subj"),
        ("mixed_scales", "y", "age_years income_usd bmi_unit", "", "group"),
        ("bad_scale", "y", "x_raw", "", "group"),
        ("no_group_effect", "y", "x", "", "group"),
        ("crossed_maximal", "y", "cond", "", "subject item"),
        ("schools", "y", "hours_studied family_income prior_gpa treatment", "", "school"),
        ("grouseticks", "TICKS HEIGHT", "HEIGHT cHEIGHT YEAR", "YEAR", "BROOD LOCATION INDEX"),
        ("Hsb82", "mAch", "ses cses meanses", "sx minrty sector", "school"),
    )
)

PAYLOADS = (
    "__import__('os').system('touch {trap}')",
    'I(__import__("os").system("touch {trap}"))',
    "system('touch {trap}')",
    "`;touch {trap};`",
    "$(touch {trap})",
    "eval(parse(text='file.create(\"{trap}\")'))",
    "file.create('{trap}')",
    "().__class__.__bases__[0].__subclasses__()",
    "{{0.__class__}}",
    "I(x if 1 else 2)",
    "lambda: 0",
    "function(x) x",
    "x %>% scale()",
    "x %in% c(1, 2)",
    "x %% 2",
    "x %/% 2",
    "x %o% x",
    "a$b",
    "a[1]",
    "a[[1]]",
    "a@b",
    "pkg::fun(x)",
    "if (TRUE) 1",
    "1e999",
    "1e-999",
    "9" * 400,
    "x^99999999",
    "(a + b)^50",
    "poly(Days, 999999999)",
    "ns(Days, df = 1e9)",
    "bs(Days, knots = c(NA, 1))",
    "factor(Days, levels = 0:9)",
    "log(-1)",
    "I(1/0)",
    "0x1F",
    "1L",
    "1i",
    "NULL",
    "NA",
    "NaN",
    "Inf",
    "TRUE",
    "-1",
    "..1",
    "...",
    ".",
    "\\u0000",
    "é",
    "变量",
    "\u202e",
    "\u00a0",
    "\x00",
    "\ud800",
    "🐦",
    "(" * 300 + "1" + ")" * 300,
    "(" * 5000,
    "-" * 3000,
    "log(" * 400 + "Days" + ")" * 400,
    "a:" * 200 + "a",
    "a*" * 40 + "a",
    "'",
    '"',
    "`",
    "``",
    "#",
    "\n",
    "\\",
    ";",
    "~",
    "~ ~",
    "|",
    "||",
    "(1|)",
    "(|g)",
    "()",
    "(1|1)",
    "(0|Subject)",
    "(1|.)",
    "(.|Subject)",
    "(1|Subject|Subject)",
    "(1|(1|Subject))",
    "offset()",
    "offset(Subject)",
    "cbind(1, 2)",
)

TOKENS = (
    *("~", "+", "-", "*", "/", ":", "^", "(", ")", "|", "||", ",", ".", "0", "1", "2", "1e5", "'", '"', "`"),
    *("%in%", "%%", "=", "==", "<", "&", "!", "I(", "log(", "poly(", "factor(", "offset("),
)


def random_formula(rng: random.Random, sample: Sample) -> str:
    """A formula that lme4's language allows, over the columns of a sample table."""
    response = _random_response(rng, sample)
    fixed = [_fixed_term(rng, sample) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3)))]
    bars = [_random_bar(rng, sample) for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3)))]
    intercept = rng.choice(("1", "1", "", "", "", "0"))
    parts = [part for part in (intercept, *fixed, *bars) if part]
    if rng.random() < 0.04 and sample.numbers:
        parts.append(f"offset({_numeric(rng, sample)})")
    if rng.random() < 0.03:
        parts[rng.randrange(len(parts))] = "."
    return f"{response} ~ {' + '.join(parts)}"


def _random_response(rng: random.Random, sample: Sample) -> str:
    name = rng.choice(sample.responses)
    return rng.choice(
        (name,) * 8 + (f"log1p({name})", f"I({name} / 1000)", f"scale({name})", f"sqrt({name})")
    )


def _numeric(rng: random.Random, sample: Sample) -> str:
    if not sample.numbers:
        return f"as.numeric({rng.choice(sample.factors)})"
    name = rng.choice(sample.numbers)
    if rng.random() < 0.7:
        return name
    return rng.choice(
        (
            f"scale({name})",
            f"I({name}^2)",
            f"poly({name}, 2)",
            f"poly({name}, 2, raw = TRUE)",
            f"log1p({name})",
            f"I({name} - mean_of_it)".replace("mean_of_it", "3"),
            f"I({name} > 3)",
            f"ns({name}, df = 2)",
            f"exp(-abs({name}) / 1000)",
            f"factor({name})",
        )
    )


def _simple(rng: random.Random, sample: Sample) -> str:
    if sample.factors and (not sample.numbers or rng.random() < 0.4):
        name = rng.choice(sample.factors)
        return rng.choice((name, name, name, f"factor({name})", f"C({name}, contr.sum)"))
    return _numeric(rng, sample)


def _fixed_term(rng: random.Random, sample: Sample) -> str:
    first = _simple(rng, sample)
    if rng.random() < 0.7:
        return first
    return f"{first}{rng.choice((':', '*', ' %in% ', '/'))}{_simple(rng, sample)}"


def _random_bar(rng: random.Random, sample: Sample) -> str:
    group = rng.choice(sample.groups)
    if rng.random() < 0.15:
        group = f"{group}{rng.choice('/:')}{rng.choice(sample.groups + sample.factors)}"
    elif rng.random() < 0.04 and sample.numbers:
        group = rng.choice(sample.numbers)
    slope = _simple(rng, sample)
    bar = rng.choice(("|", "|", "|", "||"))
    inner = rng.choice(
        ("1",) * 4
        + (slope,) * 4
        + (
            f"1 + {slope}",
            f"0 + {slope}",
            f"{slope} - 1",
            f"{slope} + {_simple(rng, sample)}",
            f"{slope} * {_simple(rng, sample)}",
            f"{slope}:{_simple(rng, sample)}",
        )
    )
    return f"({inner} {bar} {group})"


def mangled_formula(rng: random.Random, text: str, trap: str) -> str:
    """A formula with one to four accidents in it, some of them meant."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        i = rng.randrange(len(text) + 1)
        j = min(len(text), i + rng.choice((1, 1, 1, 2, 5, 12)))
        accident = rng.randrange(10)
        if accident < 2:
            text = text[:i] + text[j:]
        elif accident < 4:
            text = text[:j] + text[i:]
        elif accident < 6:
            text = text[:i] + rng.choice(TOKENS) + text[i:]
        elif accident == 6:
            text = text[:i] + chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x2FFF)))) + text[j:]
        elif accident == 7:
            text = text[:i] + rng.choice(PAYLOADS).replace("{trap}", trap) + text[j:]
        elif accident == 8:
            words = re.findall(r"\w+|\W", text)
            rng.shuffle(words)
            text = "".join(words) if rng.random() < 0.3 else text.swapcase()
        else:
            name = rng.choice(re.findall(r"[A-Za-z]\w*", text) or ["x"])
            text = text.replace(name, rng.choice(PAYLOADS).replace("{trap}", trap), 1)
    return text


# ---------------------------------------------------------------------------------------------- tables

Rows = list[list[str]]


def mangled_table(rng: random.Random) -> tuple[bytes, str]:
    """The bytes of a damaged table, and a formula that suited it before."""
    sample = rng.choice(SAMPLE_TABLES)
    with open(sample.path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    first = rng.choice((0, 0, 40, 80))
    rows = [rows[0], *rows[1:][first : first + rng.choice((30, 60, 150, 400))]]
    formula = random_formula(rng, sample) if rng.random() < 0.5 else _plain_formula(rng, sample)
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(ROW_ACCIDENTS)(rng, rows)
    data = _written(rng, rows)
    for _ in range(rng.choice((0, 0, 1, 1, 3))):
        data = rng.choice(BYTE_ACCIDENTS)(rng, data)
    return data, formula


def _plain_formula(rng: random.Random, sample: Sample) -> str:
    slope = rng.choice(sample.numbers) if sample.numbers else "1"
    inner = rng.choice(("1", slope))
    return f"{rng.choice(sample.responses)} ~ {slope} + ({inner} | {rng.choice(sample.groups)})"


def _written(rng: random.Random, rows: Rows) -> bytes:
    file = io.StringIO()
    separator = rng.choice((",", ",", ",", ";", "\t"))
    quoting: Literal[0, 1] = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    end = rng.choice(("\n", "\n", "\r\n", "\r"))
    csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end).writerows(rows)
    return file.getvalue().encode()


def _column(rng: random.Random, rows: Rows) -> int:
    return rng.randrange(max(1, min(map(len, rows), default=1)))


def _set_column(rng: random.Random, rows: Rows, value: Callable[[str], str]) -> None:
    c = _column(rng, rows)
    for row in rows[1:]:
        if c < len(row):
            row[c] = value(row[c])


def _set_cells(rng: random.Random, rows: Rows, values: Sequence[str]) -> None:
    c = _column(rng, rows)
    for _ in range(rng.choice((1, 1, 3, 20))):
        row = rng.choice(rows[1:] or rows)
        if c < len(row):
            row[c] = rng.choice(values)


ODD_NUMBERS = (
    *("inf", "-inf", "Inf", "nan", "NaN", "NA", "NULL", ".", "-999", "1e300", "-1e300", "1e308", "1e-300"),
    *("1e-320", "1e12", "-0", "0x10", "1_000", "1,5", "1.234,5", "1e", "5%", "$5", "TRUE", "T", "#N/A"),
    *("\u221e", "\u0663", "1e400", "99999999999999999999999", "+5", ".5", "5.", "1E+05", "1d5", "", " "),
    *(" 5 ", "5 ", "\t5", '"', "'", "a\nb", "=1+1", "\u00a05"),
)


def _drop_rows(rng: random.Random, rows: Rows) -> None:
    del rows[rng.choice((0, 1, 2, 3, 5, 10)) + 1 :]


def _truncate_row(rng: random.Random, rows: Rows) -> None:
    row = rng.choice(rows)
    del row[rng.randrange(len(row) + 1) :]


def _lengthen_row(rng: random.Random, rows: Rows) -> None:
    rng.choice(rows).extend(rng.choice((["x"], ["", ""], ["1"] * 5)))


def _rename(rng: random.Random, rows: Rows) -> None:
    names = ["", " ", "y", "1", "a b", "a:b", "`", "é", "(1 | g)", "x" * 5000, *rows[0]]
    if rows[0]:
        rows[0][rng.randrange(len(rows[0]))] = rng.choice(names)


def _duplicate_column(rng: random.Random, rows: Rows) -> None:
    c, is_same_name = _column(rng, rows), rng.random() < 0.3
    for i, row in enumerate(rows):
        if c < len(row):
            row.append(row[c] if i or is_same_name else row[c] + "2")


def _scale_column(rng: random.Random, rows: Rows) -> None:
    factor, shift = rng.choice((1e-300, 1e-12, 1e12, 1e150, 1e300)), rng.choice((0.0, 0.0, 1e9, 1e15))

    def scaled(cell: str) -> str:
        try:
            return repr(float(cell) * factor + shift)
        except ValueError:
            return cell

    _set_column(rng, rows, scaled)


def _many_columns(rng: random.Random, rows: Rows) -> None:
    extra = rng.choice((10, 200, 3000))
    for i, row in enumerate(rows[:40]):
        row.extend(f"c{k}" if i == 0 else str(k % 7) for k in range(extra))
    del rows[40:]


def _level_per_row(rng: random.Random, rows: Rows) -> None:
    c = _column(rng, rows)
    for i, row in enumerate(rows[1:]):
        if c < len(row):
            row[c] = f"r{i}"


def _shuffle_column(rng: random.Random, rows: Rows) -> None:
    c = _column(rng, rows)
    cells = [row[c] for row in rows[1:] if c < len(row)]
    rng.shuffle(cells)
    for row, cell in zip((row for row in rows[1:] if c < len(row)), cells, strict=True):
        row[c] = cell


ROW_ACCIDENTS: tuple[Callable[[random.Random, Rows], None], ...] = (
    _drop_rows,
    _truncate_row,
    _lengthen_row,
    _rename,
    _duplicate_column,
    _scale_column,
    _scale_column,
    _many_columns,
    _level_per_row,
    _shuffle_column,
    lambda rng, rows: _set_cells(rng, rows, ODD_NUMBERS),
    lambda rng, rows: _set_cells(rng, rows, ODD_NUMBERS),
    lambda rng, rows: _set_cells(rng, rows, [rng.choice(ODD_NUMBERS)]),
    lambda rng, rows: _set_column(rng, rows, lambda _: "NA"),
    lambda rng, rows: _set_column(rng, rows, lambda _: "1"),
    lambda rng, rows: _set_column(rng, rows, lambda _: "a"),
    lambda rng, rows: _set_column(rng, rows, lambda _: rng.choice(("a", "b"))),
    lambda rng, rows: _set_column(rng, rows, lambda _: rng.choice(("0", "1"))),
    lambda rng, rows: _set_column(rng, rows, lambda cell: cell if rng.random() < 0.5 else "NA"),
    lambda rng, rows: _set_column(rng, rows, lambda cell: f" {cell} "),
    lambda rng, rows: _set_column(rng, rows, lambda cell: cell.replace(".", ",")),
    lambda rng, rows: _set_column(rng, rows, lambda cell: str(rng.gauss(0, 1))),
    lambda rng, rows: rows.extend([list(row) for row in rows]),
    lambda rng, rows: rows.insert(rng.randrange(len(rows) + 1), []),
    lambda rng, rows: rng.shuffle(rows),
)


def _flip_bytes(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 20)) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _insert_bytes(rng: random.Random, data: bytes) -> bytes:
    i = rng.randrange(len(data) + 1)
    return data[:i] + rng.choice((b"\0", b'"', b"\r", b"\xff", b"\n\n\n", b",", b"\x1a", b"\xc3")) + data[i:]


BYTE_ACCIDENTS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip_bytes,
    _flip_bytes,
    _insert_bytes,
    _insert_bytes,
    lambda rng, data: data[: rng.randrange(len(data) + 1)],
    lambda rng, data: rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"# comment\n", b"\n")) + data,
    lambda rng, data: data.decode("utf-8", "replace").encode("utf-16"),
    lambda rng, data: data.decode("utf-8", "replace").encode("latin-1", "replace"),
    lambda rng, data: gzip.compress(data)[: rng.choice((None, 30))],
    lambda rng, data: data.replace(b"\n", rng.choice((b"\r", b"\n\n", b" \n")), rng.choice((-1, 3))),
)


# ---------------------------------------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command did."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> dict[str, Any]:
        """The JSON on stdout; NaN and infinities are refused."""
        document: dict[str, Any] = json.loads(self.out, parse_constant=_refuse_constant)
        return document

    @property
    def ended(self) -> str:
        """In a word: the verdict, or that the input was refused, or that it could not be judged."""
        if self.code == 2:
            return "refused"
        document = self.document
        if "verdict" not in document:
            return f"error: {document['error']['kind']}"
        if not has_verdict(document):
            return f"error: {'time-budget' if 'time budget' in document['incomplete_reason'] else 'unjudged'}"
        return status_of(document)


def has_verdict(document: dict[str, Any]) -> bool:
    """Whether the triage came to a verdict: what ends before has an error, and perhaps a report so far."""
    return "verdict" in document and "fit" not in (document["incomplete"] or ())


def status_of(document: dict[str, Any]) -> str:
    status: str = document["verdict"]["status"]
    return status


class CountedClock:
    """A clock that moves by one second whenever the deadline is asked for, as it is at every evaluation."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """What `mmtriage.deadline` takes for the time."""
        self.seconds += 1.0
        return self.seconds


def ask_counted(*argv: str, evaluations: int) -> Answer:
    """The same with a budget of evaluations: what is left undone is the same on every machine."""
    with patch.object(deadline, "time", CountedClock()):
        return ask(*argv, budget=evaluations)


def ask(*argv: str, budget: float = BUDGET) -> Answer:
    """Run `mmtriage fit` in this process, as JSON on stdout and as text nowhere."""
    words = ("fit", *argv, "--format", "json", "--output", "text:/dev/null", "--time-budget", str(budget))
    out, err = io.StringIO(), io.StringIO()
    start = time.perf_counter()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as main() does
        code = cli.run(words)
    return Answer(argv, code, out.getvalue(), err.getvalue(), time.perf_counter() - start)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} in JSON")


@cache
def _validator(name: str) -> jsonschema.protocols.Validator:
    return jsonschema.Draft202012Validator(json.loads(schema_text(name)))


def complaints(answer: Answer) -> Iterator[str]:
    """What is not sound about an answer."""
    if answer.code not in (0, 1, 2, 3):
        yield f"exit code {answer.code}"
    if "Traceback" in answer.err or "bug in mmtriage" in answer.err:
        yield "traceback: " + (answer.err.strip().splitlines() or [""])[-3]
        return
    try:
        document = answer.document
    except ValueError as error:
        yield f"stdout is not JSON: {error}"
        return
    if has_verdict(document):
        yield from _report_complaints(answer, document)
    else:
        yield from _error_complaints(answer, document)


def _error_complaints(answer: Answer, document: dict[str, Any]) -> Iterator[str]:
    if answer.code not in (2, 3):
        yield f"exit code {answer.code} without a report"
    schema = "report" if "verdict" in document else "error"
    yield from (f"{schema} schema: {e.message[:200]}" for e in _validator(schema).iter_errors(document))
    said = {"message": document.get("incomplete_reason"), "hint": document.get("verdict")}  # of half a report
    error = document["error"] or said
    if not error["message"] or not answer.err.strip():
        yield "no message"
    if error["hint"] is None and "^" not in answer.err:
        yield f"neither a hint nor a place: {error['message']}"


def _report_complaints(answer: Answer, report: dict[str, Any]) -> Iterator[str]:
    for error in list(_validator("report").iter_errors(report))[:3]:
        yield f"schema: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    status = status_of(report)
    if status == "undetermined" and not _may_fail(report):
        yield f"undetermined: {report['reference'] and report['reference']['certificate']['reason']}"
    if (answer.code == 3) != (status == "undetermined"):
        yield f"exit code {answer.code} with {status}"
    if answer.err:
        yield f"a report, and on stderr: {answer.err[:200]}"
    yield from _number_complaints(report)
    yield from _sense_complaints(report)


def _number_complaints(report: dict[str, Any]) -> Iterator[str]:
    for name in ("baseline", "reference"):
        fit = report[name]
        if fit is None:
            continue
        scale = ("sigma",) if report["model"]["family"] in WITH_SCALE else ()
        for key in ("criterion", "log_likelihood", "aic", "bic", *scale):
            if fit[key] is None:
                yield f"{name}.{key} is null"
        for effect in () if _is_endless(report) else fit["fixed_effects"]:
            for key in ("estimate", "se", "statistic"):
                if effect[key] is None:
                    yield f"{name}: {key} of {effect['name']} is null"
        for term in fit["random_effects"]:
            if None in term["sd"]:
                yield f"{name}: an SD of {term['group']} is null"


def _may_fail(report: dict[str, Any]) -> bool:
    """Whether some linear predictors have no mean, so that there may be no fit to evaluate or to prove."""
    family = family_of(ModelSpec(family=report["model"]["family"], link=report["model"]["link"]))
    return family.eta_sign is not None or family.link.name in ("inverse", "sqrt")


def _is_endless(report: dict[str, Any]) -> bool:
    """Whether there are effects without an estimate, for want of a maximum."""
    return any(f["code"] in ("MM203", "MM407") for f in report["findings"])


def _sense_complaints(report: dict[str, Any]) -> Iterator[str]:
    verdict, baseline, reference = report["verdict"], report["baseline"], report["reference"]
    if verdict["status"] in ("unidentifiable", "not_converged", "singular") and not verdict["codes"]:
        yield f"{verdict['status']} without a cause"
    if baseline is not None and reference is not None:
        tolerance = TOO_LOW + 1e-11 * abs(reference["criterion"])
        if verdict["gap"] is None:
            yield "no gap"
        elif verdict["gap"] < -tolerance and not _is_endless(report):
            yield f"the baseline beats the reference by {-verdict['gap']:.3g}"
    if reference is None and verdict["status"] != "unidentifiable" and not _may_fail(report):
        yield f"{verdict['status']} without a reference"
    for rung in report["ladder"]:
        for attempt in rung["attempts"]:
            if attempt["gap"] is None or _is_endless(report):  # without a minimum every point has a lower one
                continue
            if attempt["gap"] < -TOO_LOW - 1e-11 * abs(attempt["criterion"]):
                yield f"{rung['id']}: `{attempt['label']}` beats the reference by {-attempt['gap']:.3g}"
    for remedy in report["remedies"]:
        if remedy["clears"] and (remedy["formula"] is None or remedy["code"]["lme4"] is None):
            yield f"remedy {remedy['id']} clears without a formula or without code"
    hopeless = {"MM103", "MM407"} & {f["code"] for f in report["findings"] if f["severity"] == "error"}
    is_whole = report["incomplete"] is None and not _may_fail(report)
    if verdict["severity"] in ("error", "warning") and is_whole and not report["remedies"] and not hopeless:
        yield f"{verdict['status']}, and no remedy at all: {verdict['codes']}"


def remedy_complaints(answer: Answer, budget: float = BUDGET) -> Iterator[str]:
    """What is not sound about the commands that a report recommends; each is run."""
    document = answer.document
    if not has_verdict(document):
        return
    status = status_of(document)
    for remedy in document["remedies"]:
        command = remedy["code"]["mmtriage"]
        if command is None:
            continue
        words = shlex.split(command)
        if words[:2] != ["mmtriage", "fit"]:
            yield f"remedy {remedy['id']}: not a command: {command}"
            continue
        after = ask(*words[2:], budget=budget)
        yield from (f"remedy {remedy['id']}: {c}: {command}" for c in complaints(after))
        if after.code == 2 or not has_verdict(after.document):
            yield f"remedy {remedy['id']}: {after.ended}: {command}\n{after.err}"
            continue
        then = status_of(after.document)
        if GRAVITY.index(then) > GRAVITY.index(status):
            yield f"remedy {remedy['id']}: {status} becomes {then}: {command}"
        elif remedy["clears"] and then not in ("converged", "false_alarm"):
            yield f"remedy {remedy['id']} clears, but its command is {then}: {command}"


# ---------------------------------------------------------------------------------------------- running


def formula_case(seed: int, index: int, trap: str) -> tuple[str, str]:
    """Path and formula of one case; one formula in five is left as it is."""
    rng = random.Random(f"formula {seed} {index}")
    sample = rng.choice(SAMPLE_TABLES)
    formula = random_formula(rng, sample)
    if rng.random() < 0.8:
        formula = mangled_formula(rng, formula, trap)
    return sample.path, formula


def table_case(seed: int, index: int, directory: Path) -> tuple[str, str]:
    """Path of a mangled table, written to `directory`, and a formula."""
    data, formula = mangled_table(random.Random(f"table {seed} {index}"))
    path = directory / f"mangled_{seed}_{index}.csv"
    path.write_bytes(data)
    return str(path), formula


@dataclass
class Tally:
    """What came of a run."""

    ended: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, str] = field(default_factory=dict)  # without names and numbers -> in full
    unsound: list[dict[str, Any]] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    largest: list[tuple[float, str]] = field(default_factory=list)  # MB

    def add(self, entry: Entry) -> None:
        """Count one case."""
        self.ended[entry["ended"]] += 1
        if entry["code"] in (2, 3) and entry["err"]:
            kind = re.sub(r"`[^`]*`|\d+|\^+", "#", entry["err"].splitlines()[0])
            self.refusals.setdefault(f"{entry['code']} {kind}", entry["err"])
        if entry["complaints"]:
            self.unsound.append(entry)
        words = shlex.join(entry["argv"])
        self.slowest = sorted([*self.slowest, (entry["seconds"], words)], reverse=True)[:5]
        self.largest = sorted([*self.largest, (entry["memory"] or 0.0, words)], reverse=True)[:5]


def entry_of(name: str, answer: Answer, found: Sequence[str]) -> Entry:
    """What the log keeps of an answer."""
    try:
        ended = answer.ended
    except ValueError:
        ended = "unreadable"
    return {
        "case": name,
        "ended": ended,
        "code": answer.code,
        "seconds": round(answer.seconds, 2),
        "memory": peak(),
        "complaints": list(found),
        "argv": list(answer.argv),
        "err": answer.err[-3000:],
    }


def main() -> int:
    """The long run."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("formulas", type=int)
    parser.add_argument("tables", type=int)
    parser.add_argument("glmms", type=int, nargs="?", default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="0/1", metavar="I/N")
    parser.add_argument("--budget", type=float, default=BUDGET, metavar="SECONDS", help="of one case")
    parser.add_argument("--deep", action="store_true", help="run the command of every remedy, too")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="a line a case; a run that was ended goes on"
    )
    parser.add_argument("--refusals", action="store_true", help="print one message of each kind")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    directory = Path(tempfile.mkdtemp(prefix="mmtriage_fuzz_"))
    trap = directory / "trap"
    tally, log = Tally(), Log(arguments.log)
    seed = arguments.seed
    cases: dict[str, Callable[[], tuple[str, ...]]] = {}
    for i in range(part, arguments.formulas, parts):
        cases[f"formula {seed} {i}"] = partial(formula_case, seed, i, str(trap))
    for i in range(part, arguments.tables, parts):
        cases[f"table {seed} {i}"] = partial(table_case, seed, i, directory)
    for i in range(part, arguments.glmms, parts):
        cases[f"glmm {seed} {i}"] = partial(glmm_case, seed, i, directory)
    for name, case in cases.items():
        if name in log.entries:
            tally.add(log.entries[name])
            continue
        begin_peak()
        answer = ask(*case(), budget=arguments.budget)
        found = list(complaints(answer))
        if answer.seconds > TOO_LONG:
            found.append(f"took {answer.seconds:.0f} s")
        if trap.exists():
            found.append("CODE WAS RUN")
            trap.unlink()
        if arguments.deep and not found:
            found += remedy_complaints(answer, arguments.budget)
        log.add(entry_of(name, answer, found))
        tally.add(log.entries[name])
    _print_tally(tally, with_refusals=arguments.refusals)
    return 1 if tally.unsound else 0


def _print_tally(tally: Tally, *, with_refusals: bool) -> None:
    lines = [f"{count:6d}  {name}" for name, count in tally.ended.most_common()]
    lines.append(f"{len(tally.unsound)} not sound, {len(tally.refusals)} kinds of refusal; the slowest:")
    lines += [f"{seconds:8.2f} s  {words[:200]}" for seconds, words in tally.slowest]
    lines.append("the largest:")
    lines += [f"{memory:8.0f} MB {words[:200]}" for memory, words in tally.largest]
    if with_refusals:
        lines += [f"--\n{message.rstrip()}" for message in tally.refusals.values()]
    for case in tally.unsound:
        lines += [f"== {shlex.join(case['argv'])}"[:1500], *(f"   {c}"[:600] for c in case["complaints"])]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main())
