"""What a repository of a hub is, and what the names of its files tell."""

from dataclasses import replace

import pytest

from seawall.kernel.hub import Form, HubFile, Kind, Repository, form_of, is_commit, twin_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_only_a_whole_commit_stays_what_it_is() -> None:
    assert is_commit(COMMIT)
    for word in ("", "main", "refs/pr/1", "v1.0", COMMIT[:7], COMMIT.upper(), COMMIT + "\n", COMMIT + "0"):
        assert not is_commit(word)


def test_old_names_without_namespace_moved_and_nobody_can_take_them() -> None:
    moved = Repository(Kind.MODEL, "google-bert/bert-base-uncased", COMMIT, asked="bert-base-uncased")
    assert not moved.renamed
    assert replace(moved, asked="old/bert").renamed
    assert not replace(moved, asked="Google-BERT/bert-base-uncased").renamed
    assert not replace(moved, asked="").renamed


def test_a_purl_tells_what_kind_it_is() -> None:
    model = Repository(Kind.MODEL, "acme/bert", COMMIT)
    assert model.purl == f"pkg:huggingface/acme/bert@{COMMIT}"
    assert replace(model, kind=Kind.DATASET).purl == f"pkg:huggingface/datasets/acme/bert@{COMMIT}"
    assert replace(model, kind=Kind.SPACE).key == ("Hugging Face", "spaces/acme/bert", COMMIT)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("model.safetensors", Form.PLAIN),
        ("a/b/train-00000-of-00001.parquet", Form.PLAIN),
        ("README.md", Form.PLAIN),
        ("pytorch_model.bin", Form.RUNS),
        ("unet/diffusion_pytorch_model.fp16.bin", Form.RUNS),
        ("best.PT", Form.RUNS),
        ("saved_model.pb", Form.RUNS),
        ("openvino_model.bin", Form.UNKNOWN),
        ("ggml-base.en.bin", Form.UNKNOWN),
        ("modeling_acme.py", Form.CODE),
        ("weights.7z", Form.UNKNOWN),
        ("model.gguf", Form.UNKNOWN),
        ("noending", Form.UNKNOWN),
    ],
)
def test_what_a_name_tells(path: str, form: Form) -> None:
    assert form_of(path)[0] is form


@pytest.mark.parametrize(
    ("path", "others", "twin"),
    [
        ("pytorch_model.bin", {"model.safetensors"}, "model.safetensors"),
        ("tf_model.h5", {"model.safetensors"}, "model.safetensors"),
        ("a/adapter_model.bin", {"a/adapter_model.safetensors"}, "a/adapter_model.safetensors"),
        (
            "pytorch_model-00001-of-00002.bin",
            {"model-00001-of-00003.safetensors", "model.safetensors.index.json"},
            "model.safetensors.index.json",
        ),
        ("a/pytorch_model.bin", {"model.safetensors"}, ""),
        ("optimizer.pt", {"model.safetensors"}, ""),
        ("model.safetensors", {"model.safetensors"}, ""),
    ],
)
def test_the_same_weights_in_another_file(path: str, others: set[str], twin: str) -> None:
    assert twin_of(path, frozenset(others)) == twin


def test_a_large_file_is_known_by_its_own_digest_and_a_small_one_by_git_s() -> None:
    assert HubFile("a", blob="1" * 40, sha256="2" * 64).digests == (f"sha256:{'2' * 64}",)
    assert HubFile("a", blob="1" * 40).digests == (f"gitblob:{'1' * 40}",)
    assert HubFile("a").digests == ()
