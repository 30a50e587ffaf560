"""Files in which people keep what opens something: one file per format, and no value leaves any of them."""

from __future__ import annotations

from seawall.readers.format import CredentialFormat

from . import (
    agents,
    aws,
    azure,
    dotenv,
    forges,
    gcloud,
    java,
    kubernetes,
    netrc,
    others,
    packages,
    registries,
    ssh,
    token_files,
)

FORMATS: tuple[CredentialFormat, ...] = (
    aws.PROFILES,
    aws.CACHE,
    gcloud.FORMAT,
    azure.TOKENS,
    azure.PRINCIPALS,
    kubernetes.FORMAT,
    registries.FORMAT,
    netrc.FORMAT,
    forges.STORE,
    forges.GITHUB,
    forges.GITLAB,
    ssh.FORMAT,
    packages.CARGO,
    packages.GEM,
    packages.POETRY,
    packages.UV,
    java.MAVEN,
    java.GRADLE,
    token_files.VAULT,
    token_files.HUB,
    token_files.HUB_STORED,
    token_files.TERRAFORM,
    token_files.KAGGLE,
    token_files.PGPASS,
    *agents.FORMATS,
    dotenv.FORMAT,
    *others.FORMATS,
)
"""Every format of credentials that is read."""
