"""Models that commands fetch or load. Loading one can run code: its own, or what its pickle says.

Python on a command line is parsed, never run.
Source: huggingface_hub's CLI and `from_pretrained`; torch.load, torch.hub; vLLM, Ollama.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from seawall.kernel.code import Code, CodeKind, Firmness

from .installs_python import tools
from .options import known, parsed
from .running import Run
from .scene import Scene, code, ref_pin

_HF = known(
    "--revision --repo-type --include --exclude --cache-dir --local-dir --token --max-workers "
    "--local-dir-use-symlinks "
    "--type",
    "--quiet --force-download --resume-download --dry-run",
)
_SERVE = known(
    "--revision --code-revision --tokenizer-revision --tokenizer --port --host --dtype --max-model-len "
    "--model "
    "--tensor-parallel-size -tp --gpu-memory-utilization --served-model-name --quantization --download-dir "
    "--load-format --model-id --model-path --api-key --chat-template --tool-call-parser --task",
    "--trust-remote-code --enforce-eager --enable-auto-tool-choice --disable-log-requests",
)
_DOWNLOADS = ("snapshot_download", "hf_hub_download", "cached_download")
_LOADERS = ("SentenceTransformer", "CrossEncoder", "pipeline", "load_dataset", "WhisperModel")
_UNPICKLES = (
    "torch.load",
    "joblib.load",
    "pickle.load",
    "pickle.loads",
    "dill.load",
    "cloudpickle.load",
    "pd.read_pickle",
    "pandas.read_pickle",
)
_MOST_SOURCE = 64 * 1024
_MOST_CALLS = 200


def hub(run: Run, scene: Scene) -> Iterator[Code]:
    """`hf download`, `huggingface-cli download`."""
    line = parsed(run.args, _HF)
    if line.texts[:1] != ["download"] or len(line.texts) < 2:
        return
    revision = line.value("--revision")
    yield _model(run, scene, line.texts[1], revision, runs="import", literal=line.words[1].literal)


def _model(
    run: Run,
    scene: Scene,
    name: str,
    revision: str,
    *,
    runs: str = "now",
    note: str = "",
    literal: bool = True,
) -> Code:
    pin = ref_pin(revision) if revision and revision != "main" else Firmness.FLOATING
    return code(
        run, scene, CodeKind.MODEL, name, pin if literal or revision else Firmness.FLOATING, ref=revision,
        runs=runs, note=note,
    )  # fmt: skip


def serve(run: Run, scene: Scene) -> Iterator[Code]:
    """`vllm serve MODEL`, `text-generation-launcher --model-id MODEL`."""
    line = parsed(run.args, _SERVE)
    named = line.value("--model-id", "--model-path", "--model")
    if not named and line.texts[:1] == ["serve"] and len(line.texts) > 1:
        named = line.texts[1]
    if named and not named.startswith((".", "/")):
        trusted = line.has("--trust-remote-code")
        note = "its own code runs (--trust-remote-code)" if trusted else ""
        yield _model(run, scene, named, line.value("--revision"), note=note)


def ollama(run: Run, scene: Scene) -> Iterator[Code]:
    """`ollama pull`, `ollama run`: weights without code."""
    words = [text for text in run.texts if not text.startswith("-")]
    if words[:1] in (["pull"], ["run"]) and len(words) > 1:
        name, _, tag = words[1].partition(":")
        pin = Firmness.TAG if tag and tag != "latest" else Firmness.FLOATING
        yield code(run, scene, CodeKind.MODEL, name, pin, ref=tag, runs="import")


def llm(run: Run, scene: Scene) -> Iterator[Code]:
    """`llm install PLUGIN`: a package in the tool's own environment."""
    words = [text for text in run.texts if not text.startswith("-")]
    if words[:1] == ["install"] and len(words) > 1:
        yield from tools(run, scene, "llm install", words[1:])


def spacy(run: Run, scene: Scene) -> Iterator[Code]:
    """`python -m spacy download MODEL`: a package."""
    words = [text for text in run.texts if not text.startswith("-")]
    if words[:1] == ["download"] and len(words) > 1:
        exact = bool(re.search(r"-\d+\.\d+\.\d+", words[1]))
        pin = Firmness.VERSION if exact else Firmness.FLOATING
        yield code(run, scene, CodeKind.MODEL, words[1], pin, packages=words[1:2], runs="import")


# Python on the command line


def python(run: Run, scene: Scene) -> Iterator[Code]:
    """What `python -c` and a here-document for Python load."""
    source = python_source(run)
    if not source or len(source) > _MOST_SOURCE:
        return
    tree = parsed_python(source)
    if tree is None:
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in calls[:_MOST_CALLS]:
        found = _loaded(call)
        if found is None:
            continue
        kind, name, revision, note, pinned = found
        pin = Firmness.NONE if kind is CodeKind.SCRIPT else ref_pin(revision) if pinned else Firmness.FLOATING
        yield code(run, scene, kind, name, pin, ref=revision, note=note)


def python_source(run: Run) -> str:
    """The program that a Python interpreter is given on its line or by a here-document, else empty."""
    texts = run.texts
    for at, text in enumerate(texts[:-1]):
        if re.fullmatch(r"-[A-Za-z]*c", text):
            return texts[at + 1]
        if not text.startswith("-"):
            break
    plain = [text for text in texts if not text.startswith("-") or text == "-"]
    return run.command.heredoc or "" if plain[:1] in ([], ["-"]) else ""


def parsed_python(source: str) -> ast.Module | None:
    """The syntax tree, None where it is no Python or nested too deep."""
    cleaned = re.sub(r"\$\{\{.*?\}\}", "expression", source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(_dedented(cleaned))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _dedented(source: str) -> str:
    lines = source.split("\n")
    margins = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
    margin = min(margins, default=0)
    return "\n".join(line[margin:] for line in lines) if margin else source


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < 10:
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _loaded(call: ast.Call) -> tuple[CodeKind, str, str, str, bool] | None:
    """(kind, name, revision, note, a revision is given) of a call that loads a model or fetched code."""
    name = _dotted(call.func)
    last = name.rpartition(".")[2]
    first = _text(call.args[0]) if call.args else ""
    revision = _text(_keyword(call, "revision"))
    trusted = "its own code runs (trust_remote_code)" if _true(_keyword(call, "trust_remote_code")) else ""
    if last == "from_pretrained" or last in _DOWNLOADS or last in _LOADERS:
        asked = (
            first
            or _text(_keyword(call, "repo_id"))
            or _text(_keyword(call, "model"))
            or _text(_keyword(call, "pretrained_model_name_or_path"))
        )
        if last == "pipeline":
            asked = _text(_keyword(call, "model")) or (_text(call.args[1]) if len(call.args) > 1 else "")
        if asked.startswith((".", "/")) or (last in _LOADERS and not asked):
            return None
        pinned = bool(revision) and revision != "main"
        return CodeKind.MODEL, asked or f"{last}(…)", revision, trusted, pinned
    if name == "torch.hub.load" and first:
        repository, _, ref = first.partition(":")
        return CodeKind.MODEL, repository, ref, "its hubconf.py runs", bool(ref)
    if name in _UNPICKLES and not _true(_keyword(call, "weights_only")):
        return CodeKind.MODEL, f"{name}({first or '…'})", "", "unpickles, which runs code", False
    if name in ("exec", "eval") and call.args:
        found = re.search(r"https?://[^'\"\s]+", ast.unparse(call.args[0])[:2_000])
        if found:
            return CodeKind.SCRIPT, found[0], "", "", False
    return None
