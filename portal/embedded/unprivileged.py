"""PostgreSQL refuses to run as root; so root hands it to an ordinary account.

Nothing is made readable for others on the way: where that account cannot pass a closed parent
folder (such as a private home or temporary one), the process keeps the single capability to do so.
"""

import os
import pwd
import shutil
import stat
from pathlib import Path

from portal.embedded.errors import EngineError

ACCOUNTS = ("postgres", "nobody")


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def ordinary_account(owned: Path) -> pwd.struct_passwd:
    """The account that PostgreSQL runs as under root: the owner of its data, or a usual one."""
    if owned.exists():
        owner = owned.stat().st_uid
        if owner != 0:
            try:
                return pwd.getpwuid(owner)
            except KeyError as error:
                raise EngineError(f"{owned} belongs to an unknown user (id {owner}).") from error
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EngineError(f"Root needs one of the accounts {', '.join(ACCOUNTS)} for PostgreSQL.")


def own_directory(path: Path) -> None:
    """Make a private folder for PostgreSQL; under root it belongs to the ordinary account."""
    account = ordinary_account(path) if is_root() else None
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


def command_prefix(owned: Path, reached: tuple[Path, ...]) -> list[str]:
    """What to put before a PostgreSQL command; empty for an ordinary user.

    `reached` are the paths that the account must be able to get at.
    """
    if not is_root():
        return []
    account = ordinary_account(owned)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EngineError(
            "Running as root needs the program setpriv (package util-linux). "
            "Install it, or run as an ordinary user."
        )
    prefix = [setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    if not all(_open_to_others(path) for path in reached):
        prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return prefix


def _open_to_others(path: Path) -> bool:
    """Whether everybody may pass all the parents of `path`."""
    return all(
        not parent.exists() or parent.stat().st_mode & stat.S_IXOTH
        for parent in path.resolve().parents
    )
