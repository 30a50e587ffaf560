"""The words of a dialect, under the name by which its room knows them."""

from seawall.kernel.dialect import Asked, Audit, Dialect, Document, File, Rendered, Said, Wanted

__all__ = ["Asked", "Audit", "Dialect", "Document", "File", "Rendered", "Said", "Wanted"]
