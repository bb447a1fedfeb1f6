"""Debian packages from the wheel in dist/: one for each release of Debian.

They differ in the Python that they run on, for orjson and pydantic-core are built for one minor
version each. Nothing is compiled here: the wheel is there, and what it needs comes from PyPI by
requirements.txt. README.md in this folder says how the package is laid out, and why.
"""

import argparse
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
PYTHON_OF = {"bookworm": "3.11", "trixie": "3.13"}
NUMBER_OF = {"bookworm": "12", "trixie": "13"}
DEBIAN_NAME_OF = {"x86_64": "amd64", "aarch64": "arm64"}
GLIBC = ("2_28", "2_27", "2_17", "2_12", "2_5")
"""Wheels for these and older run on every Debian that is named here."""
MAINTAINER = os.environ.get("DEBFULLNAME", "stratumproxy contributors")
MAIL = os.environ.get("DEBEMAIL", "stratumproxy@users.noreply.github.com")

UNIT = {
    "Install it as /etc/systemd/system/stratumproxy.service, with the\n"
    "# configuration in /etc/stratumproxy/stratumproxy.toml; docs/operations.md has the steps.": (
        "Change it by `systemctl edit stratumproxy`; the\n"
        "# configuration is in /etc/stratumproxy/stratumproxy.toml."
    ),
    "/usr/local/bin/stratumproxy": "/usr/bin/stratumproxy",
    "Documentation=man:systemd.service(5)": "Documentation=man:stratumproxy(1)",
    "DynamicUser=yes\n": "User=stratumproxy\nGroup=stratumproxy\n",
}
"""The unit is the one of configs/, but for this: the package has a user, so that its configuration
is for nobody else to read and the ledger is one user's for good."""

CONFFILE = {
    "#:schema ./stratumproxy.schema.json\n\n": "",
    "#   stratumproxy check --config farm.toml\n#   stratumproxy run --config farm.toml\n": (
        "#   stratumproxy check --config /etc/stratumproxy/stratumproxy.toml\n"
        "#   systemctl enable --now stratumproxy\n"
    ),
    '# listen = ""                   # "127.0.0.1:8080": dashboard, API and /metrics\n': (
        'listen = "127.0.0.1:8080"       # dashboard, API and /metrics; "" for none\n'
    ),
    '# path = ""                     # "/var/lib/stratumproxy/ledger.sqlite3"\n': (
        'path = "/var/lib/stratumproxy/ledger.sqlite3"\n'
    ),
}
"""The configuration is farm.toml, but for this: there is a place for the ledger."""


def main() -> None:
    """Build the packages of the releases that are named, or of all."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("releases", nargs="*", choices=[*PYTHON_OF, []], metavar="RELEASE")
    parser.add_argument("--wheel", type=Path, help="instead of the one in dist/")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="a folder (%(default)s)")
    given = parser.parse_args()
    wheel = given.wheel or the_wheel()
    moment()
    (ROOT / "build").mkdir(exist_ok=True)
    given.into.mkdir(parents=True, exist_ok=True)
    for release in given.releases or PYTHON_OF:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            made = build(release, wheel, Path(folder), given.into)
        megabytes, seconds = made.stat().st_size / 1e6, time.monotonic() - began
        print(f"{made}: {megabytes:.1f} MB in {seconds:.0f} s")


def the_wheel() -> Path:
    """The one that `make wheel` left in dist/."""
    wheels = list((ROOT / "dist").glob("stratumproxy-*manylinux*.whl"))
    if len(wheels) != 1:
        sys.exit(f"deb/build.py: {len(wheels)} manylinux wheels in dist/; make wheel makes one")
    return wheels[0]


def build(release: str, wheel: Path, work: Path, into: Path) -> Path:
    """Build the package of one release; say where it is."""
    machine = re.findall(r"manylinux_\d+_\d+_(\w+)", wheel.stem)[0]
    python = PYTHON_OF[release]
    upstream = wheel.name.split("-")[1]
    version = f"{upstream}-1~deb{NUMBER_OF[release]}"
    tree = work / "tree"
    packaged = tree / "usr/lib/stratumproxy/packaged"
    site = packaged / f"lib/python{python}/site-packages"
    install(wheel, python, machine, site)
    environment(packaged, python)
    surroundings(tree, site, version)
    values = {
        "version": version,
        "folder": f"{upstream}-{digest(packaged)[:8]}",
        "python": f"python{python}",
        "architecture": DEBIAN_NAME_OF[machine],
        "maintainer": f"{MAINTAINER} <{MAIL}>",
        "size": str(sum(path.lstat().st_size for path in tree.rglob("*")) // 1024),
        "functions": (HERE / "functions.sh").read_text().rstrip(),
    }
    for name in ("control", "conffiles", "postinst", "prerm", "postrm"):
        mode = 0o755 if name in ("postinst", "prerm", "postrm") else 0o644
        write(tree / "DEBIAN" / name, filled((HERE / name).read_text(), values), mode)
    write(tree / "DEBIAN/md5sums", sums(tree))
    clean(tree)
    target = into / f"stratumproxy_{version}_{values['architecture']}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, target, stdout=subprocess.PIPE)
    return target


def install(wheel: Path, python: str, machine: str, site: Path) -> None:
    """The wheel and what it needs, as that Python on that machine has them."""
    of_glibc = [f"--platform=manylinux_{each}_{machine}" for each in GLIBC]
    platform = (
        *of_glibc,
        f"--platform=manylinux2014_{machine}",
        f"--python-version={python}",
        "--only-binary=:all:",
        "--no-deps",
    )
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    locked = ("--require-hashes", "--requirement", ROOT / "requirements.txt")
    wheels = ROOT / "build/wheels" / f"{python}-{machine}-{digest(ROOT / 'requirements.txt')[:8]}"
    if not wheels.exists():
        begun = wheels.with_suffix(".part")
        run(*pip, "download", f"--dest={begun}", *platform, *locked)
        begun.rename(wheels)
    offline = ("install", "--no-compile", "--no-index", f"--target={site}")
    run(*pip, *offline, f"--find-links={wheels}", *platform, *locked)
    shutil.rmtree(site / "bin")
    run(*pip, *offline, *platform, wheel)
    shutil.rmtree(site / "bin")
    for name in ("direct_url.json", "REQUESTED"):  # where it was built, and by what command
        for path in site.glob(f"*.dist-info/{name}"):
            path.unlink()


def environment(packaged: Path, python: str) -> None:
    """What makes a folder a virtual environment, wherever it is."""
    config = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    write(packaged / "pyvenv.cfg", config)
    (packaged / "bin").mkdir()
    (packaged / "bin/python").symlink_to(f"../../../../bin/python{python}")


def surroundings(tree: Path, site: Path, version: str) -> None:
    """All that is not in the version's folder."""
    configs = ROOT / "configs"
    write(tree / "usr/bin/stratumproxy", (HERE / "stratumproxy").read_text(), 0o755)
    units = tree / "usr/lib/systemd/system"
    unit = replaced((configs / "stratumproxy.service").read_text(), UNIT)
    write(units / "stratumproxy.service", unit)
    write(units / "stratumproxy.socket", (configs / "stratumproxy.socket").read_text())
    conffile = replaced((configs / "farm.toml").read_text(), CONFFILE)
    write(tree / "etc/stratumproxy/stratumproxy.toml", conffile, 0o640)
    share = tree / "usr/share"
    write(share / "lintian/overrides/stratumproxy", (HERE / "lintian-overrides").read_text())
    completions(share)
    run(*program(), "manual", share / "man", stdout=subprocess.PIPE)
    for page in sorted((share / "man").rglob("*.[15]")):
        compress(page)
    documentation = share / "doc/stratumproxy"
    shutil.copytree(configs, documentation / "examples")
    write(documentation / "copyright", licences(site))
    write(documentation / "changelog", (ROOT / "CHANGELOG.md").read_text())
    compress(documentation / "changelog")
    entry = f"""\
stratumproxy ({version}) unstable; urgency=medium

  * What changed is in changelog.gz.

 -- {MAINTAINER} <{MAIL}>  {formatdate(moment())}
"""
    write(documentation / "changelog.Debian", entry)
    compress(documentation / "changelog.Debian")


def program() -> tuple[str, ...]:
    """The command as the sources have it: its manual and completions are no machine's own."""
    return (sys.executable, "-m", "stratumproxy")


def completions(share: Path) -> None:
    """For three shells, where each of them looks."""
    for shell, path in {
        "bash": "bash-completion/completions/stratumproxy",
        "zsh": "zsh/vendor-completions/_stratumproxy",
        "fish": "fish/vendor_completions.d/stratumproxy.fish",
    }.items():
        done = run(*program(), "completion", shell, stdout=subprocess.PIPE)
        write(share / path, done.stdout.decode())


def licences(site: Path) -> str:
    """The project's licence, and that of everything that comes with it."""
    parts = ["stratumproxy\n============\n\n" + (ROOT / "LICENSE").read_text()]
    for info in sorted(site.glob("*.dist-info")):
        name = info.name.removesuffix(".dist-info").replace("-", " ")
        files = sorted(path for path in info.rglob("*") if is_licence(path))
        texts = [f"{path.name}:\n\n{licence(path.read_text())}" for path in files]
        if not name.startswith("stratumproxy "):
            parts.append(f"{name}\n{'=' * len(name)}\n\n" + "\n".join(texts or [terms(info)]))
    return "\n\n".join(parts)


def licence(text: str) -> str:
    """A text, but for the longest one, which each Debian has."""
    if "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" not in text:
        return text
    holders = [line.strip() for line in text.splitlines() if line.strip().startswith("Copyright ")]
    said = [line for line in holders if "[yyyy]" not in line and "{yyyy}" not in line]
    return "\n".join([*said, "Apache License 2.0: /usr/share/common-licenses/Apache-2.0"])


def is_licence(path: Path) -> bool:
    """Whether its name says that it is one, or what one asks to be kept with it."""
    return path.is_file() and path.name.upper().startswith(
        ("LICENSE", "LICENCE", "COPYING", "NOTICE")
    )


def terms(info: Path) -> str:
    """What a package's metadata says of its licence, where it brings no text."""
    lines = (info / "METADATA").read_text().partition("\n\n")[0].splitlines()
    return "\n".join(line for line in lines if "License" in line or line.startswith("Author"))


def digest(folder: Path) -> str:
    """Of a file, or of every name and every byte below a folder."""
    found = hashlib.sha256()
    for path in sorted([folder, *folder.rglob("*")]):
        if path.is_symlink():
            content = str(path.readlink()).encode()
        else:
            content = path.read_bytes() if path.is_file() else b""
        found.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def sums(tree: Path) -> str:
    """What `dpkg --verify` compares with."""
    files = [path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink()]
    return "".join(
        f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n"
        for path in files
        if tree / "DEBIAN" not in path.parents and tree / "etc" not in path.parents
    )


def clean(tree: Path) -> None:
    """One time and plain modes for all: two builds of the same are the same."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            if path.is_dir():
                path.chmod(0o755)
            elif "site-packages" in path.parts:
                path.chmod(0o644)
            else:
                path.chmod(mode & ~0o022)
        os.utime(path, (moment(), moment()), follow_symlinks=False)


def moment() -> int:
    """The time of the sources, in Unix seconds: SOURCE_DATE_EPOCH, or the last commit's."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        done = run("git", "-C", ROOT, "log", "-1", "--format=%ct", stdout=subprocess.PIPE)
        given = os.environ["SOURCE_DATE_EPOCH"] = done.stdout.decode().strip()
    return int(given)  # what is run from here has it in its environment, too


def replaced(text: str, words: dict[str, str]) -> str:
    """A file of configs/ as the package has it."""
    for old, new in words.items():
        if old not in text:
            sys.exit(f"deb/build.py: a file of configs/ has no {old!r} any more")
        text = text.replace(old, new)
    return text


def filled(text: str, values: dict[str, str]) -> str:
    """A template, with every @name@ replaced."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file, its folders too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def compress(path: Path) -> None:
    """With gzip, as Debian wants it: the best there is, and no time."""
    run("gzip", "-9", "--no-name", path)


def run(*command: str | Path, stdout: int | None = None) -> "subprocess.CompletedProcess[bytes]":
    """Run a command; what it fails with is shown, and fails this."""
    return subprocess.run(command, check=True, stdout=stdout)


if __name__ == "__main__":
    main()
