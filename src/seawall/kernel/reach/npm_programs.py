"""Packages whose program has another name than they: `npx tsc` runs typescript where that is installed.

npx takes the program of an installed package before it asks the registry, and most lockfiles do not tell
which programs their packages bring.
Source: the `bin` entries of the packages' own manifests.
"""

from __future__ import annotations

from collections.abc import Container

_PACKAGES = {
    "antora": "@antora/cli",
    "babel": "@babel/cli",
    "biome": "@biomejs/biome",
    "cap": "@capacitor/cli",
    "cdk": "aws-cdk",
    "changeset": "@changesets/cli",
    "commitlint": "@commitlint/cli",
    "cz": "commitizen",
    "docusaurus": "@docusaurus/core",
    "dotenv": "dotenv-cli",
    "dotenvx": "@dotenvx/dotenvx",
    "electron-forge": "@electron-forge/cli",
    "firebase": "firebase-tools",
    "graphql-codegen": "@graphql-codegen/cli",
    "lhci": "@lhci/cli",
    "napi": "@napi-rs/cli",
    "nest": "@nestjs/cli",
    "netlify": "netlify-cli",
    "ng": "@angular/cli",
    "node-pre-gyp": "@mapbox/node-pre-gyp",
    "nuxi": "nuxt",
    "openapi-generator-cli": "@openapitools/openapi-generator-cli",
    "playwright": "@playwright/test playwright",
    "react-native": "@react-native-community/cli react-native",
    "redocly": "@redocly/cli",
    "sentry-cli": "@sentry/cli",
    "storybook": "storybook @storybook/cli",
    "svelte-kit": "@sveltejs/kit",
    "svgr": "@svgr/cli",
    "swc": "@swc/cli",
    "tailwindcss": "@tailwindcss/cli tailwindcss",
    "tauri": "@tauri-apps/cli",
    "tsc": "typescript",
    "vp": "vite-plus",
    "vsce": "@vscode/vsce vsce",
    "vscode-test": "@vscode/test-cli",
    "vue-cli-service": "@vue/cli-service",
    "webpack": "webpack-cli webpack",
}


def brought_by(program: str, packages: Container[str]) -> str:
    """Which of these packages brings the program, empty when none is known to."""
    known = (program, *_PACKAGES.get(program, "").split())
    return next((name for name in known if name in packages), "")
