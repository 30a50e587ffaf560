"""Which key was on the table: the workflow that signs an app, before and after the one cut that matters.

Two small workflows are written to .demo/ and only read; nothing in them is run.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
PLACE = HERE / ".demo" / "desktop"
WORKFLOW = PLACE / ".github" / "workflows" / "release.yml"
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"

BEFORE = f"""name: Release
on: {{push: {{tags: ["v*"]}}}}
permissions: {{contents: read}}
jobs:
  sign:
    runs-on: macos-14
    env:
      APPLE_NOTARY_KEY: ${{{{ secrets.APPLE_NOTARY_KEY }}}}
    steps:
      - uses: {CHECKOUT}
      - run: npm install
      - run: npm run build
      - run: |
          echo "$CERT" | base64 --decode > "$RUNNER_TEMP/cert.p12"
          security import "$RUNNER_TEMP/cert.p12" -P "$PASSWORD" -T /usr/bin/codesign
        env:
          CERT: ${{{{ secrets.APPLE_CERT_P12 }}}}
          PASSWORD: ${{{{ secrets.APPLE_CERT_PASSWORD }}}}
      - run: |
          codesign --sign "Developer ID Application" app.dmg
          xcrun notarytool submit app.dmg --key "$APPLE_NOTARY_KEY"
"""
AFTER = f"""name: Release
on: {{push: {{tags: ["v*"]}}}}
permissions: {{contents: read}}
jobs:
  build:
    runs-on: macos-14
    steps:
      - uses: {CHECKOUT}
        with: {{persist-credentials: false}}
      - run: npm ci --ignore-scripts
      - run: npm run build
      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2
        with: {{name: app, path: app.dmg}}
  sign:
    needs: build
    runs-on: macos-14
    environment: release
    steps:
      - uses: actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0
        with: {{name: app}}
      - run: |
          echo "$CERT" | base64 --decode > "$RUNNER_TEMP/cert.p12"
          security import "$RUNNER_TEMP/cert.p12" -P "$PASSWORD" -T /usr/bin/codesign
        env:
          CERT: ${{{{ secrets.APPLE_CERT_P12 }}}}
          PASSWORD: ${{{{ secrets.APPLE_CERT_PASSWORD }}}}
      - run: |
          codesign --sign "Developer ID Application" app.dmg
          xcrun notarytool submit app.dmg --key "$KEY"
        env:
          KEY: ${{{{ secrets.APPLE_NOTARY_KEY }}}}
"""


def reach(title: str, workflow: str) -> str:
    """Print what a person would type and see, and return it."""
    WORKFLOW.write_text(workflow)
    place = str(PLACE.relative_to(HERE))
    print(f"\n$ seawall reach {place}    # {title}\n", flush=True)
    words = [sys.executable, "-m", "seawall", "reach", place]
    done = subprocess.run(words, cwd=HERE, check=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout, flush=True)
    return done.stdout


def main() -> int:
    """Both workflows; 0 when the key is in reach before and no longer after."""
    shutil.rmtree(PLACE, ignore_errors=True)
    WORKFLOW.parent.mkdir(parents=True)
    manifest = {
        "name": "desktop",
        "dependencies": {"axios": "^1.13.0"},
        "scripts": {"build": "electron-builder"},
    }
    (PLACE / "package.json").write_text(json.dumps(manifest))
    before = reach("the key lies beside an install that floats", BEFORE)
    (PLACE / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {"": {}}}\n')
    after = reach("signing is a job of its own, and takes what was built", AFTER)
    key, npm = "APPLE_NOTARY_KEY", "by npm install (range)"
    return 0 if f"{key} (certain) {npm}" in before and "worst:" not in after else 1


if __name__ == "__main__":
    sys.exit(main())
