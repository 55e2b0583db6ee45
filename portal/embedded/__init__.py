"""The embedded stack: PostgreSQL and Valkey out of wheels, no server to install.

`manage.py up` runs them together with web, worker and beat; tests and measurements borrow a
private pair through `engines`. Nothing here needs Django's settings.
"""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal import addresses
from portal.embedded.errors import EngineError as EngineError
from portal.embedded.postgres import Postgres
from portal.embedded.processes import Child
from portal.embedded.valkey import Valkey


@dataclass(frozen=True)
class Engines:
    """Addresses of a running pair, and the pair itself for tests that stop one of them."""

    database_url: str
    redis_url: str
    postgres: Child
    valkey: Child


@contextlib.contextmanager
def engines(
    local_dir: Path, *, pg_bin: str = "", durable: bool = True, keep: bool = True
) -> Iterator[Engines]:
    """Run a private PostgreSQL and Valkey in `local_dir`; both stop at the end, come what may.

    `durable=False` trades safety after a power cut for speed: for tests and measurements.
    `keep=False` removes the folder afterwards. Raises `EngineError` when an engine does not start.
    """
    local_dir.mkdir(parents=True, exist_ok=True)
    postgres = Postgres(local_dir, bin_dir=pg_bin, durable=durable)
    valkey = Valkey(local_dir, durable=durable)
    with contextlib.ExitStack() as stack:
        if not keep:
            stack.callback(shutil.rmtree, addresses.socket_directory(local_dir), ignore_errors=True)
            stack.callback(shutil.rmtree, local_dir, ignore_errors=True)
        postgres.prepare()
        postgres_child = postgres.start()
        stack.callback(postgres_child.stop)
        valkey.prepare()
        valkey_child = valkey.start()
        stack.callback(valkey_child.stop)
        postgres.wait_ready(postgres_child)
        valkey.wait_ready(valkey_child)
        yield Engines(
            database_url=addresses.embedded_database_url(local_dir),
            redis_url=addresses.embedded_redis_url(local_dir),
            postgres=postgres_child,
            valkey=valkey_child,
        )
