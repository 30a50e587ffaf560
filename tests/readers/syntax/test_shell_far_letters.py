"""Letters far from ASCII cannot end the process: the grammar is not shown them (it crashed on `{` before some)."""

import subprocess
import sys

import pytest

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.syntax.shell import parse_script

pytest.importorskip("tree_sitter_bash")

ALL = """
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.syntax.shell import parse_script
for start in ("{", "${X", "$({", "h{", "x <<E {", "[[ a =~ {", "{1.."):
    for letter in [*range(0xA0, 0x3000, 97), *range(0x3000, 0xD800, 991), *range(0xE000, 0x110000, 4999)]:
        parse_script(f"a {start}{chr(letter)}b }}", DEFAULT_LIMITS, "sh")
"""


def test_no_letter_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALL], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_words_keep_their_letters() -> None:
    script = parse_script('X=é\necho "漢 $X" ü > ñ\ncat <<EOF\nß\nEOF\n', DEFAULT_LIMITS, "sh")
    assign, echo, cat = script.commands
    assert assign.assignments[0][1].text == "é"
    assert echo.texts[2] == "ü"
    assert "漢" in echo.texts[1]
    assert echo.redirects[0].target.text == "ñ"
    assert cat.heredoc == "ß\n"


def test_a_space_of_another_script_parts_no_words() -> None:
    (command,) = parse_script("echo a\u00a0b\u3000c", DEFAULT_LIMITS, "sh").commands
    assert command.texts == ("echo", "a\u00a0b\u3000c")
