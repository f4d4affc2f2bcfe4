"""Shell text into simple commands: words without quotes, redirections, inputs, and what cannot be followed."""

from __future__ import annotations

import contextlib
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifyd.shell.commands import parse_shell
from verifyd.shell.script import TEMPORARY, UNKNOWN, ShellSyntaxError


def words(text: str) -> list[list[str]]:
    """The words of each command."""
    return [[word.text for word in command.words] for command in parse_shell(text).commands]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("ruff check .", [["ruff", "check", "."]]),
        ("  a\tb  # comment", [["a", "b"]]),
        ("a#b '#c' #d", [["a#b", "#c"]]),
        ("", []),
        ("# only a comment", []),
        ("a;b && c || d | e\nf", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("a &&\n\n # why\n b", [["a"], ["b"]]),
        ("'a b' \"c d\" e\\ f g'h'\"i\"", [["a b", "c d", "e f", "ghi"]]),
        ("$'a\\tb\\x41\\101\\'' $\"x\"", [["a\tbAA'", "x"]]),
        ('"a\\"b\\$c\\d"', [['a"b$c\\d']]),
        ("\"\" ''", [["", ""]]),
        ("git\\\n push", [["git", "push"]]),
        ("echo $HOME/x", [["echo", "~/x"]]),
        ('echo $x "$@" $1 $? ${y#z}', [["echo", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]]),
        ("echo $ $, a$", [["echo", "$", "$,", "a$"]]),
        ("echo $(a b) `c d`", [["a", "b"], ["c", "d"], ["echo", UNKNOWN, UNKNOWN]]),
        ('echo "x $(a "y z") w"', [["a", "y z"], ["echo", f"x {UNKNOWN} w"]]),
        ("echo `a \\`b\\``", [["b"], ["a", UNKNOWN], ["echo", UNKNOWN]]),
        ("echo $((1 + $(a) * 2)) $(( (1) ))", [["a"], ["echo", UNKNOWN, UNKNOWN]]),
        ("echo $((a); b)", [["a"], ["b"], ["echo", UNKNOWN]]),
        ("echo ${x:-$(a)} ${y:-b} ${z-}", [["a"], ["echo", UNKNOWN, "b"]]),
        ("X=1 Y='a b' z $X", [["z", UNKNOWN]]),
        ('X=1; a $X ${X} "$X"', [[], ["a", "1", "1", "1"]]),
        ("X='a b'; $X \"$X\"", [[], ["a", "b", "a b"]]),
        ("export X=1; a $X", [["export", "X=1"], ["a", "1"]]),
        ("read X; a $X", [["read", "X"], ["a", UNKNOWN]]),
        ("X=1; X=2; a $X", [[], [], ["a", UNKNOWN]]),
        ("X+=1; a $X", [[], ["a", UNKNOWN]]),
        ("x=(a $(b) 'c d'); y", [["b"], [], ["y"]]),
        ("t=$(mktemp -d); a $t/x", [["mktemp", "-d"], [], ["a", f"{TEMPORARY}/x"]]),
        ("(a; b) | { c; }", [["a"], ["b"], ["c"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while a; do b; done < x; until c; do d; done", [["a"], ["b"], [], ["c"], ["d"]]),
        ("for x in 1 $(a) 3; do b $x; done", [["a"], ["b", UNKNOWN]]),
        ("for x in only; do b $x; done", [["b", "only"]]),
        ("for x; do a; done", [["a"]]),
        ("for ((i=0; i<3; i++)); do a; done", [["a"]]),
        ("select x in a b; do c; done", [["c"]]),
        ("case $x in a|b) c;; (d*) e ;; *) f; esac; g", [["c"], ["e"], ["f"], ["g"]]),
        ("case x in\n  a) b ;;\nesac\nc", [["b"], ["c"]]),
        ("f() { a; }; f", [["a"], ["f"]]),
        ("function f { a; }; function g() { b; }", [["a"], ["b"]]),
        ("[[ -f x && $(a) =~ ^(b|c)$ ]] && d", [["a"], ["d"]]),
        ("(( x > $(a) )) && b", [["a"], ["b"]]),
        ("! a; time -p b; coproc c", [["a"], ["b"], ["c"]]),
        ("diff <(a) >(b)", [["a"], ["b"], ["diff", UNKNOWN, UNKNOWN]]),
        ("ls @(a|b)*.c !(d)", [["ls", "@(a|b)*.c", "!(d)"]]),
        ("a <spec> b/<x y>.ts", [["a", "<spec>", "b/<x y>.ts"]]),
        ("echo if then", [["echo", "if", "then"]]),
        ("'if' a", [["if", "a"]]),
        ("a=b=c d==e", [[]]),
        ("{ a; } && echo }", [["a"], ["echo", "}"]]),
        ('echo ${y:-"}"} ${z/\\}/x} ${w:-it is}', [["echo", UNKNOWN, UNKNOWN, "it", "is"]]),
        ("x=(<(a) b); c < <(d) <<<`e`", [["a"], [], ["d"], ["e"], ["c"]]),
        ("a >$x b", [["a", "b"]]),
    ],
)
def test_words(text: str, expected: list[list[str]]) -> None:
    """Each command's words are what an exec would get; an assignment alone is a command without words."""
    assert words(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a > x", [(">", "x")]),
        ("a >x 2>&1", [(">", "x"), (">&", "1")]),
        (">out 2>&1 a b", [(">", "out"), (">&", "1")]),
        ("a &> x", [("&>", "x")]),
        ("a &>> x >| y <> z", [("&>>", "x"), (">|", "y"), ("<>", "z")]),
        ("a < in 3<x {fd}>y", [("<", "in"), ("<", "x"), (">", "y")]),
        ("a > 'b c'", [(">", "b c")]),
        ("a > $x", [(">", UNKNOWN)]),
        ("a > ~/x", [(">", "~/x")]),
    ],
)
def test_redirections(text: str, expected: list[tuple[str, str]]) -> None:
    """Redirections are taken out of the words, wherever they stand."""
    (command,) = parse_shell(text).commands
    assert [(redirect.operator, redirect.target.text) for redirect in command.redirects] == expected
    assert command.words[0].text == "a"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a <<E\nx\ny\nE\n", ("x\ny",)),
        ("a <<'E'\n$(x)\nE", ("$(x)",)),
        ("a <<-E\n\tx\n\tE\n", ("\tx",)),
        ("a <<E; b <<F\n1\nE\n2\nF\n", ("1",)),
        ("a <<< 'x y'", ("x y",)),
        ("a <<E | b\nx\nE\n", ("x",)),
    ],
)
def test_inputs(text: str, expected: tuple[str, ...]) -> None:
    """Here-documents and here-strings are a command's input, not its words."""
    command = parse_shell(text).commands[0]
    assert (command.words[0].text, command.inputs) == ("a", expected)


def test_a_here_document_expands_unless_its_end_is_quoted() -> None:
    """Commands in it are found exactly when the shell would run them."""
    assert words("a <<E\n$(b)\nE") == [["a"], ["b"]]
    assert words("a <<'E'\n$(b)\nE") == [["a"]]


def test_what_a_pipe_feeds_is_marked() -> None:
    """The last of a pipe reads; so does what stands in a subshell or a group behind one."""
    script = parse_shell("a | b; c | (d); e | { f; }; g")
    assert [(command.words[0].text, command.reads_pipe) for command in script.commands] == [
        ("a", False),
        ("b", True),
        ("c", False),
        ("d", True),
        ("e", False),
        ("f", True),
        ("g", True),  # over-careful: behind a group, everything counts as fed
    ]


@pytest.mark.parametrize(
    "text, background", [("a &", True), ("a && b", False), ("(a &)", True), ("a &> x", False), ("a; b", False)]
)
def test_background(text: str, background: bool) -> None:
    """Only a single ampersand starts something in the background."""
    assert parse_shell(text).background is background


def test_variables_set_and_used() -> None:
    """Names that a script sets itself are told from those that it expects."""
    script = parse_shell("A=1\nexport B=$C D\nfor e in x; do echo $A $e $F ${G:-1} ${H%x} $HOME; done\nread I")
    assert script.set_names == {"A", "B", "D", "e", "I"}
    assert script.unset_names == {"C", "F", "H"}


@pytest.mark.parametrize(
    "text, message",
    [
        ("echo 'a", "a quote is not closed"),
        ('echo "a', "a quote is not closed"),
        ("echo $'a", "a quote is not closed"),
        ("echo `a", "a backtick is not closed"),
        ("echo $(a", "a bracket is not closed"),
        ("(a", "a bracket is not closed"),
        ("a)", "a bracket closes nothing"),
        ("echo ${a", "a brace is not closed"),
        ("a <<E\nx", "the here-document that ends with E is not ended"),
        ("a <<E", "a here-document is not ended"),
        ("a >", "a redirection names no file"),
        ("a b (c)", "a bracket stands in the middle of a command"),
        ("case x a) b;; esac", "a case has no 'in'"),
        ("case x in a) b", "a case is not ended"),
        ("case x in a", "a case's pattern is not ended"),
        ("for 1; do", "a loop has no variable"),
        ("[[ a", "a [[ is not closed"),
        ("echo @(a\n)", "a bracket is not closed"),
        ('echo ${x:-"a', "a quote is not closed"),
        ("x=(a", "an array is not closed"),
        ("(" * 100, "nested too deep"),
        ("$(" * 100, "nested too deep"),
        ('"$(' * 100, "nested too deep"),
    ],
)
def test_what_is_not_complete_is_refused(text: str, message: str) -> None:
    """Nothing is guessed about a script that the shell would refuse too."""
    with pytest.raises(ShellSyntaxError) as caught:
        parse_shell(text)
    assert str(caught.value) == message


PLAIN = st.text(st.sampled_from("ab \t'\"\\"), max_size=30)


@settings(deadline=None)
@given(PLAIN)
def test_quotes_mean_what_they_mean_to_shlex(text: str) -> None:
    """Without operators and expansions, the words are those of Python's shlex."""
    try:
        expected = shlex.split(text)
    except ValueError:
        return
    try:
        found = [word for command in words(text) for word in command]
    except ShellSyntaxError:
        assert text.endswith("\\")
        return
    assert found == expected


@settings(deadline=None)
@given(st.lists(st.text(max_size=10), max_size=5))
def test_quoted_words_come_back(arguments: list[str]) -> None:
    """What shlex quotes is read as it was."""
    assert words(shlex.join(["a", *arguments])) == [["a", *arguments]]


@pytest.mark.parametrize(
    "piece",
    ["(", "$(", "((", "{", "`", "<<", "<<A\n", "[[ ", "${", '"$(', "a|", "$((", "\\", "<(", "'", "; ", "a=(", " $((1) )", "<a ",
     "a b", "$x", "$(a)", "x=1\n", "x=`a`;", "@(", "a()", '"', "$'", "&", "\n"],
)  # fmt: skip
def test_long_scripts_end_soon(piece: str) -> None:
    """Twenty thousand characters of one piece are read, or refused, in time that grows with their number alone."""
    with contextlib.suppress(ShellSyntaxError):
        assert parse_shell((piece * 20_000)[:20_000]).commands is not None
