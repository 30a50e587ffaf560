"""`python -m seawall` is `seawall`."""

import sys

from seawall.cli.main import main

sys.exit(main())
