"""A repository of a hub is one commit of a model, dataset or space: its files, and what the hub says of it.

A name leads to a commit through a branch or tag that its owner can move; only the commit stays what it is.
Source: the Hub API as huggingface_hub 2.4 uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .asset import package_purl

ECOSYSTEM = "Hugging Face"
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


class Kind(StrEnum):
    """What a repository holds. The value is the word in the hub's addresses, without the plural."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file. `size` in bytes, None = not said.

    `blob` is git's id of it (40 hexadecimal digits), `sha256` that of a large file, whose `blob` is only that
    of its pointer. `level` is what the hub's own scan says: empty, `unsafe`, `suspicious`, or another word.
    Of a file that was looked into, `begins` are its first bytes, and `code` is what of somebody's Python it
    names (readers/registries/hub_config.py).
    """

    path: str
    size: int | None = None
    blob: str = ""
    sha256: str = ""
    level: str = ""
    begins: bytes = b""
    code: tuple[str, ...] = ()

    @property
    def digests(self) -> tuple[str, ...]:
        """What its bytes must have: `sha256:<hex>` or `gitblob:<hex>`; () where the hub says neither."""
        if self.sha256:
            return (f"sha256:{self.sha256}",)
        return (f"gitblob:{self.blob}",) if self.blob else ()

    @property
    def etag(self) -> str:
        """The tag that the hub gives it; clients name their copy after it."""
        return self.sha256 or self.blob


@dataclass(frozen=True, slots=True)
class Repository:
    """One commit of a repository.

    `name` is how the hub calls it (`NAMESPACE/NAME`, very old ones without namespace), `asked` how the client
    did. `revision` is what was asked for, a branch, tag or commit; empty = the default branch. Times are
    aware UTC, None = not said: `created` of the repository, `changed` of its newest commit,
    `namespace_created` of its account or organization. `code` names what needs Python of it
    (`auto_map.AutoModel`). `scanned`: the hub has looked into all files, None = it does not say.
    """

    kind: Kind
    name: str
    commit: str
    asked: str = ""
    revision: str = ""
    created: datetime | None = None
    changed: datetime | None = None
    namespace_created: datetime | None = None
    gated: bool | None = None
    files: tuple[HubFile, ...] = field(default=(), repr=False)
    code: tuple[str, ...] = ()
    scanned: bool | None = None

    @property
    def floating(self) -> bool:
        """It was asked for by something that its owner can move."""
        return not is_commit(self.revision)

    @property
    def renamed(self) -> bool:
        """It answers under another name than it was asked for.

        Names without namespace are the hub's own from its first years; nobody else can take one, so that
        they moved is no danger.
        """
        asked = self.asked or self.name
        return "/" in asked and asked.casefold() != self.name.casefold()

    @property
    def title(self) -> str:
        """The name as purls and advisories have it: with its kind before it, unless it is a model."""
        return titled(self.kind, self.name)

    @property
    def purl(self) -> str:
        """The purl of this commit."""
        return package_purl(ECOSYSTEM, self.title, self.commit)

    @property
    def key(self) -> tuple[str, str, str]:
        """(ecosystem, name, commit), as advisories are asked about it."""
        return (ECOSYSTEM, self.title, self.commit)

    @property
    def keys(self) -> tuple[tuple[str, str, str], ...]:
        """The same under the name that was asked for, too."""
        asked = (ECOSYSTEM, titled(self.kind, self.asked or self.name), self.commit)
        return (self.key,) if asked == self.key else (self.key, asked)


def titled(kind: Kind, name: str) -> str:
    """`NAMESPACE/NAME` of a model, `datasets/NAMESPACE/NAME`, `spaces/NAMESPACE/NAME`."""
    return name if kind is Kind.MODEL else f"{kind.value}s/{name}"


def is_commit(revision: str) -> bool:
    """40 hexadecimal digits: no branch and no tag, and always the same files."""
    return _COMMIT.match(revision) is not None


class Form(StrEnum):
    """What reading a file can do, by its name alone."""

    PLAIN = "plain"  # data, whatever reads it
    RUNS = "runs"  # the usual way of loading it can run code that is in it
    CODE = "code"  # it is code
    UNKNOWN = "unknown"


_PLAIN = frozenset(
    (
        *("safetensors", "msgpack", "model", "spm", "vocab", "bpe", "merges"),
        *(
            "json",
            "jsonl",
            "ndjson",
            "txt",
            "md",
            "rst",
            "csv",
            "tsv",
            "parquet",
            "arrow",
            "yaml",
            "yml",
            "toml",
            "xml",
            "html",
        ),
        *("png", "jpg", "jpeg", "gif", "webp", "bmp", "svg", "tif", "tiff", "pdf"),
        *("wav", "mp3", "flac", "ogg", "opus", "mp4", "webm", "avi", "mov", "srt", "vtt"),
        *("gitattributes", "gitignore", "license", "notice", "citation", "bib"),
    )
)
_RUNS: dict[str, str] = {
    "bin": "a pickle, as torch.save writes it",
    "pt": "a pickle, as torch.save writes it",
    "pth": "a pickle, as torch.save writes it",
    "ckpt": "a pickle, as torch.save writes it",
    "pkl": "a pickle",
    "pickle": "a pickle",
    "dill": "a pickle",
    "joblib": "a pickle, as joblib writes it",
    "h5": "a Keras file that may hold Lambda layers",
    "hdf5": "a Keras file that may hold Lambda layers",
    "keras": "a Keras file that may hold Lambda layers",
    "pb": "a TensorFlow graph that may read and write files",
    "nemo": "an archive with pickles in it",
    "mar": "an archive with a Python handler in it",
    "pt2": "an archive with pickles in it",
    "ptl": "a TorchScript archive",
    "llamafile": "a program",
    "exe": "a program",
    "dll": "native code",
    "so": "native code",
    "dylib": "native code",
    "jar": "a program",
}
_NO_PICKLE = re.compile(r"(openvino_.*|ggml[-_.].*|.*[-_.]ggml.*|.*\.q\d[_\w]*)\.bin\Z", re.IGNORECASE)
_CODE = frozenset({"py", "pyc", "pyx", "sh", "bat", "ps1", "ipynb", "cmd", "js"})


def form_of(path: str) -> tuple[Form, str]:
    """What a file is by its name, and in words why it may run something."""
    name = path.rpartition("/")[2]
    suffix = name.rpartition(".")[2].lower()
    if suffix in _CODE:
        return Form.CODE, "code"
    if suffix in _RUNS and not _NO_PICKLE.match(name):
        return Form.RUNS, _RUNS[suffix]
    return (Form.PLAIN if suffix in _PLAIN else Form.UNKNOWN), ""


_BEGINS: dict[str, tuple[bytes, ...]] = {
    "gguf": (b"GGUF",),
    "parquet": (b"PAR1",),
    "h5": (b"\x89HDF\r\n\x1a\n",),
    "keras": (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"),
    "npz": (b"PK",),
    "npy": (b"\x93NUMPY",),
    "pt2": (b"PK",),
    "png": (b"\x89PNG",),
}
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"#!", "a script"),
)
_LONGEST_HEADER = 100_000_000
BEGINNING = 16
"""So many first bytes of a file are looked at."""


def unlike_its_name(path: str, begins: bytes) -> str:
    """What a file is that cannot be what its name says, judged by its first bytes; empty where it can be.

    Source: the formats' own descriptions; safetensors: eight bytes of length, little-endian, then `{`.
    """
    name = path.rpartition("/")[2]
    suffix = name.rpartition(".")[2].lower()
    pickled = _RUNS.get(suffix, "").startswith("a pickle") and not _NO_PICKLE.match(name)
    if not begins or not (pickled or suffix in _BEGINS or suffix == "safetensors"):
        return ""
    other = next((what for magic, what in _OTHERS if begins.startswith(magic)), "")
    if suffix == "safetensors":
        length = int.from_bytes(begins[:8], "little")
        right = len(begins) > 8 and begins[8:9] == b"{" and 2 <= length <= _LONGEST_HEADER
        return "" if right else other or "no safetensors file"
    if suffix in _BEGINS:
        return "" if begins.startswith(_BEGINS[suffix]) else other or f"no {suffix} file"
    return other


def twin_of(path: str, paths: frozenset[str]) -> str:
    """The file in safetensors that holds the same weights as `path`, as far as names tell; empty if none."""
    folder, slash, name = path.rpartition("/")
    stem, _, suffix = name.rpartition(".")
    if suffix.lower() not in ("bin", "pt", "pth", "ckpt", "h5") or not stem:
        return ""
    stem = re.sub(r"^(pytorch_model|tf_model)", "model", stem)
    whole = re.sub(r"-\d{5}-of-\d{5}$", "", stem)
    for twin in (stem, whole, f"{whole}.safetensors.index.json"):
        found = f"{folder}{slash}{twin if twin.endswith('.json') else twin + '.safetensors'}"
        if found in paths:
            return found
    return ""
