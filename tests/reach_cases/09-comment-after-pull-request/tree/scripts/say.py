"""Says what the artifact holds."""

import click

SAY = click.echo
