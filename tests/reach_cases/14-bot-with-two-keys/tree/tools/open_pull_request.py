# /// script
# dependencies = ["requests"]
# ///
"""Opens the pull request."""

import requests

VERSION = requests.__version__
