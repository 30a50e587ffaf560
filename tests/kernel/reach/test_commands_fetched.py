"""Scripts that are fetched and run, with a check between or without; clones of which something is run."""

from __future__ import annotations

import pytest
from tests.kernel.reach.scripts import SHA, SHA256, codes, short

URL = "https://files.example/x.sh"
NONE_NOW = [f"script | {URL} | none | now"]
NONE_IMPORT = [f"script | {URL} | none | import"]
CHECK = f'echo "{SHA256}  x.sh" | sha256sum -c -\n'


@pytest.mark.parametrize(
    "text",
    [
        f"curl -fsSL {URL} | sh", f"curl -fsSL {URL} | sudo -E bash -", f"curl {URL} | bash -s -- -y", f"wget -qO- {URL} | bash",
        f"curl {URL} | tee x | bash", f"curl {URL} | sed s/a/b/ | sh", f"curl {URL} | python3", f"curl {URL} | python3 -",
        f"curl {URL} | node", f"curl {URL} | perl - x", f"bash <(curl -s {URL})", f'sh -c "$(curl -fsSL {URL})"',
        f"sh -c \"$(wget -qO- {URL})\"", f'eval "$(curl {URL})"', f"source <(curl {URL})", f". <(curl {URL})",
        f"bash -c 'curl {URL} | sh'", f"curl -o x.sh {URL}; bash x.sh", f"curl {URL} > x.sh; sh ./x.sh",
        f"curl -O {URL}; chmod +x x.sh; ./x.sh", f"wget {URL}; sh x.sh", f"wget -O y {URL}; chmod 755 y; ./y", f"wget -P d {URL}; sh d/x.sh",
        f"curl --output /tmp/x.sh {URL}\nsudo bash /tmp/x.sh", f"curl -sSLo x.sh {URL} && bash x.sh", f"curl {URL} | sudo tee x.sh; sh x.sh",
        f"cd d; curl -O {URL}; cd ..; bash d/x.sh", f'curl -o "$T/x.sh" {URL}; bash "$T/x.sh"', f"curl -O {URL}; mv x.sh y.sh; sh y.sh",
        f"curl -O {URL}; source x.sh", f"curl -O {URL}; sudo dpkg -i x.sh", f"curl -O {URL}; apt install ./x.sh", f"curl {URL} -o x; cat x | sh",
        f"U={URL}; curl $U | sh", f"curl -H 'A: b' -u me --retry 3 {URL} | sh", f"curl --brand-new {URL} | sh", f"curl --url {URL} | sh",
        f"aria2c {URL}; sh x.sh", f"curl {URL} | bash <<< x",
    ],
)  # fmt: skip
def test_fetched_and_run(text: str) -> None:
    assert short(codes(text)) == NONE_NOW


@pytest.mark.parametrize(
    "text",
    [
        f"curl -L {URL} | tar xz -C /usr/local/bin", f"curl -O {URL}; tar xf x.sh", f"wget {URL} && unzip x.sh", f"curl -O {URL}; chmod +x x.sh",
        f"curl -O {URL}; sudo install -m 755 x.sh /usr/local/bin/y", f"curl -O {URL}; sudo mv x.sh /usr/local/bin/x",
        f"curl {URL} | sudo tee /usr/local/bin/x", f"curl {URL} | gunzip > x",
    ],
)  # fmt: skip
def test_fetched_and_put_in_place(text: str) -> None:
    assert short(codes(text)) == NONE_IMPORT


@pytest.mark.parametrize(
    "text",
    [
        f"curl {URL}", f"curl {URL} | jq .", f"curl -O {URL}", f"curl {URL} > x.json; cat x.json", f"curl -I {URL} | bash", f"curl -X PUT {URL}",
        f"echo {URL} | sh", f"bash x.sh $(curl {URL})", f'echo "$(curl {URL})"', f"X=$(curl {URL}); echo $X", f"bash x.sh < y; curl {URL}",
        f"curl {URL} | bash x.sh", f"curl {URL} | python -c 'import sys'", f"curl {URL} | python -m json.tool", f"curl {URL} | node x.js",
        f"bash -c 'echo' \"$(curl {URL})\"", f"curl {URL} | grep bash", f"curl -T x {URL} | sh", 'eval "$(ssh-agent -s)"', f"curl -O {URL}; rm x.sh",
        f"curl {URL} | gpg --dearmor > y", f"chmod +x x.sh; curl -o y {URL}", f"curl -O {URL}; chmod 644 y",
    ],
)  # fmt: skip
def test_fetched_and_only_read(text: str) -> None:
    assert short(codes(text)) == []


@pytest.mark.parametrize(
    ("between", "pin"),
    [
        ("", "none"),
        (CHECK, "hash"),
        (f"sha256sum -c <<< '{SHA256}  x.sh'\n", "hash"),
        (f"sha256sum --check <<E\n{SHA256}  x.sh\nE\n", "hash"),
        (f'echo "{SHA256} *x.sh" | shasum -a 256 -c\n', "hash"),
        ('echo "${SUM}  x.sh" | sha256sum --check --status\n', "hash"),
        ('echo "${{ matrix.sum }}  x.sh" | sha256sum -c\n', "hash"),
        (f'[ "$(sha256sum x.sh | cut -d" " -f1)" = "{SHA256}" ]\n', "hash"),
        ("sha256sum -c sums.txt\n", "hash"),
        ("sha256sum -c not-there.txt\n", "none"),
        (f"curl -O {URL}.sha256\nsha256sum -c x.sh.sha256\n", "none"),
        (f"curl {URL}.sha256 | sha256sum -c\n", "none"),
        (f'S=$(curl {URL}.sha256)\necho "$S  x.sh" | sha256sum -c\n', "none"),
        ("sha256sum x.sh\n", "none"),
        ("echo nothing | sha256sum -c\n", "none"),
        (f'echo "{SHA256}  other.sh" | sha256sum -c\n', "none"),
        ("gpg --verify x.sh.asc x.sh\n", "floating"),
        ("cosign verify-blob --bundle b x.sh\n", "floating"),
        ("minisign -V -m x.sh\n", "floating"),
        ("gh attestation verify x.sh -R a/b\n", "floating"),
        ("gpg --import key\n", "none"),
    ],
)  # fmt: skip
def test_a_check_before_it_runs(between: str, pin: str) -> None:
    [code] = codes(f"curl -o x.sh {URL}\n{between}bash x.sh\n", {"sums.txt": ""})
    assert (code.pin, code.runs, code.line) == (pin, "now", 10)


def test_a_check_after_it_ran_is_none() -> None:
    [code] = codes(f"curl -o x.sh {URL}\nbash x.sh\n{CHECK}")
    assert code.pin == "none"


def test_a_check_of_another_file_is_not_this_ones() -> None:
    text = f"curl -o a {URL}\ncurl -o b {URL}2\necho '{SHA256}  b' | sha256sum -c\nsh a\nsh b\n"
    assert [(code.name, code.pin) for code in codes(text)] == [(URL, "none"), (f"{URL}2", "hash")]


def test_a_checksum_from_the_same_place_is_told() -> None:
    [code] = codes(f"wget {URL} {URL}.sha256\nsha256sum -c x.sh.sha256\nsh x.sh")
    assert code.note == "the checksum comes from the same place"


def test_addresses() -> None:
    [code] = codes(f"curl https://files.example/a/{SHA}/i.sh | sh")
    assert (code.pin, code.ref) == ("sha", SHA)
    [code] = codes("curl https://files.example/releases/download/v1.2.3/x | sh")
    assert (code.pin, code.ref) == ("none", "v1.2.3")
    [code] = codes("curl 'https://me:secret@files.example/i.sh?token=abc' | sh")
    assert "secret" not in code.name
    assert "abc" not in code.name
    assert "files.example/i.sh" in code.name


def test_powershell() -> None:
    assert short(codes(f"iwr -useb {URL} | iex", dialect="pwsh")) == NONE_NOW
    assert (
        short(codes(f"iex ((New-Object Net.WebClient).DownloadString('{URL}'))", dialect="pwsh")) == NONE_NOW
    )
    assert (
        short(codes(f"Invoke-WebRequest -Uri {URL} -OutFile x.exe\n.\\x.exe /S", dialect="pwsh")) == NONE_NOW
    )
    assert short(codes(f"Invoke-WebRequest -Uri {URL} -OutFile x.json", dialect="pwsh")) == []


CLONE = "git clone https://files.example/a/b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{CLONE}\ncd b\nmake", "branch | now"),
        (f"{CLONE}\nmake -C b", "branch | now"),
        (f"{CLONE} x && bash x/install.sh", "branch | now"),
        (f"{CLONE} -b v1.2.3 && ./b/x", "tag | now"),
        (f"{CLONE} --branch main && ./b/x", "branch | now"),
        (f"{CLONE} && cd b && git checkout {SHA} && make", "sha | now"),
        (f"{CLONE} && git -C b checkout {SHA} && make -C b", "sha | now"),
        (f"{CLONE} --revision={SHA} && ./b/x", "sha | now"),
        (f"{CLONE}", "branch | import"),
        ("gh repo clone a/b && b/x.sh", "branch | now"),
    ],
)
def test_clones(text: str, expected: str) -> None:
    found = [f"{code.pin} | {code.runs}" for code in codes(text) if code.kind == "source"]
    assert found == [expected]


@pytest.mark.parametrize(
    "text",
    [
        f"{CLONE} && cd b && git add . && git commit -m x && git push", "git clone https://x/${{ github.repository }} b; b/x",
        "git clone . ../copy; ../copy/x", "git fetch; git checkout main; make", "git submodule update --init; make",
    ],
)  # fmt: skip
def test_no_clone_of_others(text: str) -> None:
    assert [code for code in codes(text) if code.kind == "source"] == []
