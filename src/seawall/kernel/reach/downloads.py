"""What curl, wget and their like fetch, and into which files.

Source: curl(1), wget(1), aria2c(1), gh(1), about_Invoke-WebRequest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from posixpath import basename, join, normpath

from seawall.kernel.code import Firmness

from .options import known, parsed
from .running import Run
from .scene import address_pin

_CURL = known(
    "-A -b -c -C -d -D -e -E -F -h -H -K -m -o -P -Q -r -t -T -u -U -w -x -X -y -Y -z --abstract-unix-socket "
    "--aws-sigv4 --cacert --capath --cert --cert-type --ciphers --config --connect-timeout --connect-to "
    "--continue-at --cookie --cookie-jar --create-file-mode --data --data-ascii --data-binary --data-raw "
    "--data-urlencode --doh-url --dump-header --etag-compare --etag-save --expect100-timeout --form "
    "--form-string "
    "--header --interface --ipfs-gateway --json --key --key-type --limit-rate --local-port --max-filesize "
    "--max-redirs --max-time --netrc-file --noproxy --oauth2-bearer --output --output-dir --pass "
    "--pinnedpubkey "
    "--proto --proto-default --proto-redir --proxy --proxy-header --proxy-user --range --rate --referer "
    "--request "
    "--resolve --retry --retry-delay --retry-max-time --speed-limit --speed-time --stderr --tls-max --trace "
    "--upload-file --url --url-query --user --user-agent --variable --write-out",
    "-f -s -S -L -k -g -G -i -I -j -J -l -n -N -O -p -q -R -v -V -a -B -M -0 -1 -2 -3 -4 -6 -# -Z "
    "--fail --silent "
    "--show-error --location --insecure --compressed --remote-name --remote-header-name --remote-name-all "
    "--fail-with-body --fail-early --ipv4 --ipv6 --tlsv1.2 --tlsv1.3 --tlsv1 --http1.1 --http2 --http3 "
    "--ssl-reqd "
    "--retry-connrefused --retry-all-errors --progress-bar --no-progress-meter --create-dirs --parallel "
    "--verbose "
    "--get --head --include --netrc --location-trusted --no-buffer --anyauth --basic --globoff --proto-redir",
)
_WGET = known(
    "-O -o -a -i -t -T -w -Q -P -U -e -A -R -D -I -X -l -B --output-document --output-file --append-output "
    "--input-file --tries --timeout --wait --waitretry --quota --directory-prefix --user-agent --header "
    "--post-data "
    "--post-file --method --user --password --referer --ca-certificate --secure-protocol --limit-rate "
    "--level "
    "--dns-timeout --connect-timeout --read-timeout --progress --execute --accept --reject "
    "--retry-on-http-error "
    "--cut-dirs --load-cookies",
    "-q -v -nv -c -N -S -b -d -4 -6 -r -k -p -m -np -nc -nd -nH --quiet --no-verbose --continue "
    "--timestamping "
    "--no-check-certificate --show-progress --https-only --content-disposition --no-clobber "
    "--trust-server-names "
    "--retry-connrefused --no-proxy --recursive --no-parent --no-cache --no-hsts",
)
_ARIA = known("-o --out -d --dir -x -s -j -k -i --checksum --header", "-q -c --allow-overwrite=true")
_WEB = known(
    "-uri -outfile -method -headers -body -useragent -timeoutsec -maximumredirection -sslprotocol",
    "-usebasicparsing -useb -passthru -skipcertificatecheck",
)
FETCHERS = (
    "curl",
    "wget",
    "aria2c",
    "invoke-webrequest",
    "iwr",
    "invoke-restmethod",
    "irm",
    "start-bitstransfer",
)


@dataclass(slots=True)
class Download:
    """One address that a command fetches.

    `use`: empty, `import` (unpacked, made executable) or `now` (run).
    """

    address: str
    run: Run
    order: int
    files: list[str] = field(default_factory=list)
    use: str = ""
    pin: Firmness = Firmness.NONE
    ref: str = ""
    note: str = ""


def place_key(directory: str, text: str) -> str:
    """A path as seen from where the script starts, so that one file has one name."""
    text = text.replace("\\", "/")
    return normpath(join(directory, text)) if directory not in ("", "?") else normpath(text)


def downloads_of(run: Run, order: int) -> list[Download]:
    """What one command fetches, with the files it writes."""
    program = run.program
    if program == "gh":
        return _release(run, order)
    if program == "curl":
        line = parsed(run.args, _CURL)
        if (
            line.has("-I", "--head")
            or line.value("-T", "--upload-file")
            or line.value("-X", "--request") in ("PUT", "DELETE")
        ):
            return []
        out, folder = line.values("-o", "--output"), line.value("--output-dir")
        remote = line.has("-O", "--remote-name", "--remote-name-all")
        addresses = [*line.values("--url"), *_addresses(line.texts, [w.text for w in line.doubtful])]
    elif program == "wget":
        line = parsed(run.args, _WGET)
        out, folder = line.values("-O", "--output-document"), line.value("-P", "--directory-prefix")
        remote = not out
        addresses = _addresses(line.texts, [w.text for w in line.doubtful])
    elif program == "aria2c":
        line = parsed(run.args, _ARIA)
        out, folder, remote = line.values("-o", "--out"), line.value("-d", "--dir"), True
        addresses = _addresses(line.texts, [])
    else:
        return _web(run, order)
    found = []
    for number, text in enumerate(addresses):
        pin, ref = _address_pin(text)
        download = Download(text, run, order, pin=pin, ref=ref)
        name = out[number] if number < len(out) else _last_part(text) if remote else ""
        if name and name != "-":
            download.files.append(place_key(run.command.directory, join(folder, name)))
        elif not name:
            download.files.extend(_redirected(run))
        found.append(download)
    return found


def _address_pin(text: str) -> tuple[Firmness, str]:
    """An address that names a commit is fixed by it; a version in one only tells what was meant."""
    pin, ref = address_pin(text)
    if pin is Firmness.SHA:
        return pin, ref
    version = re.search(r"/(v?\d+\.\d+(?:\.\d+)?[\w.-]*)/", text)
    return Firmness.NONE, version[1] if version else ""


def _addresses(words: Sequence[str], doubtful: Sequence[str]) -> list[str]:
    found = [text for text in words if "://" in text] or [text for text in doubtful if "://" in text]
    return found or [text for text in words if text][:1]


def _last_part(text: str) -> str:
    path = re.match(r"(?:\$\{[^}]*\}|[^?#])*", text)
    return basename(path[0].rstrip("/")) if path else ""


def _redirected(run: Run) -> list[str]:
    return [
        place_key(run.command.directory, redirect.target.text)
        for redirect in run.command.redirects
        if redirect.operator in (">", ">>", ">|", "1>") and redirect.target.text != "/dev/null"
    ]


def _web(run: Run, order: int) -> list[Download]:
    """PowerShell's web commands."""
    line: dict[str, str] = {}
    words: list[str] = []
    name = ""
    for text in run.texts:
        low = text.lower()
        if low in _WEB.flags:
            continue
        if low.startswith("-"):
            name = low
        elif name:
            line[name], name = text, ""
        else:
            words.append(text)
    target = (
        line.get("-uri", "")
        or line.get("-source", "")
        or next((w for w in words if "://" in w), "")
        or (words[0] if words else "")
    )
    if not target:
        return []
    out = line.get("-outfile", "") or line.get("-o", "") or line.get("-destination", "")
    pin, ref = _address_pin(target)
    files = [place_key("", out)] if out else []
    return [Download(target, run, order, files=files, pin=pin, ref=ref)]


def _release(run: Run, order: int) -> list[Download]:
    """`gh release download TAG -R owner/repo -p pattern`."""
    line = parsed(
        run.args[2:],
        known("-R --repo -p --pattern -O --output -D --dir -A --archive", "--clobber --skip-existing"),
    )
    tag = line.texts[0] if line.texts else ""
    name = line.value("-R", "--repo") or "of this repository"
    files = [f for f in (line.value("-O", "--output"), line.value("-p", "--pattern")) if f and "*" not in f]
    keys = [place_key(run.command.directory, join(line.value("-D", "--dir"), file)) for file in files]
    pin = Firmness.TAG if tag else Firmness.FLOATING
    return [Download(f"gh release download {name}", run, order, files=keys, pin=pin, ref=tag)]


def files_fetched(runs: Sequence[Run]) -> frozenset[str]:
    """The paths, as written, to which a script downloads: they are none of the tree's."""
    found: set[str] = set()
    for order, run in enumerate(runs):
        if run.program in FETCHERS:
            for download in downloads_of(run, order):
                found.update(download.files)
    return frozenset(found)
