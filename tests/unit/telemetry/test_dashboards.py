"""The alert rules and the dashboard that come with us: Debian's promtool judges what they ask."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.installation_server import REPOSITORY

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
DASHBOARD = json.loads((REPOSITORY / "deploy" / "grafana" / "teleconsult.json").read_text())
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0]["rules"]
NAME = re.compile(r"\b(?:teleconsult|process)_[a-z_]+\b")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def promtool(*arguments: str | Path, cwd: Path = PROMETHEUS) -> None:
    program = shutil.which("promtool") or pytest.skip("promtool (Debian: prometheus) is not installed")
    told = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def dashboard_queries() -> list[str]:
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def exposed_names() -> set[str]:
    sources = [*REPOSITORY.glob("*/metrics.py"), REPOSITORY / "teleconsult" / "state_metrics.py"]
    found = set(NAME.findall("\n".join(source.read_text() for source in sources)))
    relay = re.findall(r'gauge\("(\w+)"', (REPOSITORY / "signaling" / "metrics.py").read_text())
    gateway = NAME.findall((REPOSITORY / "teleconsult" / "gateway.py").read_text())
    return found | {f"teleconsult_relay_{name}" for name in relay} | set(gateway)


def test_prometheus_takes_our_configuration_and_alerts() -> None:
    promtool("check", "config", "prometheus.yml")


def test_the_alerts_ring_when_they_should_and_not_before() -> None:
    promtool("test", "rules", "alerts_test.yml")


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(dashboard_queries())]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", "queries.yml", cwd=tmp_path)


def test_what_is_asked_for_is_what_the_parts_expose() -> None:
    asked = {
        SUFFIX.sub("", name)
        for query in [*dashboard_queries(), *(rule["expr"] for rule in RULES)]
        for name in NAME.findall(query)
    }
    assert asked <= exposed_names()


def test_every_alert_speaks_chinese_too() -> None:
    assert all(re.search(r"/ .*[\u4e00-\u9fff]", rule["annotations"]["summary"]) for rule in RULES)
