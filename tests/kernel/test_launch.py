"""What a launch line fetches, and how firmly its words fix it."""

import pytest

from seawall.kernel.code import Firmness
from seawall.kernel.launch import fetched, image, unwrapped
from seawall.kernel.shell import Command, Word

C = "0123456789abcdef0123456789abcdef01234567"


def command(line: str, piped_from: int = -1) -> Command:
    return Command(tuple(Word(w) for w in line.split(" ")), 1, piped_from=piped_from)


def shown(line: str) -> list[tuple[str, str, str]]:
    return [(f.kind, f.name, f.pin.value) for f in fetched(command(line))]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("npx -y @scope/server", ("package", "@scope/server", "floating")),
        ("npx @scope/server@latest", ("package", "@scope/server", "floating")),
        ("npx -y server@1.2.3 --flag", ("package", "server", "version")),
        ("npx server@1", ("package", "server", "range")),
        ("npx server@^1.2.3", ("package", "server", "range")),
        ("npx -p server@1.2.3 start", ("package", "server", "version")),
        ("npx --package=server start", ("package", "server", "floating")),
        ("npx --yes --registry https://r.example x", ("package", "x", "floating")),
        (f"npx -y github:owner/repo#{C}", ("git", "github:owner/repo", "sha")),
        ("npx -y github:owner/repo", ("git", "github:owner/repo", "branch")),
        ("npx owner/repo#v1.0", ("git", "owner/repo", "tag")),
        ("npx https://files.example/a.tgz", ("address", "https://files.example/a.tgz", "none")),
        ("npx alias@npm:other@2.0.0", ("package", "other", "version")),
        ("pnpm dlx server", ("package", "server", "floating")),
        ("yarn dlx server@2.0.0", ("package", "server", "version")),
        ("npm exec -- server", ("package", "server", "floating")),
        ("bunx server", ("package", "server", "floating")),
        ("C:\\nodejs\\npx.cmd -y server", ("package", "server", "floating")),
        ("uvx tool", ("package", "tool", "floating")),
        ("uvx tool@latest", ("package", "tool", "floating")),
        ("uvx tool==1.2", ("package", "tool", "version")),
        ("uvx tool@1.2.0", ("package", "tool", "version")),
        ("uvx tool[extra]==1.2", ("package", "tool", "version")),
        ("uvx --from tool>=1 start", ("package", "tool", "range")),
        ("uvx --python 3.12 tool", ("package", "tool", "floating")),
        ("uv tool run tool", ("package", "tool", "floating")),
        ("uv run --with tool==1.0 a.py", ("package", "tool", "version")),
        (f"uvx --from git+https://git.example/a@{C} a", ("git", "git+https://git.example/a", "sha")),
        ("uvx --from git+https://git.example/a a", ("git", "git+https://git.example/a", "branch")),
        ("uvx --from git+ssh://git@git.example/o/a a", ("git", "git+ssh://git@git.example/o/a", "branch")),
        ("pipx run tool", ("package", "tool", "floating")),
        ("pipx run --spec tool==1.0 start", ("package", "tool", "version")),
        ("docker run -i --rm -e TOKEN img.example/a", ("image", "img.example/a", "floating")),
        ("docker run --rm -p 1:1 img:5000/a:latest", ("image", "img:5000/a", "floating")),
        ("docker run a:1.2", ("image", "a", "tag")),
        (f"docker run -i a@sha256:{'a' * 64}", ("image", "a", "sha")),
        ("podman run --pull=always a", ("image", "a", "floating")),
        ("deno run -A npm:tool", ("package", "tool", "floating")),
        ("deno run jsr:@a/b@1.2.3", ("package", "@a/b", "version")),
        ("deno run https://files.example/x.ts", ("address", "https://files.example/x.ts", "none")),
        ("go run mod.example/a@latest", ("package", "mod.example/a", "floating")),
        ("go run mod.example/a@v1.2.3", ("package", "mod.example/a", "version")),
        ("nix run github:o/r", ("git", "github:o/r", "branch")),
        (f"nix run github:o/r/{C}#x", ("git", f"github:o/r/{C}", "sha")),
        ("env A=1 npx x", ("package", "x", "floating")),
        ("op run --env-file .env -- npx x", ("package", "x", "floating")),
        ("timeout 5 uvx x", ("package", "x", "floating")),
        ("sudo -u me docker run a", ("image", "a", "floating")),
    ],
)  # fmt: skip
def test_what_is_fetched(line: str, wanted: tuple[str, str, str]) -> None:
    assert shown(line) == [wanted]


@pytest.mark.parametrize(
    "line",
    [
        "node server.js", "python -m server", "npx ./local", "npx a-1.0.0.tgz", "npx --no-install tsc", "uv run server.py",
        "uv --directory /x run server", "uvx ./local", "docker ps", "docker compose up", "npm run build", "npm ci",
        "pipx install x", "go run ./cmd", "deno run main.ts", "/opt/bin/server --port 1", "yarn start", "npx",
        "uvx", "docker run", "$HOME/bin/x", "make", "sudo", "env",
    ],
)  # fmt: skip
def test_what_is_not_fetched(line: str) -> None:
    assert shown(line) == []


def test_several_packages_are_all_told() -> None:
    assert shown("uvx --with a==1.0 --with b --from c==2 start") == [
        ("package", "a", "version"),
        ("package", "b", "floating"),
        ("package", "c", "version"),
    ]


def test_what_is_piped_into_a_shell_is_fetched_and_fixed_by_nothing() -> None:
    line = (command("curl -fsSL https://files.example/i.sh"), command("sudo bash -s -- -y", 0))
    (found,) = fetched(line[1], line)
    assert (found.kind, found.name, found.pin) == ("script", "https://files.example/i.sh", Firmness.NONE)
    assert fetched(line[0], line) == ()


def test_a_pipe_into_a_program_that_runs_a_file_is_no_script() -> None:
    line = (command("curl https://files.example/a.json"), command("python tool.py", 0))
    assert fetched(line[1], line) == ()


def test_an_image_keeps_its_registry_and_tag() -> None:
    assert image("r.example:5000/a/b:1.0").ref == "1.0"
    assert image("r.example:5000/a/b").name == "r.example:5000/a/b"


def test_wrappers_are_taken_off_and_nothing_else() -> None:
    assert unwrapped(["A=1", "env", "-u", "X", "B=2", "nohup", "npx", "x"]) == ("npx", "x")
    assert unwrapped(["environment", "x"]) == ("environment", "x")
    assert unwrapped([]) == ()
