"""Benchmark: readers poll one feed of 220 KB; how many does each server answer in a second?

Ours beside nginx, Caddy and uvicorn, as far as they are installed, in one run: each with one worker
pinned to one core, in front of the same folder, made by feedsvc, with its .gz ready. wrk asks from
another core: gzip, 304 and identity, 64 connections at a time, in short rounds that alternate, so
that what else the machine does meets all alike. The figures are medians over the rounds; a ratio is
the median of the ratios of each round. `CPU` is what an answer costs the server, its kernel's part
included: of all figures the one that depends least on what else runs.

Then 1,000 connections are kept alive at once, and the most memory that each process of a server
used is told (of ours: the one that watches over the server, and the server).
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import os
import random
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

EXAMPLES = """\
examples:
  python tests/bench/serving.py                     all servers that are installed, in 3 minutes
  python tests/bench/serving.py --rounds 2 --seconds 1    a quick look
  python tests/bench/serving.py --rounds 9 --json > now.json
  python tests/bench/serving.py --server-core 1 --load-core 0
"""
TARGET = "/news/atom.xml"
GZIP, NOT_MODIFIED, IDENTITY = CASES = ("200 gzip", "304", "200 identity")
CONNECTIONS = 64
MANY = 1_000
# What the figures are meant to be.
OF_NGINX, OF_CADDY, MOST_P99, MOST_MEMORY = 0.5, 1.0, 20.0, 120.0


# --- the folder that is served


def publish(root: Path, port: int) -> Path:
    """A site with one feed of about 220 KB; its output directory."""
    chance = random.Random(5)
    letters = "aaabcdeeeefghiiiklmnnnoooprrrsssttttuuvwyz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 11))) for _ in range(6_000)]
    (root / "feedsvc.toml").write_text(
        f'[site]\ntitle = "Bench"\nbase_url = "https://bench.example.org"\n'
        f'[server]\nlisten = "127.0.0.1:{port}"\n'
        '[[source]]\nname = "articles"\npath = "articles"\n'
        '[[feed]]\nname = "news"\nformats = ["atom"]\nlimit = 50\n'
    )
    (root / "articles").mkdir()
    for number in range(50):
        day = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=7 * number)
        text = "\n\n".join(" ".join(chance.choices(words, k=75)) + "." for _ in range(7))
        article = root / "articles" / f"report-{number:02}.md"
        article.write_text(f"---\ntitle: Report {number}\ndate: {day.isoformat()}\n---\n\n{text}\n")
        os.utime(article, (day.timestamp(), day.timestamp()))  # nothing waits for it to settle
    command = [sys.executable, "-m", "feedsvc", "-C", str(root), "-q", "sync"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for path in (root, *root.rglob("*")):  # the workers of nginx may be another user's
        path.chmod(0o755 if path.is_dir() else 0o644)
    return root / "public"


# --- the servers

# As Debian sets it up, but for the log, which costs it a tenth.
NGINX = """\
worker_processes 1;
daemon off;
pid {root}/nginx.pid;
error_log {root}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    types {{ application/atom+xml xml; }}
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    gzip_static on;
    {temporary}
    server {{ listen 127.0.0.1:{port} backlog=1024; root {public}; }}
}}
"""
CADDY = """\
{{
    admin off
    auto_https off
    storage file_system {root}/caddy
}}
http://127.0.0.1:{port} {{
    root * {public}
    file_server {{
        precompressed gzip
    }}
}}
"""
# No framework and no file: the most that uvicorn could send.
ASGI = """\
import os
from pathlib import Path

path = Path(os.environ["BENCH_PUBLIC"]) / "news" / "atom.xml"
plain, packed = path.read_bytes(), path.with_name("atom.xml.gz").read_bytes()


def head(tag, *more):
    return [(b"content-type", b"application/atom+xml"), (b"etag", tag), *more]


def whole(tag, body, *more):
    return head(tag, (b"content-length", str(len(body)).encode()), *more), body


identity, gzip = whole(b'"a"', plain), whole(b'"b"', packed, (b"content-encoding", b"gzip"))


async def app(scope, receive, send):
    asked = dict(scope["headers"])
    fields, body = gzip if b"gzip" in asked.get(b"accept-encoding", b"") else identity
    status, tag = 200, fields[1][1]
    if asked.get(b"if-none-match") == tag:
        status, fields, body = 304, head(tag), b""
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    name: str
    port: int
    pid: int

    def processes(self) -> list[int]:
        """It, and all that it started."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        found = [self.pid]
        for one in found:
            found += [child for child, parent in parents.items() if parent == one]
        return found

    def cpu(self) -> float:
        """CPU seconds so far, user and system."""
        ticks = 0
        for pid in self.processes():
            columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(columns[11]) + int(columns[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> list[float]:
        """MiB, the peak of each of its processes."""
        peaks = (Path(f"/proc/{pid}/status").read_text() for pid in self.processes())
        return [round(int(re.findall(r"VmHWM:\s*(\d+)", peak)[0]) / 1024, 1) for peak in peaks]

    def ask(self, **headers: str) -> tuple[int, str, str, bytes]:
        """Status, coding, tag and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest("GET", TARGET, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        coding = answer.headers.get("content-encoding", "")
        return answer.status, coding, answer.headers.get("etag", ""), body


def commands(root: Path, public: Path, ports: dict[str, int]) -> Iterator[tuple[str, list[str]]]:
    """The servers that are installed and how they are started; says which are not."""
    folders = "client_body proxy fastcgi uwsgi scgi".split()
    places = {"root": root, "public": public}
    temporary = "".join(f"{one}_temp_path {root}/nginx-{one};" for one in folders)
    config = NGINX.format(**places, port=ports["nginx"], temporary=temporary)
    (root / "nginx.conf").write_text(config)
    (root / "Caddyfile").write_text(CADDY.format(**places, port=ports["Caddy"]))
    (root / "bench_asgi.py").write_text(ASGI)
    yield "feedsvc", [sys.executable, "-m", "feedsvc", "-C", str(root), "-q", "serve"]
    for name, program, arguments in (
        ("nginx", shutil.which("nginx", path=_path()), ["-c", f"{root}/nginx.conf"]),
        ("Caddy", shutil.which("caddy"), ["run", "--config", f"{root}/Caddyfile"]),
    ):
        if program is None:
            print(f"{name.lower()}: not installed", file=sys.stderr)
        else:
            yield name, [program, *arguments]
    if importlib.util.find_spec("uvicorn") is None:
        print("uvicorn: not installed", file=sys.stderr)
    else:
        options = ["--port", str(ports["uvicorn"]), "--log-level", "warning", "--app-dir"]
        yield "uvicorn", [sys.executable, "-m", "uvicorn", *options, str(root), "bench_asgi:app"]


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"


@contextmanager
def running(
    name: str, command: list[str], port: int, root: Path, core: int
) -> Iterator[Server | None]:
    """A server, pinned to a core, from when it answers; None, said why, if it does not."""
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        **{"HOME": str(root), "GOMAXPROCS": "1", "BENCH_PUBLIC": str(root / "public")},
    }
    log = root / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command], stdout=out, stderr=out, env=environment
        )
    server = Server(name, port, process.pid)
    try:
        if _answers(process, port):
            yield server
        else:
            said = log.read_text(errors="replace").strip()[-500:]
            print(f"{name}: does not start: {said}", file=sys.stderr)
            yield None
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def check(server: Server, public: Path) -> dict[str, dict[str, str]]:
    """The header fields of each case, after a look that it is answered as it should be."""
    file = public / TARGET[1:]
    packed = {"accept_encoding": "gzip"}
    cases: dict[str, dict[str, str]] = {GZIP: packed, NOT_MODIFIED: packed, IDENTITY: {}}
    seen = {case: server.ask(**asked) for case, asked in cases.items()}
    gzip = file.with_name(file.name + ".gz").read_bytes()
    if (seen[GZIP][1], seen[GZIP][3]) != ("gzip", gzip) or seen[IDENTITY][3] != file.read_bytes():
        raise SystemExit(f"{server.name} does not send what lies in the folder")
    cases[NOT_MODIFIED] = {**packed, "if_none_match": seen[GZIP][2]}
    if (status := server.ask(**cases[NOT_MODIFIED])[0]) != 304:
        raise SystemExit(f"{server.name} answers {status} to its own tag")
    return cases


# --- the load


@dataclass(frozen=True, slots=True)
class Figures:
    """What wrk saw, and what it cost the server."""

    rate: float  # requests/s
    p50: float  # ms
    p99: float  # ms
    errors: int
    cpu: float  # µs a request
    load: float  # share of its core that wrk used


def wrk(
    server: Server, headers: dict[str, str], connections: int, seconds: float, core: int
) -> Figures:
    """Ask for some seconds, with so many connections."""
    fields = [f"-H{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    address = f"http://127.0.0.1:{server.port}{TARGET}"
    used, began, spent = server.cpu(), time.monotonic(), _children()
    ended = subprocess.run(
        [*command, "--latency", "--timeout", "10s", *fields, address],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    said, load = ended.stdout, (_children() - spent) / (time.monotonic() - began)
    used = server.cpu() - used
    answered = int(re.findall(r"(\d+) requests in", said)[0])
    failed = re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said)
    return Figures(
        rate=float(re.findall(r"Requests/sec:\s*([\d.]+)", said)[0]),
        p50=_ms(said, "50%"),
        p99=_ms(said, "99%"),
        errors=sum(map(int, failed)),
        cpu=used / max(answered, 1) * 1e6,
        load=load,
    )


def _ms(said: str, share: str) -> float:
    number, unit = re.findall(rf"{share}\s+([\d.]+)(us|ms|s|m)\b", said)[0]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit]


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True, slots=True)
class Row(Figures):
    """The median of all rounds; the ratios are medians of the ratios of each round."""

    who: str
    case: str
    connections: int
    of_nginx: float | None = None
    of_caddy: float | None = None


def rows(
    options: argparse.Namespace, asked: dict[Server, dict[str, dict[str, str]]]
) -> Iterator[Row]:
    """Each case: a round of each server in turn, every other round in the other order."""
    servers = list(asked)
    for case in CASES:
        found: dict[str, list[Figures]] = {server.name: [] for server in servers}
        for number in range(options.rounds + 1):
            for server in servers if number % 2 else servers[::-1]:
                headers = asked[server][case]
                figures = wrk(server, headers, CONNECTIONS, options.seconds, options.load_core)
                if number:  # the first one warms up
                    found[server.name].append(figures)
        for server in servers:
            yield row(server.name, case, CONNECTIONS, found)
    for case in (NOT_MODIFIED, GZIP):
        for server in servers:
            headers = asked[server][case]
            figures = wrk(server, headers, MANY, options.seconds, options.load_core)
            yield row(server.name, case, MANY, {server.name: [figures]})


def row(who: str, case: str, connections: int, found: dict[str, list[Figures]]) -> Row:
    """The medians of one server, and what its rates are of those of the others."""

    def ratio(other: str) -> float | None:
        if who == other or not found.get(other):
            return None
        pairs = zip(found[who], found[other], strict=True)
        return round(statistics.median(one.rate / two.rate for one, two in pairs), 2)

    def middle(name: str) -> float:
        figures: list[float] = [getattr(one, name) for one in found[who]]
        return round(statistics.median(figures), 2)

    return Row(
        who=who, case=case, connections=connections,
        rate=middle("rate"), p50=middle("p50"), p99=middle("p99"), cpu=middle("cpu"),
        load=middle("load"), errors=sum(one.errors for one in found[who]),
        of_nginx=ratio("nginx"), of_caddy=ratio("Caddy"),
    )  # fmt: skip


# --- the command


def report(found: list[Row], memory: dict[str, list[float]]) -> None:
    """A table, and what is meant to be."""
    print(
        f"{'case':<13} {'at once':>7} {'who':<8} {'answers/s':>9} {'x nginx':>8} {'x Caddy':>8}"
        f" {'p50 ms':>7} {'p99 ms':>7} {'CPU µs':>7} {'errors':>6} {'wrk':>5}"
    )
    for r in found:
        ratios = ("-" if one is None else f"{one:.2f}" for one in (r.of_nginx, r.of_caddy))
        print(
            f"{r.case:<13} {r.connections:>7} {r.who:<8} {r.rate:>9,.0f}"
            f" {next(ratios):>8} {next(ratios):>8}"
            f" {r.p50:>7.2f} {r.p99:>7.2f} {r.cpu:>7.1f} {r.errors:>6} {r.load:>5.0%}"
        )
    for who, peaks in memory.items():
        print(f"{who}: {' + '.join(f'{peak:.0f}' for peak in peaks)} MiB at most")
    ours = [r for r in found if r.who == "feedsvc"]
    polls = [r for r in ours if r.connections == CONNECTIONS and r.case != IDENTITY]
    for r in polls:
        for other, is_, aim in (("nginx", r.of_nginx, OF_NGINX), ("Caddy", r.of_caddy, OF_CADDY)):
            if is_ is not None:
                say(f"{r.case}: {is_:.2f} x {other}", is_ >= aim, f"at least {aim:g}")
    slowest = max(r.p99 for r in polls)
    say(f"p99 of both: {slowest:.1f} ms", slowest < MOST_P99, f"below {MOST_P99:g}")
    errors = sum(r.errors for r in ours)
    say(f"{MANY:,} connections: {errors} errors", errors == 0, "none")
    peak = max(memory["feedsvc"])
    say(f"memory: {peak:.0f} MiB", peak <= MOST_MEMORY, f"at most {MOST_MEMORY:g}")


def say(what: str, holds: bool, aim: str) -> None:
    """A figure and its aim."""
    print(f"{'ok  ' if holds else 'MISS'} {what} (aim: {aim})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0], epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="of each case and server (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="that a round takes (2)")
    parser.add_argument("--server-core", type=int, default=0, help="where the servers run (0)")
    parser.add_argument("--load-core", type=int, default=1, help="where wrk runs (1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    expect_tools(parser, options)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(8192, hard)), hard))
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="feedsvc-bench-") as name, ExitStack() as stack:
        root = Path(name)
        root.chmod(0o755)
        ports = dict(zip(("feedsvc", "nginx", "Caddy", "uvicorn"), free_ports(4), strict=True))
        public = publish(root, ports["feedsvc"])
        file = public / TARGET[1:]
        sizes = [one.stat().st_size // 1000 for one in (file, file.with_name(file.name + ".gz"))]
        print(
            f"a feed of {sizes[0]} KB, {sizes[1]} KB in gzip; load average before: "
            + " ".join(f"{one:.2f}" for one in before),
            file=sys.stderr,
        )
        servers = [
            stack.enter_context(running(who, command, ports[who], root, options.server_core))
            for who, command in commands(root, public, ports)
        ]
        asked = {server: check(server, public) for server in servers if server is not None}
        if "feedsvc" not in {server.name for server in asked}:
            raise SystemExit("without feedsvc there is nothing to compare")
        found = list(rows(options, asked))
        memory = {server.name: server.memory() for server in asked}
    if options.json:
        table = [asdict(r) for r in found]
        print(json.dumps({"load": before, "rows": table, "memory": memory}, indent=2))
    else:
        report(found, memory)


def expect_tools(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with a sentence if something is missing that nothing can be measured without."""
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if shutil.which(tool) is None:
            parser.exit(1, f"{tool} is not installed: `apt install {package}` on Debian\n")
    cores = os.sched_getaffinity(0)
    if not {options.server_core, options.load_core} <= cores:
        known = ", ".join(map(str, sorted(cores)))
        parser.exit(1, f"no such core; this process may use: {known}\n")
    if options.rounds < 1 or options.seconds < 1:  # wrk knows whole seconds
        parser.exit(2, "at least one round, of at least a second\n")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in taken]


if __name__ == "__main__":
    main()
