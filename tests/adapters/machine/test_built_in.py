"""What clients use by default is derived, and what cannot be derived is said."""

import ast
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from seawall.adapters.machine import built_in as module
from seawall.adapters.machine.built_in import built_in, file_host
from seawall.kernel.client import Role

SOURCE = """
import posixpath
class PackageIndex:
    def __init__(self, url: str, file_storage_domain: str) -> None:
        self.url = url
PyPI = PackageIndex("https://index.example/", file_storage_domain="files.example")
TestPyPI = PackageIndex("https://test.example/", file_storage_domain="test-files.example")
"""


def test_both_ecosystems_have_a_default_over_https() -> None:
    found, notes = built_in()
    defaults = {item.ecosystem: item for item in found if item.role is Role.DEFAULT}
    assert set(defaults) == {"npm", "PyPI"}
    for item in defaults.values():
        assert item.url.startswith(f"https://{item.host}/")
        assert item.url.endswith("/")
        assert item.built_in
        assert not item.credentials
    assert defaults["PyPI"].url.endswith("/simple/")
    assert not [note for note in notes if "no default registry" in note]


def test_the_other_hosts_that_clients_come_with() -> None:
    found, _ = built_in()
    assert [item.client for item in found if item.role is Role.EXTRA] == ["yarn"]
    assert [item.ecosystem for item in found if item.role is Role.FILES] == ["PyPI"]
    assert len({item.host for item in found}) == len(found)


@pytest.mark.parametrize(
    ("source", "index", "expected"),
    [
        (SOURCE, "index.example", "files.example"),
        (SOURCE, "test.example", "test-files.example"),
        (SOURCE, "other.example", ""),
        (SOURCE, "", ""),
        ("x = f('https://index.example/', 'not a host/')", "index.example", ""),
        ("x = f('https://index.example/')", "index.example", ""),
        ("def broken(", "index.example", ""),
        ("\0", "index.example", ""),
        ("(" * 5000, "index.example", ""),
    ],
)
def test_the_host_of_files_in_pips_source(source: str, index: str, expected: str) -> None:
    assert file_host(source, index) == expected


def test_the_users_pip_is_read_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    index = next(i.host for i in built_in()[0] if i.ecosystem == "PyPI" and i.role is Role.DEFAULT)
    path = tmp_path / "pip" / "_internal" / "models" / "index.py"
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE.replace("index.example", index) + "\nraise SystemExit('it was run')\n")
    found, notes = built_in([tmp_path])
    assert [item.host for item in found if item.role is Role.FILES] == ["files.example"]
    assert notes == ()


def test_without_a_pip_the_host_of_files_is_a_strangers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    large = tmp_path / "pip" / "_internal" / "models" / "index.py"
    large.parent.mkdir(parents=True)
    large.write_text("#" * (300 * 1024))
    found, notes = built_in([tmp_path, tmp_path / "none"])
    assert not [item for item in found if item.role is Role.FILES]
    assert any("stranger" in note for note in notes)


def test_no_host_is_written_in_the_file() -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert not [text for text in texts if text.startswith("https://") and "." in text]


def test_the_pip_that_comes_with_python_is_read_out_of_its_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = next(i.host for i in built_in()[0] if i.ecosystem == "PyPI" and i.role is Role.DEFAULT)
    bundled = tmp_path / "_bundled"
    bundled.mkdir()
    (bundled / "pip-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with zipfile.ZipFile(bundled / "pip-2.0-py3-none-any.whl", "w") as archive:
        archive.writestr("pip/_internal/models/index.py", SOURCE.replace("index.example", index))
    places = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(module, "find_spec", lambda name: places if name == "ensurepip" else None)
    assert [item.host for item in built_in()[0] if item.role is Role.FILES] == ["files.example"]


def test_what_a_library_no_longer_tells_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_package_address", lambda _purl: "")
    monkeypatch.setattr(module, "_yarn_host", lambda: "")
    found, notes = built_in()
    assert found == ()
    assert len(notes) == 3
