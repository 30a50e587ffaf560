"""The sieve passes every version of a lockfile that holds a bad package, and nearly nothing else."""

import pytest

from seawall.kernel.advisory import Advisory, Affected
from seawall.sieve import Sieve

FILLER = {
    "\n\n": "".join(f"  left-{n}@1.0.{n}:\n    resolution: {{integrity: sha512-x}}\n\n" for n in range(60)),
    "},\n": "".join(
        f'    "node_modules/left-{n}": {{\n      "version": "1.0.{n}"\n    }},\n' for n in range(60)
    ),
    "\n": "".join(f"left-{n}==1.0.{n}\n" for n in range(60)),
}
WRITTEN = {
    "pnpm-lock.yaml": ("\n\n", "  bad-name@6.6.6:\n    resolution: {integrity: sha512-y}\n\n"),
    "a/pnpm-lock.yaml": ("\n\n", "  /bad-name/6.6.6:\n    resolution: {integrity: sha512-y}\n\n"),
    "package-lock.json": ("},\n", '    "node_modules/bad-name": {\n      "version": "6.6.6"\n    },\n'),
    "Pipfile.lock": (
        "},\n",
        '        "bad-name": {\n            "hashes": [\n'
        + '                "sha256:00",\n' * 90
        + '            ],\n            "version": "==6.6.6"\n        },\n',
    ),
    "yarn.lock": ("\n\n", 'bad-name@^6.0.0:\n  version "6.6.6"\n  resolved "https://registry.example"\n\n'),
    "berry/yarn.lock": ("\n\n", '"bad-name@npm:^6.0.0":\n  version: 6.6.6\n  resolution: "x"\n\n'),
    "uv.lock": ("\n\n", '[[package]]\nname = "bad-name"\nversion = "6.6.6"\n\n'),
    "pylock.toml": ("\n\n", "[[packages]]\nname = 'bad-name'\nversion = '6.6.6'\n\n"),
    "blank/uv.lock": ("\n\n", '[[package]]\nname = "bad-name"\n\n\nversion = "6.6.6"\n\n'),
    "bun.lock": ("\n\n", '    "bad-name": ["bad-name@6.6.6", "", {}, "sha512-y"],\n\n'),
    "requirements.txt": ("\n", "Bad_Name==6.6.6\n"),
    "go.sum": ("\n", "bad-name v6.6.6 h1:abc=\n"),
    "conda-lock.yml": ("\n", "- name: bad-name\n  version: 6.6.6\n  manager: pip\n"),
}


def sieve() -> Sieve:
    return Sieve([Advisory(id="X", affected=(Affected("npm", "bad-name", ("6.6.6",), ()),), malicious=True)])


@pytest.mark.parametrize("path", WRITTEN)
def test_a_bad_version_passes_wherever_it_stands(path: str) -> None:
    end, entry = WRITTEN[path]
    filler = FILLER[end]
    for text in (entry + filler, filler + entry, filler + entry + filler):
        assert sieve().passes(path, text.encode())


@pytest.mark.parametrize("path", WRITTEN)
def test_what_was_seen_before_is_not_forgotten(path: str) -> None:
    end, entry = WRITTEN[path]
    before, bad = FILLER[end], FILLER[end] + entry
    filter_ = sieve()
    passed = [filter_.passes(path, text.encode()) for text in (before, bad, before, bad, before)]
    assert passed == [False, True, False, True, False]


@pytest.mark.parametrize("end", FILLER)
def test_a_name_and_a_version_apart_do_not_pass(end: str) -> None:
    text = f"bad-name 1.0.0{end}{FILLER[end] * 3}other 6.6.6{end}"
    assert not sieve().passes("pnpm-lock.yaml", text.encode())


def test_a_name_from_one_version_and_a_number_from_another_do_not_add_up() -> None:
    filter_ = sieve()
    other = FILLER["\n\n"]
    assert not filter_.passes("pnpm-lock.yaml", f"  bad-name@1.0.0:\n    x: y\n\n{other}".encode())
    assert not filter_.passes("pnpm-lock.yaml", f"  fine@6.6.6:\n    x: y\n\n{other}".encode())


def test_escapes_always_pass_and_only_where_they_are() -> None:
    filter_ = sieve()
    other = FILLER["},\n"]
    assert filter_.passes("package-lock.json", (other + '"b\\u0061d": {},\n').encode())
    assert not filter_.passes("package-lock.json", other.encode())
