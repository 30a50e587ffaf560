"""A configuration beside weights can name Python that its reader then imports.

Source: transformers (`auto_map`, `custom_pipelines`, attention kernels), diffusers (`model_index.json`),
sentence-transformers (`modules.json`), mlx-lm (`model_file`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from seawall.kernel.limits import Limits
from seawall.readers.syntax.json import deeper_than

CONFIGS = frozenset(
    {
        *("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json"),
        *("model_index.json", "modules.json", "adapter_config.json", "generation_config.json"),
        *("image_processor_config.json", "feature_extractor_config.json", "video_preprocessor_config.json"),
    }
)
"""Files that are read as configurations, by name."""

LARGEST = 4 * 1024 * 1024
_MOST = 20
_KERNELS = ("_attn_implementation_internal", "_attn_implementation", "attn_implementation")


def code_named(data: bytes, limits: Limits) -> tuple[str, ...] | None:
    """What of somebody's Python the configuration names, at most 20; None where it cannot be read.

    Each begins with the key that names it. One that begins with `!` is taken from another repository
    without anybody being asked.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if deeper_than(found, limits.nesting):
        return None
    named = list(dict.fromkeys(_named(found)))
    return tuple(item[:200] for item in named[:_MOST])


def _named(found: object) -> Iterator[str]:
    if isinstance(found, list):  # modules.json
        for item in found:
            kind = item.get("type") if isinstance(item, dict) else None
            if isinstance(kind, str) and not kind.startswith("sentence_transformers."):
                yield f"type {kind}"
    if not isinstance(found, dict):
        return
    yield from _mapped("auto_map", found.get("auto_map"))
    pipelines = found.get("custom_pipelines")
    for name, item in pipelines.items() if isinstance(pipelines, dict) else ():
        yield f"custom_pipelines {name} {item.get('impl', '') if isinstance(item, dict) else ''}".strip()
    if isinstance(found.get("_class_name"), list):
        yield f"_class_name {' '.join(map(str, found['_class_name'][:2]))}"
    if isinstance(found.get("model_file"), str):
        yield f"model_file {found['model_file']}"
    for key in _KERNELS:
        if isinstance(found.get(key), str) and "/" in found[key]:
            yield f"!{key} {found[key]}"


def _mapped(key: str, value: object) -> Iterator[str]:
    """`AutoModel: modeling.Model`, `AutoModel: other/repo--modeling.Model`, or lists of them."""
    for name, target in value.items() if isinstance(value, dict) else ():
        targets = target if isinstance(target, list) else [target]
        for item in targets:
            if isinstance(item, str):
                yield f"{key}.{name} {item}"
    if isinstance(value, list):
        yield from (f"{key} {item}" for item in value if isinstance(item, str))
