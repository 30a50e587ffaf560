"""Which programs load packages of a language, which run whatever the tree says, and which do neither."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PLAIN = frozenset(
    (
        ":", "[", "[[", "alias", "awk", "b2sum", "base32", "base64", "basename", "break", "bunzip2",
        "bzip2", "cat", "cd", "certutil", "chgrp", "chmod", "chown", "cmp", "codesign", "comm", "command",
        "continue", "cosign", "cp", "curl", "cut", "date", "dd", "declare", "df", "diff", "dirname",
        "ditto", "docker", "du", "echo", "egrep", "eval", "exit", "export", "expr", "false", "fgrep",
        "file", "find", "fold", "gawk", "getopts", "gh", "git", "gpg", "gpg2", "gpgconf", "grep", "gsed",
        "gunzip", "gzip", "hash", "head", "hdiutil", "hexdump", "hostname", "iconv", "id", "install", "jq",
        "kill", "ldid", "less", "let", "ln", "local", "locale", "logger", "ls", "lsof", "md5sum", "mkdir",
        "mkfifo", "mktemp", "more", "mount", "mv", "nl", "notarytool", "nproc", "od", "openssl",
        "osslsigncode", "otool", "paste", "patch", "pbcopy", "ping", "pkgbuild", "pkgutil", "plutil",
        "podman", "popd", "printenv", "printf", "productbuild", "productsign", "ps", "pushd", "pwd",
        "read", "readlink", "readonly", "realpath", "return", "rev", "rm", "rmdir", "rsync", "scp",
        "security", "sed", "seq", "set", "setx", "sha1sum", "sha256sum", "sha512sum", "shasum", "shift",
        "shopt", "signtool", "signtool.exe", "sleep", "sort", "spctl", "split", "ssh", "ssh-add",
        "ssh-agent", "ssh-keygen", "ssh-keyscan", "stapler", "stat", "strings", "strip", "stty", "sw_vers",
        "sync", "sysctl", "tail", "tar", "tee", "test", "time", "timeout", "touch", "tr", "trap", "tree",
        "true", "truncate", "tty", "type", "typeset", "ulimit", "umask", "umount", "uname", "uniq",
        "unlink", "unset", "unxz", "unzip", "uptime", "wait", "wc", "wget", "which", "whoami", "xattr",
        "xcrun", "xz", "yq", "zip", "zstd", "azuresigntool", "smctl", "minisign", "signify", "aws",
        "gcloud", "az", "apt", "apt-get", "apk", "brew", "dnf", "pacman", "snap", "yum", "choco", "winget",
        "update-ca-certificates", "ldconfig", "systemctl", "service", "useradd", "groupadd", "usermod",
        "lipo", "nm", "install_name_tool", "dpkg", "rpm", "write-host", "write-output", "write-error",
        "new-item", "remove-item", "copy-item", "move-item", "set-content", "add-content", "out-file",
        "get-content", "test-path", "invoke-webrequest", "expand-archive", "compress-archive",
        "import-pfxcertificate", "join-path",
    )
)  # fmt: skip
"""Programs that neither load packages of a language nor run the tree's own code."""

_NODE = frozenset(
    (
        "node", "npm", "npx", "pnpm", "pnpx", "yarn", "bun", "bunx", "deno", "corepack", "tsc", "tsx",
        "ts-node", "vite", "next", "jest", "vitest", "mocha", "eslint", "prettier", "webpack", "rollup",
        "esbuild", "electron", "electron-builder", "electron-forge", "lerna", "nx", "turbo", "changeset",
        "vsce", "ovsx", "semantic-release", "playwright", "cypress", "gulp", "grunt", "ng", "nuxt",
        "astro", "wrangler",
    )
)  # fmt: skip
_PYTHON = frozenset(
    (
        "python", "py", "pip", "pipx", "uv", "uvx", "poetry", "pdm", "hatch", "flit", "rye", "tox", "nox",
        "pytest", "twine", "mypy", "ruff", "black", "isort", "flake8", "pylint", "coverage", "build",
        "cibuildwheel", "maturin", "sphinx-build", "mkdocs", "pre-commit", "jupyter", "ipython", "conda",
        "mamba", "meson", "delocate-wheel", "delocate-listdeps", "auditwheel", "semantic-release",
        "invoke", "scons", "conan", "cython",
    )
)  # fmt: skip
_RUST = frozenset(
    (
        "cargo", "cross", "rustc", "cargo-dist", "wasm-pack", "maturin", "trunk",
    )
)  # fmt: skip
_GO = frozenset(
    (
        "go", "goreleaser", "ko", "mage", "gotestsum", "golangci-lint",
    )
)  # fmt: skip
_RUBY = frozenset(
    (
        "ruby", "gem", "bundle", "bundler", "rake", "rspec", "rubocop", "fastlane", "pod", "jekyll",
    )
)  # fmt: skip
FAMILIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"npm": _NODE, "PyPI": _PYTHON, "crates.io": _RUST, "Go": _GO, "RubyGems": _RUBY}
)
"""Programs of each ecosystem (OSV names) that load its packages."""
KNOWN = frozenset().union(*FAMILIES.values())
GENERIC = frozenset(
    (
        "make", "gmake", "just", "task", "ninja", "cmake", "bazel", "bazelisk", "sh", "bash", "zsh",
        "dash", "ksh", "pwsh", "powershell", "source", ".", "act", "earthly", "xcodebuild", "gradle",
        "gradlew", "mvn", "mvnw", "dagger",
    )
)  # fmt: skip
"""Programs that run whatever the tree says, packages of any family too."""

WRAPPERS = frozenset(
    (
        "sudo", "doas", "env", "time", "nice", "nohup", "exec", "command", "stdbuf", "unbuffer",
        "xvfb-run", "arch", "caffeinate",
    )
)  # fmt: skip
