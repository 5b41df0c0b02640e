"""One declaration makes a flag, a key, a keyword and words to paste; meanings read what they write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mmtriage.check.entries import reader
from mmtriage.check.located import Node
from mmtriage.command.flags import flags, read, verbatim
from mmtriage.errors import ConfigError, OptionError
from mmtriage.option_values import (
    Cells,
    Choice,
    Codings,
    Factors,
    Levels,
    Meaning,
    Seconds,
    Switch,
    Text,
    Texts,
    WholeNumber,
    check_values,
    option,
    options_of,
    words_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooking:
    """A record with an option of every kind."""

    oven: str = option(Text(), "gas", metavar="NAME", shows_default=True, help="What heats.")
    heat: str | None = option(Choice(lambda: ("low", "high")), None, metavar="LEVEL", help="How much.")
    dry: bool = option(Switch(to=False), True, key="wet", help="With water.")
    eggs: int = option(WholeNumber(least=1), 2, short="-e", metavar="N", example="3", help="Eggs.")
    max_time: float | None = option(Seconds(), None, metavar="SECONDS", help="Until burnt.")
    spices: tuple[str, ...] = option(Texts(), (), metavar="NAME", help="Spices. Repeatable.")
    holes: tuple[str, ...] = option(Cells(), (), metavar="A,B", help="Holes.")
    layers: Factors = option(Levels(), {}, key="layer", metavar="NAME[=A,B]", help="Layers.")
    cuts: Mapping[str, str] = option(Codings(), {}, metavar="NAME=CUT", help="Cuts.")
    cook: str = "nobody"  # no option

    def __post_init__(self) -> None:
        check_values(self)


EVERYTHING = Cooking(
    oven="wood",
    heat="low",
    dry=False,
    eggs=4,
    max_time=2.5,
    spices=("a b", "c,d"),
    holes=("-9", "n,a", 'say "no"'),
    layers={"top": None, "middle": ("x,y", "z")},
    cuts={"my top": "sum", "middle": "poly"},
)
WORDS = [
    *("--oven", "wood", "--heat", "low", "--wet", "--eggs", "4", "--max-time", "2.5"),
    *("--spices", "a b", "--spices", "c,d", "--holes", '-9,"n,a","say ""no"""'),
    *("--layer", "top", "--layer", 'middle="x,y",z', "--cuts", "my top=sum", "--cuts", "middle=poly"),
]


def cooked(*words: str) -> tuple[Cooking, tuple[str, ...]]:
    """What a command with these options makes of words: the record, and its words verbatim."""
    seen: list[tuple[Cooking, tuple[str, ...]]] = []

    @click.command()
    @flags(options_of(Cooking))
    def cook(**given: Any) -> None:
        seen.append((read(Cooking, given), verbatim(Cooking, given)))

    cook.main(args=list(words), standalone_mode=False)
    return seen[0]


def node(key: str, value: object) -> Node:
    return Node(value=value, path=(key,), file="m.toml", places={})


def test_the_defaults_need_no_words() -> None:
    assert words_of(Cooking()) == []
    assert cooked()[0] == Cooking()


def test_what_is_written_is_read_again() -> None:
    assert words_of(EVERYTHING) == WORDS
    assert cooked(*WORDS)[0] == EVERYTHING


def test_words_are_written_in_the_order_that_is_asked_for() -> None:
    assert words_of(EVERYTHING, ("eggs", "dry")) == ["--eggs", "4", "--wet"]


def test_verbatim_words_are_the_users_own() -> None:
    words = ("--holes", " a , b ", "--holes", "c", "--layer", "x= 1, 2", "--wet")
    record, said = cooked(*words)
    assert record == Cooking(holes=("a", "b", "c"), layers={"x": ("1", "2")}, dry=False)
    assert said == ("--wet", *words[:-1])


def test_help_says_what_was_declared() -> None:
    command = flags(options_of(Cooking))(click.command("cook")(lambda **_: None))
    text = CliRunner().invoke(command, ["--help"]).output
    assert "  --oven NAME         What heats.  [default: gas]\n" in text
    assert "  -e, --eggs N        Eggs.\n" in text
    assert "  --wet               With water.\n" in text
    assert "cook" not in text.lower().replace("usage: cook", "")


@pytest.mark.parametrize(
    ("words", "message", "where", "hint"),
    [
        (("-e", "0"), "`0` is not a whole number of at least 1", "--eggs", "Write it as in: --eggs 3"),
        (("-e", "--5"), "`--5` is not a whole number of at least 1", "--eggs", "Write it as in: --eggs 3"),
        (("--max-time", "x"), "`x` is not a positive number of seconds", "--max-time", None),
        (("--heat", "hihg"), "`hihg` is not known", "--heat", "Did you mean `high`? Known are: low, high."),
        (
            ("--cuts", "sum"),
            "`sum` does not say which column gets which coding",
            "--cuts",
            "Write COL=CODING with one of: treatment, sum, helmert, poly.",
        ),
    ],
)
def test_a_mistake_is_said_of_its_flag(
    words: tuple[str, ...], message: str, where: str, hint: str | None
) -> None:
    with pytest.raises(OptionError) as caught:
        cooked(*words)
    assert (caught.value.message, caught.value.where, caught.value.hint) == (message, f"option {where}", hint)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"eggs": 0}, "`0` is not a whole number of at least 1"),
        ({"eggs": 1.5}, "`1.5` is not a whole number of at least 1"),
        ({"max_time": -1.0}, "`-1.0` is not a positive number of seconds"),
        ({"max_time": float("inf")}, "`inf` is not a positive number of seconds"),
        ({"heat": "medium"}, "`medium` is not known"),
        ({"cuts": {"top": "some"}}, "`some` is not known"),
        ({"layers": {"top": ()}}, "`top=` names no levels"),
    ],
)
def test_python_is_refused_what_no_command_line_could_say(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        Cooking(**values)
    assert (caught.value.message, caught.value.where) == (message, f"option {next(iter(values))}")


LONG = "9" * 5000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-e", "3000000000"), "`3000000000` is not a whole number of at most 2147483647"),
        (("-e", LONG), f"`{LONG[:57]}...` is not a whole number of at most 2147483647"),
        (("-e", f"-{LONG}"), f"`-{LONG[:56]}...` is not a whole number of at least 1"),
        (("-e", "\u0663"), "`\u0663` is not a whole number of at least 1"),
        (("-e", "1_0"), "`1_0` is not a whole number of at least 1"),
        (("--max-time", "1_0"), "`1_0` is not a positive number of seconds"),
        (("--max-time", "1e308"), "`1e308` is more than 100000000 seconds"),
        (("--holes", "a\nb"), r"`a\nb` is not a list with commas"),
        (("--holes", '"a'), '`"a` is not a list with commas'),
        (("--layer", "top=0\n1"), r"`0\n1` is not a list with commas"),
        (
            ("--oven", "a\udcff"),
            f"`a\udcff` is not {Text().wanted}",
        ),
    ],
)
def test_numbers_have_a_range_and_texts_an_alphabet(words: tuple[str, ...], message: str) -> None:
    """What lies outside was once a traceback, or a complaint of the library that met it."""
    with pytest.raises(OptionError) as caught:
        cooked(*words)
    assert caught.value.message == message


def test_a_cell_may_hold_a_line_break_within_quotes() -> None:
    assert cooked("--holes", '"a\nb",c', "--layer", 'top="0\n1"')[0] == Cooking(
        holes=("a\nb", "c"), layers={"top": ("0\n1",)}
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"eggs": 10**30}, "`a number of more digits` is not a whole number of at most 2147483647"),
        ({"eggs": "3"}, "`3` is not a whole number of at least 1"),
        ({"eggs": True}, "`True` is not a whole number of at least 1"),
        ({"max_time": "1"}, "`1` is not a positive number of seconds"),
        ({"dry": 0}, "`0` is neither True nor False"),
        ({"oven": 5}, "`5` is not text"),
        ({"spices": "salt"}, "`salt` is not a list of texts"),
        ({"holes": (1,)}, "`1` is not text"),
        ({"layers": ["top"]}, "`['top']` does not map columns"),
        ({"layers": {1: None}}, "`1` is not text"),
        ({"cuts": {"top": 3}}, "`3` is not known"),
    ],
)
def test_python_is_refused_other_types(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        Cooking(**values)
    assert (caught.value.message, caught.value.where) == (message, f"option {next(iter(values))}")


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("eggs", 3_000_000_000, "`3000000000` is not a whole number of at most 2147483647"),
        ("max_time", 1e300, "`1e+300` is more than 100000000 seconds"),
        ("spices", ["a\0"], rf"`a\0` is not {Text().wanted}"),
        (
            "layers",
            {"top": ["\0"]},
            rf"`\0` is not {Text().wanted}",
        ),
    ],
)
def test_a_configuration_has_the_same_ranges(name: str, written: object, message: str) -> None:
    declared = next(item for item in options_of(Cooking) if item.name == name)
    with pytest.raises(ConfigError) as caught:
        reader(declared.meaning)(node(declared.key, written))
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("oven", "wood", "wood"),
        ("heat", "low", "low"),
        ("dry", True, False),
        ("dry", False, True),
        ("eggs", 4, 4),
        ("max_time", 3, 3.0),
        ("spices", ["a", "b"], ("a", "b")),
        ("spices", "a", ("a",)),
        ("holes", ["n,a"], ("n,a",)),
        ("layers", {"top": True, "middle": ["x", "y"]}, {"top": None, "middle": ("x", "y")}),
        ("layers", "middle=x,y", {"middle": ("x", "y")}),
        ("cuts", {"top": "sum"}, {"top": "sum"}),
    ],
)
def test_a_configuration_says_it_in_types_of_its_own(name: str, written: object, value: object) -> None:
    declared = next(item for item in options_of(Cooking) if item.name == name)
    assert reader(declared.meaning)(node(declared.key, written)) == value


def test_a_configuration_refuses_other_types() -> None:
    with pytest.raises(ConfigError, match="`eggs` must be a whole number of at least 1"):
        reader(WholeNumber(least=1))(node("eggs", 1.5))


def test_a_meaning_that_no_configuration_can_say_is_a_bug() -> None:
    class Odd:
        is_repeatable = False

        def check(self, value: object) -> None: ...

        def read(self, words: object) -> str:
            return ""

        def write(self, value: object) -> list[str]:
            return []

    odd: Meaning[str] = Odd()
    with pytest.raises(AssertionError, match="a configuration cannot say"):
        reader(odd)


def test_each_record_has_a_mapping_of_its_own() -> None:
    assert Cooking().cuts is not Cooking().cuts


def test_flag_key_and_name() -> None:
    spelled = {item.name: (item.flag, item.key) for item in options_of(Cooking)}
    assert spelled["dry"] == ("--wet", "wet")
    assert spelled["max_time"] == ("--max-time", "max_time")
    assert "cook" not in spelled


def test_levels_and_missing_values_may_be_quoted() -> None:
    assert Levels().read(['f="a,b", c']) == {"f": ("a,b", "c")}
    assert Cells().read(['"a,b", c', "-9"]) == ("a,b", "c", "-9")
    assert Codings().read(["f=contr.sum"]) == {"f": "sum"}
    with pytest.raises(OptionError, match="the column `f` is given twice"):
        Levels().read(["f", "f=a"])
