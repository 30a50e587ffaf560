"""The room for models and datasets, asked over HTTP as huggingface_hub asks it."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from tests.simulators.firewall import RealFirewall, firewall, malware
from tests.simulators.past import at, drip, serving, status, wrong
from tests.simulators.past_hf import PastHub, gitblob

from seawall.kernel.gate_settings import GateSettings
from seawall.kernel.origin import Origin
from seawall.kernel.policy.facts import Mode

NOW = at("2026-11-20T12:00:00Z")
OLD = at("2022-03-02T00:00:00Z")
WEIGHTS = (2).to_bytes(8, "little") + b"{}" + b"weights" * 4_000
PICKLE = b"\x80\x04N." * 3_000
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": WEIGHTS,
    "README.md": b"# a model\n",
}


@contextmanager
def gated(
    place: Path, hub: PastHub, settings: GateSettings | None = None, **given: Any
) -> Iterator[RealFirewall]:
    origins = [Origin("Hugging Face", "hub", hub.url)]
    with firewall(place, origins=origins, now=lambda: hub.now, settings=settings, **given) as gate:
        yield gate


@pytest.fixture
def hub() -> Iterator[PastHub]:
    with serving(PastHub(NOW)) as past:
        past.born["acme"] = OLD
        yield past


@pytest.fixture
def gate(tmp_path: Path, hub: PastHub) -> Iterator[RealFirewall]:
    with gated(tmp_path / "gate", hub) as found:
        yield found


def told(answer: Any) -> Any:
    return json.loads(answer.data)


def siblings(answer: Any) -> list[str]:
    return sorted(item["rfilename"] for item in told(answer)["siblings"])


def test_an_old_repository_comes_through_whole(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    info = gate.get("/hf/api/models/acme/bert/revision/main")
    assert info.status == 200
    assert told(info)["sha"] == commit
    assert siblings(info) == sorted(FILES)
    tree = gate.get(f"/hf/api/models/acme/bert/tree/{commit}?recursive=True&expand=False")
    assert sorted(item["path"] for item in told(tree)) == sorted(FILES)
    for path, data in FILES.items():
        head = gate.get(f"/hf/acme/bert/resolve/{commit}/{path}", "HEAD")
        assert head.status == 200
        assert head.headers["x-repo-commit"] == commit
        assert head.headers["content-length"] == str(len(data))
        file = gate.get(f"/hf/acme/bert/resolve/{commit}/{path}")
        assert (file.status, file.data) == (200, data)
        assert file.headers["x-repo-commit"] == commit
        assert file.headers["etag"] == head.headers["etag"]
    assert head.headers["etag"] == f'"{gitblob(FILES["README.md"])}"'
    large = gate.get(f"/hf/acme/bert/resolve/{commit}/model.safetensors", "HEAD")
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert large.headers["x-linked-etag"] == large.headers["etag"] == f'"{digest}"'
    assert large.headers["x-linked-size"] == str(len(WEIGHTS))


def test_nothing_that_leads_round_the_gate_is_handed_on(hub: PastHub, gate: RealFirewall) -> None:
    hub.page = 2
    commit = hub.push("acme/bert", OLD, {**FILES, "a/b.txt": b"x"})
    paths = [
        "/hf/api/models/acme/bert",
        f"/hf/api/models/acme/bert/tree/{commit}?recursive=True",
        f"/hf/acme/bert/resolve/{commit}/model.safetensors",
        f"/hf/acme/bert/resolve/{commit}/nothing.json",
    ]
    answers = [gate.get(path, method) for path in paths for method in ("GET", "HEAD")]
    answers.append(
        gate.post(f"/hf/api/models/acme/bert/paths-info/{commit}", b"paths=model.safetensors&expand=False")
    )
    assert told(answers[-1])[0]["lfs"]["oid"] == hashlib.sha256(WEIGHTS).hexdigest()
    for answer in answers:
        text = str(dict(answer.headers)).lower() + answer.data.decode("latin-1").lower()
        assert "xet" not in text
        assert "location" not in text
        assert hub.host not in text
        assert hub.elsewhere.host not in text
    assert hub.elsewhere.seen


def test_pages_lead_on_through_the_gate(hub: PastHub, gate: RealFirewall) -> None:
    hub.page = 3
    commit = hub.push("acme/bert", OLD, {f"part/{n:02}.txt": b"%d" % n for n in range(8)})
    path, seen = f"/hf/api/models/acme/bert/tree/{commit}?recursive=True", []
    while path:
        page = gate.get(path)
        seen += [item["path"] for item in told(page) if item["type"] == "file"]
        link = page.headers.get("link", "")
        assert not link or link.startswith(f"<{gate.url}/hf/api/models/acme/bert/tree/{commit}?")
        path = link.partition(">")[0].removeprefix(f"<{gate.url}")
    assert seen == [f"part/{n:02}.txt" for n in range(8)]


def test_a_branch_of_a_young_repository_is_refused_and_its_commit_is_not(
    hub: PastHub, gate: RealFirewall
) -> None:
    commit = hub.push("acme/new", NOW - timedelta(days=3), FILES)
    for path in ("/hf/api/models/acme/new", "/hf/acme/new/resolve/main/config.json"):
        refused = gate.get(path)
        assert refused.status == 403
        body = told(refused)
        assert body["policy"] == ["default/moving-and-young"]
        assert body["allowed_version"] == commit
        assert body["allowed_from"] == "2026-12-17 12:00 UTC"
        assert refused.headers["x-error-message"] == body["error"]
    assert gate.get(f"/hf/api/models/acme/new/revision/{commit}").status == 200
    assert gate.get(f"/hf/acme/new/resolve/{commit}/config.json").data == FILES["config.json"]
    hub.now = NOW + timedelta(days=28)
    assert gate.get("/hf/acme/new/resolve/main/config.json").status == 200


def test_a_pickle_of_a_young_repository_is_left_out_and_refused(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push(
        "acme/new", NOW - timedelta(days=3), {**FILES, "pytorch_model.bin": PICKLE, "run.py": b"pass"}
    )
    info = gate.get(f"/hf/api/models/acme/new/revision/{commit}")
    assert siblings(info) == sorted(FILES)
    assert "pytorch_model.bin" in info.headers["x-hf-warning"]
    tree = gate.get(f"/hf/api/models/acme/new/tree/{commit}?recursive=True")
    assert sorted(item["path"] for item in told(tree)) == sorted(FILES)
    refused = gate.get(f"/hf/acme/new/resolve/{commit}/pytorch_model.bin")
    assert refused.status == 403
    assert told(refused)["policy"] == ["default/young-and-runs-code"]
    assert gate.get(f"/hf/acme/new/resolve/{commit}/run.py", "HEAD").status == 403
    assert not [path for path in hub.asked if path.endswith(("pytorch_model.bin", "run.py"))]


def test_a_pickle_of_an_old_repository_is_handed_out_with_a_warning(hub: PastHub, gate: RealFirewall) -> None:
    hub.push("acme/bert", OLD, {**FILES, "pytorch_model.bin": PICKLE})
    file = gate.get("/hf/acme/bert/resolve/main/pytorch_model.bin")
    assert (file.status, file.data) == (200, PICKLE)
    assert "a pickle, as torch.save writes it" in file.headers["x-hf-warning"]


def test_what_is_known_to_be_bad_stays_out_whatever_is_asked(tmp_path: Path, hub: PastHub) -> None:
    commit = hub.push("evil/shell", OLD, FILES)
    hub.push("evil/data", OLD, FILES, kind="dataset")
    bad = [
        malware("Hugging Face", "evil/shell", commit),
        malware("Hugging Face", "datasets/evil/data", "f" * 40, id="MAL-2026-2"),
    ]
    with gated(tmp_path / "gate", hub, advisories=bad) as gate:
        for path in (f"/hf/api/models/evil/shell/revision/{commit}", "/hf/evil/shell/resolve/main/README.md"):
            refused = gate.get(path)
            assert refused.status == 403
            assert "default/known-bad-repository" in told(refused)["policy"]
            assert told(refused)["evidence"][0]["advisories"] == ["MAL-2026-1"]
        assert gate.get("/hf/datasets/evil/data/resolve/main/README.md").status == 200


def test_what_the_hub_itself_flags_stays_out(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, {**FILES, "pytorch_model.bin": PICKLE})
    hub.flags["acme/bert", "pytorch_model.bin"] = "unsafe"
    refused = gate.get(f"/hf/acme/bert/resolve/{commit}/pytorch_model.bin")
    assert refused.status == 403
    assert told(refused)["policy"] == ["default/flagged-by-the-hub"]
    assert gate.get(f"/hf/acme/bert/resolve/{commit}/model.safetensors").status == 200


def test_a_renamed_repository_is_followed_by_us_and_seen(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    hub.renamed["model", "gone/bert"] = "acme/bert"
    hub.renamed["model", "bert-base"] = "acme/bert"
    refused = gate.get("/hf/api/models/gone/bert")
    assert refused.status == 403
    assert told(refused)["policy"] == ["default/moving-and-renamed"]
    assert gate.get(f"/hf/gone/bert/resolve/{commit}/config.json").data == FILES["config.json"]
    assert gate.get("/hf/bert-base/resolve/main/config.json").data == FILES["config.json"]
    assert told(gate.get("/hf/api/models/bert-base"))["id"] == "acme/bert"


def test_the_hub_s_own_refusals_keep_their_code(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    hub.push("acme/closed", OLD, FILES)
    hub.repositories["model", "acme/closed"].gated = "manual"
    for path, code, number in (
        ("/hf/api/models/no/body", "RepoNotFound", 401),
        ("/hf/no/body/resolve/main/config.json", "RepoNotFound", 401),
        ("/hf/api/models/acme/bert/revision/nope", "RevisionNotFound", 404),
        ("/hf/acme/bert/resolve/main/nope.json", "EntryNotFound", 404),
        ("/hf/acme/closed/resolve/main/config.json", "GatedRepo", 403),
    ):
        answer = gate.get(path)
        assert (answer.status, answer.headers.get("x-error-code")) == (number, code), path
    assert gate.get("/hf/acme/bert/resolve/main/nope.json").headers["x-repo-commit"] == commit


def test_that_bytes_are_here_gives_nobody_a_right_to_them(hub: PastHub, gate: RealFirewall) -> None:
    hub.push("acme/bert", OLD, FILES)
    hub.push("acme/closed", OLD, FILES)
    hub.repositories["model", "acme/closed"].gated = "auto"
    assert gate.get("/hf/acme/bert/resolve/main/model.safetensors").status == 200
    for method in ("GET", "HEAD"):
        answer = gate.get("/hf/acme/closed/resolve/main/model.safetensors", method)
        assert (answer.status, answer.headers["x-error-code"]) == (403, "GatedRepo")


def test_our_own_credential_opens_what_is_gated_and_goes_nowhere_else(tmp_path: Path, hub: PastHub) -> None:
    hub.token = "hf_ours"
    hub.push("acme/closed", OLD, FILES)
    hub.repositories["model", "acme/closed"].gated = "manual"
    with gated(tmp_path / "gate", hub, authorization=lambda _: "Bearer hf_ours") as gate:
        assert gate.get("/hf/acme/closed/resolve/main/model.safetensors").data == WEIGHTS
        assert gate.get("/hf/acme/closed/resolve/main/config.json").data == FILES["config.json"]
        hub.faults["*"] = status(503)
        assert gate.get("/hf/acme/closed/resolve/main/model.safetensors").data == WEIGHTS
    assert "hf_ours" not in str(list(hub.elsewhere.seen))


def test_a_client_s_credential_never_goes_to_the_hub(hub: PastHub, gate: RealFirewall) -> None:
    hub.push("acme/bert", OLD, FILES)
    assert gate.get("/hf/acme/bert/resolve/main/config.json", authorization="Bearer hf_theirs").status == 401
    assert gate.get("/hf/acme/bert/resolve/main/config.json", cookie="token=hf_theirs").status == 200
    assert "hf_theirs" not in str(list(hub.seen))


@pytest.mark.parametrize(
    ("method", "path", "number"),
    [
        ("GET", "/hf/api/models?search=bert", 403),
        ("GET", "/hf/api/datasets", 403),
        ("GET", "/hf/api/whoami-v2", 403),
        ("GET", "/hf/api/models/acme/bert/xet-read-token/main", 403),
        ("POST", "/hf/api/models/acme/bert/commit/main", 405),
        ("POST", "/hf/api/repos/create", 405),
        ("DELETE", "/hf/api/models/acme/bert", 405),
        ("PUT", "/hf/acme/bert/resolve/main/config.json", 405),
        ("GET", "/hf/api/kernels/acme/bert", 404),
        ("GET", "/hf/acme/bert/blob/main/config.json", 404),
        ("GET", "/hf/acme/bert/resolve/main/../../etc/passwd", 404),
        ("GET", "/hf/acme/bert/resolve/main/%2e%2e/config.json", 404),
        ("GET", "/hf/acme/..%2fbert/resolve/main/config.json", 404),
        ("GET", "/hf/", 404),
    ],
)
def test_what_is_not_about_one_repository_is_refused_with_a_reason(
    hub: PastHub, gate: RealFirewall, method: str, path: str, number: int
) -> None:
    hub.push("acme/bert", OLD, FILES)
    answer = gate.get(path, method)
    assert answer.status == number
    assert answer.headers["x-error-message"].startswith("Seawall ")
    assert told(answer)["error"] == answer.headers["x-error-message"]
    assert not hub.seen


def test_other_bytes_than_the_commit_has_are_never_handed_out(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    hub.faults["/acme/bert/resolve/*/config.json"] = wrong(b'{"model_type": "evil"}')
    hub.elsewhere.faults["*"] = wrong(WEIGHTS.replace(b"w", b"W"))
    for path in ("config.json", "model.safetensors"):
        assert gate.get(f"/hf/acme/bert/resolve/{commit}/{path}").status == 502
    assert gate.get(f"/hf/acme/bert/resolve/{commit}/README.md").status == 200


def test_a_hub_that_changes_a_commit_s_file_is_noticed(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    path = f"/hf/acme/bert/resolve/{commit}/config.json"
    assert gate.get(path).status == 200
    hub.repositories["model", "acme/bert"].commits[0].files["config.json"] = b'{"auto_map": {}}'
    refused = gate.get(path)
    assert refused.status == 403
    assert "default/another-file" in told(refused)["policy"]


def test_while_the_hub_is_down_what_is_here_is_handed_out(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    paths = [
        "/hf/api/models/acme/bert",
        f"/hf/api/models/acme/bert/tree/{commit}?recursive=True",
        "/hf/acme/bert/resolve/main/model.safetensors",
    ]
    before = [gate.get(path).data for path in paths]
    hub.faults["*"] = status(503)
    hub.elsewhere.faults["*"] = status(503)
    assert [gate.get(path).data for path in paths] == before
    assert gate.get("/hf/acme/bert/resolve/main/README.md").status == 502


def test_parts_are_given_of_what_is_verified(hub: PastHub, gate: RealFirewall) -> None:
    hub.push("acme/bert", OLD, FILES)
    path = "/hf/acme/bert/resolve/main/model.safetensors"
    first = gate.get(path, range="bytes=0-0")
    assert (first.status, first.data) == (206, WEIGHTS[:1])
    assert first.headers["content-range"] == f"bytes 0-0/{len(WEIGHTS)}"
    rest = gate.get(path, range="bytes=100-")
    assert (rest.status, rest.data) == (206, WEIGHTS[100:])


def test_everything_is_written_down(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    gate.get("/hf/api/models/acme/bert")
    gate.get(f"/hf/api/models/acme/bert/tree/{commit}?recursive=True")
    gate.get(f"/hf/acme/bert/resolve/{commit}/config.json", "HEAD")
    gate.get(f"/hf/acme/bert/resolve/{commit}/config.json")
    gate.get("/hf/api/models/no/body")
    found = [item for item in gate.entries() if "huggingface" in str(item.get("asset"))]
    asset = f"pkg:huggingface/acme/bert@{commit}"
    assert [(item["action"], item["asset"], item.get("delivery", "none")) for item in found] == [
        ("metadata", asset, "offered"),
        ("list", asset, "offered"),
        ("metadata", asset, "offered"),
        ("fetch", asset, "served"),
        ("metadata", "pkg:huggingface/no/body", "none"),
    ]
    assert found[3]["digest"] == "sha256:" + hashlib.sha256(FILES["config.json"]).hexdigest()
    assert found[3]["file"] == "config.json"


def test_in_observe_mode_nothing_is_refused_and_all_is_recorded(tmp_path: Path, hub: PastHub) -> None:
    commit = hub.push("evil/new", NOW - timedelta(days=1), {**FILES, "pytorch_model.bin": PICKLE})
    settings = GateSettings(fresh_seconds=0.0, mode=Mode.OBSERVE)
    with gated(tmp_path / "gate", hub, settings) as gate:
        assert "pytorch_model.bin" in siblings(gate.get("/hf/api/models/evil/new"))
        assert gate.get("/hf/evil/new/resolve/main/pytorch_model.bin").data == PICKLE
        last = gate.entries()[-1]
    assert (last["mode"], last["outcome"], last["delivery"]) == ("observe", "deny", "served")
    assert last["asset"].endswith(commit)


def test_a_slow_large_file_is_sent_while_it_comes(hub: PastHub, gate: RealFirewall) -> None:
    data = WEIGHTS + bytes(range(256)) * 72 * 1024  # 18 MB
    commit = hub.push("acme/bert", OLD, {"model.safetensors": data})
    hub.elsewhere.faults["*"] = drip(size=6 * 1024 * 1024, pause=0.01)
    answer = gate.get(f"/hf/acme/bert/resolve/{commit}/model.safetensors")
    assert hashlib.sha256(answer.data).digest() == hashlib.sha256(data).digest()
    assert answer.headers["content-length"] == str(len(data))


def test_files_that_a_large_repository_s_answer_leaves_out_are_found(
    hub: PastHub, gate: RealFirewall
) -> None:
    hub.siblings = 10_000
    hub.page = 200
    files = {f"d/{n:05}.txt": b"%d" % n for n in range(10_050)}
    commit = hub.push(
        "acme/many", OLD, {**files, "e/late.txt": b"late", "e/late.bin": PICKLE}, kind="dataset"
    )
    assert gate.get(f"/hf/datasets/acme/many/resolve/{commit}/e/late.txt").data == b"late"
    tree = gate.get(f"/hf/api/datasets/acme/many/tree/{commit}/e?recursive=False")
    assert sorted(item["path"] for item in told(tree)) == ["e/late.bin", "e/late.txt"]
    assert gate.get(f"/hf/datasets/acme/many/resolve/{commit}/e/none.txt").status == 404


def test_a_configuration_that_names_code_is_warned_about_once_it_was_looked_into(
    hub: PastHub, gate: RealFirewall
) -> None:
    config = b'{"auto_map": {"AutoModel": "other/repo--modeling.Model"}}'
    hub.push("acme/bert", OLD, {**FILES, "config.json": config})
    path = "/hf/acme/bert/resolve/main/config.json"
    for _ in range(2):
        file = gate.get(path)
        assert (file.status, file.data) == (200, config)
        assert "makes its reader run Python: auto_map.AutoModel other/repo--modeling.Model" in str(
            file.headers
        )
    young = hub.push("acme/new", NOW - timedelta(days=1), {**FILES, "config.json": config})
    refused = gate.get(f"/hf/acme/new/resolve/{young}/config.json")
    assert refused.status == 403
    assert told(refused)["policy"] == ["default/young-and-runs-code"]
    listed = siblings(gate.get(f"/hf/api/models/acme/new/revision/{young}"))
    assert listed == ["README.md", "model.safetensors"]


@pytest.mark.parametrize(
    ("path", "data", "what"),
    [
        ("pytorch_model.bin", b"7z\xbc\xaf\x27\x1c" + PICKLE, "a 7z archive"),
        ("model.safetensors", PICKLE, "no safetensors file"),
        ("model.gguf", b"\x7fELF" + PICKLE, "a program"),
        (
            "config.json",
            b'{"_attn_implementation_internal": "evil/kernel"}',
            "_attn_implementation_internal evil/kernel",
        ),
    ],
)
def test_a_file_that_is_not_what_it_says_is_never_handed_out(
    hub: PastHub, gate: RealFirewall, path: str, data: bytes, what: str
) -> None:
    commit = hub.push("acme/bert", OLD, {"README.md": b"x", path: data})
    for _ in range(2):
        refused = gate.get(f"/hf/acme/bert/resolve/{commit}/{path}")
        assert refused.status == 403
        assert what in told(refused)["error"]
        assert told(refused)["policy"] == ["default/blocked-file"]
    assert siblings(gate.get("/hf/api/models/acme/bert")) == ["README.md"]


def test_a_large_file_that_is_not_what_it_says_is_never_completed(hub: PastHub, gate: RealFirewall) -> None:
    data = b"7z\xbc\xaf\x27\x1c" + bytes(18 * 1024 * 1024)
    commit = hub.push("acme/bert", OLD, {"README.md": b"x", "pytorch_model.bin": data})
    hub.elsewhere.faults["*"] = drip(size=6 * 1024 * 1024, pause=0.2)
    path = f"/hf/acme/bert/resolve/{commit}/pytorch_model.bin"
    with pytest.raises(urllib3.exceptions.ProtocolError):
        gate.get(path)
    assert gate.get(path).status == 403
    assert [item.get("delivery") for item in gate.entries() if item["action"] == "fetch"] == [
        "refused",
        "refused",
    ]


def test_a_mirror_that_tells_no_digests_is_asked_for_its_tree(hub: PastHub, gate: RealFirewall) -> None:
    hub.tells_digests = False
    hub.page = 1
    commit = hub.push("acme/bert", OLD, {**FILES, "a/b.txt": b"x"})
    for path in ("config.json", "model.safetensors", "a/b.txt"):
        file = gate.get(f"/hf/acme/bert/resolve/{commit}/{path}")
        assert file.status == 200, path
    assert file.headers["etag"] == f'"{gitblob(b"x")}"'
    hub.faults["/api/models/acme/bert/tree/*"] = status(404)
    hub.push("acme/other", OLD, FILES)
    hub.faults["/api/models/acme/other/tree/*"] = wrong(b"[]")
    assert gate.get("/hf/acme/other/resolve/main/config.json").status == 502


def test_a_bad_name_is_known_also_where_it_leads_elsewhere_now(tmp_path: Path, hub: PastHub) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    hub.renamed["model", "evil/shell"] = "acme/bert"
    bad = malware("Hugging Face", "evil/shell", commit)
    with gated(tmp_path / "gate", hub, advisories=[bad]) as gate:
        refused = gate.get(f"/hf/evil/shell/resolve/{commit}/config.json")
        assert "default/known-bad-repository" in told(refused)["policy"]
        assert gate.get(f"/hf/acme/bert/resolve/{commit}/config.json").status == 200


def test_too_many_paths_at_once_are_refused(hub: PastHub, gate: RealFirewall) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    many = b"&".join(b"paths=%d" % n for n in range(10_001))
    assert gate.post(f"/hf/api/models/acme/bert/paths-info/{commit}", many).status == 400


def test_what_is_fresh_is_not_asked_for_again_and_advisories_count_at_once(
    tmp_path: Path, hub: PastHub
) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    path = f"/hf/acme/bert/resolve/{commit}/config.json"
    with gated(tmp_path / "gate", hub, GateSettings(fresh_seconds=60.0)) as gate:
        for _ in range(3):
            assert gate.get(path).status == 200
            assert gate.get("/hf/api/models/acme/bert").status == 200
        asked = [seen for seen in hub.asked if "/api/models/" in seen]
        assert sorted(asked) == ["/api/models/acme/bert", f"/api/models/acme/bert/revision/{commit}"]
        gate.advised(malware("Hugging Face", "acme/bert", commit))
        gate.reloaded()
        assert gate.get(path).status == 403
        assert gate.get("/hf/api/models/acme/bert").status == 403


def test_a_large_file_that_lies_where_the_settings_do_not_allow_is_not_fetched(
    tmp_path: Path, hub: PastHub
) -> None:
    commit = hub.push("acme/bert", OLD, FILES)
    own = hub.url.removeprefix("http://")
    for place, files, number in (("none", (own,), 502), ("named", (own, hub.elsewhere.host), 200)):
        origin = Origin("Hugging Face", "hub", hub.url, files=files)
        with firewall(tmp_path / place, origins=[origin], now=lambda: hub.now) as gate:
            assert gate.get(f"/hf/acme/bert/resolve/{commit}/model.safetensors").status == number
            assert gate.get(f"/hf/acme/bert/resolve/{commit}/config.json").status == 200
            assert bool(hub.elsewhere.seen) is (number == 200)


def test_internal_models_are_asked_of_their_owner_alone(tmp_path: Path, hub: PastHub) -> None:
    with serving(PastHub(NOW)) as inside:
        inside.push("acme/secret", OLD, FILES)
        hub.push("acme/bert", OLD, FILES)
        hub.push("other/bert", OLD, FILES)
        origins = [
            Origin("Hugging Face", "inside", inside.url, owns=("acme/*",)),
            Origin("Hugging Face", "hub", hub.url),
        ]
        with firewall(tmp_path / "gate", origins=origins, now=lambda: hub.now) as gate:
            assert gate.get("/hf/acme/secret/resolve/main/config.json").status == 200
            assert gate.get("/hf/acme/bert/resolve/main/config.json").status == 401
            assert gate.get("/hf/other/bert/resolve/main/config.json").status == 200
        assert not [path for path in hub.asked if "acme" in path]


def test_without_a_hub_that_is_said(tmp_path: Path, hub: PastHub) -> None:
    with firewall(tmp_path / "gate", now=lambda: hub.now) as gate:
        answer = gate.get("/hf/api/models/acme/bert")
        assert answer.status == 502
        assert "no hub is set up" in told(answer)["error"]


def test_a_pickle_on_a_branch_that_changed_yesterday_is_refused_and_its_commit_is_told(
    hub: PastHub, gate: RealFirewall
) -> None:
    hub.push("acme/bert", OLD, FILES)
    new = hub.push("acme/bert", NOW - timedelta(days=1), {**FILES, "pytorch_model.bin": PICKLE})
    refused = gate.get("/hf/acme/bert/resolve/main/pytorch_model.bin")
    assert refused.status == 403
    assert told(refused)["policy"] == ["default/just-changed-and-runs-code"]
    assert told(refused)["allowed_version"] == new
    assert told(refused)["allowed_from"] == "2026-11-26 12:00 UTC"
    assert gate.get("/hf/acme/bert/resolve/main/model.safetensors").status == 200
    assert gate.get(f"/hf/acme/bert/resolve/{new}/pytorch_model.bin").status == 200
    hub.now = NOW + timedelta(days=6)
    assert gate.get("/hf/acme/bert/resolve/main/pytorch_model.bin").status == 200
