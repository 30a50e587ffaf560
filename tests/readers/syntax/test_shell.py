"""Scripts are read as a shell would read them: words, constants, pipes, conditions, scripts inside scripts."""

from __future__ import annotations

import builtins
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.kernel.shell import Command, Script
from seawall.readers.syntax import shell
from seawall.readers.syntax.shell import parse_script


def read(text: str, dialect: str = "sh") -> Script:
    return parse_script(text, DEFAULT_LIMITS, dialect)


def lines(text: str) -> list[tuple[str, ...]]:
    return [command.texts for command in read(text).commands if command.words]


def one(text: str, program: str) -> Command:
    found = [command for command in read(text).commands if command.program == program]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pip install foo", ["pip", "install", "foo"]),
        ("pip install a\\\n  b", ["pip", "install", "a", "b"]),
        ("pip install 'a b' \"c d\" e\\ f", ["pip", "install", "a b", "c d", "e f"]),
        ("echo a'b'\"c\"d", ["echo", "abcd"]),
        ("echo $'x\\ty\\x41\\101'", ["echo", "x\tyAA"]),
        ('echo "a\\"b\\$c\\\\d"', ["echo", 'a"b$c\\d']),
        ("pip install foo[bar]==1.2", ["pip", "install", "foo[bar]==1.2"]),
        ("\\curl x", ["curl", "x"]),
        ("X=1 Y=2 make all", ["make", "all"]),
        ("make all # not this", ["make", "all"]),
        ("echo ''", ["echo", ""]),
        ("echo a >x b", ["echo", "a", "b"]),
        ("python - <<EOF arg\nx\nEOF", ["python", "-", "arg"]),
        ("echo 'it''s'", ["echo", "its"]),
        ("echo a\r\n", ["echo", "a"]),
    ],
)
def test_words_are_what_the_program_gets(text: str, expected: list[str]) -> None:
    assert lines(text)[0] == tuple(expected)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("x abc", True), ("x 'a*b'", True), ("x *.whl", False), ("x $A", False), ("x $(ls)", False),
        ("x `ls`", False), ("x ${{ matrix.a }}", False), ("x {a,b}", False), ("x a?", False), ("x a[1]", True),
        ('x "a$B"', False), ("x '$B'", True), ("x ~/y", True), ("x $((1+1))", False),
    ],
)  # fmt: skip
def test_a_word_is_literal_when_it_is_sure(text: str, literal: bool) -> None:
    assert read(text).commands[0].words[1].literal is literal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('PKG=foo; pip install "$PKG"', "foo"),
        ("PKG=foo\npip install ${PKG}==1", "foo==1"),
        ("export PKG=foo; pip install $PKG", "foo"),
        ("readonly PKG='foo'; pip install $PKG", "foo"),
        ("A=fo; PKG=${A}o; pip install $PKG", "foo"),
        ("A=f; A+=oo; pip install $A", "foo"),
        ("PKG=foo; (PKG=bar); pip install $PKG", "foo"),
        ("PKG=foo; pip install ${PKG:-bar}", "foo"),
        ("if x; then PKG=foo; pip install $PKG; fi", "foo"),
        ("PKG=foo; echo a | PKG=bar; pip install $PKG", "foo"),
        ("source .venv/bin/activate; A=1; source .venv/bin/activate; pip install $A", "1"),
    ],
)
def test_a_constant_set_before_is_put_in(text: str, expected: str) -> None:
    word = one(text, "pip").words[2]
    assert (word.text, word.literal) == (expected, True)
    assert word.variables


@pytest.mark.parametrize(
    "text",
    [
        "pip install $PKG",
        "pip install $PKG; PKG=foo",
        "PKG=$(x); pip install $PKG",
        "PKG=foo; if x; then PKG=bar; fi; pip install $PKG",
        "PKG=foo; [ x ] && PKG=bar; pip install $PKG",
        "PKG=foo; x || PKG=bar; pip install $PKG",
        "PKG=foo; for i in $X; do pip install $PKG; PKG=bar; done",
        "PKG=foo; while read PKG; do pip install $PKG; done",
        "for PKG in a b; do pip install $PKG; done",
        "f() { PKG=bar; }; PKG=foo; f; pip install $PKG",
        "PKG=foo; read PKG; pip install $PKG",
        "PKG=foo; unset PKG; pip install $PKG",
        "PKG=foo; . ./x.sh; pip install $PKG",
        "PKG=foo; eval $X; pip install $PKG",
        "PKG=foo; case $1 in a) PKG=b;; esac; pip install $PKG",
        "PKG=${{ matrix.x }}; pip install $PKG",
        "PKG=foo pip install $PKG",
        "PKG[0]=foo; pip install $PKG",
        "PKG=foo; printf -v PKG x; pip install $PKG",
        "pip install '$PKG'",
    ],
)
def test_what_may_have_changed_is_not_put_in(text: str) -> None:
    assert "PKG" in one(text, "pip").words[2].text


def test_an_unquoted_constant_is_split_as_the_shell_splits() -> None:
    assert one('P="a b"; pip install $P', "pip").texts == ("pip", "install", "a", "b")
    assert one('P="a b"; pip install "$P"', "pip").texts == ("pip", "install", "a b")
    assert one('P=""; pip install $P c', "pip").texts == ("pip", "install", "c")
    assert one('A=(a "b c"); pip install "${A[@]}"', "pip").texts == ("pip", "install", "a", "b c")


def test_github_expressions_are_kept_and_disturb_nothing() -> None:
    script = read("npm i ${{ matrix.x }} \"${{ '}}' }}\" && ${{ env.cmd }} go\nnpm ci")
    first, second, third = script.commands
    assert first.words[2].expressions == ("matrix.x",)
    assert first.words[3].expressions == ("'}}'",)
    assert second.texts == ("${{ env.cmd }}", "go")
    assert (third.texts, third.line) == (("npm", "ci"), 2)
    assert not script.problems


def test_a_pipe_says_who_feeds_whom() -> None:
    script = read("curl -fsS x | sudo bash -s -- -y")
    assert script.commands[1].piped_from == 0
    assert script.commands[1].texts == ("sudo", "bash", "-s", "--", "-y")
    fed = [c.piped_from for c in read("a $(b) | c | d").commands]
    assert fed == [-1, -1, 0, 2]
    assert one("a | while read l; do b $l; done", "b").piped_from == 0
    assert one("a; b", "b").piped_from == -1


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("npm ci", ""),
        ("cd x && npm ci", ""),
        ("apt-get update && npm ci", ""),
        ("[ -f x ] && npm ci", "[ -f x ] &&"),
        ("test -f x && npm ci", "test -f x &&"),
        ("command -v y && npm ci", "command -v y &&"),
        ("grep -q a b && npm ci", "grep -q a b &&"),
        ("git diff --quiet && npm ci", "git diff --quiet &&"),
        ("x || npm ci", "x ||"),
        ("if x; then npm ci; fi", "if x"),
        ("if x; then y; else npm ci; fi", "else of if x"),
        ("if x; then y; elif z; then npm ci; fi", "elif z"),
        ("if npm ci; then y; fi", ""),
        ("while x; do npm ci; done", "while x"),
        ("until x; do npm ci; done", "until x"),
        ("for i in $X; do npm ci; done", "for i in $X"),
        ("for i in a b; do npm ci; done", ""),
        ("case $x in a|b) npm ci;; esac", "case $x in a|b"),
        ("f() { npm ci; }", "f()"),
        ("if x; then if y; then npm ci; fi; fi", "if x; if y"),
        ("(cd x; npm ci)", ""),
        ("{ npm ci; }", ""),
        ("! npm ci", ""),
        ("npm ci &", ""),
    ],
)
def test_conditions_are_told_as_written(text: str, condition: str) -> None:
    assert one(text, "npm").condition == condition


def test_a_function_is_named() -> None:
    assert one("function g { npm ci; }", "npm").function == "g"
    assert one("npm ci", "npm").function == ""


@pytest.mark.parametrize(
    ("text", "directory"),
    [
        ("npm ci", ""), ("cd a; npm ci", "a"), ("cd a && cd b && npm ci", "a/b"), ("cd a; cd ..; npm ci", ""),
        ("(cd a); npm ci", ""), ("(cd a; npm ci)", "a"), ("cd $X; npm ci", "?"), ("cd -; npm ci", "?"),
        ("cd /tmp/x; npm ci", "/tmp/x"), ('cd "$GITHUB_WORKSPACE/b"; npm ci', "$GITHUB_WORKSPACE/b"),
        ("cd ${{ github.workspace }}; npm ci", "$GITHUB_WORKSPACE"), ("pushd a; popd; npm ci", ""),
        ("pushd a; npm ci", "a"), ("if x; then cd a; fi; npm ci", "?"), ("cd a | b; npm ci", ""),
        ("f() { cd a; }; npm ci", ""), ("cd; npm ci", "~"),
    ],
)  # fmt: skip
def test_cd_leads_somewhere(text: str, directory: str) -> None:
    assert one(text, "npm").directory == directory


def test_redirects_belong_to_their_command() -> None:
    command = one('echo a 2>&1 >> "$GITHUB_ENV"', "echo")
    assert [(r.operator, r.target.text) for r in command.redirects] == [("2>&1", ""), (">>", "$GITHUB_ENV")]
    script = read("{ echo a; echo b; } >> x")
    assert all(c.redirects[0].target.text == "x" for c in script.commands)
    assert not one("a && b > x", "a").redirects
    assert one("a && b > x", "b").redirects
    assert not one("a | b > x", "a").redirects


class TestHereDocuments:
    def test_the_text_and_its_line(self) -> None:
        command = one("cat <<EOF > x\nhello\nEOF\nnext", "cat")
        assert (command.heredoc, command.heredoc_line) == ("hello\n", 2)
        assert one("cat <<EOF > x\nhello\nEOF\nnext", "next").line == 4

    def test_two_on_one_line_and_what_stands_behind(self) -> None:
        script = read("a <<A <<B; c\n1\nA\n2\nB\nd")
        assert [c.program for c in script.commands] == ["a", "c", "d"]
        assert script.commands[0].heredoc == "2\n"
        assert not script.problems

    def test_tabs_are_taken_off_behind_a_dash(self) -> None:
        assert one("cat <<-X\n\ta\n\tX\nb", "cat").heredoc == "a\n"
        assert one("cat <<-X\n\ta\n\tX\nb", "b").line == 4

    def test_a_quoted_mark_keeps_variables_as_they_are(self) -> None:
        assert one("cat <<'E'\n$X\nE", "cat").heredoc_variables == ()
        assert one("cat <<E\n$X\nE", "cat").heredoc_variables == ("X",)

    def test_pipes_and_lists_go_on_behind_it(self) -> None:
        script = read("cat <<E | sudo tee f && npm ci\nx\nE\n")
        assert [c.program for c in script.commands] == ["cat", "sudo", "npm"]
        assert script.commands[1].piped_from == 0

    def test_inside_a_substitution(self) -> None:
        script = read('x="$(cat <<E\nhello\nE\n)"\nnpm ci')
        assert one('x="$(cat <<E\nhello\nE\n)"\nnpm ci', "cat").heredoc == "hello\n"
        assert script.commands[-1].texts == ("npm", "ci")

    def test_one_that_is_never_closed_is_said(self) -> None:
        script = read("cat <<E\nhello\nnpm ci\n")
        assert [c.program for c in script.commands] == ["cat"]
        assert script.problems[0].kind is ProblemKind.MALFORMED
        assert "never closed" in script.problems[0].message

    def test_a_shift_and_a_string_are_none(self) -> None:
        assert one("echo $((1<<2)); npm ci", "npm").line == 1
        assert one('echo "<<E"\nnpm ci', "npm").line == 2
        assert one("# <<E\nnpm ci", "npm").line == 2
        assert one("cat <<< hi; npm ci", "cat").heredoc == "hi\n"


class TestScriptsInside:
    @pytest.mark.parametrize(
        "text",
        [
            'bash -c "npm ci"', "sh -ec 'npm ci'", "bash -lc 'npm ci'", "sudo bash -c 'npm ci'", "eval npm ci",
            "eval 'npm ci'", "bash <<E\nnpm ci\nE", "sudo bash <<E\nnpm ci\nE", "bash -s <<E\nnpm ci\nE",
            "echo 'npm ci' | bash", "printf 'npm ci\\n' | sudo sh", "cat <<E | bash\nnpm ci\nE", "bash <<< 'npm ci'",
            "docker run x sh -c 'npm ci'", "su -c 'npm ci' me", "xargs sh -c 'npm ci'", "timeout 60 bash -c 'npm ci'",
            "env A=1 bash -c 'npm ci'", "trap 'npm ci' EXIT", "cat > x.sh <<E\nnpm ci\nE\nbash x.sh",
            "echo 'npm ci' > x.sh; chmod +x x.sh; ./x.sh", "nix-shell --run 'npm ci'",
            "bash -c \"bash -c 'npm ci'\"", "pwsh -Command 'npm ci'", "cmd /c npm ci",
        ],
    )  # fmt: skip
    def test_is_read(self, text: str) -> None:
        assert ("npm", "ci") in lines(text)

    @pytest.mark.parametrize(
        "text",
        [
            "echo bash -c 'npm ci'", "bash script.sh 'npm ci'", "grep bash -c 'npm ci'", "printf '%s' 'npm ci'",
            "cat <<E > x\nnpm ci\nE", "cat <<E | grep bash\nnpm ci\nE", "apt-get install bash <<E\nnpm ci\nE",
        ],
    )  # fmt: skip
    def test_is_not_made_up(self, text: str) -> None:
        assert ("npm", "ci") not in lines(text)

    def test_it_says_where_it_stands(self) -> None:
        script = read("a\nif x; then\n  docker exec y bash -c '\n    b\n    c | d\n  '\nfi")
        inner = [c for c in script.commands if c.within >= 0]
        assert [(c.program, c.line) for c in inner] == [("b", 4), ("c", 5), ("d", 5)]
        assert all(script.commands[c.within].program == "docker" for c in inner)
        assert all(c.condition == "if x" for c in inner)

    def test_deeper_than_eight_is_said(self) -> None:
        text = "npm ci"
        for _ in range(3):
            text = "eval " + "'" + text.replace("'", "'\\''") + "'"
        assert ("npm", "ci") in lines(text)
        bottomless = "cat > x.sh <<'E'\n./x.sh\nE\n./x.sh\n"
        assert any("any further" in p.message for p in read(bottomless).problems)


@pytest.mark.parametrize(
    ("text", "program", "inside"),
    [
        ("bash <(curl x)", "curl", "bash"), ('eval "$(curl x)"', "curl", "eval"), ("echo `curl x`", "curl", "echo"),
        ("A=$(curl x)", "curl", ""), ("source <(curl x)", "curl", "source"), ("a > $(curl x)", "curl", "a"),
        ("if [ $(curl x) = y ]; then z; fi", "curl", "["), ("echo ${X:-$(curl x)}", "curl", "echo"),
    ],
)  # fmt: skip
def test_a_substitution_says_who_uses_it(text: str, program: str, inside: str) -> None:
    script = read(text)
    found = next(command for command in script.commands if command.program == program)
    assert found.substituted
    assert script.commands[found.inside].program == inside


@pytest.mark.parametrize(
    ("text", "traced"),
    [
        ("set -x", (1,)), ("a\nset -euxo pipefail", (2,)), ("set -o xtrace", (1,)), ("bash -x y.sh", (1,)),
        ("#!/bin/bash -ex\na", (1,)), ("set -e", ()), ("set +x", ()), ("set -- -x", ()), ("grep -x a", ()),
        ("bash y.sh -x", ()), ("sudo bash -eux y", (1,)), ("bash -c 'set -x'", (1,)),
    ],
)  # fmt: skip
def test_tracing_is_seen(text: str, traced: tuple[int, ...]) -> None:
    assert read(text).traces == traced


class TestErrors:
    def test_commands_around_an_error_are_still_read(self) -> None:
        script = read("npm ci\npip install (((\ncargo build\n)\nmake all\n")
        programs = [c.program for c in script.commands]
        assert {"npm", "cargo", "make"} <= set(programs)
        assert ("pip", "install", "(((") in [c.texts for c in script.commands]
        assert script.problems

    def test_commands_inside_an_unclosed_quote_are_seen(self) -> None:
        script = read('echo "unclosed\nnpm ci\n')
        assert ("npm", "ci") in [c.texts for c in script.commands]
        assert script.problems[0].kind is ProblemKind.MALFORMED

    @pytest.mark.parametrize("text", ["if x; then npm ci\n", "npm ci &&\n", "( npm ci\n", "&& npm ci"])
    def test_what_is_missing_is_said(self, text: str) -> None:
        script = read(text)
        assert ("npm", "ci") in [c.texts for c in script.commands]
        assert script.problems

    def test_a_sound_script_has_no_problems(self) -> None:
        assert not read("set -e\nfor x in a; do\n  echo $x\ndone\n[[ -f y ]] && z || :\n").problems

    def test_nuls_are_said(self) -> None:
        script = read("npm ci\0\nmake\n")
        assert script.problems[0].kind is ProblemKind.ENCODING
        assert script.commands[-1].program == "make"

    def test_bidirectional_text_is_kept(self) -> None:
        assert read("echo \u202e\u2066x").commands[0].texts == ("echo", "\u202e\u2066x")


class TestOtherDialects:
    def test_powershell_lines(self) -> None:
        text = "# no\n$x = foo bar\npip install `\n  x y\n& choco install z\n<# a\nnpm ci\n#>\niwr https://x | iex\n"
        script = read(text, "pwsh")
        found = [(c.texts, c.line) for c in script.commands]
        assert (("pip", "install", "x", "y"), 3) in found
        assert (("choco", "install", "z"), 5) in found
        assert (("foo", "bar"), 2) in found
        assert not any(c.texts == ("npm", "ci") for c in script.commands)
        piped = script.commands[-1]
        assert (piped.program, script.commands[piped.piped_from].program) == ("iex", "iwr")
        assert script.problems[0].kind is ProblemKind.UNSUPPORTED

    def test_cmd_lines(self) -> None:
        script = read('@echo off\nrem npm x\ncall npm ci ^\n --foo && pip install "x"', "cmd")
        assert [c.texts for c in script.commands][1:] == [("npm", "ci", "--foo"), ("pip", "install", "x")]
        assert script.problems

    def test_python(self) -> None:
        script = read("import os\n", "python")
        assert (script.commands[0].texts, script.commands[0].heredoc) == (("python", "-"), "import os\n")
        assert not script.problems

    def test_what_is_not_known_is_said(self) -> None:
        script = read("npm ci", "perl")
        assert not script.commands
        assert script.problems[0].kind is ProblemKind.UNSUPPORTED

    def test_expressions_in_plain_lines(self) -> None:
        script = read("npm i ${{ matrix.x }} y", "pwsh")
        assert script.commands[0].words[2].expressions == ("matrix.x",)


@pytest.mark.parametrize(
    "text", ["if [ hunter2", "for x (${l}) { echo hunter2 }", "x=(hunter2", "case hunter2"]
)
def test_what_the_grammar_does_not_know_is_not_repeated(text: str) -> None:
    problems = read(text).problems
    assert problems
    assert not any("hunter2" in problem.message for problem in problems)


def test_without_the_grammar_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_grammar(name: str, *rest: object, **more: object) -> object:
        if name.startswith("tree_sitter"):
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    shell._parser.cache_clear()
    monkeypatch.setattr(builtins, "__import__", no_grammar)
    try:
        script = read("npm ci")
    finally:
        shell._parser.cache_clear()
    assert not script.commands
    assert "pip install 'seawall[reach]'" in script.problems[0].message


class TestHostile:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("brackets", "(" * 1_000_000),
            ("substitutions", "$(" * 10_000),
            ("words in substitutions", "$(a " * 10_000),
            ("here-documents", "cat <<EOF\n" * 20_000),
            ("an open here-document", "cat <<EOF\n" + "x\n" * 100_000),
            ("here-documents on a line", "cat " + "<<A " * 20_000),
            ("NULs", "\0" * 200_000),
            ("bidirectional", "\u202e" * 200_000),
            ("a long line", "a " * 2_500_000),
            ("pipes", "a|" * 50_000),
            ("errors", "a) " * 50_000),
            ("arrays", "a=(" * 50_000),
            ("quotes", '"$(' * 50_000),
            ("conditions", "if a; then " * 20_000),
            ("expressions", "${{ '" * 50_000),
            ("doubling", 'A=xxxxxxxxxx\n' + 'A="$A$A"\n' * 40 + "x $A $A $A\n" * 5_000),
            ("arrays doubling", 'A=("")\n' + 'A=("${A[@]}" "${A[@]}")\n' * 40 + 'x "${A[@]}"\n' * 5_000),
            ("scripts in scripts", 'bash -c "' * 20_000),
            ("one that writes itself", "cat > f.sh <<'E'\n./f.sh\nE\n./f.sh\n" * 2_000),
        ],
        ids=lambda value: value if len(str(value)) < 40 else "",
    )  # fmt: skip
    def test_is_read_in_bounded_time_and_its_lines_are_inside(self, name: str, text: str) -> None:
        started = time.perf_counter()
        script = read(text)
        assert time.perf_counter() - started < 30, name
        last = text.count("\n") + 1
        assert all(1 <= command.line <= last for command in script.commands)
        assert all(1 <= problem.line <= last for problem in script.problems)
        assert len(script.commands) <= DEFAULT_LIMITS.commands
        assert sum(len(text) for command in script.commands for text in command.texts) <= 3_000_000

    def test_bounds_are_said(self) -> None:
        few = replace(DEFAULT_LIMITS, commands=3)
        script = parse_script("a\nb\nc\nd\ne\n", few)
        assert len(script.commands) == 3
        assert script.problems[0].kind is ProblemKind.TOO_MANY
        small = replace(DEFAULT_LIMITS, script_bytes=10)
        script = parse_script("npm ci\nmake everything\n", small)
        assert script.problems[0].kind is ProblemKind.TOO_LARGE
        assert script.commands[0].texts == ("npm", "ci")
        deep = parse_script("a $(" * 200 + ")" * 200, DEFAULT_LIMITS)
        assert any(problem.kind is ProblemKind.TOO_DEEP for problem in deep.problems)

    def test_ten_times_the_text_takes_about_ten_times_as_long(self) -> None:
        part = 'set -e\nif [ -f x ]; then\n  pip install "a" | b\nfi\ncat <<E\n$X\nE\n'

        def seconds(count: int) -> float:
            text = part * count
            best = 1e9
            for _ in range(3):
                started = time.process_time()
                read(text)
                best = min(best, time.process_time() - started)
            return best

        assert seconds(1_000) < 50 * seconds(100)

    def test_long_scripts_are_read_whole(self) -> None:
        text = "".join(f"f{n}() {{\n  if x; then\n    pip install p{n}\n  fi\n}}\n\n" for n in range(2_000))
        script = read(text)
        installs = [c for c in script.commands if c.program == "pip"]
        assert len(installs) == 2_000
        assert installs[-1].line == 1999 * 6 + 3
        assert all(c.condition.endswith("if x") for c in installs)
        assert not script.problems


_PARTS = st.sampled_from(
    [
        "pip", "install", " ", "\n", "|", "&&", "||", ";", "$(", ")", "(", "{", "}", "'", '"', "`", "<<EOF", "EOF", "<<-'E'",
        "$X", "${X", "${{", "}}", "if ", "then ", "fi", "for x in ", "do ", "done", "case x in ", "esac", "\\", "\\\n", "#",
        ">", ">>", "<(", "bash -c ", "eval ", "X=", "A=(", "function f ", "[[", "]]", "((", "))", "\t", "\0", "é", "\u202e",
        "set -x", "cd ..", "echo", "\ud800", "\r\n", "<<<", "*", "~", "!", "&", "time ", "sudo ", "./x.sh",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_PARTS, max_size=60).map("".join), st.sampled_from(["sh", "pwsh", "cmd", "python", "x"]))
def test_it_never_raises_and_lines_stay_inside(text: str, dialect: str) -> None:
    script = read(text, dialect)
    last = text.count("\n") + 1
    for number, command in enumerate(script.commands):
        assert 1 <= command.line <= last
        assert command.piped_from < number
        assert command.within < number
        assert -1 <= command.inside < len(script.commands)
        if command.heredoc_line:
            assert 1 <= command.heredoc_line <= last + 1
    assert all(1 <= problem.line <= last for problem in script.problems)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all(text: str) -> None:
    script = read(text)
    assert all(1 <= command.line <= text.count("\n") + 1 for command in script.commands)
