"""Secrets: read from the environment, or made once into the local folder for a trial."""

import base64
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portal.env import env_secret


def _new_secret_key() -> str:
    return secrets.token_urlsafe(50)


def _new_blind_index_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _new_field_encryption_keys() -> str:
    return "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()


MAKERS = {
    "SECRET_KEY": _new_secret_key,
    "FIELD_ENCRYPTION_KEYS": _new_field_encryption_keys,
    "BLIND_INDEX_KEY": _new_blind_index_key,
}


def read_secret(name: str, *, local_dir: Path, production: bool) -> str:
    """The secret `name` from the environment or its `_FILE`.

    Outside production a missing one is made once and kept in `local_dir/secrets/` with mode 0600,
    so that what was encrypted yesterday can be read today. In production it is an error.
    """
    if production:
        return env_secret(name)
    given = env_secret(name, "")
    if given:
        return given
    path = local_dir / "secrets" / name.lower()
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return _keep(path, MAKERS[name]())
    except PermissionError as error:
        raise ImproperlyConfigured(
            f"{path} belongs to another user; set PORTAL_LOCAL_DIR to a folder of your own."
        ) from error


def _keep(path: Path, value: str) -> str:
    """Store `value` at `path` unless another process was first; the stored value either way."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(value + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        value = path.read_text(encoding="utf-8").strip()
    finally:
        draft.unlink()
    return value
