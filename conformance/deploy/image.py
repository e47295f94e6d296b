"""The Dockerfile: its steps run in a clean Debian, and what they make runs as the image would: with nothing else, by its user, read-only."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from checks import CACHE, ROOT, TTAI, WORK, check, counted, equal

LIMIT = 65_000_000
# Beside the binary: the C library and what it needs, certificate authorities.
LIMIT_OF_THE_REST = 6_000_000
# A binary that still has its symbols is a debug build, which no limit was meant for.
IS_RELEASE = Path(TTAI).stat().st_size < 100_000_000


def instructions() -> list[tuple[str, str]]:
    lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    return [(line.split()[0], line.split(None, 1)[1].strip()) for line in lines]


def stages() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for word, rest in instructions():
        if word == "FROM":
            found[rest.split(" AS ")[-1]] = []
        found[list(found)[-1]].append((word, rest))
    return found


def in_root(root: Path, script: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(["chroot", root, "/bin/sh", "-euc", script], capture_output=True, text=True, timeout=200, **options)


def build(debian: Path) -> None:
    """The steps of the stage `root`, one after another."""
    for word, rest in stages()["root"]:
        if word == "FROM":
            check("the stage begins with the Debian that the test has", rest.startswith("debian:bookworm"), rest)
        elif word == "COPY" and rest.startswith("--from=build"):
            shutil.copy(TTAI, debian / rest.split()[-1].lstrip("/"))
            if not IS_RELEASE:
                subprocess.run(["strip", debian / "ttai"], check=True)
        elif word == "COPY":
            source, target = rest.split()
            shutil.copy(ROOT / source, debian / target.lstrip("/"))
        elif word == "RUN":
            done = in_root(debian, rest)
            check(f"RUN {rest}", done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:])
        else:
            check(f"a step that is understood: {word}", False)


def contents(image: Path) -> None:
    files = sorted(f for f in image.rglob("*") if f.is_file() and not f.is_symlink())
    names = [str(f.relative_to(image)) for f in files]
    size = sum(f.stat().st_size for f in files)
    binary = (image / "usr/bin/ttai").stat().st_size
    print(f"   the image: {size / 1e6:.1f} MB in {len(files)} files, of them the binary {binary / 1e6:.1f} MB")
    check("the rest is small", size - binary < LIMIT_OF_THE_REST, size - binary)
    if IS_RELEASE:
        check(f"under {LIMIT / 1e6:.0f} MB", size < LIMIT, size)
    own = {"usr/bin/ttai", "etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ssl/certs/ca-certificates.crt"}
    others = [name for name in names if name not in own and not re.search(r"(^|/)(lib[\w.+-]+\.so\.\d+|ld-linux[\w-]+\.so\.\d)$", name)]
    equal("nothing but the program, libraries, authorities and a user", others, [])
    check("every one of ours is there", own <= set(names), own - set(names))
    check("nothing runs by another's rights", not any(f.stat().st_mode & 0o6000 for f in files))
    writable = [str(p.relative_to(image)) for p in image.rglob("*") if not p.is_symlink() and p.stat().st_mode & 0o002]
    equal("everybody may write to /tmp only", writable, ["tmp"])
    equal("the user's folder is the user's", (image / "var/lib/ttai").stat().st_uid, 10001)


def settings() -> dict[str, str]:
    last = stages()["scratch"]
    found = {k: v for word, rest in last if word == "ENV" for k, v in (pair.split("=", 1) for pair in rest.split())}
    equal("the user", [rest for word, rest in last if word == "USER"], ["10001:10001"])
    equal("the program", [rest for word, rest in last if word == "ENTRYPOINT"], ['["/usr/bin/ttai"]'])
    return found


def inside(image: Path, environment: dict[str, str], command: list[str], expected: int = 0) -> str:
    """As a container would: a read-only root, the data folder and /tmp writable, no rights, a network of its own."""
    mount = "mount --bind {0} {0} && mount --bind {0}/var/lib/ttai {0}/var/lib/ttai && mount -t tmpfs tmpfs {0}/tmp && mount -t proc proc {0}/proc && mount -o remount,bind,ro {0}"
    # Those that answer names and web pages inside, then the program alone.
    script = (f"{mount.format(image)} && ip link set lo up; python3 {Path(__file__).parent}/neighbours.py {WORK}/debian/tls & neighbours=$!; "
              f"trap 'kill $neighbours' EXIT; sleep 0.5; "
              f"env -i {' '.join(f'{k}={v}' for k, v in environment.items())} $(command -v chroot) --userspec=10001:10001 --groups= {image} \"$@\"")
    done = subprocess.run(["unshare", "--mount", "--net", "--propagation", "private", "bash", "-c", script, "inside", *command],
                          capture_output=True, text=True, timeout=60)
    text = done.stdout + done.stderr
    check(f"inside: {' '.join(command[1:])}{'' if expected == 0 else ' fails'}", done.returncode == expected, f"{done.returncode}: {text}")
    return text


AUTHORITY = """
mkdir /tls && cd /tls
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $key -days 2 -subj /CN=authority -keyout ca.key -out ca.crt -addext basicConstraints=critical,CA:TRUE
openssl req $key -subj /CN=hook -keyout key.pem -out request.pem
echo subjectAltName=DNS:hook.ttai.svc.cluster.local >names
openssl x509 -req -in request.pem -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem
"""


def trusts(image: Path, debian: Path, environment: dict[str, str]) -> None:
    """Certificates are judged by the authorities in the image, and by nothing that is built in."""
    hook = environment | {"TTAI__CHANNELS__HOOK__TYPE": "webhook", "TTAI_CHANNELS_HOOK_SECRET": "0123456789abcdef",
                          "TTAI__MARKET__SOURCE": "simulated", "TTAI_CHANNELS_HOOK_URL": "https://hook.ttai.svc.cluster.local:8443/"}
    command = ["/usr/bin/ttai", "notify", "test", "hook"]
    check("an unknown authority is refused", "UnknownIssuer" in inside(image, hook, command, 1))
    with (image / "etc/ssl/certs/ca-certificates.crt").open("a") as authorities:
        authorities.write((debian / "tls/ca.crt").read_text())
    check("one of the image's is trusted", "delivered" in inside(image, hook, command))


def runs(image: Path, environment: dict[str, str]) -> None:
    ttai = "/usr/bin/ttai"
    check("its version", inside(image, environment, [ttai, "--version"]).startswith("ttai "))
    check("a valid configuration", "valid" in inside(image, environment, [ttai, "config", "check"]))
    wrong = environment | {"TTAI__MARKET__SOURCE": "nowhere"}
    check("a wrong one says what is wrong", "market.source" in inside(image, wrong, [ttai, "config", "check"], 1))
    missing = environment | {"TTAI_STORE_URL_FILE": "/run/secrets/store-url"}
    check("a missing secret says which", "/run/secrets/store-url" in inside(image, missing, [ttai, "config", "check"], 1))
    check("the data folder is writable", "up to date" in inside(image, environment, [ttai, "store", "migrate"]))
    elsewhere = environment | {"TTAI_DATA_DIR": "/etc"}
    inside(image, elsewhere, [ttai, "store", "migrate"], 1)
    # A name of /etc/hosts and one that only the name server knows: what a cluster's services are.
    for name in ("host-of-a-file", "temporal-frontend.ttai.svc.cluster.local"):
        check(f"{name} is found", "well" in inside(image, environment, [ttai, "health", f"http://{name}:8080/healthz"]))
    check("an unknown name is said to be one", "lookup" in inside(image, environment, [ttai, "health", "http://nobody.invalid:8080/"], 1))
    unreachable = environment | {"TEMPORAL_ADDRESS": "temporal-frontend.ttai.svc.cluster.local:7233"}
    check("no Temporal: it ends and says so", "no Temporal server answers" in inside(image, unreachable, [ttai, "worker"], 4))
    check("nobody listens: not well", "does not answer" in inside(image, environment, [ttai, "health"], 1))


def refuses_half_an_image(debian: Path) -> None:
    """A library that is not there stops the build: it would be missed at the first start."""
    ldd = "#!/bin/sh\\necho '\\tlibnowhere.so.1 => not found'\\n"
    script = f"mkdir -p /fake && printf \"{ldd}\" >/fake/ldd && chmod +x /fake/ldd && PATH=/fake:$PATH /assemble /ttai /half"
    done = in_root(debian, script)
    check("a library that is missing stops the build", done.returncode != 0 and "libnowhere" in done.stderr, done.stderr)


def context() -> None:
    """What .dockerignore lets through is what Cargo needs."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *allowed], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.splitlines()
    folder = WORK / "context"
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder / name)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"   the build's context: {size / 1e6:.1f} MB in {len(files)} files")
    done = subprocess.run(["cargo", "metadata", "--format-version", "1", "--locked", "--offline"], cwd=folder, capture_output=True, text=True)
    check("Cargo finds every crate in the context", done.returncode == 0, done.stderr)
    outside = subprocess.run(["grep", "-rnoE", r"include_(str|bytes)!\(\"[^\"]+\"", "--include=*.rs", "."], cwd=folder, capture_output=True, text=True)
    for line in outside.stdout.splitlines():
        file, _, included = line.split(":", 2)
        path = (folder / file).parent / included.split('"')[1]
        if not path.resolve().is_file():
            check(f"{file} includes {included}", False)
    for step in (rest for _, rest in stages()["root"] if rest.startswith("deploy/")):
        check(f"{step.split()[0]} is in the context", (folder / step.split()[0]).is_file())


def main() -> None:
    context()
    environment = settings()
    if os.geteuid() != 0:
        print("   not root: the steps are left out")
        return
    debian = WORK / "debian"
    debian.mkdir()
    subprocess.run(["tar", "--extract", "--file", CACHE / "debian.tar", "--directory", debian, "--exclude=./dev/*"], check=True)
    for device in ("null", "urandom"):
        (debian / "dev" / device).touch()
        subprocess.run(["mount", "--bind", f"/dev/{device}", debian / "dev" / device], check=True)
    try:
        shutil.copy("/etc/resolv.conf", debian / "etc/resolv.conf")
        # How this machine reaches Debian's packages.
        for file in Path("/etc/apt/apt.conf.d").glob("99*"):
            shutil.copy(file, debian / "etc/apt/apt.conf.d")
        build(debian)
        refuses_half_an_image(debian)
        done = in_root(debian, AUTHORITY)
        check("an authority of the test's own", done.returncode == 0, done.stderr)
    finally:
        for device in ("null", "urandom"):
            subprocess.run(["umount", debian / "dev" / device], check=True)
    image = debian / "image"
    contents(image)
    # What an engine adds to every container.
    (image / "proc").mkdir()
    (image / "etc/hosts").write_text("127.0.0.1 localhost host-of-a-file\n")
    (image / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    runs(image, environment)
    trusts(image, debian, environment)


with counted("image"):
    main()
