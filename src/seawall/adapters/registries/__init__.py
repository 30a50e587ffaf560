"""What package registries say about releases, asked as the user's own clients would ask."""

from .npm import NPM
from .pypi import PYPI

REGISTRIES = (NPM, PYPI)
"""Every kind of registry that can be asked."""
