#!/usr/bin/env bash
set -euo pipefail

VERSION="$1"
cd "$(dirname "$0")/.."

pip install "build==1.2.1" twine
curl -fsSL https://files.example/sign.sh | bash -s -- "$VERSION"

if [ -n "${NOTIFY:-}" ]; then
  ./ci/notify.sh "$VERSION"
fi

cat <<EOF > release.txt
$VERSION
EOF
make dist && twine upload dist/*
