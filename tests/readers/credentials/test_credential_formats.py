"""Each format of credentials: what is kept, when it ends, how it is held, and what is left out."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.adapters.machine.laptop import ENDED, ENDS, canary, jwt, laptop, openssh

from seawall.kernel.credential import Credential, Held, moment, moment_of
from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.readers.credentials import FORMATS, ssh

BY_PLACE = {place: item for item in FORMATS for place in item.places}


def read(place: str, text: str) -> tuple[Credential, ...]:
    item = BY_PLACE[place]
    found = item.read(text.encode(), f"~/{place}", DEFAULT_LIMITS)
    assert found.format == item.id
    assert all(one.path == f"~/{place}" for one in found.credentials)
    return found.credentials


def ids(found: tuple[Credential, ...]) -> list[str]:
    return [one.id for one in found]


def test_the_laptop_has_something_of_every_format() -> None:
    files = laptop().files
    for item in FORMATS:
        if item.id in ("netlify", "vercel", "firebase", "digitalocean", "wrangler", "boto", "rclone", "databricks",
                       "oracle-cloud", "bitwarden", "anthropic-files", "openai-files"):  # fmt: skip
            continue  # of the same reader as others that are there
        mine = [p for p in files if any(p == place or ("*" in place and p.startswith(place.partition("*")[0]))
                                        for place in item.places)]  # fmt: skip
        found = [c for p in mine for c in item.read(files[p].encode(), p, DEFAULT_LIMITS).credentials]
        assert found, item.id
        assert not [c for c in found if "not understood" in c.note], item.id


def test_profiles_of_aws() -> None:
    text = (
        "[default]\naws_access_key_id=A\naws_secret_access_key = abc\n# note\n[empty]\nregion = x\n[work]\n"
        "aws_secret_access_key=abc\naws_session_token=abc\nx_security_token_expires=2099-01-02T03:04:05+01:00\ns3 =\n"
        "  max_concurrent_requests = 5\n[asks]\ncredential_process = /x\n[profile sso]\nsso_session = s\n"
        "[sso-session s]\nsso_start_url = https://sso.example\n"
    )
    found = read(".aws/credentials", text)
    assert ids(found) == ["aws/default", "aws/work", "aws/asks", "aws/sso"]
    assert [one.line for one in found] == [3, 8, 13, 15]
    assert [one.held for one in found] == [Held.FILE, Held.FILE, Held.SESSION, Held.SESSION]
    assert found[1].expires == "2099-01-02T02:04:05Z"
    assert found[0].expires == ""


def test_logins_of_aws_end() -> None:
    (one,) = read(
        ".aws/sso/cache/*.json", json.dumps({"accessToken": "abc", "expiresAt": "2020-01-01T00:00:00UTC"})
    )
    assert one.id == "aws-login/login"
    assert one.expired(datetime(2020, 1, 2, tzinfo=UTC))
    assert not one.expired(datetime(2019, 1, 2, tzinfo=UTC))
    (renewing,) = read(
        ".aws/sso/cache/*.json",
        json.dumps({"accessToken": "a1", "refreshToken": "b1", "expiresAt": "2020-01-01T00:00:00Z"}),
    )
    assert renewing.renews
    assert not renewing.expired(datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("kind", "key", "held", "renews"),
    [
        ("authorized_user", "refresh_token", Held.FILE, True),
        ("service_account", "private_key", Held.FILE, False),
        ("external_account", "audience", Held.SESSION, False),
    ],
)
def test_google_cloud(kind: str, key: str, held: Held, renews: bool) -> None:
    place = ".config/gcloud/application_default_credentials.json"
    (one,) = read(place, json.dumps({"type": kind, key: "abc", "quota_project_id": "my-project"}))
    assert (one.id, one.held, one.renews, one.scope) == (f"gcloud/{kind}", held, renews, "my-project")


def test_azure() -> None:
    tokens = {"AccessToken": {"k": {"secret": "abc", "expires_on": str(ENDED)}}}
    (one,) = read(".azure/msal_token_cache.json", json.dumps(tokens))
    assert one.expires == "2020-01-01T00:00:00Z"
    (login,) = read(
        ".azure/msal_token_cache.json", json.dumps({**tokens, "RefreshToken": {"k": {"secret": "abc"}}})
    )
    assert login.renews
    assert read(".azure/msal_token_cache.json", json.dumps({"AccessToken": {}})) == ()
    assert ids(
        read(".azure/service_principal_entries.json", '[{"client_secret": "abc"}, {"client_id": "x"}]')
    ) == ["azure/service principal"]


def test_kubernetes_tells_contexts_and_ends() -> None:
    found = read(".kube/config", laptop().files[".kube/config"])
    assert ids(found) == ["kubernetes/admin", "kubernetes/cert", "kubernetes/basic", "kubernetes/asked"]
    assert found[0].scope == "contexts: prod"
    assert found[0].expires == "2099-01-01T00:00:00Z"
    assert found[3].held is Held.SESSION


def test_a_client_certificate_tells_its_end() -> None:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "someone")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begins).not_valid_after(begins + timedelta(days=90))
    data = base64.b64encode(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)).decode()
    text = f"users:\n- name: me\n  user:\n    client-certificate-data: {data}\n    client-key-data: abc\n"
    (one,) = read(".kube/config", text)
    assert one.expires == "2026-04-01T00:00:00Z"


def test_registries_of_images() -> None:
    text = json.dumps(
        {
            "auths": {"https://one.example/v1/": {"auth": "bWU6YWJj"}, "two.example": {}},
            "credsStore": "desktop",
            "credHelpers": {"three.example": "ecr-login"},
        }
    )
    found = read(".docker/config.json", text)
    assert [(one.name, one.held) for one in found] == [
        ("one.example", Held.FILE),
        ("three.example", Held.SESSION),
        ("two.example", Held.SESSION),
    ]


def test_netrc() -> None:
    text = (
        "# note\nmachine one.example\n  login me password abc\nmachine two.example login me\n"
        'macdef init\ncd /pub password x\n\ndefault login me password "a b"\nmachine api.wandb.ai password abc\n'
    )
    found = read(".netrc", text)
    assert ids(found) == ["netrc/one.example", "netrc/any host", "wandb/api.wandb.ai"]
    assert [one.line for one in found] == [3, 8, 9]


def test_forges() -> None:
    assert ids(read(".git-credentials", "https://me:abc@one.example\n\nhttps://x:y@two.example/z\n")) == [
        "git/one.example",
        "git/two.example",
    ]
    hosts = "one.example:\n  oauth_token: abc\ntwo.example:\n  user: me\n  users:\n    me:\n"
    found = read(".config/gh/hosts.yml", hosts)
    assert [(one.name, one.held) for one in found] == [
        ("one.example", Held.FILE),
        ("two.example", Held.SESSION),
    ]
    assert ids(read(".config/hub", "one.example:\n- user: me\n  oauth_token: abc\n")) == [
        "github/one.example"
    ]
    lab = "hosts:\n  one.example:\n    token: abc\n  two.example:\n    token:\n"
    assert ids(read(".config/glab-cli/config.yml", lab)) == ["gitlab/one.example"]


@pytest.mark.parametrize(
    ("text", "encrypted", "note"),
    [
        (openssh("x"), False, "ssh-ed25519"),
        (openssh("x", b"aes256-ctr"), True, "ssh-ed25519"),
        (openssh("x", kind=b"sk-ssh-ed25519@openssh.com"), False,
         "sk-ssh-ed25519@openssh.com, useless without the hardware key"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nabc\n-----END ENCRYPTED PRIVATE KEY-----\n", True, ""),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n", False, ""),
        ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nabc\n-----END RSA PRIVATE KEY-----\n", True, "rsa"),
        ("PuTTY-User-Key-File-2: ssh-rsa\nEncryption: aes256-cbc\nComment: c\n", True, "ssh-rsa"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", None, ""),
    ],
)  # fmt: skip
def test_private_keys_tell_whether_they_are_locked(text: str, encrypted: bool | None, note: str) -> None:
    (one,) = read(".ssh/*", text)
    assert (one.encrypted, one.note, one.line) == (encrypted, note, 1)


@pytest.mark.parametrize(
    "text", ["ssh-ed25519 AAAA me@host\n", "Host *\n", "", "\0\1\2", "host ssh-rsa AAAA\n"]
)
def test_what_is_no_private_key_is_nothing(text: str) -> None:
    assert read(".ssh/*", text) == ()


def test_a_private_key_that_is_cut_is_told() -> None:
    result = BY_PLACE[".ssh/*"].read(openssh("x")[:80].encode(), "~/.ssh/k", DEFAULT_LIMITS)
    assert result.problems
    assert result.credentials[0].note.startswith("not understood")


def test_comments_of_public_keys_end_at_their_at() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEB"
    assert ssh.public_comment(f"{key} release@somewhere\n".encode()) == "release"
    assert ssh.public_comment(f"{key}\n".encode()) == ""
    assert ssh.public_comment(f"{key} {canary(1)}\n".encode()) == ""
    assert ssh.public_comment(b"nonsense") == ""


def test_hosts_by_key() -> None:
    text = b'Host a b\n  IdentityFile ~/.ssh/one\nHost c\n\tIdentityFile="~/.ssh/one"\nMatch all\nIdentityFile x\n'
    assert ssh.hosts_by_key(text, DEFAULT_LIMITS) == {"one": ("a", "b", "c")}


def test_package_managers() -> None:
    assert ids(
        read(".cargo/credentials.toml", '[registry]\ntoken="abc"\n[registries.ours]\ntoken="abc"\n')
    ) == [
        "cargo/default registry",
        "cargo/ours",
    ]
    assert ids(read(".gem/credentials", "---\n:rubygems_api_key: abc\nhttps://gems.example: abc\n")) == [
        "rubygems/rubygems_api_key",
        "rubygems/gems.example",
    ]
    poetry = '[http-basic.ours]\nusername="me"\npassword="abc"\n[pypi-token]\npypi="abc"\n'
    assert ids(read(".config/pypoetry/auth.toml", poetry)) == ["python-index/ours", "python-index/pypi"]
    uv = '[[credential]]\nservice="https://me@one.example/simple"\npassword="abc"\n[[credential]]\nservice="x"\n'
    assert ids(read(".local/share/uv/credentials/credentials.toml", uv)) == ["python-index/one.example"]


def test_maven_and_gradle() -> None:
    xml = (
        "<settings xmlns='x'><servers>\n<server><id>one</id><password>abc</password></server>\n"
        "<server><id>two</id><password>note {abc=}</password></server>\n<server><id>three</id>"
        "<password>${env.PASS}</password></server><server><id>four</id><privateKey>/k</privateKey></server>"
        "</servers></settings>"
    )
    found = read(".m2/settings.xml", xml)
    assert [(one.id, one.line) for one in found] == [("maven/one", 2), ("maven/two", 3), ("maven/four", 4)]
    assert "sealed" in found[1].note
    properties = (
        "signing.password=abc\n# a.password=x\norg.gradle.caching=true\nourToken = abc\nempty.password=\n"
    )
    assert ids(read(".gradle/gradle.properties", properties)) == [
        "gradle/signing.password",
        "gradle/ourToken",
    ]


def test_a_document_type_in_xml_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><settings>&b;</settings>'
    (one,) = read(".m2/settings.xml", bomb)
    assert one.note.startswith("not understood")


def test_files_that_are_one_token() -> None:
    (one,) = read(".vault-token", "abc\n")
    assert (one.id, one.line) == ("vault/token", 1)
    (ended,) = read(".huggingface/token", jwt(canary(1), ENDED))
    assert ended.expires == "2020-01-01T00:00:00Z"
    assert read(".vault-token", " \n") == ()
    (odd,) = read(".vault-token", "abc def")
    assert odd.id == "vault"
    assert ids(read(".cache/huggingface/stored_tokens", "[mine]\nhf_token=abc\n[none]\nhf_token=\n")) == [
        "hugging-face/mine"
    ]


def test_terraform_in_both_forms() -> None:
    assert ids(
        read(".terraform.d/credentials.tfrc.json", '{"credentials": {"a.example": {"token": "abc"}}}')
    ) == ["terraform/a.example"]
    text = (
        'plugin_cache_dir = "x"\ncredentials "b.example" {\n  token = "abc"\n}\ncredentials "c.example" {}\n'
    )
    assert [(one.id, one.line) for one in read(".terraformrc", text)] == [("terraform/b.example", 2)]


def test_databases() -> None:
    text = "# note\ndb.example:5432:main:me:abc\nother\\:host:*:*:me:a:b\n"
    assert ids(read(".pgpass", text)) == ["database/db.example/main", "database/other\\:host/*"]
    assert ids(read(".my.cnf", "[client]\nuser=me\npassword=abc\n[mysqld]\nport=1\n")) == ["database/client"]


def test_logins_of_agents() -> None:
    codex = {"OPENAI_API_KEY": None, "tokens": {"id_token": jwt(canary(1), ENDED), "account_id": "x"}}
    (one,) = read(".codex/auth.json", json.dumps(codex))
    assert (one.id, one.expires) == ("openai/tokens", "2020-01-01T00:00:00Z")
    claude = {"claudeAiOauth": {"accessToken": "abc", "refreshToken": "abc", "expiresAt": ENDS * 1000}}
    (two,) = read(".claude/.credentials.json", json.dumps(claude))
    assert (two.id, two.renews, two.expires) == ("claude/claudeAiOauth", True, "2099-01-01T00:00:00Z")
    (three,) = read(
        ".gemini/oauth_creds.json", json.dumps({"access_token": "abc", "expiry_date": ENDED * 1000})
    )
    assert three.expires == "2020-01-01T00:00:00Z"
    (four,) = read(".openai/*", "abc\n")
    assert four.id == "openai/token"


def test_variables_of_dotenv() -> None:
    text = "A_TOKEN=abc\nexport B_KEY='abc'\nCOLOUR=blue\nC_SECRET=${OTHER}\nD_PASSWORD=\n" + (
        "PLAIN=ghp_" + "a1B2c3D4" * 5 + "\n"
    )
    assert ids(read(".env", text)) == ["dotenv/A_TOKEN", "dotenv/B_KEY", "dotenv/PLAIN"]


def test_other_services() -> None:
    assert ids(read(".pulumi/credentials.json", '{"accessTokens": {"https://p.example": "abc"}}')) == [
        "cloud/accessTokens"
    ]
    assert ids(read(".s3cfg", "[default]\naccess_key=abc\nsecret_key=abc\n")) == ["cloud/default"]
    assert ids(read(".config/doctl/config.yaml", "access-token: abc\ncontext: default\n")) == [
        "cloud/access-token"
    ]
    assert read(".config/doctl/config.yaml", "public_key: abc\ncontext: default\n") == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [(ENDED, "2020-01-01T00:00:00Z"), (ENDED * 1000, "2020-01-01T00:00:00Z"), (0, ""), (float("nan"), ""),
     (float("inf"), ""), (-5, ""), (1e15, "")],
)  # fmt: skip
def test_times_of_our_days(value: float, said: str) -> None:
    assert moment(value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [("2020-01-01T00:00:00.123456789+01:00", "2019-12-31T23:00:00Z"), ("2020-01-01 00:00:00", "2020-01-01T00:00:00Z"),
     ("soon", ""), ("0001-01-01T00:00:00+14:00", ""), ("9999-12-31T23:59:59-14:00", "")],
)  # fmt: skip
def test_times_as_they_are_written(text: str, said: str) -> None:
    assert moment_of(text) == said
