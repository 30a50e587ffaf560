"""Which of the tree's own tasks a script starts, and what its commands leave behind."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.reach.scripts import SHA256, calls, codes, effects

from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.reach.call import Call
from seawall.kernel.reach.commands import At, calls_of, codes_of, effects_of
from seawall.kernel.reach.ground import Ground
from seawall.readers.syntax.shell import parse_script


def short(found: tuple[Call, ...]) -> list[str]:
    return [
        f"{call.kind} {call.name}".strip()
        + (f" in {call.directory}" if call.directory != "." else "")
        + (f" by {call.file}" if call.file else "")
        + (f" of {call.workspace}" if call.workspace else "")
        for call in found
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("make", ["make"]),
        ("make test lint", ["make test", "make lint"]),
        ("make -j4 test", ["make test"]),
        ("make -j 4 test", ["make test"]),
        ("make -C sub/dir -f build.mk V=1 all", ["make all in sub/dir by build.mk"]),
        ("cd sub && make", ["make in sub"]),
        ("sudo -E make install", ["make install"]),
        ("just build test", ["just build", "just test"]),
        ("just deploy v1.2 --force", ["just deploy"]),
        ("just -f ci.just build", ["just build by ci.just"]),
        ("nox", ["nox"]),
        ("nox -s lint tests-3.12 -- -x", ["nox lint", "nox tests-3.12"]),
        ("python -m nox --session=lint", ["nox lint"]),
        ("uvx nox -s lint", ["nox lint"]),
        ("nox -f x.py -s a", ["nox a by x.py"]),
        ("tox", ["tox"]),
        ("tox -e py311,lint -- -x", ["tox py311", "tox lint"]),
        ("tox run -e lint -c ci/tox.ini", ["tox lint by ci/tox.ini"]),
        ("uv run tox -e lint", ["tox lint"]),
        ("npm test", ["npm test"]),
        ("npm run build -- --x", ["npm build"]),
        ("npm run-script build -w packages/a", ["npm build of packages/a"]),
        ("npm run build --workspaces", ["npm build of *"]),
        ("npm --prefix sub run build", ["npm build in sub"]),
        ("npm ci", ["npm install"]),
        ("npm ci --ignore-scripts", []),
        ("npm install foo", []),
        ("npm publish", ["npm publish"]),
        ("npm install-test", ["npm install", "npm test"]),
        ("pnpm build", ["npm build"]),
        ("pnpm run build", ["npm build"]),
        ("pnpm -r run build", ["npm build of *"]),
        ("pnpm --filter web test", ["npm test of web"]),
        ("pnpm install", ["npm install"]),
        ("pnpm --dir sub build", ["npm build in sub"]),
        ("yarn", ["npm install"]),
        ("yarn build", ["npm build"]),
        ("yarn run build", ["npm build"]),
        ("yarn workspace web build", ["npm build of web"]),
        ("yarn workspaces foreach -A run build", ["npm build of *"]),
        ("bun run build", ["npm build"]),
        ("bun run --shell bun build", ["npm build"]),
        ("bun install", ["npm install"]),
        ("turbo run build lint", ["npm build of *", "npm lint of *"]),
        ("npx turbo run build", ["npm build of *"]),
        ("node --run build", ["npm build"]),
        ("./build.sh", ["sh by ./build.sh"]),
        ("bash ci/build.sh x", ["sh by ci/build.sh"]),
        ("bash -eu -o pipefail ci/build.sh", ["sh by ci/build.sh"]),
        ("ci/build", ["sh by ci/build"]),
        ("source ci/env.sh", ["sh by ci/env.sh"]),
        (". ./env", ["sh by ./env"]),
        ("sudo ./build.sh", ["sh by ./build.sh"]),
        ('bash "$GITHUB_WORKSPACE/ci/x.sh"', ["sh by ci/x.sh"]),
        ("cd a; ${{ github.workspace }}/ci/x.sh", ["sh by ci/x.sh"]),
        ("cd a; ../ci/x.sh", ["sh in a by ../ci/x.sh"]),
        ("cd $X; ./x.sh", ["sh in ? by ./x.sh"]),
        ("python ci/x.py a", ["python by ci/x.py"]),
        ("uv run python ci/x.py", ["python by ci/x.py"]),
        ("uv run --script ci/x.py", ["python by ci/x.py"]),
        ("./ci/x.py", ["python by ./ci/x.py"]),
        ("docker build .", ["docker-build"]),
        ("docker build -t x -f docker/Dockerfile --target y --build-arg A=b .", ["docker-build y by docker/Dockerfile"]),
        ("docker buildx build --push sub", ["docker-build in sub"]),
        ("docker build - < Dockerfile", ["docker-build by Dockerfile"]),
        ("docker compose up -d db web", ["compose db", "compose web"]),
        ("docker compose -f a.yml -f b.yml up", ["compose by a.yml", "compose by b.yml"]),
        ("docker-compose run --rm test pytest", ["compose test"]),
        ("pre-commit run --all-files", ["pre-commit"]),
        ("pre-commit run ruff", ["pre-commit ruff"]),
        ("uvx pre-commit run -c x.yaml", ["pre-commit by x.yaml"]),
        ("prek run", ["pre-commit"]),
        ("pre-commit install --install-hooks", ["pre-commit"]),
        ("bash -c 'make test'", ["make test"]),
        ("xvfb-run -a npm test", ["npm test"]),
    ],
)  # fmt: skip
def test_calls(text: str, expected: list[str]) -> None:
    assert short(calls(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "make --version", "make -n test", "just --list", "nox --list", "tox -l", "tox list", "npm --version", "npm run --help",
        "pnpm store prune", "yarn cache clean", "yarn --version", "yarn add x", "bun test", "bun x.ts", "python -c 'x'", "python -m x",
        "bash -c 'true'", "/usr/bin/foo", "/tmp/x.sh", "source .venv/bin/activate", "bash <(curl x)", "docker build https://x.example/y.git",
        "docker run x", "docker compose ps", "pre-commit --version", "pre-commit install", "pre-commit autoupdate", "echo make", "curl -o x.sh u; sh x.sh",
        "git clone https://x.example/y && cd y && make", "docker run --rm x make", "pip install ./x", "ls ./x.sh", "./node_modules/.bin/x",
        "bash", "sudo", "curl https://x.example/a/b.sh | bash",
    ],
)  # fmt: skip
def test_no_calls(text: str) -> None:
    assert short(calls(text)) == []


def test_a_call_says_where_and_when() -> None:
    [call] = calls("set -e\nif x; then\n  make test\nfi")
    assert (call.line, call.condition) == (3, "if x")
    [call] = calls("make", cwd="sub")
    assert call.directory == "sub"


# Effects


def told(text: str, dialect: str = "sh") -> list[str]:
    return [f"{effect.kind} {effect.detail}".strip() for effect in effects(text, dialect)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('echo "A=$B" >> $GITHUB_ENV', ["github-env A"]),
        ('echo "A=b" >> "${GITHUB_ENV}"', ["github-env A"]),
        ('echo "A=$B" | tee -a "$GITHUB_ENV"', ["github-env A"]),
        ('cat <<E >> $GITHUB_ENV\nA=$B\nC=d\nE', ["github-env A", "github-env C"]),
        ('echo "A<<EOF" >> $GITHUB_ENV', ["github-env A"]),
        ("env | grep X >> $GITHUB_ENV", ["github-env"]),
        ('echo "$HOME/.x/bin" >> $GITHUB_PATH', ["github-path"]),
        ('echo "a=$B" >> $GITHUB_OUTPUT', ["github-output a"]),
        ('echo "::set-output name=a::$B"', ["github-output a"]),
        ('echo "::set-env name=A::$B"', ["github-env A"]),
        ('echo "$KEY" > key.pem', ["secret-file key.pem"]),
        ('printf "%s" "${{ secrets.KEY }}" > key.pem', ["secret-file key.pem"]),
        ('echo "$KEY" | base64 -d > key.p12', ["decode key.p12"]),
        ('echo "$KEY" | base64 --decode > key.p12', ["decode key.p12"]),
        ('base64 -D <<< "$KEY" > key.p12', ["decode key.p12"]),
        ('echo "$KEY" | openssl base64 -d -out key.p12', ["decode key.p12"]),
        ("gpg --batch -d --passphrase=$P -o x.key x.gpg", ["decode x.key"]),
        ('security import c.p12 -k build.keychain -P "$PW"', ["keychain-import build.keychain"]),
        ("xcrun notarytool store-credentials x --password $P", ["keychain-import notarytool"]),
        ('echo "$K" | gpg --batch --import', ["gpg-import gpg keyring"]),
        ('ssh-add - <<< "$K"', ["ssh-add -"]),
        ("ssh-add key", ["ssh-add key"]),
        ('echo "$T" | docker login ghcr.example -u me --password-stdin', ["docker-login ghcr.example"]),
        ("docker login -u me -p $T", ["docker-login"]),
        ("podman login registry.example", ["docker-login registry.example"]),
        ("helm registry login ghcr.example -u x -p $P", ["docker-login ghcr.example"]),
        ("gcloud auth configure-docker", ["docker-login gcr"]),
        ('echo "//registry.example/:_authToken=$T" > ~/.npmrc', ["npmrc ~/.npmrc"]),
        ("npm config set //registry.example/:_authToken $T", ["npmrc .npmrc"]),
        ("yarn config set npmAuthToken $T", ["npmrc .yarnrc.yml"]),
        ("cat > ~/.pypirc <<E\npassword = $T\nE", ["registry-login ~/.pypirc"]),
        ("cargo login $T", ["registry-login crates.io"]),
        ("hf auth login --token $T", ["registry-login huggingface"]),
        ("poetry config pypi-token.pypi $T", ["registry-login pypi"]),
        ('git config --global url."https://x:$T@h.example".insteadOf "https://h.example"', ["registry-login git"]),
        ("git remote set-url origin https://x:$T@h.example/a", ["registry-login git"]),
        ("gh auth login --with-token < x", ["registry-login github"]),
        ("az login --service-principal -p $P", ["cloud-login azure"]),
        ("aws configure set aws_secret_access_key $K", ["cloud-login aws"]),
        ("gcloud auth activate-service-account --key-file x", ["cloud-login gcp"]),
        ("codesign --sign $ID --timestamp x.app", ["sign codesign"]),
        ("signtool sign /f x.pfx /p $P x.exe", ["sign signtool"]),
        ("xcrun notarytool submit x.zip --password $P", ["sign notarytool"]),
        ("gpg --batch --detach-sign x", ["sign gpg"]),
        ("cosign sign-blob --yes x", ["sign cosign"]),
        ("git tag -s v1", ["sign git"]),
        ("npm publish --provenance", ["publish npm"]),
        ("pnpm -r publish", ["publish npm"]),
        ("yarn npm publish", ["publish npm"]),
        ("npx changeset publish", ["publish npm"]),
        ("pnpm changeset publish", ["publish npm"]),
        ("pnpm --filter foo publish", ["publish npm"]),
        ("npm --prefix foo publish", ["publish npm"]),
        ("yarn workspaces foreach -A npm publish", ["publish npm"]),
        ("npx napi prepublish -t npm", ["publish npm"]),
        ("npx electron-builder --mac --publish always", ["publish github-release"]),
        ("npx electron-builder --mac --publish never", []),
        ("cargo +stable publish", ["publish crates.io"]),
        ("gh -R a/b release create v1", ["publish github-release"]),
        ("scp -r dist me@files.example:/srv", ["publish deploy"]),
        ("scp me@files.example:/srv/x .", []),
        ("rsync -a out out2", []),
        ("minisign -Sm x", ["sign minisign"]),
        ("minisign -Vm x", []),
        ("python -m twine upload dist/*", ["publish pypi"]),
        ("uv publish", ["publish pypi"]),
        ("cargo publish --token $T", ["publish crates.io"]),
        ("gem push x.gem", ["publish rubygems"]),
        ("docker push a/b", ["publish image"]),
        ("docker buildx build --push -t a .", ["publish image"]),
        ("docker build --output type=registry .", ["publish image"]),
        ("gh release create v1 dist/*", ["publish github-release"]),
        ("aws s3 cp x s3://b/x", ["publish storage"]),
        ("aws s3 sync --delete out s3://b", ["publish storage"]),
        ("rclone copy x remote:y", ["publish storage"]),
        ("git push origin main", ["publish git"]),
        ("./gradlew publishToMavenCentral", ["publish maven"]),
        ("mvn -B deploy", ["publish maven"]),
        ("vsce publish -p $T", ["publish vscode"]),
        ("terraform apply -auto-approve", ["publish deploy"]),
        ("set -x", ["trace set -x"]),
        ("bash -x y.sh", ["trace set -x"]),
        ("sudo docker push a/b", ["publish image"]),
    ],
)  # fmt: skip
def test_effects(text: str, expected: list[str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "echo a > b", "echo $A", "cat x >> y", "echo $A > /dev/null", "echo x >> $GITHUB_STEP_SUMMARY", "docker logout", "docker ps",
        "security list-keychains", "security unlock-keychain -p $P x", "ssh-add -l", "gpg --list-keys", "npm config set fund false",
        "npm config get x", "git config user.name x", "git remote add x https://h.example", "codesign -dv x.app", "codesign --verify x",
        "gpg --verify x.asc", "cosign verify x", "git tag v1", "npm publish --dry-run", "cargo publish --dry-run", "twine check dist/*",
        "docker build .", "docker buildx build --load .", "gh release download v1", "gh release list", "aws s3 cp s3://b/x x", "aws s3 ls",
        "git push --dry-run", "git pull", "terraform plan", "set +x", "mvn -B verify", "gradle build", "base64 -d x", "echo $X | jq . > y.json",
        "az account show", "gcloud config list", "goreleaser check", "uv build",
    ],
)  # fmt: skip
def test_no_effects(text: str) -> None:
    assert told(text) == []


def test_variables_and_expressions_of_an_effect() -> None:
    [effect] = effects('echo "$CERT" | base64 -d > x.p12')
    assert (effect.variables, effect.line) == (("CERT",), 1)
    [effect] = effects('a\necho "A=${{ secrets.X }}" >> $GITHUB_ENV')
    assert (effect.variables, effect.expressions, effect.line) == ((), ("secrets.X",), 2)
    [effect] = effects('echo "A=$(echo $B | tr a b)" >> $GITHUB_ENV')
    assert effect.variables == ("B",)
    [effect] = effects("cat <<E > ~/.netrc\nlogin ${USER_NAME} password $TOKEN\nE")
    assert effect.variables == ("USER_NAME", "TOKEN")
    [effect] = effects("cat <<'E' >> $GITHUB_ENV\nA=$B\nE")
    assert effect.variables == ()


def test_powershell_writes_too() -> None:
    assert told('echo "A=$env:B" >> $env:GITHUB_ENV', "pwsh") == ["github-env A"]
    assert told('echo "A=b" | Out-File -FilePath $env:GITHUB_PATH -Append', "pwsh") == ["github-path A"]


_WORDS = st.sampled_from(
    ["\n", "\n\n", '"', "'", "\x00", "é", *["pip", "install", "npm", "ci", "npx", "docker", "run", "-v", "x:y", "-e", "A=b", "build", "-t", ".", "curl", "-o", "x", "https://h.example/x", "|", "bash", "-c", "--", "sudo", "env", "A=1", "timeout", "5", "uv", "sync", "uvx", "pipx", "poetry", "conda", "create", "-n", "yarn", "add", "pnpm", "dlx", "bun", "x", "cargo", "--git", "go", "get", "apt-get", "-y", "apk", "brew", "git", "clone", "cd", "..", "make", "-C", "nox", "-s", "tox", "-e", "python", "-m", "-", "<<E", "E", "hf", "download", "claude", "-p", "$A", "${{", "secrets.X", "}}", "''", '"$(curl', 'x)"', "<(curl", "y)", "&&", "||", ";", ">", ">>", "$GITHUB_ENV", "sha256sum", "chmod", "+x", "./x", "security", "import", "gpg", "xargs", "find", "-exec", "{}", ";", "corepack", "prepare", "deno", "gem", "bundle", "exec", "just", "pre-commit", "compose", "-f", "--x", "--x=y", "=", "==", "@", "a@b", "a==b", "\\", "*", "(", ")", "{", "}", "iex"]]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_WORDS, max_size=40).map(" ".join),
    st.sampled_from(["sh", "pwsh", "cmd"]),
    st.sampled_from([".", "?", "a/b"]),
)
def test_they_never_raise_and_lines_stay_inside(text: str, dialect: str, cwd: str) -> None:
    script = parse_script(text, DEFAULT_LIMITS, dialect)
    last = text.count("\n") + 1
    for code in codes_of(
        script, cwd, Ground(files=frozenset(("package-lock.json", "uv.lock"))), At("w.yml", 7, 2)
    ):
        assert 7 <= code.line <= 6 + last
        assert code.name
        assert code.step == 2
    for call in calls_of(script, cwd):
        assert 1 <= call.line <= last
    for effect in effects_of(script):
        assert 1 <= effect.line <= last


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_at_all(text: str) -> None:
    script = parse_script(text, DEFAULT_LIMITS)
    codes_of(script, ".", Ground(), At("w.yml", 1))
    calls_of(script, ".")
    effects_of(script)


def test_ten_times_the_script_takes_about_ten_times_as_long() -> None:
    part = (
        f"pip install foo\ncurl -o a https://files.example/a\necho {SHA256} a | sha256sum -c\nsh a\nnpm ci\nmake x\n"
        'echo "A=$B" >> $GITHUB_ENV\ndocker run x y\ngit clone https://files.example/r\n'
    )

    def seconds(count: int) -> float:
        script = parse_script(part * count, DEFAULT_LIMITS)
        best = 1e9
        for _ in range(3):
            started = time.perf_counter()
            codes_of(script, ".", Ground(), At("w.yml", 1))
            calls_of(script, ".")
            effects_of(script)
            best = min(best, time.perf_counter() - started)
        return best

    assert seconds(400) < 25 * seconds(40)


def test_no_credential_is_shown() -> None:
    text = (
        "pip install git+https://me:hunter2@files.example/x\ncurl https://me:hunter2@files.example/x | sh\n"
        "npm i https://me:hunter2@files.example/x.tgz\ngit clone https://me:hunter2@files.example/r && r/x\n"
        "pip install -i https://me:hunter2@files.example/simple foo\ndocker login -p hunter2\n"
        "cargo install --git https://me:hunter2@files.example/x\ngo install files.example/x@v1.0.0\n"
    )
    assert len(codes(text)) == 7
    assert "hunter2" not in repr(codes(text))
