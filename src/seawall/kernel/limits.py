"""No foreign byte is read without a bound, and every bound stands here.

A bound that is hit becomes a `Problem` with the bound's name and then a finding; it is never silence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one scan. Sizes in bytes, times in seconds, depths in nested containers.

    `values` are those of one file in JSON, YAML or TOML: a lockfile of `pins_per_document` packages has four
    to five million, and a file of nothing else would cost a minute and gigabytes.
    `pipeline_bytes` are those of a file that says what runs, and of what is written out of it at once.
    `archive_…` are those of one package archive: `archive_bytes` is what a zip may say that it unpacks to,
    `archive_stream_bytes` what is really unpacked of a compressed tar, `archive_code_bytes` what is kept of
    either to be looked at. A source larger than `source_bytes` is searched, not parsed. `sights` are those
    of one archive. `tool_bytes` is the largest file of an editor or agent that is read, `skill_files` how
    many files beside one skill. `script_bytes` is what is read of one shell script, `commands` how many
    of its commands are kept.
    `history_seconds_again` is for a repository whose history was looked at before: only the new is left,
    or a rest that the first look had no time for.
    """

    file_bytes: int = 64 * 1024 * 1024
    pipeline_bytes: int = 2 * 1024 * 1024
    tree_files: int = 400_000
    tree_depth: int = 64
    documents: int = 20_000
    pins_per_document: int = 200_000
    values: int = 6_000_000
    nesting: int = 100
    includes: int = 200
    text_field: int = 4_096
    chain: int = 8
    history_commits: int = 20_000
    history_blobs: int = 4_000
    history_bytes: int = 1024 * 1024 * 1024
    history_seconds: float = 6.0
    history_seconds_again: float = 0.7
    response_bytes: int = 64 * 1024 * 1024
    record_bytes: int = 8 * 1024 * 1024
    zip_members: int = 1_000_000
    zip_bytes: int = 16 * 1024 * 1024 * 1024
    zip_ratio: int = 200
    archive_members: int = 200_000
    archive_bytes: int = 16 * 1024 * 1024 * 1024
    archive_stream_bytes: int = 2 * 1024 * 1024 * 1024
    archive_code_bytes: int = 512 * 1024 * 1024
    archive_member_bytes: int = 32 * 1024 * 1024
    source_bytes: int = 4 * 1024 * 1024
    sights: int = 2_000
    script_bytes: int = 512 * 1024
    commands: int = 20_000
    note_bytes: int = 256 * 1024
    note_signatures: int = 64
    tool_bytes: int = 1024 * 1024
    skill_files: int = 100


DEFAULT_LIMITS = Limits()
WHOLE_HISTORY = replace(
    DEFAULT_LIMITS,
    history_commits=2_000_000,
    history_blobs=2_000_000,
    history_bytes=256 * 1024 * 1024 * 1024,
    history_seconds=3_600.0,
    history_seconds_again=3_600.0,
)
"""For whoever asked for everything and can wait."""
