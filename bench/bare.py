"""Finished bytes from uvicorn and nothing else: what the firewall's answers cost at the least.

python -m bench.bare PORT
"""

import json
import sys
from typing import Any

from .upstream import packument, project

_BODIES = {
    "/index": json.dumps(project("http://127.0.0.1:1")).encode(),
    "/packument": json.dumps(packument("http://127.0.0.1:1")).encode(),
}


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """Send the bytes that lie under a path."""
    body = _BODIES.get(scope["path"], b"")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_config=None,
    )
