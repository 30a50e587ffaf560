"""What a wheel, a source archive and an npm tarball hold is told as package managers would take it."""

import json

from tests.simulators.archives import contents, npm, sdist, tarball, wheel

from seawall.kernel.contents import Contents, Trace
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.archives import shape_of

WHEEL, SDIST, NPM = "thing-1.0.1-py3-none-any.whl", "thing-1.0.1.tar.gz", "thing-1.0.1.tgz"


def of_npm(files: dict[str, str | bytes], **package: object) -> Contents:
    described = json.dumps({"name": "thing", "version": "1.0.1", **package})
    return contents("npm", NPM, npm({"package.json": described, **files}))


def hooks(found: Contents) -> set[tuple[str, str]]:
    return {(item.kind, item.path) for item in found.hooks}


def test_shapes_are_told_by_name() -> None:
    assert shape_of("npm", "a-1.tgz") == "npm"
    assert shape_of("PyPI", "a-1-py3-none-any.whl") == "wheel"
    assert shape_of("PyPI", "a-1.tar.gz") == shape_of("PyPI", "a-1.zip") == "sdist"
    assert shape_of("PyPI", "a-1.exe") is None
    assert shape_of("npm", "a-1.zip") is None


def test_a_wheel_says_what_it_is() -> None:
    described = "Name: thing\nVersion: 1.0.1\nRequires-Dist: a>=1\nRequires-Dist: b ; extra == 'x'\nRequires-Dist: c @ git+https://files.example/c\n\nName: other\n"
    found = contents(
        "PyPI",
        WHEEL,
        wheel(
            {
                "thing-1.0.1.dist-info/METADATA": described,
                "thing-1.0.1.dist-info/entry_points.txt": "[console_scripts]\nthing = thing:main\n[other]\nx = y\n",
                "thing/__init__.py": "",
                "tests/test_a.py": "import os\nos.system('ls')\n",
            }
        ),
    )
    assert (found.name, found.version, found.commands) == ("thing", "1.0.1", ("thing",))
    assert [name for name, _ in found.dependencies] == ["a", "c"]
    assert found.elsewhere == (("c", "git+https://files.example/c"),)
    assert found.loaded == {"thing/__init__.py"}
    assert not found.faults


def test_hooks_of_a_wheel_wherever_it_puts_them() -> None:
    files = {
        "a.pth": "import os; os.system('ls')\n",
        "thing-1.0.1.data/purelib/b.pth": "\nimport x\n",
        "thing-1.0.1.data/data/lib/python3.11/site-packages/c.pth": "import\ty\n",
        "thing-1.0.1.data/platlib/sitecustomize.py": "",
        "usercustomize/__init__.py": "",
        "plain.pth": "some/directory\n# import is only a word here\n",
        "thing/inside.pth": "import z\n",
    }
    found = contents("PyPI", WHEEL, wheel(files))
    assert hooks(found) == {
        (".pth", "a.pth"),
        (".pth", "b.pth"),
        (".pth", "c.pth"),
        ("sitecustomize", "sitecustomize.py"),
        ("sitecustomize", "usercustomize/__init__.py"),
    }
    assert [(item.path, item.at_load) for item in found.sights] == [("a.pth", True)]


def test_a_wheel_without_metadata_is_none() -> None:
    from tests.readers.containers.test_hostile_archives import zip_of
    from tests.simulators.archives import DEFAULT_LIMITS, source_of

    from seawall.readers.archives import Memory, read

    shape = shape_of("PyPI", WHEEL)
    assert shape
    found = read(source_of(zip_of("a.py")), shape, WHEEL, DEFAULT_LIMITS, Memory())
    assert [item.kind for item in found.faults] == [ProblemKind.MALFORMED]


def test_hooks_of_a_source_archive() -> None:
    files = {
        "setup.py": "from setuptools import setup\nsetup(cmdclass={'install': Own})\n",
        "pyproject.toml": "[build-system]\nbuild-backend = 'own'\nbackend-path = ['build']\n",
        "build/own.py": "import os\nos.system('ls')\n",
    }
    found = contents("PyPI", SDIST, sdist(files))
    assert {kind for kind, _ in hooks(found)} == {"setup.py", "cmdclass", "build-backend", "backend-path"}
    assert next(item for item in found.hooks if item.kind == "backend-path").runs == ("build/own.py",)


def test_hooks_of_an_npm_tarball() -> None:
    found = of_npm(
        {
            "scripts/a.js": "require('./b')",
            "scripts/b.js": "require('child_process').exec('ls')",
            "node_modules/inner/package.json": '{"scripts": {"install": "node x"}}',
            "test/package.json": '{"scripts": {"install": "node x"}}',
        },
        scripts={"postinstall": "node ./scripts/a", "prepare": "x", "prepublish": "y", "preinstall": " "},
    )
    assert hooks(found) == {("postinstall", "package.json"), ("install", "node_modules/inner/package.json")}
    first = next(item for item in found.hooks if item.kind == "postinstall")
    assert first.runs == ("scripts/a.js", "scripts/b.js")


def test_a_binding_is_built_unless_it_says_otherwise() -> None:
    assert hooks(of_npm({"binding.gyp": "{}"})) == {("binding.gyp", "binding.gyp")}
    assert hooks(of_npm({"binding.gyp": "{}"}, gypfile=False)) == set()
    assert hooks(of_npm({"binding.gyp": "{}"}, scripts={"install": "true"})) == {("install", "package.json")}


def test_what_is_reached_from_the_entries() -> None:
    files: dict[str, str | bytes] = {
        "index.js": "require('./lib/a')",
        "lib/a.js": "import './b.mjs'",
        "lib/b.mjs": "",
        "lib/unused.js": "",
        "test/t.js": "",
    }
    assert of_npm(files, exports={".": "./index.js"}).loaded == {"index.js", "lib/a.js", "lib/b.mjs"}
    assert of_npm(files).loaded == {"index.js", "lib/a.js", "lib/b.mjs", "lib/unused.js"}
    assert "lib/unused.js" in of_npm(files, exports={"./*": "./lib/*"}).loaded


def test_where_dependencies_come_from() -> None:
    found = of_npm(
        {},
        dependencies={"a": "^1", "b": "npm:c@1", "d": "github:e/f", "g": 3},
        optionalDependencies={"h": "git+ssh://git@files.example/h"},
        devDependencies={"i": "github:j/k"},
    )
    assert [name for name, _ in found.elsewhere] == ["d", "h"]
    assert [name for name, _ in found.dependencies] == ["a", "b", "d", "h"]


def test_machine_code_is_told_by_its_first_bytes() -> None:
    kinds = {
        "a.txt": b"\x7fELF" + bytes(80),
        "b.node": b"MZ" + bytes(80),
        "c": b"\xcf\xfa\xed\xfe" + bytes(80),
        "d.wasm": b"\0asm" + bytes(80),
        "e.class": b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(80),
        "f.pyc": bytes(80),
        "g.js": "MZ is no program",
    }
    found = of_npm(kinds)
    told = {path: found.by_path[path].native for path in kinds}
    assert told == {
        "a.txt": "ELF", "b.node": "PE", "c": "Mach-O", "d.wasm": "WebAssembly", "e.class": "",
        "f.pyc": "Python bytecode", "g.js": "",
    }  # fmt: skip


def test_what_lies_outside_is_not_looked_at_and_is_said() -> None:
    found = contents(
        "npm", NPM, tarball({"package/package.json": "{}", "package/../../x.js": "eval(x)", "/abs": "1"})
    )
    assert [item.path for item in found.outside] == ["package/../../x.js", "/abs"]
    assert not found.sights


def test_files_that_agents_read_are_searched_for_hidden_text() -> None:
    found = of_npm({".cursorrules": "be kind" + "\u200b" * 30})
    assert [(m.trace, m.path) for m in found.marks] == [(Trace.INVISIBLE, ".cursorrules")]


def test_a_package_that_cannot_be_parsed_is_a_fault() -> None:
    for text in ("{", "[]", "[" * 5000, '{"a": NaN}', "\0"):
        found = contents("npm", NPM, npm({"package.json": text}))
        assert [item.path for item in found.faults] == ["package.json"], text
