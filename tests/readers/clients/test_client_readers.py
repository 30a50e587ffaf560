from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernel.client import LOCAL, Configuration, Layer, Role
from seawall.kernel.limits import DEFAULT_LIMITS as LIMITS
from seawall.kernel.lockfile import ProblemKind
from seawall.readers.clients import (
    bunfig,
    environment,
    npmrc,
    pip_conf,
    pnpm_config,
    poetry_config,
    uv_toml,
    yarn_config,
)

CANARY = "canary-3f9c1e7a"
READERS: dict[str, Callable[..., Configuration]] = {
    ".npmrc": npmrc.read,
    "pip.conf": pip_conf.read,
    "uv.toml": uv_toml.read,
    "pyproject.toml": uv_toml.read,
    "config.yaml": pnpm_config.read,
    ".yarnrc.yml": yarn_config.read,
    ".yarnrc": yarn_config.read_v1,
    "bunfig.toml": bunfig.read,
    "config.toml": poetry_config.read,
    "sub/pyproject.toml": poetry_config.read,
}


def told(configuration: Configuration) -> dict[str, str]:
    return {name: option.value for name, option in configuration.options.items()}


def hosts(configuration: Configuration) -> list[tuple[str, Role, str]]:
    return [(item.host, item.role, item.scope) for item in configuration.upstreams]


def test_npmrc() -> None:
    got = npmrc.read(
        b"; a comment\n"
        b"min-release-age = 3\n"
        b"min-release-age=7 ; the later line wins\n"
        b"min-release-age-exclude[] = @acme/*\n"
        b"min-release-age-exclude[] = left-pad\n"
        b"ignore-scripts\n"
        b"registry=https://gate.example/npm/\n"
        b"@acme:registry=https://acme.example\n"
        b"//acme.example/:_authToken=" + CANARY.encode() + b"\n"
        b"email=me@acme.example\n"
        b"[section]\n"
        b"min-release-age=0\n",
        "/home/.npmrc",
        LIMITS,
    )
    assert told(got) == {
        "min-release-age": "7",
        "min-release-age-exclude": "@acme/*, left-pad",
        "ignore-scripts": "true",
    }
    assert got.options["min-release-age"].line == 3
    assert hosts(got) == [
        ("gate.example", Role.DEFAULT, ""),
        ("acme.example", Role.SCOPE, "@acme"),
    ]
    assert [(c.key, c.prefix) for c in got.credentials] == [("//acme.example/:_authToken", "acme.example/")]
    assert CANARY not in repr(got)


def test_npmrc_puts_variables_in_only_where_it_is_given_them() -> None:
    text = b"registry=https://${HOST}/\nmin-release-age=${AGE}\n"
    own = npmrc.read(text, "f", LIMITS, Layer.USER, {"HOST": "gate.example", "AGE": "7"})
    assert hosts(own) == [("gate.example", Role.DEFAULT, "")]
    assert told(own) == {"min-release-age": "7"}
    foreign = npmrc.read(text, "f", LIMITS, Layer.PROJECT)
    assert "gate.example" not in repr(foreign)


def test_pip_conf() -> None:
    got = pip_conf.read(
        b"[global]\n"
        b"index-url = https://user:" + CANARY.encode() + b"@gate.example/simple\n"
        b"extra_index_url =\n"
        b"    https://one.example/simple\n"
        b"    # between\n"
        b"    https://two.example/simple\n"
        b"find-links = /opt/wheels\n"
        b"[install]\n"
        b"uploaded_prior_to: P7D\n"
        b"[list]\n"
        b"index-url = https://other.example/\n",
        "pip.conf",
        LIMITS,
    )
    assert told(got) == {"install.uploaded-prior-to": "P7D"}
    assert hosts(got) == [
        ("gate.example", Role.DEFAULT, ""),
        ("one.example", Role.EXTRA, ""),
        ("two.example", Role.EXTRA, ""),
        ("", Role.FILES, ""),
    ]
    assert [c.key for c in got.upstreams[0].credentials] == ["global.index-url"]
    assert CANARY not in repr(got)
    assert CANARY not in got.upstreams[0].url


def test_uv_toml_and_pyproject() -> None:
    body = (
        b'exclude-newer = "7 days"\n'
        b'index-url = "https://gate.example/simple"\n'
        b"[[%sindex]]\n"
        b'name = "inner"\n'
        b'url = "https://u:' + CANARY.encode() + b'@inner.example/simple"\n'
        b"[[%sindex]]\n"
        b'name = "torch"\nurl = "https://torch.example"\nexplicit = true\n'
        b"[[%sindex]]\n"
        b'url = "https://other.example"\ndefault = true\n'
    )
    own = uv_toml.read(body.replace(b"%s", b""), "/x/uv.toml", LIMITS)
    project = uv_toml.read(b"[tool.uv]\n" + body.replace(b"%s", b"tool.uv."), "pyproject.toml", LIMITS)
    for got in (own, project):
        assert told(got) == {"exclude-newer": "7 days"}
        assert hosts(got) == [
            ("gate.example", Role.DEFAULT, ""),
            ("inner.example", Role.EXTRA, ""),
            ("torch.example", Role.EXPLICIT, ""),
            ("other.example", Role.DEFAULT, ""),
        ]
        assert got.upstreams[1].name == "inner"
        assert CANARY not in repr(got)
    assert own.upstreams[1].line == 3
    assert project.upstreams[1].line == 4


def test_pnpm_yaml() -> None:
    got = pnpm_config.read(
        b"minimumReleaseAge: 10080\n"
        b"minimumReleaseAgeExclude:\n  - '@acme/*'\n"
        b"dangerouslyAllowAllBuilds: true\n"
        b"registries:\n  default: https://gate.example/\n  '@acme': https://acme.example/\n",
        "config.yaml",
        LIMITS,
    )
    assert told(got) == {
        "minimum-release-age": "10080",
        "minimum-release-age-exclude": "@acme/*",
        "dangerously-allow-all-builds": "true",
    }
    assert hosts(got) == [("gate.example", Role.DEFAULT, ""), ("acme.example", Role.SCOPE, "@acme")]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (".npmrc", "minReleaseAge=7"),
        (".npmrc", "min_release_age=7"),
        (".npmrc", "fund=true\u2028min-release-age=7"),
        (".npmrc", "fund=true\x0cmin-release-age=7"),
        (".npmrc", "[npm]\nmin-release-age=7"),
        ("config.yaml", "minimum-release-age: 10080"),
        (".yarnrc.yml", "npm-minimal-age-gate: 7d"),
        ("uv.toml", 'exclude_newer = "7 days"'),
        ("bunfig.toml", "[install]\nminimum-release-age = 7"),
        ("bunfig.toml", "minimumReleaseAge = 7"),
        ("pip.conf", "uploaded-prior-to = P7D"),
        ("pip.conf", "[freeze]\nuploaded-prior-to = P7D"),
        ("config.toml", "min-release-age = 7"),
    ],
)
def test_a_setting_that_the_client_passes_over_is_none(name: str, line: str) -> None:
    """Each was given to the client itself, which took the release of an hour ago."""
    assert told(READERS[name](f"{line}\n".encode(), name, LIMITS)) == {}


def test_pnpm_rc_knows_one_spelling() -> None:
    text = b"minimumReleaseAge=700\nminimum_release_age=800\nminimum-release-age=900\n"
    got = npmrc.read(text, "rc", LIMITS, format_="pnpm-rc")
    assert told(got) == {"minimum-release-age": "900"}


def test_yarnrc() -> None:
    token = CANARY.encode()
    got = yarn_config.read(
        b"npmMinimalAgeGate: 7d\nenableScripts: false\nyarnPath: .yarn/releases/yarn-4.9.2.cjs\n"
        b'npmRegistryServer: "https://gate.example"\nnpmAuthToken: ' + token + b"\n"
        b"npmScopes:\n  acme:\n    npmRegistryServer: https://acme.example\n    npmAuthToken: "
        + token
        + b"\n"
        b'npmRegistries:\n  "//other.example/npm":\n    npmAuthToken: ' + token + b"\n",
        ".yarnrc.yml",
        LIMITS,
    )
    assert told(got) == {
        "npm-minimal-age-gate": "7d",
        "enable-scripts": "false",
        "yarn-path": "yarn-4.9.2.cjs",
    }
    assert hosts(got) == [("gate.example", Role.DEFAULT, ""), ("acme.example", Role.SCOPE, "@acme")]
    assert [c.key for c in got.upstreams[1].credentials] == ["npmScopes/acme/npmAuthToken"]
    assert [c.prefix for c in got.credentials] == ["other.example/npm/"]
    assert CANARY not in repr(got)


def test_yarnrc_of_yarn_1() -> None:
    got = yarn_config.read_v1(
        b'# comment\nregistry "https://gate.example"\n"@acme:registry" "https://acme.example"\n'
        b"ignore-scripts true\n",
        ".yarnrc",
        LIMITS,
    )
    assert hosts(got) == [("gate.example", Role.DEFAULT, ""), ("acme.example", Role.SCOPE, "@acme")]
    assert told(got) == {"ignore-scripts": "true"}


def test_bunfig() -> None:
    got = bunfig.read(
        b'[install]\nminimumReleaseAge = 604800\nregistry = { url = "https://gate.example", token = "'
        + CANARY.encode()
        + b'" }\n[install.scopes]\nacme = "https://acme.example"\n',
        "bunfig.toml",
        LIMITS,
    )
    assert told(got) == {"minimum-release-age": "604800"}
    assert hosts(got) == [("gate.example", Role.DEFAULT, ""), ("acme.example", Role.SCOPE, "@acme")]
    assert CANARY not in repr(got)


def test_poetry() -> None:
    own = poetry_config.read(b"[solver]\nmin-release-age = 7\n", "/x/config.toml", LIMITS)
    assert told(own) == {"solver.min-release-age": "7"}
    assert own.options["solver.min-release-age"].line == 2
    project = poetry_config.read(
        b'[[tool.poetry.source]]\nname = "a"\nurl = "https://gate.example/simple"\n'
        b'[[tool.poetry.source]]\nname = "b"\nurl = "https://b.example/simple"\npriority = "supplemental"\n',
        "pyproject.toml",
        LIMITS,
    )
    assert hosts(project) == [("gate.example", Role.DEFAULT, ""), ("b.example", Role.EXTRA, "")]


def test_environment() -> None:
    got = environment.read(
        {
            "npm_config_min_release_age": "7",
            "NPM_CONFIG_REGISTRY": f"https://u:{CANARY}@gate.example/",
            "npm_config_//acme.example/:_authToken": CANARY,
            "npm_config_@acme:registry": "https://acme.example/",
            "PNPM_CONFIG_MINIMUM_RELEASE_AGE": "10080",
            "YARN_NPM_MINIMAL_AGE_GATE": "7d",
            "YARN_NPM_AUTH_TOKEN": CANARY,
            "PIP_UPLOADED_PRIOR_TO": "P7D",
            "PIP_EXTRA_INDEX_URL": f"https://{CANARY}@one.example/simple https://two.example/simple",
            "UV_EXCLUDE_NEWER": "7 days",
            "UV_INDEX": "inner=https://inner.example/simple",
            "UV_INDEX_INNER_PASSWORD": CANARY,
            "POETRY_SOLVER_MIN_RELEASE_AGE": "7",
            "POETRY_HTTP_BASIC_A_PASSWORD": CANARY,
            "BUN_CONFIG_REGISTRY": "https://bun.example/",
            "HOME": "/nowhere",
        }
    )
    assert {(p.format, k): v for p in got for k, v in told(p).items()} == {
        ("npm-environment", "min-release-age"): "7",
        ("pnpm-environment", "minimum-release-age"): "10080",
        ("yarn-environment", "npm-minimal-age-gate"): "7d",
        ("pip-environment", "uploaded-prior-to"): "P7D",
        ("uv-environment", "exclude-newer"): "7 days",
        ("poetry-environment", "solver.min-release-age"): "7",
    }
    found = {item.host: item for place in got for item in place.upstreams}
    assert set(found) == {
        "gate.example",
        "acme.example",
        "one.example",
        "two.example",
        "inner.example",
        "bun.example",
    }
    assert found["inner.example"].name == "inner"
    assert [c.key for c in found["one.example"].credentials] == ["PIP_EXTRA_INDEX_URL"]
    assert CANARY not in repr(got)


def test_no_variables_no_configuration() -> None:
    assert environment.read({}) == ()
    assert environment.read({"PIP_INDEX_URL": "", "npm_config_registry": ""}) == ()


HOSTILE = {
    "empty": b"",
    "blank": b"\n\n  \n",
    "binary": bytes(range(256)) * 64,
    "nul": b"registry=https://a.example\0\n",
    "latin-1": b"registry=https://gr\xfc\xdfe.example\n",
    "cut": b'[install]\nregistry = "https://a',
    "huge": b"a=1\n" * 400_000,
    "deep": b"[" * 5_000,
    "deep yaml": b"a: " + b"{b: " * 5_000,
    "deep toml": b"a = " + b"[" * 5_000,
    "wrong types": b"[install]\nregistry = 7\nscopes = [1]\nminimumReleaseAge = []\n[solver]\nmin-release-age = {}\n",
    "wrong yaml": b"- a\n- b\n",
    "wrong scopes": b"npmScopes: 7\nnpmRegistries: [a]\nregistries: [b]\nnpmRegistryServer: {a: b}\n",
    "bad port": b"registry=https://a.example:99999999/\nnpmRegistryServer: https://[::1/\n",
    "one line": b"x" * 500_000,
    "bom": b"\xef\xbb\xbfmin-release-age=7\n",
    "utf-16": "min-release-age=7\n".encode("utf-16"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bytes_are_a_value(name: str, case: str) -> None:
    got = READERS[name](HOSTILE[case], name, LIMITS)
    assert got.path == name
    if case == "huge":
        assert [p.kind for p in got.problems] == [ProblemKind.TOO_LARGE]
    if case in ("nul", "latin-1", "utf-16"):
        assert [p.kind for p in got.problems] == [ProblemKind.ENCODING]


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert told(npmrc.read(HOSTILE["bom"], ".npmrc", LIMITS)) == {"min-release-age": "7"}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(READERS)), st.binary(max_size=400))
def test_any_bytes(name: str, data: bytes) -> None:
    READERS[name](data, name, LIMITS)


ADDRESSES = (
    "https://u:%s@a.example/",
    "https://%s@a.example/simple",
    "https://%s:x@a.example/simple?token=%s",
    "https://a.example/?token=%s",
    "https://u:%s/x@a.example/",
    "https://u:%s#x@a.example/",
    '= "https://u:%s@a.example/"',
    "https:\\\\u:%s@a.example/",
    "//u:%s@a.example/",
    "u:%s@a.example",
    "ftp://u:%s@a.example/",
    "file:///home/%s/wheels",
    "/home/%s/wheels",
    "${X:-https://u:%s@a.example/}",
)
SETTINGS = (
    "registry=@",
    "registry = @",
    "registry @",
    "registry: '@'",
    'registry = "@"',
    "@a:registry=@",
    '"@a:registry" "@"',
    "//a.example/:_authToken=%s",
    "//u:%s@a.example/:_authToken=x",
    "//a.example/?token=%s/:_authToken=x",
    "//a.example/:_password=%s",
    "_auth=%s",
    "before=@",
    "min-release-age=@",
    "min-release-age=7",
    "[global]",
    "index-url = @",
    'index-url = "@"',
    "extra-index-url: @",
    "find-links = @",
    "npmAuthToken: %s",
    "npmAuthToken: *%s",
    "npmRegistryServer: '@'",
    "yarnPath: @",
    "npmPreapprovedPackages: ['@']",
    "min-release-age-exclude[]=@",
    "registries: {default: '@', '@a': '@', '%s': '@'}",
    "npmScopes: {a: {npmRegistryServer: '@', npmAuthToken: '%s'}}",
    "npmRegistries: {'@': {npmAuthToken: '%s'}}",
    'token = "%s"',
    "password: %s",
    "[install]",
    'registry = { url = "@", token = "%s" }',
    'scopes = { a = "@", b = { url = "@", password = "%s" } }',
    'exclude-newer = "@"',
    'url = "@"',
    "[[index]]",
    "[[tool.uv.index]]",
    "[[tool.poetry.source]]",
)
LINES = st.builds(
    lambda line, url: line.replace("@", url, 1), st.sampled_from(SETTINGS), st.sampled_from(ADDRESSES)
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(READERS)), st.lists(LINES, max_size=5))
def test_no_credential_leaves_a_reader(name: str, lines: list[str]) -> None:
    data = "\n".join(line.replace("%s", CANARY) for line in lines).encode()
    for variables in ({}, {"X": CANARY}):
        got = READERS[name](data, name, LIMITS, Layer.USER, variables)
        assert CANARY not in everything(got)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_credential_leaves_a_reader_in_any_one_line(name: str, address: str) -> None:
    for setting in SETTINGS:
        for before in ("", "[global]\n", "[install]\n", "[[index]]\n", "[[tool.uv.index]]\n"):
            line = setting.replace("@", address, 1).replace("%s", CANARY)
            got = READERS[name]((before + line).encode(), name, LIMITS)
            assert CANARY not in everything(got), line


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_credential_leaves_the_environment(address: str) -> None:
    value = address.replace("%s", CANARY)
    names = (
        "npm_config_registry",
        "npm_config_@a:registry",
        "PIP_INDEX_URL",
        "PIP_FIND_LINKS",
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "YARN_NPM_REGISTRY_SERVER",
        "BUN_CONFIG_REGISTRY",
        "npm_config_before",
        "UV_EXCLUDE_NEWER",
    )
    for given_ in (value, f"name={value}", f"https://b.example/ {value}"):
        for got in environment.read(dict.fromkeys(names, given_)):
            assert CANARY not in everything(got)


def everything(got: Configuration) -> str:
    """All that a configuration holds, what its `repr` hides included."""
    return repr(got) + "".join(item.url for item in got.upstreams)


def test_a_local_directory_and_an_unclear_address_are_told_apart() -> None:
    got = pip_conf.read(
        b"[global]\nindex-url = https://u:p/w@a.example/\nfind-links = /opt/wheels ./w file:///w\n",
        "pip.conf",
        LIMITS,
    )
    assert [(u.url, u.host) for u in got.upstreams] == [("", ""), *[(LOCAL, "")] * 3]


def test_the_path_of_a_credential_keeps_its_case_and_its_host_does_not() -> None:
    got = npmrc.read(b"//A.Example/Repo/Npm/:_authToken=x\n", ".npmrc", LIMITS)
    assert [place.prefix for place in got.credentials] == ["a.example/Repo/Npm/"]


def test_a_value_that_is_not_plain_is_not_kept() -> None:
    got = npmrc.read("min-release-age=7\x1b[31m\nbefore=ü€\n".encode(), ".npmrc", LIMITS)
    assert "\x1b" not in repr(told(got))
    assert told(got)["min-release-age"] == "(a value that is not shown)"
