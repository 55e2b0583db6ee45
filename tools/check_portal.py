"""Checks that need the running portal: migrations, deployment, API schema.

With production's settings, throw-away secrets and a private database. Argument: one of the checks.
"""

import base64
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from portal.embedded import engines  # noqa: E402

CHECKS = {
    "migrations": ["makemigrations", "--check", "--dry-run"],
    "deployment": ["check", "--deploy", "--fail-level", "WARNING"],
    "schema": ["spectacular", "--validate", "--fail-on-warn", "--file", os.devnull],
}


def production_environment(database_url: str, redis_url: str, local_dir: str) -> dict[str, str]:
    """Variables as in production, with secrets that nobody keeps."""
    return {
        **os.environ,
        "PORTAL_ENV": "production",
        "PORTAL_ENV_FILE": "no-such-file",
        "PORTAL_LOCAL_DIR": local_dir,
        "PUBLIC_BASE_URL": "https://portal.example.org",
        "ALLOWED_HOSTS": "portal.example.org",
        "TRUSTED_PROXY_COUNT": "1",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "FIELD_ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "BLIND_INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "LOG_LEVEL": "WARNING",
    }


def main() -> int:
    """Run the named checks, or all; the number of failures."""
    names = sys.argv[1:] or list(CHECKS)
    failures = 0
    folder = Path(tempfile.mkdtemp(prefix="portal-lint-"))
    with engines(
        folder, pg_bin=os.environ.get("EMBEDDED_PG_BIN", ""), durable=False, keep=False
    ) as pair:
        environment = production_environment(pair.database_url, pair.redis_url, str(folder))
        for name in names:
            print(f"{name}:", flush=True)
            command = [sys.executable, str(ROOT / "manage.py"), *CHECKS[name]]
            failures += subprocess.run(command, env=environment, check=False).returncode != 0
    return failures


if __name__ == "__main__":
    sys.exit(main())
