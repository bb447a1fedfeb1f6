"""configs/compose: what refers to what is there, and those whose files they are can read them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from stratumproxy.config import loads

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "configs" / "compose"


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


STACK = read("compose.yaml")
SERVICES: dict[str, Any] = STACK["services"]
GRAFANA = SERVICES["grafana"]


def mounted(service: str) -> dict[str, Path]:
    """What of this checkout a service sees, by where."""
    found = [volume.split(":")[:2] for volume in SERVICES[service]["volumes"]]
    return {there: FOLDER / here for here, there in found if here.startswith(".")}


def seen(service: str, path: str) -> Path:
    """What a service sees at a path."""
    [(there, here)] = [each for each in mounted(service).items() if path.startswith(each[0])]
    return here / path.removeprefix(there).lstrip("/")


def checked(program: str, *arguments: str | Path) -> str:
    ours = Path(sys.executable).parent  # what a package brings need not be on the PATH
    found = shutil.which(program, path=f"{ours}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{program} is not here")
    ran = subprocess.run(
        [found, *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_sees_what_is_there_and_may_do_nothing_else(name: str) -> None:
    service = SERVICES[name]
    assert all(path.exists() for path in mounted(name).values())
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    for volume in service["volumes"]:
        source, _, *mode = volume.split(":")
        assert mode == ["ro"] if source.startswith(".") else source in STACK["volumes"]
    for secret in service.get("secrets", []):
        assert secret in STACK["secrets"]


def test_nothing_but_the_port_for_miners_is_open_to_others() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["3333:3333"]


def test_the_proxys_configuration_is_good(tmp_path: Path) -> None:
    path = "/etc/stratumproxy/stratumproxy.toml"
    for name in SERVICES["stratumproxy"]["secrets"]:
        (tmp_path / name).write_text(f"open-sesame-open-sesame-{name}\n")
    text = seen("stratumproxy", path).read_text()
    config = loads(text.replace("/run/secrets/", f"{tmp_path}/"))
    assert path in (ROOT / "Containerfile").read_text()
    assert config.listen[0].address.endswith(":3333")
    assert config.ledger.path.startswith("/var/lib/stratumproxy/")
    [asked] = read("prometheus/prometheus.yml")["scrape_configs"]
    port = config.api.listen.rpartition(":")[2]
    assert asked["static_configs"] == [{"targets": [f"stratumproxy:{port}"]}]
    # What Prometheus has is a token that gives no orders, and the only one it has.
    [token] = config.api.token
    assert token.role == "read"
    [secret] = SERVICES["prometheus"]["secrets"]
    assert asked["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert token.file == f"{tmp_path}/{secret}"


def test_grafana_finds_its_source_and_its_dashboard() -> None:
    [source] = read("grafana/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in SERVICES
    [provider] = read("grafana/dashboards/stratumproxy.yml")["providers"]
    boards = list(seen("grafana", provider["options"]["path"]).glob("*.json"))
    home = GRAFANA["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert seen("grafana", home) in boards
    # What Grafana looks for below its folder of provisioning.
    assert mounted("grafana")["/etc/grafana/provisioning"] == FOLDER / "./grafana"


def test_compose_can_read_it() -> None:
    if shutil.which("docker-compose"):
        command = ["docker-compose"]
    elif shutil.which("docker") is None:
        pytest.skip("Docker is not here")
    elif (
        subprocess.run(
            ["docker", "compose", "version"], check=False, capture_output=True
        ).returncode
        == 0
    ):
        command = ["docker", "compose"]
    else:
        pytest.skip("Docker Compose is not here")
    told = json.loads(checked(*command, "config", "--format", "json"))
    assert set(told["services"]) == set(SERVICES)


def test_promtool_takes_what_prometheus_is_told(tmp_path: Path) -> None:
    """With the paths of this machine in the place of the container's."""
    text = (FOLDER / "prometheus" / "prometheus.yml").read_text()
    token = tmp_path / "token"
    token.write_text("open-sesame-open-sesame\n")
    for path in re.findall(r"/etc/stratumproxy/rules/\S+", text):
        text = text.replace(path, str(seen("prometheus", path).resolve()))
    told = tmp_path / "prometheus.yml"
    told.write_text(text.replace("/run/secrets/prometheus_token", str(token)))
    assert "1 rule files found" in checked("promtool", "check", "config", told)


@pytest.mark.parametrize("way", ["", "email", "webhook"])
def test_amtool_takes_what_alertmanager_is_told(way: str, tmp_path: Path) -> None:
    text = (FOLDER / "alertmanager" / "alertmanager.yml").read_text()
    if way:
        text, count = re.subn(
            rf"^    # ({way}_configs:\n(?:    #   .*\n)+)",
            lambda found: "    " + found[1].replace("    # ", "    "),
            text,
            flags=re.MULTILINE,
        )
        assert count == 1
    told = tmp_path / "alertmanager.yml"
    told.write_text(text)
    assert "2 receivers" in checked("amtool", "check-config", told)


def test_hadolint_has_nothing_to_say() -> None:
    checked("hadolint", ROOT / "Containerfile")
