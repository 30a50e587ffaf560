"""A hub that shows what had been pushed by `now`: info, trees in pages, refs, files, large files elsewhere, xet.

    with serving(PastHub(now=at("2026-11-20T00:00:00Z"))) as hub:
        hub.born["acme"] = at("2021-01-01T00:00:00Z")
        commit = hub.push("acme/bert", at("2024-01-01T00:00:00Z"), {"config.json": b"{}", "model.safetensors": WEIGHTS})
        hub.repositories["model", "acme/bert"].gated = "auto"
        hub.renamed["model", "old/bert"] = "acme/bert"

Files of more than `LARGE` bytes, and those whose suffix is in `LFS`, are large ones: the hub redirects to
`elsewhere` (another port; signed addresses that stand for a store of its own) and offers xet beside it.
`hub.flags` are what its own scan says, by (name, path). Every file is inert.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, unquote

from .past import Past, Reply, Request

LARGE = 64 * 1024
TIME = "%Y-%m-%dT%H:%M:%S.000Z"
LFS = frozenset({"safetensors", "bin", "pt", "pth", "ckpt", "pkl", "h5", "gguf", "parquet", "onnx", "7z"})
_KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}


def gitblob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pointer(data: bytes) -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
        digest.encode(),
        len(data),
    )


@dataclass
class Commit:
    id: str
    at: datetime
    files: dict[str, bytes] = field(repr=False)


@dataclass
class Repository:
    kind: str
    name: str
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    created: datetime | None = None
    gated: str | bool = False
    private: bool = False
    more: dict[str, object] = field(default_factory=dict)

    def large(self, path: str, data: bytes) -> bool:
        return len(data) > LARGE or path.rpartition(".")[2].lower() in LFS


class Elsewhere(Past):
    """The store to which a hub redirects: it knows files by digest, and wants no credential."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        super().__init__()

    def answer(self, request: Request) -> Reply:
        if "authorization" in request.headers:
            return Reply(400, b"only one auth mechanism allowed")
        data = self.data.get(request.path.lstrip("/"))
        if data is None:
            return Reply(404)
        return Reply(200, data, "application/octet-stream")


class PastHub(Past):
    def __init__(self, now: datetime = datetime(2026, 11, 20, tzinfo=UTC)) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.renamed: dict[tuple[str, str], str] = {}
        self.born: dict[str, datetime] = {}
        self.flags: dict[tuple[str, str], str] = {}
        self.page = 1_000
        self.siblings = 1_000_000
        self.token = ""
        self.tells_digests = True
        self.elsewhere = Elsewhere()
        super().__init__(now)
        self.etags = False

    def close(self) -> None:
        self.elsewhere.close()
        super().close()

    def push(
        self,
        name: str,
        when: datetime,
        files: Mapping[str, bytes],
        kind: str = "model",
        created: datetime | None = None,
    ) -> str:
        repository = self.repositories.setdefault((kind, name), Repository(kind, name))
        if not repository.commits:
            repository.created = created or when
        text = f"{kind} {name} {when.isoformat()} {sorted(files)}".encode()
        commit = Commit(hashlib.sha1(text).hexdigest(), when, dict(files))
        repository.commits.append(commit)
        for path, data in files.items():
            if repository.large(path, data):
                self.elsewhere.data[hashlib.sha256(data).hexdigest()] = data
        return commit.id

    def answer(self, request: Request) -> Reply:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        if parts[:1] == ["api"] and parts[1:2] and parts[1] in _KINDS:
            return self._api(_KINDS[parts[1]], parts[2:], request)
        if parts[:1] == ["api"] and parts[1:2] and parts[1] in ("users", "organizations"):
            return self._overview(parts)
        kind = _KINDS.get(parts[0], "model")
        return self._resolve(kind, parts[1:] if parts[0] in _KINDS else parts, request)

    def _overview(self, parts: list[str]) -> Reply:
        born = self.born.get(parts[2])
        if born is None or parts[1] == "users":
            return Reply(404, b'{"error":"not found"}')
        return Reply(200, json.dumps({"name": parts[2], "createdAt": born.strftime(TIME)}).encode())

    def _api(self, kind: str, parts: list[str], request: Request) -> Reply:
        split = 1 if len(parts) == 1 or parts[1] in ("revision", "tree", "refs", "paths-info") else 2
        name, rest = "/".join(parts[:split]), parts[split:]
        to = self.renamed.get((kind, name))
        if to:
            below = "/".join(quote(part, safe="") for part in rest)
            query = f"?{request.query}" if request.query else ""
            return Reply(307, headers={"Location": f"/api/{kind}s/{to}{'/' + below if below else ''}{query}"})
        found = self.repositories.get((kind, name))
        if found is None or not self._seen(found) or (found.private and not self._known(request)):
            return _refused(401, "RepoNotFound", "Invalid username or password.")
        if rest[:1] == ["refs"]:
            return self._refs(found)
        commit = self._commit(found, rest[1] if len(rest) > 1 else "main")
        if commit is None:
            return _refused(404, "RevisionNotFound", f"Invalid rev id: {rest[1]}")
        if not rest or rest[0] == "revision":
            return self._info(found, commit)
        if rest[0] == "tree":
            return self._tree(found, commit, "/".join(rest[2:]), request)
        return self._paths(found, commit, request)

    def _seen(self, repository: Repository) -> list[Commit]:
        return [commit for commit in repository.commits if commit.at <= self.now]

    def _known(self, request: Request) -> bool:
        return bool(self.token) and request.headers.get("authorization") == f"Bearer {self.token}"

    def _commit(self, repository: Repository, revision: str) -> Commit | None:
        seen = self._seen(repository)
        revision = repository.tags.get(revision, revision)
        if revision == "main":
            return seen[-1]
        return next((commit for commit in seen if commit.id == revision), None)

    def _info(self, repository: Repository, commit: Commit) -> Reply:
        siblings = []
        for path, data in list(commit.files.items())[: self.siblings]:
            item: dict[str, object] = {"rfilename": path, "size": len(data), "blobId": gitblob(data)}
            if repository.large(path, data):
                item["blobId"] = gitblob(pointer(data))
                item["lfs"] = {
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "size": len(data),
                    "pointerSize": len(pointer(data)),
                }
                item["xetHash"] = hashlib.sha256(b"xet" + data).hexdigest()
            siblings.append(item if self.tells_digests else {"rfilename": path})
        flags = [
            {"path": path, "level": level}
            for (name, path), level in self.flags.items()
            if name == repository.name
        ]
        assert repository.created is not None
        told = {
            "_id": "0",
            "id": repository.name,
            "sha": commit.id,
            "author": repository.name.partition("/")[0],
            "createdAt": repository.created.strftime(TIME),
            "lastModified": self._seen(repository)[-1].at.strftime(TIME),
            "private": repository.private,
            "gated": repository.gated,
            "disabled": False,
            "downloads": 1,
            "likes": 0,
            "tags": [],
            "siblings": siblings,
            "securityRepoStatus": {"scansDone": True, "filesWithIssues": flags},
            **repository.more,
        }
        return Reply(200, json.dumps(told).encode())

    def _entries(self, repository: Repository, commit: Commit) -> list[dict[str, object]]:
        entries: list[dict[str, object]] = []
        folders: set[str] = set()
        for path, data in commit.files.items():
            parts = path.split("/")
            folders |= {"/".join(parts[:end]) for end in range(1, len(parts))}
            item: dict[str, object] = {
                "type": "file",
                "oid": gitblob(data),
                "size": len(data),
                "path": path,
            }
            if repository.large(path, data):
                item["oid"] = gitblob(pointer(data))
                item["lfs"] = {
                    "oid": hashlib.sha256(data).hexdigest(),
                    "size": len(data),
                    "pointerSize": len(pointer(data)),
                }
                item["xetHash"] = hashlib.sha256(b"xet" + data).hexdigest()
            entries.append(item)
        entries += [{"type": "directory", "oid": gitblob(f.encode()), "size": 0, "path": f} for f in folders]
        return sorted(entries, key=lambda item: str(item["path"]))

    def _tree(self, repository: Repository, commit: Commit, below: str, request: Request) -> Reply:
        query = parse_qs(request.query)
        deep = query.get("recursive", [""])[0].lower() == "true"
        start = int(query.get("cursor", ["0"])[0])
        prefix = f"{below}/" if below else ""
        entries = [
            item
            for item in self._entries(repository, commit)
            if str(item["path"]).startswith(prefix) and (deep or "/" not in str(item["path"])[len(prefix) :])
        ]
        if below and not entries:
            return _refused(404, "EntryNotFound", "not found")
        headers = {}
        if start + self.page < len(entries):
            kind = f"{repository.kind}s"
            path = f"/api/{kind}/{repository.name}/tree/{commit.id}{'/' + below if below else ''}"
            following = f"{self.url}{path}?recursive={deep}&cursor={start + self.page}"
            headers["Link"] = f'<{following}>; rel="next"'
        return Reply(200, json.dumps(entries[start : start + self.page]).encode(), headers=headers)

    def _paths(self, repository: Repository, commit: Commit, request: Request) -> Reply:
        wanted = set(parse_qs(request.body.decode()).get("paths", []))
        entries = [item for item in self._entries(repository, commit) if item["path"] in wanted]
        return Reply(200, json.dumps(entries).encode())

    def _refs(self, repository: Repository) -> Reply:
        head = self._seen(repository)[-1].id
        told = {
            "branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": head}],
            "converts": [],
            "tags": [
                {"name": name, "ref": f"refs/tags/{name}", "targetCommit": commit}
                for name, commit in repository.tags.items()
            ],
        }
        return Reply(200, json.dumps(told).encode())

    def _resolve(self, kind: str, parts: list[str], request: Request) -> Reply:
        at = 2 if parts[2:3] == ["resolve"] else 1
        name, rest = "/".join(parts[:at]), parts[at + 1 :]
        found = self.repositories.get((kind, self.renamed.get((kind, name), name)))
        if found is None or len(rest) < 2:
            return _refused(401, "RepoNotFound", "Invalid username or password.")
        commit = self._commit(found, rest[0])
        if commit is None:
            return _refused(404, "RevisionNotFound", f"Invalid rev id: {rest[0]}")
        if found.gated and not self._known(request):
            return _refused(
                403, "GatedRepo", f"Access to {kind} {name} is restricted and you are not in the list."
            )
        path = "/".join(rest[1:])
        data = commit.files.get(path)
        if data is None:
            return _refused(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": commit.id})
        headers = {"X-Repo-Commit": commit.id, "ETag": f'"{gitblob(data)}"'}
        if not found.large(path, data):
            return Reply(200, data, "text/plain", headers)
        digest = hashlib.sha256(data).hexdigest()
        return Reply(
            302,
            headers={
                **headers,
                "ETag": f'"{gitblob(pointer(data))}"',
                "X-Linked-Etag": f'"{digest}"',
                "X-Linked-Size": str(len(data)),
                "X-Xet-Hash": hashlib.sha256(b"xet" + data).hexdigest(),
                "Link": f'<{self.url}/api/{kind}s/{name}/xet-read-token/{commit.id}>; rel="xet-auth"',
                "Location": f"{self.elsewhere.url}/{digest}",
            },
        )


def _refused(status: int, code: str, message: str, more: Mapping[str, str] = {}) -> Reply:
    headers = {"X-Error-Code": code, "X-Error-Message": message, **more}
    return Reply(status, json.dumps({"error": message}).encode(), headers=headers)
