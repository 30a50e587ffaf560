"""A witness that answers on this machine while a block runs."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from seawall.servers.witness import Listener, Witness


@contextmanager
def listening(witness: Witness, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    listener = Listener(witness, "127.0.0.1", 0, tls)
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        thread.join()
        listener.close()
