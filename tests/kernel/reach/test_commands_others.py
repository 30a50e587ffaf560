"""System packages, other languages, containers, models and agents: one positive and one negative of each."""

from __future__ import annotations

import pytest
from tests.kernel.reach.scripts import SHA, SHA256, codes, short

TREE = {
    "Cargo.toml": "", "Cargo.lock": "version = 4\n", "go.mod": "module own.example/x\n\ngo 1.24\n\nrequire a.example/b v1.0.0\n",
    "go.sum": "", "Gemfile": "", "Gemfile.lock": "", "composer.lock": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apt-get install -y foo", ["packages | apt-get install foo | floating | now"]),
        ("sudo apt-get -y -qq install --no-install-recommends foo bar", ["packages | apt-get install foo bar | floating | now"]),
        ("apt-get install foo=1.2-3", ["packages | apt-get install foo=1.2-3 | version | now"]),
        ("apt-get install foo=1.2* bar", ["packages | apt-get install foo=1.2* bar | floating | now"]),
        ("apt install -t bookworm-backports -o Dpkg::Options::=--x foo", ["packages | apt install foo | floating | now"]),
        ("apt-get update && apt-get dist-upgrade -y", ["packages | apt-get dist-upgrade | floating | now"]),
        ("DEBIAN_FRONTEND=noninteractive apt-get install foo", ["packages | apt-get install foo | floating | now"]),
        ("apk add --no-cache foo", ["packages | apk add foo | floating | now"]),
        ("apk --no-cache add -t .build foo", ["packages | apk add foo | floating | now"]),
        ("apk add foo=1.2-r0", ["packages | apk add foo=1.2-r0 | version | now"]),
        ("apk add 'foo~=1.2'", ["packages | apk add foo~=1.2 | range | now"]),
        ("dnf install -y foo", ["packages | dnf install foo | floating | now"]),
        ("yum -y --enablerepo extras install foo", ["packages | yum install foo | floating | now"]),
        ("microdnf install foo-1.2.3-4.el9", ["packages | microdnf install foo-1.2.3-4.el9 | version | now"]),
        ("zypper -n install foo", ["packages | zypper install foo | floating | now"]),
        ("pacman -Syu --noconfirm foo", ["packages | pacman -Syu foo | floating | now"]),
        ("brew install foo", ["packages | brew install foo | floating | now"]),
        ("brew install --cask foo", ["packages | brew install foo | floating | now"]),
        ("brew bundle", ["packages | brew bundle | floating | now"]),
        ("brew tap x/y", ["source | brew tap x/y | branch | import"]),
        ("choco install foo --version 1.2 -y", ["packages | choco install foo | version | now"]),
        ("choco install -y foo", ["packages | choco install foo | floating | now"]),
        ("winget install --id A.B -e --version 1.2", ["packages | winget install A.B | version | now"]),
        ("scoop install foo@1.2", ["packages | scoop install foo@1.2 | version | now"]),
        ("snap install foo --classic", ["packages | snap install foo | floating | now"]),
        ("snap install foo --revision 12", ["packages | snap install foo | version | now"]),
        ("apt-get install --brand-new value foo", ["packages | apt-get install foo | floating | now"]),
        ("echo foo | xargs apt-get install -y", ["packages | apt-get install | floating | now"]),
        ("cargo install foo", ["packages | cargo install foo | floating | now"]),
        ("cargo install foo@1.2.3 --locked", ["packages | cargo install foo@1.2.3 | version | now"]),
        ("cargo install --version 1.2.3 foo", ["packages | cargo install foo | version | now"]),
        ("cargo install --version ^1.2 foo", ["packages | cargo install foo | range | now"]),
        (f"cargo install --git https://files.example/x --rev {SHA}", ["packages | cargo install https://files.example/x | sha | now"]),
        ("cargo install --git https://files.example/x --tag v1", ["packages | cargo install https://files.example/x | tag | now"]),
        ("cargo install --git https://files.example/x", ["packages | cargo install https://files.example/x | branch | now"]),
        ("cargo install --path .", ["packages | cargo install | range | now"]),
        ("cargo install --path . --locked", ["packages | cargo install | lockfile | now"]),
        ("cargo binstall foo@1.2.3", ["packages | cargo binstall foo@1.2.3 | version | now"]),
        ("cargo +nightly build --release", ["packages | cargo build | lockfile | now"]),
        ("cargo test -- install foo", ["packages | cargo test | lockfile | now"]),
        ("cargo clippy --locked", ["packages | cargo clippy | lockfile | now"]),
        ("cargo fetch", ["packages | cargo fetch | lockfile | import"]),
        ("cargo update", ["packages | cargo update | range | import"]),
        ("rustup toolchain install nightly", ["tool | rustup toolchain install nightly | floating | import"]),
        ("rustup default 1.80.1", ["tool | rustup default 1.80.1 | version | import"]),
        ("go install a.example/b/cmd@latest", ["packages | go install a.example/b/cmd@latest | floating | import"]),
        ("go install a.example/b@v1.2.3", ["packages | go install a.example/b@v1.2.3 | version | import"]),
        ("go install a.example/b@main", ["packages | go install a.example/b@main | branch | import"]),
        (f"go install a.example/b@{SHA}", [f"packages | go install a.example/b@{SHA} | sha | import"]),
        ("go get a.example/b", ["packages | go get a.example/b | floating | import"]),
        ("go run a.example/b@v1.2.3 x.y/z", ["tool | go run a.example/b@v1.2.3 | version | now"]),
        ("go test -race ./...", ["packages | go test | lockfile | now"]),
        ("go build -o x ./cmd/x", ["packages | go build | lockfile | import"]),
        ("go run ./cmd/x", ["packages | go run | lockfile | now"]),
        ("go mod download", ["packages | go mod download | lockfile | import"]),
        ("gem install foo", ["packages | gem install foo | floating | now"]),
        ("gem install foo -v 1.2.3", ["packages | gem install foo | version | now"]),
        ("gem install foo:1.2.3 --no-document", ["packages | gem install foo:1.2.3 | version | now"]),
        ("gem install foo -v '~> 1.2'", ["packages | gem install foo | range | now"]),
        ("bundle install --jobs 4", ["packages | bundle install | lockfile | now"]),
        ("bundle", ["packages | bundle install | lockfile | now"]),
        ("bundle update foo", ["packages | bundle update foo | range | now"]),
        ("composer install", ["packages | composer install | lockfile | now"]),
        ("composer require foo/bar", ["packages | composer require foo/bar | floating | now"]),
        ("dotnet tool install -g foo --version 1.2", ["packages | dotnet tool install foo | version | now"]),
        ("dotnet restore", ["packages | dotnet restore | version | now"]),
        ("gh extension install x/y", ["packages | gh extension install x/y | floating | now"]),
        ("helm plugin install https://files.example/x --version 1.2", ["packages | helm plugin install https://files.example/x | version | now"]),
    ],
)  # fmt: skip
def test_systems_and_languages(text: str, expected: list[str]) -> None:
    assert short(codes(text, TREE)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "apt-get update", "apt-get remove foo", "apt-get clean", "apt-cache search foo", "apt-get -s install foo",
        "apk del foo", "apk info", "dnf clean all", "brew list", "brew update", "brew services start foo", "choco list",
        "snap list", "cargo fmt", "cargo --version", "cargo install --list", "cargo search x", "rustup show", "rustup component list",
        "go version", "go env", "go fmt ./...", "gem list", "gem build x.gemspec", "gem install ./x.gem", "bundle exec rake",
        "bundle config x y", "bundle --version", "composer validate", "dotnet --info", "dotnet build --no-restore", "pacman -Q",
        "pacman -Ss foo", "zypper search foo", "rpm -qa", "yum list installed", "winget list", "gh extension list", "helm version",
        "rustup toolchain list", "cargo publish --help",
    ],
)  # fmt: skip
def test_what_brings_nothing_in(text: str) -> None:
    assert short(codes(text, TREE)) == []


def test_builds_without_a_lock_or_a_manifest() -> None:
    assert short(codes("cargo build", {"Cargo.toml": ""})) == ["packages | cargo build | range | now"]
    assert short(codes("cargo build", {})) == []
    assert short(codes("go test ./...", {})) == []
    assert short(codes("bundle install", {"Gemfile": ""})) == ["packages | bundle install | range | now"]
    assert codes("cargo build", TREE)[0].note
    assert not codes("cargo build --locked", TREE)[0].note


@pytest.mark.parametrize(
    ("text", "pin", "contained"),
    [
        ("docker run alpine", "floating", True),
        ("docker run alpine:latest", "floating", True),
        ("docker run --rm -it alpine:3.20 sh", "tag", True),
        (f"docker run alpine@sha256:{SHA256}", "sha", True),
        (f"docker run registry.example:5000/x:1@sha256:{SHA256}", "sha", True),
        ("docker run registry.example:5000/x", "floating", True),
        ("docker run -v /var/run/docker.sock:/x alpine:3", "tag", False),
        ("docker run --volume=$PWD:/w alpine:3", "tag", False),
        ("docker run --mount type=bind,src=/,dst=/x alpine:3", "tag", False),
        ("docker run --privileged alpine:3", "tag", False),
        ("podman run alpine:3", "tag", True),
        ("docker container run alpine:3", "tag", True),
        ("docker run --brand-new=1 alpine:3", "tag", True),
        ("docker run $IMAGE", "floating", True),
        ("docker run x:${{ matrix.tag }}", "floating", True),
        ("sudo docker run --name x -p 80:80 --network n alpine:3", "tag", True),
    ],
)
def test_containers_that_run(text: str, pin: str, contained: bool) -> None:
    [code] = codes(text)
    assert (code.kind, code.pin, code.contained, code.runs) == ("image", pin, contained, "now")


def test_more_of_containers() -> None:
    assert short(codes("docker pull a/b:1")) == ["image | a/b | tag | import"]
    assert short(codes("docker build -t own . && docker run own")) == []
    assert (
        short(
            codes("docker ps; docker push x; docker login; docker exec x ls; docker images; docker --version")
        )
        == []
    )
    [code] = codes("docker run -e TOKEN -e A=1 --env-file x.env alpine:3")
    assert code.given == ("TOKEN", "A", "@x.env")
    image, inner = codes("docker run --rm -e TOKEN python:3 pip install foo")
    assert (image.contained, inner.contained, inner.given) == (True, True, ("TOKEN",))
    image, inner = codes("docker run --rm -v $PWD:/w python:3 bash -c 'pip install foo'")
    assert (image.contained, inner.contained) == (False, False)
    image, inner = codes("docker run --rm python:3 bash -c 'curl https://files.example/x | sh'")
    assert (inner.kind, inner.contained) == ("script", True)
    assert short(codes("apptainer exec docker://alpine:3 ls")) == ["image | alpine | tag | now"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hf download a/b", ["model | a/b | floating | import"]),
        (f"hf download a/b --revision {SHA} --local-dir x", ["model | a/b | sha | import"]),
        ("huggingface-cli download a/b --revision main", ["model | a/b | floating | import"]),
        ("huggingface-cli download a/b --revision v1.0", ["model | a/b | tag | import"]),
        ("vllm serve a/b --trust-remote-code", ["model | a/b | floating | now"]),
        ("ollama pull llama3:8b", ["model | llama3 | tag | import"]),
        ("python -m spacy download en_core_web_sm", ["model | en_core_web_sm | floating | import"]),
        ("llm install llm-x", ["packages | llm install llm-x | floating | now"]),
        ("python -c \"from transformers import AutoModel; AutoModel.from_pretrained('a/b')\"", ["model | a/b | floating | now"]),
        (f"python3 -c \"m.from_pretrained('a/b', revision='{SHA}')\"", ["model | a/b | sha | now"]),
        ("python - <<EOF\nfrom huggingface_hub import snapshot_download\nsnapshot_download(repo_id='a/b')\nEOF", ["model | a/b | floating | now"]),
        ("python <<EOF\n  import torch\n  torch.load('x.pt')\nEOF", ["model | torch.load(x.pt) | floating | now"]),
        ("uv run --no-project python -c \"torch.hub.load('a/b:main', 'm')\"", ["model | a/b | branch | now"]),
        ("python -c \"exec(urlopen('https://files.example/x.py').read())\"", ["script | https://files.example/x.py | none | now"]),
    ],
)  # fmt: skip
def test_models(text: str, expected: list[str]) -> None:
    assert short(codes(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "hf upload a/b x", "hf auth login", "huggingface-cli whoami", "ollama list", "llm 'a prompt'", "vllm --version",
        "python -c \"torch.load('x', weights_only=True)\"", "python -c 'print(1)'", "python -c 'this is no python ((('",
        "python -c \"m.from_pretrained('./local')\"", "python x.py <<EOF\ntorch.load('x')\nEOF", "python -m spacy validate",
        "python -c '" + "(" * 5000 + "'", "vllm serve ./local",
    ],
    ids=range(14),
)  # fmt: skip
def test_what_loads_no_model(text: str) -> None:
    assert short(codes(text)) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("claude -p 'do it'", "claude -p"), ("claude --print < prompt.md", "claude --print"), ("cat x | claude -p", "claude -p"),
        ("codex exec --full-auto 'do it'", "codex exec"), ("gemini -p 'do it'", "gemini -p"), ("gemini --prompt=x", "gemini --prompt"),
        ("aider --message 'do it' --yes", "aider --message"), ("cursor-agent -p 'do it'", "cursor-agent -p"),
        ("copilot -p 'do it' --allow-all-tools", "copilot -p"), ("opencode run 'do it'", "opencode run"),
        ("goose run -i x", "goose run"), ("claude 'do it'", "claude"), ("timeout 600 claude -p x", "claude -p"),
    ],
)  # fmt: skip
def test_agents(text: str, name: str) -> None:
    [code] = codes(text)
    assert (code.kind, code.name, code.pin, code.runs) == ("agent", name, "none", "now")


@pytest.mark.parametrize(
    "text",
    [
        "claude --version", "claude mcp list", "claude update", "codex login", "gemini --help", "opencode auth login", "copilot --version",
        "aider --version", "echo claude -p x", "goose configure", "claude config set x y", "codex mcp add x",
    ],
)  # fmt: skip
def test_agents_that_do_nothing(text: str) -> None:
    assert short(codes(text)) == []


def test_what_is_said_of_an_agent() -> None:
    [code] = codes('claude -p "fix ${{ github.event.issue.title }} $BODY" --dangerously-skip-permissions')
    assert "github.event.issue.title" in code.note
    assert "$BODY" in code.note
    assert "--dangerously-skip-permissions" in code.note
    tool, agent = codes("npx -y @anthropic-ai/claude-code@1.2.3 -p 'do it'")
    assert (tool.kind, tool.pin, agent.kind, agent.name) == ("tool", "version", "agent", "claude -p")
    [code] = codes("claude -p 'do it'")
    assert code.note == ""


def test_powershell_lines_count_too() -> None:
    found = codes("if ($x) { pip install foo }\nchoco install bar -y\nnpm ci\n", dialect="pwsh")
    assert [code.ecosystem for code in found] == ["PyPI", "", "npm"]
    assert [code.line for code in found] == [10, 11, 12]


def test_a_function_of_the_script_is_not_the_program_of_its_name() -> None:
    tree = {"pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n'}
    assert codes("gem() {\n  echo $1\n}\ngem install foo\n") == ()
    assert codes("build test", tree) == ()
    assert [one.packages for one in codes("python3 -m build .", tree)] == [("hatchling",)]
    wrapper = 'npm() {\n  command npm --no-fund "$@"\n}\nnpm install foo\n'
    assert [one.packages for one in codes(wrapper)] == [("foo",)]


def test_a_variable_that_holds_options_is_no_image() -> None:
    assert short(codes("docker run --rm ${MORE_ARGS} -v $PWD:/x node:20 sh")) == ["image | node | tag | now"]
