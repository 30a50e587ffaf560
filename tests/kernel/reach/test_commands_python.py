"""pip, uv, pipx, poetry, pdm, hatch, pipenv, conda and pixi: what comes in, how firmly, and when it runs."""

from __future__ import annotations

import pytest
from tests.kernel.reach.scripts import SHA, SHA256, codes, short

PROJECT = (
    '[project]\nname = "own"\nversion = "1"\ndependencies = ["a>=1,<2"]\n'
    '[project.optional-dependencies]\nall = ["z"]\n[dependency-groups]\ntests = ["t>=1,<2"]\n'
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
)
TREE = {
    "pyproject.toml": PROJECT,
    "requirements.txt": "a==1.0\nb==2.0\n",
    "requirements-ranges.txt": "a>=1,<2\n",
    "requirements-open.txt": "a\nb==1\n",
    "requirements-hashed.txt": f"a==1.0 --hash=sha256:{SHA256}\n",
    "requirements-more.txt": "-r requirements-ranges.txt\nb==1\n",
    "requirements-git.txt": f"x @ git+https://files.example/x@{SHA}\n",
    "constraints.txt": "a==1.0\nb==2.0\n",
}
UV = {**TREE, "uv.lock": 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # pip: names
        ("pip install foo", ["packages | pip install foo | floating | now"]),
        ("pip install foo==1.2", ["packages | pip install foo==1.2 | version | now"]),
        ("pip install foo===1.2", ["packages | pip install foo===1.2 | version | now"]),
        ("pip install 'foo>=1,<2'", ["packages | pip install foo>=1,<2 | range | now"]),
        ("pip install 'foo~=1.2'", ["packages | pip install foo~=1.2 | range | now"]),
        ("pip install foo==1.*", ["packages | pip install foo==1.* | range | now"]),
        ("pip install 'foo>=1'", ["packages | pip install foo>=1 | floating | now"]),
        ("pip install foo==1 bar", ["packages | pip install foo==1 bar | floating | now"]),
        ("pip install foo[x]==1", ["packages | pip install foo[x]==1 | version | now"]),
        ("pip3 install foo", ["packages | pip install foo | floating | now"]),
        ("pip3.11 install foo", ["packages | pip install foo | floating | now"]),
        ("python -m pip install foo", ["packages | pip install foo | floating | now"]),
        ("python3.12 -I -m pip install foo", ["packages | pip install foo | floating | now"]),
        ("py -3.11 -m pip install foo", ["packages | pip install foo | floating | now"]),
        (".venv/bin/pip install foo", ["packages | pip install foo | floating | now"]),
        ("$PYTHON -m pip install foo", ["packages | pip install foo | floating | now"]),
        ("pip --quiet install foo", ["packages | pip install foo | floating | now"]),
        ("pip install -U pip", ["packages | pip install pip | floating | now"]),
        ("pip download foo==1", ["packages | pip download foo==1 | version | now"]),
        ("pip wheel foo", ["packages | pip wheel foo | floating | now"]),
        ("pip install foo --only-binary :all:", ["packages | pip install foo | floating | import"]),
        ("pip install foo --only-binary=:all:", ["packages | pip install foo | floating | import"]),
        ("pip install foo --only-binary bar", ["packages | pip install foo | floating | now"]),
        ("pip install --target out foo", ["packages | pip install foo | floating | now"]),
        ("pip install -i https://files.example/simple foo", ["packages | pip install foo | floating | now"]),
        ("pip install --progress-bar off foo", ["packages | pip install foo | floating | now"]),
        # pip: addresses
        (f"pip install git+https://u:p@files.example/x@{SHA}", [f"packages | pip install git+https://files.example/x@{SHA} | sha | now"]),
        ("pip install git+https://files.example/x@v1.2", ["packages | pip install git+https://files.example/x@v1.2 | tag | now"]),
        ("pip install git+https://files.example/x@main", ["packages | pip install git+https://files.example/x@main | branch | now"]),
        ("pip install git+https://files.example/x", ["packages | pip install git+https://files.example/x | branch | now"]),
        ("pip install 'x @ git+https://files.example/x@main'", ["packages | pip install x @ git+https://files.example/x@main | branch | now"]),
        ("pip install https://files.example/x.whl", ["packages | pip install https://files.example/x.whl | none | now"]),
        (f"pip install https://files.example/x.whl#sha256={SHA256}", ["packages | pip install https://files.example/x.whl | hash | now"]),
        ("pip install -e git+https://files.example/x#egg=x", ["packages | pip install -e git+https://files.example/x | branch | now"]),
        # pip: files
        ("pip install -r requirements.txt", ["packages | pip install -r requirements.txt | version | now"]),
        ("pip install -rrequirements.txt", ["packages | pip install -r requirements.txt | version | now"]),
        ("pip install --requirement=requirements.txt", ["packages | pip install -r requirements.txt | version | now"]),
        ("pip install -r requirements-ranges.txt", ["packages | pip install -r requirements-ranges.txt | range | now"]),
        ("pip install -r requirements-open.txt", ["packages | pip install -r requirements-open.txt | floating | now"]),
        ("pip install -r requirements-more.txt", ["packages | pip install -r requirements-more.txt | range | now"]),
        ("pip install -r requirements-hashed.txt", ["packages | pip install -r requirements-hashed.txt | hash | now"]),
        ("pip install -r requirements-git.txt", ["packages | pip install -r requirements-git.txt | sha | now"]),
        ("pip install -r requirements.txt foo", ["packages | pip install -r requirements.txt foo | floating | now"]),
        ("pip install -r not-there.txt", ["packages | pip install -r not-there.txt | floating | now"]),
        ("pip install -r https://files.example/r.txt", ["packages | pip install -r https://files.example/r.txt | none | now"]),
        ("pip install --require-hashes -r not-there.txt", ["packages | pip install -r not-there.txt | hash | now"]),
        ("pip install --require-hashes --only-binary :all: -r requirements-hashed.txt", ["packages | pip install -r requirements-hashed.txt | hash | import"]),
        ("env PIP_REQUIRE_HASHES=1 pip install -r x.txt", ["packages | pip install -r x.txt | hash | now"]),
        ("export PIP_ONLY_BINARY=:all:\npip install foo", ["packages | pip install foo | floating | import"]),
        ("pip install -c constraints.txt a b", ["packages | pip install a b | version | now"]),
        ("pip install -c constraints.txt a c", ["packages | pip install a c | floating | now"]),
        ("PIP_CONSTRAINT=constraints.txt pip install a", ["packages | pip install a | version | now"]),
        ("pip install -r /tmp/requirements.txt", ["packages | pip install -r /tmp/requirements.txt | version | now"]),
        # pip: the tree itself
        ("pip install .", ["packages | pip install . | range | now"]),
        ("pip install -e .", ["packages | pip install . | range | now"]),
        ("pip install -e '.[all]'", ["packages | pip install .[all] | floating | now"]),
        ("pip install ./other", ["packages | pip install ./other | floating | now"]),
        ("pip install -e . --no-deps", ["packages | pip install . (build requirements) | floating | build"]),
        ("pip install --group tests", ["packages | pip install --group tests | range | now"]),
        ("pip install dist/own-1-py3-none-any.whl", ["packages | pip install dist/own-1-py3-none-any.whl | floating | now"]),
        # pip: what is not known
        ("pip install --brand-new-option value foo", ["packages | pip install foo | floating | now"]),
        ("pip install --brand-new-option foo", ["packages | pip install … | floating | now"]),
        ("pip install ${{ matrix.package }}", ["packages | pip install ${{ matrix.package }} | floating | now"]),
        ("pip install foo==${{ matrix.version }}", ["packages | pip install foo==${{ matrix.version }} | version | now"]),
        ("pip install $PACKAGE", ["packages | pip install $PACKAGE | floating | now"]),
        ("pip install $PIP_ARGS foo==1", ["packages | pip install foo==1 | version | now"]),
        ("cat x | xargs pip install", ["packages | pip install … | floating | now"]),
        # wrappers
        ("sudo -E -H pip install foo", ["packages | pip install foo | floating | now"]),
        ("time nohup timeout -k 5 60 nice -n 5 pip install foo", ["packages | pip install foo | floating | now"]),
        ("command pip install foo", ["packages | pip install foo | floating | now"]),
        ("exec pip install foo", ["packages | pip install foo | floating | now"]),
        ("poetry run pip install foo", ["packages | pip install foo | floating | now"]),
        ("conda run -n x pip install foo", ["packages | pip install foo | floating | now"]),
        ("find . -name x -exec pip install {} \\;", ["packages | pip install {} | floating | now"]),
        ("retry pip install foo", ["packages | pip install foo | floating | now"]),
    ],
)  # fmt: skip
def test_pip(text: str, expected: list[str]) -> None:
    assert short(codes(text, TREE)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "pip list", "pip freeze", "pip uninstall -y foo", "pip --version", "pip install --help", "pip cache purge",
        "pip install --dry-run foo", "pip check", "pip show foo", "pip config list", "pip install",
        "pip install -e . --no-deps --no-build-isolation", "echo pip install foo", "which pip", "command -v pip",
        "# pip install foo", "pip hash x", "pip install --upgrade", "git commit -m 'pip install foo'",
        "uv pip list", "uv pip compile requirements.in", "uv venv", "uv --version", "uv cache prune", "uv export",
        "uv run --help", "uv run --no-sync pytest", "uv run --no-project pytest", "uv publish", "uvx --version",
        "uv tool list", "uv tree", "uv run --no-sync python -c 'print(1)'", "uv build --no-build-isolation",
        "pipx list", "pipx run --help", "poetry run pytest", "poetry check", "poetry install --dry-run",
        "poetry publish", "poetry config x y", "pdm run x", "pdm list", "pipenv run x", "pipenv graph", "hatch version",
        "hatch publish", "hatch run --help", "conda activate x", "conda info", "conda list", "conda config --add channels x",
        "conda env list", "conda install --dry-run x", "conda create -n x", "pixi info", "pixi list", "python -m pytest",
        "python -m build --no-isolation", "python x.py install", "twine upload dist/*", "rye fmt", "conda env remove -n x",
    ],
)  # fmt: skip
def test_what_brings_nothing_in(text: str) -> None:
    assert short(codes(text, {"pyproject.toml": PROJECT})) == []


def test_what_is_said_beside() -> None:
    [code] = codes("pip install --require-hashes -r requirements-hashed.txt", TREE)
    assert code.manifests == ("requirements-hashed.txt",)
    assert "build dependencies" in code.note
    [code] = codes("pip install foo==1.2", TREE)
    assert (code.ref, code.packages, code.ecosystem, code.line) == ("1.2", ("foo",), "PyPI", 10)
    assert code.note == "its dependencies are not fixed"
    [code] = codes("pip install -e .", TREE)
    assert "hatchling builds it" in code.note
    [code] = codes("pip install -r requirements-more.txt", TREE)
    assert code.manifests == ("requirements-more.txt", "requirements-ranges.txt")
    [code] = codes("set -e\nif x; then\n  pip install foo\nfi")
    assert (code.line, code.condition, code.step, code.path) == (12, "if x", 0, "w.yml")


def test_the_directory_decides_which_file_is_meant() -> None:
    tree = {"requirements.txt": "a==1\n", "sub/requirements.txt": "a\n"}
    assert codes("pip install -r requirements.txt", tree)[0].pin == "version"
    assert codes("cd sub\npip install -r requirements.txt", tree)[0].pin == "floating"
    assert codes("(cd sub); pip install -r requirements.txt", tree)[0].pin == "version"
    assert codes("pip install -r requirements.txt", tree, cwd="sub")[0].pin == "floating"
    assert codes("cd sub; pip install -r $GITHUB_WORKSPACE/requirements.txt", tree)[0].pin == "version"
    [code] = codes("cd $X; pip install -r requirements.txt", tree)
    assert (code.pin, code.manifests) == ("floating", ())
    [code] = codes("cd ../..; pip install -r requirements.txt", tree)
    assert (code.pin, code.manifests) == ("floating", ())


def test_variables_of_the_step_count() -> None:
    env = (("PACKAGE", "foo==1"), ("OTHER", "${{ secrets.X }}"), ("PIP_REQUIRE_HASHES", "true"))
    assert codes("pip install $PACKAGE", env=env)[0].name == "pip install foo==1"
    assert codes("pip install $OTHER", env=env)[0].name == "pip install $OTHER"
    assert codes("pip install -r x.txt", env=env)[0].pin == "hash"
    assert codes("PIP_REQUIRE_HASHES=0 pip install -r x.txt", env=env)[0].pin == "floating"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uv pip install foo", ["packages | uv pip install foo | floating | now"]),
        ("uv pip install --system -r requirements.txt", ["packages | uv pip install -r requirements.txt | version | now"]),
        ("uv pip install --python 3.12 foo==1", ["packages | uv pip install foo==1 | version | now"]),
        ("uv pip install --no-build foo", ["packages | uv pip install foo | floating | import"]),
        ("uv pip sync requirements-hashed.txt", ["packages | uv pip sync -r requirements-hashed.txt | hash | now"]),
        ("uv pip install -r pyproject.toml", ["packages | uv pip install -r pyproject.toml | range | now"]),
        ("uv sync", ["packages | uv sync | lockfile | now"]),
        ("uv sync --locked --all-extras --group tests", ["packages | uv sync | lockfile | now"]),
        ("uv sync --frozen --no-build", ["packages | uv sync | lockfile | import"]),
        ("uv sync --upgrade", ["packages | uv sync | floating | now"]),
        ("UV_NO_BUILD=1 uv sync", ["packages | uv sync | lockfile | import"]),
        ("uv run pytest -x", ["packages | uv run | lockfile | now"]),
        ("uv run --frozen --python 3.12 pytest", ["packages | uv run | lockfile | now"]),
        ("uv run -m pytest", ["packages | uv run | lockfile | now"]),
        ("uv run --no-project --with foo==1 x", ["packages | uv run --with foo==1 | version | now"]),
        ("uv run --with foo pytest", ["packages | uv run --with foo | floating | now", "packages | uv run | lockfile | now"]),
        ("uv run --script x.py", ["packages | uv run x.py | floating | now"]),
        ("uv add foo", ["packages | uv add foo | floating | now"]),
        ("uv build", ["packages | uv build (build requirements) | floating | build"]),
        ("uvx ruff check", ["tool | uvx ruff | floating | now"]),
        ("uvx ruff@0.14.1 check", ["tool | uvx ruff@0.14.1 | version | now"]),
        ("uvx ruff@latest", ["tool | uvx ruff@latest | floating | now"]),
        ("uvx --from 'foo==1' bar", ["tool | uvx foo==1 | version | now"]),
        ("uvx --with extra ruff==1", ["tool | uvx ruff==1 | floating | now"]),
        ("uvx --from git+https://files.example/x@main bar", ["tool | uvx git+https://files.example/x@main | branch | now"]),
        ("uv tool run ruff@1.2.3", ["tool | uv tool run ruff@1.2.3 | version | now"]),
        ("uv tool install ruff==1", ["packages | uv tool install ruff==1 | version | now"]),
        ("uv tool upgrade ruff", ["packages | uv tool upgrade ruff | floating | now"]),
        ("uv python install 3.12", ["tool | uv python install 3.12 | floating | import"]),
        ("uv python install 3.12.1", ["tool | uv python install 3.12.1 | version | import"]),
        ("pipx run build", ["tool | pipx run build | floating | now", "packages | python -m build (build requirements) | floating | build"]),
        ("pipx run --spec cibuildwheel==2.0 cibuildwheel", ["tool | pipx run cibuildwheel==2.0 | version | now"]),
        ("pipx install poetry==2.1", ["packages | pipx install poetry==2.1 | version | now"]),
        ("pipx inject poetry x", ["packages | pipx inject poetry x | floating | now"]),
        ("python setup.py install", ["packages | python setup.py install | floating | now"]),
        ("python3 setup.py -q develop", ["packages | python setup.py develop | floating | now"]),
        ("python setup.py sdist bdist_wheel", []),
        ("python -m build", ["packages | python -m build (build requirements) | floating | build"]),
        ("python -m build --wheel -o out", ["packages | python -m build (build requirements) | floating | build"]),
    ],
)  # fmt: skip
def test_uv_and_pipx(text: str, expected: list[str]) -> None:
    assert short(codes(text, UV)) == expected


def test_uv_without_a_lock() -> None:
    assert short(codes("uv sync", TREE)) == ["packages | uv sync | floating | now"]
    assert short(codes("uv sync --locked", TREE)) == ["packages | uv sync | lockfile | now"]
    assert short(codes("uv run x", {"README.md": ""})) == []
    assert codes("uv sync", UV)[0].note
    assert not codes("uv sync --locked", UV)[0].note
    assert codes("uv sync", UV, env=(("UV_FROZEN", "1"),))[0].note == ""
    nested = {**UV, "packages/a/pyproject.toml": PROJECT}
    [code] = codes("cd packages/a && uv sync", nested)
    assert (code.pin, code.manifests[0]) == ("lockfile", "uv.lock")


@pytest.mark.parametrize(
    ("text", "lock", "expected"),
    [
        ("poetry install", "poetry.lock", ["packages | poetry install | lockfile | now"]),
        (
            "poetry install --no-root --with dev",
            "poetry.lock",
            ["packages | poetry install | lockfile | now"],
        ),
        ("poetry install", "", ["packages | poetry install | range | now"]),
        ("poetry sync", "poetry.lock", ["packages | poetry sync | lockfile | now"]),
        ("poetry update", "poetry.lock", ["packages | poetry update | range | now"]),
        ("poetry add foo@1.2", "poetry.lock", ["packages | poetry add foo@1.2 | version | now"]),
        ("poetry self add plugin", "poetry.lock", ["packages | poetry self add plugin | floating | now"]),
        ("poetry build", "poetry.lock", ["packages | poetry build (build requirements) | floating | build"]),
        ("pdm install", "pdm.lock", ["packages | pdm install | lockfile | now"]),
        ("pdm sync -G tests", "pdm.lock", ["packages | pdm sync | lockfile | now"]),
        ("pdm install", "", ["packages | pdm install | range | now"]),
        ("pdm add foo", "pdm.lock", ["packages | pdm add foo | floating | now"]),
        ("pipenv install --deploy", "Pipfile.lock", ["packages | pipenv install | lockfile | now"]),
        ("pipenv sync", "Pipfile.lock", ["packages | pipenv sync | lockfile | now"]),
        ("pipenv install foo", "Pipfile.lock", ["packages | pipenv install foo | floating | now"]),
        (
            "pipenv install --skip-lock",
            "Pipfile.lock",
            ["packages | pipenv install --skip-lock | range | now"],
        ),
        ("hatch run tests:all", "", ["packages | hatch run tests:all | floating | now"]),
        ("hatch env create", "", ["packages | hatch env create | floating | now"]),
        ("hatch build", "", ["packages | hatch build (build requirements) | floating | build"]),
        ("rye sync", "requirements.lock", ["packages | rye sync | lockfile | now"]),
    ],
)
def test_projects(text: str, lock: str, expected: list[str]) -> None:
    tree = {"pyproject.toml": PROJECT.replace('"z"', '"z>=1,<2"')} | ({lock: ""} if lock else {})
    assert short(codes(text, tree)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conda install -y numpy", ["packages | conda install numpy | floating | now"]),
        (
            "conda install -c conda-forge numpy==1.2.3",
            ["packages | conda install numpy==1.2.3 | version | now"],
        ),
        ("conda install numpy=1.26", ["packages | conda install numpy=1.26 | range | now"]),
        ("conda install numpy=1.26.1", ["packages | conda install numpy=1.26.1 | version | now"]),
        ("conda install 'numpy<2'", ["packages | conda install numpy<2 | range | now"]),
        (
            "mamba create -n x python=3.12 numpy",
            ["packages | mamba create python=3.12 numpy | floating | now"],
        ),
        (
            "conda env create -f environment.yml",
            ["packages | conda env create -f environment.yml | floating | now"],
        ),
        (
            "micromamba create -f conda-linux-64.lock",
            ["packages | micromamba create -f conda-linux-64.lock | lockfile | now"],
        ),
        ("conda-lock install conda-lock.yml", ["packages | conda-lock install | lockfile | now"]),
        ("pixi install --locked", ["packages | pixi install | lockfile | now"]),
        ("pixi run test", ["packages | pixi run | range | now"]),
        ("pixi exec ruff==1.2", ["tool | pixi exec ruff==1.2 | version | now"]),
        ("pixi global install ruff", ["packages | pixi global ruff | floating | now"]),
    ],
)
def test_conda_and_pixi(text: str, expected: list[str]) -> None:
    assert short(codes(text)) == expected
