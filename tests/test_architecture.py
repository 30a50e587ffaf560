"""The house's floors and their direction, read from the folder names (docs/decisions/0001)."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "seawall"
FILES = sorted(PACKAGE.rglob("*.py"))

# A file may import from floors with a lower number, and from its own floor only what SAME_FLOOR allows.
KERNEL, SHARED, ROOMS, ADAPTERS, VERBS, DOORS = range(6)


def floor(parts: tuple[str, ...]) -> int:
    """`parts` is the module path below `seawall`, e.g. ("readers", "syntax", "toml")."""
    if not parts or parts == ("__init__",):
        return KERNEL  # `seawall` itself holds the version
    if parts[0] == "kernel":
        return KERNEL
    if parts[0] == "readers":
        shared = len(parts) > 1 and parts[1] in ("syntax", "containers", "format")
        return SHARED if shared else ROOMS
    if parts[0] in ("rules", "reports"):
        return ROOMS
    if parts[0] == "adapters":
        return ADAPTERS
    if parts[0] in ("cli", "servers", "__main__"):
        return DOORS
    return VERBS


def parts_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(PACKAGE).with_suffix("").parts


def imports(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, module path below seawall) of every import in the file, those inside functions too."""
    own = parts_of(path)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] == "seawall":
                    yield node.lineno, tuple(name.name.split(".")[1:])
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = own[: -node.level] if own[-1] != "__init__" else own[: len(own) - node.level]
                base = (*base, *(node.module.split(".") if node.module else ()))
            elif (node.module or "").split(".")[0] == "seawall":
                base = tuple((node.module or "").split(".")[1:])
            else:
                continue
            for name in node.names:
                deeper = (*base, name.name)
                is_module = (PACKAGE.joinpath(*deeper).with_suffix(".py")).exists()
                yield node.lineno, deeper if is_module else base


def outside_imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module or ""


def same_floor_allowed(own: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """On one floor: within a room, from an index to its files, and between verbs and doors.

    Adapters may use the shared door to the network and the disk. Rooms never reach into each other.
    """
    level = floor(own)
    if level in (KERNEL, VERBS, DOORS) or own[-1] == "__init__":
        return True
    if level == SHARED and other[:3] == ("readers", "syntax", "fault"):
        return True  # the one way in which shared parsers say no
    if level == ADAPTERS and (other[1:2] == ("disk",) or other[1:2] == ("http",)):
        return True
    return own[:-1] == other[:-1] or own[:-1] == other


def test_imports_only_go_down() -> None:
    wrong = []
    for path in FILES:
        own = parts_of(path)
        for line, other in imports(path):
            mine, theirs = floor(own), floor(other)
            if theirs > mine or (theirs == mine and not same_floor_allowed(own, other)):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports seawall.{'.'.join(other)}")
    assert not wrong, "\n".join(wrong)


def test_the_direction_test_can_fail() -> None:
    assert (
        floor(("kernel", "asset"))
        < floor(("readers", "syntax", "toml"))
        < floor(("readers", "lockfiles", "x"))
    )
    assert (
        floor(("rules", "x")) < floor(("adapters", "feeds", "x")) < floor(("scan",)) < floor(("cli", "scan"))
    )
    assert not same_floor_allowed(("readers", "lockfiles", "a"), ("rules", "packages"))
    assert not same_floor_allowed(("adapters", "feeds", "a"), ("adapters", "vcs", "git"))


def test_formats_do_not_import_each_other() -> None:
    wrong = []
    for path in (PACKAGE / "readers" / "lockfiles").glob("*.py"):
        if path.name == "__init__.py":
            continue
        for line, other in imports(path):
            target = PACKAGE.joinpath(*other).with_suffix(".py")
            if target.parent == path.parent and re.search(
                r"^[A-Z_]*FORMATS? ?[:=]|^FORMAT\b", target.read_text(), re.M
            ):
                wrong.append(f"{path.name}:{line} imports the format {other[-1]}")
    assert not wrong, "\n".join(wrong)


IMPURE = {
    "asyncio", "ftplib", "glob", "http", "http.client", "io", "multiprocessing", "os", "pathlib", "platform",
    "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile",
    "threading", "time", "urllib.request", "urllib3",
}  # fmt: skip


@pytest.mark.parametrize("room", ["kernel", "readers", "rules"])
def test_values_are_pure(room: str) -> None:
    """No file, socket, clock, driver or environment where things are only values."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in (PACKAGE / room).rglob("*.py")
        for line, name in outside_imports(path)
        if name in IMPURE or name.split(".")[0] in IMPURE - {"http", "io"}
    ]
    assert not wrong, "\n".join(wrong)


def calls(path: Path) -> Iterator[tuple[int, str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def test_time_is_an_argument_below_the_verbs() -> None:
    """`time.monotonic` may bound a wait; what time it *is* comes from above."""
    clock = re.compile(r"(^|\.)(now|utcnow|today)$|^time\.time$")
    wrong = [
        f"{path.relative_to(ROOT)}:{line} calls {name}"
        for path in FILES
        if floor(parts_of(path)) < VERBS
        for line, name, _ in calls(path)
        if clock.search(name)
    ]
    assert not wrong, "\n".join(wrong)


FORBIDDEN = re.compile(
    r"^(eval|exec|compile|__import__|os\.system|os\.popen|pickle\..*|marshal\..*|shelve\..*|runpy\..*"
    r"|importlib\.import_module|import_module|yaml\.(load|full_load|unsafe_load|load_all))$|\.extractall$"
)


def test_nothing_that_is_inspected_can_be_run() -> None:
    wrong = []
    for path in FILES:
        for line, name, node in calls(path):
            if any(k.arg == "shell" and getattr(k.value, "value", False) is not False for k in node.keywords):
                wrong.append(f"{path.relative_to(ROOT)}:{line} uses a shell")
            ours = name.startswith("yaml.") and "yaml" not in {n for _, n in outside_imports(path)}
            if (
                FORBIDDEN.search(name)
                and not ours
                and (parts_of(path), name) != (("cli", "main"), "import_module")
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{line} calls {name}")
    assert not wrong, "\n".join(wrong)


def test_processes_start_in_two_rooms_only() -> None:
    # git, the version of a package manager and the operator's keyring, our own workers that unpack advisories,
    # and what `run` is for.
    allowed = {("adapters", "vcs"), ("adapters", "machine"), ("adapters", "feeds"), ("adapters", "runners")}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        for line, name in outside_imports(path)
        if name.split(".")[0] in ("subprocess", "multiprocessing", "pty")
        and parts_of(path)[:2] not in allowed
        # Workers that parse advisories are this interpreter again; they start no program.
        and (parts_of(path), name) != (("adapters", "feeds", "slices"), "multiprocessing")
    ]
    assert not wrong, "\n".join(wrong)


def test_sockets_are_opened_in_adapters_and_servers_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in FILES
        if floor(parts_of(path)) != ADAPTERS and parts_of(path)[0] != "servers"
        for line, name in outside_imports(path)
        if name in ("socket", "urllib3", "http.client", "urllib.request", "ssl", "asyncio")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_house_is_flat_and_its_rooms_have_honest_names() -> None:
    vague = {"utils", "util", "helpers", "helper", "base", "common", "core", "manager", "misc"}
    for path in FILES:
        parts = parts_of(path)
        assert len(parts) <= 3, f"{path} is deeper than floor/room/file"
        assert not set(parts) & vague, f"{path} does not say what it is"


def test_files_stay_small_enough_to_read() -> None:
    long = [
        f"{p.relative_to(ROOT)}: {n} lines" for p in FILES if (n := len(p.read_text().splitlines())) > 500
    ]
    assert not long, "\n".join(long)


def test_the_core_needs_at_most_twelve_distributions() -> None:
    """What `pip install seawall` brings, itself included: hatchling and what it needs only build it."""
    locked = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements" / "core.txt").read_text(), re.M)
    build = {"hatchling", "editables", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}
    assert len(set(locked) - build) + 1 <= 12


def test_no_registry_host_is_written_down() -> None:
    """Default upstreams come from how the user's clients are set up, or from a library's constant."""
    word = [("npm", "js"), ("pypi", ".org"), ("python", "hosted"), ("yarn", "pkg.com"), ("crates", ".io/")]
    hosts = re.compile("|".join(re.escape("".join(pair)) for pair in word))
    wrong = []
    for path in tracked():
        if path.suffix in (".png", ".gz", ".zip", ".whl"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if hosts.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}")
    assert not wrong, "\n".join(wrong)


def tracked() -> list[Path]:
    skipped = {
        ".git",
        ".venv",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        "__pycache__",
        ".demo",
        ".bench",
        ".clients",
    }
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not skipped & set(path.relative_to(ROOT).parts) and path.suffix != ".pyc"
    ]


def test_versions_cost_nothing() -> None:
    """`seawall --version` imports none of the expensive libraries."""
    before = set(sys.modules)
    import subprocess

    code = (
        "import sys; from seawall.cli.main import main; main(['--version']);"
        "print(sorted({m.split('.')[0] for m in sys.modules} &"
        " {'rich','urllib3','cedarpy','yaml','cvss','packaging','packageurl','sqlite3','tomllib'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[1] == "[]"
    assert before
