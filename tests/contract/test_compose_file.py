"""docker-compose.yml against the Compose Specification, and against our own rules. No engine is needed."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMA = REPOSITORY / "tests" / "golden" / "compose-spec" / "compose-spec.json"
COMPOSE: Mapping[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"secrets"}
PARTS = {"app", "relay", "gateway", "orthanc", "postgres", "valkey", "objects", "coturn", "caddy"}


def violations(document: object) -> list[str]:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(document)]


def test_it_follows_the_compose_specification() -> None:
    assert violations(COMPOSE) == []


def test_the_schema_finds_a_misspelt_key() -> None:
    assert violations({**COMPOSE, "services": {"app": {"imagee": "x"}}})


def test_every_part_is_there_and_each_model_has_a_worker() -> None:
    models = {path.parent.parent.name for path in (REPOSITORY / "models").glob("*/configs/metadata.json")}
    workers = {
        service["command"][1] for service in SERVICES.values() if service.get("command", [""])[0] == "worker"
    }

    assert set(SERVICES) >= PARTS
    assert workers == models


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.match(r"\d+\.\d+", tag), SERVICES[name]["image"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_a_lasting_service_says_whether_it_is_well_and_comes_back(name: str) -> None:
    assert "healthcheck" in SERVICES[name]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_refers_to_exists(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (REPOSITORY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    for dependency, how in service.get("depends_on", {}).items():
        has_health = "healthcheck" in SERVICES[dependency]
        assert has_health or how["condition"] == "service_completed_successfully"


def test_only_proxy_and_gateway_are_published_and_stores_are_on_the_inner_network() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"caddy", "gateway"}
    assert COMPOSE["networks"]["inner"]["internal"] is True
    for name in ("postgres", "valkey", "orthanc", "objects"):
        assert SERVICES[name]["networks"] == ["inner"]


def test_the_app_reaches_the_relay_by_a_socket_and_no_port_of_the_broker_is_open() -> None:
    """From the host's network it cannot reach the inner one; by its orders people are shut out of a room."""
    script = (REPOSITORY / "deploy" / "container-start.sh").read_text()
    (socket,) = re.findall(r'"unix://(/[^?]+)\?password=\$\(secret redis_password\)"', script)
    folder = str(Path(socket).parent)
    mounts = {
        name: [volume.split(":")[0] for volume in SERVICES[name]["volumes"] if folder in volume.split(":")]
        for name in ("relay", "valkey")
    }

    assert mounts["relay"] == mounts["valkey"] != []
    assert f"--unixsocket {socket} " in SERVICES["valkey"]["command"][2]
    url = SERVICES["relay"]["environment"]["TELECONSULT_RELAY_URL"]
    assert SERVICES["app"]["environment"]["TELECONSULT_SIGNALING_URL"] == (
        f"${{TELECONSULT_SIGNALING_URL:-{url}}}"
    )


def test_two_relays_are_told_to_the_app_by_the_urls_and_ports_at_which_they_are() -> None:
    relays = [SERVICES["relay"], SERVICES["relay-2"]]
    urls = [one["environment"]["TELECONSULT_RELAY_URL"] for one in relays]
    ports = [one["environment"]["TELECONSULT_RELAY_PORT"] for one in relays]
    told = (REPOSITORY / "deploy" / "scaled.env").read_text()
    proxy = (REPOSITORY / "deploy" / "Caddyfile").read_text()

    assert f"TELECONSULT_SIGNALING_URL={' '.join(urls)}\n" in told
    for url, port in zip(urls, ports, strict=True):
        path = url.rpartition("/")[2]
        assert f"handle /{path}* {{\n\t\treverse_proxy host.docker.internal:{port}\n" in proxy
        assert f":{port}/health" in str(relays[ports.index(port)]["healthcheck"]["test"])


def test_no_secret_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY", key):
                assert key.endswith("_FILE"), f"{name}: {key}"
                assert str(value).startswith("/run/teleconsult-secrets/")


def test_secrets_are_random_made_once_and_fit_into_their_files(tmp_path: Path) -> None:
    script = REPOSITORY / "deploy" / "make-container-secrets.sh"
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        subprocess.run(["sh", script, folder], check=True)
        made.append({path.name: path.read_text() for path in folder.iterdir()})
    subprocess.run(["sh", script, tmp_path / "a"], check=True)

    first, second = made
    assert {path.name: path.read_text() for path in (tmp_path / "a").iterdir()} == first
    assert all(first[name] != second[name] for name in first)
    orthanc, s3 = json.loads(first["orthanc.json"]), json.loads(first["s3.json"])
    assert orthanc["RegisteredUsers"] == {"teleconsult": first["orthanc_password"]}
    assert orthanc["AuthenticationEnabled"] is True
    assert orthanc["DicomServerEnabled"] is False  # scanners reach our gateway
    assert s3["identities"][0]["credentials"][0]["secretKey"] == first["s3_secret_key"]
    assert min(len(value) for name, value in first.items() if "." not in name) >= 40


def test_turn_denies_every_internal_range() -> None:
    denied = (REPOSITORY / "deploy" / "turnserver.conf").read_text()
    for start in (
        "10.0.0.0",
        "172.16.0.0",
        "192.168.0.0",
        "127.0.0.0",
        "169.254.0.0",
        "100.64.0.0",
        "fc00::",
        "fe80::",
    ):
        assert f"denied-peer-ip={start}-" in denied


def test_the_shell_scripts_are_whole() -> None:
    for script in sorted((REPOSITORY / "deploy").glob("*.sh")):
        subprocess.run(["bash", "-n", script], check=True, env=os.environ)
