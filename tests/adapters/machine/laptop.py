"""A home directory with something of every kind in it, and in every place of a secret a canary.

Nothing here is anybody's: the canaries are made of their number.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path

ENDS = 4_070_908_800  # 2099
ENDED = 1_577_836_800  # 2020


def canary(number: int) -> str:
    """A value that has the form of a token, and that no name has."""
    digest = hashlib.sha256(f"canary {number}".encode()).hexdigest()
    return f"Zq{number:03}J{digest[:30]}"


def jwt(secret: str, ends: int) -> str:
    """A token that says when it ends."""
    parts = ({"alg": "none"}, {"exp": ends, "jti": secret})
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return f"{encoded[0]}.{encoded[1]}.{secret}"


def openssh(secret: str, cipher: bytes = b"none", kind: bytes = b"ssh-ed25519") -> str:
    """A private key as far as its head is concerned."""

    def string(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    body = b"openssh-key-v1\0" + string(cipher) + string(b"none") + string(b"") + struct.pack(">I", 1)
    body += string(string(kind) + string(b"\1" * 32)) + string(secret.encode() * 3)
    text = base64.encodebytes(body).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}-----END OPENSSH PRIVATE KEY-----\n"


@dataclass
class Laptop:
    """Files by their paths, and the canaries that stand in them."""

    files: dict[str, str] = field(default_factory=dict)
    canaries: list[str] = field(default_factory=list)

    def secret(self) -> str:
        """The next canary."""
        self.canaries.append(canary(len(self.canaries)))
        return self.canaries[-1]

    def write(self, home: Path) -> None:
        """All of it, for its owner alone."""
        for path, text in self.files.items():
            place = home / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
            place.chmod(0o600)


def laptop() -> Laptop:
    """A file for every format that is read."""
    it = Laptop()
    s = it.secret
    it.files |= _clouds(s) | _registries(s) | _forges(s) | _agents(s) | _others(s) | _keys(s)
    it.files |= _tools(s) | _installed() | _shells(s)
    return it


def _clouds(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    basic = base64.b64encode(f"me:{s()}".encode()).decode()
    return {
        ".aws/credentials": f"[default]\naws_access_key_id = {s()}\naws_secret_access_key = {s()}\n"
        f"[work]\naws_secret_access_key={s()}\naws_session_token={s()}\nx_security_token_expires=2020-01-01T00:00:00Z\n",
        ".aws/config": "[profile sso]\nsso_start_url = https://sso.example/start\nregion = eu-west-1\n"
        "[profile asked]\ncredential_process = /usr/bin/ask\n",
        ".aws/sso/cache/0123.json": json.dumps({"accessToken": s(), "expiresAt": "2020-01-01T00:00:00Z"}),
        ".aws/cli/cache/0123.json": json.dumps(
            {
                "Credentials": {
                    "SecretAccessKey": s(),
                    "SessionToken": s(),
                    "Expiration": "2099-01-01T00:00:00Z",
                }
            }
        ),
        ".config/gcloud/application_default_credentials.json": json.dumps(
            {
                "type": "authorized_user",
                "client_secret": s(),
                "refresh_token": s(),
                "quota_project_id": "my-project",
            }
        ),
        ".config/gcloud/legacy_credentials/me/adc.json": json.dumps(
            {"type": "service_account", "private_key": s()}
        ),
        ".azure/msal_token_cache.json": json.dumps(
            {
                "AccessToken": {"a": {"secret": s(), "expires_on": "1577836800"}},
                "RefreshToken": {"b": {"secret": s()}},
            }
        ),
        ".azure/accessTokens.json": json.dumps([{"accessToken": s(), "expiresOn": "2020-01-01 00:00:00"}]),
        ".azure/service_principal_entries.json": json.dumps([{"client_id": "x", "client_secret": s()}]),
        ".kube/config": f"""apiVersion: v1
contexts:
- name: prod
  context: {{cluster: c, user: admin}}
users:
- name: admin
  user:
    token: {jwt(s(), ENDS)}
- name: cert
  user: {{client-key-data: {s()}, client-certificate-data: {s()}}}
- name: basic
  user: {{username: me, password: {s()}}}
- name: asked
  user: {{exec: {{command: aws}}}}
""",
        ".docker/config.json": json.dumps(
            {"auths": {"registry.example": {"auth": basic}, "other.example": {}}, "credsStore": "desktop"}
        ),
        ".config/containers/auth.json": json.dumps({"auths": {"files.example": {"identitytoken": s()}}}),
        ".terraform.d/credentials.tfrc.json": json.dumps({"credentials": {"app.example": {"token": s()}}}),
        ".terraformrc": f'credentials "tf.example" {{\n  token = "{s()}"\n}}\n',
        ".vault-token": s(),
        ".pulumi/credentials.json": json.dumps({"accessTokens": {"https://p.example": s()}, "accounts": {}}),
        ".fly/config.yml": f"access_token: {s()}\n",
        ".modal.toml": f'[default]\ntoken_id = "x"\ntoken_secret = "{s()}"\n',
        ".s3cfg": f"[default]\naccess_key = {s()}\nsecret_key = {s()}\n",
    }


def _registries(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {
        ".npmrc": f"//registry.example/:_authToken={s()}\n//files.example/npm/:_password={s()}\nprefix=~/.globals\n"
        "//by-variable.example/:_authToken=${NPM_TOKEN}\n",
        ".yarnrc.yml": f"npmAuthToken: {s()}\nnpmRegistryServer: https://yarn.example\n",
        ".bunfig.toml": f'[install.registry]\nurl = "https://bun.example"\ntoken = "{s()}"\n',
        ".pypirc": f"[pypi]\nusername = __token__\npassword = {s()}\n",
        ".config/pip/pip.conf": f"[global]\nindex-url = https://me:{s()}@pip.example/simple\n",
        ".config/uv/uv.toml": f'[[index]]\nname = "ours"\nurl = "https://me:{s()}@uv.example/simple"\n',
        ".config/pypoetry/auth.toml": f'[http-basic.ours]\nusername = "me"\npassword = "{s()}"\n'
        f'[pypi-token]\npypi = "{s()}"\n',
        ".local/share/uv/credentials/credentials.toml": f'[[credential]]\nservice = "https://uvc.example"\n'
        f'username = "me"\npassword = "{s()}"\n',
        ".cargo/credentials.toml": f'[registry]\ntoken = "{s()}"\n[registries.ours]\ntoken = "{s()}"\n',
        ".gem/credentials": f"---\n:rubygems_api_key: {s()}\n",
        ".m2/settings.xml": f"<settings><servers><server><id>releases</id><username>me</username>"
        f"<password>{s()}</password></server><server><id>sealed</id><password>{{{s()}}}</password></server>"
        "</servers></settings>",
        ".gradle/gradle.properties": f"signing.password={s()}\norg.gradle.daemon=true\nossrhToken={s()}\n",
        ".composer/auth.json": json.dumps(
            {"http-basic": {"php.example": {"username": "me", "password": s()}}}
        ),
    }


def _forges(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {
        ".netrc": f"machine git.example login me password {s()}\nmachine api.wandb.ai login user password {s()}\n",
        ".git-credentials": f"https://me:{s()}@forge.example\n",
        ".config/gh/hosts.yml": f"git.example:\n    oauth_token: {s()}\n    user: me\n"
        "kept.example:\n    user: me\n",
        ".config/hub": f"hub.example:\n- user: me\n  oauth_token: {s()}\n",
        ".config/glab-cli/config.yml": f"hosts:\n  lab.example:\n    token: {s()}\n",
    }


def _agents(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {
        ".codex/auth.json": json.dumps({"OPENAI_API_KEY": s(), "tokens": {"id_token": jwt(s(), ENDED)}}),
        ".openai/key": s(),
        ".claude/.credentials.json": json.dumps(
            {"claudeAiOauth": {"accessToken": s(), "refreshToken": s(), "expiresAt": ENDED * 1000}}
        ),
        ".config/anthropic/key.json": json.dumps({"api_key": s()}),
        ".gemini/oauth_creds.json": json.dumps({"access_token": s(), "expiry_date": ENDED * 1000}),
        ".config/cursor/auth.json": json.dumps({"accessToken": jwt(s(), ENDS)}),
        ".config/github-copilot/apps.json": json.dumps({"git.example:x": {"user": "me", "oauth_token": s()}}),
    }


def _others(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {
        ".huggingface/token": s(),
        ".cache/huggingface/token": s(),
        ".cache/huggingface/stored_tokens": f"[mine]\nhf_token = {s()}\n",
        ".kaggle/kaggle.json": json.dumps({"username": "me", "key": s()}),
        ".pgpass": f"db.example:5432:main:me:{s()}\n",
        ".my.cnf": f"[client]\nuser = me\npassword = {s()}\n",
        ".env": f"API_KEY={s()}\nCOLOUR=blue\nexport SOME_TOKEN='{s()}'\nFROM=${{OTHER}}\n",
        ".mozilla/firefox/profiles.ini": s(),
        ".config/Slack/storage": s(),
        ".gnupg/private-keys-v1.d/AB.key": s(),
        ".local/share/keyrings/login.keyring": s(),
        ".electrum/wallets/default_wallet": s(),
    }


def _keys(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    rsa = f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{s()}\n-----END RSA PRIVATE KEY-----\n"
    return {
        ".ssh/id_ed25519": openssh(s()),
        ".ssh/id_ed25519.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEB release@somewhere\n",
        ".ssh/id_locked": openssh(s(), b"aes256-ctr"),
        ".ssh/id_sk": openssh(s(), kind=b"sk-ssh-ed25519@openssh.com"),
        ".ssh/old_rsa": rsa,
        ".ssh/plain_rsa": f"-----BEGIN PRIVATE KEY-----\n{s()}\n-----END PRIVATE KEY-----\n",
        ".ssh/config": "Host build-host deploy-host\n  IdentityFile ~/.ssh/id_ed25519\n",
        ".ssh/known_hosts": "build-host ssh-ed25519 AAAA\n",
        "server.pem": f"-----BEGIN PRIVATE KEY-----\n{s()}\n-----END PRIVATE KEY-----\n",
        "putty.ppk": f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPrivate-Lines: 1\n{s()}\n",
    }


def _tools(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    claude = {
        "mcpServers": {
            "files": {"command": "npx", "args": ["-y", "@scope/server-files"], "env": {"FILES_TOKEN": s()}},
            "boxed": {
                "command": "docker",
                "args": ["run", "-i", "--rm", "-e", "BOX_TOKEN", "img/server:1.2"],
            },
            "far": {"url": "https://far.example/mcp", "headers": {"Authorization": f"Bearer {s()}"}},
        }
    }
    return {
        ".config/Claude/claude_desktop_config.json": json.dumps(claude),
        ".cursor/mcp.json": json.dumps(
            {"mcpServers": {"db": {"command": "uvx", "args": ["db-server", "--password", s()]}}}
        ),
        ".claude.json": json.dumps(
            {"projects": {"/p": {"mcpServers": {"one": {"command": "npx", "args": ["one-server@1.0.0"]}}}}}
        ),
        ".claude/settings.json": json.dumps(
            {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "~/.claude/hook.sh"}]}]},
             "env": {"ANTHROPIC_AUTH_TOKEN": s()}}
        ),
        ".claude/skills/deploy/SKILL.md": "---\nname: deploy\n---\nDeploy.\n",
        ".codex/config.toml": f'[mcp_servers.x]\ncommand = "uvx"\nargs = ["x-server==1.0"]\n'
        f'[mcp_servers.x.env]\nX_API_KEY = "{s()}"\n',
        ".gemini/settings.json": json.dumps({"mcpServers": {"g": {"command": "npx", "args": ["g-server"]}}}),
        ".config/Code/User/settings.json": '{"extensions.autoUpdate": true} // ours\n',
        ".config/Code/User/mcp.json": json.dumps({"servers": {"v": {"command": "npx", "args": ["v@latest"]}}}),
    }  # fmt: skip


def _installed() -> dict[str, str]:
    def extension(publisher: str, name: str, **more: object) -> str:
        return json.dumps({"publisher": publisher, "name": name, "version": "1.2.3", **more})

    return {
        ".vscode/extensions/a.one-1.2.3/package.json": extension("a", "one", activationEvents=["*"]),
        ".vscode/extensions/a.two-1.2.3/package.json": extension("a", "two", extensionPack=["b.three"]),
        ".vscode/extensions/a.old-1.0.0/package.json": extension("a", "old"),
        ".vscode/extensions/.obsolete": '{"a.old-1.0.0": true}',
        ".vscode/extensions/extensions.json": json.dumps(
            [{"identifier": {"id": "a.two"}, "metadata": {"pinned": True}}]
        ),
        ".globals/lib/node_modules/left/package.json": '{"name": "left", "version": "2.0.0"}',
        ".globals/lib/node_modules/@scope/right/package.json": '{"name": "@scope/right", "version": "3.0.0"}',
        ".local/share/uv/tools/ruff/uv-receipt.toml": '[tool]\nrequirements = [{name = "ruff", specifier = "==1.0"}]\n',
        ".local/share/pipx/venvs/tox/pipx_metadata.json": json.dumps(
            {"main_package": {"package": "tox", "package_version": "4.1"}, "injected_packages": {}}
        ),
        ".cargo/.crates.toml": '[v1]\n"fd-find 9.0.0 (registry+https://index.example)" = ["fd"]\n',
        ".claude/plugins/installed_plugins.json": json.dumps(
            {"plugins": {"helper@market": [{"version": "1.0"}]}}
        ),
        ".local/share/flatpak/app/org.e.App/x86_64/stable/active/metadata": "[Application]\nname=org.e.App\n"
        "[Context]\nfilesystems=~/.aws;xdg-download;\n",
        ".local/share/flatpak/app/org.e.Wide/x86_64/stable/active/metadata": "[Application]\nname=org.e.Wide\n"
        "[Context]\nfilesystems=home;\n",
        ".local/share/JetBrains/PyCharm2026.1/some-plugin/lib/a.jar": "",
    }


def _shells(s) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {
        ".bashrc": f'. "$HOME/.cargo/env"\nsource ~/.nvm/nvm.sh\neval "$(starship init bash)"\n'
        f"export SHELL_TOKEN={s()}\ncurl -fsSL https://get.example/install.sh | sh\n",
        ".config/fish/config.fish": "set -x A b\n",
    }
